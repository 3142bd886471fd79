//! What an operator may do about the signer guard of a stopped node: look at it, re-arm it, or begin a data
//! folder anew under an old key.
//!
//! Whether a guard may be armed by hand is decided in `consensus::guard`. Here the facts are gathered from the
//! disk while the folder is locked, and each act is noted before it is done.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use consensus::guard::{BLANK, Loaded, Local, LogFound, Mark, Standing, State, Unsafe};
use consensus::guard::{rearmed, write_copies};
use genesis::Genesis;
use ledger::digest::ChainId;
use ledger::key::PublicKey;
use ledger::party::Height;
use ledger::state::memory::initial_changes;
use ledger::time::Timestamp;

use super::{FILE_NAME, FolderLock, LockError, read};
use crate::durable::{self, Existing, Readers};
use crate::engine;
use crate::store::{Store, StoreError};

/// Name of the file in the data folder that holds what operators did, one line for each act.
pub const NOTES_NAME: &str = "guard.notes";

/// Why an operator's act was not done.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// The node runs, or another process looks at the folder.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The tip cannot be proven.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The disk failed.
    #[error("`{}`: {source}", .path.display())]
    Disk {
        /// File or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A data folder that is there is never begun anew.
    #[error("there is a data folder `{}` already", .0.display())]
    FolderExists(PathBuf),
    /// The key might sign twice.
    #[error(transparent)]
    Unsafe(#[from] Unsafe),
}

impl OperatorError {
    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Lock(LockError::Taken(_)) => "stop the node first".into(),
            Self::Store(error) => error.hint().into(),
            Self::Lock(LockError::Io(..)) | Self::Disk { .. } => {
                "look at the disk and who may use the folder".into()
            }
            Self::FolderExists(_) => {
                "start the node as it is; if its guard cannot be trusted it observes by itself"
                    .into()
            }
            Self::Unsafe(why) => hint(why).into(),
        }
    }
}

fn hint(why: &Unsafe) -> &'static str {
    match why {
        Unsafe::Foreign => "this folder is not this node's; find the right one, never mix them",
        Unsafe::NotNeeded(_) => "start the node; there is nothing to re-arm",
        Unsafe::Decided { .. } => {
            "the network goes on: start the node, and it arms itself once others have decided further"
        }
        Unsafe::Behind { .. } => {
            "start the node and let it fetch what the others have; then ask them again which height is undecided"
        }
        Unsafe::Blank | Unsafe::LogMissing | Unsafe::LogDamaged | Unsafe::LogElsewhere(_) => {
            "the key may have signed at this height, so it stays silent until others have decided it: start \
             the node to observe, and re-arm those nodes whose log is whole"
        }
    }
}

/// The data folder of a stopped node, held for as long as this lives, and what it says.
#[derive(Debug)]
pub struct Stopped {
    folder: PathBuf,
    chain: ChainId,
    key: PublicKey,
    /// What the guard file holds.
    pub loaded: Loaded,
    /// Height of the newest block in the store; zero where there is no store.
    pub tip: Height,
    /// The log of consensus.
    pub log: LogFound,
    _lock: FolderLock,
}

impl Stopped {
    /// Locks the data folder and reads it. Nothing in it is changed.
    ///
    /// # Errors
    /// [`OperatorError`] but `Unsafe`.
    pub fn take(folder: &Path, genesis: &Genesis, key: &PublicKey) -> Result<Self, OperatorError> {
        let lock = FolderLock::take(folder)?;
        let path = engine::log_path(folder);
        let log = engine::look_at_log(folder, key).map_err(at(&path))?;
        Ok(Self {
            folder: folder.to_owned(),
            chain: genesis.chain_id(),
            key: *key,
            loaded: look(folder)?,
            tip: tip(folder, genesis)?,
            log,
            _lock: lock,
        })
    }

