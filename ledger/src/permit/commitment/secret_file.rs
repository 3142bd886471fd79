//! The secret file that travels with a document: with it a checker names the box that differs.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use minicbor::{Decode, Encode};

use super::{PermitSecret, SpeciesSeal, TaxonKey, leaves, merkle};
use crate::codec::{self, CodecError};
use crate::digest::{Commitment, Digest};
use crate::limits::SECRET_FILE_BYTES_MAX;
use crate::party::PartyCode;
use crate::permit::fields::{SCHEMA_PATH, box_of};
use crate::permit::number::PermitNumber;
use crate::permit::{LineId, Permit, Place};

/// The secret of a permit, and the digests of all its fields as issued.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SecretFile {
    /// The Party that issued the permit.
    #[n(0)]
    pub issuer: PartyCode,
    /// Its number.
    #[n(1)]
    pub number: PermitNumber,
    /// Its secret.
    #[n(2)]
    pub secret: PermitSecret,
    /// Path and leaf digest of every field, ascending by path.
    #[n(3)]
    pub(super) leaves: Vec<(String, Digest)>,
    /// Keys of the taxon tags of lines that re-export, copied from their origins; ascending.
    #[n(4)]
    origin_keys: Vec<(LineId, TaxonKey)>,
    /// The issuer's seal, where the lines name their species keys.
    #[n(5)]
    pub species_seal: Option<SpeciesSeal>,
}

impl SecretFile {
    /// The secret file of a permit at its issue. `origin_keys`: for each line that re-exports, the taxon key
    /// of its origin line.
    #[must_use]
    pub fn new(
        issuer: PartyCode,
        permit: &Permit,
        secret: PermitSecret,
        mut origin_keys: Vec<(LineId, TaxonKey)>,
    ) -> Self {
        origin_keys.sort_by_key(|(line, _)| *line);
        origin_keys.dedup_by_key(|(line, _)| *line);
        Self {
            issuer,
            number: permit.number.clone(),
            leaves: leaves(permit, &secret).collect(),
            secret,
            origin_keys,
            species_seal: None,
        }
    }

    /// The commitment that its leaves lead to. Compare it with the ledger's before believing any difference.
    #[must_use]
    pub fn commitment(&self) -> Commitment {
        let digests: Vec<Digest> = self.leaves.iter().map(|leaf| leaf.1).collect();
        Commitment(merkle::root(&digests))
    }

    /// The key of a line's taxon tag: its origin's where it re-exports, its own otherwise.
    #[must_use]
    pub fn taxon_key(&self, line: LineId) -> TaxonKey {
        let copied = self.origin_keys.iter().find(|(one, _)| *one == line);
        copied.map_or_else(
            || TaxonKey::of_origin(&self.secret, line),
            |(_, key)| key.clone(),
        )
    }

    /// Its canonical bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        codec::encode(self)
    }

    /// Reads canonical bytes with paths and lines in order.
    ///
    /// # Errors
    /// [`CodecError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CodecError> {
        let file: Self = codec::decode(bytes, SECRET_FILE_BYTES_MAX)?;
        let paths_ascend = file.leaves.is_sorted_by(|a, b| a.0 < b.0);
        let lines_ascend = file.origin_keys.is_sorted_by(|a, b| a.0 < b.0);
        let paths_known = file
            .leaves
            .iter()
            .all(|(path, _)| path == SCHEMA_PATH || box_of(path).is_some());
        if !(paths_ascend && lines_ascend && paths_known) {
            return Err(CodecError::Malformed("paths or lines out of order".into()));
        }
        Ok(file)
    }
}

/// A field that is not as it was issued: changed, added or left out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// Box and line; absent for the schema.
    pub place: Option<Place>,
    /// Path of the field.
    pub path: String,
}

/// `box 11, line A`.
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Some(place) => fmt::Display::fmt(&place, f),
            None => f.write_str("schema"),
        }
    }
}

/// What in a permit is not as issued, in the order of the form. Empty exactly if the permit has the
/// commitment of the file.
#[must_use]
pub fn differences(permit: &Permit, file: &SecretFile) -> Vec<Difference> {
    let presented: Vec<(String, Digest)> = leaves(permit, &file.secret).collect();
    let only_in = |some: &[(String, Digest)], others: &[(String, Digest)]| -> Vec<String> {
        let missing = |leaf: &&(String, Digest)| others.binary_search(leaf).is_err();
        some.iter()
            .filter(missing)
            .map(|leaf| leaf.0.clone())
            .collect()
    };
    // Both lists ascend by path, each path once, so they ascend as pairs.
    let mut paths = only_in(&presented, &file.leaves);
    paths.extend(only_in(&file.leaves, &presented));
    let mut differences: Vec<Difference> = paths
        .into_iter()
        .map(|path| Difference {
            place: box_of(&path),
            path,
        })
        .collect();
    differences.sort();
    differences.dedup();
    differences
}
