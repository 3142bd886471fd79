//! One process for one data folder: two would sign with one key.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// Name of the lock's file in the data folder.
const FILE_NAME: &str = "lock";

/// The data folder is ours until this is dropped, or the process ends however it ends.
#[derive(Debug)]
pub struct FolderLock {
    _file: File,
}

/// Why the data folder is not ours.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process has it.
    #[error("another process uses the data folder `{}`", .0.display())]
    Taken(PathBuf),
    /// The lock file could not be opened.
    #[error("cannot lock the data folder `{}`: {}", .0.display(), .1)]
    Io(PathBuf, io::Error),
}

impl FolderLock {
    /// Takes the folder.
    ///
    /// # Errors
    /// [`LockError`].
    pub fn take(folder: &Path) -> Result<Self, LockError> {
        let failed = |error| LockError::Io(folder.to_owned(), error);
        let path = folder.join(FILE_NAME);
        let mut options = OpenOptions::new();
        let file = options.create(true).truncate(false).write(true).open(path);
        let file = file.map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(LockError::Taken(folder.to_owned())),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }
}
