//! A chain that grows by one record a block, and what must hold after every block.

use std::collections::{BTreeMap, BTreeSet};
use std::vec;
use std::vec::Vec;

use super::*;
use crate::codes::Kind;
use crate::party::PartyCode;
use crate::permit::number::number_hash;
use crate::quantity::Quantity;
use crate::reason::Reason;
use crate::record::{Issue, LineKey, Origin};
use crate::state::register::QuotaState;
use crate::state::signal::signals_of;
use crate::testing::{CHAIN, line};

/// A permit's key by its issuer and number.
pub(super) fn key(issuer: &str, number: &str) -> PermitKey {
    let issuer = party(issuer);
    PermitKey {
        issuer,
        number: number_hash(CHAIN, issuer, number),
    }
}

pub(super) const fn management(code: &'static str) -> (&'static str, Role) {
    (code, Role::Management)
}

pub(super) const fn customs(code: &'static str) -> (&'static str, Role) {
    (code, Role::Customs)
}

/// Ten-thousandths of a unit.
pub(super) fn scaled(scaled: u64) -> Quantity {
    Quantity::from_scaled(scaled).expect("a quantity")
}

/// A draw from line A of a permit of the country of origin.
pub(super) fn first(root: PermitKey, drawn: Quantity) -> Origin {
    let root = LineKey {
        permit: root,
        line: line(1),
    };
    Origin {
        root,
        last: None,
        drawn,
    }
}

/// A draw from line A of a re-export certificate.
pub(super) fn next(root: PermitKey, last: PermitKey, drawn: Quantity) -> Origin {
    let last = Some(LineKey {
        permit: last,
        line: line(1),
    });
    Origin {
        last,
        ..first(root, drawn)
    }
}

/// Line A re-exports `origins`, all of them; there is no other line.
pub(super) fn re_export(issue: &mut Issue, origins: &[Origin]) {
    issue.kind = Kind::ReExport;
    issue.lines.truncate(1);
    let line = &mut issue.lines[0];
    line.origins = origins.to_vec();
    line.origins
        .sort_by_key(|origin| (origin.source(), origin.root));
    let sum = origins.iter().map(|origin| origin.drawn.scaled()).sum();
    line.authorised = Quantity::from_scaled(sum).unwrap_or(Quantity::MAX);
}

/// A chain and its clock: every record is a block, a second after the last.
#[derive(Clone)]
pub(super) struct Story {
    pub(super) ledger: TestLedger,
    pub(super) now: Timestamp,
    permits: BTreeSet<PermitKey>,
    quotas: BTreeSet<StateKey>,
}

impl Story {
    pub(super) fn new() -> Self {
        Self::on(TestLedger::default())
    }

    pub(super) fn on(ledger: TestLedger) -> Self {
        Self {
            ledger,
            now: START,
            permits: BTreeSet::new(),
            quotas: BTreeSet::new(),
        }
    }

    pub(super) fn days_later(&mut self, days: u64) {
        self.now = self.now.plus_ms(days * DAY_MS);
    }

    pub(super) fn receipt(&mut self, (code, role): (&str, Role), statement: Statement) -> Receipt {
        self.block(vec![(party(code), role, statement)])[0]
    }

    /// One block with all these.
    pub(super) fn block(&mut self, said: Vec<(PartyCode, Role, Statement)>) -> Vec<Receipt> {
        self.now = self.now.plus_ms(1000);
        let mut records = Vec::new();
        for (author, role, statement) in said {
            self.permits.extend(statement.permit(author));
            if let Statement::Quota(said) = &statement {
                let key = StateKey::quota(author, said.year, &said.species);
                self.quotas.insert(key);
            }
            let speaker = (author.as_str(), role);
            records.push(self.ledger.says(speaker, statement, self.now));
        }
        let receipts = self.ledger.block(self.now, &records).receipts;
        self.check();
        receipts
    }

    /// All permits there are.
    pub(super) fn permits(&self) -> Vec<(PermitKey, PermitState)> {
        let known = |key: &PermitKey| Some((*key, self.ledger.permit(key)?));
        self.permits.iter().filter_map(known).collect()
    }

    /// The answer to a statement.
    pub(super) fn ask(&mut self, speaker: (&str, Role), statement: Statement) -> Option<Reason> {
        self.receipt(speaker, statement).refused
    }

    /// A statement that is applied.
    #[track_caller]
    pub(super) fn done(&mut self, speaker: (&str, Role), statement: Statement) {
        let name = statement.as_str();
        assert_eq!(self.ask(speaker, statement), None, "{name}");
    }

