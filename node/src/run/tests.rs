//! A network of one Party, in this process: it starts, decides, stops, and starts again on what it decided.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use consensus::guard::{Loaded, Unsafe};
use genesis::NetworkName;
use genesis::ceremony::{self, Submission};
use genesis::file::{NodeEntry, OfficeEntry, PartyEntry, PartyFile};
use genesis::possession::{Claim, Purpose};
use ledger::key::SecretKey;
use ledger::parameters::Parameters;
use ledger::party::{Height, PartyCode, Role};
use ledger::testing;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use super::*;
use crate::config::Listen;
use crate::durable::{self, Existing, Readers};
use crate::gossip::GossipError;
use crate::guard::LockError;
use crate::guard::operator::{self, OperatorError, Stopped};
use crate::store::StoreError;

const BOUND: Duration = Duration::from_secs(60);
const NETWORK: &str = "test-1";

fn party() -> PartyCode {
    testing::party("QS")
}

fn office() -> SecretKey {
    testing::key("the office")
}

/// The genesis of one Party with one validator.
fn genesis_text(identity: &Identity) -> String {
    let network = NetworkName::parse(NETWORK).unwrap();
    let node = NodeEntry::follower(&network, party(), identity.peer()).with_vote(
        &network,
        party(),
        identity.voting(),
        1,
    );
    let claim = Claim {
        network: &network,
        party: party(),
        purpose: Purpose::Office(Role::Management),
    };
    let proof = claim.prove(&office());
    let file = PartyFile {
        network: NETWORK.into(),
        party: PartyEntry {
            code: "QS".into(),
            name: "Suravia".into(),
            customs_union: None,
            accepts_unendorsed: false,
            import_permit_for_ii: false,
            offices: vec![OfficeEntry::claimed(
                Role::Management,
                &office().public(),
                &proof,
            )],
            nodes: vec![node],
        },
    };
    let draft = ceremony::new(NETWORK, &Parameters::default()).unwrap();
    let submission = Submission {
        name: "QS",
        text: &file.to_toml(),
    };
    ceremony::add(&draft.to_toml(), submission)
        .unwrap()
        .to_toml()
}

/// A home as `init` and `genesis accept` leave it.
fn home(folder: &Path) -> Config {
    let identity = Identity::draw().unwrap();
    identity.save(folder).unwrap();
    let listeners: Vec<_> = (0..4)
        .map(|_| std::net::TcpListener::bind("127.0.0.1:0").unwrap())
        .collect();
    let address = |n: usize| -> SocketAddr { listeners[n].local_addr().unwrap() };
    let listen = Listen {
        consensus: address(0),
        http: address(1),
        metrics: address(2),
        gossip: address(3),
    };
    let config = Config::new(folder, party(), listen);
    let text = genesis_text(&identity);
    durable::write(
        &config.genesis,
        text.as_bytes(),
        Readers::Everybody,
        Existing::Keep,
    )
    .unwrap();
    durable::create_private_folder(&config.data_folder()).unwrap();
    let genesis = config.genesis().unwrap();
    let key = identity.voting().public();
    FileGuard::create(&config.data_folder(), genesis.chain_id(), &key).unwrap();
    config
}

struct Running {
    stop: oneshot::Sender<()>,
    task: tokio::task::JoinHandle<Result<Ended, RunError>>,
    http: SocketAddr,
    metrics: SocketAddr,
}

fn start(config: &Config) -> Running {
    let (stop, stopped) = oneshot::channel::<()>();
    let until = async move {
        let _stop = stopped.await;
    };
    Running {
        stop,
        task: tokio::spawn(told(run(config.clone(), until))),
        http: config.listen.http,
        metrics: config.listen.metrics,
    }
}

/// A node that ends by itself says why in the test's own output.
async fn told(node: impl Future<Output = Result<Ended, RunError>>) -> Result<Ended, RunError> {
    node.await.inspect_err(|error| eprintln!("{error}"))
}

impl Running {
    async fn stop(self) {
        self.stop.send(()).unwrap();
        let ended = tokio::time::timeout(BOUND, self.task).await;
        let ended = ended.expect("it stops in time").unwrap().unwrap();
        assert_eq!(ended, Ended::Stopped);
    }

