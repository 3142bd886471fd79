//! What people look for in the permits of a Party, as entries of an ordered index that follows from the state alone.
//!
//! A signal is no entry of the authenticated map: every node derives the same index from the same permits, and
//! whoever doubts a list asks for the proof of a permit on it.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use super::permit::{LineState, PermitState};
use super::register::{MonthCounts, Statistics};
use crate::codes::Kind;
use crate::digest::{Digest, NumberHash};
use crate::party::PartyCode;
use crate::quantity::Quantity;
use crate::record::PermitKey;
use crate::time::Timestamp;

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Signal {
    /// Exported and not imported, by the issuing Party, since the endorsement (Art. VI.6).
    Open,
    /// The same, by the destination.
    Awaited,
    /// Less was endorsed than authorised, by the issuing Party.
    EndorsedLess,
    /// Less was imported than endorsed, by the issuing Party.
    ImportedLess,
    /// Acts that the rules refused, or goods that customs refused, by the issuing Party.
    Refused,
    /// Retrospective permits, by the issuing Party.
    Retrospective,
    /// Retrospective permits that wait for consent, by the destination.
    ConsentDue,
    /// Re-exports of what the ledger does not cover, by the issuing Party.
    NotCovered,
    /// Uses that the issuing Party contests.
    Contested,
}

impl Signal {
    /// All signals, in their order; their numbers stand in the index.
    pub const ALL: [Self; 9] = [
        Self::Open,
        Self::Awaited,
        Self::EndorsedLess,
        Self::ImportedLess,
        Self::Refused,
        Self::Retrospective,
        Self::ConsentDue,
        Self::NotCovered,
        Self::Contested,
    ];

    /// The word used in flags and URLs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Awaited => "awaited",
            Self::EndorsedLess => "endorsed-less",
            Self::ImportedLess => "imported-less",
            Self::Refused => "refused",
            Self::Retrospective => "retrospective",
            Self::ConsentDue => "consent-due",
            Self::NotCovered => "not-covered",
            Self::Contested => "contested",
        }
    }

    /// The signal with that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|signal| signal.as_str() == word)
    }

    const fn number(self) -> u8 {
        match self {
            Self::Open => 1,
            Self::Awaited => 2,
            Self::EndorsedLess => 3,
            Self::ImportedLess => 4,
            Self::Refused => 5,
            Self::Retrospective => 6,
            Self::ConsentDue => 7,
            Self::NotCovered => 8,
            Self::Contested => 9,
        }
    }
}

/// One entry of the index: ordered by signal, Party, time and permit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SignalKey {
    /// What is looked for.
    pub signal: Signal,
    /// Whose it is.
    pub party: PartyCode,
    /// Since when.
    pub since: Timestamp,
    /// The permit.
    pub permit: PermitKey,
}

/// Bytes of an entry: signal, Party, time (big-endian, so that bytes order as times do), issuer, number hash.
pub const SIGNAL_KEY_BYTES: usize = 1 + 2 + 8 + 2 + 32;

impl SignalKey {
    /// The entry as bytes that order as entries do.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Self::prefix(self.signal, self.party);
        bytes.extend_from_slice(&self.since.0.to_be_bytes());
        bytes.extend_from_slice(self.permit.issuer.as_str().as_bytes());
        bytes.extend_from_slice(self.permit.number.as_ref());
        bytes
    }

    /// What all entries of a signal and a Party begin with.
    #[must_use]
    pub fn prefix(signal: Signal, party: PartyCode) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(SIGNAL_KEY_BYTES);
        bytes.push(signal.number());
        bytes.extend_from_slice(party.as_str().as_bytes());
        bytes
    }

    /// Reads [`Self::to_bytes`].
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (signal, rest) = bytes.split_first()?;
        let (party, rest) = rest.split_first_chunk::<2>()?;
        let (since, rest) = rest.split_first_chunk::<8>()?;
        let (issuer, number) = rest.split_first_chunk::<2>()?;
        let code = |letters: &[u8; 2]| PartyCode::new(core::str::from_utf8(letters).ok()?);
        Some(Self {
            signal: Signal::ALL
                .into_iter()
                .find(|known| known.number() == *signal)?,
            party: code(party)?,
            since: Timestamp(u64::from_be_bytes(*since)),
            permit: PermitKey {
                issuer: code(issuer)?,
                number: NumberHash(Digest(number.try_into().ok()?)),
            },
        })
    }
}

