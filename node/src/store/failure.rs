//! Why the store could not do something. Never a statement about a permit.

use std::path::PathBuf;

use ledger::digest::ChainId;
use ledger::log::LogError;
use ledger::party::Height;
use ledger::state::ReadError;

/// The store could not do it. After a failed write the node stops and proves the tip when it starts again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// What is on disk is not what this node wrote, or not all of it.
    #[error("the database was changed or damaged: {0}")]
    Damaged(String),
    /// Another process has it open.
    #[error("the database in `{}` is in use by another process", .0.display())]
    InUse(PathBuf),
    /// It holds another network's ledger.
    #[error("the database belongs to network {found}, the genesis is that of {expected}")]
    OtherChain {
        /// Network of the database.
        found: ChainId,
        /// Network of the genesis file.
        expected: ChainId,
    },
    /// Written by another version of this program.
    #[error("the database has format {0}, this program reads format 1")]
    Format(u8),
    /// The disk or the file system failed.
    #[error("the disk failed: {0}")]
    Failed(String),
    /// An earlier write failed: nothing more is written until the tip is proven again.
    #[error("an earlier write failed, so nothing more is written")]
    Stopped,
    /// A block that does not follow the tip: our own mistake.
    #[error("block {height} does not follow the tip {tip}")]
    NotNext {
        /// Height of the block.
        height: Height,
        /// Height of the tip.
        tip: Height,
    },
    /// Another block at a height that is decided.
    #[error("another block is decided at height {0}")]
    OtherBlock(Height),
}

impl StoreError {
    /// What to do next.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Damaged(_) => {
                "move the database folder away and start again: the node rebuilds it from its peers"
            }
            Self::InUse(_) => "stop the other process first",
            Self::OtherChain { .. } => "check `genesis` in node.toml, or use another home folder",
            Self::Format(_) => "use the program that wrote it, or rebuild from peers",
            Self::Failed(_) | Self::Stopped => {
                "check the disk's space, health and permissions, then start the node again"
            }
            Self::NotNext { .. } | Self::OtherBlock(_) => {
                "stop this node, keep its folder and report it: this must never happen"
            }
        }
    }
}

impl From<StoreError> for ReadError {
    fn from(error: StoreError) -> Self {
        Self(error.to_string())
    }
}

impl From<LogError> for StoreError {
    fn from(LogError(text): LogError) -> Self {
        ReadError(text).into()
    }
}

impl From<ReadError> for StoreError {
    /// A failed disk says so of itself. Whatever else kept a read from its end was not written by this node.
    fn from(ReadError(text): ReadError) -> Self {
        let said = |error: fn(String) -> Self| {
            let words = error(String::new()).to_string();
            text.split_once(&words)
                .map(|(_, why)| error(why.to_owned()))
        };
        said(Self::Failed)
            .or_else(|| said(Self::Damaged))
            .unwrap_or_else(|| Self::Damaged(text.clone()))
    }
}

/// What RocksDB says, sorted into damage and failure by its words: its kinds leave checksums out.
pub(super) fn failed(error: rocksdb::Error) -> StoreError {
    let text = error.into_string();
    if text.starts_with("Corruption") || text.contains("checksum mismatch") {
        StoreError::Damaged(text)
    } else {
        StoreError::Failed(text)
    }
}

pub(super) fn damaged(what: impl Into<String>) -> StoreError {
    StoreError::Damaged(what.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_disk_stays_one_through_the_ledgers_words_and_all_else_is_damage() {
        for error in [
            StoreError::Failed("IO error: no space".into()),
            StoreError::Damaged("a key of `seen`".into()),
        ] {
            let read = ReadError::from(error.clone());
            assert_eq!(StoreError::from(read), error);
        }
        let read = ReadError("inclusion: the disk failed: IO error: no space".into());
        let failed = StoreError::Failed("IO error: no space".into());
        assert_eq!(StoreError::from(read), failed);
        let read = ReadError("`parameters` is missing".into());
        let damaged = StoreError::Damaged("`parameters` is missing".into());
        assert_eq!(StoreError::from(read), damaged);
    }
}
