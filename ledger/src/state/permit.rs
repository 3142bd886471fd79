//! A permit as the state keeps it: one leaf, its whole status.

use alloc::vec::Vec;

use minicbor::{Decode, Encode};

use super::warning::Warnings;
use crate::codes::{Appendix, Kind, Source, Unit};
use crate::digest::{Commitment, Digest, NumberHash, RecordDigest, SpeciesKey, TaxonTag};
use crate::parameters::Parameters;
use crate::party::{Height, OfficeNumber, PartyCode};
use crate::permit::LineId;
use crate::quantity::Quantity;
use crate::reason::Reason;
use crate::record::{
    CancelReason, Issue, IssuedLine, OperationKey, Origin, PermitKey, Port, Replaces,
    RetrospectiveReason,
};
use crate::time::{CivilDate, Timestamp};

/// Who did something with a permit, when, and by which record.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Act {
    /// The Party that acted.
    #[n(0)]
    pub party: PartyCode,
    /// Its first signing office.
    #[n(1)]
    pub office: OfficeNumber,
    /// The port, where there is one.
    #[n(2)]
    pub port: Option<Port>,
    /// Time of the block that holds the record.
    #[n(3)]
    pub time: Timestamp,
    /// Height of that block.
    #[n(4)]
    pub height: Height,
    /// The record.
    #[n(5)]
    pub record: RecordDigest,
}

/// A cancellation.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Cancellation {
    /// Why.
    #[n(0)]
    pub reason: CancelReason,
    /// By whom and when.
    #[n(1)]
    pub act: Act,
}

/// How often customs met a permit at one port in vain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct PortCounts {
    /// The port.
    #[n(0)]
    pub port: Port,
    /// Acts that the rules refused.
    #[n(1)]
    pub attempts: u32,
    /// Goods that customs refused.
    #[n(2)]
    pub refusals: u32,
}

/// Where a document of many crossings is.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Crossings {
    /// The State it is in; absent between two States.
    #[n(0)]
    pub inside: Option<PartyCode>,
    /// Crossings so far.
    #[n(1)]
    pub count: u32,
    /// The last one.
    #[n(2)]
    pub last: Option<Act>,
}

/// A line with its balance. Invariant: re-exported ≤ imported ≤ endorsed (where endorsed) ≤ authorised.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct LineState {
    /// A, B, C, …
    #[n(0)]
    pub line: LineId,
    /// Unit of every quantity here.
    #[n(1)]
    pub unit: Unit,
    /// Box 11.
    #[n(2)]
    pub authorised: Quantity,
    /// Box 14, once endorsed; zero for a line that did not leave.
    #[n(3)]
    pub endorsed: Option<Quantity>,
    /// What the destination accepted, once imported; zero for a line that did not arrive.
    #[n(4)]
    pub imported: Option<Quantity>,
    /// What later certificates have drawn from it.
    #[n(5)]
    pub re_exported: Quantity,
    /// Appendix (box 10).
    #[n(6)]
    pub appendix: Appendix,
    /// Source (box 10).
    #[n(7)]
    pub source: Source,
    /// Taxon tag.
    #[n(8)]
    pub taxon: TaxonTag,
    /// Origins (boxes 12, 12a).
    #[n(9)]
    pub origins: Vec<Origin>,
    /// Species under the issuer's seal, where it was named.
    #[n(10)]
    pub species: Option<SpeciesKey>,
    /// The operation (box 12b), where one was named that stood on its Party's register.
    #[n(11)]
    pub operation: Option<OperationKey>,
    /// Re-exports behind it: 0 for an original export.
    #[n(12)]
    pub depth: u8,
    /// Whether the ledger knows all it comes from.
    #[n(13)]
    pub is_covered: bool,
    /// Whether it draws on a quota of its issuer: one that stood when it was issued.
    #[n(14)]
    pub draws_on_quota: bool,
}

