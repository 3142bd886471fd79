//! The samples: one story, and beside it whatever the story does not show.

use ledger::block::{Block, Header};
use ledger::codec;
use ledger::codes::{Appendix, Source};
use ledger::digest::{BlockId, Tag, hash, preimage, sha256};
use ledger::log::{prove_consistency, prove_inclusion};
use ledger::parameters::Parameters;
use ledger::party::{Height, Office, OfficeNumber, Party, Role};
use ledger::permit::number::{normalise, number_hash};
use ledger::proof::{HandOver, Proof};
use ledger::quantity::Quantity;
use ledger::quorum::{Ballot, Round, Step};
use ledger::reason::Reason;
use ledger::record::{CancelReason, Checkpoint, Issue, Origin, Record, Statement};
use ledger::signed::Signed;
use ledger::state::{Leaf, PermitState, ReportState, StateKey, View as _};
use ledger::testing::{
    CHAIN, START, TestLedger, VALIDATORS, cancel, endorse, import, issue, line, office_key, party,
    permit, quantities, quorum_of, record, refuse, sight, sign, validator_set, voting_key,
};
use ledger::tree::KeyHash;
use serde_json::json;

use super::{File, Vector};
use crate::documents::documents;
use crate::fields::{Fields as _, hex};

const MANAGEMENT: (&str, Role) = ("QS", Role::Management);
const EXPORT: (&str, Role) = ("QS", Role::Customs);
const TRANSIT: (&str, Role) = ("QT", Role::Customs);
const IMPORT: (&str, Role) = ("QN", Role::Customs);

/// Everything that is pinned, file by file.
pub(crate) fn files() -> Vec<File> {
    let story = story();
    vec![
        digests(),
        documents(),
        records(),
        votes(&story),
        blocks(&story),
        state(&story),
        state_proofs(&story),
        log_proofs(&story),
        proofs(&story),
    ]
}

/// Issued, endorsed, seen, imported, refused, at heights 1 to 6; a number reported that was never issued.
fn story() -> TestLedger {
    let mut ledger = TestLedger::default();
    let (key, forged) = (permit("26QS000123/AA"), permit("26QS000999/AA"));
    let statements = [
        (MANAGEMENT, Statement::Issue(issue("26QS000123/AA"))),
        (EXPORT, endorse(key, quantities(96, 20))),
        (TRANSIT, sight(key)),
        (IMPORT, import(key, quantities(95, 20))),
        (IMPORT, import(key, quantities(95, 20))),
        (TRANSIT, refuse(forged, Reason::NotIssued)),
    ];
    for (number, (speaker, statement)) in (0..).zip(statements) {
        ledger.state_now(speaker, statement, START.plus_ms(number * 60_000));
    }
    ledger
}

fn digests() -> File {
    let hashed = |tag: Tag, parts: &[&[u8]]| {
        Vector::plain(
            tag.as_str(),
            json!({ "tag": tag.as_str(), "parts": parts.iter().map(hex).collect::<Vec<_>>() }),
            preimage(tag, parts),
        )
        .with("sha256", hex(hash(tag, parts)))
    };
    let number = |text: &str| {
        let digest = number_hash(CHAIN, party("QS"), text);
        let normal = normalise(text);
        let parts = [CHAIN.as_ref(), b"QS", normal.as_bytes()];
        let fields =
            json!({ "chain": hex(CHAIN), "party": "QS", "number": text, "normal": normal });
        assert_eq!(digest.0, hash(Tag::PermitNumber, &parts));
        Vector::plain("permit-number", fields, preimage(Tag::PermitNumber, &parts))
            .with("sha256", hex(digest))
    };
    let mut vectors: Vec<_> = Tag::ALL.iter().map(|tag| hashed(*tag, &[])).collect();
    vectors.push(hashed(Tag::Header, &[b"", b"one", &[0; 9]]));
    vectors.extend(
        [
            "26QS000123/AA",
            " 26qs000123/aa\n",
            "26  QS\t1",
            "e\u{301}-1",
        ]
        .map(number),
    );
    File::new(
        "digests",
        "H(tag, parts) = SHA-256 of the bytes: the tag and then each part, each after its length as 8 bytes, big-endian.",
        vectors,
    )
}