    /// The answer to an issue of line A 100 specimens, line B 20 kg, from one Party to another, as changed.
    pub(super) fn try_issue(
        &mut self,
        (from, to): (&str, &str),
        number: &str,
        change: impl FnOnce(&mut Issue),
    ) -> Option<Reason> {
        let mut said = issue(number);
        let day = self.now.date();
        said.number = key(from, number).number;
        said.destination = Some(party(to));
        (said.granted_on, said.valid_from) = (day, day);
        said.valid_until = day.plus_months(6);
        change(&mut said);
        self.ask((from, Role::Management), Statement::Issue(said))
    }

    #[track_caller]
    pub(super) fn issue(
        &mut self,
        way: (&str, &str),
        number: &str,
        change: impl FnOnce(&mut Issue),
    ) -> PermitKey {
        assert_eq!(self.try_issue(way, number, change), None, "{number}");
        key(way.0, number)
    }

    pub(super) fn permit(&self, key: PermitKey) -> PermitState {
        self.ledger.permit(&key).expect("issued")
    }

    /// It leaves, with so much of line A and of line B.
    #[track_caller]
    pub(super) fn leave(&mut self, key: PermitKey, a: u64, b: u64) {
        self.done(
            (key.issuer.as_str(), Role::Customs),
            endorse(key, quantities(a, b)),
        );
    }

    /// It arrives at its destination.
    #[track_caller]
    pub(super) fn arrive(&mut self, key: PermitKey, a: u64, b: u64) {
        let to = self.permit(key).destination.expect("a destination");
        self.done((to.as_str(), Role::Customs), import(key, quantities(a, b)));
    }

    #[track_caller]
    pub(super) fn travel(&mut self, key: PermitKey, a: u64, b: u64) {
        self.leave(key, a, b);
        self.arrive(key, a, b);
    }

    /// An export of 100 specimens and 20 kg that arrived.
    pub(super) fn arrived(&mut self, way: (&str, &str), number: &str) -> PermitKey {
        let key = self.issue(way, number, |_| {});
        self.travel(key, 100, 20);
        key
    }

    /// What re-exports may still draw from line A.
    pub(super) fn balance(&self, key: PermitKey) -> Quantity {
        self.permit(key).lines[0].balance()
    }

    pub(super) fn quota(&self, key: &StateKey) -> Option<QuotaState> {
        read(&self.ledger.state, key).unwrap()
    }

    /// What must hold after every block: the index of signals follows from the permits, and what lines and quotas
    /// say was drawn is what living permits draw.
    fn check(&self) {
        let permits = self.permits();
        let signals = permits
            .iter()
            .flat_map(|(key, permit)| signals_of(*key, permit));
        assert_eq!(*self.ledger.state.signals(), signals.collect());

        let mut drawn = BTreeMap::<LineKey, u64>::new();
        let mut quotas = BTreeMap::<StateKey, u64>::new();
        for (key, permit) in permits.iter().filter(|(_, permit)| permit.holds_draws()) {
            for line in &permit.lines {
                for origin in &line.origins {
                    *drawn.entry(origin.source()).or_default() += origin.drawn.scaled();
                }
                if let Some(species) = line.species.filter(|_| line.draws_on_quota) {
                    let quota = StateKey::quota(key.issuer, permit.year(), &species);
                    *quotas.entry(quota).or_default() += line.authorised.scaled();
                }
            }
        }
        for (permit, state) in &permits {
            for line in &state.lines {
                let key = LineKey {
                    permit: *permit,
                    line: line.line,
                };
                let sum = drawn.remove(&key).unwrap_or(0);
                assert_eq!(line.re_exported.scaled(), sum, "drawn from {key:?}");
                let arrived = line.imported.unwrap_or(Quantity::ZERO);
                assert!(line.re_exported <= arrived && arrived <= line.importable());
                assert!(line.importable() <= line.authorised);
            }
        }
        let elsewhere = |key: &LineKey| self.ledger.permit(&key.permit).is_none();
        assert!(
            drawn.keys().all(elsewhere),
            "drawn from lines that are not there"
        );
        for key in &self.quotas {
            let quota = self.quota(key);
            let drawn = quota.as_ref().map_or(0, |quota| quota.drawn.scaled());
            assert_eq!(
                drawn,
                quotas.remove(key).unwrap_or(0),
                "drawn from {}",
                key.as_str()
            );
            assert!(quota.is_none_or(|quota| quota.drawn <= quota.total));
        }
        assert_eq!(
            quotas,
            BTreeMap::new(),
            "drawn from quotas that nobody stated"
        );
    }
}
