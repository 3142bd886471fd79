//! The reference: what there is, in plain maps and numbers.
//!
//! It shares nothing with the ledger, not even dates or codes: Parties, kinds, units, taxa, stamps and papers
//! are small numbers, dates are day numbers, answers are words. `records.rs` and `seen.rs` translate.

use std::collections::{BTreeMap, BTreeSet};

use crate::calendar::{DAY_MS, MINUTE_MS, year_of};

/// Issuing Party, and number.
pub(crate) type Name = (u8, u8);
/// A permit, and the letter of a line of it.
pub(crate) type Spot = (Name, u8);
/// Line, unit, quantity.
pub(crate) type Goods = Vec<(u8, u8, u64)>;

/// In which capacity somebody speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hat {
    Authority,
    Border,
    Scientist,
    Delegate,
    AuthorityAndBorder,
    /// Customs whose key is active from height 4 to 8 only.
    Watch,
}

/// When something is said, and the number of the record in which it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Now {
    pub ms: i64,
    pub height: u64,
    pub serial: u64,
}

/// Who did something, where and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Act {
    pub by: u8,
    pub desk: u16,
    pub port: Option<u8>,
    pub ms: i64,
    pub height: u64,
    pub serial: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Origin {
    pub root: Spot,
    pub last: Option<Spot>,
    pub drawn: u64,
}