fn full_issue() -> Issue {
    let mut full = issue("26QS000124/AA");
    full.stamp = Some(sha256(b"stamp"));
    full.retrospective = true;
    full.replaces = Some(permit("26QS000123/AA").number);
    full.import_permit = Some(permit("26QN000007"));
    full.lines[0].appendix = Appendix::I;
    full.lines[0].source = Source::RegisteredOperation;
    full.lines[0].authorised = Quantity::from_scaled(125_001).unwrap();
    full.lines[1].authorised = Quantity::MAX;
    full.lines[1].origins = vec![Origin {
        permit: permit("26QS000001"),
        line: line(27),
        drawn: Quantity::from_scaled(1).unwrap(),
    }];
    full
}

fn records() -> File {
    let key = permit("26QS000123/AA");
    let made = |speaker, statement| record(speaker, statement, START, 7);
    let full = Record {
        offices: vec![OfficeNumber(1), OfficeNumber(3)],
        checkpoint: Some(Checkpoint {
            height: Height(6),
            block: BlockId(sha256(b"block")),
        }),
        after: Some(ledger::digest::RecordDigest(sha256(b"record"))),
        ..made(MANAGEMENT, Statement::Issue(full_issue()))
    };
    let passport = Issue {
        kind: ledger::codes::Kind::MusicalInstrument,
        destination: None,
        ..issue("26QS000125/AA")
    };
    let records = [
        (
            "issue",
            made(MANAGEMENT, Statement::Issue(issue("26QS000123/AA"))),
        ),
        ("issue-with-every-field", full),
        (
            "issue-of-a-passport",
            made(MANAGEMENT, Statement::Issue(passport)),
        ),
        ("endorse", made(EXPORT, endorse(key, quantities(96, 20)))),
        ("sight", made(TRANSIT, sight(key))),
        ("import", made(IMPORT, import(key, quantities(95, 0)))),
        ("refuse", made(TRANSIT, refuse(key, Reason::Altered))),
        (
            "cancel",
            made(MANAGEMENT, cancel(key, CancelReason::Stolen)),
        ),
    ];
    let vectors = records.into_iter().flat_map(|(name, record)| {
        let bytes = codec::encode(&record);
        let signed = sign(&record);
        let message = preimage(Tag::RecordSignature, &[&[1], CHAIN.as_ref(), &bytes]);
        let keys = record.offices.iter().map(|office| {
            let key = office_key(record.author, *office);
            hex(key.public().as_bytes())
        });
        let keys: Vec<_> = keys.collect();
        let envelope =
            json!({ "record": hex(&bytes), "signatures": signatures(&record), "keys": keys });
        assert_eq!(Signed::decode(signed.bytes()).as_ref(), Ok(&*signed));
        [
            Vector::of(&format!("record-{name}"), &record)
                .with("digest", hex(signed.digest()))
                .with("message", hex(&message)),
            Vector::plain(&format!("signed-{name}"), envelope, signed.bytes().to_vec())
                .typed("Signed"),
        ]
    });
    File::new(
        "records",
        "Record is what offices sign; digest = H(\"record\", bytes). Signed is a map of 0: record bytes, 1: one Ed25519 signature for each office over the message.",
        vectors.collect(),
    )
}

fn signatures(record: &Record) -> Vec<String> {
    let message = preimage(
        Tag::RecordSignature,
        &[&[1], CHAIN.as_ref(), &codec::encode(record)],
    );
    let offices = record.offices.iter();
    offices
        .map(|office| hex(office_key(record.author, *office).sign(&message).0))
        .collect()
}

