//! A node that lies, a proof that somebody made himself: nothing of it ever turns green.

use std::fs;
use std::time::{Duration, Instant};

use genesis::ceremony;
use genesis::check::check;
use genesis::file::{NodeEntry, OfficeEntry, PartyEntry};
use ledger::limits::PROOF_BYTES_MAX;
use ledger::parameters::Parameters;
use ledger::party::Role;

use crate::chain::{Chain, party, specimen};
use crate::desk::Device;
use crate::node::{Desk, Manner};

const NUMBER: &str = "26QS000123";

/// A device with a permit that an honest node would show green.
fn green() -> (Device, String) {
    let device = Device::new();
    let xml = device.issue(NUMBER);
    device.endorse(NUMBER);
    (device, xml)
}

#[test]
fn each_lie_has_its_light_and_none_is_green() {
    let (device, xml) = green();
    device.issue("26QS000124");
    let other_permit = device.permit_key("26QS000124");
    let truncate: fn(&mut Vec<u8>) = |bytes| bytes.truncate(bytes.len() / 2);
    let lengthen: fn(&mut Vec<u8>) = |bytes| bytes.push(0);
    let empty: fn(&mut Vec<u8>) = Vec::clear;
    let rows = [
        (
            "another permit",
            Manner::OfAnother(other_permit),
            4,
            "OTHER_PERMIT",
        ),
        (
            "another chain",
            Manner::From(Box::new(other_chain())),
            3,
            "OTHER_NETWORK",
        ),
        (
            "garbage",
            Manner::Bytes(b"not a proof".to_vec()),
            3,
            "UNREADABLE",
        ),
        ("truncated", Manner::Changed(truncate), 3, "UNREADABLE"),
        ("lengthened", Manner::Changed(lengthen), 3, "UNREADABLE"),
        ("empty", Manner::Changed(empty), 3, "UNREADABLE"),
        (
            "huge",
            Manner::Bytes(vec![0; PROOF_BYTES_MAX + 1]),
            3,
            "UNREADABLE",
        ),
        ("endless", Manner::Endless, 3, "UNREADABLE"),
        (
            "not in sync",
            Manner::Status(503, "{\"code\":\"NOT_IN_SYNC\",\"detail\":\"behind\"}"),
            3,
            "OFFLINE",
        ),
        ("a redirect", Manner::Status(302, ""), 3, "OFFLINE"),
        ("a page", Manner::Status(404, "<html>"), 3, "OFFLINE"),
    ];
    fs::remove_file(device.path("26QS000123.citesproof")).unwrap();
    device.run(&["verify", &xml]).ends(0);
    for (lie, manner, code, reason) in rows {
        device.node.answers(manner);
        let run = device.run(&["verify", &xml, "--json"]);
        assert_eq!(run.code, code, "{lie}: {run:#?}");
        assert_eq!(run.codes()[0], reason, "{lie}");
    }
}

#[test]
fn a_silent_node_ends_in_amber_within_the_time_given() {
    let (device, xml) = green();
    fs::remove_file(device.path("26QS000123.citesproof")).unwrap();
    device.node.answers(Manner::Silent);
    let start = Instant::now();
    let run = device
        .run(&["verify", &xml, "--timeout", "1", "--json"])
        .ends(3);
    assert_eq!(run.codes(), ["OFFLINE"]);
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "{:?}",
        start.elapsed()
    );
    let run = device
        .run_at("http://127.0.0.1:1", &["verify", &xml, "--json"])
        .ends(3);
    assert_eq!(run.codes(), ["OFFLINE"]);
}

#[test]
fn blocks_signed_with_other_keys_are_a_bad_seal() {
    let device = Device::new();
    let xml = device.issue(NUMBER);
    // The forger endorses his own copy of the chain, so that it would be green if anybody believed it.
    let mut forged = device.node.chain(|chain| chain.forged());
    device.endorse(NUMBER);
    forged.block(&[]).unwrap();
    forged.block(&[]).unwrap();
    device.node.answers(Manner::From(Box::new(forged)));
    let run = device.run(&["verify", &xml, "--json"]).ends(4);
    assert_eq!(run.codes(), ["BAD_SEAL"]);
    assert_eq!(run.json()["checks"]["finality"], "fail");
}

