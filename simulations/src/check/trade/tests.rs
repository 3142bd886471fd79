//! Random trade, judged by the ledger and by the checker: what one accepts, the other does. Every rule is broken by
//! somebody.

mod chance;
mod lies;
mod verdicts;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use genesis::NetworkName;
use genesis::file::{GenesisFile, NodeEntry, OfficeEntry, PartyEntry};
use ledger::digest::{NumberHash, sha256};
use ledger::key::SecretKey;
use ledger::permit::LineId;
use ledger::quorum::PROTOCOL_VERSION;
use ledger::reason::Reason;
use ledger::record::Port;
use ledger::signed::{CheckAll, Signed};
use ledger::state::memory::{MemoryState, initial_changes};
use ledger::state::{At, Execution};

use super::*;

/// The Parties: two in a customs union, one that accepts what was never endorsed, one that asks for import permits.
const MEMBERS: [&str; 5] = ["QS", "QT", "QN", "QP", "QM"];
/// On no ledger.
const OUTSIDER: &str = "QX";
/// 2027-03-01T12:00:00Z.
const START: Timestamp = Timestamp(1_803_902_400_000);
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

pub(super) fn code(text: &str) -> PartyCode {
    PartyCode::new(text).unwrap()
}

fn key(name: &str) -> SecretKey {
    SecretKey::from_seed(&sha256(name.as_bytes()).0)
}

fn office_key(party: PartyCode, role: Role) -> SecretKey {
    key(&format!("{party}/{}", role.as_str()))
}

fn genesis() -> Genesis {
    let network = NetworkName::parse("sim-trade").unwrap();
    let mut file = GenesisFile::new(&network, &Parameters::default());
    for name in MEMBERS {
        let party = code(name);
        let office = |role| OfficeEntry::proven(&network, party, role, &office_key(party, role));
        let peer = key(&format!("{name}/peer"));
        let vote = key(&format!("{name}/vote"));
        file.parties.push(PartyEntry {
            code: name.into(),
            name: name.into(),
            customs_union: ["QN", "QP"].contains(&name).then(|| "SIM".into()),
            accepts_unendorsed: name == "QT",
            import_permit_for_ii: name == "QM",
            offices: vec![office(Role::Management), office(Role::Customs)],
            nodes: vec![
                NodeEntry::follower(&network, party, &peer).with_vote(&network, party, &vote, 1),
            ],
        });
    }
    genesis::check::check(&file).unwrap()
}

/// A ledger and the checker's own account of it, side by side.
#[derive(Clone)]
struct Game {
    chain: ledger::digest::ChainId,
    state: MemoryState,
    permits: Permits,
    height: Height,
    now: Timestamp,
    log_size: u64,
    made: u64,
}

impl Game {
    fn new() -> Self {
        let genesis = genesis();
        let (_, changes) = initial_changes(genesis.initial_state());
        let mut state = MemoryState::default();
        state.apply(&changes);
        Self {
            chain: genesis.chain_id(),
            state,
            permits: Permits::new(&genesis),
            height: Height::ZERO,
            now: START,
            log_size: 0,
            made: 0,
        }
    }

    /// A record that differs from all others.
    fn record(&mut self, (by, role): (PartyCode, Role), statement: Statement) -> Record {
        self.made += 1;
        let mut nonce = [0; 16];
        nonce[..8].copy_from_slice(&self.made.to_be_bytes());
        Record {
            version: PROTOCOL_VERSION,
            chain: self.chain,
            author: by,
            offices: vec![match role {
                Role::Management => OfficeNumber(1),
                Role::Customs | Role::Scientific | Role::Governance => OfficeNumber(2),
            }],
            statement,
            made_at: self.now,
            checkpoint: None,
            after: None,
            good_until: self.now.plus_ms(DAY_MS),
            nonce,
        }
    }

    /// A block with one record, on the ledger alone: its digest, and why it was refused.
    fn decide(&mut self, record: &Record) -> (RecordDigest, Option<Reason>) {
        let role = match record.offices[0] {
            OfficeNumber(1) => Role::Management,
            OfficeNumber(_) => Role::Customs,
        };
        let key = office_key(record.author, role);
        let signed = Arc::new(Signed::sign(record, &[&key]).unwrap());
        self.height = self.height.next();
        let at = At {
            chain: self.chain,
            height: self.height,
            time: self.now,
            log_size: self.log_size,
        };
        let mut execution = Execution::begin(&self.state, at).unwrap();
        execution.admit(&signed, &CheckAll).unwrap().add().unwrap();
        let executed = execution.finish().unwrap();
        self.state.apply(&executed.changes);
        self.log_size = executed.log_size;
        (signed.digest(), executed.receipts[0].refused)
    }

