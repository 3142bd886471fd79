//! `Genesis`: the checked document, its canonical bytes, its name and the state it begins with.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use ledger::codec;
use ledger::digest::{ChainId, Tag, bytes_from_hex, hash};
use ledger::key::{PublicKey, Signature};
use ledger::parameters::Parameters;
use ledger::party::{Algorithm, Height, Office, OfficeNumber, Party, PartyCode, Role};
use ledger::quorum::ValidatorSet;
use ledger::state::StateKey;
use minicbor::encode::{Error, Write};
use minicbor::{Encode, Encoder};

use crate::check::{Faults, check};
use crate::file::GenesisFile;
use crate::peer::PeerId;

/// What all Parties agreed on. It exists only checked: [`Genesis::parse`], [`check`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Genesis {
    network: NetworkName,
    parameters: Parameters,
    /// In ascending order of code, each code once.
    members: Vec<Member>,
    /// The voting nodes of all members.
    validators: ValidatorSet,
}

/// A Party that takes part from the start.
#[derive(Clone, Debug, PartialEq, Eq, Encode)]
#[cbor(map)]
pub struct Member {
    /// Its code.
    #[n(0)]
    pub code: PartyCode,
    /// Its name, for people.
    #[n(1)]
    pub name: String,
    /// The customs union it belongs to.
    #[n(2)]
    pub customs_union: Option<String>,
    /// Whether it accepts imports that were never endorsed at export.
    #[n(3)]
    pub accepts_unendorsed: bool,
    /// Its offices; their place is their number, from 1.
    #[n(4)]
    pub offices: Vec<SeatedOffice>,
    /// Its nodes, in ascending order of peer key.
    #[n(5)]
    pub nodes: Vec<Node>,
    /// Whether it asks for its own import permit for Appendix II too (Art. XIV.1).
    #[n(6)]
    pub import_permit_for_ii: bool,
}

/// An office of a [`Member`], its key active from the first block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode)]
#[cbor(map)]
pub struct SeatedOffice {
    /// What it may state.
    #[n(0)]
    pub role: Role,
    /// The key it signs with.
    #[n(1)]
    pub key: PublicKey,
    /// Its proof of possession.
    #[n(2)]
    pub possession: Signature,
}

/// A node of a [`Member`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode)]
#[cbor(map)]
pub struct Node {
    /// Its name among nodes.
    #[n(0)]
    pub peer: PeerId,
    /// Its proof of possession.
    #[n(1)]
    pub possession: Signature,
    /// Its vote; absent for a follower.
    #[n(2)]
    pub voting: Option<Voting>,
}

/// The vote of a [`Node`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode)]
#[cbor(map)]
pub struct Voting {
    /// Its voting key.
    #[n(0)]
    pub key: PublicKey,
    /// Its proof of possession.
    #[n(1)]
    pub possession: Signature,
    /// Its voting power.
    #[n(2)]
    pub power: u64,
}

impl Genesis {
    /// Reads and checks a `genesis.toml`.
    ///
    /// # Errors
    /// [`Faults`]: the first fault of shape, or all faults of content.
    pub fn parse(text: &str) -> Result<Self, Faults> {
        check(&GenesisFile::parse(text)?)
    }

    /// Only for [`check`], which judged every part.
    pub(crate) fn from_checked(
        network: NetworkName,
        parameters: Parameters,
        members: Vec<Member>,
        validators: ValidatorSet,
    ) -> Self {
        Self {
            network,
            parameters,
            members,
            validators,
        }
    }

    /// Name of the network.
    #[must_use]
    pub const fn network(&self) -> &NetworkName {
        &self.network
    }

    /// The parameters, protocol version included.
    #[must_use]
    pub const fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// The Parties, in ascending order of code.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The Party with this code.
    #[must_use]
    pub fn member(&self, code: PartyCode) -> Option<&Member> {
        self.members.iter().find(|member| member.code == code)
    }

    /// Who decides height 1.
    #[must_use]
    pub const fn validators(&self) -> &ValidatorSet {
        &self.validators
    }

    /// Every node with its Party: who may connect.
    pub fn nodes(&self) -> impl Iterator<Item = (PartyCode, &Node)> {
        let members = self.members.iter();
        members.flat_map(|member| member.nodes.iter().map(|node| (member.code, node)))
    }

