//! The shape of the files, as people write and read them; nothing here is checked but the shape.
//!
//! `PartyFile` is made on a Party's own machine, `GenesisFile` is what the coordinator collects.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use ledger::digest::hex;
use ledger::key::{PublicKey, SecretKey, Signature};
use ledger::parameters::Parameters;
use ledger::party::{PartyCode, Role};
use serde::{Deserialize, Serialize};

use crate::NetworkName;
use crate::check::{Fault, FaultKind, Faults};
use crate::peer::PeerId;
use crate::possession::{Claim, Purpose};

/// Bytes of a genesis or Party file; judged before anything is parsed.
pub const FILE_BYTES_MAX: usize = 1024 * 1024;

/// `genesis.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenesisFile {
    /// Name of the network.
    pub network: String,
    /// Version of the rules and formats.
    pub protocol_version: u8,
    /// Numbers that all agree on.
    #[serde(default)]
    pub parameters: ParametersEntry,
    /// Who takes part.
    #[serde(default, rename = "party", skip_serializing_if = "Vec::is_empty")]
    pub parties: Vec<PartyEntry>,
}

/// `QS.party.toml`: one Party's entry, made on its own machine. It holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartyFile {
    /// The network it was made for.
    pub network: String,
    /// The entry.
    pub party: PartyEntry,
}

/// [`Parameters`], each with its default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ParametersEntry {
    /// See [`Parameters::heartbeat_ms`].
    pub heartbeat_ms: u32,
    /// See [`Parameters::date_begins_offset_minutes`].
    pub date_begins_offset_minutes: i16,
    /// See [`Parameters::date_ends_offset_minutes`].
    pub date_ends_offset_minutes: i16,
    /// See [`Parameters::retrospective_days`].
    pub retrospective_days: u16,
    /// See [`Parameters::max_age_ms`].
    pub max_age_ms: u32,
    /// See [`Parameters::trusting_period_days`].
    pub trusting_period_days: u16,
}

/// One Party.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartyEntry {
    /// Two letters.
    pub code: String,
    /// Its name, for people.
    pub name: String,
    /// The customs union it belongs to, such as `EU`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customs_union: Option<String>,
    /// Whether it accepts imports that were never endorsed at export.
    #[serde(default)]
    pub accepts_unendorsed: bool,
    /// Whether it asks for its own import permit for Appendix II too: a stricter measure (Art. XIV.1).
    #[serde(default)]
    pub import_permit_for_ii: bool,
    /// Its offices. Their order is their number, from 1.
    #[serde(default, rename = "office", skip_serializing_if = "Vec::is_empty")]
    pub offices: Vec<OfficeEntry>,
    /// Its nodes.
    #[serde(default, rename = "node", skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<NodeEntry>,
}

/// One office.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfficeEntry {
    /// `management`, `customs`, `scientific` or `governance`.
    pub role: String,
    /// Its public key, 64 hexadecimal digits.
    pub key: String,
    /// Proof that the office holds the key, 128 hexadecimal digits.
    pub possession: String,
}

/// One node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeEntry {
    /// Its libp2p peer id.
    pub peer_id: String,
    /// Proof that the node holds the peer id's key.
    pub peer_possession: String,
    /// Its vote; absent for a follower.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voting: Option<VotingEntry>,
}

/// What makes a node a validator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VotingEntry {
    /// Its voting key.
    pub key: String,
    /// Proof that the node holds the voting key.
    pub possession: String,
    /// Its voting power. The proof does not bind it: the Parties agree on it, and the fingerprint covers it.
    pub power: u32,
}

impl GenesisFile {
    /// A network without Parties yet.
    #[must_use]
    pub fn new(network: &NetworkName, parameters: &Parameters) -> Self {
        Self {
            network: network.as_str().into(),
            protocol_version: parameters.protocol_version,
            parameters: ParametersEntry::from(parameters),
            parties: Vec::new(),
        }
    }

    /// Reads the shape of a file.
    ///
    /// # Errors
    /// [`Faults`]: too large, or the first place where the text is not of this shape.
    pub fn parse(text: &str) -> Result<Self, Faults> {
        parse(text)
    }

    /// The text to send, keep and read.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let head = "# Genesis of a CITES permit ledger. Its fingerprint covers every value, not comments, spacing or\n\
             # the order of Parties: `cites-node genesis fingerprint`. The order of a Party's offices numbers them.\n";
        [head, &write(self)].concat()
    }
}

