//! Four whole nodes in one process: real engines, sockets and disks.

mod handlers;
mod heights;
mod played;
mod refusing;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use consensus::guard::Local;
use consensus::signing::GuardedKey;
use ledger::digest::RecordDigest;
use ledger::party::Role;
use ledger::signed::Signed;
use ledger::state::memory::initial_changes;
use ledger::testing::{self, CHAIN, VALIDATORS};
use libp2p::identity::Keypair;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::*;
use crate::engine::{self, Peer, Settings};
use crate::guard::FileGuard;

/// Longest wait for anything that should happen; a healthy network takes well under a second.
const BOUND: Duration = Duration::from_secs(60);

/// Loopback ports of this process' tests, apart from those of other processes.
fn port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    loop {
        let offset = NEXT.fetch_add(1, Ordering::Relaxed);
        let process = u16::try_from(std::process::id() % 200).unwrap();
        let port = 20_000 + process * 100 + offset;
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

struct Network {
    folder: tempfile::TempDir,
    ports: Vec<u16>,
}

struct Node {
    number: u8,
    store: Arc<Store>,
    waiting: Arc<Waiting>,
    key: Option<Arc<NodeKey>>,
    progress: watch::Receiver<Progress>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<Ended, ApplicationError>>,
    handle: malachitebft_app_channel::EngineHandle,
}

fn keypair(number: u8) -> Keypair {
    Keypair::ed25519_from_bytes([number; 32]).unwrap()
}

impl Network {
    fn new(nodes: u8) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            ports: (0..nodes).map(|_| port()).collect(),
        }
    }

    fn home(&self, number: u8) -> PathBuf {
        self.folder.path().join(format!("node-{number}"))
    }

    fn settings(&self, number: u8) -> Settings {
        let address = |number: u8| {
            let port = self.ports[usize::from(number) - 1];
            format!("/ip4/127.0.0.1/tcp/{port}").parse().unwrap()
        };
        let count = u8::try_from(self.ports.len()).unwrap();
        let peer = |number| Peer {
            address: address(number),
            id: keypair(number).public().to_peer_id(),
        };
        Settings {
            chain: CHAIN,
            name: format!("node-{number}"),
            listen: address(number),
            peers: (1..=count)
                .filter(|other| *other != number)
                .map(peer)
                .collect(),
            validators: VALIDATORS.map(|number| peer(number).id).to_vec(),
            keypair: keypair(number),
            folder: self.home(number),
        }
    }

    /// Starts node `number` with the voting key of validator `number`, if there is one.
    async fn start(&self, number: u8) -> Node {
        self.start_with_key(number, number).await
    }

    async fn start_with_key(&self, number: u8, validator: u8) -> Node {
        let home = self.home(number);
        std::fs::create_dir_all(&home).unwrap();
        let initial = initial_changes(testing::four_parties()).1;
        let store = Arc::new(Store::open(&home.join("store"), CHAIN, &initial).unwrap());
        let mut key = None;
        if VALIDATORS.contains(&validator) {
            key = Some(Arc::new(voting_key(&home, validator, &store).await));
        }
        let notes = SharedNotes::default();
        let engine = engine::start(self.settings(number), key.clone(), notes.clone())
            .await
            .unwrap();
        let waiting = Arc::new(Waiting::default());
        let parts = Parts {
            store: Arc::clone(&store),
            waiting: Arc::clone(&waiting),
            claims: Arc::new(Claims::default()),
            key: key.clone(),
            notes,
            heard: engine.heard,
            genesis_validators: testing::validator_set(&VALIDATORS),
        };
        let application = Application::new(parts, Pace::default()).unwrap();
        let progress = application.progress();
        let (stop, stopped) = oneshot::channel::<()>();
        let until = async move {
            let _stop = stopped.await;
        };
        let task = tokio::spawn(application.run(engine.channels, until));
        Node {
            number,
            store,
            waiting,
            key,
            progress,
            stop,
            task,
            handle: engine.handle,
        }
    }
}

/// The guarded key of a validator; its guard is made at the first start.
async fn voting_key(home: &Path, validator: u8, store: &Store) -> NodeKey {
    let secret = testing::voting_key(validator);
    let public = secret.public();
    if !home.join("guard").exists() && store.tip().height() == Height::ZERO {
        FileGuard::create(home, CHAIN, &public).unwrap();
    }
    // The log's lock is free a moment after its engine ended.
    let log = eventually(|| engine::examine_log(home, &public).ok()).await;
    let local = Local {
        tip: store.tip().height(),
        log,
    };
    let guard = FileGuard::open(home, CHAIN, &public, &local).unwrap();
    GuardedKey::new(CHAIN, secret, guard)
}