impl Origin {
    /// Where the quantity is taken from.
    pub(crate) fn source(&self) -> Spot {
        self.last.unwrap_or(self.root)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub letter: u8,
    pub unit: u8,
    pub authorised: u64,
    pub appendix: u8,
    pub source: char,
    pub taxon: u8,
    pub origins: Vec<Origin>,
    pub species: Option<u8>,
    /// Where it was bred: whose register, which number.
    pub works: Option<(u8, u8)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Grant {
    pub number: u8,
    /// As box 1 counts them: 1 export, 2 re-export, 3 import, … 13 other.
    pub kind: u8,
    pub to: Option<u8>,
    pub granted: i64,
    pub from: i64,
    pub until: i64,
    pub lines: Vec<Line>,
    /// The document.
    pub paper: u8,
    pub stamp: Option<u8>,
    /// Issued after the goods left, for reason 1 to 3.
    pub late: Option<u8>,
    /// Which permit of the same issuer it replaces, and why.
    pub instead: Option<(u8, Why)>,
    /// The import permit it rests on.
    pub entry: Option<Name>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    Clerical,
    Lost,
    Stolen,
    Withdrawn,
    Damaged,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    Grant(Grant),
    Leave(Name, Goods),
    Pass(Name),
    Arrive(Name, Goods, Option<Name>),
    TurnAway(Name, bool),
    Void(Name, Why),
    Agree(Name),
    /// Out (`true`) or in, with which paper.
    Cross(Name, bool, u8),
    /// Which record's quantities.
    Amend(Name, u64, Goods),
    /// Stamp and content of a paper.
    Paper(Name, Option<u8>, u8),
    /// Forms or stamps, from, to, and whether it holds no longer.
    Revoke(u8, u64, u64, bool),
    Quota {
        year: i64,
        species: u8,
        unit: u8,
        total: u64,
    },
    Works(u8, bool),
    Halt {
        of: u8,
        species: Option<u8>,
        from: i64,
        until: Option<i64>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub by: u8,
    pub hat: Hat,
    pub port: u8,
    pub deed: Deed,
}

/// What became of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fate {
    pub left: Option<u64>,
    pub arrived: Option<u64>,
    /// What permits that hold their draws took from it: counted anew after every statement.
    pub gone: u64,
    pub depth: u64,
    pub known: bool,
    /// Whether its works were on the register when it was issued.
    pub registered: bool,
    /// Whether it draws on a quota.
    pub rationed: bool,
}

/// Where a passport is, how often it crossed, and the last time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Travel {
    pub inside: Option<u8>,
    pub count: u32,
    pub last: Option<Act>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Permit {
    pub grant: Grant,
    pub fates: Vec<Fate>,
    pub issued: Act,
    pub left: Option<Act>,
    pub left_again: Option<Act>,
    pub arrived: Option<Act>,
    pub arrived_again: Option<Act>,
    pub void: Option<(Why, Act)>,
    pub contested: Option<(Why, Act)>,
    pub agreed: Option<Act>,
    pub next: Option<u8>,
    pub travel: Option<Travel>,
    pub passed: u32,
    pub turned_away: u32,
    pub attempts: u32,
    /// Port, attempts, refusals.
    pub ports: Vec<(u8, u32, u32)>,
    pub doubts: BTreeSet<&'static str>,
    pub touched: u64,
}

impl Permit {
    /// Whether what it took, from others and from quotas, stays taken.
    pub(crate) fn holds(&self) -> bool {
        let moved = self.left.is_some() || self.arrived.is_some();
        self.next.is_none() && (self.void.is_none() || moved)
    }

    pub(crate) fn lives(&self) -> bool {
        self.arrived.is_none() && self.void.is_none()
    }

    /// Lines with what became of them.
    pub(crate) fn both(&self) -> impl Iterator<Item = (&Line, &Fate)> {
        self.grant.lines.iter().zip(&self.fates)
    }

    pub(crate) fn at(&self, letter: u8) -> Option<(&Line, &Fate)> {
        self.both().find(|(line, _)| line.letter == letter)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ration {
    pub unit: u8,
    pub total: u64,
    pub drawn: u64,
    pub act: Act,
    /// The record that stated it first: permits before it draw nothing.
    pub since: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Halt {
    pub species: Option<u8>,
    pub from: i64,
    pub until: Option<i64>,
    pub act: Act,
}

/// All that the Parties know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct World {
    /// Parties from 0 to before this are on the ledger.
    pub members: u8,
    /// Each Party's customs union, where it is in one.
    pub unions: Vec<Option<u8>>,
    /// Whether each Party accepts what was never endorsed.
    pub lenient: Vec<bool>,
    /// Whether each Party asks for its import permit for Appendix II.
    pub strict: Vec<bool>,
    /// Zones in minutes: where dates begin, where they end.
    pub zones: (i64, i64),
    pub permits: BTreeMap<Name, Permit>,
    /// Passed and turned away, of numbers never issued, and the last time.
    pub reports: BTreeMap<Name, (u32, u32, Act)>,
    /// Papers of Parties that are not on the ledger: stamp, content.
    pub papers: BTreeMap<Name, Vec<(Option<u8>, u8, Act)>>,
    /// Forms and stamps that a Party revoked.
    pub revoked: BTreeMap<u8, Vec<(u8, u64, u64, Act)>>,
    /// By Party, year and species.
    pub rations: BTreeMap<(u8, i64, u8), Ration>,
    /// Breeding operations by Party and number.
    pub works: BTreeMap<(u8, u8), (bool, Act)>,
    /// Suspensions of a Party's exports.
    pub halts: BTreeMap<u8, Vec<Halt>>,
    /// By Party and year, for each month: issued, captive, late, not covered, cancelled, refused.
    pub months: BTreeMap<(u8, i64), [[u32; 6]; 12]>,
}

impl World {
    /// The same Party, or both in one customs union.
    pub(crate) fn fellows(&self, one: u8, other: u8) -> bool {
        let union = |party: u8| self.unions[usize::from(party)];
        one == other || (union(one).is_some() && union(one) == union(other))
    }

    pub(crate) const fn is_member(&self, party: u8) -> bool {
        party < self.members
    }

    /// First instant of a day where it begins first, or at another offset.
    pub(crate) fn begins(&self, day: i64) -> i64 {
        day * DAY_MS - self.zones.0 * MINUTE_MS
    }

    /// First instant after a day where it ends last.
    pub(crate) fn ends(&self, day: i64) -> i64 {
        (day + 1) * DAY_MS - self.zones.1 * MINUTE_MS
    }

    /// What is taken from a spot, leaving one permit out.
    pub(crate) fn taken(&self, spot: Spot, but: Option<Name>) -> u64 {
        let permits = self.permits.iter();
        permits
            .filter(|(name, permit)| Some(**name) != but && permit.holds())
            .flat_map(|(_, permit)| &permit.grant.lines)
            .flat_map(|line| &line.origins)
            .filter(|origin| origin.source() == spot)
            .map(|origin| origin.drawn)
            .sum()
    }

    /// What is drawn from a quota, leaving one permit out.
    pub(crate) fn rationed(&self, key: (u8, i64, u8), since: u64, but: Option<Name>) -> u64 {
        let draws = |(name, permit): &(&Name, &Permit)| {
            Some(**name) != but
                && name.0 == key.0
                && permit.grant.kind == 1
                && year_of(permit.grant.granted) == key.1
                && permit.issued.serial > since
                && permit.holds()
        };
        self.permits
            .iter()
            .filter(draws)
            .flat_map(|(_, permit)| &permit.grant.lines)
            .filter(|line| line.species == Some(key.2))
            .map(|line| line.authorised)
            .sum()
    }

    /// Counts all balances anew, from the permits alone.
    pub(crate) fn settle(&mut self) {
        let known = self.clone();
        for (name, permit) in &mut self.permits {
            for (line, fate) in permit.grant.lines.iter().zip(&mut permit.fates) {
                fate.gone = known.taken((*name, line.letter), None);
            }
        }
        for (key, ration) in &mut self.rations {
            ration.drawn = known.rationed(*key, ration.since, None);
        }
    }
}

/// The permit that a statement is about, where it is about one: an issuer always names its own.
pub(crate) fn name_of(said: &Said) -> Option<Name> {
    match &said.deed {
        Deed::Grant(grant) => Some((said.by, grant.number)),
        Deed::Leave(name, _)
        | Deed::Pass(name)
        | Deed::Arrive(name, ..)
        | Deed::TurnAway(name, _)
        | Deed::Void(name, _)
        | Deed::Agree(name)
        | Deed::Cross(name, ..)
        | Deed::Amend(name, ..)
        | Deed::Paper(name, ..) => Some(*name),
        Deed::Revoke(..) | Deed::Quota { .. } | Deed::Works(..) | Deed::Halt { .. } => None,
    }
}

/// Import permits, introductions from the sea and passports do not travel with one consignment.
pub(crate) fn travels(kind: u8) -> bool {
    !matches!(kind, 3 | 5 | 9..=12)
}

/// Certificates of Article VII stand for every other document, and the sea needs none.
pub(crate) fn may_need_entry(kind: u8) -> bool {
    matches!(kind, 1 | 2 | 13)
}

/// Months from the grant that a kind may last.
pub(crate) fn longest(kind: u8) -> i64 {
    match kind {
        1 | 2 | 12 => 6,
        3..=5 => 12,
        _ => 36,
    }
}

/// What differs between two worlds that should be equal, entry by entry: a whole world would be unreadable.
pub(crate) fn differences(seen: &World, expected: &World) -> Vec<String> {
    fn of<K: Ord + std::fmt::Debug, V: PartialEq + std::fmt::Debug>(
        what: &str,
        seen: &BTreeMap<K, V>,
        expected: &BTreeMap<K, V>,
    ) -> Vec<String> {
        let keys: BTreeSet<_> = seen.keys().chain(expected.keys()).collect();
        let differing = keys
            .into_iter()
            .filter(|key| seen.get(*key) != expected.get(*key));
        differing
            .map(|key| {
                let (seen, expected) = (seen.get(key), expected.get(key));
                format!("{what} {key:?}: the ledger {seen:?}, the model {expected:?}")
            })
            .collect()
    }
    [
        of("permit", &seen.permits, &expected.permits),
        of("report", &seen.reports, &expected.reports),
        of("paper", &seen.papers, &expected.papers),
        of("revoked", &seen.revoked, &expected.revoked),
        of("quota", &seen.rations, &expected.rations),
        of("works", &seen.works, &expected.works),
        of("suspensions", &seen.halts, &expected.halts),
        of("statistics", &seen.months, &expected.months),
    ]
    .concat()
}