impl PartyFile {
    /// Reads the shape of a file.
    ///
    /// # Errors
    /// [`Faults`]: too large, or the first place where the text is not of this shape.
    pub fn parse(text: &str) -> Result<Self, Faults> {
        parse(text)
    }

    /// The text to send to the coordinator.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let head = "# One Party's entry for the genesis of a CITES permit ledger. It holds no secret:\n\
             # send it to the coordinator, who adds it with `cites-node genesis add`.\n";
        [head, &write(self)].concat()
    }
}

impl ParametersEntry {
    /// The parameters of `protocol_version` with these numbers.
    #[must_use]
    pub const fn to_parameters(self, protocol_version: u8) -> Parameters {
        Parameters {
            protocol_version,
            heartbeat_ms: self.heartbeat_ms as u64,
            date_begins_offset_minutes: self.date_begins_offset_minutes,
            date_ends_offset_minutes: self.date_ends_offset_minutes,
            retrospective_days: self.retrospective_days,
            max_age_ms: self.max_age_ms as u64,
            trusting_period_days: self.trusting_period_days,
        }
    }
}

impl From<&Parameters> for ParametersEntry {
    fn from(parameters: &Parameters) -> Self {
        Self {
            heartbeat_ms: bounded(parameters.heartbeat_ms),
            date_begins_offset_minutes: parameters.date_begins_offset_minutes,
            date_ends_offset_minutes: parameters.date_ends_offset_minutes,
            retrospective_days: parameters.retrospective_days,
            max_age_ms: bounded(parameters.max_age_ms),
            trusting_period_days: parameters.trusting_period_days,
        }
    }
}

/// What does not fit is out of every range, and stays so.
fn bounded(ms: u64) -> u32 {
    u32::try_from(ms).unwrap_or(u32::MAX)
}

impl Default for ParametersEntry {
    fn default() -> Self {
        Self::from(&Parameters::default())
    }
}

impl OfficeEntry {
    /// An office whose proof was made where its key is.
    #[must_use]
    pub fn claimed(role: Role, key: &PublicKey, possession: &Signature) -> Self {
        Self {
            role: role.to_string(),
            key: key.to_string(),
            possession: hex(&possession.0),
        }
    }

    /// An office whose private key is at hand.
    #[must_use]
    pub fn proven(network: &NetworkName, party: PartyCode, role: Role, secret: &SecretKey) -> Self {
        let claim = Claim {
            network,
            party,
            purpose: Purpose::Office(role),
        };
        Self::claimed(role, &secret.public(), &claim.prove(secret))
    }
}

impl NodeEntry {
    /// A follower: a node that verifies everything and does not vote.
    #[must_use]
    pub fn follower(network: &NetworkName, party: PartyCode, peer: &SecretKey) -> Self {
        let claim = Claim {
            network,
            party,
            purpose: Purpose::Peer,
        };
        Self {
            peer_id: PeerId(peer.public()).to_string(),
            peer_possession: hex(&claim.prove(peer).0),
            voting: None,
        }
    }

    /// The same node with a vote of this power.
    #[must_use]
    pub fn with_vote(
        self,
        network: &NetworkName,
        party: PartyCode,
        voting: &SecretKey,
        power: u32,
    ) -> Self {
        let claim = Claim {
            network,
            party,
            purpose: Purpose::Validator,
        };
        let voting = VotingEntry {
            key: voting.public().to_string(),
            possession: hex(&claim.prove(voting).0),
            power,
        };
        Self {
            voting: Some(voting),
            ..self
        }
    }
}

fn parse<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, Faults> {
    if text.len() > FILE_BYTES_MAX {
        return Err(Faults::one(Fault::new(
            "file",
            FaultKind::TooLarge { got: text.len() },
        )));
    }
    toml::from_str(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        let before = text.get(..start).unwrap_or_default();
        let line = before.matches('\n').count().saturating_add(1);
        let source = text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
        Faults::one(Fault::new(
            &alloc::format!("line {line}"),
            FaultKind::Shape {
                message: error.message().into(),
                text: source.trim().into(),
            },
        ))
    })
}

fn write<T: Serialize>(value: &T) -> String {
    let text = toml::to_string(value);
    debug_assert!(text.is_ok(), "our shapes are TOML tables");
    text.unwrap_or_default()
}
