//! What others may try: a second process, a damaged disk, a copied key, a stranger, senseless bytes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use ledger::party::PartyCode;
use node::config::{Config, Listen, Peer};
use node::localnet::{NETWORK, NodeProcess, Ports};
use rocksdb::{DB, IteratorMode, Options};
use tests::network::{BOUND, FOUR, Network};
use tests::offices::{issue, offices_of, party};
use tests::programs;

use crate::alone;

#[test]
fn a_second_process_on_one_data_folder_does_not_start() {
    let _turn = alone();
    let mut network = Network::start();
    let chain = network.chain();
    let home = network.node(0).home().to_owned();
    let mut second = Command::new(programs::cites_node());
    let second = second.arg("run").arg("--home").arg(&home).output().unwrap();
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(!second.status.success());
    assert!(
        said.contains("another process uses the data folder"),
        "{said}"
    );
    network.client(0).apply(&issue(chain, "FIRST"));
}

/// The first value of a column with its last byte changed, under checksums that are right.
fn damage(store: &Path, column: &str) {
    let columns = DB::list_cf(&Options::default(), store).unwrap();
    let db = DB::open_cf(&Options::default(), store, &columns).unwrap();
    let family = db.cf_handle(column).unwrap();
    let (key, value) = db
        .iterator_cf(family, IteratorMode::Start)
        .next()
        .unwrap()
        .unwrap();
    let mut value = value.into_vec();
    *value.last_mut().unwrap() ^= 1;
    db.put_cf(family, key, value).unwrap();
    db.flush_cf(family).unwrap();
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_folder(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

#[test]
fn a_node_whose_database_was_tampered_with_refuses_to_serve() {
    let _turn = alone();
    let mut network = Network::start();
    let chain = network.chain();
    for serial in 0..3 {
        let signed = issue(chain, &format!("SOUND{serial}"));
        network.client(0).apply(&signed);
    }
    network
        .node(3)
        .stop()
        .unwrap_or_else(|error| panic!("{error}"));
    let home = network.node(3).home().to_owned();
    let store = Config::load(&home, |_| None)
        .unwrap()
        .data_folder()
        .join("store");
    let sound = network.folder().join("sound");
    copy_folder(&store, &sound);
    for column in ["state", "pages", "meta"] {
        damage(&store, column);
        let node = network.node(3);
        node.start().unwrap();
        let ended = node
            .wait_for_end(BOUND)
            .unwrap_or_else(|| panic!("{column}: it runs"));
        let log = node.log_end();
        assert!(!ended.success(), "{column}: {log}");
        assert!(log.contains("error: "), "{column}: {log}");
        fs::remove_dir_all(&store).unwrap();
        copy_folder(&sound, &store);
    }
    // Nothing but the damage kept it from serving.
    network.up(&[3]);
    let _agreement = network.check(&[0, 1, 2, 3]);
}

/// Changes what `node.toml` in `home` says.
fn configure(home: &Path, change: impl FnOnce(&mut Config)) -> Config {
    let mut config = Config::load(home, |_| None).unwrap();
    change(&mut config);
    config.save().unwrap();
    config
}

/// A home was copied to a second host "to be safe", and both run. QN's operators were told the new address, QS and
/// QT know the old one: so each host is heard. (Two hosts with one peer key at one peer are one to libp2p.)
#[test]
fn a_voting_key_on_two_hosts_leaves_evidence_and_no_fork() {
    let _turn = alone();
    let mut network = Network::make(&FOUR);
    let chain = network.chain();
    let copy = network.folder().join("copy");
    let home = network.node(3).home().to_owned();
    copy_folder(&home, &copy);
    let listen = Ports::free().unwrap().listen(0);
    let (other_side, twins) = (party("QN"), party("QP"));
    let _heard_by_two = configure(&home, |config| {
        config.peers.retain(|peer| peer.party != other_side);
    });
    let _heard_by_one = configure(&copy, |config| {
        config.peers.retain(|peer| peer.party == other_side);
        config.listen = listen;
    });
    let _told = configure(network.node(2).home(), |config| {
        config.peers.retain(|peer| peer.party != twins);
        config.peers.push(peer(twins, &listen));
    });
    let mut twin = NodeProcess::new(&programs::cites_node(), twins, &copy, listen);
    twin.start().unwrap();
    network.up(&[0, 1, 2, 3]);
    twin.wait_until_up()
        .unwrap_or_else(|error| panic!("{error}"));

    let mut serial = 0;
    network.wait("evidence against the key on two hosts", || {
        serial += 1;
        let signed = issue(chain, &format!("TWIN{serial}"));
        network.client(0).apply(&signed);
        let found = [0, 1, 2].map(|place| {
            let status = network.client(place).get("/v1/status").unwrap().json;
            status["flushes"]["evidence"].as_u64().unwrap()
        });
        found.iter().any(|count| *count > 0).then_some(())
    });
    twin.kill();
    let _agreement = network.check(&[0, 1, 2]);
}

fn cites_node(arguments: &[&str]) {
    let output = Command::new(programs::cites_node())
        .args(arguments)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cites-node {arguments:?}: {said}");
}

/// A node of Party QM with everything but a place in the genesis that the others agreed on: it has added
/// itself to a copy of it.
fn stranger(network: &mut Network, listen: Listen) -> NodeProcess {
    let home = network.folder().join("QM");
    let genesis = network.folder().join("stranger.toml");
    let (home_text, genesis_text) = (home.to_str().unwrap(), genesis.to_str().unwrap());
    let code = party("QM");
    let mut init: Vec<String> = [
        "init",
        "--home",
        home_text,
        "--network",
        NETWORK,
        "--party",
        "QM",
        "--name",
        "Strange",
    ]
    .map(Into::into)
    .into();
    for office in offices_of(code) {
        let proof = ledger::digest::hex(&office.proof.0);
        init.extend([
            "--office".into(),
            format!("{}={}:{proof}", office.role, office.key),
        ]);
    }
    cites_node(&init.iter().map(String::as_str).collect::<Vec<_>>());
    cites_node(&[
        "genesis",
        "new",
        "--network",
        NETWORK,
        "--out",
        genesis_text,
    ]);
    let mut peers = Vec::new();
    let mut files: Vec<PathBuf> = vec![home.join("QM.party.toml")];
    for node in network.local().nodes() {
        files.push(node.home().join(format!("{}.party.toml", node.party())));
        peers.push(peer(node.party(), node.listen()));
    }
    for file in &files {
        cites_node(&["genesis", "add", genesis_text, file.to_str().unwrap()]);
    }
    let text = fs::read_to_string(&genesis).unwrap();
    let fingerprint = genesis::Genesis::parse(&text)
        .unwrap()
        .fingerprint()
        .to_string();
    let accept = ["genesis", "accept", genesis_text, "--home", home_text];
    cites_node(&[&accept[..], &["--fingerprint", &fingerprint]].concat());
    let mut config = Config::load(&home, |_| None).unwrap();
    config.listen = listen;
    config.peers = peers;
    config.save().unwrap();
    NodeProcess::new(&programs::cites_node(), code, &home, listen)
}

fn peer(party: PartyCode, listen: &Listen) -> Peer {
    Peer {
        party,
        consensus: listen.consensus,
        gossip: listen.gossip,
    }
}

#[test]
fn a_node_that_the_genesis_does_not_name_is_refused() {
    let _turn = alone();
    let mut network = Network::make(&FOUR);
    for place in 0..4 {
        // Whom Malachite turns away is a matter for the curious only.
        network
            .node(place)
            .set_log("warn,node=info,node::gossip=debug");
    }
    network.up(&[0, 1, 2, 3]);
    let chain = network.chain();
    let ports = Ports::free().unwrap();
    let mut stranger = stranger(&mut network, ports.listen(0));
    stranger.set_log("warn,node=debug");
    stranger.start().unwrap();
    stranger
        .wait_until_up()
        .unwrap_or_else(|error| panic!("{error}"));
    for refusal in [
        "Incompatible protocol version, disconnecting peer",
        "a connection for records was refused",
    ] {
        network.wait(refusal, || {
            let mut nodes = network.nodes().iter();
            nodes.any(|node| node.log().contains(refusal)).then_some(())
        });
    }
    network.client(0).apply(&issue(chain, "MEMBERS"));
    for place in 0..4 {
        network.wait("a connection to every member", || {
            let status = network.client(place).get("/v1/status")?.json;
            (status["gossip_peers"] == 3).then_some(())
        });
    }
    let status = stranger.status().unwrap();
    assert_eq!(status["height"], "0", "{status}");
    let _agreement = network.check(&[0, 1, 2, 3]);
}

#[test]
fn senseless_requests_are_answered_with_a_problem() {
    let _turn = alone();
    let network = Network::start();
    let client = network.client(0);
    let good = issue(network.chain(), "GOOD");
    let foreign = issue(ledger::testing::CHAIN, "FOREIGN");
    let mut forged = good.bytes().to_vec();
    let last = forged.len() - 1;
    forged[last] ^= 1;
    let huge = vec![0; 10 * 1024 * 1024];
    let rows: [(&str, &[u8], u16, Option<&str>); 6] = [
        ("/v1/records", b"", 400, Some("MALFORMED")),
        ("/v1/records", b"{\"permit\": 1}", 400, Some("MALFORMED")),
        ("/v1/records", &forged, 422, Some("BAD_SIGNATURE")),
        ("/v1/records", foreign.bytes(), 422, Some("WRONG_CHAIN")),
        ("/v1/records", &huge, 413, None),
        ("/v1/nothing", b"", 404, Some("NOT_FOUND")),
    ];
    for (path, bytes, status, code) in rows {
        // A server may close the door while a huge body is still being sent.
        let Some(answer) = client.post(path, bytes) else {
            assert_eq!(status, 413);
            continue;
        };
        assert_eq!(answer.status, status, "{path} {:?}", answer.json);
        if code.is_some() {
            assert_eq!(answer.json["code"].as_str(), code);
        }
    }
    for path in [
        "/v1/permits/qs/12",
        "/v1/permits/QS/zz",
        "/v1/records/12",
        "/v1/blocks/99999999999999999999",
    ] {
        let answer = client.get(path).unwrap();
        assert!((400..500).contains(&answer.status), "{path}: {answer:?}");
    }
    assert_eq!(client.get("/v1/blocks/1000000").unwrap().status, 404);
    client.apply(&good);
    let _agreement = network.check(&[0, 1, 2, 3]);
}
