//! Networks of real nodes: the main job, and what it must withstand. One binary, one network at a time.

#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "network/attacks.rs"]
mod attacks;
#[path = "network/outages.rs"]
mod outages;
#[path = "network/permits.rs"]
mod permits;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// A network of four has a machine of two cores to itself. One test that failed leaves the next its turn.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}
