//! The workload: permits issued, endorsed, seen and imported, and all that must be refused.
//!
//! Every act waits for the one before it in its story (`after`), so its outcome is known before the run, whatever
//! is late or lost; only a race is open, and of a race exactly one act is applied.

mod author;
mod cast;
mod cheat;
mod deed;
mod form;
mod fraud;
mod life;
mod market;
mod paper;
mod story;
mod table;
mod teller;
mod year;

use std::collections::BTreeMap;

use ledger::digest::RecordDigest;
use ledger::reason::Reason;
use ledger::record::PermitKey;

pub use fraud::Fraud;

use author::Author;
use cast::Cast;
use market::Market;
use story::{STORIES, Story};
use table::Table;
use teller::Telling;

use crate::moment::Moment;
use crate::parties::{NodeIndex, Parties, SetUpError};
use crate::random::{Purpose, Random};
use crate::scenario::{Scenario, SpanMs};

/// Stories of one run that fill registers: their lists are short, and full ones refuse.
const REGISTERS_MAX: u32 = 200;
/// From noon to noon UTC one date is the newest that has begun everywhere.
const DAY_MS: u64 = 24 * 60 * 60 * 1000;
/// A story that suspends trade from such a date begins in the first half of that time, so that half a day of
/// delay changes nothing; and not at once, since the clock of a block may be a little behind.
const MARGIN_MS: u64 = 20_000;
/// Days before New Year in which no quota of the year is stated: it might be logged in the next.
const YEAR_END_DAYS: i32 = 7;

/// What must become of an act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Applied.
    Applied,
    /// Logged with this reason.
    Refused(Reason),
    /// Of all such acts on one permit one is applied, and each other refused with this reason.
    Race(Reason),
}

/// One act of one office.
#[derive(Clone, Debug)]
pub struct Act {
    /// When it is handed in first.
    pub at: Moment,
    /// The node of its own Party, where it is handed in.
    pub node: NodeIndex,
    /// The permit it is about, or what stands for the registers of its Party.
    pub permit: PermitKey,
    /// Its record.
    pub record: RecordDigest,
    /// The signed record's bytes.
    pub bytes: Vec<u8>,
    /// What must become of it.
    pub expected: Expected,
    /// Number of the permit within the run.
    pub number: u64,
    /// What is stated.
    pub deed: &'static str,
    /// The fraud that it is; absent on the honest acts around it.
    pub fraud: Option<Fraud>,
}

/// Draws the workload of a run, in the order of time.
///
/// # Errors
/// [`SetUpError`] where a record is not well formed: our own mistake.
pub fn acts(scenario: &Scenario, parties: &Parties, seed: u64) -> Result<Vec<Act>, SetUpError> {
    let mut author = Author::new(scenario, parties);
    let mut random = Random::new(seed, Purpose::Trade);
    tell_stories(&mut author, &mut random)?;
    let table = Table::included()?;
    let market = Market::new(&mut random, &table, parties.seats());
    let year = (&table, &market);
    let permits = year::tell(&mut author, &mut random, year)?;
    // A stream of its own: the honest acts are the same whoever cheats beside them.
    cheat::tell(
        &mut author,
        &mut Random::new(seed, Purpose::Fraud),
        year,
        &permits,
    )?;
    let mut acts = author.into_acts();
    acts.sort_by_key(|act| act.at);
    let mut numbers = BTreeMap::new();
    for act in &mut acts {
        let next = u64::try_from(numbers.len()).unwrap_or(u64::MAX);
        act.number = *numbers.entry(act.permit).or_insert(next);
    }
    Ok(acts)
}

/// Tells the fixed stories in turn, without those for which this world has no Parties.
fn tell_stories(author: &mut Author<'_>, random: &mut Random) -> Result<(), SetUpError> {
    let (scenario, seats) = (author.scenario, author.parties.seats());
    let mut any = random.clone();
    let mut can_be_told = |story: &&Story| Cast::draw(&mut any, seats, story.0).is_some();
    let told: Vec<&Story> = STORIES.iter().filter(&mut can_be_told).collect();
    let (mut number, mut registers) = (0_u32, 0_u32);
    for story in told.into_iter().cycle() {
        if number >= scenario.trade.stories {
            break;
        }
        let mut at = Moment(random.within(SpanMs([0, scenario.trade.within_ms])));
        if story.suspends() {
            at = soon_after_noon(at);
        }
        let today = author.date(at);
        let is_late = story.states_quota() && today.plus_days(YEAR_END_DAYS).year() != today.year();
        let is_full = story.fills_registers() && registers >= REGISTERS_MAX;
        if is_late || is_full {
            continue;
        }
        let Some(cast) = Cast::draw(random, seats, story.0) else {
            continue;
        };
        registers = registers.saturating_add(story.fills_registers().into());
        let name = format!("SIM{number:06}/");
        Telling::new(author, random, (cast, name, at)).tell(story)?;
        number = number.saturating_add(1);
    }
    Ok(())
}

/// The run begins at noon.
fn soon_after_noon(at: Moment) -> Moment {
    let since_noon = at.as_ms().checked_rem(DAY_MS).unwrap_or(0);
    let too_late = since_noon > DAY_MS / 2;
    let noon_ms = at.as_ms().saturating_sub(since_noon);
    let moved = if too_late {
        since_noon.saturating_sub(DAY_MS / 2)
    } else {
        since_noon
    };
    Moment::from_ms(noon_ms.saturating_add(moved).saturating_add(MARGIN_MS))
}

#[cfg(test)]
mod tests;
