//! Counters of what really happened: a campaign in which one of them stays at zero has tested less than it says.

use std::collections::BTreeMap;

/// Counters by name, such as `fault.crash` or `refused.USED`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters(BTreeMap<String, u64>);

impl Counters {
    /// Counts one more.
    pub fn count(&mut self, group: &str, name: &str) {
        self.add(group, name, 1);
    }

    /// Counts so many more.
    pub fn add(&mut self, group: &str, name: &str, more: u64) {
        let counter = self.0.entry(format!("{group}.{name}")).or_default();
        *counter = counter.saturating_add(more);
    }

    /// Adds what another run counted.
    pub fn merge(&mut self, other: &BTreeMap<String, u64>) {
        for (name, more) in other {
            let counter = self.0.entry(name.clone()).or_default();
            *counter = counter.saturating_add(*more);
        }
    }

    /// A counter; 0 where nothing was counted.
    #[must_use]
    pub fn get(&self, name: &str) -> u64 {
        self.0.get(name).copied().unwrap_or(0)
    }

    /// All, by name.
    #[must_use]
    pub const fn all(&self) -> &BTreeMap<String, u64> {
        &self.0
    }
}
