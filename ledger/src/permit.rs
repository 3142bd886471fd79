//! A CITES permit or certificate as checked fields: every box of the standard form (Res. Conf. 12.3, Annex 2).
//!
//! ```text
//! permit.xml → xml::read → Permit → fields → commitment → Issue on the ledger
//! ```
//!
//! A `Permit` never goes onto the ledger; it travels with its secret from Party to Party. All texts, numbers
//! and dates are in one normal form, so equal documents have equal commitments whoever wrote the XML.
//! What is absent: no XML outside [`xml`], no rule that needs the state of the ledger.

mod line;
mod moment;
mod people;
mod place;
mod specimen;

pub mod commitment;
pub mod fault;
pub mod fields;
pub mod number;
pub mod rules;
pub mod text;
pub mod xml;

use alloc::vec::Vec;

use self::number::PermitNumber;
use self::text::Text;
use crate::codes::{Kind, Purpose};
use crate::party::PartyCode;
use crate::time::CivilDate;

pub use self::line::LineId;
pub use self::moment::Moment;
pub use self::people::{Endorsement, Signatory, Site, TradeParty, Transport};
pub use self::place::{FormBox, Place};
pub use self::specimen::{Cited, Line, Measure, Provenance};

/// A permit or certificate, box by box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permit {
    /// Number (box 1).
    pub number: PermitNumber,
    /// Kind (box 1).
    pub kind: Kind,
    /// Name of the kind, where it is not simply the kind's title (box 1.1).
    pub kind_name: Option<Text>,
    /// Whether it is marked as a copy, which cannot replace the original (box 1; Art. VI.4).
    pub is_copy: bool,
    /// First moment of validity (box 2); the date of issue where absent.
    pub valid_from: Option<Moment>,
    /// Last day of validity, good until its midnight (box 2).
    pub valid_until: Moment,
    /// Importer (box 3), with the country of import (box 3a).
    pub importer: TradeParty,
    /// Exporter or re-exporter (box 4).
    pub exporter: TradeParty,
    /// Signature of the applicant (box 4).
    pub applicant: Signatory,
    /// Special conditions (box 5), in their order.
    pub conditions: Vec<Text>,
    /// Purpose of the transaction (box 5a).
    pub purpose: Purpose,
    /// Purpose in words (box 5a).
    pub purpose_text: Option<Text>,
    /// Management Authority (box 6); its `id` is the security stamp number (box 5b).
    pub authority: Signatory,
    /// Date of issue (box 13): the grant, from which the longest validity counts.
    pub issued: Moment,
    /// Place of issue (box 13).
    pub issued_in: Site,
    /// Officer who issued it (box 13).
    pub officer: Signatory,
    /// The lines (boxes 7 to 12b), ascending, at most 250.
    pub lines: Vec<Line>,
    /// Export endorsement (box 14). Not part of the commitment.
    pub endorsement: Endorsement,
    /// Transport document (box 15). Not part of the commitment.
    pub transport: Transport,
}

impl Permit {
    /// The Party whose Management Authority issued it (box 6).
    #[must_use]
    pub fn issuer(&self) -> Option<PartyCode> {
        self.authority.by.country.map(|country| country.party())
    }

    /// The Party of import (box 3a); none for kinds that cross many borders.
    #[must_use]
    pub fn destination(&self) -> Option<PartyCode> {
        if self.kind.is_multi_crossing() {
            return None;
        }
        self.importer.country.map(|country| country.party())
    }

    /// Security stamp number (box 5b).
    #[must_use]
    pub const fn stamp(&self) -> Option<&Text> {
        self.authority.id.as_ref()
    }

    /// Date of grant (box 13).
    #[must_use]
    pub const fn granted_on(&self) -> CivilDate {
        self.issued.date()
    }

    /// First day of validity (box 2, else box 13).
    #[must_use]
    pub fn valid_from_date(&self) -> CivilDate {
        self.valid_from
            .map_or_else(|| self.granted_on(), Moment::date)
    }

    /// Last day of validity (box 2).
    #[must_use]
    pub const fn valid_until_date(&self) -> CivilDate {
        self.valid_until.date()
    }

    /// The line with that letter.
    #[must_use]
    pub fn line(&self, id: LineId) -> Option<&Line> {
        self.lines.iter().find(|line| line.id == id)
    }
}
