//! Bugs that tests plant in the rules, one at a time and for one thread, to see that checkers find them.
//!
//! Without the feature `planted`, which no program asks for, every question here is answered `false` at compile
//! time. It is the only state in this crate, and no rule depends on it.

#[cfg(feature = "planted")]
extern crate std;

use crate::reason::Reason;

/// A bug in the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planted {
    /// The rows with this answer are left out of every table.
    Skips(Reason),
    /// A set of validators decides with two thirds of its power instead of more.
    TwoThirds,
    /// Rules ask this clock, in milliseconds, instead of the block's time.
    LocalClock(u64),
    /// A record that is logged already may be logged again.
    LoggedAgain,
}

#[cfg(feature = "planted")]
std::thread_local! {
    static PLANTED: core::cell::Cell<Option<Planted>> = const { core::cell::Cell::new(None) };
}

/// Plants a bug in the rules of this thread, or takes it out.
#[cfg(feature = "planted")]
pub fn plant(bug: Option<Planted>) {
    PLANTED.with(|planted| planted.set(bug));
}

/// The bug that is planted.
#[cfg(feature = "planted")]
fn planted() -> Option<Planted> {
    PLANTED.with(core::cell::Cell::get)
}

/// The bug that is planted: none.
#[cfg(not(feature = "planted"))]
const fn planted() -> Option<Planted> {
    None
}

/// Whether rows with this answer are left out.
pub(crate) fn skips(reason: Reason) -> bool {
    planted() == Some(Planted::Skips(reason))
}

/// By how much less than more than two thirds a quorum may be: 1 where exactly two thirds are enough.
pub(crate) fn spared() -> u128 {
    u128::from(planted() == Some(Planted::TwoThirds))
}

/// The clock that rules ask instead of the block's time.
pub(crate) fn local_clock() -> Option<u64> {
    match planted() {
        Some(Planted::LocalClock(ms)) => Some(ms),
        Some(Planted::Skips(_) | Planted::TwoThirds | Planted::LoggedAgain) | None => None,
    }
}

/// Whether a record may be logged twice.
pub(crate) fn logged_again() -> bool {
    planted() == Some(Planted::LoggedAgain)
}