fn votes(story: &TestLedger) -> File {
    let (header, _) = &story.blocks[0];
    let voter = voting_key(1);
    let rows = [
        ("prevote", Step::Prevote, Some(header.id()), 0),
        ("prevote-nil", Step::Prevote, None, 1),
        ("precommit", Step::Precommit, Some(header.id()), 0),
        ("precommit-nil", Step::Precommit, None, u32::MAX),
    ];
    let vectors = rows.map(|(name, step, value, round)| {
        let ballot = Ballot {
            height: header.height,
            round: Round(round),
            step,
            value,
            voter: voter.public(),
        };
        let fields = json!({
            "chain": hex(CHAIN),
            "height": ballot.height.0,
            "round": round,
            "step": name.trim_end_matches("-nil"),
            "value": value.map(hex),
            "voter": hex(voter.public().as_bytes()),
        });
        let message = ballot.preimage(CHAIN);
        let signature = hex(voter.sign(&message).0);
        Vector::plain(&format!("ballot-{name}"), fields, message).with("signature", signature)
    });
    File::new(
        "votes",
        "What a validator signs: tag \"vote\", then version, chain, height and round (8 and 4 bytes, big-endian), step, block id (empty for nil) and voter, framed as digests are.",
        vectors.into(),
    )
}

fn blocks(story: &TestLedger) -> File {
    let set = validator_set(&VALIDATORS);
    let mut vectors = vec![Vector::of("validators", &set).with("digest", hex(set.digest()))];
    for (name, (header, quorum)) in ["1", "2"].iter().zip(&story.blocks) {
        vectors.push(Vector::of(&format!("header-{name}"), header).with("id", hex(header.id())));
        vectors.push(
            Vector::of(&format!("quorum-{name}"), quorum).with("digest", hex(quorum.digest())),
        );
    }
    let (header, _) = &story.blocks[1];
    let carried = story.blocks[0].1.clone();
    let leaf: Leaf = codec::decode(story.state.leaf(1).unwrap(), 70_000).unwrap();
    let signed = std::sync::Arc::new(Signed::decode(&leaf.signed).unwrap());
    let block = Block::new(header.clone(), Some(carried.clone()), &[signed]).unwrap();
    let fields = json!({
        "header": header.fields(),
        "carried": carried.fields(),
        "records": [hex(&leaf.signed)],
    });
    vectors.push(Vector::plain("block-2", fields, block.bytes().to_vec()).typed("Block"));
    File::new(
        "blocks",
        "Block id = H(\"header\", bytes), quorum digest = H(\"quorum\", bytes), validators digest = H(\"validators\", bytes).",
        vectors,
    )
}

fn state(story: &TestLedger) -> File {
    let key = permit("26QS000123/AA");
    let mut vectors = Vec::new();
    let mut permit_at = |name: &str, permit: &PermitState| {
        vectors.push(Vector::of(&format!("permit-state-{name}"), permit));
    };
    let used = story.permit(&key).unwrap();
    permit_at("used", &used);
    let mut ledger = TestLedger::default();
    ledger.state_now(MANAGEMENT, Statement::Issue(issue("1")), START);
    permit_at("issued", &ledger.permit(&permit("1")).unwrap());
    ledger.state_now(
        MANAGEMENT,
        cancel(permit("1"), CancelReason::Lost),
        START.plus_ms(1),
    );
    permit_at("cancelled", &ledger.permit(&permit("1")).unwrap());
    let every = PermitState {
        stamp: Some(sha256(b"stamp")),
        retrospective: true,
        replaces: Some(permit("1").number),
        replaced_by: Some(permit("2").number),
        ..used
    };
    permit_at("with-every-field", &every);
    let report: ReportState =
        ledger::state::read(&story.state, &StateKey::report(&permit("26QS000999/AA")))
            .unwrap()
            .unwrap();
    vectors.push(Vector::of("report-state", &report));
    for (name, index) in [("applied", 3), ("refused", 4)] {
        let leaf: Leaf = codec::decode(story.state.leaf(index).unwrap(), 70_000).unwrap();
        vectors.push(Vector::of(&format!("receipt-{name}"), &leaf.receipt));
        vectors.push(Vector::of(&format!("leaf-{name}"), &leaf));
    }
    let parameters = Parameters::default();
    vectors.push(Vector::of("parameters", &parameters));
    for (name, union) in [("alone", None), ("in-a-union", Some("NORTH".into()))] {
        let party = Party {
            accepts_unendorsed: union.is_some(),
            union,
        };
        vectors.push(Vector::of(&format!("party-{name}"), &party));
    }
    for (name, active_until) in [("active", None), ("ended", Some(Height(9)))] {
        let place = KeyHash::of(StateKey::office(party("QS"), OfficeNumber(2)).as_ref());
        let bytes = story.state.value(place).unwrap().unwrap();
        let office = Office {
            active_until,
            ..codec::decode(&bytes, 200).unwrap()
        };
        vectors.push(Vector::of(&format!("office-{name}"), &office));
    }
    File::new(
        "state",
        "Values of the authenticated map, and leaves of the log.",
        vectors,
    )
}

