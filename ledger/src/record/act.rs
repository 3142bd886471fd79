//! What is done with a permit after its issue, by customs and by Management Authorities.

use alloc::vec::Vec;

use minicbor::{Decode, Encode};

use super::subject::{LineQuantity, PermitKey, Port};
use crate::digest::{Commitment, Digest, RecordDigest};
use crate::reason::Reason;

/// Customs of the issuing Party certify what really leaves (box 14).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Endorse {
    /// The permit.
    #[n(0)]
    pub permit: PermitKey,
    /// Quantities that leave, by line.
    #[n(1)]
    pub lines: Vec<LineQuantity>,
    /// Port of export.
    #[n(2)]
    pub port: Port,
    /// Bill of lading or air waybill (box 15), hashed.
    #[n(3)]
    pub transport: Option<Digest>,
}

/// Customs of any Party have seen the goods in transit (Art. VII.1). Never spends, never locks.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Sight {
    /// The permit, issued or not.
    #[n(0)]
    pub permit: PermitKey,
    /// Where.
    #[n(1)]
    pub port: Port,
}

/// Customs of the destination accept the import, which spends the permit (Art. VI.6).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Import {
    /// The permit.
    #[n(0)]
    pub permit: PermitKey,
    /// Quantities accepted, by line.
    #[n(1)]
    pub lines: Vec<LineQuantity>,
    /// Port of import.
    #[n(2)]
    pub port: Port,
    /// The destination's import permit, where the permit was not issued on one: both are spent (Art. III.3).
    #[n(3)]
    pub import_permit: Option<PermitKey>,
}

/// Customs of any Party refuse the goods. Visible to all; does not spend.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Refuse {
    /// The permit, issued or not.
    #[n(0)]
    pub permit: PermitKey,
    /// Why.
    #[n(1)]
    pub reason: Reason,
    /// Where.
    #[n(2)]
    pub port: Port,
}

/// Why a permit is cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum CancelReason {
    /// A mistake in the document.
    #[n(1)]
    Clerical,
    /// The document was lost.
    #[n(2)]
    Lost,
    /// The document was stolen.
    #[n(3)]
    Stolen,
    /// The authority takes it back.
    #[n(4)]
    Withdrawn,
    /// The document was damaged or destroyed.
    #[n(5)]
    Damaged,
}

words! {
    CancelReason {
        Clerical "clerical",
        Lost "lost",
        Stolen "stolen",
        Withdrawn "withdrawn",
        Damaged "damaged",
    }
}

impl CancelReason {
    /// What a later act on the permit is answered, where no other permit replaces it.
    #[must_use]
    pub const fn refusal(self) -> Reason {
        match self {
            Self::Clerical | Self::Withdrawn | Self::Damaged => Reason::Cancelled,
            Self::Lost => Reason::Lost,
            Self::Stolen => Reason::Stolen,
        }
    }

    /// Whether another permit may take its place: what the authority took back has no successor.
    #[must_use]
    pub const fn may_be_replaced(self) -> bool {
        match self {
            Self::Clerical | Self::Lost | Self::Stolen | Self::Damaged => true,
            Self::Withdrawn => false,
        }
    }
}

/// The issuing Party's Management Authority cancels a permit. After the use it is a notice that the use is
/// contested, and undoes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Cancel {
    /// The permit.
    #[n(0)]
    pub permit: PermitKey,
    /// Why.
    #[n(1)]
    pub reason: CancelReason,
}

/// The destination's Management Authority agrees to a retrospective permit (Res. Conf. 12.3).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Consent {
    /// The permit.
    #[n(0)]
    pub permit: PermitKey,
}

/// Which way a passport goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Direction {
    /// It leaves the author's State.
    #[n(1)]
    Out,
    /// It comes into the author's State.
    #[n(2)]
    In,
}

words! {
    Direction {
        Out "out",
        In "in",
    }
}

/// Customs record that a document of many crossings goes out or comes in. Never spends.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Cross {
    /// The permit.
    #[n(0)]
    pub permit: PermitKey,
    /// Which way.
    #[n(1)]
    pub direction: Direction,
    /// Where.
    #[n(2)]
    pub port: Port,
    /// Commitment of the document that was shown: its holder and specimens are unchanged.
    #[n(3)]
    pub document: Commitment,
}

/// Why quantities are corrected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum CorrectReason {
    /// Typed wrongly.
    #[n(1)]
    Typing,
    /// Counted or weighed again.
    #[n(2)]
    Recount,
    /// Given for the wrong line.
    #[n(3)]
    WrongLine,
}

words! {
    CorrectReason {
        Typing "typing",
        Recount "recount",
        WrongLine "wrong-line",
    }
}

/// Customs correct the quantities of their own endorsement or import. The corrected record stays on the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Correct {
    /// The permit.
    #[n(0)]
    pub permit: PermitKey,
    /// The record that is corrected: the endorsement or import in force, or its last correction.
    #[n(1)]
    pub record: RecordDigest,
    /// All quantities, as they should have been.
    #[n(2)]
    pub lines: Vec<LineQuantity>,
    /// Why.
    #[n(3)]
    pub reason: CorrectReason,
}

/// Customs of a destination clear goods on the paper of a Party that is not on the ledger: a claim of the
/// author, never an issue.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PaperSeen {
    /// Issuing Party, and the number on the paper.
    #[n(0)]
    pub permit: PermitKey,
    /// Security stamp number (box 5b), hashed.
    #[n(1)]
    pub stamp: Option<Digest>,
    /// What the paper says, hashed.
    #[n(2)]
    pub document: Digest,
    /// Where.
    #[n(3)]
    pub port: Port,
}
