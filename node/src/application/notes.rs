//! The notes on blocks that no clock has judged, shared with the engine's check of proposals.

use std::sync::{Arc, Mutex, PoisonError};

use consensus::reproposal::Reproposals;
use consensus::signing::SharedReproposals;

/// Shared notes. The lock is held for one question at a time.
#[derive(Clone, Debug, Default)]
pub struct SharedNotes(Arc<Mutex<Reproposals>>);

impl SharedReproposals for SharedNotes {
    fn with<T>(&self, f: impl FnOnce(&mut Reproposals) -> T) -> T {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
