//! The payload of a seal: paths as small numbers, so that a code of three lines stays readable.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use minicbor::bytes::{ByteArray, ByteVec};
use minicbor::{Decode, Encode};

use super::{SealAnchor, SealError};
use crate::codec;
use crate::digest::{BlockId, ChainId, Digest};
use crate::limits::SEAL_BYTES_MAX;
use crate::party::{Height, PartyCode};
use crate::permit::LineId;
use crate::permit::commitment::{PermitSecret, Revealed};
use crate::permit::fields::Field;

/// Path of the permit's number.
pub(super) const NUMBER_PATH: &str = "1/number";
/// Fields of the largest permit.
const FIELDS_MAX: u32 = 40_000;
/// Bytes of the chain id that a seal carries, to tell networks apart; the signature binds the whole.
const CHAIN_BYTES: usize = 4;
/// Bytes of a hash that hides a field.
const HASH_BYTES: usize = 32;

/// Fields of the whole permit. A number never changes its meaning; new ones are added at the end.
const HEADER: [&str; 32] = [
    NUMBER_PATH,
    "1/kind",
    "1/copy",
    "1.1/name",
    "2/valid-from",
    "2/valid-until",
    "3/name",
    "3/street",
    "3/city",
    "3/postcode",
    "3a/country",
    "4/name",
    "4/street",
    "4/city",
    "4/postcode",
    "4/country",
    "4/applicant/at",
    "4/applicant/by/name",
    "5/condition/#",
    "5a/purpose",
    "5a/text",
    "5b/stamp",
    "6/authority/by/name",
    "6/authority/by/street",
    "6/authority/by/city",
    "6/authority/by/country",
    "13/issued",
    "13/officer/at",
    "13/officer/by/name",
    "13/place/id",
    "13/place/name",
    "4/applicant/place/name",
];
/// Where the fields of a line begin.
const LINE_BASE: u32 = 64;
/// Box and name of the fields of a line; `#` stands for a place in a list.
const LINE: [(&str, &str); 25] = [
    ("7", "taxon"),
    ("8", "common-name"),
    ("9", "term"),
    ("9", "description"),
    ("9", "mark/#"),
    ("10", "appendix"),
    ("10", "source"),
    ("10", "second-source"),
    ("11", "quantity"),
    ("11", "unit"),
    ("11a", "used-to-date/quantity"),
    ("11a", "used-to-date/unit"),
    ("11a", "quota/quantity"),
    ("11a", "quota/unit"),
    ("12", "origin/country"),
    ("12", "origin/document/#/number"),
    ("12", "origin/document/#/issued"),
    ("12", "origin/country-name"),
    ("12a", "re-export/country"),
    ("12a", "re-export/document/#/number"),
    ("12a", "re-export/document/#/issued"),
    ("12a", "re-export/country-name"),
    ("12b", "category"),
    ("12b", "operation"),
    ("12b", "acquired"),
];

/// A field: its number, value, and where it repeats, line and place in its list.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
struct Entry {
    #[n(0)]
    code: u32,
    #[n(1)]
    value: String,
    #[n(2)]
    line: Option<LineId>,
    #[n(3)]
    index: Option<u32>,
}

/// The payload.
#[derive(Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(super) struct Content {
    #[n(0)]
    chain: ByteArray<CHAIN_BYTES>,
    #[n(1)]
    pub(super) issuer: PartyCode,
    /// Number of fields of the permit.
    #[n(2)]
    size: u32,
    /// A bit for each field, the first in the highest bit: whether it is shown.
    #[n(3)]
    shown: ByteVec,
    /// The fields shown, in their order.
    #[n(4)]
    entries: Vec<Entry>,
    /// The hashes of the others, one after the other.
    #[n(5)]
    hidden: ByteVec,
    #[n(6)]
    pub(super) secret: PermitSecret,
    #[n(7)]
    pub(super) height: Height,
    #[n(8)]
    pub(super) block: BlockId,
}

