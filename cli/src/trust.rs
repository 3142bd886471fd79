//! What this device trusts: a genesis pinned by its fingerprint, and checkpoints saved after verification.
//!
//! Nothing that a proof or a node says of itself ever enters here.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use genesis::Genesis;
use genesis::file::FILE_BYTES_MAX;
use genesis::trust::TrustRoot;
use ledger::codec;
use ledger::digest::ChainId;
use ledger::party::Height;
use ledger::proof::{Anchor, Trust};
use ledger::record::Checkpoint;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::files::{self, Existing, Readers, unwritten};

/// Newest checkpoints that are kept; older proofs are followed from genesis.
const CHECKPOINTS_MAX: usize = 16;
/// A checkpoint names at most 200 validators of about 50 bytes each.
const CHECKPOINTS_BYTES_MAX: usize = 512 * 1024;

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// A pinned genesis with its checkpoints.
#[derive(Debug)]
pub(crate) struct Pinned {
    folder: PathBuf,
    /// The genesis.
    pub(crate) genesis: Genesis,
    /// Its digest.
    pub(crate) chain: ChainId,
    /// Saved after verification, ascending by height; at most [`CHECKPOINTS_MAX`].
    checkpoints: Vec<Anchor>,
}

/// Where a device keeps its trust.
fn folder_of(home: &Path) -> PathBuf {
    home.join("trust")
}

