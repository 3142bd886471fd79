//! An auditor who trusts only a genesis: a whole chain is checked again, two nodes are compared.

use std::fs;
use std::sync::Arc;
use std::time::Instant;

use genesis::Genesis;
use ledger::audit::fork::Fork;
use ledger::block::{Block, Header};
use ledger::digest::{Digest, LogRoot, StateRoot};
use ledger::party::{OfficeNumber, Role};
use ledger::quorum::{PROTOCOL_VERSION, Quorum};
use ledger::record::{Port, Record, Sight, Statement};
use ledger::signed::Signed;
use serde_json::json;

use crate::chain::{Chain, GENESIS, now, party, specimen};
use crate::desk::{Device, Run, exists};
use crate::liars::other_chain;
use crate::node::Node;

const NUMBER: &str = "26QS000123";

/// A device whose node has six blocks: nothing, issue, endorsement, import, a refused import, nothing.
fn traded() -> Device {
    let device = Device::new();
    device.issue(NUMBER);
    device.endorse(NUMBER);
    device.import(NUMBER);
    let again = format!("QS/{NUMBER}");
    let import = [
        "import", &again, "--line", "A=958", "--port", "QNEST", "--yes",
    ];
    device.run_as("QN/customs", &import).ends(6);
    device.node.chain(|chain| chain.block(&[])).unwrap();
    device
}

fn verify(device: &Device, url: &str) -> Run {
    device.run_at(url, &["audit", "verify", "--json"])
}

/// Another device, which pinned the same genesis and has seen no block.
fn fresh() -> Device {
    let other = Device::bare();
    other.pin(&[]);
    other
}

#[test]
fn a_whole_chain_verifies_and_its_tip_becomes_a_checkpoint() {
    let device = traded();
    let auditor = fresh();
    let value = verify(&auditor, &device.node.url).ends(0).json();
    assert_eq!(value["schema"], "cites.audit/1");
    assert_eq!(
        (&value["height"], &value["applied"], &value["refused"]),
        (&json!("6"), &json!("3"), &json!("1"))
    );
    assert_eq!(
        (&value["office_signatures"], &value["offices"]),
        (&json!("4"), &json!(3))
    );
    // Four validators signed each of the six blocks, the newest too.
    assert_eq!(
        (&value["votes"], &value["validators"]),
        (&json!("24"), &json!(4))
    );
    let header = device.node.chain(|chain| chain.header(6).cloned()).unwrap();
    assert_eq!(value["block"], format!("sha256:{}", header.id()));
    assert_eq!(value["state_root"], format!("sha256:{}", header.state_root));
    assert_eq!(value["agrees_with_checkpoints"], json!([]));
    let trust = auditor.run(&["trust", "show", "--json"]).ends(0).json();
    assert_eq!(trust["checkpoints"][0]["height"], "6");
    auditor
        .run_at(&device.node.url, &["audit", "verify"])
        .ends(0)
        .says("VERIFIED   every block of demo-1 from genesis to height 6")
        .says("4: 3 applied, 1 refused")
        .says("4 signatures of 3 offices, 24 votes of 4 validators")
        .says("with what this device verified at height 6");
}

#[test]
fn what_the_device_verified_before_is_compared() {
    let device = Device::new();
    device.issue(NUMBER);
    let short = device.node.chain(|chain| chain.clone());
    device.endorse(NUMBER);
    device.import(NUMBER);
    device
        .run(&["audit", "verify"])
        .ends(0)
        .says("with 3 checkpoints of this device, the newest at height 4");
    // A node that lost what came after height 2, or hides it.
    let old = Node::new(short.clone());
    let run = verify(&device, &old.url).ends(5);
    assert_eq!(run.json()["code"], "BEHIND");
    // Validators made a second history after height 2.
    let mut branch = short;
    for _ in 0..6 {
        branch.block(&[]).unwrap();
    }
    let value = verify(&device, &Node::new(branch).url).ends(4).json();
    assert_eq!(
        (&value["code"], &value["height"]),
        (&json!("FORK"), &json!("3"))
    );
}

/// Exchanges a block's header and quorum; the quorum's name in the header stays true.
fn rewrite(chain: &mut Chain, height: usize, change: impl FnOnce(&mut Header, &mut Quorum)) {
    let block = Block::decode(&chain.bytes[height - 1]).unwrap();
    let (mut header, mut quorum) = (block.header().clone(), block.carried().unwrap().clone());
    change(&mut header, &mut quorum);
    header.carried_quorum = Some(quorum.digest());
    let changed = Block::new(header, Some(quorum), block.records()).unwrap();
    chain.bytes[height - 1] = changed.bytes().to_vec();
}

