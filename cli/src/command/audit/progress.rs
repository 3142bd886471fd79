//! How far a long check is, on the terminal.

use std::io::{self, IsTerminal as _};
use std::time::{Duration, Instant};

use crate::desk::Desk;
use crate::print::talk;

/// Between two lines.
const PAUSE: Duration = Duration::from_millis(200);

/// One line that is written over and over. Stopped by Ctrl-C, the last one stays and says how far it came.
#[derive(Debug)]
pub(super) struct Progress {
    begun: Instant,
    told: Option<Instant>,
    is_shown: bool,
    last: u64,
}

impl Progress {
    /// Towards `last`; silent where stderr is no terminal.
    pub(super) fn new(desk: &Desk, last: u64) -> Self {
        Self {
            begun: Instant::now(),
            told: None,
            is_shown: io::stderr().is_terminal() && !desk.flags.quiet,
            last,
        }
    }

    /// Tells that `height` is checked, with so many records.
    pub(super) fn tell(&mut self, height: u64, records: u64) {
        if !self.is_shown || self.told.is_some_and(|told| told.elapsed() < PAUSE) {
            return;
        }
        self.told = Some(Instant::now());
        talk(&format!(
            "\r{:<78}",
            line(self.begun.elapsed(), height, self.last, records)
        ));
    }

    /// Leaves an empty line.
    pub(super) fn clear(&self) {
        if self.told.is_some() {
            talk(&format!("\r{:<78}\r", ""));
        }
    }

    /// Since the beginning.
    pub(super) fn took(&self) -> Duration {
        self.begun.elapsed()
    }
}

/// Things in a second.
pub(super) fn rate(count: u64, time: Duration) -> u64 {
    let each = u128::from(count).saturating_mul(1000);
    let rate = each.checked_div(time.as_millis().max(1));
    rate.and_then(|rate| u64::try_from(rate).ok())
        .unwrap_or_default()
}

fn line(time: Duration, height: u64, last: u64, records: u64) -> String {
    let percent = u128::from(height).saturating_mul(100);
    let percent = percent.checked_div(u128::from(last)).unwrap_or(100);
    let to_do = u128::from(last.saturating_sub(height));
    let left = time.as_millis().saturating_mul(to_do);
    let left = left.checked_div(u128::from(height)).unwrap_or_default() / 1000;
    let rate = rate(records, time);
    format!("checked to height {height} of {last}, {percent} %, {rate} records/s, {left} s left")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_follows_from_the_heights_done() {
        let told = line(Duration::from_secs(10), 25, 100, 5000);
        assert_eq!(
            told,
            "checked to height 25 of 100, 25 %, 500 records/s, 30 s left"
        );
        assert!(line(Duration::ZERO, 0, 0, 0).contains("100 %, 0 records/s, 0 s left"));
    }
}
