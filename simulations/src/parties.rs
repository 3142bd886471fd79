//! The four Parties of a run: their keys, drawn from the seed, and the genesis they agreed on.

use std::fmt;

use consensus::validators::Address;
use genesis::check::Faults;
use genesis::file::{GenesisFile, NodeEntry, OfficeEntry, PartyEntry};
use genesis::peer::PeerId;
use genesis::{Genesis, NetworkName};
use ledger::digest::ChainId;
use ledger::key::SecretKey;
use ledger::parameters::Parameters;
use ledger::party::{OfficeNumber, PartyCode, Role};

use crate::scenario::Scenario;
use crate::world::random::{Purpose, Random};

/// The customs union of two of the Parties: either may accept what is destined for the other.
const UNION: &str = "SIM";
/// Code, name, customs union. Invented: ISO leaves these codes to users.
const PARTIES: [(&str, &str, Option<&str>); 4] = [
    ("QS", "Suravia", None),
    ("QT", "Transmar", None),
    ("QN", "Norvia", Some(UNION)),
    ("QP", "Portamar", Some(UNION)),
];

/// The Management Authority of each Party.
pub const MANAGEMENT: OfficeNumber = OfficeNumber(1);
/// The customs of each Party.
pub const CUSTOMS: OfficeNumber = OfficeNumber(2);

/// A node, by its place among the Parties.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NodeIndex(pub u8);

/// One Party with its secrets.
#[derive(Debug)]
pub struct Seat {
    /// Its place.
    pub index: NodeIndex,
    /// Its code.
    pub code: PartyCode,
    /// Its name.
    pub name: &'static str,
    /// Signs votes and proposals.
    pub voting: SecretKey,
    /// Names its node.
    pub peer: SecretKey,
    /// Signs for its Management Authority.
    pub management: SecretKey,
    /// Signs for its customs.
    pub customs: SecretKey,
}

impl Seat {
    /// The address of its validator.
    #[must_use]
    pub fn address(&self) -> Address {
        Address(self.voting.public())
    }

    /// The key of one of its offices.
    #[must_use]
    pub const fn office(&self, role: Role) -> (OfficeNumber, &SecretKey) {
        match role {
            Role::Customs => (CUSTOMS, &self.customs),
            Role::Management | Role::Scientific | Role::Governance => {
                (MANAGEMENT, &self.management)
            }
        }
    }
}

/// All Parties of a run.
#[derive(Debug)]
pub struct Parties {
    /// What they agreed on.
    pub genesis: Genesis,
    /// Its name.
    pub chain: ChainId,
    seats: Vec<Seat>,
}

/// Why a run could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetUpError {
    /// The scenario makes no sound genesis.
    #[error("the scenario makes no sound genesis: {0}")]
    Genesis(Faults),
    /// A name that is not one.
    #[error("`{0}` is not the name of a network or Party")]
    Name(String),
    /// A record that its own rules of form refuse.
    #[error("a record of the workload is not well formed: {0}")]
    Record(String),
    /// The genesis state has no validators.
    #[error("the genesis state cannot be read: {0}")]
    State(String),
}

impl Parties {
    /// Draws the keys and holds the ceremony.
    ///
    /// # Errors
    /// [`SetUpError`].
    pub fn new(scenario: &Scenario, seed: u64) -> Result<Self, SetUpError> {
        let network = NetworkName::parse(&scenario.network)
            .ok_or_else(|| SetUpError::Name(scenario.network.clone()))?;
        let parameters = Parameters {
            heartbeat_ms: scenario.heartbeat_ms,
            ..Parameters::default()
        };
        let mut file = GenesisFile::new(&network, &parameters);
        let mut random = Random::new(seed, Purpose::Keys);
        let mut seats = Vec::new();
        for (index, (code, name, union)) in (0..).zip(PARTIES) {
            let code = PartyCode::new(code).ok_or_else(|| SetUpError::Name(code.into()))?;
            let mut key = || SecretKey::from_seed(&random.bytes());
            let seat = Seat {
                index: NodeIndex(index),
                code,
                name,
                voting: key(),
                peer: key(),
                management: key(),
                customs: key(),
            };
            file.parties.push(entry(&network, &seat, union));
            seats.push(seat);
        }
        let genesis = genesis::check::check(&file).map_err(SetUpError::Genesis)?;
        Ok(Self {
            chain: genesis.chain_id(),
            genesis,
            seats,
        })
    }

    /// The Parties, in the order of their nodes.
    #[must_use]
    pub fn seats(&self) -> &[Seat] {
        &self.seats
    }

    /// The Party whose node this is.
    #[must_use]
    pub fn seat(&self, node: NodeIndex) -> Option<&Seat> {
        self.seats.get(usize::from(node.0))
    }

    /// The libp2p name of a node, in bytes; empty for a node that does not exist.
    #[must_use]
    pub fn peer_id(&self, node: NodeIndex) -> Vec<u8> {
        let seat = self.seat(node);
        seat.map_or_else(Vec::new, |seat| PeerId(seat.peer.public()).to_bytes())
    }

    /// The Party of this code.
    #[must_use]
    pub fn of_code(&self, code: &str) -> Option<&Seat> {
        self.seats.iter().find(|seat| seat.code.as_str() == code)
    }

    /// Every node.
    #[must_use]
    pub fn nodes(&self) -> Vec<NodeIndex> {
        self.seats.iter().map(|seat| seat.index).collect()
    }
}

fn entry(network: &NetworkName, seat: &Seat, union: Option<&str>) -> PartyEntry {
    let office = |role| {
        let (_, key) = seat.office(role);
        OfficeEntry::proven(network, seat.code, role, key)
    };
    PartyEntry {
        code: seat.code.to_string(),
        name: seat.name.into(),
        customs_union: union.map(Into::into),
        accepts_unendorsed: false,
        import_permit_for_ii: false,
        offices: vec![office(Role::Management), office(Role::Customs)],
        nodes: vec![
            NodeEntry::follower(network, seat.code, &seat.peer).with_vote(
                network,
                seat.code,
                &seat.voting,
                1,
            ),
        ],
    }
}

impl fmt::Display for NodeIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = PARTIES
            .get(usize::from(self.0))
            .map_or("??", |party| party.0);
        f.write_str(code)
    }
}