fn state_proofs(story: &TestLedger) -> File {
    let present = [
        StateKey::permit(&permit("26QS000123/AA")),
        StateKey::parameters(),
        StateKey::party(party("QN")),
    ];
    // Some that end at an empty place, and some at the leaf of another key.
    let unknown = (0..40).map(|number| StateKey::permit(&permit(&number.to_string())));
    let (at_leaf, at_nothing): (Vec<_>, Vec<_>) =
        unknown.partition(|key| story.entry(key).path.other.is_some());
    let absent = at_leaf.iter().take(3).chain(at_nothing.iter().take(3));
    let vector = |key: &StateKey| {
        let entry = story.entry(key);
        let kind = if entry.value.is_some() {
            "present"
        } else {
            "absent"
        };
        Vector::of(&format!("path-{kind}"), &entry.path).with("fields", entry.fields())
    };
    let vectors: Vec<_> = present.iter().chain(absent).map(vector).collect();
    let file = File::new(
        "state_proofs",
        "Proofs that a key has a value, or is absent (null), under the state root. tests/verify_proof.py holds the rule.",
        vectors,
    );
    file.with("state_root", json!(hex(story.state_root)))
}

fn log_proofs(story: &TestLedger) -> File {
    let (header, _) = story.blocks.last().unwrap();
    let mut vectors = Vec::new();
    for index in 0..header.log_size {
        let path = prove_inclusion(&story.state, header.log_size, index).unwrap();
        let leaf = story.state.leaf(index).unwrap();
        assert!(path.shows(&header.log(), index, leaf));
        let fields = json!({
            "index": index,
            "leaf": hex(leaf),
            "path": path.fields(),
        });
        vectors.push(Vector::of("inclusion", &path).with("fields", fields));
    }
    for (old, _) in &story.blocks {
        let path = prove_consistency(&story.state, header.log_size, old.log_size).unwrap();
        assert!(path.shows(&header.log(), &old.log()));
        let fields = json!({
            "old_size": old.log_size,
            "old_root": hex(old.log_root),
            "path": path.fields(),
        });
        vectors.push(Vector::of("consistency", &path).with("fields", fields));
    }
    let file = File::new(
        "log_proofs",
        "RFC 6962: that a leaf stands at its index of the log, and that an older log is its beginning.",
        vectors,
    );
    file.with("log_size", json!(header.log_size))
        .with("log_root", json!(hex(header.log_root)))
}

fn proofs(story: &TestLedger) -> File {
    let mut vectors = Vec::new();
    let mut add = |name: &str, proof: &Proof| {
        assert!(proof.check(&story.trust(), START).is_ok(), "{name}");
        vectors.push(Vector::of(&format!("proof-{name}"), proof));
    };
    add("used", &story.proof(&permit("26QS000123/AA")));
    add("never-issued", &story.proof(&permit("26QS000999/AA")));
    let mut handed_over = story.proof(&permit("26QS000123/AA"));
    let next = [2, 3, 4, 5];
    let header = Header {
        next_validators: validator_set(&next).digest(),
        ..handed_over.header.clone()
    };
    handed_over.hand_overs = vec![HandOver {
        quorum: quorum_of(&header, &VALIDATORS, &VALIDATORS[1..]),
        next: validator_set(&next),
        header: header.clone(),
    }];
    handed_over.header = Header {
        height: header.height.next(),
        validators: header.next_validators,
        ..header
    };
    handed_over.quorum = quorum_of(&handed_over.header, &next, &next[..3]);
    add("handed-over", &handed_over);
    let trust = json!({ "chain": hex(CHAIN), "validators": validator_set(&VALIDATORS).fields() });
    File::new(
        "proofs",
        "Whole proof files, which hold under the validators of genesis.",
        vectors,
    )
    .with("trust", trust)
}
