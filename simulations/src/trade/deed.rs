//! The words that stories are written in: what an office does, with which permit, and how much of it.

use ledger::party::Role;
use ledger::reason::Reason;
use ledger::record::{CancelReason, Direction};

use super::Expected;
use super::cast::Who;

/// A permit of a story.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Paper {
    A,
    B,
    C,
}

/// Where an office speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The Management Authority, at its desk.
    Desk,
    /// Customs at a port.
    Port,
    /// Customs at another port of the same Party.
    OtherPort,
}

impl Place {
    /// Who speaks there.
    pub(super) const fn role(self) -> Role {
        match self {
            Self::Desk => Role::Management,
            Self::Port | Self::OtherPort => Role::Customs,
        }
    }

    /// The letters of the port behind those of the Party.
    pub(super) const fn letters(self) -> &'static str {
        match self {
            Self::Desk | Self::Port => "AAA",
            Self::OtherPort => "BBB",
        }
    }
}

/// How much, of which line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Amount {
    /// What leaves: drawn from the seed, at most what was authorised.
    Leaving,
    /// Half of that.
    Half,
    /// More than was authorised.
    TooMany,
    /// Of a line that the permit does not have.
    OtherLine,
    /// In another unit than the line's.
    OtherUnit,
}

/// What a permit says when it is issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// An export permit for the destination.
    Plain,
    /// For nowhere.
    NoDestination,
    /// Valid for a day longer than any export permit.
    TooLong,
    /// Ends before it begins.
    Crossed,
    /// Granted long ago, and nothing said of it.
    LongAgo,
    /// Over when it is issued.
    Over,
    /// Begins in three months.
    NotBegun,
    /// Issued after the goods left.
    Retrospective,
    /// The same, for Appendix I.
    RetrospectiveI,
    /// In the place of another.
    Replaces(Paper, CancelReason),
    /// In the place of another, for more.
    ReplacesForMore(Paper, CancelReason),
    /// For Appendix I, without an import permit.
    Strict,
    /// For Appendix I, on this import permit.
    StrictOn(Paper),
    /// The same, for more than it grants.
    StrictForMoreOn(Paper),
    /// An import permit of the destination.
    ImportPermit,
    /// A certificate of many crossings.
    Passport,
    /// A re-export certificate for the transit Party that draws on a permit.
    ReExport(Paper, Amount),
    /// In kilograms.
    Kilograms,
    /// Without the species.
    Unnamed,
    /// With the story's security stamp.
    Stamped,
    /// Appendix I, bred by the story's operation (source D).
    Registered,
}

/// What a passport's holder shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// The document that was issued.
    Document,
    /// Another one.
    Altered,
}

/// What a correction is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Corrected {
    Endorsement,
    Import,
    /// A record that is neither.
    Neither,
}

/// Whose paper was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// A State's that is not on the ledger.
    Outside,
    /// The issuer's.
    OnLedger,
}

/// Whether something enters a register or leaves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    In,
    Out,
}

/// What is said of the story's quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum QuotaForm {
    /// As much as one permit authorises.
    One,
    /// Less than that.
    Less,
    /// For the year before.
    LastYear,
    /// In kilograms.
    Kilograms,
}

/// Whose exports of the story's species are suspended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    /// The issuer's, whoever says so.
    Issuer(Entry),
    /// The issuer's, since the year before.
    Retroactive,
}

/// What an office does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    Issue(Paper, Form),
    Endorse(Paper, Amount),
    Sight(Paper),
    Import(Paper, Amount),
    Refuse(Paper, Reason),
    Cancel(Paper, CancelReason),
    Consent(Paper),
    Cross(Paper, Direction, Shown),
    Correct(Paper, Corrected, Amount),
    PaperSeen(Origin),
    Revoke(Entry),
    Quota(QuotaForm),
    Operation(Entry),
    Suspend(Of),
}

/// A line of a story.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub who: Who,
    pub place: Place,
    pub deed: Deed,
    pub expected: Expected,
    /// Whether it is the fraud itself, and not an honest office's part in the story.
    pub is_fraud: bool,
}

/// An honest row.
pub(super) const fn row(who: Who, place: Place, deed: Deed, expected: Expected) -> Row {
    Row {
        who,
        place,
        deed,
        expected,
        is_fraud: false,
    }
}

impl Row {
    /// The same, as a fraud.
    pub(super) const fn cheating(self) -> Self {
        Self {
            is_fraud: true,
            ..self
        }
    }
}
