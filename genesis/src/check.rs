//! Every rule for a genesis file; all faults at once, each with its place and what to do.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use ledger::digest::bytes_from_hex;
use ledger::key::{PublicKey, Signature};
use ledger::limits::VALIDATORS_MAX;
use ledger::parameters::ParameterFault;
use ledger::party::{PartyCode, Role};
use ledger::quorum::{PROTOCOL_VERSION, Validator, ValidatorSet};

use crate::document::{Genesis, Member, NetworkName, Node, SeatedOffice, Voting};
use crate::file::{GenesisFile, NodeEntry, OfficeEntry, PartyEntry};
use crate::parties;
use crate::peer::PeerId;
use crate::possession::{Claim, Purpose};

mod fault;

pub(crate) use fault::shown;
pub use fault::{Fault, FaultKind, Faults};

/// Parties of one network; the Convention has 185.
pub const PARTIES_MAX: usize = 256;
/// Offices of one Party at the start; others enter by recorded decision.
pub const OFFICES_MAX: usize = 64;
/// Nodes of one Party.
pub const NODES_MAX: usize = 32;
/// Characters of a Party's name.
pub const NAME_CHARS_MAX: usize = 80;

/// Checks a complete file.
///
/// # Errors
/// [`Faults`]: all of them, in the order of the file.
pub fn check(file: &GenesisFile) -> Result<Genesis, Faults> {
    let mut checker = Checker::default();
    let network = checker.head(file);
    let mut members = checker.parties(network.as_ref(), &file.parties);
    let validators = checker.validators(&members, file);
    Faults::unless_empty(checker.faults)?;
    members.sort_by_key(|member| member.code);
    match (network, validators) {
        (Some(network), Some(validators)) => {
            let parameters = file.parameters.to_parameters(file.protocol_version);
            Ok(Genesis::from_checked(
                network, parameters, members, validators,
            ))
        }
        // Either is missing only together with a fault that says so.
        (None, _) | (_, None) => Err(Faults::one(Fault::new("file", FaultKind::NoValidator))),
    }
}

/// Checks a file that still waits for Parties: everything but that somebody takes part and votes.
///
/// # Errors
/// [`Faults`]: all of them, in the order of the file.
pub fn check_draft(file: &GenesisFile) -> Result<(), Faults> {
    let mut checker = Checker::default();
    let network = checker.head(file);
    checker.parties(network.as_ref(), &file.parties);
    Faults::unless_empty(checker.faults)
}

/// Collects faults, and the keys seen so far.
#[derive(Default)]
struct Checker {
    faults: Vec<Fault>,
    /// Every key of the file and where it stands.
    keys: BTreeMap<PublicKey, String>,
}

impl Checker {
    fn fault(&mut self, place: &str, kind: FaultKind) {
        self.faults.push(Fault::new(place, kind));
    }

    /// Keeps the value, or notes the fault at `place`.
    fn take<T>(&mut self, place: &str, result: Result<T, FaultKind>) -> Option<T> {
        result.map_err(|kind| self.fault(place, kind)).ok()
    }

    fn head(&mut self, file: &GenesisFile) -> Option<NetworkName> {
        let network = NetworkName::parse(&file.network)
            .ok_or_else(|| FaultKind::Network(file.network.clone()));
        let network = self.take("network", network);
        if file.protocol_version != PROTOCOL_VERSION {
            self.fault(
                "protocol_version",
                FaultKind::ProtocolVersion(file.protocol_version),
            );
        }
        let parameters = file.parameters.to_parameters(file.protocol_version);
        for fault in parameters.faults() {
            // Said above, at its own place in the file.
            if fault != ParameterFault::ProtocolVersion {
                self.fault("parameters", FaultKind::Parameter(fault));
            }
        }
        network
    }

    fn parties(&mut self, network: Option<&NetworkName>, entries: &[PartyEntry]) -> Vec<Member> {
        if entries.len() > PARTIES_MAX {
            self.fault("file", FaultKind::TooManyParties(entries.len()));
            return Vec::new();
        }
        let mut first_entries = BTreeMap::new();
        let mut members = Vec::new();
        for (number, entry) in (1_usize..).zip(entries) {
            let place = format!("party {} (number {number})", shown(&entry.code));
            let first = *first_entries.entry(&entry.code).or_insert(number);
            if first != number {
                // Its keys would only be reported as duplicates of themselves.
                self.fault(&place, FaultKind::DuplicateCode { first });
                continue;
            }
            let place = format!("party {}", shown(&entry.code));
            members.extend(self.party(network, &place, entry));
        }
        members
    }