impl Content {
    pub(super) fn new(
        chain: ChainId,
        issuer: PartyCode,
        revealed: &Revealed,
        secret: &PermitSecret,
        anchor: SealAnchor,
    ) -> Result<Self, SealError> {
        let size = u32::try_from(revealed.size).map_err(|_| SealError::Content("too large"))?;
        let mut shown = alloc::vec![0_u8; revealed.size.div_ceil(8)];
        for (place, _) in &revealed.shown {
            if let Some(byte) = shown.get_mut(place / 8) {
                *byte |= 0x80 >> (place % 8);
            }
        }
        let entries = revealed.shown.iter().map(|(_, field)| entry(field));
        let content = Self {
            chain: chain_mark(chain).into(),
            issuer,
            size,
            shown: shown.into(),
            entries: entries.collect::<Option<_>>().unwrap_or_default(),
            hidden: revealed
                .hidden
                .iter()
                .flat_map(|hash| hash.0)
                .collect::<Vec<_>>()
                .into(),
            secret: secret.clone(),
            height: anchor.height,
            block: anchor.block,
        };
        if content.to_bytes().len() > PAYLOAD_BYTES_MAX {
            return Err(SealError::Content("the permit is too large for a code"));
        }
        Ok(content)
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        codec::encode(self)
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, SealError> {
        Ok(codec::decode(bytes, SEAL_BYTES_MAX)?)
    }

    /// Whether it was made on `chain`.
    pub(super) fn is_of(&self, chain: ChainId) -> bool {
        *self.chain == chain_mark(chain)
    }

    /// Fields and hashes at their places.
    pub(super) fn revealed(&self) -> Result<Revealed, SealError> {
        let size = usize::try_from(self.size).ok();
        let size = size.filter(|_| self.size <= FIELDS_MAX);
        let size = size.filter(|size| size.div_ceil(8) == self.shown.len());
        let size = size.ok_or(SealError::Content("its number of fields is wrong"))?;
        let is_shown = |place: &usize| {
            let byte = self.shown.get(place / 8).copied().unwrap_or_default();
            byte & (0x80 >> (place % 8)) != 0
        };
        let places: Vec<usize> = (0..self.shown.len().saturating_mul(8))
            .filter(is_shown)
            .collect();
        let is_outside = places.last().is_some_and(|last| *last >= size);
        if is_outside || places.len() != self.entries.len() {
            return Err(SealError::Content("its fields have no places"));
        }
        let fields = self.entries.iter().map(Entry::field);
        let fields: Option<Vec<Field>> = fields.collect();
        let fields = fields.ok_or(SealError::Content("it has a field of no known box"))?;
        let (hashes, rest) = self.hidden.as_chunks::<HASH_BYTES>();
        if !rest.is_empty() {
            return Err(SealError::Content("a hash is cut"));
        }
        Ok(Revealed {
            size,
            shown: places.into_iter().zip(fields).collect(),
            hidden: hashes.iter().map(|hash| Digest(*hash)).collect(),
        })
    }
}

/// So that a seal fits its limit with signature and header.
const PAYLOAD_BYTES_MAX: usize = SEAL_BYTES_MAX - 128;

fn chain_mark(chain: ChainId) -> [u8; CHAIN_BYTES] {
    chain.0.0.first_chunk().copied().unwrap_or_default()
}

/// Whether a seal shows a field: all that an officer compares with goods and paper, and whatever takes no more
/// room than the hash that would stand in its place.
pub(super) fn is_shown(field: &Field) -> bool {
    let compared = ["1/", "2/", "3a/", "7/", "9/", "10/", "11/"];
    let is_compared = compared.iter().any(|number| field.path.starts_with(number));
    let is_short = field.value.len() <= HASH_BYTES;
    code_of(&field.path).is_some() && (is_compared || is_short)
}

fn entry(field: &Field) -> Option<Entry> {
    let (code, line, index) = code_of(&field.path)?;
    Some(Entry {
        code,
        value: field.value.clone(),
        line,
        index,
    })
}

/// Number of a path, its line, and its place in a list.
fn code_of(path: &str) -> Option<(u32, Option<LineId>, Option<u32>)> {
    let is_index = |part: &&str| part.len() == 5 && part.bytes().all(|b| b.is_ascii_digit());
    let index = path.split('/').find(is_index);
    let name: String = index.map_or_else(|| path.into(), |index| path.replace(index, "#"));
    let index = index.map(str::parse).transpose().ok()?;
    if let Some(place) = HEADER.iter().position(|known| *known == name) {
        return Some((u32::try_from(place).ok()?, None, index));
    }
    let (number, rest) = name.split_once('/')?;
    let (line, name) = rest.split_once('/')?;
    let line = line.parse().ok()?;
    let place = LINE.iter().position(|known| *known == (number, name))?;
    let code = u32::try_from(place).ok()?.checked_add(LINE_BASE)?;
    Some((code, Some(line), index))
}

impl Entry {
    fn field(&self) -> Option<Field> {
        let value = self.value.clone();
        let index = self
            .index
            .map_or_else(String::new, |index| format!("{index:05}"));
        let name = match (self.code.checked_sub(LINE_BASE), self.line) {
            (None, None) => (*HEADER.get(usize::try_from(self.code).ok()?)?).into(),
            (Some(place), Some(line)) => {
                let (number, name) = LINE.get(usize::try_from(place).ok()?)?;
                format!("{number}/{line}/{name}")
            }
            (None, Some(_)) | (Some(_), None) => return None,
        };
        let path = name.replace('#', &index);
        // One number for each path.
        let is_own = code_of(&path) == Some((self.code, self.line, self.index));
        is_own.then_some(Field { path, value })
    }
}
