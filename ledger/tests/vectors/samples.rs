//! The samples: one story, and beside it whatever the story does not show.

use ledger::block::{Block, Header};
use ledger::codec;
use ledger::digest::{Tag, hash, preimage};
use ledger::log::{prove_consistency, prove_inclusion};
use ledger::party::{OfficeNumber, Role};
use ledger::permit::number::{normalise, number_hash};
use ledger::proof::{HandOver, Proof};
use ledger::quorum::{Ballot, Round, Step};
use ledger::reason::Reason;
use ledger::record::Statement;
use ledger::signed::Signed;
use ledger::state::{Leaf, StateKey};
use ledger::testing::{
    CHAIN, PARTIES, START, TestLedger, VALIDATORS, endorse, import, issue, party, permit,
    quantities, quorum_of, refuse, sight, validator_set, voting_key,
};
use serde_json::json;

use super::{File, Vector};
use crate::documents::documents;
use crate::fields::{Fields as _, hex};
use crate::records::records;
use crate::values::state;

pub(crate) const MANAGEMENT: (&str, Role) = ("QS", Role::Management);
pub(crate) const EXPORT: (&str, Role) = ("QS", Role::Customs);
pub(crate) const TRANSIT: (&str, Role) = ("QT", Role::Customs);
pub(crate) const IMPORT: (&str, Role) = ("QN", Role::Customs);

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
        crate::seals::seals(),
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

fn state_proofs(story: &TestLedger) -> File {
    let mut present = vec![
        StateKey::permit(&permit("26QS000123/AA")),
        StateKey::parameters(),
        StateKey::party(party("QN")),
    ];
    // And some with empty siblings on their way, which the bitmap leaves out.
    let offices = PARTIES
        .iter()
        .flat_map(|code| (1..5).map(|number| StateKey::office(party(code), OfficeNumber(number))));
    let leaves_out = |key: &StateKey| {
        let path = story.entry(key).path;
        path.siblings.len() < usize::from(path.depth)
    };
    present.extend(offices.filter(leaves_out).take(4));
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
