//! Proof of the tip: nothing is served that does not follow from the genesis and from signatures.
//!
//! From genesis' validators over every change of validators to those who decided the tip; their quorum over
//! the tip's header; from the header the roots of state and log, recomputed from what is stored.

use std::sync::Arc;

use consensus::replica::Tip;
use ledger::block::{Block, Header};
use ledger::codec;
use ledger::digest::{ChainId, StateRoot, sha256};
use ledger::limits::HEADER_BYTES_MAX;
use ledger::log::{self, LogTail};
use ledger::party::Height;
use ledger::quorum::{Quorum, ValidatorSet};
use ledger::state::{self, Changes, PagesOf, ReadError, View as _};
use ledger::tree::{self, KeyHash, LeafChanges, Page, PageId, Pages};
use rocksdb::IteratorMode;

use super::failure::{StoreError, damaged};
use super::keys::{self, Column, FORMAT, META_CHAIN, META_FORMAT, META_TIP};
use super::read::Reader;

/// A state of at most this many values is recomputed whole when the store is opened; of a larger one only the
/// top page, and each value when it is served.
const RECOMPUTED_VALUES_MAX: usize = 50_000;
/// Changes of validators that are followed from genesis: one a month for centuries.
const VALIDATOR_CHANGES_MAX: usize = 4_096;

/// Proves what is stored and gives its tip.
pub(super) fn prove(
    read: &Reader<'_>,
    chain: ChainId,
    initial: &Changes,
) -> Result<Tip, StoreError> {
    check_identity(read, chain)?;
    let genesis = genesis_validators(initial)?;
    let tip = match read.get(Column::Meta, META_TIP)? {
        None => {
            let root = recomputed_root(&leaves_of(initial))?;
            Tip::genesis(root, genesis)
        }
        Some(bytes) => {
            let header: Header = codec::decode(&bytes, HEADER_BYTES_MAX)
                .map_err(|error| damaged(format!("header of the tip: {error}")))?;
            decided(read, chain, header, genesis)?
        }
    };
    check_ends(read, &tip)?;
    check_state(read, &tip)?;
    check_log(read, &tip)?;
    Ok(tip)
}

fn check_identity(read: &Reader<'_>, chain: ChainId) -> Result<(), StoreError> {
    match read.get(Column::Meta, META_FORMAT)?.as_deref() {
        Some(&[FORMAT]) => {}
        Some(&[other]) => return Err(StoreError::Format(other)),
        Some(_) | None => return Err(damaged("its format is missing")),
    }
    let found = read.get(Column::Meta, META_CHAIN)?;
    let found: Option<[u8; 32]> = found.and_then(|bytes| bytes.try_into().ok());
    let found = ChainId(ledger::digest::Digest(
        found.ok_or_else(|| damaged("its network is missing"))?,
    ));
    if found == chain {
        Ok(())
    } else {
        Err(StoreError::OtherChain {
            found,
            expected: chain,
        })
    }
}

fn genesis_validators(initial: &Changes) -> Result<ValidatorSet, StoreError> {
    let place = KeyHash::of(b"validators");
    let value = initial.values.get(&place).cloned().flatten();
    let value = value.ok_or_else(|| damaged("the genesis names no validators"))?;
    codec::decode(&value, value.len()).map_err(|error| damaged(format!("the genesis: {error}")))
}

fn decided(
    read: &Reader<'_>,
    chain: ChainId,
    header: Header,
    genesis: ValidatorSet,
) -> Result<Tip, StoreError> {
    let height = header.height;
    if header.chain != chain {
        return Err(damaged("the tip belongs to another network"));
    }
    let (decided_by, next) = follow_validators(read, chain, height, genesis)?;
    if header.validators != decided_by.digest() || header.next_validators != next.digest() {
        return Err(damaged("the tip names other validators than the chain"));
    }
    let quorum = quorum_for(read, chain, &header, &decided_by)?;
    let bytes = read.block_bytes(height)?;
    let bytes = bytes.ok_or_else(|| damaged(format!("block {height} is missing")))?;
    let block = Block::decode(&bytes).map_err(|e| damaged(format!("block {height}: {e}")))?;
    if *block.header() != header {
        return Err(damaged(format!("block {height} has another header")));
    }
    let stored = state::validators(read).map_err(|error| damaged(error.0))?;
    if stored != next {
        return Err(damaged("the state names other validators than the tip"));
    }
    Ok(Tip::decided(
        header,
        quorum,
        Arc::new(decided_by),
        Arc::new(next),
    ))
}

