//! One line of a permit: what is traded, how much of it, and where it comes from (boxes 7 to 12b).

use alloc::vec::Vec;

use super::number::PermitNumber;
use super::text::Text;
use super::{LineId, Moment};
use crate::codes::{Appendix, Country, Source, Term, Unit};
use crate::quantity::Quantity;

/// A line: block A, B, C, … of the form or of an annex page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its letter.
    pub id: LineId,
    /// Scientific name (box 7).
    pub taxon: Text,
    /// Common name (box 8).
    pub common_name: Option<Text>,
    /// Trade term (box 9).
    pub term: Option<Term>,
    /// Description in words (box 9).
    pub description: Option<Text>,
    /// Identifying marks or numbers (box 9).
    pub marks: Vec<Text>,
    /// Appendix (box 10).
    pub appendix: Appendix,
    /// Source (box 10).
    pub source: Source,
    /// Second source beside `I` or `O` (box 10).
    pub second_source: Option<Source>,
    /// Quantity authorised (box 11); never zero in a document that was read.
    pub authorised: Measure,
    /// Total exported this year, this permit included (box 11a).
    pub used_to_date: Option<Measure>,
    /// Annual quota (box 11a).
    pub quota: Option<Measure>,
    /// Country of origin (box 12).
    pub origin: Provenance,
    /// Country of last re-export (box 12a).
    pub last_re_export: Provenance,
    /// Category code of the operation (box 12b).
    pub category: Option<Text>,
    /// Number of the registered operation (box 12b).
    pub operation: Option<Text>,
    /// Name of the registered operation (box 12b).
    pub operation_name: Option<Text>,
    /// Date of acquisition (box 12b), for pre-Convention specimens.
    pub acquired: Option<Moment>,
    /// Quantity that really left (box 14). Not part of the commitment: it is filled after the issue.
    pub endorsed: Option<Measure>,
}

/// A quantity with its unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measure {
    /// How much.
    pub quantity: Quantity,
    /// Of what.
    pub unit: Unit,
}

/// A country that specimens come from, and its documents (boxes 12 and 12a).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provenance {
    /// The country.
    pub country: Option<Country>,
    /// Its name, as written.
    pub country_name: Option<Text>,
    /// Permits or certificates of that country, in the order of the document; at most 16.
    pub documents: Vec<Cited>,
}

/// A cited permit or certificate; one of number and date is always known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cited {
    /// Its number.
    pub number: Option<PermitNumber>,
    /// Its date of issue.
    pub issued: Option<Moment>,
}
