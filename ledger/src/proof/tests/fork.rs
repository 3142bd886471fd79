//! Two blocks at one height: a fork where a quorum stands behind both, a forgery otherwise.

use super::*;

/// A header at a height that the verifier trusts, changed, as the set `members` would name it, signed by `signers`.
fn other(change: fn(&mut Header), members: &[u8], signers: &[u8]) -> Proof {
    let mut proof = ledger().proof(&permit("1"));
    change(&mut proof.header);
    proof.header.validators = validator_set(members).digest();
    proof.quorum = quorum_of(&proof.header, members, signers);
    proof
}

fn later(header: &mut Header) {
    header.time.0 += 1;
}

#[test]
fn a_fork_is_told_only_where_a_quorum_stands_behind_the_other_block() {
    let ledger = ledger();
    let trust = trusting(&ledger, anchor(&ledger, 2));
    let few = |signed| ProofError::Quorum(QuorumError::NotEnough { signed, total: 4 });
    let signature = ProofError::Quorum(QuorumError::Signature(0));
    let strangers = [5, 6, 7, 8];

    let mut flipped = other(later, &VALIDATORS, &VALIDATORS);
    flipped.quorum.signatures[0].signature.0[7] ^= 1;
    let mut copied = other(later, &VALIDATORS, &VALIDATORS);
    copied.quorum = ledger.blocks[1].1.clone();
    let mut signed_by_others = other(later, &VALIDATORS, &VALIDATORS);
    signed_by_others.quorum = quorum_of(&signed_by_others.header, &strangers, &strangers);
    let at_genesis = other(|header| header.height = Height(0), &VALIDATORS, &VALIDATORS);

    #[rustfmt::skip]
    let rows = [
        ("a quorum", other(later, &VALIDATORS, &VALIDATORS[1..]), ProofError::Contradiction(Height(2))),
        ("no signature", other(later, &VALIDATORS, &[]), few(0)),
        ("half of them", other(later, &VALIDATORS, &VALIDATORS[2..]), few(2)),
        ("a flipped bit", flipped, signature.clone()),
        ("the signatures of strangers", signed_by_others, signature),
        ("validators of its own", other(later, &strangers, &strangers), ProofError::Validators),
        ("the quorum of the trusted block", copied, ProofError::QuorumOfAnother),
        ("the height of genesis", at_genesis, ProofError::Validators),
    ];
    let late = START.plus_ms(40 * DAY_MS);
    for (what, proof, expected) in rows {
        for now in [START, late] {
            let refused = proof.check(&trust, now).err();
            assert_eq!(refused, Some(expected.clone()), "{what}, {now}");
        }
    }
}

#[test]
fn a_fork_is_shown_from_the_newest_earlier_checkpoint_of_the_trusting_period() {
    let ledger = ledger();
    let fork = other(later, &VALIDATORS, &VALIDATORS);
    let mut trust = trusting(&ledger, anchor(&ledger, 1));
    trust.anchors.push(anchor(&ledger, 2));
    let told = Some(ProofError::Contradiction(Height(2)));
    assert_eq!(fork.check(&trust, START).err(), told);
    // Genesis named others, and no hand-over leads from them to those who signed.
    trust.anchors[0].validators = validator_set(&[5, 6, 7, 8]);
    assert_eq!(fork.check(&trust, START).err(), told);
    let late = START.plus_ms(40 * DAY_MS);
    let refused = fork.check(&trust, late).err();
    assert_eq!(
        refused,
        Some(ProofError::Validators),
        "old keys may be sold"
    );
}
