//! Issuing a permit: the facts of it that the rules need.

use alloc::vec::Vec;

use minicbor::{Decode, Encode};

use super::act::CancelReason;
use super::subject::PermitKey;
use crate::codes::{Appendix, Kind, Source, Unit};
use crate::digest::{Commitment, Digest, NumberHash, OperationHash, SpeciesKey, TaxonTag};
use crate::party::PartyCode;
use crate::permit::LineId;
use crate::quantity::Quantity;
use crate::time::CivilDate;

/// A line of a permit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct LineKey {
    /// The permit.
    #[n(0)]
    pub permit: PermitKey,
    /// Its line.
    #[n(1)]
    pub line: LineId,
}

/// Where a re-exported line comes from (boxes 12 and 12a), and what it draws from there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct Origin {
    /// The permit of the country of origin, and its line (box 12).
    #[n(0)]
    pub root: LineKey,
    /// The certificate of the last re-export, and its line (box 12a), where there was one.
    #[n(1)]
    pub last: Option<LineKey>,
    /// How much goes into this line, in the unit of the line it is drawn from.
    #[n(2)]
    pub drawn: Quantity,
}

impl Origin {
    /// The line under which the goods came into the re-exporting Party: the quantity is drawn from it.
    #[must_use]
    pub fn source(&self) -> LineKey {
        self.last.unwrap_or(self.root)
    }
}

/// A breeding operation or nursery of the register of a Party (Res. Conf. 12.10, 9.19; box 12b).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct OperationKey {
    /// The Party in whose register it stands.
    #[n(0)]
    pub party: PartyCode,
    /// Its number, hashed.
    #[n(1)]
    pub number: OperationHash,
}

/// A line of an issued permit, in the facts that rules need. Species, terms and marks stay committed.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct IssuedLine {
    /// A, B, C, …
    #[n(0)]
    pub line: LineId,
    /// Unit of every quantity of this line (box 11).
    #[n(1)]
    pub unit: Unit,
    /// Quantity authorised (box 11), never zero.
    #[n(2)]
    pub authorised: Quantity,
    /// Appendix (box 10).
    #[n(3)]
    pub appendix: Appendix,
    /// Source (box 10).
    #[n(4)]
    pub source: Source,
    /// Taxon (box 7) under a key that travels with the document.
    #[n(5)]
    pub taxon: TaxonTag,
    /// What this line re-exports (boxes 12, 12a), ascending by source; empty for an original export.
    #[n(6)]
    pub origins: Vec<Origin>,
    /// Species under the seal of the issuing Party: named where a quota is drawn, and while a suspension of
    /// some species of the Party is in force.
    #[n(7)]
    pub species: Option<SpeciesKey>,
    /// The registered operation the specimens come from (source D, box 12b).
    #[n(8)]
    pub operation: Option<OperationKey>,
}

/// The permit that a new one replaces (Res. Conf. 12.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Replaces {
    /// Its number, hashed; the issuer is the same.
    #[n(0)]
    pub number: NumberHash,
    /// Why: clerical, lost, stolen or damaged.
    #[n(1)]
    pub reason: CancelReason,
}

/// Why a permit is issued after the goods have left (Res. Conf. 12.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum RetrospectiveReason {
    /// An authority erred.
    #[n(1)]
    AuthorityError,
    /// The trader was misled in good faith.
    #[n(2)]
    TraderMisled,
    /// Personal or household effects, without intent to deceive.
    #[n(3)]
    HouseholdEffects,
}

words! {
    RetrospectiveReason {
        AuthorityError "authority-error",
        TraderMisled "trader-misled",
        HouseholdEffects "household-effects",
    }
}

/// A Management Authority issues a permit; the ledger itself takes the author as issuer.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Issue {
    /// The permit's number, hashed with the author's code.
    #[n(0)]
    pub number: NumberHash,
    /// Kind (box 1).
    #[n(1)]
    pub kind: Kind,
    /// Country of import (box 3a); absent for kinds that cross many borders.
    #[n(2)]
    pub destination: Option<PartyCode>,
    /// Date of grant (box 13).
    #[n(3)]
    pub granted_on: CivilDate,
    /// First day of validity.
    #[n(4)]
    pub valid_from: CivilDate,
    /// Last day of validity (box 2).
    #[n(5)]
    pub valid_until: CivilDate,
    /// The lines, ascending.
    #[n(6)]
    pub lines: Vec<IssuedLine>,
    /// Commitment to the whole document.
    #[n(7)]
    pub commitment: Commitment,
    /// Security stamp number (box 5b), hashed.
    #[n(8)]
    pub stamp: Option<Digest>,
    /// Issued after the goods left, and why (Res. Conf. 12.3).
    #[n(9)]
    pub retrospective: Option<RetrospectiveReason>,
    /// The permit that this one replaces, and why.
    #[n(10)]
    pub replaces: Option<Replaces>,
    /// The destination's import permit that the export rests on (Art. III.2 d).
    #[n(11)]
    pub import_permit: Option<PermitKey>,
}

impl Issue {
    /// Calendar year of the date of grant: quotas count by it.
    #[must_use]
    pub fn year(&self) -> u16 {
        self.granted_on.year()
    }
}