/// A permit's whole status.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PermitState {
    /// The Party that issued it.
    #[n(0)]
    pub issuer: PartyCode,
    /// Kind (box 1).
    #[n(1)]
    pub kind: Kind,
    /// Country of import (box 3a).
    #[n(2)]
    pub destination: Option<PartyCode>,
    /// Date of grant.
    #[n(3)]
    pub granted_on: CivilDate,
    /// First day.
    #[n(4)]
    pub valid_from: CivilDate,
    /// Last day.
    #[n(5)]
    pub valid_until: CivilDate,
    /// Commitment to the document.
    #[n(6)]
    pub commitment: Commitment,
    /// Security stamp, hashed.
    #[n(7)]
    pub stamp: Option<Digest>,
    /// Issued after departure, and why.
    #[n(8)]
    pub retrospective: Option<RetrospectiveReason>,
    /// Its lines, ascending.
    #[n(9)]
    pub lines: Vec<LineState>,
    /// Who issued it.
    #[n(10)]
    pub issued: Act,
    /// The export endorsement, once made.
    #[n(11)]
    pub endorsement: Option<Act>,
    /// The import that spent it, once made.
    #[n(12)]
    pub import: Option<Act>,
    /// The cancellation, once made.
    #[n(13)]
    pub cancellation: Option<Cancellation>,
    /// The permit it replaces, and why.
    #[n(14)]
    pub replaces: Option<Replaces>,
    /// The permit that replaces it.
    #[n(15)]
    pub replaced_by: Option<NumberHash>,
    /// Times it was seen in transit.
    #[n(16)]
    pub sightings: u32,
    /// Times customs refused goods under it.
    #[n(17)]
    pub refusals: u32,
    /// Acts on it that the rules refused: second uses, wrong Parties, too much.
    #[n(18)]
    pub refused_attempts: u32,
    /// Height of the last change.
    #[n(19)]
    pub last_height: Height,
    /// The import permit it rests on, spent together with it.
    #[n(20)]
    pub import_permit: Option<PermitKey>,
    /// The destination's consent to a retrospective permit, once given.
    #[n(21)]
    pub consent: Option<Act>,
    /// Where it is, for kinds of many crossings.
    #[n(22)]
    pub crossings: Option<Crossings>,
    /// The issuer's notice after the use: it undoes nothing.
    #[n(23)]
    pub contested: Option<Cancellation>,
    /// The last correction of the endorsement.
    #[n(24)]
    pub endorsement_corrected: Option<Act>,
    /// The last correction of the import.
    #[n(25)]
    pub import_corrected: Option<Act>,
    /// Doubts at its issue that the rules leave to a person.
    #[n(26)]
    pub warnings: Warnings,
    /// Where customs met it in vain, in the order of the first time.
    #[n(27)]
    pub ports: Vec<PortCounts>,
}

impl PermitState {
    /// A permit as it comes alive.
    #[must_use]
    pub fn issued(issue: &Issue, author: PartyCode, act: Act) -> Self {
        let crossings = issue.kind.is_multi_crossing().then_some(Crossings {
            inside: Some(author),
            count: 0,
            last: None,
        });
        Self {
            issuer: author,
            kind: issue.kind,
            destination: issue.destination,
            granted_on: issue.granted_on,
            valid_from: issue.valid_from,
            valid_until: issue.valid_until,
            commitment: issue.commitment,
            stamp: issue.stamp,
            retrospective: issue.retrospective,
            lines: issue.lines.iter().map(LineState::issued).collect(),
            last_height: act.height,
            issued: act,
            endorsement: None,
            import: None,
            cancellation: None,
            replaces: issue.replaces,
            replaced_by: None,
            sightings: 0,
            refusals: 0,
            refused_attempts: 0,
            import_permit: issue.import_permit,
            consent: None,
            crossings,
            contested: None,
            endorsement_corrected: None,
            import_corrected: None,
            warnings: Warnings::NONE,
            ports: Vec::new(),
        }
    }

    /// Calendar year of the date of grant: quotas and statistics count by it.
    #[must_use]
    pub fn year(&self) -> u16 {
        self.granted_on.year()
    }

    /// The line with this id.
    #[must_use]
    pub fn line(&self, id: LineId) -> Option<&LineState> {
        self.lines.iter().find(|line| line.line == id)
    }

    /// The answer that a cancellation gives to later acts.
    #[must_use]
    pub fn cancelled_as(&self) -> Option<Reason> {
        let reason = self.cancellation.as_ref()?.reason;
        Some(if self.replaced_by.is_some() {
            Reason::Replaced
        } else {
            reason.refusal()
        })
    }

