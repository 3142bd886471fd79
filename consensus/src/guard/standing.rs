//! Whether this node may sign at all: armed with a guard it can trust, or observing.

use core::fmt;

use ledger::digest::ChainId;
use ledger::key::PublicKey;
use ledger::party::Height;

use super::{Loaded, Mark, Permission, Refusal, Request, State};

/// The newest own signature in Malachite's write-ahead log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogMark {
    /// The height the log is about.
    pub height: Height,
    /// The newest own signature in it, if any.
    pub newest: Option<Mark>,
}

/// What this node's own disk says besides the guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Local {
    /// Height of the newest block in the store.
    pub tip: Height,
    /// The write-ahead log, if it could be read.
    pub log: Option<LogMark>,
}

/// Why a node observes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObserveReason {
    /// Other nodes' tips are not known yet: this whole folder may be an old one.
    Unheard,
    /// There is no guard file.
    Missing,
    /// The data folder was made anew for a key that may have signed before.
    Blank,
    /// Both copies of the guard are damaged.
    Corrupt,
    /// The guard is of another chain or voting key.
    Foreign,
    /// The store already holds the height the guard is at: an older guard was put back.
    OlderThanStore,
    /// The write-ahead log holds newer signatures than the guard: an older guard was put back.
    OlderThanLog,
    /// Others are further than this node's guard can account for: the whole folder may be an old one.
    OlderThanPeers,
}

impl fmt::Display for ObserveReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unheard => "how far the other validators are is not known yet",
            Self::Missing => "the guard file is missing",
            Self::Blank => {
                "the data folder was made anew, what the key signed before is not known here"
            }
            Self::Corrupt => "the guard file is damaged",
            Self::Foreign => "the guard file belongs to another chain or voting key",
            Self::OlderThanStore => "the guard file is older than the store",
            Self::OlderThanLog => "the guard file is older than the write-ahead log",
            Self::OlderThanPeers => "the guard file is older than what other nodes hold",
        })
    }
}

/// What this node may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Sign what the guard permits.
    Armed(State),
    /// Sign nothing.
    Observing {
        /// Why.
        reason: ObserveReason,
        /// Arm once this height is decided; `None` until other nodes' tips are known.
        until: Option<Height>,
        /// What a later guard begins with: chain, key and a higher sequence.
        base: State,
    },
}

impl Standing {
    /// Judges the guard against this node's own disk.
    #[must_use]
    pub fn at_start(loaded: Loaded, chain: ChainId, key: &PublicKey, local: &Local) -> Self {
        let observe = |reason, base: State| {
            // Anything up to here may have been signed.
            let log = local.log.map_or(Height::ZERO, |log| log.height);
            let height = base.height.max(local.tip.next()).max(log);
            Self::Observing {
                reason,
                until: None,
                base: State { height, ..base },
            }
        };
        let unknown = State::new(chain, key);
        match loaded {
            Loaded::Missing => observe(ObserveReason::Missing, unknown),
            Loaded::Blank => observe(ObserveReason::Blank, unknown),
            Loaded::Corrupt => observe(ObserveReason::Corrupt, unknown),
            Loaded::Whole(state) if state.chain != chain || state.key != *key.as_bytes() => {
                observe(ObserveReason::Foreign, unknown)
            }
            // Each commit moves the guard to the next height before the store holds the block.
            Loaded::Whole(state) if state.height <= local.tip => {
                observe(ObserveReason::OlderThanStore, state)
            }
            Loaded::Whole(state) if local.log.is_some_and(|log| state.is_older_than(&log)) => {
                observe(ObserveReason::OlderThanLog, state)
            }
            Loaded::Whole(state) => Self::Armed(state),
        }
    }

    /// Nothing is signed until other nodes' tips are known. The guard stays as it is meanwhile, whatever
    /// is committed: it must not look newer than it was when it is held against those tips.
    #[must_use]
    pub const fn until_heard(self) -> Self {
        match self {
            Self::Armed(base) => Self::Observing {
                reason: ObserveReason::Unheard,
                until: None,
                base,
            },
            Self::Observing { .. } => self,
        }
    }

    /// Takes note of the height that other nodes have decided, as far as at least one honest node says
    /// so. To be called once, before the first signature after a start, and again while `until` is open.
    ///
    /// More than 2/3 signed at the height of the highest tip, so more than 2/3 hold a guard at or above it:
    /// a restart of all nodes together never makes observers of so many that the network halts.
    pub fn hear(&mut self, peers_tip: Height) {
        if let Self::Observing {
            reason: ObserveReason::Unheard,
            base,
            ..
        } = self
        {
            *self = Self::Armed(*base);
        }
        match self {
            Self::Armed(state) if state.height < peers_tip => {
                *self = Self::Observing {
                    reason: ObserveReason::OlderThanPeers,
                    until: Some(until(state.height, peers_tip)),
                    base: *state,
                };
            }
            Self::Armed(_) | Self::Observing { until: Some(_), .. } => {}
            Self::Observing {
                until: open, base, ..
            } => {
                *open = Some(until(base.height, peers_tip));
            }
        }
    }

    /// Judges a request.
    #[must_use]
    pub fn permit(&self, request: &Request) -> Permission {
        match self {
            Self::Armed(state) => state.permit(request),
            // Its lock rests on what it has cast, and nobody learns anything new from it.
            Self::Observing { base, .. } if base.cast.holds(request) => Permission::Again,
            Self::Observing { reason, .. } => Permission::Refuse(Refusal::Observing(*reason)),
        }
    }

    /// The guard to be written, before `height` enters the store and the next height starts.
    #[must_use]
    pub fn committed(&self, height: Height) -> Option<State> {
        match self {
            Self::Armed(state) => state.after(height),
            Self::Observing { until, base, .. } => {
                let is_over = until.is_some_and(|until| height >= until);
                let armed = base.after(height).filter(|_| is_over)?;
                Some(armed)
            }
        }
    }
}

/// The height whose decision ends the observation: no height up to `begun` is undecided then, and two
/// beyond what others report, since they may have been one short of their own decision when asked.
fn until(begun: Height, peers_tip: Height) -> Height {
    begun.max(peers_tip.next().next())
}
