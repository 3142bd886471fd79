//! What the Parties agree on, and how a block changes it.
//!
//! Order of judgement: (1) admission, against the state of the parent block: a block that holds an
//! inadmissible record is invalid; (2) the life of the permit: a refused record is logged with its reason,
//! so an attempted second use is on record; (3) applied.

pub mod admission;
mod draws;
mod effect;
mod execution;
pub mod key;
pub mod life;
mod links;
pub mod memory;
pub mod permit;
pub mod register;
pub mod signal;
pub mod view;
mod warning;

use alloc::vec::Vec;

use minicbor::{Decode, Encode};

pub use execution::{Added, Admission, At, Changes, Executed, Execution, Logged};
pub use key::StateKey;
pub use links::Links;
pub use permit::{Act, Cancellation, Crossings, LineState, PermitState, PortCounts, ReportState};
pub use signal::{Signal, SignalKey};
pub use view::{PagesOf, ReadError, View};
pub use warning::Warnings;

use crate::codec;
use crate::limits::STATE_VALUE_BYTES_MAX;
use crate::parameters::Parameters;
use crate::party::Height;
use crate::quorum::ValidatorSet;
use crate::reason::Reason;
use crate::tree::KeyHash;

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Receipt {
    /// Height of its block.
    #[n(0)]
    pub height: Height,
    /// Its place in the block, from 0.
    #[n(1)]
    pub index: u16,
    /// Why it was refused; absent where it was applied.
    #[n(2)]
    pub refused: Option<Reason>,
    /// Doubts that go with it where it was applied.
    #[n(3)]
    pub warnings: Warnings,
}

/// A leaf of the log: a signed record's bytes, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Leaf {
    /// The signed record as received.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub signed: Vec<u8>,
    /// Its receipt.
    #[n(1)]
    pub receipt: Receipt,
}

/// Reads and decodes one entry of the state.
///
/// # Errors
/// [`ReadError`] where storage fails or holds what is not such a value.
pub fn read<T>(view: &impl View, key: &StateKey) -> Result<Option<T>, ReadError>
where
    T: for<'b> Decode<'b, ()> + Encode<()>,
{
    view.value(KeyHash::of(key.as_ref()))?
        .map(|bytes| decode_value(key, &bytes))
        .transpose()
}

fn decode_value<T>(key: &StateKey, bytes: &[u8]) -> Result<T, ReadError>
where
    T: for<'b> Decode<'b, ()> + Encode<()>,
{
    codec::decode(bytes, STATE_VALUE_BYTES_MAX).map_err(|e| {
        ReadError(alloc::format!(
            "`{}` holds no such value: {e}",
            key.as_str()
        ))
    })
}

fn must<T>(value: Option<T>, key: &StateKey) -> Result<T, ReadError> {
    value.ok_or_else(|| ReadError(alloc::format!("`{}` is missing", key.as_str())))
}

/// The parameters in force.
///
/// # Errors
/// [`ReadError`], also where there are none.
pub fn parameters(view: &impl View) -> Result<Parameters, ReadError> {
    must(
        read(view, &StateKey::parameters())?,
        &StateKey::parameters(),
    )
}

/// The validators who decide the next height.
///
/// # Errors
/// [`ReadError`], also where there are none.
pub fn validators(view: &impl View) -> Result<ValidatorSet, ReadError> {
    must(
        read(view, &StateKey::validators())?,
        &StateKey::validators(),
    )
}

#[cfg(test)]
mod tests;