    /// The canonical bytes: CBOR map of network, parameters and Parties.
    #[must_use]
    pub fn canonical(&self) -> Vec<u8> {
        codec::encode(self)
    }

    /// The digest of the canonical bytes. It stands in everything that is signed on this network.
    #[must_use]
    pub fn chain_id(&self) -> ChainId {
        ChainId(hash(Tag::Genesis, &[&self.canonical()]))
    }

    /// What operators read to each other by telephone.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(self.chain_id())
    }

    /// The state before block 1: canonical values, in ascending order of their keys.
    #[must_use]
    pub fn initial_state(&self) -> Vec<(String, Vec<u8>)> {
        let mut entries = alloc::vec![
            entry(&StateKey::parameters(), &self.parameters),
            entry(&StateKey::validators(), &self.validators),
        ];
        for member in &self.members {
            let party = Party {
                union: member.customs_union.clone(),
                accepts_unendorsed: member.accepts_unendorsed,
                import_permit_for_ii: member.import_permit_for_ii,
            };
            entries.push(entry(&StateKey::party(member.code), &party));
            for (number, seat) in (1..).map(OfficeNumber).zip(&member.offices) {
                let office = Office {
                    role: seat.role,
                    algorithm: Algorithm::Ed25519,
                    key: seat.key,
                    active_from: Height::ZERO.next(),
                    active_until: None,
                };
                entries.push(entry(&StateKey::office(member.code, number), &office));
            }
        }
        entries.sort();
        entries
    }
}

fn entry<T: Encode<()>>(key: &StateKey, value: &T) -> (String, Vec<u8>) {
    (key.as_str().into(), codec::encode(value))
}

/// By hand: the validator set follows from the members and is not written twice.
impl<C> Encode<C> for Genesis {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, c: &mut C) -> Result<(), Error<W::Error>> {
        e.map(3)?;
        e.u8(0)?.str(self.network.as_str())?;
        e.u8(1)?.encode_with(self.parameters, c)?;
        e.u8(2)?.encode_with(&self.members, c)?.ok()
    }
}

/// Name of a network: 3 to 32 lower-case ASCII letters, digits and single hyphens, beginning with a letter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NetworkName(String);

impl NetworkName {
    /// `None` for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let sound = (3..=32).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.split('-').all(|word| {
                let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
                !word.is_empty() && word.chars().all(plain)
            });
        sound.then(|| Self(text.into()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is for demonstration, tests or simulation: invented Parties only.
    #[must_use]
    pub fn is_demonstration(&self) -> bool {
        ["demo-", "test-", "sim-"]
            .iter()
            .any(|prefix| self.0.starts_with(prefix))
    }
}

impl fmt::Display for NetworkName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The first 128 bits of the chain id, in eight groups: `7F3A-91C2-0B5E-D418-66E0-13A9-C7D2-4B85`.
///
/// It covers every value of the genesis: network, protocol version, parameters, and of each Party its code,
/// name, customs union, policy, office roles, keys, peer ids, voting powers and proofs; not comments, spacing
/// or the order of Parties. 128 bits, because a coordinator who may choose both files needs only the square
/// root of the work to make two with one fingerprint: 2^64 here, 2^40 (an evening) with 80 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fingerprint([u8; 16]);

impl Fingerprint {
    /// The fingerprint of a network.
    #[must_use]
    pub fn of(chain: ChainId) -> Self {
        let mut bytes = [0; 16];
        for (to, from) in bytes.iter_mut().zip(chain.as_ref()) {
            *to = *from;
        }
        Self(bytes)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, pair) in self.0.chunks(2).enumerate() {
            f.write_str(if index == 0 { "" } else { "-" })?;
            pair.iter().try_for_each(|byte| write!(f, "{byte:02X}"))?;
        }
        Ok(())
    }
}

/// A text is not a fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a fingerprint has eight groups of four hexadecimal digits")]
pub struct FingerprintError;

impl FromStr for Fingerprint {
    type Err = FingerprintError;

    /// Reads what [`Display`](fmt::Display) writes, in either case, with spaces or nothing for hyphens.
    fn from_str(text: &str) -> Result<Self, FingerprintError> {
        if text.len() > 64 {
            return Err(FingerprintError);
        }
        let digits: String = text.chars().filter(|c| !matches!(c, '-' | ' ')).collect();
        bytes_from_hex(&digits).map(Self).ok_or(FingerprintError)
    }
}
