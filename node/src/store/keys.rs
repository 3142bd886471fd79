//! Every key on disk. Numbers are big-endian, so that keys sort as their numbers do.

use ledger::digest::{BlockId, Digest, NumberHash, RecordDigest};
use ledger::party::{Height, PartyCode};
use ledger::quorum::Round;
use ledger::record::PermitKey;
use ledger::time::Timestamp;

/// What is kept together: one RocksDB column family each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    /// Height → header and carried quorum; the block's records are the leaves that it added.
    Blocks,
    /// Height → the quorum this node holds for it.
    Quorums,
    /// Record digest → index in the log.
    Records,
    /// Index in the log → leaf.
    Leaves,
    /// Index of `tlog_tiles` → hash.
    LogHashes,
    /// Place in the map → value.
    State,
    /// Path of a page of the map → page.
    Pages,
    /// Permit ‖ index in the log → nothing.
    History,
    /// Signal ‖ Party ‖ time ‖ permit → nothing.
    Signals,
    /// Last time ‖ record digest → nothing.
    Seen,
    /// Height ‖ round ‖ block id → what the application keeps of a block that is not decided.
    Undecided,
    /// Record digest → signed record that this node promised to bring into a block.
    Outbox,
    /// Record digest → why it never will be in one.
    Outcomes,
    /// Height ‖ digest → evidence of misbehaviour.
    Evidence,
    /// Height → validators who decide from this height on.
    Validators,
    /// What is kept once: format, chain, tip.
    Meta,
}

impl Column {
    pub(super) const ALL: [Self; 16] = [
        Self::Blocks,
        Self::Quorums,
        Self::Records,
        Self::Leaves,
        Self::LogHashes,
        Self::State,
        Self::Pages,
        Self::History,
        Self::Signals,
        Self::Seen,
        Self::Undecided,
        Self::Outbox,
        Self::Outcomes,
        Self::Evidence,
        Self::Validators,
        Self::Meta,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Blocks => "blocks",
            Self::Quorums => "quorums",
            Self::Records => "records",
            Self::Leaves => "leaves",
            Self::LogHashes => "log_hashes",
            Self::State => "state",
            Self::Pages => "pages",
            Self::History => "history",
            Self::Signals => "signals",
            Self::Seen => "seen",
            Self::Undecided => "undecided",
            Self::Outbox => "outbox",
            Self::Outcomes => "outcomes",
            Self::Evidence => "evidence",
            Self::Validators => "validators",
            Self::Meta => "meta",
        }
    }

    /// Whether keys are asked for one by one and often absent, so that a filter pays.
    pub(super) const fn is_looked_up(self) -> bool {
        matches!(self, Self::Records | Self::State | Self::Pages)
    }
}

/// Version of everything in this file.
pub(super) const FORMAT: u8 = 1;
pub(super) const META_FORMAT: &[u8] = b"format";
pub(super) const META_CHAIN: &[u8] = b"chain";
/// Header of the newest decided block.
pub(super) const META_TIP: &[u8] = b"tip";

pub(super) const fn number(number: u64) -> [u8; 8] {
    number.to_be_bytes()
}

/// The number in the last eight bytes.
pub(super) fn last_number(key: &[u8]) -> Option<u64> {
    key.last_chunk().copied().map(u64::from_be_bytes)
}

pub(super) fn permit(permit: &PermitKey) -> Vec<u8> {
    let PermitKey {
        issuer,
        number: NumberHash(Digest(hash)),
    } = permit;
    [PartyCode::as_str(issuer).as_bytes(), hash].concat()
}

pub(super) fn history(of: &PermitKey, index: u64) -> Vec<u8> {
    [permit(of), number(index).to_vec()].concat()
}

pub(super) fn seen(until: Timestamp, record: &RecordDigest) -> Vec<u8> {
    [&number(until.0)[..], record.as_ref()].concat()
}

pub(super) fn seen_from(key: &[u8]) -> Option<(Timestamp, RecordDigest)> {
    let (until, digest) = key.split_first_chunk::<8>()?;
    let digest = digest.try_into().ok()?;
    Some((
        Timestamp(u64::from_be_bytes(*until)),
        RecordDigest(Digest(digest)),
    ))
}

pub(super) fn undecided(height: Height, round: Round, block: BlockId) -> Vec<u8> {
    [
        &number(height.0)[..],
        &round.0.to_be_bytes(),
        block.as_ref(),
    ]
    .concat()
}

pub(super) fn undecided_from(key: &[u8]) -> Option<(Height, Round, BlockId)> {
    let (height, rest) = key.split_first_chunk::<8>()?;
    let (round, block) = rest.split_first_chunk::<4>()?;
    let block = block.try_into().ok()?;
    Some((
        Height(u64::from_be_bytes(*height)),
        Round(u32::from_be_bytes(*round)),
        BlockId(Digest(block)),
    ))
}

pub(super) fn evidence(height: Height, digest: Digest) -> Vec<u8> {
    [&number(height.0)[..], digest.as_ref()].concat()
}

pub(super) fn record_from(key: &[u8]) -> Option<RecordDigest> {
    key.try_into()
        .ok()
        .map(|digest| RecordDigest(Digest(digest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_sort_as_their_numbers_do_and_read_back() {
        let block = BlockId(Digest([7; 32]));
        let keys: Vec<_> = [(1, 0), (1, 300), (2, 0), (256, 1)]
            .map(|(height, round)| (Height(height), Round(round)))
            .into_iter()
            .map(|(height, round)| {
                let key = undecided(height, round, block);
                assert_eq!(undecided_from(&key), Some((height, round, block)));
                key
            })
            .collect();
        assert!(keys.is_sorted());
        let record = RecordDigest(Digest([9; 32]));
        let key = seen(Timestamp(70_000), &record);
        assert_eq!(seen_from(&key), Some((Timestamp(70_000), record)));
        assert!(seen(Timestamp(255), &record) < seen(Timestamp(256), &record));
        let permit = PermitKey {
            issuer: PartyCode::new("QS").unwrap(),
            number: NumberHash(Digest([1; 32])),
        };
        assert_eq!(last_number(&history(&permit, 77)), Some(77));
    }

    #[test]
    fn keys_of_another_length_are_not_keys() {
        assert_eq!(seen_from(&[0; 39]), None);
        assert_eq!(undecided_from(&[0; 45]), None);
        assert_eq!(record_from(&[0; 31]), None);
        assert_eq!(last_number(&[0; 7]), None);
    }

    #[test]
    fn no_two_columns_share_a_name() {
        let names: std::collections::BTreeSet<_> =
            Column::ALL.into_iter().map(Column::name).collect();
        assert_eq!(names.len(), Column::ALL.len());
    }
}
