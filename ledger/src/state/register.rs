//! What a Party's state holds beside its permits: revoked numbers, suspensions, quotas, operations, claims on paper,
//! and what it did in each month.

use alloc::vec::Vec;

use minicbor::{Decode, Encode};

use super::permit::Act;
use crate::codes::Unit;
use crate::digest::{Digest, SpeciesKey};
use crate::parameters::Parameters;
use crate::party::PartyCode;
use crate::quantity::Quantity;
use crate::record::{RevokeReason, SerialRange, Series};
use crate::time::{CivilDate, Timestamp};

/// A range of forms or stamps that nobody may use.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RevokedRange {
    /// What they are.
    #[n(0)]
    pub series: Series,
    /// Their numbers.
    #[n(1)]
    pub range: SerialRange,
    /// Why.
    #[n(2)]
    pub reason: RevokeReason,
    /// By whom and when.
    #[n(3)]
    pub act: Act,
}

/// All ranges that a Party has revoked, in the order in which it did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct RevokedRanges(#[n(0)] pub Vec<RevokedRange>);

impl RevokedRanges {
    /// The revocation of this very range.
    #[must_use]
    pub fn of(&self, series: Series, range: &SerialRange) -> Option<&RevokedRange> {
        let same = |one: &&RevokedRange| one.series == series && one.range == *range;
        self.0.iter().find(same)
    }

    /// The revocation that a printed number falls under.
    #[must_use]
    pub fn covering(&self, series: Series, number: &str) -> Option<&RevokedRange> {
        let covers = |one: &&RevokedRange| one.series == series && one.range.contains(number);
        self.0.iter().find(covers)
    }
}

/// A suspension of a Party's exports.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Suspension {
    /// The species, under the seal of the suspended Party; absent for all.
    #[n(0)]
    pub species: Option<SpeciesKey>,
    /// First day.
    #[n(1)]
    pub from: CivilDate,
    /// Last day, if known.
    #[n(2)]
    pub until: Option<CivilDate>,
    /// By whom and when: for exports to this Party, or for all where the Party suspends its own.
    #[n(3)]
    pub act: Act,
}

impl Suspension {
    /// Whether it holds at `now`. Its days are read where they come last, for the traveller's benefit: it begins when
    /// its first day has begun everywhere, and each day lasts 24 hours.
    #[must_use]
    pub fn holds_at(&self, now: Timestamp, parameters: &Parameters) -> bool {
        let last = parameters.date_ends_offset_minutes;
        self.from.starts_at(last) <= now && self.until.is_none_or(|day| now < day.ends_at(last))
    }

    /// Whether it is about goods of which these are the lines' species keys.
    pub fn concerns(&self, mut lines: impl Iterator<Item = Option<SpeciesKey>>) -> bool {
        self.species.is_none() || lines.any(|species| species == self.species)
    }
}

/// All suspensions of a Party's exports, in the order in which they were first stated.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct Suspensions(#[n(0)] pub Vec<Suspension>);

impl Suspensions {
    /// The suspension that `by` stated for this species.
    #[must_use]
    pub fn of(&self, by: PartyCode, species: Option<SpeciesKey>) -> Option<&Suspension> {
        let same = |one: &&Suspension| one.act.party == by && one.species == species;
        self.0.iter().find(same)
    }

    /// Those that hold at `now` for exports of `issuer` to `destination`.
    pub fn in_force(
        &self,
        issuer: PartyCode,
        destination: Option<PartyCode>,
        now: Timestamp,
        parameters: &Parameters,
    ) -> impl Iterator<Item = &Suspension> {
        let concerns = move |by| by == issuer || destination == Some(by);
        self.0
            .iter()
            .filter(move |one| concerns(one.act.party) && one.holds_at(now, parameters))
    }
}

/// A quota with what is drawn from it. Invariant: drawn ≤ total.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct QuotaState {
    /// Unit of both quantities.
    #[n(0)]
    pub unit: Unit,
    /// What may leave in the year.
    #[n(1)]
    pub total: Quantity,
    /// What permits that may still be used, or were used, authorise.
    #[n(2)]
    pub drawn: Quantity,
    /// Who stated it last.
    #[n(3)]
    pub act: Act,
}

/// An operation that is, or was, on a register.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct OperationState {
    /// Whether it is on the register.
    #[n(0)]
    pub listed: bool,
    /// Since when.
    #[n(1)]
    pub act: Act,
}

/// A claim that goods were cleared on paper.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PaperClaim {
    /// Security stamp on it, hashed.
    #[n(0)]
    pub stamp: Option<Digest>,
    /// What it says, hashed.
    #[n(1)]
    pub document: Digest,
    /// Who claims it, where and when.
    #[n(2)]
    pub act: Act,
}

/// All claims on one number of a Party that is not on the ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct PaperState(#[n(0)] pub Vec<PaperClaim>);

impl PaperState {
    /// The claim on the very same paper.
    #[must_use]
    pub fn claim(&self, stamp: Option<Digest>, document: Digest) -> Option<&PaperClaim> {
        let same = |one: &&PaperClaim| one.stamp == stamp && one.document == document;
        self.0.iter().find(same)
    }
}

/// What a Party's Management Authority did in one month, and what the ledger refused to its offices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct MonthCounts {
    /// Permits issued.
    #[n(0)]
    pub issued: u32,
    /// Of these, with specimens declared bred or propagated (sources A, C, D, F).
    #[n(1)]
    pub captive: u32,
    /// Of these, retrospective.
    #[n(2)]
    pub retrospective: u32,
    /// Of these, re-exports of an origin that the ledger does not cover.
    #[n(3)]
    pub not_covered: u32,
    /// Permits cancelled or replaced.
    #[n(4)]
    pub cancelled: u32,
    /// Records of its offices that the rules refused.
    #[n(5)]
    pub refused: u32,
}

impl MonthCounts {
    /// Adds other counts to these.
    pub fn add(&mut self, other: &Self) {
        let pairs = [
            (&mut self.issued, other.issued),
            (&mut self.captive, other.captive),
            (&mut self.retrospective, other.retrospective),
            (&mut self.not_covered, other.not_covered),
            (&mut self.cancelled, other.cancelled),
            (&mut self.refused, other.refused),
        ];
        for (count, more) in pairs {
            *count = count.saturating_add(more);
        }
    }
}

/// A Party's twelve months of a year.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct Statistics(#[n(0)] pub [MonthCounts; 12]);

impl Statistics {
    /// The counts of a month, 1 to 12.
    pub fn month_mut(&mut self, month: u8) -> Option<&mut MonthCounts> {
        self.0.get_mut(usize::from(month.checked_sub(1)?))
    }
}
