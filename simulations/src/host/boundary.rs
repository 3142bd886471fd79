//! What reaches a node, and what it does to the world.

use std::time::Duration;

use consensus::guard::Request;
use ledger::block::Block;
use ledger::digest::RecordDigest;
use ledger::party::Height;
use ledger::quorum::Quorum;
use ledger::state::Receipt;
use ledger::state::admission::Inadmissible;
use malachitebft_core_types::Timeout;

use crate::packet::Packet;
use crate::parties::NodeIndex;

/// What reaches a node.
#[derive(Clone, Debug)]
pub enum Stimulus {
    /// The process starts.
    Start,
    /// A message of another node.
    Message(NodeIndex, Packet),
    /// An alarm it set itself.
    Alarm(Alarm),
    /// A signed record, handed in by its own Party.
    Submission(Vec<u8>),
    /// The line to another node has come up.
    Connected(NodeIndex),
}

/// What a node wants to be woken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alarm {
    /// Begin, whether or not all peers have said how far they are.
    Begin,
    /// A timeout of Malachite's; void where it was cancelled or set again.
    Timeout(Timeout, u64),
    /// Say how far we are.
    Status,
    /// Offer own records again.
    Offer,
    /// Sync the outbox, for all records that came in since.
    Outbox,
    /// Decide a block although nothing waits.
    Heartbeat(Height),
}

/// What a node does to the world.
#[derive(Debug)]
pub enum Output {
    /// Sends a message.
    Send(NodeIndex, Packet),
    /// Sends a message later: only the dishonest wait.
    SendLater(Duration, NodeIndex, Packet),
    /// Sends a message to every other node.
    Broadcast(Packet),
    /// Sets an alarm.
    Wake(Duration, Alarm),
    /// Something that the checkers look at.
    Observed(Observation),
}

/// What the checkers look at.
#[derive(Debug)]
pub enum Observation {
    /// A block was written to the store as decided.
    Committed(Box<Committed>),
    /// The voting key signed.
    Signed(Request),
    /// An own record is durable: its author was told so.
    Acknowledged(RecordDigest),
    /// An own record was turned away: its author was told why.
    TurnedAway(RecordDigest, Inadmissible),
    /// Malachite holds evidence that a validator contradicted itself.
    Evidence(NodeIndex),
    /// Something of another node was refused. Right only where that node is dishonest, speaks another version, or
    /// has a wrong clock.
    Refused(Refused),
    /// The guard does not sign: nobody knows what this key has signed before.
    Observing,
    /// A round after the first began.
    LaterRound,
    /// The process began with entries in its log.
    Replayed,
    /// A decided block came from another node.
    CaughtUp,
    /// The node cannot go on. Never right.
    Stopped(String),
}

/// Something that a node refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Bytes that say nothing in this version.
    Garbage(NodeIndex),
    /// A part that is not wanted, because of its proposer.
    Part(NodeIndex),
    /// A block whose time this node's clock does not accept; who built it.
    Time(NodeIndex),
    /// A block that is not what it says; who proposed it, and why.
    Block(NodeIndex, String),
    /// A decided block without a valid quorum, or with another block's; who sent it.
    Synced(NodeIndex, String),
    /// Bytes handed in that are no record of this version.
    Submission(String),
}

/// A decided block, as a node committed it.
#[derive(Clone, Debug)]
pub struct Committed {
    /// The block.
    pub block: Block,
    /// Its quorum.
    pub quorum: Quorum,
    /// One receipt for each record.
    pub receipts: Vec<Receipt>,
}
