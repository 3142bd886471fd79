//! Every row of every table of rules: alone, beside every other row, and in a block.
//!
//! A row without a case fails the test, and so does a pair of rows that one statement can break together
//! and that no case breaks together; the pairs that cannot meet are listed, with the reason. The earlier row
//! answers.

/// Breaches of rules that several tables share.
macro_rules! breach {
    (role $($role:ident)*) => {
        (concat!("as", $(" ", stringify!($role),)*), |s| s.roles = vec![$(Role::$role),*], Reason::Role)
    };
    (not issued) => {
        ("never issued", |s| s.permit = None, Reason::NotIssued)
    };
    (author $code:literal) => {
        (concat!("by ", $code), |s| s.author = party($code), Reason::WrongParty)
    };
    (kind $kind:ident) => {
        (stringify!($kind), |s| s.with(|permit| permit.kind = Kind::$kind), Reason::WrongKind)
    };
    (used) => {
        ("used", |s| s.with(|permit| permit.import = Some(act("QN"))), Reason::Used)
    };
    (cancelled $reason:ident $answer:ident) => {
        (stringify!($reason), |s| s.with(|permit| permit.cancellation = Some(cancellation(CancelReason::$reason))),
            Reason::$answer)
    };
    (replaced $reason:ident) => {
        (concat!("replaced: ", stringify!($reason)), |s| s.with(|permit| {
            permit.cancellation = Some(cancellation(CancelReason::$reason));
            permit.replaced_by = Some(crate::testing::permit("2").number);
        }), Reason::Replaced)
    };
    (early) => {
        ("the day before its first day", |s| {
            let day = s.now.date().plus_days(2);
            s.with(|permit| permit.valid_from = day);
        }, Reason::NotYetValid)
    };
    (late) => {
        ("the day after its last day", |s| {
            let day = s.now.date().plus_days(-2);
            s.with(|permit| permit.valid_until = day);
        }, Reason::Expired)
    };
    (unknown line) => {
        ("line C of two", |s| {
            s.said.lines.push(LineQuantity { line: line(3), unit: Unit::Number, quantity: units(1) });
        }, Reason::UnknownLine)
    };
    (other unit) => {
        ("grams for specimens", |s| s.said.lines[0].unit = Unit::Gram, Reason::UnitMismatch)
    };
    (over $units:literal) => {
        ("a ten-thousandth more than allowed", |s| {
            s.said.lines[0].quantity = Quantity::from_scaled($units * 10_000 + 1).expect("a quantity");
        }, Reason::OverQuantity)
    };
}

mod authority;
mod customs;
mod doubts;
mod issue;
mod passports;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;
use std::vec;
use std::vec::Vec;

use super::*;
use crate::codec;
use crate::codes::{Source, Unit};
use crate::digest::{RecordDigest, SpeciesKey, sha256};
use crate::party::Height;
use crate::record::{CancelReason, Issue, Statement};
use crate::signed::CheckAll;
use crate::state::permit::{Act, Cancellation};
use crate::state::register::{QuotaState, Suspension, Suspensions};
use crate::state::{Added, Changes, Execution, Receipt, StateKey};
use crate::testing::{
    START, TestLedger, issue, line, office, party, permit, plain_party, record, sign, units,
};
use crate::time::CivilDate;
use crate::tree::KeyHash;

static BEFORE: LazyLock<TestLedger> = LazyLock::new(TestLedger::default);

/// A statement and everything that it is judged by.
#[derive(Clone)]
struct Situation<S> {
    said: S,
    author: PartyCode,
    roles: Vec<Role>,
    /// The permit that it is about.
    permit: Option<PermitState>,
    /// Permits that it cites, or that its permit cites.
    cited: BTreeMap<PermitKey, PermitState>,
    /// Parties that differ from [`plain_party`].
    parties: BTreeMap<PartyCode, Party>,
    /// Other entries of the state: registers, suspensions, quotas.
    values: BTreeMap<StateKey, Vec<u8>>,
    now: Timestamp,
}

impl<S: Clone> Situation<S> {
    fn new(author: &str, role: Role, said: S) -> Self {
        Self {
            said,
            author: party(author),
            roles: vec![role],
            permit: None,
            cited: BTreeMap::new(),
            parties: BTreeMap::new(),
            values: BTreeMap::new(),
            now: START,
        }
    }

    fn about(mut self, permit: PermitState) -> Self {
        self.permit = Some(permit);
        self
    }

    /// Changes the permit, where there is one.
    fn with(&mut self, change: impl FnOnce(&mut PermitState)) {
        if let Some(permit) = &mut self.permit {
            change(permit);
        }
    }

    /// Changes a cited permit; puts `first` on the ledger where it is not there.
    fn cite(&mut self, key: PermitKey, first: PermitState, change: impl FnOnce(&mut PermitState)) {
        change(self.cited.entry(key).or_insert(first));
    }

