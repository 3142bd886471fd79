//! The fixed stories: each permit of them lives one, in turn. Together they hold every statement and nearly every
//! reason for a refusal.

use ledger::reason::Reason;
use ledger::record::{CancelReason, Direction};

use super::Expected::{Applied, Race, Refused};
use super::cast::{Needs, Who};
use super::deed::Place::{Desk, OtherPort, Port};
use super::deed::{
    Amount, Corrected, Deed, Entry, Form, Of, Origin, Paper, QuotaForm, Row, Shown, row,
};
use Amount::{Half, Leaving, OtherLine, OtherUnit, TooMany};
use CancelReason::{Clerical, Lost, Stolen, Withdrawn};
use Deed::{
    Cancel, Consent, Correct, Cross, Endorse, Import, Issue, Operation, PaperSeen, Quota, Refuse,
    Revoke, Sight, Suspend,
};
use Direction::{In, Out};
use Form::Plain;
use Paper::{A, B, C};
use Who::{Destination, Issuer, Partner, Transit};

/// A story: whom it needs, and what they do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Story(pub Needs, pub &'static [Row]);

impl Story {
    /// Whether it changes a register of a Party, whose lists are short.
    pub(super) fn fills_registers(&self) -> bool {
        let fills = |row: &Row| matches!(row.deed, Suspend(_) | Revoke(_));
        self.1.iter().any(fills)
    }

    /// Whether it suspends trade from a day that must not be over before the record is logged.
    pub(super) fn suspends(&self) -> bool {
        self.1.iter().any(|row| matches!(row.deed, Suspend(_)))
    }

    /// Whether it is about the quota of a year that must not be over before the record is logged.
    pub(super) fn states_quota(&self) -> bool {
        self.1.iter().any(|row| matches!(row.deed, Quota(_)))
    }
}

const ISSUED: Row = row(Issuer, Desk, Issue(A, Plain), Applied);
const ENDORSED: Row = row(Issuer, Port, Endorse(A, Leaving), Applied);
const SIGHTED: Row = row(Transit, Port, Sight(A), Applied);
const IMPORTED: Row = row(Destination, Port, Import(A, Leaving), Applied);

