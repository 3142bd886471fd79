//! The Parties of a run: region, line, keys and vote, drawn from the seed, and the genesis they agreed on.

mod choice;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use consensus::validators::Address;
use genesis::check::Faults;
use genesis::file::{GenesisFile, NodeEntry, OfficeEntry, PartyEntry};
use genesis::peer::PeerId;
use genesis::{Genesis, NetworkName};
use ledger::block::{Block, BlockError};
use ledger::digest::{ChainId, Digest, sha256};
use ledger::key::SecretKey;
use ledger::parameters::Parameters;
use ledger::party::{OfficeNumber, PartyCode, Role};

use crate::random::{Purpose, Random};
use crate::region::{Line, Region};
use crate::scenario::Scenario;
use crate::signatures::Signing;
use choice::{choose, committee, lines, network};

/// Nodes of a world in which all gossip with all.
const FULL_MESH_MAX: usize = 16;
/// Lines that each node of a larger world draws besides its two on the ring; others draw it too.
const GOSSIP_DRAWN: usize = 3;
/// Blocks that are kept as they were read.
const BLOCKS_READ_MAX: usize = 64;

/// The Management Authority of each Party.
pub const MANAGEMENT: OfficeNumber = OfficeNumber(1);
/// The customs of each Party.
pub const CUSTOMS: OfficeNumber = OfficeNumber(2);

/// A node: that of the Party in this place, or its twin. Twins come behind all Parties.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NodeIndex {
    /// Its place among all nodes.
    pub place: u16,
    /// Its Party.
    pub code: PartyCode,
    /// Whether it is a second node with the voting key of its Party's first.
    pub is_twin: bool,
}

impl fmt::Display for NodeIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let twin = if self.is_twin { "'" } else { "" };
        write!(f, "{}{twin}", self.code)
    }
}

/// One node of one Party, with its secrets.
#[derive(Clone, Debug)]
pub struct Seat {
    /// Its node.
    pub index: NodeIndex,
    /// Its Party's code.
    pub code: PartyCode,
    /// Its Party's name.
    pub name: &'static str,
    /// Its Party's region.
    pub region: Region,
    /// How it is connected.
    pub line: Line,
    /// Whether it loses power half the day.
    pub is_half_day: bool,
    /// Its Party's customs union.
    pub union: Option<&'static str>,
    /// Whether it votes.
    pub is_validator: bool,
    /// Signs votes and proposals.
    pub voting: SecretKey,
    /// Names its node.
    pub peer: SecretKey,
    /// Signs for its Management Authority.
    pub management: SecretKey,
    /// Signs for its customs.
    pub customs: SecretKey,
    /// The address of its validator.
    pub address: Address,
    /// The libp2p name of its node, in bytes.
    pub peer_id: Vec<u8>,
}

impl Seat {
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
    /// How they sign.
    pub signing: Signing,
    seats: Vec<Seat>,
    twins: Vec<Seat>,
    by_address: BTreeMap<Address, NodeIndex>,
    /// By the place of a node: with whom it gossips.
    neighbours: Vec<Arc<[NodeIndex]>>,
    /// Blocks that some node has read from their bytes.
    blocks: Mutex<BTreeMap<Digest, Block>>,
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
    /// The table of lines is not one.
    #[error("the table of lines is wrong: {0}")]
    Lines(String),
    /// The table of trade is not one.
    #[error("the table of trade is wrong: {0}")]
    Trade(String),
    /// A record that its own rules of form refuse.
    #[error("a record of the workload is not well formed: {0}")]
    Record(String),
    /// The genesis state has no validators.
    #[error("the genesis state cannot be read: {0}")]
    State(String),
}