/// Asks until there is an answer, within [`BOUND`].
async fn eventually<T>(mut ask: impl FnMut() -> Option<T>) -> T {
    let asking = async {
        loop {
            if let Some(answer) = ask() {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(BOUND, asking).await.expect("in time")
}

impl Node {
    async fn reaches(&self, what: &str, is_reached: impl Fn(&Progress) -> bool) -> Progress {
        let mut progress = self.progress.clone();
        let waiting = progress.wait_for(is_reached);
        let reached = tokio::time::timeout(BOUND, waiting).await;
        let reached = reached.unwrap_or_else(|_| panic!("node {}: {what}", self.number));
        *reached.unwrap_or_else(|_| panic!("node {} ended before: {what}", self.number))
    }

    async fn idles_at(&self, height: Height) -> Progress {
        self.reaches("idle", |progress| {
            progress.is_idle && progress.tip >= height
        })
        .await
    }

    fn submit(&self, signed: &Arc<Signed>) {
        let checked = ledger::signed::CheckAll;
        let record = signed.record();
        let office = testing::office_key(record.author, record.offices[0]).public();
        let keys = [(ledger::party::Algorithm::Ed25519, office)];
        let verified = Arc::clone(signed).verify(&keys, &checked).unwrap();
        self.waiting.insert(&verified).unwrap();
    }

    async fn logs(&self, record: &RecordDigest) -> u64 {
        use ledger::state::View as _;
        eventually(|| self.store.log_index(record).unwrap()).await
    }

    fn block_at(&self, height: Height) -> ledger::digest::BlockId {
        self.store.read().header(height).unwrap().unwrap().id()
    }

    async fn stop(self) {
        self.stop.send(()).unwrap();
        self.task.await.unwrap().unwrap();
        engine::stop(self.handle).await;
        let Self { store, .. } = self;
        let mut store = Some(store);
        eventually(|| match Arc::try_unwrap(store.take()?) {
            Ok(last) => {
                drop(last);
                Some(())
            }
            Err(shared) => {
                store = Some(shared);
                None
            }
        })
        .await;
    }
}

/// Brings a record to all nodes, as gossip does.
fn spread(nodes: &[Node], signed: &Arc<Signed>) {
    for node in nodes {
        node.submit(signed);
    }
}

/// A record that is logged, whatever becomes of it.
fn report(number: u64) -> Arc<Signed> {
    let permit = testing::permit(&format!("{number}"));
    let statement = testing::refuse(permit, ledger::reason::Reason::NotIssued);
    let author = ("QN", Role::Customs);
    testing::sign(&testing::record(author, statement, now(), number))
}

/// `RUST_LOG=node=debug` shows what the nodes do.
fn runtime() -> tokio::runtime::Runtime {
    let filter = tracing_subscriber::EnvFilter::from_default_env();
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_test_writer();
    let _already_set = log.try_init();
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(4).enable_all().build().unwrap()
}

async fn start_all(network: &Network) -> Vec<Node> {
    let mut nodes = Vec::new();
    for number in VALIDATORS {
        nodes.push(network.start(number).await);
    }
    nodes
}

fn agree(nodes: &[Node], height: Height) {
    let first = nodes[0].block_at(height);
    for node in nodes {
        assert_eq!(
            node.block_at(height),
            first,
            "node {} at {height}",
            node.number
        );
    }
}

#[test]
fn four_nodes_decide_what_one_is_given_then_rest_and_go_on_after_a_restart_together() {
    runtime().block_on(async {
        let network = Network::new(4);
        let nodes = start_all(&network).await;
        let first = report(1);
        spread(&nodes, &first);
        for node in &nodes {
            node.logs(&first.digest()).await;
        }
        let mut tip = Height::ZERO;
        for node in &nodes {
            tip = node.idles_at(Height(1)).await.tip.max(tip);
        }
        for node in &nodes {
            node.idles_at(tip).await;
        }
        agree(&nodes, tip);
        for node in nodes {
            node.stop().await;
        }
        let nodes = start_all(&network).await;
        let second = report(2);
        spread(&nodes, &second);
        for node in &nodes {
            node.logs(&second.digest()).await;
            assert!(node.progress.borrow().signs, "node {} signs", node.number);
        }
        agree(&nodes, tip.next());
        for node in nodes {
            node.stop().await;
        }
    });
}

#[test]
fn a_node_that_was_away_and_a_follower_catch_up() {
    runtime().block_on(async {
        let network = Network::new(5);
        let mut nodes = start_all(&network).await;
        nodes[0].idles_at(Height(1)).await;
        let away = nodes.pop().unwrap();
        let missed_from = away.progress.borrow().tip;
        away.stop().await;
        for number in 1..=5 {
            let record = report(number);
            spread(&nodes, &record);
            for node in &nodes {
                node.logs(&record.digest()).await;
            }
        }
        let back = network.start(4).await;
        let follower = network.start_with_key(5, 0).await;
        for node in [&back, &follower] {
            node.reaches("catches up", |progress| progress.tip.0 >= missed_from.0 + 5)
                .await;
        }
        assert!(!follower.progress.borrow().signs);
        assert!(follower.key.is_none());
        // Once more, with all of them.
        let record = report(6);
        nodes.extend([back, follower]);
        spread(&nodes, &record);
        for node in &nodes {
            node.logs(&record.digest()).await;
        }
        for node in nodes {
            node.stop().await;
        }
    });
}

/// The voting key of validator 1 is on a second host, which has a peer id of its own.
#[test]
fn a_voting_key_on_a_second_host_is_recorded_and_nothing_forks() {
    runtime().block_on(async {
        let network = Network::new(5);
        let mut nodes = start_all(&network).await;
        nodes.push(network.start_with_key(5, 1).await);
        let twin = testing::voting_key(1).public();
        let mut found = None;
        for number in 1.. {
            let record = report(number);
            spread(&nodes, &record);
            for node in &nodes {
                node.logs(&record.digest()).await;
            }
            // One of four turns is the twins', so a few heights are enough.
            for height in (1..=nodes[1].progress.borrow().tip.0).map(Height) {
                let evidence = nodes[1].store.read().evidence(height).unwrap();
                found = found.or_else(|| evidence.into_iter().next());
            }
            if found.is_some() {
                break;
            }
            assert!(number < 40, "no evidence in {number} heights");
        }
        let evidence = consensus::evidence::Evidence::decode(&found.unwrap()).unwrap();
        assert!(evidence.is_proven(CHAIN));
        assert_eq!(evidence.validator().0, twin);
        let tips = nodes.iter().map(|node| node.progress.borrow().tip);
        let lowest = tips.min().unwrap();
        for height in (1..=lowest.0).map(Height) {
            agree(&nodes, height);
        }
        for node in nodes {
            node.stop().await;
        }
    });
}
