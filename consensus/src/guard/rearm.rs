//! When an operator may arm a guard by hand: only where this disk shows all that the key has signed.
//!
//! A node that observes arms itself once others have decided. It cannot where so many observe that nobody
//! decides; then an operator re-arms some of them. That must not let a key sign twice, so it rests on the
//! engine's log: it begins anew with each height, before anything is signed there, and holds each own vote
//! before it is sent (those of a replay follow from it: the next replay derives them again). A log of the undecided height or of the one before, whole and this node's own, shows
//! all that was signed at the undecided height.
//!
//! What cannot be seen here, and the operator has to state: that store and log are this node's own, never
//! restored from a copy nor rebuilt, and that no other machine has the key.

use ledger::digest::ChainId;
use ledger::key::PublicKey;
use ledger::party::Height;

use super::{Loaded, Local, LogMark, Mark, Standing, State};

/// The engine's log, as far as it can be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFound {
    /// There is none.
    Missing,
    /// It, or an earlier one that was set aside, is damaged or cut off.
    Damaged,
    /// It can be read to its end.
    Whole(LogMark),
}

impl LogFound {
    /// The log, where it is whole.
    #[must_use]
    pub const fn whole(self) -> Option<LogMark> {
        match self {
            Self::Whole(mark) => Some(mark),
            Self::Missing | Self::Damaged => None,
        }
    }
}

/// Why a guard is not armed by hand. In order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsafe {
    /// The folder is another node's.
    #[error("the guard file belongs to another chain or voting key")]
    Foreign,
    /// The folder was made after the old one was lost.
    #[error("this data folder was made anew, so nobody knows here what the key has signed")]
    Blank,
    /// Nothing is wrong with the guard.
    #[error("the guard is whole, at height {0}")]
    NotNeeded(Height),
    /// The height is decided here.
    #[error("height {asked} is decided: the newest block here is {tip}")]
    Decided {
        /// The height that the operator named.
        asked: Height,
        /// The newest block of the store.
        tip: Height,
    },
    /// Others have blocks that this node does not have, or its store lost some.
    #[error("height {asked} does not follow the newest block here, {tip}")]
    Behind {
        /// The height that the operator named.
        asked: Height,
        /// The newest block of the store.
        tip: Height,
    },
    /// What was signed cannot be known.
    #[error("the log of consensus is missing")]
    LogMissing,
    /// What was signed cannot be known.
    #[error("the log of consensus is damaged, or one that was damaged has been set aside")]
    LogDamaged,
    /// A log is never more than one height behind the store, nor ahead of the undecided height.
    #[error("the log of consensus is about height {0}, it does not belong to this store")]
    LogElsewhere(Height),
}

/// The guard with which the key may sign at `undecided`, the height that nobody has decided: it keeps the
/// newest signature that guard file or log know of.
///
/// # Errors
/// [`Unsafe`]: something may have been signed that this disk does not show, or there is no need.
pub fn rearmed(
    loaded: Loaded,
    chain: ChainId,
    key: &PublicKey,
    (tip, log): (Height, LogFound),
    undecided: Height,
) -> Result<State, Unsafe> {
    let known = match loaded {
        Loaded::Whole(state) if state.chain != chain || state.key != *key.as_bytes() => {
            return Err(Unsafe::Foreign);
        }
        Loaded::Blank => return Err(Unsafe::Blank),
        Loaded::Whole(state) => state,
        Loaded::Missing | Loaded::Corrupt => State::new(chain, key),
    };
    let log_mark = log.whole();
    let local = Local { tip, log: log_mark };
    if let Standing::Armed(state) = Standing::at_start(loaded, chain, key, &local) {
        return Err(Unsafe::NotNeeded(state.height));
    }
    let asked = undecided;
    if asked <= tip {
        return Err(Unsafe::Decided { asked, tip });
    }
    if asked > tip.next() {
        return Err(Unsafe::Behind { asked, tip });
    }
    let mark = match log {
        LogFound::Missing => return Err(Unsafe::LogMissing),
        LogFound::Damaged => return Err(Unsafe::LogDamaged),
        LogFound::Whole(mark) if mark.height != tip && mark.height != asked => {
            return Err(Unsafe::LogElsewhere(mark.height));
        }
        LogFound::Whole(mark) => mark,
    };
    let in_guard = known.newest.filter(|_| known.height == asked);
    let in_log = mark.newest.filter(|_| mark.height == asked);
    Ok(State {
        sequence: known.sequence.saturating_add(1),
        height: asked,
        newest: in_guard.into_iter().chain(in_log).max_by_key(Mark::place),
        ..known
    })
}
