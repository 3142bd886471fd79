//! Base45 (RFC 9285): bytes as the 45 characters that a QR code packs tightly.

use alloc::string::String;
use alloc::vec::Vec;

const ALPHABET: &[u8; 45] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

/// Two bytes become three characters, a last single one two.
pub(super) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().saturating_mul(3).div_ceil(2));
    for pair in bytes.chunks(2) {
        let mut rest = pair
            .iter()
            .fold(0_u32, |sum, byte| (sum << 8) | u32::from(*byte));
        for _ in 0..=pair.len() {
            let digit = usize::try_from(rest % 45).unwrap_or_default();
            text.push(ALPHABET.get(digit).copied().map_or('0', char::from));
            rest /= 45;
        }
    }
    text
}

/// `None` where a character, a length or a value is not of base45.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len().saturating_mul(2) / 3);
    for group in text.as_bytes().chunks(3) {
        let mut value = 0_u32;
        for character in group.iter().rev() {
            let digit = ALPHABET.iter().position(|known| known == character)?;
            value = value
                .checked_mul(45)?
                .checked_add(u32::try_from(digit).ok()?)?;
        }
        let [.., high, low] = value.to_be_bytes();
        match group.len() {
            3 if value <= 0xffff => bytes.extend([high, low]),
            2 if value <= 0xff => bytes.push(low),
            _ => return None,
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_examples_of_the_rfc_hold() {
        for (bytes, text) in [
            (&b"AB"[..], "BB8"),
            (b"Hello!!", "%69 VD92EX0"),
            (b"base-45", "UJCLQE7W581"),
            (b"ietf!", "QED8WEX0"),
            (b"", ""),
        ] {
            assert_eq!(encode(bytes), text);
            assert_eq!(decode(text).as_deref(), Some(bytes));
        }
    }

    #[test]
    fn what_is_no_base45_is_refused() {
        for text in ["A", "BB8A", "bb8", "GGW", ":::", "BB8::", "é"] {
            assert_eq!(decode(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_byte_string_comes_back(bytes: Vec<u8>) {
            prop_assert_eq!(decode(&encode(&bytes)), Some(bytes));
        }
    }
}
