//! Whether this node may sign at all: armed with a guard it can trust, or observing.

use core::fmt;

use ledger::digest::ChainId;
use ledger::key::PublicKey;
use ledger::party::Height;
use ledger::quorum::{Quorum, Round, ValidatorSet};

use super::{Loaded, Mark, Permission, Refusal, Request, Stage, State};

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
        /// The newest height that the key is seen to have signed, and of which this guard knows nothing.
        signed_at: Option<Height>,
    },
}

/// A height that was decided, as a guard sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecidedHeight {
    /// Which.
    pub height: Height,
    /// The round of this key's precommit, where the quorum that this node holds has it.
    pub own: Option<Round>,
}

impl DecidedHeight {
    /// What `quorum` says about `key`.
    #[must_use]
    pub fn of(quorum: &Quorum, validators: &ValidatorSet, key: &PublicKey) -> Self {
        let own = validators.find(key).filter(|(index, _)| {
            let mut signers = quorum.signatures.iter();
            signers.any(|signature| signature.validator == *index)
        });
        Self {
            height: quorum.height,
            own: own.map(|_| quorum.round),
        }
    }

    /// Whether the key signed here what `state` does not know: then `state` is an old one.
    fn is_unknown_to(&self, state: &State) -> bool {
        let is_known = |round| {
            let newest = state.newest.filter(|_| state.height == self.height);
            newest.is_some_and(|newest| newest.place() >= (round, Stage::Precommit))
        };
        self.own.is_some_and(|round| !is_known(round))
    }
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
                signed_at: None,
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

    /// Nothing is signed until other nodes' tips are known.
    #[must_use]
    pub const fn until_heard(self) -> Self {
        match self {
            Self::Armed(base) => Self::Observing {
                reason: ObserveReason::Unheard,
                until: None,
                base,
                signed_at: None,
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
        let older = |base: State, highest: Height| Self::Observing {
            reason: ObserveReason::OlderThanPeers,
            until: Some(until(base.height, highest)),
            base,
            signed_at: None,
        };
        match *self {
            Self::Observing {
                reason: ObserveReason::Unheard,
                base,
                signed_at: Some(signed_at),
                ..
            } => {
                *self = older(base, peers_tip.max(signed_at)).with_signed(signed_at);
            }
            Self::Armed(base)
            | Self::Observing {
                reason: ObserveReason::Unheard,
                base,
                ..
            } => {
                *self = if base.height < peers_tip {
                    older(base, peers_tip)
                } else {
                    Self::Armed(base)
                };
            }
            Self::Observing { until: Some(_), .. } => {}
            Self::Observing {
                until: ref mut open,
                base,
                ..
            } => *open = Some(until(base.height, peers_tip)),
        }
    }

    fn with_signed(mut self, at: Height) -> Self {
        if let Self::Observing { signed_at, .. } = &mut self {
            *signed_at = Some(at);
        }
        self
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

    /// The standing once a height is decided. What it keeps is to be written before the block enters the store
    /// and the next height starts.
    ///
    /// A node that was down for a while has an old guard as well as one whose folder was put back from a copy,
    /// and the network may need its vote to go on. The blocks that it missed tell them apart: where its key
    /// signed nothing that its guard does not know, the guard follows them, and is armed when it has caught up.
    /// (A copy whose key stands in none of those quorums is taken for late; it is dishonest at one height.)
    #[must_use]
    pub fn committed(&self, decided: &DecidedHeight) -> Self {
        let height = decided.height;
        let Self::Observing {
            reason,
            until,
            base,
            signed_at,
        } = *self
        else {
            return self.kept().map_or(*self, |state| {
                Self::Armed(state.after(height).unwrap_or(state))
            });
        };
        let after = base.after(height).unwrap_or(base);
        if until.is_some_and(|until| height >= until) {
            return Self::Armed(after);
        }
        let is_old = self.kept().is_none() || signed_at.is_some();
        if is_old || decided.is_unknown_to(&base) {
            let newest = self
                .kept()
                .map(|_| height)
                .filter(|_| decided.own.is_some());
            return Self::Observing {
                reason,
                until: until.map(|until| until.max(beyond(newest.unwrap_or_default()))),
                base,
                signed_at: newest.or(signed_at),
            };
        }
        // It has all that the others said they have.
        if until.is_some_and(|until| after.height.next() >= until) {
            return Self::Armed(after);
        }
        Self::Observing {
            reason,
            until,
            base: after,
            signed_at,
        }
    }

    /// Whether this node may sign what its guard permits.
    #[must_use]
    pub const fn is_armed(&self) -> bool {
        matches!(self, Self::Armed(_))
    }

    /// What the guard's file holds, where it can be trusted as far as it goes.
    #[must_use]
    pub const fn kept(&self) -> Option<State> {
        match self {
            Self::Armed(state)
            | Self::Observing {
                reason: ObserveReason::Unheard | ObserveReason::OlderThanPeers,
                base: state,
                ..
            } => Some(*state),
            Self::Observing { .. } => None,
        }
    }
}

/// The height whose decision ends the observation: no height up to `begun` is undecided then, and two
/// beyond what others report, since they may have been one short of their own decision when asked.
fn until(begun: Height, peers_tip: Height) -> Height {
    begun.max(beyond(peers_tip))
}

fn beyond(height: Height) -> Height {
    height.next().next()
}
