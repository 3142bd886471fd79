//! A state of as many permits as a measurement asks for, a full block on it, and remembered signatures.

use std::cell::RefCell;
use std::sync::Arc;

use ledger::codec::encode;
use ledger::codes::{Appendix, Kind};
use ledger::digest::{RecordDigest, sha256};
use ledger::key::PublicKey;
use ledger::party::{Algorithm, Height, Role};
use ledger::record::{
    CancelReason, Cross, Direction, Import, Issue, LineKey, LineQuantity, Origin, PermitKey,
    Replaces, Statement,
};
use ledger::signed::{CheckAll, CheckedClaims, Claim, SignatureCheck, Signed};
use ledger::state::{Act, PermitState, StateKey};
use ledger::testing::{
    self, START, TestLedger, four_parties, office, office_key, party, quantities, record,
};

/// Records of a full block.
pub(crate) const BLOCK_RECORDS: u64 = 2_000;
/// Management Authority and customs of the exporter, of transit and of the importer.
const ISSUER: (&str, Role) = ("QS", Role::Management);
const EXPORT: (&str, Role) = ("QS", Role::Customs);
const TRANSIT: (&str, Role) = ("QT", Role::Customs);
pub(crate) const ARRIVAL: (&str, Role) = ("QN", Role::Customs);
/// The importer's Management Authority lets a part go on.
const RE_EXPORTER: (&str, Role) = ("QN", Role::Management);

/// What stands in the state, a fifth of its permits each.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Issued,
    Endorsed,
    Imported,
    /// A musical instrument, at home.
    Passport,
    /// An import permit of the importer, unused.
    Granted,
}

const STAGES: [Stage; 5] = [
    Stage::Issued,
    Stage::Endorsed,
    Stage::Imported,
    Stage::Passport,
    Stage::Granted,
];

/// The `nth` permit that stands at a stage.
pub(crate) fn permit_at(nth: u64, stage: Stage) -> PermitKey {
    key_at(STAGES.len() as u64 * nth + stage as u64, stage)
}

fn key_at(index: u64, stage: Stage) -> PermitKey {
    let key = permit(index);
    let issuer = if stage == Stage::Granted {
        party("QN")
    } else {
        key.issuer
    };
    PermitKey { issuer, ..key }
}

pub(crate) fn permit(index: u64) -> PermitKey {
    testing::permit(&number(index))
}

fn number(index: u64) -> String {
    format!("26QS{index:08}")
}

/// A chain before its first block, whose state holds `permits` permits.
pub(crate) fn ledger_of(permits: u64) -> TestLedger {
    let mut entries = four_parties();
    for (index, stage) in (0..permits).zip(STAGES.into_iter().cycle()) {
        let key = StateKey::permit(&key_at(index, stage));
        entries.push((key.as_str().into(), encode(&permit_state(index, stage))));
    }
    TestLedger::new(entries)
}

fn permit_state(index: u64, stage: Stage) -> PermitState {
    let act = |(code, role): (&str, Role)| Act {
        party: party(code),
        office: office(role),
        port: None,
        time: START,
        height: Height::ZERO,
        record: RecordDigest(sha256(&index.to_be_bytes())),
    };
    let mut said = testing::issue(&number(index));
    match stage {
        Stage::Issued | Stage::Endorsed | Stage::Imported => {}
        Stage::Passport => (said.kind, said.destination) = (Kind::MusicalInstrument, None),
        Stage::Granted => said.kind = Kind::Import,
    }
    let mut permit = PermitState::issued(&said, key_at(index, stage).issuer, act(ISSUER));
    for line in &mut permit.lines {
        if matches!(stage, Stage::Endorsed | Stage::Imported) {
            line.endorsed = Some(line.authorised);
            permit.endorsement = Some(act(EXPORT));
        }
        if stage == Stage::Imported {
            line.imported = Some(line.authorised);
            permit.import = Some(act(ARRIVAL));
        }
    }
    permit
}

/// An issue of a permit that the state does not hold yet.
pub(crate) fn issued(index: u64) -> Arc<Signed> {
    let said = Statement::Issue(testing::issue(&number(index)));
    testing::sign(&record(ISSUER, said, START, index))
}

/// Records of a full block that the rules refuse: second imports.
pub(crate) const REFUSED_RECORDS: u64 = BLOCK_RECORDS / 40;

