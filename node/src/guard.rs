//! The signer guard on disk: two equal copies in one small file, synced before every signature.
//!
//! What may be signed is decided in `consensus::guard`; this file keeps the decision through any crash.
//! The file is never part of a backup: an old one put back makes an observer of the node.

mod lock;
pub mod operator;
#[cfg(test)]
mod tests;

pub use lock::{FolderLock, LockError};

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use consensus::guard::{
    BLANK, COPY_BYTES, COPY_OFFSETS, DecidedHeight, FILE_BYTES, Loaded, Local, ObserveReason,
    Permission, Refusal, Request, Standing, State, load, write_copies,
};
use consensus::signing::Guard;
use ledger::digest::ChainId;
use ledger::key::PublicKey;
use ledger::party::Height;
use tracing::{error, info, warn};

use crate::durable::{self, Existing, Readers};

/// Name of the guard's file in the data folder.
pub const FILE_NAME: &str = "guard";

/// Where the guard's bytes go. The tests crash one at every byte.
pub trait Medium: Send {
    /// Writes within the file, without syncing.
    ///
    /// # Errors
    /// Whatever the disk says.
    fn write_at(&mut self, offset: usize, bytes: &[u8]) -> io::Result<()>;
    /// Makes all writes durable.
    ///
    /// # Errors
    /// Whatever the disk says.
    fn sync(&mut self) -> io::Result<()>;
    /// Puts a whole file in place of what is there, in one durable step.
    ///
    /// # Errors
    /// Whatever the disk says.
    fn replace(&mut self, file: &[u8; FILE_BYTES]) -> io::Result<()>;
}

/// A file of the data folder.
#[derive(Debug)]
pub struct GuardFile {
    path: PathBuf,
    file: Option<File>,
}

impl Medium for GuardFile {
    fn write_at(&mut self, offset: usize, bytes: &[u8]) -> io::Result<()> {
        let file = self.file.as_ref().ok_or(io::ErrorKind::NotFound)?;
        file.write_all_at(bytes, u64::try_from(offset).map_err(io::Error::other)?)
    }

    fn sync(&mut self) -> io::Result<()> {
        let file = self.file.as_ref().ok_or(io::ErrorKind::NotFound)?;
        file.sync_data()
    }

    fn replace(&mut self, file: &[u8; FILE_BYTES]) -> io::Result<()> {
        durable::write(&self.path, file, Readers::Owner, Existing::Replace)?;
        self.file = Some(open_to_write(&self.path)?);
        Ok(())
    }
}

fn open_to_write(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).open(path)
}

/// The guard of a running node.
#[derive(Debug)]
pub struct FileGuard<M = GuardFile> {
    /// Owned by this lock: whoever holds it sees the standing that the file has, or that a write failed.
    inner: Mutex<Inner<M>>,
}

#[derive(Debug)]
struct Inner<M> {
    standing: Standing,
    medium: M,
    /// A write failed: what the disk holds is unknown, so nothing is signed until a restart reads it.
    is_broken: bool,
    /// Synced writes since the start.
    flushes: u64,
    /// Height of the newest request that was refused because the others were not heard yet.
    silent_at: Option<Height>,
}

impl FileGuard {
    /// Makes the guard of a new voting key, which has signed nothing.
    ///
    /// # Errors
    /// Whatever the disk says; [`io::ErrorKind::AlreadyExists`] where there is one.
    pub fn create(folder: &Path, chain: ChainId, key: &PublicKey) -> io::Result<()> {
        let file = write_copies(&State::new(chain, key));
        durable::write(
            &folder.join(FILE_NAME),
            &file,
            Readers::Owner,
            Existing::Keep,
        )
    }

    /// Opens the guard and judges it against this node's own disk.
    ///
    /// # Errors
    /// Whatever the disk says. A missing or damaged guard is no error: the node observes.
    pub fn open(folder: &Path, chain: ChainId, key: &PublicKey, local: &Local) -> io::Result<Self> {
        let path = folder.join(FILE_NAME);
        let (loaded, file) = read(&path)?;
        let standing = Standing::at_start(loaded, chain, key, local);
        match &standing {
            Standing::Armed(state) => info!(height = state.height.0, "the signer guard is whole"),
            Standing::Observing { reason, .. } => warn!(
                %reason,
                "this node observes and signs nothing until others have decided further heights",
            ),
        }
        Ok(Self::with_medium(standing, GuardFile { path, file }))
    }
}

fn read(path: &Path) -> io::Result<(Loaded, Option<File>)> {
    let file = match open_to_write(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((load(None), None)),
        Err(error) => return Err(error),
    };
    let length = file.metadata()?.len();
    if length == 0 {
        return Ok((load(Some(BLANK)), Some(file)));
    }
    // A file of another length is not the guard that was written.
    if length != u64::try_from(FILE_BYTES).map_err(io::Error::other)? {
        return Ok((Loaded::Corrupt, Some(file)));
    }
    let mut bytes = [0; FILE_BYTES];
    file.read_exact_at(&mut bytes, 0)?;
    Ok((load(Some(&bytes)), Some(file)))
}

