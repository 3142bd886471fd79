//! A permit as the state keeps it: one leaf, its whole status.

use alloc::vec::Vec;

use minicbor::{Decode, Encode};

use crate::codes::{Appendix, Kind, Source, Unit};
use crate::digest::{Commitment, Digest, NumberHash, RecordDigest, TaxonTag};
use crate::parameters::Parameters;
use crate::party::{Height, OfficeNumber, PartyCode};
use crate::permit::LineId;
use crate::quantity::Quantity;
use crate::reason::Reason;
use crate::record::{CancelReason, Issue, IssuedLine, Origin, Port, Record};
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

/// A line with its balance. Invariant: imported ≤ endorsed (where endorsed) ≤ authorised.
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
    /// Origins (box 12).
    #[n(9)]
    pub origins: Vec<Origin>,
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
    /// Issued after departure.
    #[n(8)]
    pub retrospective: bool,
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
    /// The permit it replaces.
    #[n(14)]
    pub replaces: Option<NumberHash>,
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
}

impl PermitState {
    /// A permit as it comes alive.
    #[must_use]
    pub fn issued(issue: &Issue, record: &Record, act: Act) -> Self {
        Self {
            issuer: record.author,
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
        }
    }

    /// The line with this id.
    #[must_use]
    pub fn line(&self, id: LineId) -> Option<&LineState> {
        self.lines.iter().find(|line| line.line == id)
    }

    /// The answer that a cancellation gives to later acts.
    #[must_use]
    pub fn cancelled_as(&self) -> Option<Reason> {
        self.cancellation
            .as_ref()
            .map(|cancellation| cancellation.reason.refusal())
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
        }
    }

    /// What may at most arrive: what was endorsed, or what was authorised where nothing was endorsed.
    #[must_use]
    pub fn importable(&self) -> Quantity {
        self.endorsed.unwrap_or(self.authorised)
    }
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
