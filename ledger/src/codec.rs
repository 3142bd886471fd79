//! The one canonical encoding: deterministic CBOR (RFC 8949 §4.2), with limits.
//!
//! No CBOR decoder is canonical by itself, so one rule serves every type: **decode within a limit,
//! encode again, refuse unless the bytes are equal.** The received bytes are then kept and hashed.

use alloc::string::String;
use alloc::vec::Vec;
use core::convert::Infallible;
use core::fmt;

use minicbor::{Decode, Encode};

/// Why bytes were refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// More bytes than the limit for this type.
    #[error("{got} bytes, the limit is {limit}")]
    TooLarge {
        /// Bytes received.
        got: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// Not CBOR, or not of this type.
    #[error("malformed: {0}")]
    Malformed(String),
    /// A longer form, another order, an unknown key or trailing bytes: other bytes for the same value.
    #[error("not the canonical encoding of its value")]
    NotCanonical,
}

/// Encodes a value in its only form.
#[must_use]
pub fn encode<T: Encode<()>>(value: &T) -> Vec<u8> {
    // Most of what is encoded fits, and does not grow byte by byte.
    let mut out = Vec::with_capacity(256);
    let result: Result<(), minicbor::encode::Error<Infallible>> = minicbor::encode(value, &mut out);
    debug_assert!(result.is_ok(), "our types encode into a Vec");
    out
}

/// Decodes `bytes` if there are at most `limit` of them and they are the only form of their value.
///
/// # Errors
/// [`CodecError`], in the order: size, shape, form.
pub fn decode<T>(bytes: &[u8], limit: usize) -> Result<T, CodecError>
where
    T: for<'b> Decode<'b, ()> + Encode<()>,
{
    if bytes.len() > limit {
        return Err(CodecError::TooLarge {
            got: bytes.len(),
            limit,
        });
    }
    let value: T = minicbor::decode(bytes).map_err(|e| CodecError::Malformed(display(&e)))?;
    if encode(&value) != bytes {
        return Err(CodecError::NotCanonical);
    }
    Ok(value)
}

fn display(error: &impl fmt::Display) -> String {
    alloc::format!("{error}")
}

#[cfg(test)]
mod tests {
    use std::vec;

    use super::*;

    #[derive(Debug, PartialEq, Encode, Decode)]
    #[cbor(map)]
    struct Sample {
        #[n(0)]
        number: u64,
        #[n(1)]
        note: Option<String>,
    }

    #[test]
    fn each_value_has_exactly_one_accepted_form() {
        let canonical = encode(&Sample {
            number: 5,
            note: None,
        });
        assert_eq!(canonical, [0xa1, 0x00, 0x05]);
        assert_eq!(
            decode::<Sample>(&canonical, 16),
            Ok(Sample {
                number: 5,
                note: None
            })
        );
        let others: [(&str, &[u8]); 6] = [
            ("longer integer", &[0xa1, 0x00, 0x18, 0x05]),
            ("longer map header", &[0xb8, 0x01, 0x00, 0x05]),
            ("indefinite map", &[0xbf, 0x00, 0x05, 0xff]),
            ("explicit null", &[0xa2, 0x00, 0x05, 0x01, 0xf6]),
            ("unknown key", &[0xa2, 0x00, 0x05, 0x07, 0x00]),
            ("trailing byte", &[0xa1, 0x00, 0x05, 0x00]),
        ];
        for (what, bytes) in others {
            assert_eq!(
                decode::<Sample>(bytes, 16),
                Err(CodecError::NotCanonical),
                "{what}"
            );
        }
    }

    #[test]
    fn size_is_judged_before_anything_is_read() {
        assert_eq!(
            decode::<Sample>(&[0; 17], 16),
            Err(CodecError::TooLarge { got: 17, limit: 16 })
        );
    }

    #[test]
    fn a_claimed_length_allocates_nothing() {
        // An array of 2^40 bytes that is not there.
        let claim = vec![0x9b, 0, 0, 1, 0, 0, 0, 0, 0];
        assert!(matches!(
            decode::<Vec<u64>>(&claim, 64),
            Err(CodecError::Malformed(_))
        ));
    }
}