    async fn reaches(&self, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let asking = async {
            loop {
                if let Some((200, body)) = ask(self.http, "GET /v1/status", &[]).await {
                    let status: Value = serde_json::from_slice(&body).unwrap();
                    if is_so(&status) {
                        return status;
                    }
                }
                assert!(!self.task.is_finished(), "the node ended before: {what}");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let reached = tokio::time::timeout(BOUND, asking).await;
        reached.unwrap_or_else(|_| panic!("not in time: {what}"))
    }
}

/// One request; `None` where nobody answers.
async fn ask(to: SocketAddr, request: &str, body: &[u8]) -> Option<(u16, Vec<u8>)> {
    let mut stream = TcpStream::connect(to).await.ok()?;
    let head = format!(
        "{request} HTTP/1.1\r\nHost: {to}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.ok()?;
    stream.write_all(body).await.ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.ok()?;
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let status = std::str::from_utf8(answer.get(9..12)?).ok()?.parse().ok()?;
    Some((status, answer[end + 4..].to_vec()))
}

fn height(status: &Value) -> u64 {
    status["height"].as_str().unwrap().parse().unwrap()
}

/// An issue, made now.
fn issue(config: &Config) -> Vec<u8> {
    let chain = config.genesis().unwrap().chain_id();
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = u64::try_from(since.unwrap().as_millis()).unwrap();
    let now = ledger::time::Timestamp(now);
    let mut issue = testing::issue("26QS000001");
    issue.granted_on = now.date();
    issue.valid_from = now.date();
    issue.valid_until = now.date().plus_months(6);
    let statement = ledger::record::Statement::Issue(issue);
    let mut record = testing::record(("QS", Role::Management), statement, now, 1);
    record.chain = chain;
    let signed = ledger::signed::Signed::sign(&record, &[&office()]).unwrap();
    signed.bytes().to_vec()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_starts_decides_stops_and_starts_again_on_what_it_decided() {
    let folder = tempfile::tempdir().unwrap();
    let config = home(folder.path());
    let node = start(&config);
    node.reaches("up", |_| true).await;
    let (code, answer) = ask(
        node.http,
        "POST /v1/records?wait=final&timeout_ms=30000",
        &issue(&config),
    )
    .await
    .unwrap();
    let text = String::from_utf8(answer).unwrap();
    assert_eq!(code, 200, "{text}");
    assert!(text.contains("applied"), "{text}");
    let before = node
        .reaches("final", |status| status["log_size"] == "1")
        .await;
    let (code, metrics) = ask(node.metrics, "GET /metrics", &[]).await.unwrap();
    let metrics = String::from_utf8(metrics).unwrap();
    assert_eq!(code, 200);
    assert!(metrics.contains("\ncites_log_records 1\n"), "{metrics}");
    assert_eq!(metrics.matches("# EOF").count(), 1);
    node.stop().await;

    let again = start(&config);
    let after = again.reaches("up again", |_| true).await;
    assert!(height(&after) >= height(&before));
    assert_eq!(after["log_size"], "1");
    again.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_process_on_one_data_folder_does_not_start() {
    let folder = tempfile::tempdir().unwrap();
    let config = home(folder.path());
    let node = start(&config);
    node.reaches("up", |_| true).await;
    let second = run(config.clone(), std::future::pending())
        .await
        .unwrap_err();
    assert!(
        matches!(second, RunError::Lock(LockError::Taken(_))),
        "{second}"
    );
    node.stop().await;
}

/// Alone it would wait for ever for others to decide.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_network_that_stands_still_goes_on_once_the_operator_rearms_a_lost_guard() {
    let folder = tempfile::tempdir().unwrap();
    let config = home(folder.path());
    let (genesis, data) = (config.genesis().unwrap(), config.data_folder());
    let key = Identity::load(&config.home).unwrap().voting().public();
    let stopped = || Stopped::take(&data, &genesis, &key);
    // A process that ends closes its database; within this one its threads do, a moment later.
    let closed = async || loop {
        match stopped() {
            Err(OperatorError::Store(StoreError::InUse(_))) => tokio::task::yield_now().await,
            other => return other,
        }
    };
    let closed = async || {
        tokio::time::timeout(BOUND, closed())
            .await
            .unwrap()
            .unwrap()
    };
    let post = "POST /v1/records?wait=final&timeout_ms=30000";

    let node = start(&config);
    node.reaches("up", |_| true).await;
    let (code, _) = ask(node.http, post, &issue(&config)).await.unwrap();
    assert_eq!(code, 200);
    assert!(matches!(
        stopped(),
        Err(OperatorError::Lock(LockError::Taken(_)))
    ));
    node.stop().await;
    drop(closed().await);
    std::fs::remove_file(data.join(crate::guard::FILE_NAME)).unwrap();

    let node = start(&config);
    let status = node
        .reaches("observing", |status| status["role"] == "observer")
        .await;
    let next = Height(height(&status)).next();
    node.stop().await;

    let now = ledger::time::Timestamp(0);
    let folder = closed().await;
    assert_eq!((folder.loaded, folder.tip.next()), (Loaded::Missing, next));
    for wrong in [folder.tip, next.next()] {
        let refused = folder.rearm(wrong, now).unwrap_err();
        assert!(matches!(refused, OperatorError::Unsafe(_)), "{refused}");
        assert_eq!(operator::look(&data).unwrap(), Loaded::Missing);
    }
    let armed = folder.rearm(next, now).unwrap();
    assert_eq!(operator::look(&data).unwrap(), Loaded::Whole(armed));
    drop(folder);

    let node = start(&config);
    node.reaches("voting", |status| status["role"] == "validator")
        .await;
    let (code, answer) = ask(node.http, post, &issue(&config)).await.unwrap();
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    assert_eq!(code, 200, "{answer}");
    let decided = answer["receipt"]["height"].as_str().unwrap();
    assert!(decided.parse::<u64>().unwrap() >= next.0, "{answer}");
    node.stop().await;
    let again = closed().await.rearm(next.next(), now).unwrap_err();
    assert!(
        matches!(again, OperatorError::Unsafe(Unsafe::NotNeeded(_))),
        "{again}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_port_that_is_taken_is_named() {
    for which in ["http", "metrics", "gossip"] {
        let folder = tempfile::tempdir().unwrap();
        let config = home(folder.path());
        let address = match which {
            "http" => config.listen.http,
            "metrics" => config.listen.metrics,
            _ => config.listen.gossip,
        };
        let _taken = std::net::TcpListener::bind(address).unwrap();
        let error = run(config, std::future::pending()).await.unwrap_err();
        assert!(error.to_string().contains(&address.to_string()), "{error}");
        let expected = match &error {
            RunError::Listen { .. } => which != "gossip",
            RunError::Gossip(GossipError::Listen { .. }) => which == "gossip",
            _ => false,
        };
        assert!(expected && !error.hint().is_empty(), "{which}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_home_that_is_not_whole_does_not_start() {
    type Spoil = fn(&mut Config);
    let spoil: [(&str, Spoil, fn(&RunError) -> bool); 6] = [
        (
            "no such Party",
            |config| config.party = testing::party("QT"),
            |error| matches!(error, RunError::UnknownParty(_)),
        ),
        (
            "a peer of no such Party",
            |config| {
                let address = "127.0.0.1:9".parse().unwrap();
                config.peers.push(crate::config::Peer {
                    party: testing::party("QT"),
                    consensus: address,
                    gossip: address,
                });
            },
            |error| matches!(error, RunError::UnknownParty(_)),
        ),
        (
            "other keys",
            |config| {
                std::fs::remove_dir_all(config.home.join("keys")).unwrap();
                Identity::draw().unwrap().save(&config.home).unwrap();
            },
            |error| matches!(error, RunError::UnknownNode { .. }),
        ),
        (
            "no keys",
            |config| std::fs::remove_dir_all(config.home.join("keys")).unwrap(),
            |error| matches!(error, RunError::Identity(_)),
        ),
        (
            "no genesis",
            |config| std::fs::remove_file(&config.genesis).unwrap(),
            |error| matches!(error, RunError::Config(_)),
        ),
        (
            "not accepted",
            |config| std::fs::remove_dir_all(config.data_folder()).unwrap(),
            |error| matches!(error, RunError::NotAccepted(_)),
        ),
    ];
    for (what, spoil, is_expected) in spoil {
        let folder = tempfile::tempdir().unwrap();
        let mut config = home(folder.path());
        spoil(&mut config);
        let error = run(config, std::future::pending()).await.unwrap_err();
        assert!(is_expected(&error), "{what}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_whose_database_was_changed_refuses_to_serve() {
    let folder = tempfile::tempdir().unwrap();
    let config = home(folder.path());
    let node = start(&config);
    node.reaches("a block", |status| height(status) > 0).await;
    node.stop().await;
    let store = config.data_folder().join("store");
    for entry in std::fs::read_dir(&store).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "log" || extension == "sst")
        {
            std::fs::remove_file(path).unwrap();
        }
    }
    let error = run(config, std::future::pending()).await.unwrap_err();
    assert!(
        matches!(error, RunError::Store(StoreError::Damaged(_))),
        "{error}"
    );
    assert!(error.hint().contains("rebuilds it from its peers"));
}