/// Turns one bit where these bytes stand in a block.
fn touch(chain: &mut Chain, height: usize, what: &[u8]) {
    let bytes = &mut chain.bytes[height - 1];
    let place = bytes.windows(what.len()).position(|part| part == what);
    bytes[place.unwrap()] ^= 1;
}

/// Puts other records into a block, under its old header.
fn refill(chain: &mut Chain, height: usize, from: Option<usize>) {
    let block = Block::decode(&chain.bytes[height - 1]).unwrap();
    let records = from.map_or_else(Vec::new, |from| {
        let other = Block::decode(&chain.bytes[from - 1]).unwrap();
        other.records().to_vec()
    });
    let changed = Block::new(block.header().clone(), block.carried().cloned(), &records);
    chain.bytes[height - 1] = changed.unwrap().bytes().to_vec();
}

/// What is damaged, how, the code, the height.
type Row = (&'static str, fn(&mut Chain), &'static str, &'static str);

const ROWS: [Row; 15] = [
    (
        "one byte of a record",
        |chain| {
            let block = Block::decode(&chain.bytes[1]).unwrap();
            let nonce = block.records()[0].record().nonce;
            touch(chain, 2, &nonce);
        },
        "BAD_SIGNATURE",
        "2",
    ),
    (
        "one byte of an office's signature",
        |chain| *chain.bytes[2].last_mut().unwrap() ^= 1,
        "BAD_SIGNATURE",
        "3",
    ),
    (
        "a signature of a quorum",
        |chain| {
            let block = Block::decode(&chain.bytes[3]).unwrap();
            let signature = block.carried().unwrap().signatures[2].signature;
            touch(chain, 4, &signature.0);
        },
        "BAD_QUORUM",
        "3",
    ),
    (
        "the same, and the header that names it",
        |chain| {
            rewrite(chain, 4, |_, quorum| {
                quorum.signatures[2].signature.0[0] ^= 1;
            });
        },
        "BAD_QUORUM",
        "3",
    ),
    (
        "a quorum of two",
        |chain| rewrite(chain, 4, |_, quorum| quorum.signatures.truncate(2)),
        "BAD_QUORUM",
        "3",
    ),
    (
        "a wrong state root",
        |chain| {
            rewrite(chain, 3, |header, _| {
                header.state_root = StateRoot(Digest([7; 32]));
            });
        },
        "BAD_STATE_ROOT",
        "3",
    ),
    (
        "a wrong log root",
        |chain| {
            rewrite(chain, 3, |header, _| {
                header.log_root = LogRoot(Digest([7; 32]));
            });
        },
        "BAD_LOG_ROOT",
        "3",
    ),
    (
        "a time before the block before",
        |chain| rewrite(chain, 3, |header, _| header.time.0 = 1),
        "BAD_TIME",
        "3",
    ),
    (
        "a builder that builds nothing",
        |chain| {
            rewrite(chain, 3, |header, _| {
                header.proposer = specimen("QS", "customs").public();
            });
        },
        "BAD_VALIDATORS",
        "3",
    ),
    (
        "another builder",
        |chain| {
            let other = Genesis::parse(GENESIS).unwrap().validators().members()[3].key;
            rewrite(chain, 3, |header, _| header.proposer = other);
        },
        "BROKEN_LINK",
        "4",
    ),
    (
        "a record that is gone",
        |chain| refill(chain, 3, None),
        "BAD_STATE_ROOT",
        "3",
    ),
    (
        "a record that is there twice",
        |chain| refill(chain, 4, Some(3)),
        "INADMISSIBLE",
        "4",
    ),
    (
        "a missing block",
        |chain| chain.bytes[2].clear(),
        "MISSING_BLOCK",
        "3",
    ),
    (
        "two blocks swapped",
        |chain| chain.bytes.swap(2, 3),
        "BROKEN_LINK",
        "3",
    ),
    (
        "half a block",
        |chain| chain.bytes[4].truncate(200),
        "BAD_BLOCK",
        "5",
    ),
];

#[test]
fn each_kind_of_damage_is_named_with_its_height_and_nothing_is_saved() {
    let device = traded();
    let auditor = fresh();
    let sound = device.node.chain(|chain| chain.clone());
    for (what, damage, code, height) in ROWS {
        let mut chain = sound.clone();
        damage(&mut chain);
        let node = Node::new(chain);
        let run = verify(&auditor, &node.url);
        assert_eq!(run.code, 4, "{what}: {run:#?}");
        let value = run.json();
        assert_eq!(
            (&value["code"], &value["height"]),
            (&json!(code), &json!(height)),
            "{what}: {run:#?}"
        );
        let error = format!("block {height}: ");
        assert!(
            value["error"].as_str().unwrap().starts_with(&error),
            "{what}"
        );
    }
    let trust = auditor.run(&["trust", "show", "--json"]).ends(0).json();
    assert_eq!(trust["checkpoints"], json!([]));
}

#[test]
fn a_bad_quorum_names_the_party_and_a_forger_gets_no_further() {
    let device = traded();
    let auditor = fresh();
    let mut chain = device.node.chain(|chain| chain.clone());
    rewrite(&mut chain, 4, |_, quorum| {
        quorum.signatures[2].signature.0[0] ^= 1;
    });
    let third = Genesis::parse(GENESIS).unwrap().validators().members()[2].party;
    auditor
        .run_at(&Node::new(chain).url, &["audit", "verify"])
        .ends(4)
        .says(&format!("validator of {third}"))
        .says("all up to height 2 holds");
    // Blocks 7 and 8 are by somebody who has every key but those of the validators.
    for more in 1..=2 {
        let mut forged = device.node.chain(|chain| chain.forged());
        for _ in 0..more {
            forged.block(&[]).unwrap();
        }
        let value = verify(&auditor, &Node::new(forged).url).ends(4).json();
        assert_eq!(
            (&value["code"], &value["height"]),
            (&json!("BAD_QUORUM"), &json!("7"))
        );
    }
}

#[test]
fn a_node_of_another_network_or_none_at_all_is_told_apart() {
    let device = traded();
    let other = Node::new(other_chain());
    let value = verify(&device, &other.url).ends(4).json();
    assert_eq!(
        (&value["code"], &value["height"]),
        (&json!("WRONG_CHAIN"), &json!("1"))
    );
    let gone = "http://127.0.0.1:9";
    assert_eq!(verify(&device, gone).ends(5).json()["code"], "UNREACHABLE");
    let compare = ["audit", "compare", gone, &device.node.url, "--json"];
    assert_eq!(device.run(&compare).ends(5).json()["code"], "UNREACHABLE");
    let compare = ["audit", "compare", &device.node.url, &other.url, "--json"];
    assert_eq!(device.run(&compare).ends(4).json()["code"], "WRONG_CHAIN");
    device.run(&["audit", "verify", "--offline"]).ends(2);
}

#[test]
fn two_nodes_that_agree_and_one_that_is_behind() {
    let device = traded();
    let twin = Node::new(device.node.chain(|chain| chain.clone()));
    let compare = ["audit", "compare", &device.node.url, &twin.url];
    device
        .run(&compare)
        .ends(0)
        .says("SAME   both nodes have the same chain up to height 6")
        .says("behind    neither");
    twin.chain(|chain| {
        for _ in 0..3 {
            chain.block(&[]).unwrap();
        }
    });
    let run = device.run(&[&compare[..], &["--json"]].concat()).ends(0);
    let value = run.json();
    assert_eq!(value["schema"], "cites.comparison/1");
    assert_eq!(value["same_to"], "6");
    assert_eq!(value["behind"], device.node.url);
    assert_eq!(value["behind_by"], "3");
}

#[test]
fn a_fork_is_written_down_with_those_who_signed_both() {
    let device = traded();
    let sound = device.node.chain(|chain| chain.clone());
    let mut one = sound.signed_by(&["QS", "QT", "QN"]);
    let mut other = sound.signed_by(&["QT", "QN", "QP"]);
    for _ in 0..5 {
        one.block(&[]).unwrap();
    }
    // The fork itself is the newest block here: its quorum comes with a proof.
    other.block(&[sighting(&sound, 1)]).unwrap();
    let (one, other) = (Node::new(one), Node::new(other));
    let compare = ["audit", "compare", &one.url, &other.url];
    device
        .run(&compare)
        .ends(4)
        .says("two final blocks at height 7; up to height 6 the chains are the same")
        .says("in one round, which no honest node does");
    let value = device
        .run(&[&compare[..], &["--json"]].concat())
        .ends(4)
        .json();
    assert_eq!(
        (&value["code"], &value["height"]),
        (&json!("FORK"), &json!("7"))
    );
    let mut parties: Vec<_> = value["signed_both"].as_array().unwrap().clone();
    parties.sort_by_key(ToString::to_string);
    assert_eq!(parties, [json!("QN"), json!("QT")]);
    assert_eq!(value["evidence"], "fork-7.cites");
    let fork = Fork::decode(&fs::read(device.path("fork-7.cites")).unwrap()).unwrap();
    assert_eq!(fork.check(sound.id).unwrap().len(), 2);
    assert_eq!(
        fork.validators,
        *Genesis::parse(GENESIS).unwrap().validators()
    );
    let shown = device
        .run(&["inspect", "fork-7.cites", "--json"])
        .ends(0)
        .json();
    assert_eq!(
        (&shown["type"], &shown["holds"]),
        (&json!("fork"), &json!(true))
    );
    device
        .run(&["inspect", "fork-7.cites"])
        .ends(0)
        .says("both quorums hold");
    let mut one_twice = fork.clone();
    one_twice.other = fork.one.clone();
    assert!(one_twice.check(sound.id).is_err());
}

#[test]
fn a_node_that_differs_without_a_quorum_is_no_fork() {
    let device = traded();
    let mut sound = device.node.chain(|chain| chain.clone());
    let mut forged = sound.forged();
    forged.block(&[sighting(&sound, 1)]).unwrap();
    for chain in [&mut sound, &mut forged] {
        chain.block(&[]).unwrap();
        chain.block(&[]).unwrap();
    }
    let (one, other) = (Node::new(sound), Node::new(forged));
    let compare = ["audit", "compare", &one.url, &other.url, "--json"];
    let value = device.run(&compare).ends(4).json();
    assert_eq!(
        (&value["code"], &value["height"], &value["node"]),
        (&json!("BAD_QUORUM"), &json!("7"), &json!(other.url))
    );
    assert!(!exists(&device.path("fork-7.cites")));
}

/// Transit customs see a permit that they know only by its number.
fn sighting(chain: &Chain, nonce: u64) -> Arc<Signed> {
    let genesis = Genesis::parse(GENESIS).unwrap();
    let offices = &genesis.member(party("QT")).unwrap().offices;
    let place = offices
        .iter()
        .position(|office| office.role == Role::Customs)
        .unwrap();
    let mut number = [0; 16];
    number[..8].copy_from_slice(&nonce.to_be_bytes());
    let mut permit = [0; 32];
    permit[..8].copy_from_slice(&(nonce / 4).to_be_bytes());
    let made_at = now();
    let record = Record {
        version: PROTOCOL_VERSION,
        chain: chain.id,
        author: party("QT"),
        offices: vec![OfficeNumber(u16::try_from(place).unwrap() + 1)],
        statement: Statement::Sight(Sight {
            permit: ledger::record::PermitKey {
                issuer: party("QS"),
                number: ledger::digest::NumberHash(Digest(permit)),
            },
            port: Port::new("QTMAR").unwrap(),
        }),
        made_at,
        checkpoint: None,
        after: None,
        good_until: made_at.plus_ms(24 * 60 * 60 * 1000),
        nonce: number,
    };
    Arc::new(Signed::sign(&record, &[&specimen("QT", "customs")]).unwrap())
}

/// `AUDIT_BLOCKS=200 cargo test -p cli --test cites records_in_a_second -- --nocapture` is a measurement.
#[test]
fn records_in_a_second() {
    const EACH: u64 = 500;
    let blocks = std::env::var("AUDIT_BLOCKS").map_or(1, |blocks| blocks.parse().unwrap());
    let device = Device::new();
    for first in (0..blocks).map(|block| block * EACH) {
        let nonces = first..first + EACH;
        device.node.chain(|chain| {
            let records: Vec<_> = nonces.map(|nonce| sighting(chain, nonce)).collect();
            chain.block(&records).unwrap();
        });
    }
    let records = blocks * EACH;
    for _ in 0..3 {
        let begun = Instant::now();
        let value = verify(&device, &device.node.url).ends(0).json();
        let took = begun.elapsed().as_millis();
        assert_eq!(value["applied"], records.to_string());
        let rate = u128::from(records) * 1000 / took.max(1);
        eprintln!("{records} records in {blocks} blocks: {took} ms, {rate} records/s");
    }
}