    /// Both judge. The rule that the checker found broken, and the ledger's answer.
    fn says(
        &mut self,
        speaker: (PartyCode, Role),
        statement: Statement,
    ) -> (Option<Broken>, Option<Reason>) {
        let record = self.record(speaker, statement);
        let (digest, refused) = self.decide(&record);
        self.permits.begin(self.height, self.now);
        let broken = self.permits.judge(self.now, &record).err();
        let told = match refused {
            None => self.permits.applied(digest, &record),
            Some(_) => self.permits.refused(digest, &record),
        };
        assert_eq!(told, Ok(()), "{refused:?}, {broken:?}: {record:?}");
        (broken, refused)
    }
}

/// What the checker calls what the ledger refuses for a reason.
const CALLED: [(Broken, &[Reason]); 20] = [
    (Broken::Party, &[Reason::Role, Reason::WrongParty]),
    (Broken::NotIssued, &[Reason::NotIssued]),
    (Broken::Kind, &[Reason::WrongKind]),
    (
        Broken::IssuedTwice,
        &[Reason::DuplicateNumber, Reason::DuplicateStamp],
    ),
    (
        Broken::Dates,
        &[
            Reason::ValidityTooLong,
            Reason::Dates,
            Reason::GrantDate,
            Reason::NotYetValid,
            Reason::Expired,
        ],
    ),
    (Broken::Spent, &[Reason::Used]),
    (
        Broken::Over,
        &[
            Reason::Cancelled,
            Reason::Replaced,
            Reason::Lost,
            Reason::Stolen,
        ],
    ),
    (
        Broken::Again,
        &[Reason::AlreadyEndorsed, Reason::AlreadyRecorded],
    ),
    (
        Broken::Unaccompanied,
        &[
            Reason::NotEndorsed,
            Reason::Retrospective,
            Reason::NeedsImportPermit,
            Reason::ImportPermitBroken,
        ],
    ),
    (
        Broken::Quantity,
        &[
            Reason::UnknownLine,
            Reason::UnitMismatch,
            Reason::OverQuantity,
        ],
    ),
    (Broken::Origin, &[Reason::OriginBroken]),
    (Broken::Retrospective, &[Reason::RetrospectiveAppendixI]),
    (Broken::TwoStates, &[Reason::CrossingBroken]),
    (
        Broken::Quota,
        &[Reason::QuotaExceeded, Reason::UnitMismatch],
    ),
    (
        Broken::Suspended,
        &[Reason::Suspended, Reason::NeedsSpeciesKey],
    ),
    (Broken::Unknown, &[Reason::UnknownRecord]),
    (Broken::OnLedger, &[Reason::OnLedgerParty]),
    (Broken::Full, &[Reason::RegisterFull]),
    (Broken::Replacement, &[Reason::ReplacementBroken]),
    (Broken::OtherDocument, &[Reason::Altered]),
];

#[test]
fn the_ledger_and_the_checker_accept_and_refuse_the_same_and_for_the_same_rule() {
    let mut reasons: BTreeMap<Reason, u32> = BTreeMap::new();
    let mut applied: BTreeMap<&str, u32> = BTreeMap::new();
    let mut caught = BTreeSet::new();
    for seed in 0..4 {
        let mut game = Game::new();
        let mut chance = chance::Chance::new(seed);
        for step in 0..2_500 {
            let (speaker, statement) = chance.next(&mut game);
            let deed = statement.as_str();
            let (broken, refused) = game.says(speaker, statement);
            match refused {
                None => *applied.entry(deed).or_default() += 1,
                Some(reason) => *reasons.entry(reason).or_default() += 1,
            }
            caught.extend(broken);
            let is_called = |reason: Reason| {
                let mut rows = CALLED.iter();
                rows.any(|(rule, reasons)| Some(*rule) == broken && reasons.contains(&reason))
            };
            assert!(
                refused.is_none_or(is_called),
                "seed {seed}, step {step}: {deed} {refused:?} {broken:?}"
            );
        }
    }
    assert_eq!(applied.len(), 14, "{applied:?}");
    let called = CALLED.iter().flat_map(|(_, reasons)| *reasons);
    let unseen: Vec<_> = called
        .filter(|reason| !reasons.contains_key(reason))
        .collect();
    // Registers are filled up in `lies.rs`.
    assert_eq!(unseen, [&Reason::RegisterFull], "{reasons:?}");
    let all = Broken::ALL.into_iter().filter(|rule| *rule != Broken::Full);
    assert_eq!(caught, all.collect());
}