impl<M: Medium> FileGuard<M> {
    /// A guard over another medium.
    #[must_use]
    pub const fn with_medium(standing: Standing, medium: M) -> Self {
        let inner = Inner {
            standing,
            medium,
            is_broken: false,
            flushes: 0,
            silent_at: None,
        };
        Self {
            inner: Mutex::new(inner),
        }
    }

    /// What this node may do.
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.lock(|inner| inner.standing)
    }

    /// Whether a write failed: the node has to stop.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.lock(|inner| inner.is_broken)
    }

    /// Synced writes since the start: one before each new signature, one for each commit.
    #[must_use]
    pub fn flushes(&self) -> u64 {
        self.lock(|inner| inner.flushes)
    }

    /// The height at which this node last signed nothing because the others were not heard yet.
    #[must_use]
    pub fn silent_at(&self) -> Option<Height> {
        self.lock(|inner| inner.silent_at)
    }

    /// Signs nothing from now on until [`Self::hear`] was called.
    pub fn await_peers(&self) {
        self.lock(|inner| inner.standing = inner.standing.until_heard());
    }

    /// Takes note of the height that other nodes have decided.
    pub fn hear(&self, peers_tip: Height) {
        self.lock(|inner| {
            let before = inner.standing;
            inner.standing.hear(peers_tip);
            if before != inner.standing
                && let Standing::Observing { reason, until, .. } = &inner.standing
            {
                let until = until.map(|height| height.0);
                warn!(%reason, until, "this node observes until that height is decided");
            }
            if before != inner.standing && inner.standing.is_armed() {
                info!(
                    peers_tip = peers_tip.0,
                    "the other validators' tips are known; this node signs"
                );
            }
        });
    }

    /// Moves the guard to the next height. To be called before the block enters the store.
    ///
    /// # Errors
    /// Whatever the disk says; the node has to stop.
    pub fn committed(&self, decided: &DecidedHeight) -> io::Result<()> {
        self.lock(|inner| {
            let before = inner.standing;
            let next = before.committed(decided);
            inner.take_up(next)?;
            if let (false, Standing::Armed(state)) = (before.is_armed(), next) {
                info!(height = state.height.0, "the signer guard is armed again");
            }
            Ok(())
        })
    }

    fn lock<T>(&self, f: impl FnOnce(&mut Inner<M>) -> T) -> T {
        f(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<M: Medium> Inner<M> {
    /// Takes up a standing, after what it keeps is on disk.
    fn take_up(&mut self, next: Standing) -> io::Result<()> {
        let kept = self.standing.kept();
        if let Some(state) = next.kept().filter(|state| kept != Some(*state)) {
            // Only where the file can be trusted may a write be cut short: the other copy is whole then.
            let written = match kept {
                Some(_) => self.write(&state),
                None => self.medium.replace(&write_copies(&state)),
            };
            self.flushes = self.flushes.saturating_add(1);
            written.inspect_err(|error| {
                self.is_broken = true;
                error!(%error, "the signer guard could not be written; nothing is signed any more");
            })?;
        }
        self.standing = next;
        Ok(())
    }

    fn write(&mut self, state: &State) -> io::Result<()> {
        let file = write_copies(state);
        for offset in COPY_OFFSETS {
            let copy = file.get(offset..offset.saturating_add(COPY_BYTES));
            self.medium.write_at(offset, copy.unwrap_or_default())?;
        }
        self.medium.sync()
    }
}

impl<M: Medium> Guard for FileGuard<M> {
    fn permit(&self, request: &Request) -> Result<(), Refusal> {
        crate::blocking::run(|| {
            self.lock(|inner| {
                if inner.is_broken {
                    return Err(Refusal::NotWritten);
                }
                match inner.standing.permit(request) {
                    Permission::Sign(state) => inner
                        .take_up(Standing::Armed(state))
                        .map_err(|_| Refusal::NotWritten),
                    Permission::Again => Ok(()),
                    Permission::Refuse(refusal) => {
                        if refusal == Refusal::Observing(ObserveReason::Unheard) {
                            inner.silent_at = Some(request.height);
                        }
                        log_refusal(request, &refusal);
                        Err(refusal)
                    }
                }
            })
        })
    }
}

fn log_refusal(request: &Request, refusal: &Refusal) {
    let (height, round) = (request.height.0, request.mark.round.0);
    match refusal {
        // Expected for as long as the node observes.
        Refusal::Observing(_) => tracing::debug!(height, round, %refusal, "not signed"),
        Refusal::Behind { .. } | Refusal::Contradiction { .. } | Refusal::NotWritten => {
            warn!(height, round, stage = %request.mark.stage, %refusal, "not signed");
        }
    }
}
