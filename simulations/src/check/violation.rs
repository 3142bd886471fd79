//! What the checkers find.

use consensus::guard::Stage;
use ledger::digest::RecordDigest;
use ledger::party::{Height, PartyCode, Role};
use ledger::quorum::{QuorumError, Round};
use ledger::reason::Reason;
use ledger::record::PermitKey;

use super::trade::Broken;
use crate::parties::NodeIndex;
use crate::trade::Expected;

/// Something that must never be false is false.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// Two blocks at one height.
    #[error("fork: {node} decided another block at height {height} than the others")]
    Fork {
        /// The height.
        height: Height,
        /// The node that decided otherwise.
        node: NodeIndex,
    },
    /// A node left out a height or went back.
    #[error("{node} committed height {height} after height {after}")]
    OutOfOrder {
        /// The node.
        node: NodeIndex,
        /// The height.
        height: Height,
        /// Its height before.
        after: Height,
    },
    /// A committed block has no valid quorum.
    #[error("{node} committed height {height} without a quorum: {error}")]
    NoQuorum {
        /// The node.
        node: NodeIndex,
        /// The height.
        height: Height,
        /// What is wrong.
        error: QuorumError,
    },
    /// A quorum for another block.
    #[error("{node} committed height {height} with the quorum of another block")]
    OtherQuorum {
        /// The node.
        node: NodeIndex,
        /// The height.
        height: Height,
    },
    /// A decided block cannot be executed, or gives something else.
    #[error("the block of height {height} is not what it says: {why}")]
    NotAsSaid {
        /// The height.
        height: Height,
        /// What is wrong.
        why: String,
    },
    /// A node gave other receipts.
    #[error("{node} gave other receipts at height {height}")]
    OtherReceipts {
        /// The node.
        node: NodeIndex,
        /// The height.
        height: Height,
    },
    /// A node's store differs.
    #[error("the store of {node} differs at height {height}")]
    OtherState {
        /// The node.
        node: NodeIndex,
        /// The height.
        height: Height,
    },
    /// A record stands twice in the log.
    #[error("record {0} was logged twice")]
    Twice(RecordDigest),
    /// A permit was spent twice.
    #[error("permit {} of {} was spent twice", .0.number, .0.issuer)]
    SpentTwice(PermitKey),
    /// Somebody acted who may not.
    #[error("{author} was allowed to {deed} permit {} of {}", permit.number, permit.issuer)]
    WrongParty {
        /// Who.
        author: PartyCode,
        /// What.
        deed: &'static str,
        /// The permit.
        permit: PermitKey,
    },
    /// An act that breaks another rule of trade was accepted.
    #[error("{author}: {deed} of permit {} of {} was accepted {rule}", permit.number, permit.issuer)]
    Rule {
        /// Who.
        author: PartyCode,
        /// What.
        deed: &'static str,
        /// The permit, or what stands for the registers of its author.
        permit: PermitKey,
        /// The rule.
        rule: Broken,
    },
    /// An act that breaks no rule of trade was refused.
    #[error("record {0} was refused, and breaks no rule of trade")]
    WronglyRefused(RecordDigest),
    /// More than there was.
    #[error("more of permit {} of {} was accepted than was authorised or had left", .0.number, .0.issuer)]
    TooMuch(PermitKey),
    /// What a node proves or answers about a permit is not what the applied records say.
    #[error("permit {} of {}, asked by {role} of {party} at height {height}: {why}", permit.number, permit.issuer)]
    DishonestVerdict {
        /// The permit.
        permit: PermitKey,
        /// The Party of the officer who asked.
        party: PartyCode,
        /// The officer's role.
        role: Role,
        /// Height of the node that was asked.
        height: Height,
        /// What is wrong.
        why: String,
    },
    /// A voting key signed two different things in one place.
    #[error("{node} signed two different {stage}s at height {height}, round {round}")]
    Contradiction {
        /// The node.
        node: NodeIndex,
        /// Height.
        height: Height,
        /// Round.
        round: Round,
        /// Stage.
        stage: Stage,
    },
    /// Malachite holds evidence against a validator, and none here is dishonest.
    #[error("evidence against the validator of {0}, and none here is dishonest")]
    Evidence(NodeIndex),
    /// A record that a node called durable is neither kept nor decided.
    #[error("{node} lost record {record}, which it had acknowledged")]
    Forgotten {
        /// The node.
        node: NodeIndex,
        /// The record.
        record: RecordDigest,
    },
    /// An act had another outcome than its story has.
    #[error("record {record} should be {expected:?} and is {found:?}")]
    OtherOutcome {
        /// The record.
        record: RecordDigest,
        /// What must become of it.
        expected: Expected,
        /// What became of it.
        found: Option<Reason>,
    },
    /// A race was won by nobody or by several.
    #[error("{winners} acts of the race for permit {} of {} were applied", permit.number, permit.issuer)]
    Race {
        /// The permit.
        permit: PermitKey,
        /// Acts applied.
        winners: usize,
    },
    /// An honest record was turned away.
    #[error("{node} turned away record {record}: {why}")]
    TurnedAway {
        /// The node.
        node: NodeIndex,
        /// The record.
        record: RecordDigest,
        /// Why.
        why: String,
    },
    /// A node stopped by itself.
    #[error("{node} stopped: {why}")]
    Stopped {
        /// The node.
        node: NodeIndex,
        /// Why.
        why: String,
    },
    /// Something of an honest node was refused as if it were not.
    #[error("{node} refused what an honest node sent: {what}")]
    Refused {
        /// Who refused.
        node: NodeIndex,
        /// What.
        what: String,
    },
    /// Progress did not return.
    #[error("no progress: {0}")]
    NoProgress(String),
}
