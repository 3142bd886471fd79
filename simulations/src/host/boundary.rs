//! What reaches a node, and what it does to the world.

use std::time::Duration;

use consensus::guard::Request;
use ledger::block::Block;
use ledger::digest::RecordDigest;
use ledger::party::Height;
use ledger::quorum::Quorum;
use ledger::state::Receipt;
use ledger::state::admission::Inadmissible;
use ledger::time::Timestamp;
use malachitebft_core_types::Timeout;

use crate::network::Message;
use crate::parties::NodeIndex;
use crate::world::queue::Moment;

/// What reaches a node.
#[derive(Clone, Debug)]
pub enum Stimulus {
    /// The process starts.
    Start,
    /// A message of another node.
    Message(NodeIndex, Message),
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
    Send(NodeIndex, Message),
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
    /// The node cannot go on. Never right without a dishonest validator.
    Stopped(String),
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

/// A node's clock: virtual time, dated, and a little wrong.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// The true instant at which the run begins.
    pub begins_at: Timestamp,
    /// How wrong this node is, in milliseconds; negative: behind.
    pub skew_ms: i64,
}

impl Clock {
    pub(super) fn reads(&self, now: Moment) -> Timestamp {
        let Timestamp(ms) = self.begins_at.plus_ms(now.as_ms());
        Timestamp(ms.saturating_add_signed(self.skew_ms))
    }
}