/// Those who decided `tip`, and those who decide the next height, followed from genesis.
fn follow_validators(
    read: &Reader<'_>,
    chain: ChainId,
    tip: Height,
    genesis: ValidatorSet,
) -> Result<(ValidatorSet, ValidatorSet), StoreError> {
    let mut current = genesis;
    for (from, next) in read.validator_changes(Height(1), VALIDATOR_CHANGES_MAX)? {
        let last = Height(from.0.saturating_sub(1));
        if last > tip {
            return Err(damaged("validators of a height that was never decided"));
        }
        let header = read.header(last)?;
        let header = header.ok_or_else(|| damaged(format!("block {last} is missing")))?;
        quorum_for(read, chain, &header, &current)?;
        if header.validators != current.digest() || header.next_validators != next.digest() {
            return Err(damaged(format!(
                "validators do not follow at height {last}"
            )));
        }
        if last == tip {
            return Ok((current, next));
        }
        current = next;
    }
    Ok((current.clone(), current))
}

fn quorum_for(
    read: &Reader<'_>,
    chain: ChainId,
    header: &Header,
    validators: &ValidatorSet,
) -> Result<Quorum, StoreError> {
    let height = header.height;
    let quorum = read.quorum(height)?;
    let quorum = quorum.ok_or_else(|| damaged(format!("the quorum of {height} is missing")))?;
    if header.chain != chain || quorum.height != height || quorum.block != header.id() {
        return Err(damaged(format!(
            "the quorum of {height} is for another block"
        )));
    }
    quorum
        .check(chain, validators)
        .map_err(|error| damaged(format!("the quorum of {height}: {error}")))?;
    Ok(quorum)
}

/// Nothing may lie beyond the tip.
fn check_ends(read: &Reader<'_>, tip: &Tip) -> Result<(), StoreError> {
    let last = |column| -> Result<Option<u64>, StoreError> {
        let entry = read.scan(column, IteratorMode::End)?.next().transpose()?;
        Ok(entry.and_then(|(key, _)| keys::last_number(&key)))
    };
    let height = tip.height().0;
    let size = tip.log.size;
    let blocks = last(Column::Blocks)?.unwrap_or(0);
    let leaves = last(Column::Leaves)?.map_or(0, |index| index.saturating_add(1));
    if blocks != height || last(Column::Quorums)?.unwrap_or(0) != height {
        return Err(damaged(format!(
            "the tip is {height}, the last block {blocks}"
        )));
    }
    if leaves != size {
        return Err(damaged(format!(
            "the log has {size} records, the last is {leaves}"
        )));
    }
    Ok(())
}

fn check_state(read: &Reader<'_>, tip: &Tip) -> Result<(), StoreError> {
    let root = tree::root(&PagesOf(read)).map_err(|ReadError(error)| damaged(error))?;
    if root != tip.state_root {
        return Err(damaged("the state has another root than the tip names"));
    }
    let mut leaves = LeafChanges::new();
    for entry in read.scan(Column::State, IteratorMode::Start)? {
        let (key, value) = entry?;
        let place = key.as_ref().try_into();
        let place = place.map_err(|_| damaged("a key of the state"))?;
        leaves.insert(KeyHash(ledger::digest::Digest(place)), Some(sha256(&value)));
        if leaves.len() > RECOMPUTED_VALUES_MAX {
            return Ok(());
        }
    }
    let Ok((root, pages)) = tree::update(&NoPages, &leaves);
    if root != tip.state_root {
        return Err(damaged("a value of the state was changed"));
    }
    for (id, page) in pages {
        let stored = read.page(&id).map_err(|ReadError(error)| damaged(error))?;
        if page.is_some() && stored != page {
            return Err(damaged("a page of the state was changed"));
        }
    }
    Ok(())
}

fn check_log(read: &Reader<'_>, tip: &Tip) -> Result<(), StoreError> {
    let head = tip.log;
    let root = LogTail::new(read, head.size).root();
    let root = root.map_err(|error| damaged(error.to_string()))?;
    if root != head.root {
        return Err(damaged("the log has another root than the tip names"));
    }
    // The newest block's records; older ones are held against the tip when they are served.
    let parent = Height(tip.height().0.saturating_sub(1));
    let first = read.header(parent)?.map_or(0, |header| header.log_size);
    for index in first..head.size {
        let leaf = read.leaf(index)?;
        let path = log::prove_inclusion(read, head.size, index);
        let path = path.map_err(|error| damaged(error.to_string()))?;
        if !leaf.is_some_and(|leaf| path.shows(&head, index, &leaf)) {
            return Err(damaged(format!("record {index} of the log was changed")));
        }
    }
    Ok(())
}

fn leaves_of(changes: &Changes) -> LeafChanges {
    let values = changes.values.iter();
    values
        .map(|(place, value)| (*place, value.as_ref().map(|bytes| sha256(bytes))))
        .collect()
}

fn recomputed_root(leaves: &LeafChanges) -> Result<StateRoot, StoreError> {
    let Ok((root, _)) = tree::update(&NoPages, leaves);
    Ok(root)
}

/// The pages of a map that holds nothing.
struct NoPages;

impl Pages for NoPages {
    type Error = std::convert::Infallible;

    fn page(&self, _: &PageId) -> Result<Option<Page>, Self::Error> {
        Ok(None)
    }
}