impl Pinned {
    /// Loads what `home` trusts.
    pub(crate) fn load(home: &Path) -> Result<Self, Failure> {
        let folder = folder_of(home);
        let path = folder.join("genesis.toml");
        let text = match files::read(&path, FILE_BYTES_MAX) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(unpinned()),
            Err(error) => return Err(unreadable(&path, &error)),
        };
        let genesis = Genesis::parse(&text).map_err(|faults| unreadable(&path, &faults))?;
        let chain = genesis.chain_id();
        let mut pinned = Self {
            folder,
            genesis,
            chain,
            checkpoints: Vec::new(),
        };
        pinned.checkpoints = pinned.read_checkpoints()?;
        Ok(pinned)
    }

    /// Pins a genesis into `home`. A device has one network; `forget` drops its checkpoints.
    pub(crate) fn pin(
        home: &Path,
        text: &str,
        genesis: Genesis,
        forget: Forget,
    ) -> Result<Self, Failure> {
        let folder = folder_of(home);
        let at = |error: &io::Error| unwritten(&folder, error);
        files::create_private_folder(&folder).map_err(|error| at(&error))?;
        let chain = genesis.chain_id();
        if folder.join("genesis.toml").exists() {
            let known = Self::load_genesis_id(&folder);
            if known.is_some_and(|known| known != chain) {
                return Err(Failure::new(
                    Exit::Usage,
                    "this device trusts another network already",
                )
                .hint("choose another folder with --home; one device, one network"));
            }
        }
        let mut pinned = Self {
            folder,
            genesis,
            chain,
            checkpoints: Vec::new(),
        };
        let lock = pinned.lock()?;
        if forget == Forget::Nothing && pinned.checkpoints_path().exists() {
            pinned.checkpoints = pinned.read_checkpoints()?;
        }
        pinned.write_checkpoints()?;
        let path = pinned.folder.join("genesis.toml");
        files::write(
            &path,
            text.as_bytes(),
            Readers::Everybody,
            Existing::Replace,
        )
        .map_err(|error| unwritten(&path, &error))?;
        drop(lock);
        Ok(pinned)
    }

    fn load_genesis_id(folder: &Path) -> Option<ChainId> {
        let bytes = files::read(&folder.join("genesis.toml"), FILE_BYTES_MAX).ok()?;
        let genesis = Genesis::parse(&String::from_utf8_lossy(&bytes)).ok()?;
        Some(genesis.chain_id())
    }

    /// What the judge starts from.
    pub(crate) fn trust(&self, max_age: Option<Duration>) -> Trust {
        let root = TrustRoot::from(&self.genesis);
        let genesis = Anchor {
            height: Height::ZERO,
            block: None,
            time: None,
            validators: root.validators,
        };
        let max_age_ms = max_age.map_or(root.parameters.max_age_ms, |age| {
            u64::try_from(age.as_millis()).unwrap_or(u64::MAX)
        });
        Trust {
            chain: self.chain,
            anchors: std::iter::once(genesis)
                .chain(self.checkpoints.iter().cloned())
                .collect(),
            max_age_ms,
            trusting_period_ms: u64::from(root.parameters.trusting_period_days)
                .saturating_mul(DAY_MS),
        }
    }

    /// Height of the newest block that this device verified; 0 for none.
    pub(crate) fn height(&self) -> Height {
        self.checkpoints
            .last()
            .map_or(Height::ZERO, |anchor| anchor.height)
    }

    /// The newest block that this device verified, as records name it.
    pub(crate) fn checkpoint(&self) -> Option<Checkpoint> {
        let newest = self.checkpoints.last()?;
        newest.block.map(|block| Checkpoint {
            height: newest.height,
            block,
        })
    }

    /// The checkpoints, ascending.
    pub(crate) fn checkpoints(&self) -> &[Anchor] {
        &self.checkpoints
    }

    /// Saves a checkpoint that a verification gave. Never goes back: an older one is not saved.
    pub(crate) fn save(&mut self, anchor: Anchor) -> Result<(), Failure> {
        if anchor.block.is_none() || anchor.height <= self.height() {
            return Ok(());
        }
        let lock = self.lock()?;
        // Another process may have gone further meanwhile.
        self.checkpoints = self.read_checkpoints()?;
        if anchor.height > self.height() {
            self.checkpoints.push(anchor);
            let surplus = self.checkpoints.len().saturating_sub(CHECKPOINTS_MAX);
            self.checkpoints.drain(..surplus);
            self.write_checkpoints()?;
        }
        drop(lock);
        Ok(())
    }

    fn checkpoints_path(&self) -> PathBuf {
        self.folder.join("checkpoints.cbor")
    }

    fn read_checkpoints(&self) -> Result<Vec<Anchor>, Failure> {
        let path = self.checkpoints_path();
        let bytes =
            files::read(&path, CHECKPOINTS_BYTES_MAX).map_err(|error| unreadable(&path, &error))?;
        let (chain, checkpoints): (ChainId, Vec<Anchor>) =
            codec::decode(&bytes, CHECKPOINTS_BYTES_MAX)
                .map_err(|error| unreadable(&path, &error))?;
        if chain != self.chain {
            return Err(unreadable(&path, &"the pinned genesis was exchanged"));
        }
        let is_sound = checkpoints.len() <= CHECKPOINTS_MAX
            && checkpoints.is_sorted_by(|a, b| a.height < b.height)
            && checkpoints
                .iter()
                .all(|anchor| anchor.block.is_some() && anchor.time.is_some());
        if is_sound {
            Ok(checkpoints)
        } else {
            Err(unreadable(&path, &"not what this program wrote"))
        }
    }

    fn write_checkpoints(&self) -> Result<(), Failure> {
        let path = self.checkpoints_path();
        let bytes = codec::encode(&(self.chain, &self.checkpoints));
        files::write(&path, &bytes, Readers::Owner, Existing::Replace)
            .map_err(|error| unwritten(&path, &error))
    }

    /// Held while the file is read and written again; the system frees it when the process ends.
    fn lock(&self) -> Result<File, Failure> {
        let path = self.folder.join("lock");
        let file = files::open_lock(&path).map_err(|error| unwritten(&path, &error))?;
        file.lock().map_err(|error| unwritten(&path, &error))?;
        Ok(file)
    }
}

/// What pinning drops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Forget {
    /// Nothing.
    Nothing,
    /// The saved checkpoints: after their trusting period has passed.
    Checkpoints,
}

/// Exit 1: the device is not set up. That is nobody's typing mistake (2), and neither amber (3), because
/// nothing was judged, nor a matter of keys (7): whoever looks after the device has to act.
fn unpinned() -> Failure {
    Failure::new(Exit::Failed, "this device trusts no network yet")
        .code("NO_TRUST")
        .hint(
            "cites trust pin genesis.toml --fingerprint …, as the other Parties read it to you by telephone",
        )
}

fn unreadable(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::new(Exit::Failed, format_args!("`{}`: {error}", path.display()))
        .code("TRUST_DAMAGED")
        .hint("pin the genesis again: cites trust pin genesis.toml --fingerprint … --forget-checkpoints")
}