/// A full block on [`ledger_of`] `permits`, at least 10,000. Of 40 records: 10 issues alone, 4 on an import permit,
/// 3 re-exports, 1 replacement, 7 endorsements, 6 imports and 2 that spend an import permit too, 3 sightings,
/// 1 cancellation, 2 crossings, and a second import, which the rules refuse.
pub(crate) fn mixed_records(permits: u64) -> Vec<Arc<Signed>> {
    let stride = (permits / STAGES.len() as u64 / BLOCK_RECORDS).max(1);
    let one = |n: u64| {
        let at = |stage| permit_at(n * stride, stage);
        let new = |change: &dyn Fn(&mut Issue)| {
            let mut said = testing::issue(&number(permits + n));
            change(&mut said);
            Statement::Issue(said)
        };
        let (speaker, statement) = match n % 40 {
            0..10 => return issued(permits + n),
            10..14 => (
                ISSUER,
                new(&|issue| {
                    issue.lines[0].appendix = Appendix::I;
                    issue.import_permit = Some(at(Stage::Granted));
                }),
            ),
            14..17 => (
                RE_EXPORTER,
                new(&|issue| re_export(issue, at(Stage::Imported))),
            ),
            17 => (
                ISSUER,
                new(&|issue| {
                    let number = at(Stage::Issued).number;
                    issue.replaces = Some(Replaces {
                        number,
                        reason: CancelReason::Lost,
                    });
                }),
            ),
            18..25 => (EXPORT, testing::endorse(at(Stage::Issued), moved())),
            25..31 => (ARRIVAL, testing::import(at(Stage::Endorsed), moved())),
            31..33 => (
                ARRIVAL,
                Statement::Import(Import {
                    permit: at(Stage::Endorsed),
                    lines: moved(),
                    port: testing::port("QNHAR"),
                    import_permit: Some(at(Stage::Granted)),
                }),
            ),
            33..36 => (TRANSIT, testing::sight(at(Stage::Endorsed))),
            36 => (
                ISSUER,
                testing::cancel(at(Stage::Issued), CancelReason::Withdrawn),
            ),
            37..39 => (EXPORT, leaves_home(at(Stage::Passport), n * stride)),
            _ => (ARRIVAL, testing::import(at(Stage::Imported), moved())),
        };
        testing::sign(&record(speaker, statement, START, n))
    };
    (0..BLOCK_RECORDS).map(one).collect()
}

/// Every line comes from the line of an imported permit, in full.
fn re_export(issue: &mut Issue, permit: PermitKey) {
    (issue.kind, issue.destination) = (Kind::ReExport, Some(party("QP")));
    for line in &mut issue.lines {
        let root = LineKey {
            permit,
            line: line.line,
        };
        line.origins = vec![Origin {
            root,
            last: None,
            drawn: line.authorised,
        }];
    }
}

fn leaves_home(permit: PermitKey, nth: u64) -> Statement {
    let index = STAGES.len() as u64 * nth + Stage::Passport as u64;
    Statement::Cross(Cross {
        permit,
        direction: Direction::Out,
        port: testing::port("QSSUR"),
        document: testing::issue(&number(index)).commitment,
    })
}

fn moved() -> Vec<LineQuantity> {
    quantities(90, 20)
}

/// The key of the one office that signed.
pub(crate) fn key_of(signed: &Signed) -> PublicKey {
    let record = signed.record();
    office_key(record.author, record.offices[0]).public()
}

/// Whether the record's one signature verifies under its office's key, as `checker` finds it.
pub(crate) fn verifies(
    signed: &Arc<Signed>,
    key: PublicKey,
    checker: &impl SignatureCheck,
) -> bool {
    let keys = [(Algorithm::Ed25519, key)];
    Arc::clone(signed).verify(&keys, checker).is_some()
}

/// A node's memory of the signatures that it checked on admission.
pub(crate) struct Remembered(RefCell<CheckedClaims>);

impl Remembered {
    pub(crate) fn of(records: &[Arc<Signed>]) -> Self {
        let remembered = Self(RefCell::new(CheckedClaims::new(records.len())));
        for signed in records {
            assert!(verifies(signed, key_of(signed), &remembered));
        }
        remembered
    }
}

impl SignatureCheck for Remembered {
    fn verifies(&self, claim: &Claim<'_>) -> bool {
        let name = claim.name();
        let known = self.0.borrow().contains(&name);
        let holds = known || CheckAll.verifies(claim);
        if holds && !known {
            self.0.borrow_mut().insert(name);
        }
        holds
    }
}