    /// `None` only together with a fault.
    fn party(
        &mut self,
        network: Option<&NetworkName>,
        place: &str,
        entry: &PartyEntry,
    ) -> Option<Member> {
        let code = PartyCode::new(&entry.code).ok_or_else(|| FaultKind::Code(entry.code.clone()));
        let code = self.take(place, code);
        if let (Some(network), Some(code)) = (network, code) {
            self.take(place, is_welcome(network, code));
        }
        if !is_printable_name(&entry.name) {
            self.fault(
                &format!("{place}, name"),
                FaultKind::Name(entry.name.clone()),
            );
        }
        if let Some(union) = entry
            .customs_union
            .as_ref()
            .filter(|union| !is_union_code(union))
        {
            self.fault(
                &format!("{place}, customs_union"),
                FaultKind::Union(union.clone()),
            );
        }
        let claimant = network.zip(code);
        let offices = self.offices(claimant, place, &entry.offices);
        let nodes = self.nodes(claimant, place, &entry.nodes);
        Some(Member {
            code: code?,
            name: entry.name.clone(),
            customs_union: entry.customs_union.clone(),
            accepts_unendorsed: entry.accepts_unendorsed,
            import_permit_for_ii: entry.import_permit_for_ii,
            offices,
            nodes,
        })
    }

    fn offices(
        &mut self,
        claimant: Option<(&NetworkName, PartyCode)>,
        place: &str,
        entries: &[OfficeEntry],
    ) -> Vec<SeatedOffice> {
        match entries.len() {
            0 => self.fault(place, FaultKind::NoOffice),
            1..=OFFICES_MAX => {}
            many => {
                self.fault(place, FaultKind::TooManyOffices(many));
                return Vec::new();
            }
        }
        let mut offices = Vec::new();
        for (number, entry) in (1_usize..).zip(entries) {
            let place = format!("{place}, office {number} ({})", shown(&entry.role));
            let role = entry.role.parse::<Role>();
            let role = self.take(
                &place,
                role.map_err(|_| FaultKind::Role(entry.role.clone())),
            );
            let key = PublicKey::from_hex(&entry.key).map_err(FaultKind::Key);
            let key = self.take(&format!("{place}, key"), key);
            let claim = claimant.zip(role).map(|((network, party), role)| Claim {
                network,
                party,
                purpose: Purpose::Office(role),
            });
            let possession = self.key(&place, claim, key, &entry.possession);
            if let (Some(role), Some(key), Some(possession)) = (role, key, possession) {
                offices.push(SeatedOffice {
                    role,
                    key,
                    possession,
                });
            }
        }
        offices
    }

    fn nodes(
        &mut self,
        claimant: Option<(&NetworkName, PartyCode)>,
        place: &str,
        entries: &[NodeEntry],
    ) -> Vec<Node> {
        match entries.len() {
            0 => self.fault(place, FaultKind::NoNode),
            1..=NODES_MAX => {}
            many => {
                self.fault(place, FaultKind::TooManyNodes(many));
                return Vec::new();
            }
        }
        let mut nodes = Vec::new();
        for (number, entry) in (1_usize..).zip(entries) {
            nodes.extend(self.node(claimant, &format!("{place}, node {number}"), entry));
        }
        // The order of nodes has no meaning, so it must not change the digest.
        nodes.sort_by_key(|node| node.peer);
        nodes
    }

