//! Several records in one message: one signature of the sending node serves them all.

use ledger::codec::{self, CodecError};
use ledger::limits::RECORD_BYTES_MAX;
use minicbor::{Decode, Encode};

/// Bytes that CBOR adds around one record of the largest size.
const FRAME_BYTES: usize = 16;
/// Bytes of a bundle: always room for the largest record.
pub(super) const BUNDLE_BYTES_MAX: usize = RECORD_BYTES_MAX + FRAME_BYTES;
/// Records of one bundle.
pub(super) const BUNDLE_RECORDS_MAX: usize = 256;
/// Bytes that CBOR adds to each record: the length before it.
const LENGTH_BYTES: usize = 5;

#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
struct Bytes(#[cbor(n(0), with = "minicbor::bytes")] Vec<u8>);

/// Records on their way out, gathered until the next one does not fit.
#[derive(Debug, Default)]
pub(super) struct Gathering {
    records: Vec<Bytes>,
    bytes: usize,
    /// The record that did not fit begins the next bundle.
    left_over: Option<Vec<u8>>,
}

impl Gathering {
    /// Adds a record; `false` where the bundle is full and must be taken first. A record that no bundle
    /// could hold is dropped.
    pub(super) fn add(&mut self, record: Vec<u8>) -> bool {
        if record.len() > RECORD_BYTES_MAX {
            return true;
        }
        let length = record.len().saturating_add(LENGTH_BYTES);
        let bytes = self.bytes.saturating_add(length);
        let is_full = self.records.len() >= BUNDLE_RECORDS_MAX
            || bytes > BUNDLE_BYTES_MAX.saturating_sub(LENGTH_BYTES);
        if is_full {
            self.left_over = Some(record);
            return false;
        }
        self.bytes = bytes;
        self.records.push(Bytes(record));
        true
    }

    /// The bundle, if there is anything in it; what did not fit stays behind.
    pub(super) fn take(&mut self) -> Option<Vec<u8>> {
        let records = std::mem::take(&mut self.records);
        self.bytes = 0;
        if let Some(record) = self.left_over.take() {
            self.add(record);
        }
        (!records.is_empty()).then(|| codec::encode(&records))
    }
}

/// Why bytes are not a bundle.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BundleError {
    #[error(transparent)]
    Codec(#[from] CodecError),
    #[error("{0} records, 1 to {BUNDLE_RECORDS_MAX} are allowed")]
    Count(usize),
}

/// The records of a message.
pub(super) fn open(message: &[u8]) -> Result<Vec<Vec<u8>>, BundleError> {
    let records: Vec<Bytes> = codec::decode(message, BUNDLE_BYTES_MAX)?;
    if records.is_empty() || records.len() > BUNDLE_RECORDS_MAX {
        return Err(BundleError::Count(records.len()));
    }
    Ok(records.into_iter().map(|Bytes(record)| record).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bundles(records: impl IntoIterator<Item = Vec<u8>>) -> Vec<Vec<u8>> {
        let mut gathering = Gathering::default();
        let mut bundles = Vec::new();
        for record in records {
            if !gathering.add(record) {
                bundles.extend(gathering.take());
            }
        }
        while let Some(bundle) = gathering.take() {
            bundles.push(bundle);
        }
        bundles
    }

    #[test]
    fn every_record_arrives_in_order_and_no_bundle_is_too_large() {
        let sizes = [
            1,
            RECORD_BYTES_MAX,
            RECORD_BYTES_MAX,
            0,
            RECORD_BYTES_MAX / 2,
            RECORD_BYTES_MAX / 2 - 20,
            3,
        ];
        let many = (0..1_000).map(|_| 300);
        let records: Vec<_> = sizes
            .into_iter()
            .chain(many)
            .enumerate()
            .map(|(n, size)| vec![u8::try_from(n % 256).unwrap(); size])
            .collect();
        let bundles = bundles(records.clone());
        assert!(
            bundles
                .iter()
                .all(|bundle| bundle.len() <= BUNDLE_BYTES_MAX)
        );
        let opened: Vec<_> = bundles
            .iter()
            .flat_map(|bundle| open(bundle).unwrap())
            .collect();
        assert_eq!(opened, records);
        assert!(bundles.len() < 20, "{} bundles", bundles.len());
    }

    #[test]
    fn a_record_larger_than_the_limit_is_not_sent() {
        assert_eq!(
            bundles([vec![0; RECORD_BYTES_MAX + 1]]),
            Vec::<Vec<u8>>::new()
        );
    }

    #[test]
    fn what_is_not_a_bundle_is_refused() {
        let empty: Vec<Bytes> = Vec::new();
        assert_eq!(open(&codec::encode(&empty)), Err(BundleError::Count(0)));
        let many = vec![Bytes(vec![]); BUNDLE_RECORDS_MAX + 1];
        assert_eq!(
            open(&codec::encode(&many)),
            Err(BundleError::Count(BUNDLE_RECORDS_MAX + 1))
        );
        let large = codec::encode(&vec![Bytes(vec![0; BUNDLE_BYTES_MAX])]);
        assert!(matches!(
            open(&large),
            Err(BundleError::Codec(CodecError::TooLarge { .. }))
        ));
        for bytes in [&[][..], &[0xff], &[0x81], &[0x9b, 0, 0, 1, 0, 0, 0, 0, 0]] {
            assert!(matches!(open(bytes), Err(BundleError::Codec(_))));
        }
    }
}
