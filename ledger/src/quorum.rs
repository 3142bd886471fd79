//! What validators sign, and when their signatures make a block final.
//!
//! The preimages are ours, not Malachite's, so that a verifier needs neither. Each names chain, height,
//! round, step, value and voter: nothing is taken from an unsigned field (CometBFT's "Tachyon" did).

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::fmt;

use minicbor::{Decode, Encode};

use crate::codec;
use crate::digest::{BlockId, ChainId, QuorumDigest, Tag, ValidatorsDigest, hash, preimage};
use crate::key::{PublicKey, Signature};
use crate::limits::VALIDATORS_MAX;
use crate::party::{Height, PartyCode};
use crate::signed::{CheckAll, SignatureCheck};

/// Version of every signed preimage and of the block format.
pub const PROTOCOL_VERSION: u8 = 1;

/// Round of consensus within a height, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default, Encode, Decode)]
#[cbor(transparent)]
pub struct Round(#[n(0)] pub u32);

impl fmt::Display for Round {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Which of the two votes of a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// First vote: this value is acceptable.
    Prevote,
    /// Second vote: more than 2/3 found it acceptable.
    Precommit,
}

/// One vote, as far as it is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ballot {
    /// Height that is decided.
    pub height: Height,
    /// Round of that height.
    pub round: Round,
    /// Prevote or precommit.
    pub step: Step,
    /// The block, or nil.
    pub value: Option<BlockId>,
    /// The validator that votes.
    pub voter: PublicKey,
}

impl Ballot {
    /// The bytes that the voter signs on the chain `chain`.
    #[must_use]
    pub fn preimage(&self, chain: ChainId) -> Vec<u8> {
        let step: &[u8] = match self.step {
            Step::Prevote => b"prevote",
            Step::Precommit => b"precommit",
        };
        preimage(
            Tag::Vote,
            &[
                &[PROTOCOL_VERSION],
                chain.as_ref(),
                &self.height.0.to_be_bytes(),
                &self.round.0.to_be_bytes(),
                step,
                self.value.as_ref().map_or(&[][..], AsRef::as_ref),
                self.voter.as_bytes(),
            ],
        )
    }
}

/// A node that votes.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Validator {
    /// Its voting key, which is also its address.
    #[n(0)]
    pub key: PublicKey,
    /// Its voting power, at least 1.
    #[n(1)]
    pub power: u64,
    /// The Party that runs it.
    #[n(2)]
    pub party: PartyCode,
}

/// The validators of one height: 1 to [`VALIDATORS_MAX`], in ascending order of their keys, no key twice.
#[derive(Clone, Debug, PartialEq, Eq, Encode)]
#[cbor(transparent)]
pub struct ValidatorSet(#[n(0)] Vec<Validator>);

/// Why a list is not a validator set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValidatorSetError {
    /// None, or too many.
    #[error("a validator set has 1 to {VALIDATORS_MAX} members")]
    Count,
    /// The same key twice, or not in order.
    #[error("validators must be in ascending order of key, each once")]
    Order,
    /// No power, or more in all than can be counted.
    #[error("each validator has a voting power of at least 1, at most 2^32 in all")]
    Power,
}

impl ValidatorSet {
    /// Sorts and checks.
    ///
    /// # Errors
    /// [`ValidatorSetError`].
    pub fn new(mut validators: Vec<Validator>) -> Result<Self, ValidatorSetError> {
        validators.sort_by_key(|validator| validator.key);
        Self::from_sorted(validators)
    }

    fn from_sorted(validators: Vec<Validator>) -> Result<Self, ValidatorSetError> {
        if validators.is_empty() || validators.len() > VALIDATORS_MAX {
            return Err(ValidatorSetError::Count);
        }
        if !validators.is_sorted_by(|a, b| a.key < b.key) {
            return Err(ValidatorSetError::Order);
        }
        let power = validators
            .iter()
            .try_fold(0_u64, |sum, v| sum.checked_add(v.power));
        let counted = power.is_some_and(|sum| sum <= u64::from(u32::MAX));
        if !counted || validators.iter().any(|v| v.power == 0) {
            return Err(ValidatorSetError::Power);
        }
        Ok(Self(validators))
    }

    /// The members, in ascending order of their keys.
    #[must_use]
    pub fn members(&self) -> &[Validator] {
        &self.0
    }

    /// Number of members.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Never: a set has at least one member.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The member at `index`.
    #[must_use]
    pub fn get(&self, index: u16) -> Option<&Validator> {
        self.0.get(usize::from(index))
    }

    /// Index and member with this key.
    #[must_use]
    pub fn find(&self, key: &PublicKey) -> Option<(u16, &Validator)> {
        let index = self.0.binary_search_by(|v| v.key.cmp(key)).ok()?;
        Some((u16::try_from(index).ok()?, self.0.get(index)?))
    }