    /// Changes another entry of the state, which begins as nothing.
    fn enter<T>(&mut self, key: StateKey, change: impl FnOnce(&mut T))
    where
        T: Default + minicbor::Encode<()> + for<'b> minicbor::Decode<'b, ()>,
    {
        let known = self.values.get(&key);
        let mut value = known.map_or_else(T::default, |bytes| {
            codec::decode(bytes, 1 << 20).expect("such a value")
        });
        change(&mut value);
        self.values.insert(key, codec::encode(&value));
    }

    /// Suspends exports of `of` by `by`, from yesterday on.
    fn suspend(&mut self, of: &str, by: &str, species: Option<SpeciesKey>) {
        let from = self.now.date().plus_days(-1);
        let act = act(by);
        self.enter(StateKey::suspensions(party(of)), |all: &mut Suspensions| {
            all.0.push(Suspension {
                species,
                from,
                until: None,
                act,
            });
        });
    }

    fn state(&self, statement: &Statement) -> TestLedger {
        let own = statement.permit(self.author).zip(self.permit.as_ref());
        let permits = own
            .into_iter()
            .chain(self.cited.iter().map(|(key, permit)| (*key, permit)));
        let permits = permits.map(|(key, permit)| (StateKey::permit(&key), codec::encode(permit)));
        let parties = self.parties.iter();
        let parties = parties.map(|(code, party)| (StateKey::party(*code), codec::encode(party)));
        let all = permits.chain(parties).chain(self.values.clone());
        let place = |(key, value): (StateKey, _)| (KeyHash::of(key.as_ref()), Some(value));
        let mut ledger = BEFORE.clone();
        ledger.state.apply(&Changes {
            values: all.map(place).collect(),
            ..Changes::default()
        });
        ledger
    }

    /// All that the rules say, and what the block answers: the first of it.
    fn judged(&self, statement: fn(S) -> Statement) -> (Judgement, Receipt) {
        let statement = statement(self.said.clone());
        let ledger = self.state(&statement);
        let mut record = record(("QS", Role::Customs), statement, self.now, 1);
        record.author = self.author;
        record.offices = self.roles.iter().map(|role| office(*role)).collect();
        let mut execution =
            Execution::begin(&ledger.state, ledger.next(self.now)).expect("a state");
        let judgement = execution
            .explain(&record, &self.roles)
            .expect("readable entries");
        let admission = execution
            .admit(&sign(&record), &CheckAll)
            .expect("an admissible record");
        let Added::Logged(receipt) = admission.add().expect("readable entries") else {
            panic!("one refused record is too many");
        };
        let first = judgement.broken.first().map(|(reason, _)| *reason);
        assert_eq!(receipt.refused, first, "{record:?}");
        if first.is_none() {
            let doubts: Vec<_> = judgement.doubts.iter().map(|(reason, _)| *reason).collect();
            assert_eq!(receipt.warnings.iter().collect::<Vec<_>>(), doubts);
        }
        (judgement, receipt)
    }

    /// Which rows are broken, by their places in the table.
    fn broken(&self, rules: &[Rule<S>], statement: fn(S) -> Statement) -> BTreeSet<usize> {
        let (judgement, _) = self.judged(statement);
        let place = |words| {
            rules
                .iter()
                .position(|rule| rule.words == words)
                .expect("a row")
        };
        judgement
            .broken
            .iter()
            .map(|(_, words)| place(*words))
            .collect()
    }

    fn is_applied(&self, statement: fn(S) -> Statement) {
        let (judgement, _) = self.judged(statement);
        assert_eq!(judgement.broken, []);
    }
}