    /// Whether nothing forbids its use but dates: neither spent nor cancelled.
    #[must_use]
    pub const fn is_alive(&self) -> bool {
        self.import.is_none() && self.cancellation.is_none()
    }

    /// Whether it is in date at `now`.
    #[must_use]
    pub fn is_in_date(&self, now: Timestamp, parameters: &Parameters) -> bool {
        self.begins_at(parameters) <= now && now < self.ends_at(parameters)
    }

    /// Whether what it draws, from origins and quotas, stays drawn: unless it was replaced, or cancelled before
    /// anything left on it.
    #[must_use]
    pub const fn holds_draws(&self) -> bool {
        let unused = self.endorsement.is_none() && self.import.is_none();
        self.replaced_by.is_none() && !(self.cancellation.is_some() && unused)
    }

    /// The record that a correction of its endorsement must name.
    #[must_use]
    pub fn endorsement_record(&self) -> Option<RecordDigest> {
        let act = self
            .endorsement_corrected
            .as_ref()
            .or(self.endorsement.as_ref());
        act.map(|act| act.record)
    }

    /// The record that a correction of its import must name.
    #[must_use]
    pub fn import_record(&self) -> Option<RecordDigest> {
        let act = self.import_corrected.as_ref().or(self.import.as_ref());
        act.map(|act| act.record)
    }

    /// Whether it waits for the destination's consent: a retrospective permit that nobody agreed to.
    #[must_use]
    pub const fn lacks_consent(&self) -> bool {
        self.retrospective.is_some() && self.consent.is_none()
    }

    /// First instant of validity: the first day as it begins where it begins first.
    #[must_use]
    pub fn begins_at(&self, parameters: &Parameters) -> Timestamp {
        self.valid_from
            .starts_at(parameters.date_begins_offset_minutes)
    }

    /// First instant after validity: the last day is over where it ends last.
    #[must_use]
    pub fn ends_at(&self, parameters: &Parameters) -> Timestamp {
        self.valid_until
            .ends_at(parameters.date_ends_offset_minutes)
    }
}

impl LineState {
    fn issued(line: &IssuedLine) -> Self {
        Self {
            line: line.line,
            unit: line.unit,
            authorised: line.authorised,
            endorsed: None,
            imported: None,
            re_exported: Quantity::ZERO,
            appendix: line.appendix,
            source: line.source,
            taxon: line.taxon,
            origins: line.origins.clone(),
            species: line.species,
            operation: line.operation,
            depth: 0,
            is_covered: true,
            draws_on_quota: false,
        }
    }

    /// What a certificate for a total still allows: what was authorised, less what has landed.
    #[must_use]
    pub fn left_of_total(&self) -> Quantity {
        let landed = self.imported.unwrap_or(Quantity::ZERO);
        self.authorised
            .checked_sub(landed)
            .unwrap_or(Quantity::ZERO)
    }

    /// What re-exports may still draw: what arrived, less what they drew.
    #[must_use]
    pub fn balance(&self) -> Quantity {
        let arrived = self.imported.unwrap_or(Quantity::ZERO);
        arrived
            .checked_sub(self.re_exported)
            .unwrap_or(Quantity::ZERO)
    }

    /// Whether its trade needs the destination's import permit: Appendix I (Art. III.3), but for specimens of a
    /// registered operation, which count as Appendix II (Art. VII.4).
    #[must_use]
    pub fn is_strict(&self) -> bool {
        is_strict(self.appendix, self.source, self.operation.is_some())
    }

    /// What may at most arrive: what was endorsed, or what was authorised where nothing was endorsed.
    #[must_use]
    pub fn importable(&self) -> Quantity {
        self.endorsed.unwrap_or(self.authorised)
    }
}

/// Whether specimens count as Appendix I: all of that Appendix but those of a registered operation (Art. VII.4).
pub(super) const fn is_strict(appendix: Appendix, source: Source, is_registered: bool) -> bool {
    let counts_as_ii = matches!(source, Source::RegisteredOperation) && is_registered;
    matches!(appendix, Appendix::I) && !counts_as_ii
}

/// What is known of a number that was never issued: customs' most important report.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ReportState {
    /// Times it was seen in transit.
    #[n(0)]
    pub sightings: u32,
    /// Times it was refused.
    #[n(1)]
    pub refusals: u32,
    /// The last report.
    #[n(2)]
    pub last: Act,
}
