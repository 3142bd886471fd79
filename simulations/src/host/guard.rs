//! The signer guard of a simulated node: the rules of `consensus::guard` over the simulated disk.

use std::sync::{Mutex, MutexGuard, PoisonError};

use consensus::guard::{DecidedHeight, LogMark, Permission, Refusal, Request, Standing};
use consensus::signing::Guard;
use consensus::validators::Address;
use consensus::wire::{ConsensusMessage, decode_consensus};
use ledger::party::Height;

use crate::disk::{Disk, LogEntry, PowerLost};

/// What stands between the voting key and its signatures.
#[derive(Debug)]
pub enum SimulatedGuard {
    /// The guard of the node.
    Kept(DiskGuard),
    /// None at all: broken on purpose, to see the checkers find it.
    Skipped,
}

/// The guard of the node, on its disk.
#[derive(Debug)]
pub struct DiskGuard {
    disk: Disk,
    /// Whoever holds the lock sees what the disk has, or that the power failed.
    standing: Mutex<Standing>,
}

impl DiskGuard {
    /// A guard in this standing, that signs nothing until other nodes' tips are known.
    #[must_use]
    pub const fn new(disk: Disk, standing: Standing) -> Self {
        Self {
            disk,
            standing: Mutex::new(standing.until_heard()),
        }
    }

    /// Takes up a standing, after what it keeps is on disk.
    fn take_up(&self, standing: &mut Standing, next: Standing) -> Result<(), PowerLost> {
        if let Some(state) = next.kept().filter(|state| standing.kept() != Some(*state)) {
            self.disk.write_guard(&state)?;
        }
        *standing = next;
        Ok(())
    }

    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Guard for DiskGuard {
    fn permit(&self, request: &Request) -> Result<(), Refusal> {
        let mut standing = self.standing();
        match standing.permit(request) {
            Permission::Sign(state) => {
                let next = Standing::Armed(state);
                let taken_up = self.take_up(&mut standing, next);
                taken_up.map_err(|PowerLost| Refusal::NotWritten)
            }
            Permission::Again => Ok(()),
            Permission::Refuse(refusal) => Err(refusal),
        }
    }
}

impl SimulatedGuard {
    /// Takes note of the height that other nodes have decided, before the first signature after a start.
    pub fn hear(&self, peers_tip: Height) {
        if let Self::Kept(guard) = self {
            guard.standing().hear(peers_tip);
        }
    }

    /// Whether the guard observes and does not know yet until when.
    #[must_use]
    pub fn waits_for_peers(&self) -> bool {
        let Self::Kept(guard) = self else {
            return false;
        };
        matches!(*guard.standing(), Standing::Observing { until: None, .. })
    }

    /// Whether the guard signs nothing, until others have decided a further height.
    #[must_use]
    pub fn is_observing(&self) -> bool {
        let Self::Kept(guard) = self else {
            return false;
        };
        !guard.standing().is_armed()
    }

    /// Moves the guard to the next height, before the block enters the store.
    ///
    /// # Errors
    /// [`PowerLost`].
    pub fn committed(&self, decided: &DecidedHeight) -> Result<(), PowerLost> {
        let Self::Kept(guard) = self else {
            return Ok(());
        };
        let mut standing = guard.standing();
        let next = standing.committed(decided);
        guard.take_up(&mut standing, next)
    }
}

impl Guard for SimulatedGuard {
    fn permit(&self, request: &Request) -> Result<(), Refusal> {
        match self {
            Self::Kept(guard) => guard.permit(request),
            Self::Skipped => Ok(()),
        }
    }
}

/// The newest own signature in the log.
#[must_use]
pub(super) fn log_mark(height: Height, entries: &[LogEntry], own: Address) -> LogMark {
    let request = |entry: &LogEntry| match entry {
        LogEntry::Consensus(bytes) => match decode_consensus(bytes).ok()? {
            ConsensusMessage::Vote(vote) if vote.message.voter == own => {
                Some(Request::from(&vote.message))
            }
            ConsensusMessage::Proposal(proposal) if proposal.message.proposer == own => {
                Some(Request::from(&proposal.message))
            }
            ConsensusMessage::Vote(_) | ConsensusMessage::Proposal(_) => None,
        },
        LogEntry::Timeout(_) | LogEntry::Proposed(_) | LogEntry::Polka(_) => None,
    };
    let own = entries
        .iter()
        .filter_map(request)
        .map(|request| request.mark);
    LogMark {
        height,
        newest: own.max_by_key(|mark| (mark.round, mark.stage)),
    }
}
