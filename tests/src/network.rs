//! A network of real nodes for one test. Its folder and processes go with it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use ledger::digest::{ChainId, RecordDigest};
use ledger::state::Receipt;
use node::localnet::{LocalParty, Localnet, NodeProcess, Plan, Ports, until};
use tempfile::TempDir;

use crate::audit::Audit;
use crate::client::Client;
use crate::{offices, programs};

/// Four voting Parties: three of them decide.
pub const FOUR: [(&str, Vote); 4] = [
    ("QS", Vote::Yes),
    ("QT", Vote::Yes),
    ("QN", Vote::Yes),
    ("QP", Vote::Yes),
];

/// An answer of the network that takes longer than this never comes. Machines of tests are slow and shared.
pub const BOUND: Duration = Duration::from_secs(60);

/// Far longer than any test, so that only records make blocks.
const HEARTBEAT_MS: u32 = 5 * 60 * 1000;

/// Whether a Party's node votes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vote {
    /// It is a validator.
    Yes,
    /// It follows.
    No,
}

/// A network; nodes are named by their place.
#[derive(Debug)]
pub struct Network {
    // Dropped first: no process outlives its folder.
    local: Localnet,
    folder: TempDir,
}

/// What all nodes hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// Height of the newest block.
    pub height: u64,
    /// Its id.
    pub block: String,
    /// Root of the state after it.
    pub state_root: String,
    /// What became of every record.
    pub receipts: BTreeMap<RecordDigest, Receipt>,
}

impl Network {
    /// Goes through the ceremony; no node runs yet.
    #[must_use]
    pub fn make(parties: &[(&str, Vote)]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let party = |(code, vote): &(&str, Vote)| {
            let code = offices::party(code);
            LocalParty {
                code,
                name: format!("Party {code}"),
                votes: *vote == Vote::Yes,
                offices: offices::offices_of(code),
            }
        };
        let plan = Plan {
            program: programs::cites_node(),
            dir: folder.path().join("net"),
            parties: parties.iter().map(party).collect(),
            heartbeat_ms: HEARTBEAT_MS,
        };
        let ports = Ports::free().expect("free ports");
        let local = Localnet::make(&plan, ports).unwrap_or_else(|error| panic!("{error}"));
        Self { local, folder }
    }

    /// Four voting nodes, all up.
    #[must_use]
    pub fn start() -> Self {
        let mut network = Self::make(&FOUR);
        network.up(&[0, 1, 2, 3]);
        network
    }

    /// The chain.
    #[must_use]
    pub fn chain(&self) -> ChainId {
        self.local.genesis().chain_id()
    }

    /// Its folder.
    #[must_use]
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// The network's parts.
    pub fn local(&mut self) -> &mut Localnet {
        &mut self.local
    }

    /// All nodes' processes, to look at.
    #[must_use]
    pub fn nodes(&self) -> &[NodeProcess] {
        self.local.nodes()
    }

    /// A node's process.
    pub fn node(&mut self, place: usize) -> &mut NodeProcess {
        &mut self.local.nodes_mut()[place]
    }

    /// A node's HTTP interface.
    #[must_use]
    pub fn client(&self, place: usize) -> Client {
        Client::new(self.local.nodes()[place].url())
    }

    /// Starts nodes and waits until each answers.
    pub fn up(&mut self, places: &[usize]) {
        for place in places {
            self.node(*place)
                .start()
                .unwrap_or_else(|error| panic!("{error}"));
        }
        for place in places {
            let client = self.client(*place);
            let node = self.node(*place);
            let answers = until(BOUND, || {
                let ended = node.ended();
                assert!(
                    ended.is_none(),
                    "{}",
                    node.failed(&format!("ended with {ended:?}"))
                );
                client
                    .get("/v1/status")
                    .filter(|answer| answer.status == 200)
            });
            assert!(answers.is_some(), "{}", node.failed("does not answer"));
        }
    }

    /// Kills nodes, all at once.
    pub fn kill(&mut self, places: &[usize]) {
        for place in places {
            self.node(*place).kill();
        }
    }

    /// Asks until `condition` gives something, at most [`BOUND`].
    ///
    /// # Panics
    /// With the end of every node's log, when the time has passed.
    pub fn wait<T>(&self, what: &str, condition: impl FnMut() -> Option<T>) -> T {
        until(BOUND, condition).unwrap_or_else(|| panic!("waited in vain: {what}"))
    }

    /// A node's height; `None` where it does not answer.
    #[must_use]
    pub fn height(&self, place: usize) -> Option<u64> {
        self.client(place).get("/v1/status")?.number("height")
    }

    /// The strong check: waits until these nodes stand at one height, then compares every block from the first to
    /// the last, byte for byte, and executes it again from genesis as an auditor would.
    ///
    /// # Panics
    /// Where any two differ, or a block is not what follows from those before it.
    #[must_use]
    pub fn check(&self, places: &[usize]) -> Agreement {
        let tips = self.wait("all nodes at one height", || {
            let tips: Option<BTreeSet<_>> = places.iter().map(|place| self.tip(*place)).collect();
            tips.filter(|tips| {
                let heights: BTreeSet<_> = tips.iter().map(|(height, ..)| height).collect();
                heights.len() == 1
            })
        });
        let (height, block, state_root) = tips.first().expect("at least one node").clone();
        assert_eq!(tips.len(), 1, "one height, and different tips: {tips:?}");
        let mut audit = Audit::begin(self.local.genesis());
        for at in 1..=height {
            let bytes = self.block(places[0], at);
            for place in &places[1..] {
                assert_eq!(
                    self.block(*place, at),
                    bytes,
                    "node {place} has another block {at}"
                );
            }
            audit.next(&bytes);
        }
        assert_eq!(format!("sha256:{}", audit.block()), block);
        Agreement {
            height,
            block,
            state_root,
            receipts: audit.receipts().clone(),
        }
    }

    /// Height, block and state root of a node; `None` where it does not answer.
    fn tip(&self, place: usize) -> Option<(u64, String, String)> {
        let answer = self.client(place).get("/v1/status")?;
        let text = |name: &str| Some(answer.json[name].as_str()?.to_owned());
        Some((
            answer.number("height")?,
            text("block")?,
            text("state_root")?,
        ))
    }

    fn block(&self, place: usize, height: u64) -> Vec<u8> {
        let answer = self.client(place).get(&format!("/v1/blocks/{height}"));
        let answer = answer.unwrap_or_else(|| panic!("node {place} does not answer"));
        assert_eq!(
            answer.status, 200,
            "node {place}, block {height}: {}",
            answer.json
        );
        answer.bytes
    }
}

impl Drop for Network {
    /// A test that failed shows what the nodes said.
    fn drop(&mut self) {
        if std::thread::panicking() {
            for node in self.local.nodes() {
                let report = node.failed("had this to say");
                std::io::Write::write_all(
                    &mut std::io::stderr(),
                    format!("\n{report}\n").as_bytes(),
                )
                .unwrap_or_default();
            }
        }
    }
}
