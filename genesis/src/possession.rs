//! Proof that whoever names a key in the ceremony holds its private half.
//!
//! Without it, a Party could enter another's key as its own, or a key that nobody holds. The chain id does not
//! exist yet, so the proof binds the network's name, the Party, what the key is for, and the key itself.

use alloc::vec::Vec;
use core::fmt;

use ledger::digest::{Tag, preimage as framed};
use ledger::key::{PublicKey, SecretKey, Signature};
use ledger::party::{PartyCode, Role};
use ledger::quorum::PROTOCOL_VERSION;

use crate::NetworkName;

/// What a key of the genesis is for. One key serves one purpose only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// Signs votes and proposals.
    Validator,
    /// Names the node to other nodes.
    Peer,
    /// Signs the records of an office.
    Office(Role),
}

impl Purpose {
    /// The word that is signed.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Validator => "validator",
            Self::Peer => "peer",
            Self::Office(role) => role.as_str(),
        }
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a proof of possession is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim<'a> {
    /// The network that is to begin.
    pub network: &'a NetworkName,
    /// The Party that claims the key.
    pub party: PartyCode,
    /// What it is for.
    pub purpose: Purpose,
}

impl Claim<'_> {
    /// The bytes that the holder of `key` signs.
    #[must_use]
    pub fn preimage(&self, key: &PublicKey) -> Vec<u8> {
        framed(
            Tag::Possession,
            &[
                &[PROTOCOL_VERSION],
                self.network.as_str().as_bytes(),
                self.party.as_str().as_bytes(),
                self.purpose.as_str().as_bytes(),
                key.as_bytes(),
            ],
        )
    }

    /// Makes the proof.
    #[must_use]
    pub fn prove(&self, secret: &SecretKey) -> Signature {
        secret.sign(&self.preimage(&secret.public()))
    }

    /// Whether `proof` shows that the claimant holds `key`.
    #[must_use]
    pub fn is_proven(&self, key: &PublicKey, proof: &Signature) -> bool {
        key.verifies(&self.preimage(key), proof)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_holds_for_its_network_party_purpose_and_key_only() {
        let (demo, other) = (NetworkName::parse("demo-1"), NetworkName::parse("demo-2"));
        let (demo, other) = (demo.unwrap(), other.unwrap());
        let (qs, qt) = (PartyCode::new("QS").unwrap(), PartyCode::new("QT").unwrap());
        let customs = Purpose::Office(Role::Customs);
        let claim = Claim {
            network: &demo,
            party: qs,
            purpose: customs,
        };
        let (key, stranger) = (
            SecretKey::from_seed(&[1; 32]),
            SecretKey::from_seed(&[2; 32]),
        );
        let proof = claim.prove(&key);
        let rows = [
            ("itself", claim, &key, true),
            (
                "network",
                Claim {
                    network: &other,
                    ..claim
                },
                &key,
                false,
            ),
            ("Party", Claim { party: qt, ..claim }, &key, false),
            (
                "purpose",
                Claim {
                    purpose: Purpose::Peer,
                    ..claim
                },
                &key,
                false,
            ),
            (
                "role",
                Claim {
                    purpose: Purpose::Office(Role::Management),
                    ..claim
                },
                &key,
                false,
            ),
            ("key", claim, &stranger, false),
        ];
        for (what, claim, key, expected) in rows {
            assert_eq!(claim.is_proven(&key.public(), &proof), expected, "{what}");
        }
    }

    #[test]
    fn no_two_purposes_share_a_word() {
        let mut words: std::vec::Vec<_> =
            Role::ALL.map(Purpose::Office).map(Purpose::as_str).into();
        words.extend([Purpose::Validator.as_str(), Purpose::Peer.as_str()]);
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), 6);
    }
}