impl Parties {
    /// Draws regions, lines, committee and keys, and holds the ceremony.
    ///
    /// # Errors
    /// [`SetUpError`].
    pub fn new(scenario: &Scenario, seed: u64) -> Result<Self, SetUpError> {
        let name = network(scenario.parties.count);
        let network = NetworkName::parse(name).ok_or_else(|| SetUpError::Name(name.into()))?;
        let parameters = Parameters {
            heartbeat_ms: scenario.heartbeat_ms,
            ..Parameters::default()
        };
        let mut file = GenesisFile::new(&network, &parameters);
        let chosen = choose(scenario, seed)?;
        let lines = lines(scenario, seed, &chosen);
        let votes = committee(usize::from(scenario.parties.validators), &chosen, &lines);
        let mut random = Random::new(seed, Purpose::Keys);
        let mut seats = Vec::new();
        for (place, party) in (0_u16..).zip(&chosen) {
            let at = usize::from(place);
            let is_validator = votes.get(at).copied().unwrap_or(false);
            let (line, is_half_day) = lines.get(at).copied().unwrap_or((Line::Good, false));
            let mut key = || SecretKey::from_seed(&random.bytes());
            let (voting, peer) = (key(), key());
            let seat = Seat {
                index: NodeIndex {
                    place,
                    code: party.code,
                    is_twin: false,
                },
                code: party.code,
                name: party.name,
                region: party.region,
                line,
                is_half_day: is_half_day && !is_validator,
                union: party.union,
                is_validator,
                address: Address(voting.public()),
                peer_id: PeerId(peer.public()).to_bytes(),
                voting,
                peer,
                management: key(),
                customs: key(),
            };
            file.parties.push(entry(&network, &seat));
            seats.push(seat);
        }
        let genesis = genesis::check::check(&file).map_err(SetUpError::Genesis)?;
        let validators = seats.iter().filter(|seat| seat.is_validator);
        let parties = Self {
            chain: genesis.chain_id(),
            by_address: validators.map(|seat| (seat.address, seat.index)).collect(),
            signing: Signing::new(scenario.signatures),
            genesis,
            seats,
            twins: Vec::new(),
            neighbours: Vec::new(),
            blocks: Mutex::default(),
        };
        Ok(parties.connected(seed))
    }

    /// Gives these validators a second node each, with the same voting key and a peer id of its own.
    #[must_use]
    pub fn with_twins(mut self, of: &[NodeIndex], seed: u64) -> Self {
        let mut random = Random::new(seed, Purpose::Adversaries);
        for first in of {
            let Some(seat) = self.seat(*first).cloned() else {
                continue;
            };
            let place = self.seats.len().saturating_add(self.twins.len());
            let peer = SecretKey::from_seed(&random.bytes());
            self.twins.push(Seat {
                index: NodeIndex {
                    place: u16::try_from(place).unwrap_or(u16::MAX),
                    code: seat.code,
                    is_twin: true,
                },
                peer_id: PeerId(peer.public()).to_bytes(),
                peer,
                ..seat
            });
        }
        self.connected(seed)
    }

    /// Draws who gossips with whom: all with all in a small world; in a large one each node with its neighbours on
    /// a ring and a few others.
    fn connected(mut self, seed: u64) -> Self {
        let mut nodes = self.nodes();
        let mut random = Random::new(seed, Purpose::World);
        random.shuffle(&mut nodes);
        let mut lines: BTreeMap<NodeIndex, BTreeSet<NodeIndex>> = BTreeMap::new();
        let mut join = |a: NodeIndex, b: NodeIndex| {
            if a != b {
                lines.entry(a).or_default().insert(b);
                lines.entry(b).or_default().insert(a);
            }
        };
        let ring = nodes.iter().zip(nodes.iter().cycle().skip(1));
        for (&node, &next) in ring {
            join(node, next);
            if nodes.len() <= FULL_MESH_MAX {
                nodes.iter().for_each(|other| join(node, *other));
                continue;
            }
            for _ in 0..GOSSIP_DRAWN {
                if let Some(other) = random.choose(&nodes) {
                    join(node, *other);
                }
            }
        }
        let of = |seat: &Seat| {
            lines
                .get(&seat.index)
                .into_iter()
                .flatten()
                .copied()
                .collect()
        };
        self.neighbours = self.all_seats().map(of).collect();
        self
    }

    /// With whom a node gossips.
    #[must_use]
    pub fn neighbours(&self, node: NodeIndex) -> Arc<[NodeIndex]> {
        let neighbours = self.neighbours.get(usize::from(node.place));
        neighbours.map_or_else(|| Arc::from([]), Arc::clone)
    }

