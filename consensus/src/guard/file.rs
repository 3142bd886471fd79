//! The bytes of the guard file: two equal copies, each with its checksum.
//!
//! Both copies are written, one sync makes them durable, and only then is anything signed. So whichever
//! single copy is torn or damaged, the other one is never older than the last signature.

use ledger::codec;
use ledger::digest::{Digest, Tag, hash};

use super::State;

/// Bytes of one copy: one disk sector.
pub const COPY_BYTES: usize = 512;
/// Where the copies begin: on different pages of the file.
pub const COPY_OFFSETS: [usize; 2] = [0, 4096];
/// Bytes of the file; it never grows, so that a sync need not touch the file's metadata.
pub const FILE_BYTES: usize = 8192;

/// The file that says: nobody knows here what the key has signed. Nothing written in part looks like it,
/// since a guard is never cut short to be written.
pub const BLANK: &[u8] = &[];

const LENGTH_BYTES: usize = 2;
const CHECKSUM_BYTES: usize = 32;
const COVERED_BYTES: usize = COPY_BYTES - CHECKSUM_BYTES;
const STATE_BYTES_MAX: usize = COVERED_BYTES - LENGTH_BYTES;

/// What a guard file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loaded {
    /// There is no file.
    Missing,
    /// The file was made for a data folder that begins anew under an old key: [`BLANK`].
    Blank,
    /// Neither copy is whole.
    Corrupt,
    /// The newer of the whole copies.
    Whole(State),
}

/// The file for `state`.
#[must_use]
pub fn write_copies(state: &State) -> [u8; FILE_BYTES] {
    let mut file = [0; FILE_BYTES];
    let copy = encode(state);
    for offset in COPY_OFFSETS {
        for (to, from) in file.iter_mut().skip(offset).zip(copy) {
            *to = from;
        }
    }
    file
}

/// Reads the file; `None` where there is none.
#[must_use]
pub fn load(file: Option<&[u8]>) -> Loaded {
    let Some(file) = file else {
        return Loaded::Missing;
    };
    if file == BLANK {
        return Loaded::Blank;
    }
    COPY_OFFSETS
        .iter()
        .filter_map(|&offset| decode(file.get(offset..offset.checked_add(COPY_BYTES)?)?))
        .max_by_key(|state| state.sequence)
        .map_or(Loaded::Corrupt, Loaded::Whole)
}

fn encode(state: &State) -> [u8; COPY_BYTES] {
    let bytes = codec::encode(state);
    debug_assert!(bytes.len() <= STATE_BYTES_MAX, "a state fits one sector");
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX).to_be_bytes();
    let mut covered = [0; COVERED_BYTES];
    for (to, from) in covered.iter_mut().zip(length.into_iter().chain(bytes)) {
        *to = from;
    }
    let checksum = checksum(&covered);
    let mut copy = [0; COPY_BYTES];
    for (to, from) in copy.iter_mut().zip(covered.into_iter().chain(checksum.0)) {
        *to = from;
    }
    copy
}

fn decode(copy: &[u8]) -> Option<State> {
    let (covered, sum) = copy.split_at_checked(COVERED_BYTES)?;
    if checksum(covered).as_ref() != sum {
        return None;
    }
    let (length, rest) = covered.split_first_chunk::<LENGTH_BYTES>()?;
    let length = usize::from(u16::from_be_bytes(*length));
    codec::decode(rest.get(..length)?, STATE_BYTES_MAX).ok()
}

fn checksum(covered: &[u8]) -> Digest {
    hash(Tag::LocalFile, &[b"guard", covered])
}
