//! Proofs that are swapped, foreign, flipped or too old: never green.

use super::*;
use crate::state::StateKey;

#[test]
fn swapped_or_foreign_proofs_are_never_green() {
    let scene = scene().endorsed();
    let other = permit("26QS999999");
    let mut rows: Vec<(&str, Proof, &str)> = Vec::new();
    rows.push((
        "the proof of another permit",
        scene.ledger.proof(&other),
        "OTHER_PERMIT",
    ));
    let mut proof = scene.proof();
    proof.entries.remove(0);
    rows.push(("without the permit's entry", proof, "OTHER_PERMIT"));
    let mut proof = scene.proof();
    proof.entries.retain(|entry| entry.key != "parameters");
    rows.push(("without the parameters", proof, "UNREADABLE"));
    let mut proof = scene.proof();
    proof.entries[0].value = scene.ledger.entry(&StateKey::parameters()).value;
    rows.push(("another value", proof, "BAD_SEAL"));
    let mut proof = scene.proof();
    proof.header.chain = ChainId(crate::digest::sha256(b"another network"));
    rows.push(("another network", proof, "OTHER_NETWORK"));
    let mut proof = scene.proof();
    proof.quorum = scene.ledger.blocks[0].1.clone();
    rows.push(("the quorum of another block", proof, "BAD_SEAL"));
    let mut proof = scene.proof();
    proof.quorum.signatures[0].signature = Signature([0; 64]);
    rows.push(("a signature of nobody", proof, "BAD_SEAL"));
    let mut proof = scene.proof();
    proof.quorum = quorum_of(&proof.header, &VALIDATORS, &[1, 2]);
    rows.push(("half of the validators", proof, "BAD_SEAL"));
    let mut proof = scene.proof();
    proof.records[0].leaf.push(0);
    rows.push(("a record that is not in the log", proof, "BAD_SEAL"));
    for (what, proof, expected) in rows {
        let verdict = judge(
            &scene.question(),
            &proof,
            &scene.ledger.trust(),
            scene.now(),
            Source::Node,
        );
        assert_eq!(codes(&verdict), [expected], "{what}");
        assert_ne!(verdict.light(), Light::Green, "{what}");
    }
}

#[test]
fn a_self_made_chain_under_the_same_name_is_red() {
    let scene = scene().endorsed();
    let mut proof = scene.proof();
    let forgers = [11, 12, 13, 14];
    proof.header.validators = validator_set(&forgers).digest();
    proof.quorum = quorum_of(&proof.header, &forgers, &forgers);
    let verdict = judge(
        &scene.question(),
        &proof,
        &scene.ledger.trust(),
        scene.now(),
        Source::Node,
    );
    assert_eq!(codes(&verdict), ["BAD_SEAL"]);
}

#[test]
fn a_saved_checkpoint_ages_and_contradicts() {
    let scene = scene().endorsed();
    let anchor = scene.judge().anchor.unwrap();
    let mut trust = scene.ledger.trust();
    trust.anchors.push(anchor.clone());
    let asked = |trust: &Trust, now| {
        codes(&judge(
            &scene.question(),
            &scene.proof(),
            trust,
            now,
            Source::Node,
        ))
    };
    assert_eq!(
        asked(&trust, scene.now()),
        ["OK"],
        "the very block that was verified"
    );
    let late = scene.time.plus_ms(trust.trusting_period_ms + 1);
    assert_eq!(asked(&trust, late), ["TRUST_EXPIRED"]);
    trust.anchors[1].block = Some(crate::block::NO_PARENT);
    assert_eq!(
        asked(&trust, scene.now()),
        ["BAD_SEAL"],
        "two blocks at one height: a fork"
    );
}

#[test]
fn what_cannot_be_read_is_amber() {
    let verdict = Verdict::unreadable(permit(NUMBER));
    assert_eq!(
        (verdict.light(), codes(&verdict)),
        (Light::Amber, std::vec!["UNREADABLE"])
    );
}

#[test]
fn no_flipped_bit_of_a_proof_turns_red_into_green() {
    let scene = scene().imported();
    let bytes = scene.proof().encode();
    assert!(bytes.len() < PROOF_BYTES_MAX);
    let trust = scene.ledger.trust();
    for position in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[position / 8] ^= 0x80 >> (position % 8);
        if let Ok(proof) = Proof::decode(&flipped) {
            let verdict = judge(&scene.question(), &proof, &trust, scene.now(), Source::Node);
            assert_ne!(verdict.light(), Light::Green, "bit {position}");
        }
    }
}
