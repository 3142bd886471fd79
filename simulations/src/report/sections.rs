//! The parts of a report, each from the rows of the runs.

pub mod double;
pub mod events;
pub mod finality;
pub mod frauds;
pub mod runs;
pub mod sizes;
pub mod splits;
pub mod spread;
pub mod traffic;

use super::plot::{Point, thin};
use super::statistics::{Sample, real};
use crate::results::ActRow;

/// Points of a curve, at most: more cannot be told apart.
const POINTS_MAX: usize = 400;

/// From handing in to the decided block on the author's own node; only of what was decided.
pub(crate) fn finality_ms(act: &ActRow) -> Option<u64> {
    let decided = act.outcome.as_ref().and(act.final_ms)?;
    Some(decided.saturating_sub(act.handed_in_ms))
}

/// The cumulative distribution of a sample among `of` observations: it ends below 1 where some had none.
fn distribution(sample: &Sample, of: usize) -> Vec<Point> {
    let of = real(u64::try_from(of).unwrap_or(u64::MAX)).max(1.0);
    let ranks = (1_u64..).zip(sample.values());
    let points: Vec<Point> = ranks
        .map(|(rank, value)| Point::new(*value, real(rank) / of))
        .collect();
    thin(&points, POINTS_MAX)
}
