//! One table of reason codes, for refusals of the ledger and for verdicts of a check.
//!
//! Codes are a promise to scripts and to the ledger: numbers and words never change their meaning.

use core::fmt;

use minicbor::{Decode, Encode};

/// How serious a reason is. Ordered: the worst reason sets the light of a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Light {
    /// Valid: compare the goods with what is shown.
    Green,
    /// Cannot confirm: a person must look.
    Amber,
    /// Do not accept.
    Red,
}

impl Light {
    /// The word used in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Green => "green",
            Self::Amber => "amber",
            Self::Red => "red",
        }
    }
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $number:literal $name:ident $code:literal $light:ident;)*) => {
        /// Why a record was refused, or what a check found.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
        #[cbor(index_only)]
        pub enum Reason {$(
            $(#[$doc])*
            #[n($number)]
            $name,
        )*}

        impl Reason {
            /// All reasons, in the order of their numbers.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The code: stable, the same in receipts, verdicts and HTTP problems.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code),* }
            }

            /// The light that this reason alone would set.
            #[must_use]
            pub const fn light(self) -> Light {
                match self { $(Self::$name => Light::$light),* }
            }
        }
    };
}

reasons! {
    /// The office does not have the role that this statement needs.
    1 Role "ROLE" Red;
    /// No such permit on the ledger.
    2 NotIssued "NOT_ISSUED" Red;
    /// Another Party must state this: the permit names who may.
    3 WrongParty "WRONG_PARTY" Red;
    /// The kind of document does not know this act or this field.
    4 WrongKind "WRONG_KIND" Red;
    /// The issuing Party has already issued a permit with this number.
    5 DuplicateNumber "DUPLICATE_NUMBER" Red;
    /// Valid for longer than its kind allows (Res. Conf. 12.3).
    6 ValidityTooLong "VALIDITY_TOO_LONG" Red;
    /// The dates contradict one another.
    7 Dates "DATES" Red;
    /// Granted later than the block, or so long before it that it would be retrospective.
    8 GrantDate "GRANT_DATE" Red;
    /// Its first day has not begun.
    9 NotYetValid "NOT_YET_VALID" Red;
    /// Its last day is over.
    10 Expired "EXPIRED" Red;
    /// Already imported: a permit is spent at most once (Art. VI.5, VI.6).
    11 Used "USED" Red;
    /// Cancelled by the issuing Party.
    12 Cancelled "CANCELLED" Red;
    /// Cancelled because another permit replaces it.
    13 Replaced "REPLACED" Red;
    /// Reported lost by the issuing Party.
    14 Lost "LOST" Red;
    /// Reported stolen by the issuing Party.
    15 Stolen "STOLEN" Red;
    /// Export was already endorsed: box 14 is filled once.
    16 AlreadyEndorsed "ALREADY_ENDORSED" Red;
    /// Export was never endorsed (box 14).
    17 NotEndorsed "NOT_ENDORSED" Amber;
    /// The permit has no such line.
    18 UnknownLine "UNKNOWN_LINE" Red;
    /// Another unit than the permit's line.
    19 UnitMismatch "UNIT_MISMATCH" Red;
    /// More than was authorised, or than was endorsed.
    20 OverQuantity "OVER_QUANTITY" Red;
    /// An Appendix I export needs the import permit of its destination (Art. III.2 d).
    21 NeedsImportPermit "NEEDS_IMPORT_PERMIT" Red;
    /// A cited origin permit is missing, was not imported by the re-exporting Party, or is of other specimens.
    22 OriginBroken "ORIGIN_BROKEN" Red;
    /// This version of the protocol has no rules for it yet, so it is refused rather than half judged.
    23 Unsupported "UNSUPPORTED" Red;
    /// Issued after the goods had left, and the destination has not agreed (Res. Conf. 12.3).
    24 Retrospective "RETROSPECTIVE" Amber;
    /// Another permit of the Party bears this security stamp.
    25 DuplicateStamp "DUPLICATE_STAMP" Red;
    /// The import permit is missing, used, cancelled, out of date, or covers less.
    26 ImportPermitBroken "IMPORT_PERMIT_BROKEN" Red;
    /// No permit is retrospective for Appendix I (Res. Conf. 12.3).
    27 RetrospectiveAppendixI "RETROSPECTIVE_APPENDIX_I" Red;
    /// Not where the document was last recorded, or not the document that was issued.
    28 CrossingBroken "CROSSING_BROKEN" Red;
    /// More than the quota leaves.
    29 QuotaExceeded "QUOTA_EXCEEDED" Red;
    /// Trade is suspended.
    31 Suspended "SUSPENDED" Red;
    /// A suspension of some species is in force, so that each line must name its species key.
    32 NeedsSpeciesKey "NEEDS_SPECIES_KEY" Red;
    /// Recorded before.
    33 AlreadyRecorded "ALREADY_RECORDED" Red;
    /// The named record is not the one in force.
    34 UnknownRecord "UNKNOWN_RECORD" Red;
    /// The issuing Party is on the ledger: only its own issue counts, not a claim about its paper.
    35 OnLedgerParty "ON_LEDGER_PARTY" Red;
    /// The list has reached its limit.
    36 RegisterFull "REGISTER_FULL" Red;
    /// Not a true duplicate of the permit that it replaces.
    37 ReplacementBroken "REPLACEMENT_BROKEN" Red;

    /// Issued by the Party, unused, in date.
    40 Ok "OK" Green;
    /// The same, seen by a transit Party: inspect, do not keep.
    41 OkTransit "OK_TRANSIT" Green;
    /// Checked without a node: use after the data's date is not known.
    42 Offline "OFFLINE" Amber;
    /// The data are older than the policy allows.
    43 Stale "STALE" Amber;
    /// The proof or the code could not be read.
    44 Unreadable "UNREADABLE" Amber;
    /// Stored by a node, not final yet.
    45 Pending "PENDING" Amber;
    /// The issuing Party does not use the ledger: not covered.
    46 NotOnLedgerParty "NOT_ON_LEDGER_PARTY" Amber;
    /// Less arrived than was endorsed.
    47 LessThanEndorsed "LESS_THAN_ENDORSED" Amber;
    /// The document itself was not compared with the ledger.
    48 DocumentNotChecked "DOCUMENT_NOT_CHECKED" Amber;
    /// The proof belongs to another network.
    49 OtherNetwork "OTHER_NETWORK" Amber;
    /// The checkpoint is too old to follow the validators from: ask for a new one.
    50 TrustExpired "TRUST_EXPIRED" Amber;
    /// The document differs from what was issued.
    51 Altered "ALTERED" Red;
    /// Signatures, quorum or paths of the proof do not verify.
    52 BadSeal "BAD_SEAL" Red;
    /// Customs refused the goods before.
    53 RefusedBefore "REFUSED_BEFORE" Amber;
    /// The proof is about another permit than the one asked for.
    54 OtherPermit "OTHER_PERMIT" Red;
    /// The data are from the future: the clock of this device is behind.
    55 Clock "CLOCK" Amber;
    /// A cited origin is a permit of a Party that is not on the ledger, or none is cited: not covered.
    56 OriginNotCovered "ORIGIN_NOT_COVERED" Amber;
    /// The import permit is one of a Party that is not on the ledger: not covered.
    57 ImportPermitNotCovered "IMPORT_PERMIT_NOT_COVERED" Amber;
    /// A line has another Appendix than the line it re-exports.
    58 AppendixChanged "APPENDIX_CHANGED" Amber;
    /// A line authorises more than it draws, in the same unit.
    59 MoreThanDrawn "MORE_THAN_DRAWN" Amber;
    /// Customs saw or refused the number before it was issued.
    60 SeenBeforeIssue "SEEN_BEFORE_ISSUE" Amber;
    /// After its use the issuing Party gave notice against it.
    61 Contested "CONTESTED" Amber;
    /// The number of the form or of the stamp is in a range that its Party revoked before.
    62 RevokedRange "REVOKED_RANGE" Red;
    /// Goods were cleared on paper with this number before.
    63 PaperSeen "PAPER_SEEN" Amber;
    /// Source D, and no operation that stands on its Party's register is named.
    64 OperationUnregistered "OPERATION_UNREGISTERED" Amber;
    /// Less left than was authorised.
    65 LessThanAuthorised "LESS_THAN_AUTHORISED" Green;
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::codec;

    #[test]
    fn codes_and_numbers_are_each_used_once() {
        let codes: BTreeSet<_> = Reason::ALL.iter().map(|reason| reason.code()).collect();
        let numbers: BTreeSet<_> = Reason::ALL.iter().map(codec::encode).collect();
        assert_eq!(codes.len(), Reason::ALL.len());
        assert_eq!(numbers.len(), Reason::ALL.len());
    }

    #[test]
    fn red_is_worse_than_amber_and_amber_than_green() {
        assert!(Light::Red > Light::Amber && Light::Amber > Light::Green);
    }
}
