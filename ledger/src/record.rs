//! One signed statement by one Party's offices.

/// The words of an enum: one for each variant, read back by `FromStr`.
macro_rules! words {
    ($name:ident { $($variant:ident $word:literal,)* }) => {
        impl $name {
            /// All of them, in their order.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The word used in flags, JSON and documents.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }
        }

        impl core::str::FromStr for $name {
            type Err = alloc::string::String;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::ALL.iter().copied().find(|one| one.as_str() == text).ok_or_else(|| {
                    alloc::format!("`{text}` is none of: {}", [$($word),*].join(", "))
                })
            }
        }
    };
}

mod act;
mod facts;
mod issue;
mod register;
mod statement;
mod subject;

use alloc::vec::Vec;

use minicbor::{Decode, Encode};

pub use act::{
    Cancel, CancelReason, Consent, Correct, CorrectReason, Cross, Direction, Endorse, Import,
    PaperSeen, Refuse, Sight,
};
pub use facts::contradictions;
pub use issue::{Issue, IssuedLine, LineKey, OperationKey, Origin, Replaces, RetrospectiveReason};
pub use register::{Operation, Quota, RevokeRange, RevokeReason, SerialRange, Series, Suspend};
pub use statement::Statement;
pub use subject::{LineQuantity, PermitKey, Port};

use crate::digest::{BlockId, ChainId, RecordDigest};
use crate::limits::OFFICES_PER_RECORD_MAX;
use crate::party::{Height, OfficeNumber, PartyCode};
use crate::quorum::PROTOCOL_VERSION;
use crate::time::Timestamp;

/// The newest block that the author held when the record was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Checkpoint {
    /// Its height.
    #[n(0)]
    pub height: Height,
    /// Its id.
    #[n(1)]
    pub block: BlockId,
}

/// A statement with its author, its place in time and its uniqueness. What the offices sign.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Record {
    /// Protocol version, 1.
    #[n(0)]
    pub version: u8,
    /// The network it is made for.
    #[n(1)]
    pub chain: ChainId,
    /// The Party that speaks.
    #[n(2)]
    pub author: PartyCode,
    /// Its offices that sign, 1 to 4, ascending, each once: named inside, so that none can be stripped.
    #[n(3)]
    pub offices: Vec<OfficeNumber>,
    /// What is stated.
    #[n(4)]
    pub statement: Statement,
    /// When it was made, by the author's clock: evidence, never a rule's input beyond admission.
    #[n(5)]
    pub made_at: Timestamp,
    /// The newest block the author held, if it held one.
    #[n(6)]
    pub checkpoint: Option<Checkpoint>,
    /// A record that must be logged before this one; until then this one waits.
    #[n(7)]
    pub after: Option<RecordDigest>,
    /// Last block time at which it may enter a block, at most 90 days after that block.
    #[n(8)]
    pub good_until: Timestamp,
    /// 16 random bytes: the same words twice are two records.
    #[cbor(n(9), with = "minicbor::bytes")]
    pub nonce: [u8; 16],
}

/// Why a record is not well formed, whatever the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// Another protocol version.
    #[error("protocol version {0}, this node speaks version {PROTOCOL_VERSION}")]
    Version(u8),
    /// None, more than four, out of order or twice.
    #[error("1 to {OFFICES_PER_RECORD_MAX} offices, ascending, each once")]
    Offices,
    /// None, more than 250, out of order or twice.
    #[error("1 to 250 lines, ascending, each once")]
    Lines,
    /// A line of nothing.
    #[error("a quantity of zero")]
    ZeroQuantity,
    /// Too many origins, or out of order.
    #[error("at most 16 origins a line, ascending, each once")]
    Origins,
    /// A reason for which nothing is replaced.
    #[error("a permit is replaced because it is clerical, lost, stolen or damaged, not withdrawn")]
    Replaces,
    /// Not a range of printed numbers.
    #[error(
        "not a range: up to 12 digits, up to 20 characters around them, the first number first"
    )]
    Range,
}

impl Record {
    /// Checks what can be checked of a record alone.
    ///
    /// # Errors
    /// [`FormError`].
    pub fn check_form(&self) -> Result<(), FormError> {
        if self.version != PROTOCOL_VERSION {
            return Err(FormError::Version(self.version));
        }
        let count = self.offices.len();
        if count == 0 || count > OFFICES_PER_RECORD_MAX || !self.offices.is_sorted_by(|a, b| a < b)
        {
            return Err(FormError::Offices);
        }
        self.statement.check_form()
    }
}
