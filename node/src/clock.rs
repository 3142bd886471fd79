//! This machine's clock. No rule reads it: whatever is decided is judged by the time of its block.

use std::time::{SystemTime, UNIX_EPOCH};

use ledger::time::Timestamp;

/// What this machine's clock says; 0 where it stands before 1970.
#[must_use]
pub fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::now;

    #[test]
    fn the_clock_counts_milliseconds_since_1970() {
        let before = std::time::SystemTime::now();
        let now = now();
        let after = std::time::SystemTime::now();
        let at = std::time::UNIX_EPOCH + std::time::Duration::from_millis(now.0);
        // Milliseconds are cut off.
        assert!(at <= after && at + std::time::Duration::from_millis(1) > before);
    }
}