    /// What the node would be if it started now and knew nothing of the others.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let local = Local {
            tip: self.tip,
            log: self.log.whole(),
        };
        Standing::at_start(self.loaded, self.chain, &self.key, &local)
    }

    /// The guard that [`Self::rearm`] would write for `undecided`.
    ///
    /// # Errors
    /// [`Unsafe`].
    pub fn rearmed(&self, undecided: Height) -> Result<State, Unsafe> {
        let found = (self.tip, self.log);
        rearmed(self.loaded, self.chain, &self.key, found, undecided)
    }

    /// Lets the key sign at `undecided`, where this disk shows all that it has signed there. `now` is for the
    /// note that stays in the folder.
    ///
    /// # Errors
    /// [`OperatorError`]; then the guard is as it was.
    pub fn rearm(&self, undecided: Height, now: Timestamp) -> Result<State, OperatorError> {
        let state = self.rearmed(undecided)?;
        let before = describe(&self.loaded);
        let newest = newest(state.newest.as_ref());
        note(
            &self.folder,
            &format!(
                "{now} re-armed at height {undecided}, newest signature {newest}; before: {before}"
            ),
        )?;
        let path = self.folder.join(FILE_NAME);
        durable::write(
            &path,
            &write_copies(&state),
            Readers::Owner,
            Existing::Replace,
        )
        .map_err(at(&path))?;
        Ok(state)
    }
}

/// Makes the data folder of a key that has signed before, on another disk: its guard says that nobody knows
/// what, so the node observes until others have decided beyond it.
///
/// # Errors
/// [`OperatorError::FolderExists`], [`OperatorError::Disk`].
pub fn begin_anew(folder: &Path, now: Timestamp) -> Result<(), OperatorError> {
    if folder.try_exists().map_err(at(folder))? {
        return Err(OperatorError::FolderExists(folder.to_owned()));
    }
    // Put in place whole: a folder without this guard would observe as well, but might be re-armed.
    let beside = folder.with_extension("new");
    durable::create_private_folder(&beside).map_err(at(&beside))?;
    let path = beside.join(FILE_NAME);
    durable::write(&path, BLANK, Readers::Owner, Existing::Replace).map_err(at(&path))?;
    note(&beside, &format!("{now} data folder begun anew"))?;
    std::fs::rename(&beside, folder).map_err(at(folder))?;
    let home = folder.parent().unwrap_or(Path::new("."));
    File::open(home)
        .and_then(|home| home.sync_all())
        .map_err(at(home))
}

/// What the guard file in `folder` holds; also while the node runs, since one of its copies is always whole.
///
/// # Errors
/// [`OperatorError::Disk`].
pub fn look(folder: &Path) -> Result<Loaded, OperatorError> {
    let path = folder.join(FILE_NAME);
    let (loaded, _) = read(&path).map_err(at(&path))?;
    Ok(loaded)
}

/// A guard in words.
#[must_use]
pub fn describe(loaded: &Loaded) -> String {
    match loaded {
        Loaded::Missing => "missing".into(),
        Loaded::Blank => "unknown (the data folder was made anew)".into(),
        Loaded::Corrupt => "damaged".into(),
        Loaded::Whole(state) => {
            let newest = newest(state.newest.as_ref());
            format!("height {}, newest signature {newest}", state.height)
        }
    }
}

/// A newest signature in words.
#[must_use]
pub fn newest(mark: Option<&Mark>) -> String {
    mark.map_or("none".into(), |mark| {
        format!("{} of round {}", mark.stage, mark.round)
    })
}

/// The tip of the store, which is proven; none is made.
fn tip(folder: &Path, genesis: &Genesis) -> Result<Height, OperatorError> {
    let path = folder.join("store");
    if !path.try_exists().map_err(at(&path))? {
        return Ok(Height::ZERO);
    }
    let (_, initial) = initial_changes(genesis.initial_state());
    let store = Store::open(&path, genesis.chain_id(), &initial)?;
    Ok(store.tip().height())
}

fn note(folder: &Path, line: &str) -> Result<(), OperatorError> {
    let path = folder.join(NOTES_NAME);
    let mut options = OpenOptions::new();
    let file = options.create(true).append(true).mode(0o600).open(&path);
    file.and_then(|mut file| {
        file.write_all(format!("{line}\n").as_bytes())?;
        file.sync_all()
    })
    .map_err(at(&path))
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> OperatorError {
    let path = path.to_owned();
    |source| OperatorError::Disk { path, source }
}
