//! Every row of every table of rules: alone, beside every other row, and in a block.
//!
//! A row without a case fails the test, and so does a pair of rows that one statement can break together
//! and that no case breaks together; the pairs that cannot meet are listed. The earlier row answers.

mod rows;

use std::collections::{BTreeMap, BTreeSet};
use std::string::String;
use std::vec;
use std::vec::Vec;

use super::*;
use crate::codec;
use crate::digest::RecordDigest;
use crate::party::Height;
use crate::record::{CancelReason, Statement};
use crate::state::StateKey;
use crate::state::permit::{Act, Cancellation};
use crate::testing::{
    PARTIES, START, TestLedger, entries, execute, issue, office, party, plain_party, record, sign,
    units,
};
use crate::time::CivilDate;

/// A statement and everything that it is judged by.
#[derive(Clone)]
struct Situation<S> {
    said: S,
    author: PartyCode,
    roles: Vec<Role>,
    permit: Option<PermitState>,
    parties: BTreeMap<PartyCode, Party>,
    now: Timestamp,
}

impl<S: Clone> Situation<S> {
    fn new(author: &str, role: Role, said: S) -> Self {
        Self {
            said,
            author: party(author),
            roles: vec![role],
            permit: None,
            parties: PARTIES.map(|code| (party(code), plain_party())).into(),
            now: START,
        }
    }

    fn about(mut self, permit: PermitState) -> Self {
        self.permit = Some(permit);
        self
    }

    /// Which rows are broken, by their places.
    fn broken(&self, rules: &[Rule<S>]) -> BTreeSet<usize> {
        let destination = self.permit.as_ref().and_then(|permit| permit.destination);
        let case = Case {
            said: &self.said,
            author: self.author,
            author_party: self.parties.get(&self.author),
            roles: &self.roles,
            permit: self.permit.as_ref(),
            issuer_party: self.parties.get(&party("QS")),
            destination_party: destination.and_then(|code| self.parties.get(&code)),
            now: self.now,
            parameters: &Parameters::default(),
        };
        let rows = rules.iter().enumerate();
        rows.filter(|(_, rule)| (rule.broken)(&case))
            .map(|(row, _)| row)
            .collect()
    }

    /// What a block answers.
    fn answer(&self, statement: fn(S) -> Statement) -> Option<Reason> {
        let statement = statement(self.said.clone());
        let parties: Vec<_> = self.parties.clone().into_iter().collect();
        let mut entries = entries(&parties, &Parameters::default());
        let key = StateKey::permit(&statement.permit(self.author));
        let permit = self.permit.as_ref().map(codec::encode);
        entries.extend(permit.map(|bytes| (String::from(key.as_str()), bytes)));
        let ledger = TestLedger::new(entries);
        let mut record = record(("QS", Role::Customs), statement, self.now, 1);
        record.author = self.author;
        record.offices = self.roles.iter().map(|role| office(*role)).collect();
        let executed = execute(&ledger.state, ledger.next(self.now), &[sign(&record)]);
        executed.expect("an admissible record").receipts[0].refused
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
    let row = |reason: &Reason| order.iter().position(|row| row == reason).expect("a row");
    assert_eq!(good.broken(rules), BTreeSet::new());
    assert_eq!(good.answer(statement), None);

    let mut met = BTreeSet::new();
    for (what, breach, reason) in breaches {
        let mut situation = good.clone();
        breach(&mut situation);
        let first = situation.broken(rules).first().copied();
        assert_eq!(first, Some(row(reason)), "{what}");
        assert_eq!(situation.answer(statement), Some(*reason), "{what}");
        met.insert((row(reason), row(reason)));
        for (another, breach, other) in breaches.iter().filter(|(.., other)| other != reason) {
            let mut situation = situation.clone();
            breach(&mut situation);
            let broken = situation.broken(rules);
            let pair = (row(reason).min(row(other)), row(reason).max(row(other)));
            if broken.contains(&pair.0) && broken.contains(&pair.1) {
                met.insert(pair);
                let first = broken.first().map(|row| order[*row]);
                assert_eq!(situation.answer(statement), first, "{what}, and {another}");
            }
        }
    }
    let pairs = (0..order.len()).flat_map(|one| (one..order.len()).map(move |two| (one, two)));
    let unmet: Vec<_> = pairs
        .filter(|pair| !met.contains(pair))
        .map(|(one, two)| (order[one], order[two]))
        .collect();
    assert_eq!(unmet, never_together, "rows, or pairs, without a case");
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

fn cancellation(reason: CancelReason) -> Cancellation {
    Cancellation {
        reason,
        act: act("QS"),
    }
}

fn alive() -> PermitState {
    let issue = issue("1");
    let statement = Statement::Issue(issue.clone());
    let record = record(("QS", Role::Management), statement, START, 0);
    PermitState::issued(&issue, &record, act("QS"))
}

/// Ten of each line have left.
fn endorsed() -> PermitState {
    let mut permit = alive();
    for line in &mut permit.lines {
        line.endorsed = Some(units(10));
    }
    permit.endorsement = Some(act("QS"));
    permit
}