    /// Voting power of all members together.
    #[must_use]
    pub fn total_power(&self) -> u64 {
        self.0.iter().fold(0, |sum, v| sum.saturating_add(v.power))
    }

    /// Whether `power` is more than two thirds of all; exactly two thirds is not.
    #[must_use]
    pub fn is_quorum(&self, power: u64) -> bool {
        let twice = u128::from(self.total_power()).saturating_mul(2);
        u128::from(power).saturating_mul(3) > twice.saturating_sub(crate::planted::spared())
    }

    /// What a header names.
    #[must_use]
    pub fn digest(&self) -> ValidatorsDigest {
        ValidatorsDigest(hash(Tag::Validators, &[&codec::encode(self)]))
    }
}

impl<'b, C> Decode<'b, C> for ValidatorSet {
    fn decode(d: &mut minicbor::Decoder<'b>, c: &mut C) -> Result<Self, minicbor::decode::Error> {
        let validators = Vec::<Validator>::decode(d, c)?;
        Self::from_sorted(validators)
            .map_err(|_| minicbor::decode::Error::message("not a validator set"))
    }
}

/// One precommit of a quorum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct QuorumSignature {
    /// Index of the validator in the set that decides this height.
    #[n(0)]
    pub validator: u16,
    /// Its signature over the precommit.
    #[n(1)]
    pub signature: Signature,
}

/// The signatures that make a block final. (Not "certificate": that word belongs to CITES.)
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Quorum {
    /// Height that was decided.
    #[n(0)]
    pub height: Height,
    /// Round in which it was decided.
    #[n(1)]
    pub round: Round,
    /// The block that was decided.
    #[n(2)]
    pub block: BlockId,
    /// Precommits, in ascending order of validator, each once.
    #[n(3)]
    pub signatures: Vec<QuorumSignature>,
}

/// Why signatures do not make a block final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuorumError {
    /// A validator is named twice, or out of order.
    #[error("validators of the quorum are not in ascending order, each once")]
    Order,
    /// An index beyond the set.
    #[error("the quorum names validator {0}, which is not in the set")]
    Unknown(u16),
    /// A signature does not verify for this chain, height, round and block.
    #[error("the signature of validator {0} does not verify")]
    Signature(u16),
    /// At most two thirds of the voting power signed.
    #[error("signed by {signed} of {total} voting power: not more than two thirds")]
    NotEnough {
        /// Power that signed.
        signed: u64,
        /// Power of all.
        total: u64,
    },
}

impl Quorum {
    /// What the next header names.
    #[must_use]
    pub fn digest(&self) -> QuorumDigest {
        QuorumDigest(hash(Tag::Quorum, &[&codec::encode(self)]))
    }

    /// Checks every signature, then counts.
    ///
    /// # Errors
    /// [`QuorumError`], in the order: form, membership, signatures, count.
    pub fn check(&self, chain: ChainId, validators: &ValidatorSet) -> Result<(), QuorumError> {
        self.check_by(&CheckAll, chain, validators)
    }