/// One way to break a row. Its answer stands last.
type Breach<S> = (&'static str, fn(&mut Situation<S>), Reason);

fn check<S: Clone>(
    rules: &[Rule<S>],
    order: &[Reason],
    good: &Situation<S>,
    statement: fn(S) -> Statement,
    breaches: &[Breach<S>],
    never_together: &[(Reason, Reason)],
) {
    let reasons: Vec<_> = rules.iter().map(|rule| rule.reason).collect();
    assert_eq!(reasons, order, "the order of precedence");
    good.is_applied(statement);

    let mut met = BTreeSet::new();
    for (what, breach, reason) in breaches {
        let mut situation = good.clone();
        breach(&mut situation);
        let broken = situation.broken(rules, statement);
        let first = broken.first().map(|row| order[*row]);
        assert_eq!(first, Some(*reason), "{what}");
        for (_, breach, _) in breaches.iter().filter(|(.., other)| other != reason) {
            let mut situation = situation.clone();
            breach(&mut situation);
            let broken = situation.broken(rules, statement);
            let pairs = broken
                .iter()
                .flat_map(|one| broken.range(one..).map(move |two| (*one, *two)));
            met.extend(pairs);
        }
        met.extend(broken.iter().map(|row| (*row, *row)));
    }
    let pairs = (0..order.len()).flat_map(|one| (one..order.len()).map(move |two| (one, two)));
    let unmet: Vec<_> = pairs
        .filter(|pair| !met.contains(pair))
        .map(|(one, two)| (order[one], order[two]))
        .collect();
    let place = |(one, two): &(Reason, Reason)| {
        let row = |reason| order.iter().position(|row| row == reason).expect("a row");
        (row(one), row(two))
    };
    let mut never = never_together.to_vec();
    never.sort_by_key(place);
    assert_eq!(unmet, never, "rows, or pairs, without a case");
}

/// All pairs of one row with others.
fn pairs(one: Reason, others: &[Reason]) -> Vec<(Reason, Reason)> {
    others.iter().map(|other| (one, *other)).collect()
}

const CANCELLED: [Reason; 4] = [
    Reason::Cancelled,
    Reason::Replaced,
    Reason::Lost,
    Reason::Stolen,
];

/// A permit is cancelled once: no two of these rows are ever broken together.
fn one_cancellation() -> impl Iterator<Item = (Reason, Reason)> {
    let rows = CANCELLED.iter().enumerate();
    rows.flat_map(|(row, one)| CANCELLED[row + 1..].iter().map(move |two| (*one, *two)))
}

/// Rows that look at a permit are never broken where there is none; `not_looking` are broken all the same.
fn no_permit(rows: &[Reason], not_looking: &[Reason]) -> Vec<(Reason, Reason)> {
    let blind = [Reason::Role, Reason::NotIssued];
    let looking = rows
        .iter()
        .filter(|row| !blind.contains(row) && !not_looking.contains(row));
    looking.map(|row| (Reason::NotIssued, *row)).collect()
}

fn act(code: &str) -> Act {
    Act {
        party: party(code),
        office: office(Role::Customs),
        port: None,
        time: START,
        height: Height(1),
        record: RecordDigest::default(),
    }
}

fn act_by(code: &str, record: &str) -> Act {
    Act {
        record: RecordDigest(sha256(record.as_bytes())),
        ..act(code)
    }
}

fn cancellation(reason: CancelReason) -> Cancellation {
    Cancellation {
        reason,
        act: act("QS"),
    }
}

/// A permit of `issuer` as it was issued.
fn issued_by(issuer: &str, said: &Issue) -> PermitState {
    PermitState::issued(said, party(issuer), act(issuer))
}

fn alive() -> PermitState {
    issued_by("QS", &issue("1"))
}

/// Ten of each line have left.
fn endorsed() -> PermitState {
    let mut permit = alive();
    for line in &mut permit.lines {
        line.endorsed = Some(units(10));
    }
    permit.endorsement = Some(act_by("QS", "endorsement"));
    permit
}

/// Ten of each line have left, and arrived.
fn imported() -> PermitState {
    let mut permit = endorsed();
    for line in &mut permit.lines {
        line.imported = Some(units(10));
    }
    permit.import = Some(act_by("QN", "import"));
    permit
}

/// A species under some seal.
fn species(name: &str) -> SpeciesKey {
    SpeciesKey(sha256(name.as_bytes()))
}

/// A quota of a hundred specimens, of which `drawn` are drawn.
fn quota(unit: Unit, drawn: u64) -> QuotaState {
    QuotaState {
        unit,
        total: units(100),
        drawn: units(drawn),
        act: act("QS"),
    }
}

/// Norvia's import permit `i` for all of the permit `1`: the same lines.
fn import_permit() -> (PermitKey, PermitState) {
    let mut said = issue("i");
    said.kind = Kind::Import;
    let key = PermitKey {
        issuer: party("QN"),
        number: said.number,
    };
    (key, issued_by("QN", &said))
}

#[test]
fn every_rule_has_its_own_words_and_its_own_reason() {
    fn rows<S>(rules: &[Rule<S>]) -> Vec<(Reason, &'static str)> {
        rules.iter().map(|rule| (rule.reason, rule.words)).collect()
    }
    let tables = [
        rows(ISSUE),
        rows(ISSUE_DOUBTS),
        rows(ENDORSE),
        rows(ENDORSE_DOUBTS),
        rows(IMPORT),
        rows(IMPORT_DOUBTS),
        rows(SIGHT),
        rows(REFUSE),
        rows(CANCEL),
        rows(CONSENT),
        rows(CROSS),
        rows(CORRECT),
        rows(PAPER_SEEN),
        rows(REVOKE_RANGE),
        rows(QUOTA),
        rows(OPERATION),
        rows(SUSPEND),
    ];
    for table in tables {
        let reasons: BTreeSet<_> = table.iter().map(|(reason, _)| reason).collect();
        let words: BTreeSet<_> = table.iter().map(|(_, words)| words).collect();
        assert_eq!((reasons.len(), words.len()), (table.len(), table.len()));
        assert!(words.iter().all(|words| !words.is_empty()));
    }
}
