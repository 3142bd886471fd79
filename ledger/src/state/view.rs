//! The reads that the rules ask of storage. There is no other storage trait: writes leave as data.

use alloc::string::String;
use alloc::vec::Vec;

use crate::digest::{Digest, RecordDigest};
use crate::time::Timestamp;
use crate::tree::{KeyHash, Page, PageId, Pages};

/// Storage could not answer: never a statement about a permit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("storage: {0}")]
pub struct ReadError(pub String);

/// The state after some block, as the rules read it.
pub trait View {
    /// The value at a place of the authenticated map.
    ///
    /// # Errors
    /// [`ReadError`].
    fn value(&self, place: KeyHash) -> Result<Option<Vec<u8>>, ReadError>;

    /// A page of the authenticated map.
    ///
    /// # Errors
    /// [`ReadError`].
    fn page(&self, id: &PageId) -> Result<Option<Page>, ReadError>;

    /// A stored hash of the log, by the index that `tlog_tiles` gives it.
    ///
    /// # Errors
    /// [`ReadError`].
    fn log_hash(&self, index: u64) -> Result<Option<Digest>, ReadError>;

    /// The log index of a record, where it is logged.
    ///
    /// # Errors
    /// [`ReadError`].
    fn log_index(&self, record: &RecordDigest) -> Result<Option<u64>, ReadError>;

    /// At most `count_max` records whose `good_until` lies before `time`, still kept as seen, in
    /// ascending order of (`good_until`, digest).
    ///
    /// # Errors
    /// [`ReadError`].
    fn seen_before(
        &self,
        time: Timestamp,
        count_max: usize,
    ) -> Result<Vec<(Timestamp, RecordDigest)>, ReadError>;
}

/// A view as the tree reads it.
#[derive(Clone, Copy, Debug)]
pub struct PagesOf<'a, V>(pub &'a V);

impl<V: View> Pages for PagesOf<'_, V> {
    type Error = ReadError;

    fn page(&self, id: &PageId) -> Result<Option<Page>, ReadError> {
        self.0.page(id)
    }
}