/// The stories, in the order in which they are told.
#[rustfmt::skip]
pub(super) const STORIES: &[Story] = &[
    // Two Parties of one customs union, and two ports of one, accept it at the same moment.
    Story(Needs::Partner, &[
        ISSUED,
        ENDORSED,
        row(Destination, Port, Import(A, Leaving), Race(Reason::Used)),
        row(Partner, Port, Import(A, Leaving), Race(Reason::Used)),
        row(Destination, OtherPort, Import(A, Leaving), Race(Reason::Used)),
    ]),
    // Used, and used again elsewhere. A notice against the use undoes nothing, and is given once.
    Story(Needs::Everybody, &[
        ISSUED,
        ENDORSED,
        SIGHTED,
        IMPORTED,
        row(Partner, Port, Import(A, Leaving), Refused(Reason::Used)),
        row(Issuer, Desk, Cancel(A, Withdrawn), Applied),
        row(Issuer, Desk, Cancel(A, Withdrawn), Refused(Reason::AlreadyRecorded)),
    ]),
    // More is to leave than was authorised, and more is to arrive than left.
    Story(Needs::Destination, &[
        ISSUED,
        row(Issuer, Port, Endorse(A, TooMany), Refused(Reason::OverQuantity)),
        ENDORSED,
        row(Issuer, OtherPort, Endorse(A, Leaving), Refused(Reason::AlreadyEndorsed)),
        row(Destination, Port, Import(A, TooMany), Refused(Reason::OverQuantity)),
        IMPORTED,
    ]),
    // Others than the destination and the issuer act.
    Story(Needs::Transit, &[
        ISSUED,
        row(Transit, Port, Endorse(A, Leaving), Refused(Reason::WrongParty)),
        ENDORSED,
        row(Transit, Port, Import(A, Leaving), Refused(Reason::WrongParty)),
        row(Transit, Desk, Cancel(A, Withdrawn), Refused(Reason::WrongParty)),
        IMPORTED,
    ]),
    // It arrives although its export was never endorsed.
    Story(Needs::Destination, &[
        ISSUED,
        row(Destination, Port, Import(A, Leaving), Refused(Reason::NotEndorsed)),
        ENDORSED,
        IMPORTED,
    ]),
    // Withdrawn, then used all the same; what the authority withdrew is not replaced either.
    Story(Needs::Destination, &[
        ISSUED,
        row(Issuer, Desk, Cancel(A, Withdrawn), Applied),
        row(Issuer, Port, Endorse(A, Leaving), Refused(Reason::Cancelled)),
        row(Destination, Port, Import(A, Leaving), Refused(Reason::Cancelled)),
        row(Destination, Port, Refuse(A, Reason::Cancelled), Applied),
        row(Issuer, Desk, Issue(B, Form::Replaces(A, Clerical)), Refused(Reason::Cancelled)),
    ]),
    // Its number is issued twice; the first time by customs.
    Story(Needs::Destination, &[
        row(Issuer, Port, Issue(A, Plain), Refused(Reason::Role)),
        ISSUED,
        row(Issuer, Desk, Issue(A, Plain), Refused(Reason::DuplicateNumber)),
        ENDORSED,
    ]),
    // Never issued, but met at borders.
    Story(Needs::Transit, &[
        SIGHTED,
        row(Destination, Port, Refuse(A, Reason::NotIssued), Applied),
        row(Destination, Port, Import(A, Leaving), Refused(Reason::NotIssued)),
    ]),
    // Two ports of a Party accept it at the same moment.
    Story(Needs::Destination, &[
        ISSUED,
        ENDORSED,
        row(Destination, Port, Import(A, Leaving), Race(Reason::Used)),
        row(Destination, OtherPort, Import(A, Half), Race(Reason::Used)),
    ]),
    // A passport goes out and comes home; it is never in two States at once, and never another document.
    Story(Needs::Nobody, &[
        row(Issuer, Desk, Issue(A, Form::Passport), Applied),
        row(Issuer, Port, Cross(A, In, Shown::Document), Refused(Reason::CrossingBroken)),
        row(Issuer, Port, Cross(A, Out, Shown::Altered), Refused(Reason::Altered)),
        row(Issuer, Port, Cross(A, Out, Shown::Document), Applied),
        row(Issuer, OtherPort, Cross(A, In, Shown::Document), Applied),
        row(Issuer, Port, Endorse(A, Leaving), Refused(Reason::WrongKind)),
    ]),
    // A passport travels to another State and back, and is collected by nobody.
    Story(Needs::Transit, &[
        row(Issuer, Desk, Issue(A, Form::Passport), Applied),
        row(Issuer, Port, Cross(A, Out, Shown::Document), Applied),
        row(Destination, Port, Cross(A, In, Shown::Document), Applied),
        row(Transit, Port, Cross(A, In, Shown::Document), Refused(Reason::CrossingBroken)),
        row(Destination, Port, Import(A, Leaving), Refused(Reason::WrongKind)),
        row(Destination, OtherPort, Cross(A, Out, Shown::Document), Applied),
        row(Issuer, OtherPort, Cross(A, In, Shown::Document), Applied),
    ]),
    // An import permit on its own is spent by nobody.
    Story(Needs::Nobody, &[
        row(Issuer, Desk, Issue(A, Form::ImportPermit), Applied),
        row(Issuer, Desk, Issue(A, Form::ImportPermit), Refused(Reason::DuplicateNumber)),
        row(Issuer, Port, Import(A, Leaving), Refused(Reason::WrongKind)),
        row(Issuer, Port, Refuse(A, Reason::Ok), Refused(Reason::WrongKind)),
        row(Issuer, Desk, Cancel(A, Clerical), Applied),
    ]),
    // Lost, and replaced; the old one is shown all the same.
    Story(Needs::Destination, &[
        ISSUED,
        row(Issuer, Desk, Cancel(A, Lost), Applied),
        row(Issuer, Port, Endorse(A, Leaving), Refused(Reason::Lost)),
        row(Issuer, Desk, Issue(B, Form::Replaces(A, Lost)), Applied),
        row(Issuer, Desk, Issue(C, Form::Replaces(A, Lost)), Refused(Reason::Replaced)),
        row(Issuer, Port, Endorse(B, Leaving), Applied),
        row(Destination, Port, Import(A, Leaving), Refused(Reason::Replaced)),
        row(Destination, Port, Import(B, Leaving), Applied),
        row(Issuer, Desk, Issue(C, Form::Replaces(B, Lost)), Refused(Reason::Used)),
    ]),
    // Stolen.
    Story(Needs::Destination, &[
        ISSUED,
        row(Issuer, Desk, Cancel(A, Stolen), Applied),
        row(Destination, Port, Import(A, Leaving), Refused(Reason::Stolen)),
        row(Destination, Port, Refuse(A, Reason::Stolen), Applied),
    ]),
    // Once goods have left, only a true duplicate takes its place.
    Story(Needs::Destination, &[
        ISSUED,
        ENDORSED,
        row(Issuer, Desk, Issue(B, Form::ReplacesForMore(A, Clerical)), Refused(Reason::ReplacementBroken)),
        row(Issuer, Desk, Issue(C, Form::Replaces(B, Clerical)), Refused(Reason::NotIssued)),
        IMPORTED,
    ]),
    // Customs err in line and unit, and correct what they wrote.
    Story(Needs::Destination, &[
        ISSUED,
        row(Issuer, Port, Endorse(A, OtherLine), Refused(Reason::UnknownLine)),
        row(Issuer, Port, Endorse(A, OtherUnit), Refused(Reason::UnitMismatch)),
        ENDORSED,
        row(Issuer, Port, Correct(A, Corrected::Neither, Half), Refused(Reason::UnknownRecord)),
        row(Destination, Port, Correct(A, Corrected::Endorsement, Half), Refused(Reason::WrongParty)),
        row(Issuer, Port, Correct(A, Corrected::Endorsement, Half), Applied),
        row(Destination, Port, Import(A, Half), Applied),
        row(Issuer, Port, Correct(A, Corrected::Endorsement, Half), Refused(Reason::Used)),
        row(Destination, Port, Correct(A, Corrected::Import, Half), Applied),
        row(Destination, Port, Correct(A, Corrected::Import, TooMany), Refused(Reason::OverQuantity)),
    ]),
    // Dates that no permit may have, and one that has not begun.
    Story(Needs::Destination, &[
        row(Issuer, Desk, Issue(A, Form::NoDestination), Refused(Reason::WrongKind)),
        row(Issuer, Desk, Issue(A, Form::Crossed), Refused(Reason::Dates)),
        row(Issuer, Desk, Issue(A, Form::TooLong), Refused(Reason::ValidityTooLong)),
        row(Issuer, Desk, Issue(A, Form::LongAgo), Refused(Reason::GrantDate)),
        row(Issuer, Desk, Issue(A, Form::Over), Refused(Reason::Expired)),
        row(Issuer, Desk, Issue(A, Form::NotBegun), Applied),
        row(Issuer, Port, Endorse(A, Leaving), Refused(Reason::NotYetValid)),
        row(Destination, Port, Import(A, Leaving), Refused(Reason::NotYetValid)),
    ]),
    // Issued after the goods left; the destination agrees.
    Story(Needs::Destination, &[
        row(Issuer, Desk, Issue(A, Form::RetrospectiveI), Refused(Reason::RetrospectiveAppendixI)),
        row(Issuer, Desk, Issue(A, Form::Retrospective), Applied),
        ENDORSED,
        row(Destination, Port, Import(A, Leaving), Refused(Reason::Retrospective)),
        row(Issuer, Desk, Consent(A), Refused(Reason::WrongParty)),
        row(Destination, Desk, Consent(A), Applied),
        row(Destination, Desk, Consent(A), Refused(Reason::AlreadyRecorded)),
        IMPORTED,
    ]),
    // Appendix I: the import permit comes first.
    Story(Needs::Destination, &[
        row(Issuer, Desk, Issue(A, Form::Strict), Refused(Reason::NeedsImportPermit)),
        row(Issuer, Desk, Issue(A, Form::StrictOn(B)), Refused(Reason::ImportPermitBroken)),
        row(Issuer, Desk, Issue(C, Form::ImportPermit), Refused(Reason::WrongParty)),
        row(Destination, Desk, Issue(B, Form::ImportPermit), Applied),
        row(Issuer, Desk, Issue(A, Form::StrictForMoreOn(B)), Refused(Reason::ImportPermitBroken)),
        row(Issuer, Desk, Issue(A, Form::StrictOn(B)), Applied),
        row(Issuer, Desk, Consent(A), Refused(Reason::WrongKind)),
        ENDORSED,
        IMPORTED,
        row(Issuer, Desk, Issue(C, Form::StrictOn(B)), Refused(Reason::ImportPermitBroken)),
    ]),
    // What was imported is re-exported, up to the balance.
    Story(Needs::Transit, &[
        ISSUED,
        ENDORSED,
        row(Destination, Desk, Issue(B, Form::ReExport(A, Half)), Refused(Reason::OriginBroken)),
        IMPORTED,
        row(Destination, Desk, Issue(B, Form::ReExport(A, Half)), Applied),
        row(Destination, Desk, Issue(C, Form::ReExport(A, Leaving)), Refused(Reason::OverQuantity)),
        row(Destination, Port, Endorse(B, Half), Applied),
        row(Transit, Port, Import(B, Half), Applied),
        row(Destination, Port, Correct(A, Corrected::Import, OtherLine), Refused(Reason::UnknownLine)),
    ]),
    // A quota is drawn, exhausted, and stands again as something is given back.
    Story(Needs::Destination, &[
        row(Issuer, Port, Quota(QuotaForm::One), Refused(Reason::Role)),
        row(Issuer, Desk, Quota(QuotaForm::LastYear), Refused(Reason::Dates)),
        row(Issuer, Desk, Quota(QuotaForm::One), Applied),
        row(Issuer, Desk, Quota(QuotaForm::Kilograms), Refused(Reason::UnitMismatch)),
        row(Issuer, Desk, Issue(A, Form::Kilograms), Refused(Reason::UnitMismatch)),
        ISSUED,
        row(Issuer, Desk, Issue(B, Plain), Refused(Reason::QuotaExceeded)),
        row(Issuer, Desk, Quota(QuotaForm::Less), Refused(Reason::QuotaExceeded)),
        row(Issuer, Desk, Cancel(A, Withdrawn), Applied),
        row(Issuer, Desk, Issue(B, Plain), Applied),
    ]),
    // An authority suspends its own trade in a species, and lifts that.
    Story(Needs::Destination, &[
        ISSUED,
        row(Issuer, Port, Suspend(Of::Issuer(Entry::In)), Refused(Reason::Role)),
        row(Issuer, Desk, Suspend(Of::Retroactive), Refused(Reason::Dates)),
        row(Issuer, Desk, Suspend(Of::Issuer(Entry::In)), Applied),
        row(Issuer, Port, Endorse(A, Leaving), Refused(Reason::Suspended)),
        row(Issuer, Desk, Issue(B, Plain), Refused(Reason::Suspended)),
        row(Issuer, Desk, Issue(B, Form::Unnamed), Refused(Reason::NeedsSpeciesKey)),
        row(Issuer, Desk, Suspend(Of::Issuer(Entry::Out)), Applied),
        ENDORSED,
        IMPORTED,
    ]),
    // A destination suspends imports of a species from one Party.
    Story(Needs::Destination, &[
        row(Destination, Desk, Suspend(Of::Issuer(Entry::In)), Applied),
        row(Issuer, Desk, Issue(A, Plain), Refused(Reason::Suspended)),
        row(Destination, Desk, Suspend(Of::Issuer(Entry::Out)), Applied),
        ISSUED,
    ]),
    // Blank forms are stolen and found again.
    Story(Needs::Nobody, &[
        row(Issuer, Port, Revoke(Entry::In), Refused(Reason::Role)),
        row(Issuer, Desk, Revoke(Entry::Out), Refused(Reason::UnknownRecord)),
        row(Issuer, Desk, Revoke(Entry::In), Applied),
        row(Issuer, Desk, Revoke(Entry::In), Refused(Reason::AlreadyRecorded)),
        row(Issuer, Desk, Revoke(Entry::Out), Applied),
    ]),
    // Specimens of Appendix I from a registered operation go without an import permit.
    Story(Needs::Destination, &[
        row(Issuer, Desk, Operation(Entry::In), Applied),
        row(Issuer, Desk, Operation(Entry::In), Refused(Reason::AlreadyRecorded)),
        row(Issuer, Desk, Issue(A, Form::Registered), Applied),
        ENDORSED,
        IMPORTED,
        row(Issuer, Desk, Operation(Entry::Out), Applied),
        row(Issuer, Desk, Issue(B, Form::Registered), Refused(Reason::NeedsImportPermit)),
    ]),
    // Paper of a State outside is cleared once; paper of a Party on the ledger never.
    Story(Needs::Nobody, &[
        row(Issuer, Desk, PaperSeen(Origin::Outside), Refused(Reason::Role)),
        row(Issuer, Port, PaperSeen(Origin::Outside), Applied),
        row(Issuer, OtherPort, PaperSeen(Origin::Outside), Refused(Reason::Used)),
        row(Issuer, Port, PaperSeen(Origin::OnLedger), Refused(Reason::OnLedgerParty)),
        row(Issuer, Desk, Operation(Entry::Out), Refused(Reason::UnknownRecord)),
    ]),
    // One security stamp on two permits.
    Story(Needs::Destination, &[
        row(Issuer, Desk, Issue(A, Form::Stamped), Applied),
        row(Issuer, Desk, Issue(B, Form::Stamped), Refused(Reason::DuplicateStamp)),
        ENDORSED,
        IMPORTED,
    ]),
];