/// All entries that a permit has as it stands.
#[must_use]
pub fn signals_of(key: PermitKey, permit: &PermitState) -> BTreeSet<SignalKey> {
    let mut found = BTreeSet::new();
    let mut add = |signal, party: Option<PartyCode>, since| {
        found.extend(party.map(|party| SignalKey {
            signal,
            party,
            since,
            permit: key,
        }));
    };
    let (issuer, to) = (Some(permit.issuer), permit.destination);
    let issued = permit.issued.time;
    if let Some(endorsed) = &permit.endorsement {
        if permit.is_alive() {
            add(Signal::Open, issuer, endorsed.time);
            add(Signal::Awaited, to, endorsed.time);
        }
        if permit.replaced_by.is_none() && any(permit, |line| less(line.endorsed, line.authorised))
        {
            add(Signal::EndorsedLess, issuer, endorsed.time);
        }
    }
    if let Some(imported) = &permit.import
        && permit.kind != Kind::Import
        && any(permit, |line| {
            less(line.imported, line.endorsed.unwrap_or(Quantity::ZERO))
        })
    {
        add(Signal::ImportedLess, issuer, imported.time);
    }
    if permit.refused_attempts > 0 || permit.refusals > 0 {
        add(Signal::Refused, issuer, issued);
    }
    if permit.retrospective.is_some() {
        add(Signal::Retrospective, issuer, issued);
        if permit.consent.is_none() && permit.is_alive() {
            add(Signal::ConsentDue, to, issued);
        }
    }
    if any(permit, |line| !line.is_covered) {
        add(Signal::NotCovered, issuer, issued);
    }
    if let Some(contested) = &permit.contested {
        add(Signal::Contested, issuer, contested.act.time);
    }
    found
}

fn any(permit: &PermitState, asked: fn(&LineState) -> bool) -> bool {
    permit.lines.iter().any(asked)
}

fn less(some: Option<Quantity>, all: Quantity) -> bool {
    some.is_some_and(|some| some < all)
}

/// A month in which a Party did much more of something than in the months before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spike {
    /// Year and month, 1 to 12.
    pub month: (u16, u8),
    /// How many.
    pub count: u32,
    /// How many in the twelve months before.
    pub before: u32,
}

/// Fewer than this in a month is no spike.
const SPIKE_MIN: u32 = 10;
/// A spike is more than this many times the mean of the twelve months before.
const SPIKE_TIMES: u64 = 3;

/// The spikes among months of two years, the earlier first.
#[must_use]
pub fn spikes(
    earlier: &Statistics,
    year: u16,
    counts: &Statistics,
    of: fn(&MonthCounts) -> u32,
) -> Vec<Spike> {
    let months: Vec<u32> = earlier.0.iter().chain(&counts.0).map(of).collect();
    // Each window ends with a month of the later year, the first with January.
    let windows = months.windows(13).zip(1_u8..);
    windows
        .filter_map(|(window, month)| {
            let (count, before) = window.split_last()?;
            let sum = before
                .iter()
                .fold(0_u32, |sum, count| sum.saturating_add(*count));
            let high =
                u64::from(*count).saturating_mul(12) > u64::from(sum).saturating_mul(SPIKE_TIMES);
            (*count >= SPIKE_MIN && high).then_some(Spike {
                month: (year, month),
                count: *count,
                before: sum,
            })
        })
        .collect()
}
