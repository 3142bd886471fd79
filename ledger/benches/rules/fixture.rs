//! A state of as many permits as a measurement asks for, a full block on it, and remembered signatures.

use std::cell::RefCell;
use std::sync::Arc;

use ledger::codec::encode;
use ledger::digest::{RecordDigest, sha256};
use ledger::key::PublicKey;
use ledger::party::{Algorithm, Height, Role};
use ledger::record::{LineQuantity, PermitKey, Statement};
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

/// How far a permit of the state has come: a third of them each.
#[derive(Clone, Copy)]
pub(crate) enum Stage {
    Issued,
    Endorsed,
    Imported,
}

/// The `nth` permit that stands at a stage.
pub(crate) fn permit_at(nth: u64, stage: Stage) -> PermitKey {
    permit(3 * nth + stage as u64)
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
    for index in 0..permits {
        let stage = match index % 3 {
            0 => Stage::Issued,
            1 => Stage::Endorsed,
            _ => Stage::Imported,
        };
        let key = StateKey::permit(&permit(index));
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
    let said = testing::issue(&number(index));
    let issued = record(ISSUER, Statement::Issue(said.clone()), START, index);
    let mut permit = PermitState::issued(&said, &issued, act(ISSUER));
    for line in &mut permit.lines {
        if matches!(stage, Stage::Endorsed | Stage::Imported) {
            line.endorsed = Some(line.authorised);
            permit.endorsement = Some(act(EXPORT));
        }
        if matches!(stage, Stage::Imported) {
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

/// A full block on [`ledger_of`] `permits`: 40 % issues, 25 % endorsements, 20 % imports, 12.5 % sightings
/// and 2.5 % second imports, which the rules refuse.
pub(crate) fn mixed_records(permits: u64) -> Vec<Arc<Signed>> {
    let stride = (permits / 3 / BLOCK_RECORDS).max(1);
    let one = |n: u64| {
        let at = |stage| permit_at(n * stride, stage);
        let (speaker, statement) = match n % 40 {
            0..16 => return issued(permits + n),
            16..26 => (EXPORT, testing::endorse(at(Stage::Issued), moved())),
            26..34 => (ARRIVAL, testing::import(at(Stage::Endorsed), moved())),
            34..39 => (TRANSIT, testing::sight(at(Stage::Endorsed))),
            _ => (ARRIVAL, testing::import(at(Stage::Imported), moved())),
        };
        testing::sign(&record(speaker, statement, START, n))
    };
    (0..BLOCK_RECORDS).map(one).collect()
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