#[test]
fn no_changed_byte_of_a_proof_leaves_it_green() {
    let (device, xml) = green();
    // A block that this device has not verified yet: of one that it has, the votes are not counted again.
    device.node.chain(|chain| chain.block(&[])).unwrap();
    let permit = device.permit_key(NUMBER);
    let honest = device.node.chain(|chain| chain.proof(&permit).encode());
    // As many as a test may take; the ledger's own tests change every bit.
    for step in 0..24 {
        let mut bytes = honest.clone();
        let place = step * bytes.len() / 24;
        bytes[place] ^= 1 << (step % 8);
        device.node.answers(Manner::Bytes(bytes));
        let run = device.run(&["verify", &xml, "--json"]);
        assert!(matches!(run.code, 3 | 4), "byte {place}: {run:#?}");
    }
}

#[test]
fn old_data_are_stale_and_a_block_older_than_one_seen_is_stale_however_fresh() {
    let (device, xml) = green();
    let before = device.node.chain(|chain| chain.clone());
    device.import(NUMBER);
    device.run(&["verify", &xml]).ends(4).says("USED");
    // The node shows the state before the import, which is a second old and truly final.
    device.node.answers(Manner::From(Box::new(before)));
    let run = device.run(&["verify", &xml, "--json"]).ends(3);
    assert_eq!(run.codes(), ["STALE"]);
    assert_eq!(run.json()["checks"]["freshness"], "fail");
    device
        .run(&["verify", &xml])
        .ends(3)
        .says("this device has seen height 4");

    let mut old = Chain::new();
    old.age_ms = 11 * 60 * 1000;
    old.block(&[]).unwrap();
    let other = Device::new();
    other.node.answers(Manner::From(Box::new(old)));
    let run = other.run(&["verify", "QS/26QS000123", "--json"]).ends(4);
    assert_eq!(run.codes(), ["NOT_ISSUED", "STALE"]);
    let run = other
        .run(&["verify", "QS/26QS000123", "--json", "--max-age", "20m"])
        .ends(4);
    assert_eq!(run.codes(), ["NOT_ISSUED"]);
}

#[test]
fn what_a_node_only_says_of_a_record_is_not_believed() {
    let (device, _) = green();
    let name = "QS/26QS000123";
    let import: &[&str] = &[
        "import", name, "--line", "A=958", "--port", "QNHAR", "--yes",
    ];
    let sight: &[&str] = &["sight", name, "--port", "QNHAR"];
    let refuse: &[&str] = &[
        "refuse", name, "--reason", "USED", "--port", "QNHAR", "--yes",
    ];
    for (what, arguments, desk) in [
        ("refused, and kept", import, Desk::Liar(Some("USED"))),
        ("spent", import, Desk::Liar(None)),
        ("seen", sight, Desk::Liar(None)),
        ("refused", refuse, Desk::Liar(None)),
        ("not seen", sight, Desk::Liar(Some("ROLE"))),
    ] {
        device.node.takes(desk);
        let run = device.run_as("QN/customs", &[arguments, &["--json"]].concat());
        assert_eq!(run.code, 9, "{what}: {run:#?}");
        assert_eq!(run.json()["code"], "NOT_PROVEN", "{what}");
        assert_eq!(run.json()["status"], "unknown", "{what}");
    }
    // The import is logged, and the node would have it tried again.
    device.node.takes(Desk::Denier("WRONG_PARTY"));
    let run = device.run_as("QN/customs", &[import, &["--json"]].concat());
    assert_eq!(
        (run.code, run.json()["code"].as_str()),
        (9, Some("NOT_PROVEN"))
    );
    assert!(device.state(NUMBER).import.is_some());
}