    /// [`Self::check`] with a check of one's own for each signature.
    ///
    /// # Errors
    /// [`QuorumError`].
    pub fn check_by(
        &self,
        checker: &impl SignatureCheck,
        chain: ChainId,
        validators: &ValidatorSet,
    ) -> Result<(), QuorumError> {
        if !self
            .signatures
            .is_sorted_by(|a, b| a.validator < b.validator)
        {
            return Err(QuorumError::Order);
        }
        let mut signed = 0_u64;
        let mut keys = BTreeSet::new();
        for QuorumSignature {
            validator: index,
            signature,
        } in &self.signatures
        {
            let member = validators.get(*index).ok_or(QuorumError::Unknown(*index))?;
            let ballot = Ballot {
                height: self.height,
                round: self.round,
                step: Step::Precommit,
                value: Some(self.block),
                voter: member.key,
            };
            if !checker.vote_verifies(&member.key, &ballot.preimage(chain), signature) {
                return Err(QuorumError::Signature(*index));
            }
            // A set never holds a key twice; counting by key keeps that true here as well.
            if keys.insert(member.key) {
                signed = signed.saturating_add(member.power);
            }
        }
        if !validators.is_quorum(signed) {
            return Err(QuorumError::NotEnough {
                signed,
                total: validators.total_power(),
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::vec;

    use super::*;
    use crate::digest::sha256;
    use crate::key::SecretKey;

    const CHAIN: ChainId = ChainId(crate::digest::Digest([1; 32]));

    fn keys(count: u8) -> Vec<SecretKey> {
        let mut keys: Vec<_> = (1..=count)
            .map(|n| SecretKey::from_seed(&[n; 32]))
            .collect();
        keys.sort_by_key(SecretKey::public);
        keys
    }

    fn set(keys: &[SecretKey]) -> ValidatorSet {
        let party = PartyCode::new("QS").unwrap();
        let member = |key: &SecretKey| Validator {
            key: key.public(),
            power: 1,
            party,
        };
        ValidatorSet::new(keys.iter().map(member).collect()).unwrap()
    }

    fn quorum(keys: &[SecretKey], signers: &[u16], chain: ChainId, round: u32) -> Quorum {
        let block = BlockId(sha256(b"block"));
        let sign = |&validator: &u16| {
            let key = &keys[usize::from(validator) % keys.len()];
            let ballot = Ballot {
                height: Height(7),
                round: Round(round),
                step: Step::Precommit,
                value: Some(block),
                voter: key.public(),
            };
            QuorumSignature {
                validator,
                signature: key.sign(&ballot.preimage(chain)),
            }
        };
        let signatures = signers.iter().map(sign).collect();
        Quorum {
            height: Height(7),
            round: Round(0),
            block,
            signatures,
        }
    }

    /// What, whose keys, the quorum, and the answer.
    type Row<'a> = (
        &'static str,
        &'a [SecretKey],
        Quorum,
        Result<(), QuorumError>,
    );

    #[test]
    #[expect(clippy::too_many_lines, reason = "rows of one table")]
    fn only_more_than_two_thirds_of_distinct_validators_make_a_block_final() {
        let (four, six) = (keys(4), keys(6));
        let other = ChainId(sha256(b"other"));
        let rows: Vec<Row<'_>> = vec![
            (
                "three of four",
                &four,
                quorum(&four, &[0, 1, 3], CHAIN, 0),
                Ok(()),
            ),
            ("all", &four, quorum(&four, &[0, 1, 2, 3], CHAIN, 0), Ok(())),
            (
                "none",
                &four,
                quorum(&four, &[], CHAIN, 0),
                Err(QuorumError::NotEnough {
                    signed: 0,
                    total: 4,
                }),
            ),
            (
                "two of four",
                &four,
                quorum(&four, &[1, 2], CHAIN, 0),
                Err(QuorumError::NotEnough {
                    signed: 2,
                    total: 4,
                }),
            ),
            (
                "exactly two thirds",
                &six,
                quorum(&six, &[0, 1, 2, 3], CHAIN, 0),
                Err(QuorumError::NotEnough {
                    signed: 4,
                    total: 6,
                }),
            ),
            (
                "one counted twice",
                &four,
                quorum(&four, &[0, 1, 1], CHAIN, 0),
                Err(QuorumError::Order),
            ),
            (
                "out of order",
                &four,
                quorum(&four, &[1, 0, 2], CHAIN, 0),
                Err(QuorumError::Order),
            ),
            (
                "not a member",
                &four,
                quorum(&four, &[0, 1, 4], CHAIN, 0),
                Err(QuorumError::Unknown(4)),
            ),
            (
                "another chain",
                &four,
                quorum(&four, &[0, 1, 2], other, 0),
                Err(QuorumError::Signature(0)),
            ),
            (
                "another round",
                &four,
                quorum(&four, &[0, 1, 2], CHAIN, 1),
                Err(QuorumError::Signature(0)),
            ),
        ];
        for (what, keys, quorum, expected) in rows {
            assert_eq!(quorum.check(CHAIN, &set(keys)), expected, "{what}");
        }
    }

    #[test]
    fn a_prevote_is_not_a_precommit_and_nil_is_not_a_block() {
        let keys = keys(4);
        let mut quorum = quorum(&keys, &[0, 1, 2], CHAIN, 0);
        let forged = Ballot {
            height: Height(7),
            round: Round(0),
            step: Step::Prevote,
            value: Some(quorum.block),
            voter: keys[1].public(),
        };
        quorum.signatures[1].signature = keys[1].sign(&forged.preimage(CHAIN));
        assert_eq!(
            quorum.check(CHAIN, &set(&keys)),
            Err(QuorumError::Signature(1))
        );
        let nil = Ballot {
            step: Step::Precommit,
            value: None,
            ..forged
        };
        quorum.signatures[1].signature = keys[1].sign(&nil.preimage(CHAIN));
        assert_eq!(
            quorum.check(CHAIN, &set(&keys)),
            Err(QuorumError::Signature(1))
        );
    }

    #[test]
    fn a_repeated_address_or_a_powerless_member_is_not_a_validator_set() {
        let keys = keys(2);
        let mut members = set(&keys).members().to_vec();
        members[1] = members[0].clone();
        assert_eq!(
            ValidatorSet::new(members.clone()),
            Err(ValidatorSetError::Order)
        );
        assert!(codec::decode::<ValidatorSet>(&codec::encode(&members), 1000).is_err());
        members.truncate(1);
        members[0].power = 0;
        assert_eq!(
            ValidatorSet::new(members.clone()),
            Err(ValidatorSetError::Power)
        );
        members[0].power = u64::MAX;
        assert_eq!(ValidatorSet::new(members), Err(ValidatorSetError::Power));
        assert_eq!(ValidatorSet::new(vec![]), Err(ValidatorSetError::Count));
    }
}