    /// The block of these bytes. Reading is a pure function of them, so what one node has read no other reads again.
    ///
    /// # Errors
    /// [`BlockError`].
    pub fn block(&self, bytes: &[u8]) -> Result<Block, BlockError> {
        let name = sha256(bytes);
        let mut blocks = self.blocks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(block) = blocks.get(&name) {
            return Ok(block.clone());
        }
        if blocks.len() >= BLOCKS_READ_MAX {
            blocks.clear();
        }
        let block = Block::decode(bytes)?;
        blocks.insert(name, block.clone());
        Ok(block)
    }

    /// The Parties, in the order of their nodes.
    #[must_use]
    pub fn seats(&self) -> &[Seat] {
        &self.seats
    }

    /// Every node's seat: those of the Parties, then twins.
    pub fn all_seats(&self) -> impl Iterator<Item = &Seat> {
        self.seats.iter().chain(&self.twins)
    }

    /// The seat of a node.
    #[must_use]
    pub fn seat(&self, node: NodeIndex) -> Option<&Seat> {
        let place = usize::from(node.place);
        let twin = place.checked_sub(self.seats.len());
        match twin {
            None => self.seats.get(place),
            Some(twin) => self.twins.get(twin),
        }
    }

    /// The Party of this code.
    #[must_use]
    pub fn of_code(&self, code: &str) -> Option<&Seat> {
        self.seats.iter().find(|seat| seat.code.as_str() == code)
    }

    /// The validator of this address.
    #[must_use]
    pub fn of_address(&self, address: &Address) -> Option<NodeIndex> {
        self.by_address.get(address).copied()
    }

    /// Every node, twins last.
    #[must_use]
    pub fn nodes(&self) -> Vec<NodeIndex> {
        self.all_seats().map(|seat| seat.index).collect()
    }
}

fn entry(network: &NetworkName, seat: &Seat) -> PartyEntry {
    let office = |role| {
        let (_, key) = seat.office(role);
        OfficeEntry::proven(network, seat.code, role, key)
    };
    let node = NodeEntry::follower(network, seat.code, &seat.peer);
    PartyEntry {
        code: seat.code.to_string(),
        name: seat.name.into(),
        customs_union: seat.union.map(Into::into),
        accepts_unendorsed: false,
        import_permit_for_ii: false,
        offices: vec![office(Role::Management), office(Role::Customs)],
        nodes: vec![if seat.is_validator {
            node.with_vote(network, seat.code, &seat.voting, 1)
        } else {
            node
        }],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parties(count: u16, validators: u16, seed: u64) -> Parties {
        let mut scenario = Scenario::included("calm").unwrap();
        scenario.parties.count = count;
        scenario.parties.validators = validators;
        scenario.parties.weak_permille = 300;
        Parties::new(&scenario, seed).unwrap()
    }

    #[test]
    fn a_committee_has_its_seats_by_region_and_good_lines_first() {
        let world = parties(185, 31, 3);
        let votes = |region| {
            let seats = world.seats().iter();
            seats
                .filter(|seat| seat.is_validator && seat.region == region)
                .count()
        };
        let by_region: Vec<_> = Region::ALL.into_iter().map(votes).collect();
        // 53, 39, 31, 50, 3 and 9 Parties of 185.
        assert_eq!(by_region, [9, 7, 5, 8, 0, 2]);
        assert!(
            world
                .seats()
                .iter()
                .all(|seat| !seat.is_validator || seat.line == Line::Good)
        );
    }

    #[test]
    fn worlds_of_every_size_have_a_sound_genesis() {
        for (count, validators) in [
            (1, 1),
            (4, 4),
            (7, 7),
            (14, 10),
            (15, 15),
            (31, 31),
            (100, 21),
        ] {
            let world = parties(count, validators, 1);
            assert_eq!(world.seats().len(), usize::from(count));
            let votes = world.seats().iter().filter(|seat| seat.is_validator);
            assert_eq!(votes.count(), usize::from(validators));
        }
    }
}