    /// `None` only together with a fault.
    fn node(
        &mut self,
        claimant: Option<(&NetworkName, PartyCode)>,
        place: &str,
        entry: &NodeEntry,
    ) -> Option<Node> {
        let claim = |purpose| {
            claimant.map(|(network, party)| Claim {
                network,
                party,
                purpose,
            })
        };
        let peer = PeerId::parse(&entry.peer_id).map_err(FaultKind::PeerId);
        let peer = self.take(&format!("{place}, peer_id"), peer);
        let peer_key = peer.map(|peer| peer.0);
        let possession = self.key(
            &format!("{place}, peer"),
            claim(Purpose::Peer),
            peer_key,
            &entry.peer_possession,
        );
        let voting = match &entry.voting {
            None => None,
            Some(voting) => {
                let place = format!("{place}, voting");
                let key = PublicKey::from_hex(&voting.key).map_err(FaultKind::Key);
                let key = self.take(&format!("{place}, key"), key);
                let claim = claim(Purpose::Validator);
                let possession = self.key(&place, claim, key, &voting.possession);
                if voting.power == 0 {
                    self.fault(&format!("{place}, power"), FaultKind::NoPower);
                }
                let power = u64::from(voting.power);
                Some(Voting {
                    key: key?,
                    possession: possession?,
                    power,
                })
            }
        };
        Some(Node {
            peer: peer?,
            possession: possession?,
            voting,
        })
    }

    /// A key's uniqueness and its proof of possession. Without a claim (its network, Party or role is at
    /// fault already) the proof's form alone is judged.
    fn key(
        &mut self,
        place: &str,
        claim: Option<Claim<'_>>,
        key: Option<PublicKey>,
        possession: &str,
    ) -> Option<Signature> {
        if let Some(key) = key {
            if let Some(elsewhere) = self.keys.get(&key) {
                let elsewhere = elsewhere.clone();
                self.fault(place, FaultKind::DuplicateKey(elsewhere));
            } else {
                self.keys.insert(key, place.into());
            }
        }
        let place = format!("{place}, possession");
        let proof = bytes_from_hex(possession)
            .map(Signature)
            .ok_or(FaultKind::Signature);
        let proof = self.take(&place, proof)?;
        let (claim, key) = claim.zip(key)?;
        if !claim.is_proven(&key, &proof) {
            self.fault(&place, FaultKind::Possession);
        }
        Some(proof)
    }

    /// `None` only together with a fault.
    fn validators(&mut self, members: &[Member], file: &GenesisFile) -> Option<ValidatorSet> {
        if file.parties.is_empty() {
            self.fault("file", FaultKind::NoParty);
            return None;
        }
        let entries = file.parties.iter().flat_map(|party| &party.nodes);
        let voting: Vec<_> = entries.filter_map(|node| node.voting.as_ref()).collect();
        if voting.is_empty() {
            self.fault("file", FaultKind::NoValidator);
        }
        if voting.len() > VALIDATORS_MAX {
            self.fault("file", FaultKind::TooManyValidators(voting.len()));
        }
        let mut powers = voting.iter().map(|voting| voting.power);
        let total = powers.try_fold(0_u32, |sum, power| sum.checked_add(power));
        if total.is_none() {
            self.fault("file", FaultKind::PowerTotal);
        }
        if !self.faults.is_empty() {
            return None;
        }
        let seated = members.iter().flat_map(|member| {
            let voting = member.nodes.iter().filter_map(|node| node.voting.as_ref());
            voting.map(|voting| Validator {
                key: voting.key,
                power: voting.power,
                party: member.code,
            })
        });
        ValidatorSet::new(seated.collect()).ok()
    }
}

/// Real Parties on real networks, invented ones on networks for demonstration.
fn is_welcome(network: &NetworkName, code: PartyCode) -> Result<(), FaultKind> {
    match (network.is_demonstration(), code.is_invented()) {
        (true, true) => Ok(()),
        (true, false) => Err(FaultKind::RealCode),
        (false, true) => Err(FaultKind::InventedCode),
        (false, false) => parties::find(code)
            .map(|_| ())
            .ok_or(FaultKind::UnknownCode),
    }
}

fn is_printable_name(name: &str) -> bool {
    let visible = |c: char| !c.is_control() && !fault::NAME_DECEIVERS.contains(&c);
    (1..=NAME_CHARS_MAX).contains(&name.chars().count())
        && name.trim() == name
        && name.chars().all(visible)
}

fn is_union_code(code: &str) -> bool {
    (2..=16).contains(&code.len())
        && code.starts_with(|c: char| c.is_ascii_uppercase())
        && code
            .chars()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
}
