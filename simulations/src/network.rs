//! The lines between nodes: delay, jitter and cuts. What is sent across a cut is lost.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::parties::NodeIndex;
use crate::scenario::{Links, SpanMs};
use crate::world::random::Random;

/// What one node sends another: bytes of `consensus::wire`, as they travel between real nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// The line has come up: tell me how far you are.
    Hello,
    /// How far the sender is.
    Status(Vec<u8>),
    /// A vote or proposal.
    Consensus(Vec<u8>),
    /// What helps others on after lost messages.
    Liveness(Vec<u8>),
    /// A part of a proposed block.
    Part(Vec<u8>),
    /// A signed record that waits for a block.
    Record(Vec<u8>),
    /// A request for decided blocks.
    SyncRequest(Vec<u8>),
    /// Decided blocks.
    SyncResponse(Vec<u8>),
}

impl Message {
    /// The kind, for the trace.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Hello => "hello",
            Self::Status(_) => "status",
            Self::Consensus(_) => "consensus",
            Self::Liveness(_) => "liveness",
            Self::Part(_) => "part",
            Self::Record(_) => "record",
            Self::SyncRequest(_) => "sync-request",
            Self::SyncResponse(_) => "sync-response",
        }
    }

    /// The bytes that travel.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Hello => &[],
            Self::Status(bytes)
            | Self::Consensus(bytes)
            | Self::Liveness(bytes)
            | Self::Part(bytes)
            | Self::Record(bytes)
            | Self::SyncRequest(bytes)
            | Self::SyncResponse(bytes) => bytes,
        }
    }
}

/// All lines. At most one cut at a time; a second one moves it.
#[derive(Debug)]
pub struct Network {
    random: Random,
    jitter: SpanMs,
    latency: BTreeMap<(NodeIndex, NodeIndex), Duration>,
    /// The nodes on one side of the cut, while there is one.
    cut: Option<BTreeSet<NodeIndex>>,
}

impl Network {
    /// Draws the latency of each direction of each line.
    #[must_use]
    pub fn new(nodes: &[NodeIndex], links: &Links, mut random: Random) -> Self {
        let mut latency = BTreeMap::new();
        for &from in nodes {
            for &to in nodes.iter().filter(|to| **to != from) {
                latency.insert((from, to), random.within(links.latency_ms));
            }
        }
        Self {
            random,
            jitter: SpanMs([0, links.jitter_ms]),
            latency,
            cut: None,
        }
    }

    /// How long a message takes; `None` where it is lost.
    pub fn delay(&mut self, from: NodeIndex, to: NodeIndex) -> Option<Duration> {
        // Drawn in any case, so that a cut changes nothing else of the run.
        let jitter = self.random.within(self.jitter);
        let latency = self.latency.get(&(from, to))?;
        self.is_open(from, to)
            .then(|| latency.saturating_add(jitter))
    }

    /// Whether the line is up.
    #[must_use]
    pub fn is_open(&self, from: NodeIndex, to: NodeIndex) -> bool {
        let side = |node: NodeIndex| self.cut.as_ref().map(|side| side.contains(&node));
        side(from) == side(to)
    }

    /// Parts `side` from the others.
    pub fn cut(&mut self, side: BTreeSet<NodeIndex>) {
        self.cut = Some(side);
    }

    /// Makes the network whole.
    pub fn heal(&mut self) {
        self.cut = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::random::Purpose;

    #[test]
    fn a_cut_line_loses_what_it_carries_until_it_heals() {
        let nodes = [0, 1, 2, 3].map(NodeIndex);
        let links = Links {
            latency_ms: SpanMs([20, 30]),
            jitter_ms: 5,
        };
        let mut network = Network::new(&nodes, &links, Random::new(1, Purpose::Links));
        let [a, b, c, _] = nodes;
        network.cut([a, b].into());
        assert!(network.delay(a, b).is_some());
        assert_eq!(network.delay(a, c), None);
        assert_eq!(network.delay(c, b), None);
        network.heal();
        let delay = network.delay(a, c).unwrap();
        assert!((Duration::from_millis(20)..=Duration::from_millis(35)).contains(&delay));
    }
}
