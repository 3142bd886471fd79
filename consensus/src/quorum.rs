//! Malachite's commit certificate and the ledger's quorum: the same signatures, named differently.

use alloc::collections::BTreeMap;

use ledger::quorum::{Quorum, QuorumSignature};
use malachitebft_core_types::{CommitCertificate, CommitSignature};

use crate::context::{Context, Height, engine_round, ledger_round};
use crate::validators::{Address, ValidatorSet};

/// What Malachite decided, as the ledger keeps it. Signatures of strangers are dropped and a repeated one
/// counts once; [`Quorum::check`] judges the result.
#[must_use]
pub fn from_certificate(
    certificate: &CommitCertificate<Context>,
    validators: &ValidatorSet,
) -> Quorum {
    let by_index: BTreeMap<u16, _> = certificate
        .commit_signatures
        .iter()
        .filter_map(|commit| {
            let (index, _) = validators.as_ledger().find(&commit.address.0)?;
            Some((index, commit.signature))
        })
        .collect();
    Quorum {
        height: certificate.height.0,
        round: ledger_round(certificate.round),
        block: certificate.value_id,
        signatures: by_index
            .into_iter()
            .map(|(validator, signature)| QuorumSignature {
                validator,
                signature,
            })
            .collect(),
    }
}

/// A stored quorum, as Malachite's sync wants it. Indices beyond the set are dropped.
#[must_use]
pub fn to_certificate(quorum: &Quorum, validators: &ValidatorSet) -> CommitCertificate<Context> {
    let commit = |signed: &QuorumSignature| {
        let validator = validators.as_ledger().get(signed.validator)?;
        Some(CommitSignature::new(
            Address(validator.key),
            signed.signature,
        ))
    };
    CommitCertificate {
        height: Height(quorum.height),
        round: engine_round(quorum.round),
        value_id: quorum.block,
        commit_signatures: quorum.signatures.iter().filter_map(commit).collect(),
    }
}

#[cfg(test)]
mod tests {
    use ledger::quorum::QuorumError;
    use malachitebft_core_types::VoteType;

    use super::*;
    use crate::samples::{block, chain, key, validators, vote};

    fn certificate(signers: &[u8]) -> CommitCertificate<Context> {
        let commit = |&n: &u8| {
            let vote = vote(n, VoteType::Precommit, Some(1));
            CommitSignature::new(vote.voter, key(n).sign(&vote.ballot().preimage(chain())))
        };
        CommitCertificate {
            height: Height(ledger::party::Height(7)),
            round: engine_round(ledger::quorum::Round(2)),
            value_id: block(1),
            commit_signatures: signers.iter().map(commit).collect(),
        }
    }

    #[test]
    fn what_malachite_decided_is_a_quorum_that_verifiers_accept() {
        let validators = validators(4);
        for (signers, expected) in [
            (&[3, 1, 2][..], Ok(())),
            (&[4, 3, 2, 1], Ok(())),
            // A repeated signature counts once, a stranger's not at all.
            (
                &[1, 2, 2],
                Err(QuorumError::NotEnough {
                    signed: 2,
                    total: 4,
                }),
            ),
            (
                &[1, 2, 9],
                Err(QuorumError::NotEnough {
                    signed: 2,
                    total: 4,
                }),
            ),
        ] {
            let quorum = from_certificate(&certificate(signers), &validators);
            assert_eq!(
                quorum.check(chain(), validators.as_ledger()),
                expected,
                "{signers:?}"
            );
            let back = to_certificate(&quorum, &validators);
            assert_eq!(from_certificate(&back, &validators), quorum);
        }
    }

    #[test]
    fn an_index_beyond_the_set_is_dropped() {
        let quorum = from_certificate(&certificate(&[1, 2, 3]), &validators(4));
        let back = to_certificate(&quorum, &validators(1));
        assert_eq!(back.commit_signatures.len(), 1);
    }
}
