//! Bugs planted on purpose, one at a time, to see that the checkers find them: a checker that cannot fail checks
//! nothing.
//!
//! Each is one line in the place where such a bug would be made. Those of the simulated node are always there and
//! off; those in the rules exist only where the ledger was built with its feature `planted`, as the tests do.

use std::fmt;

use clap::ValueEnum;

/// A planted bug.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Bug {
    /// None.
    #[default]
    None,
    // Of a node.
    /// A node that crashes comes back without log, undecided blocks and guard, and signs all the same.
    Amnesia,
    /// The signer guard permits everything, and the log is not synced before a vote leaves.
    GuardOff,
    /// Consensus decides with more than half of the votes.
    WeakQuorum,
    /// One node's stored state is changed behind its back.
    AlteredState,
    /// A record is called durable before it is synced.
    AcknowledgedEarly,
    /// The block of a batch reaches the disk, its changes do not, where the power fails between them.
    TornBatch,
    /// A block is voted for before it is stored.
    BlockNotStored,
    /// The application's verdict about a block is ignored.
    VerdictIgnored,
    /// A node answers for blocks of others but never asks for those it lacks.
    NeverCatchesUp,
    /// Own records are never offered to others.
    NeverOffered,
    /// An idle network decides nothing, whatever the heartbeat says.
    NoHeartbeat,
    /// Receipts are handed on in another order than that of the block.
    ReceiptsSwapped,
    /// A message that does not read back stops the node.
    StopsOnGarbage,
    /// Timeouts are never set.
    NoTimeouts,
    // Of the rules.
    /// Two thirds of the power make a quorum, not more than two thirds.
    TwoThirds,
    /// Rules ask the node's own clock instead of the block's time.
    LocalClock,
    /// A record that is logged may be logged again.
    LoggedAgain,
    /// A permit that was used may be used again.
    UsedAgain,
    /// Any Party may accept, endorse and cancel.
    AnyParty,
    /// A cancelled permit may be used.
    CancelledUsed,
    /// A replaced permit may be used.
    ReplacedUsed,
    /// More may be endorsed than was authorised, and more imported than was endorsed.
    OverQuantity,
    /// An import needs no endorsement.
    NotEndorsed,
    /// A number may be issued twice.
    DuplicateNumber,
    /// An export may be endorsed twice.
    EndorsedAgain,
    /// Any office may state anything.
    AnyRole,
    /// A permit that was never issued may be used.
    NeverIssued,
}

/// While it lives, the rules of this thread have their planted bug.
#[derive(Debug)]
#[must_use = "the bug is taken out where this is dropped"]
pub struct Planted;

impl Bug {
    /// Plants the bug in the rules, for runs of this thread, where it is one of theirs.
    ///
    /// # Errors
    /// Where the rules were built without planted bugs.
    pub fn plant(self) -> Result<Planted, NotBuilt> {
        match self.in_rules() {
            None => Ok(Planted),
            Some(bug) => bug.plant(self),
        }
    }

    /// The row of the ledger's own tables, or the place in its rules, that is broken.
    const fn in_rules(self) -> Option<InRules> {
        use ledger::reason::Reason;
        Some(match self {
            Self::None
            | Self::Amnesia
            | Self::GuardOff
            | Self::WeakQuorum
            | Self::AlteredState
            | Self::AcknowledgedEarly
            | Self::TornBatch
            | Self::BlockNotStored
            | Self::VerdictIgnored
            | Self::NeverCatchesUp
            | Self::NeverOffered
            | Self::NoHeartbeat
            | Self::ReceiptsSwapped
            | Self::StopsOnGarbage
            | Self::NoTimeouts => return None,
            Self::TwoThirds => InRules(ledger::planted::Planted::TwoThirds),
            Self::LocalClock => InRules(ledger::planted::Planted::LocalClock(0)),
            Self::LoggedAgain => InRules(ledger::planted::Planted::LoggedAgain),
            Self::UsedAgain => skips(Reason::Used),
            Self::AnyParty => skips(Reason::WrongParty),
            Self::CancelledUsed => skips(Reason::Cancelled),
            Self::ReplacedUsed => skips(Reason::Replaced),
            Self::OverQuantity => skips(Reason::OverQuantity),
            Self::NotEndorsed => skips(Reason::NotEndorsed),
            Self::DuplicateNumber => skips(Reason::DuplicateNumber),
            Self::EndorsedAgain => skips(Reason::AlreadyEndorsed),
            Self::AnyRole => skips(Reason::Role),
            Self::NeverIssued => skips(Reason::NotIssued),
        })
    }

    /// Every bug.
    pub fn all() -> impl Iterator<Item = Self> {
        let all = Self::value_variants().iter().copied();
        all.filter(|bug| *bug != Self::None)
    }

    /// The word of the command line.
    #[must_use]
    pub fn as_str(self) -> String {
        self.to_possible_value()
            .map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// Before a node handles something: where rules ask a clock, it is this node's.
    pub fn tell_time(self, reads_ms: u64) {
        #[cfg(feature = "planted")]
        if self == Self::LocalClock {
            ledger::planted::plant(Some(ledger::planted::Planted::LocalClock(reads_ms)));
        }
        // Without planted bugs no rule asks.
        let _ = reads_ms;
    }
}

/// A bug in the rules.
#[derive(Clone, Copy, Debug)]
struct InRules(ledger::planted::Planted);

const fn skips(reason: ledger::reason::Reason) -> InRules {
    InRules(ledger::planted::Planted::Skips(reason))
}

impl InRules {
    #[cfg(feature = "planted")]
    #[expect(
        clippy::unnecessary_wraps,
        reason = "without the feature it is an error"
    )]
    fn plant(self, _: Bug) -> Result<Planted, NotBuilt> {
        ledger::planted::plant(Some(self.0));
        Ok(Planted)
    }

    #[cfg(not(feature = "planted"))]
    fn plant(self, bug: Bug) -> Result<Planted, NotBuilt> {
        let _ = self.0;
        Err(NotBuilt(bug))
    }
}

impl Drop for Planted {
    fn drop(&mut self) {
        #[cfg(feature = "planted")]
        ledger::planted::plant(None);
    }
}

/// The rules of this program have no planted bugs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "bug `{0}` is in the rules, and this program was built without it: build with `--features planted`"
)]
pub struct NotBuilt(Bug);

impl fmt::Display for Bug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bug_has_a_word_of_its_own() {
        let words: std::collections::BTreeSet<_> = Bug::all().map(Bug::as_str).collect();
        assert_eq!(words.len(), Bug::all().count());
        assert!(words.contains("used-again"), "{words:?}");
    }
}