#[test]
fn a_proof_of_an_outcome_is_asked_for_by_the_records_name() {
    let (device, _) = green();
    let run = device
        .run_as(
            "QT/customs",
            &["sight", "QS/26QS000123", "--port", "QTMAR", "--json"],
        )
        .ends(0);
    let record = run.json()["record"]
        .as_str()
        .unwrap()
        .replace("sha256:", "");
    let asked = device.node.asked();
    let proof = asked.last().unwrap();
    assert!(proof.starts_with("GET /v1/proofs/"), "{proof}");
    assert!(proof.contains(&format!("&record={record}")), "{proof}");
}

#[test]
fn a_list_without_end_or_sense_is_given_up() {
    let device = Device::new();
    let signals = ["signals", "open", "--party", "QS", "--json"];
    let statistics = ["statistics", "--party", "QS", "--year", "2026", "--json"];
    for body in [
        "{\"items\":[],\"next\":\"00\"}",
        "{\"items\":[],\"next\":\"0/../../healthz\"}",
        "<html>",
    ] {
        device.node.answers(Manner::Bytes(body.into()));
        device.run(&signals).ends(5);
    }
    device.run(&statistics).ends(5);
    device.run(&["register", "show", "QS"]).ends(5);
    // No answer is no list: what is not there is not made up.
    device.node.answers(Manner::Bytes(b"{}".to_vec()));
    let run = device.run(&signals).ends(0);
    assert_eq!(run.json()["items"], serde_json::json!([]));
}

#[test]
fn a_refusal_stands_when_the_node_does_not_explain_it() {
    let (device, _) = green();
    device.import(NUMBER);
    let import = [
        "import",
        "QS/26QS000123",
        "--line",
        "A=1",
        "--port",
        "QNHAR",
        "--yes",
        "--json",
    ];
    let run = device.run_as("QN/customs", &import).ends(6);
    let rows = run.json()["broken"].clone();
    assert_eq!(rows[0]["code"], "USED");
    assert!(
        rows.as_array()
            .unwrap()
            .iter()
            .all(|row| row["rule"].is_string())
    );
    device.node.explains_nothing();
    let run = device.run_as("QN/customs", &import).ends(6);
    assert_eq!(run.json()["code"], "USED");
    assert!(run.json().get("broken").is_none());
}

#[test]
fn a_hostile_text_cannot_write_to_the_terminal() {
    let (device, xml) = green();
    fs::remove_file(device.path("26QS000123.citesproof")).unwrap();
    device.node.answers(Manner::Status(
        500,
        "{\"detail\":\"\\u001b[2J\\u001b[32mVALID\\u202e\"}",
    ));
    let run = device.run(&["verify", &xml]).ends(3).says("[2J[32mVALID");
    assert!(
        run.stderr
            .chars()
            .chain(run.stdout.chars())
            .all(|c| c == '\n' || !c.is_control()),
        "{run:#?}"
    );
}

/// A chain of another network, whose every validator signs.
pub(crate) fn other_chain() -> Chain {
    let mut file = ceremony::new("demo-2", &Parameters::default()).unwrap();
    let network = genesis::NetworkName::parse("demo-2").unwrap();
    for code in ["QS", "QT", "QN", "QP"] {
        let code_of = party(code);
        let office = |role: Role| {
            OfficeEntry::proven(&network, code_of, role, &specimen(code, role.as_str()))
        };
        let node = NodeEntry::follower(&network, code_of, &specimen(code, "peer"));
        file.parties.push(PartyEntry {
            code: code.into(),
            name: code.into(),
            customs_union: None,
            import_permit_for_ii: false,
            accepts_unendorsed: false,
            offices: vec![office(Role::Management), office(Role::Customs)],
            nodes: vec![node.with_vote(&network, code_of, &specimen(code, "validator"), 1)],
        });
    }
    let mut chain = Chain::of(&check(&file).unwrap());
    chain.block(&[]).unwrap();
    chain
}
