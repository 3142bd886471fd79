//! The node's own private keys: make, load, hold; never print.
//!
//! `keys/voting.key` signs votes, `keys/peer.key` names the node to other nodes. They lie unencrypted, because
//! a node must start unattended; so files that others may read are refused. Office keys are never here.

use std::fs::File;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use genesis::peer::PeerId;
use ledger::digest::{bytes_from_hex, hex};
use ledger::key::{PublicKey, SecretKey};
use rand_core::{OsRng, RngCore as _};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, Zeroizing};

use crate::durable::{self, Existing, Readers};

/// Folder of the keys within the node's home.
const KEYS: &str = "keys";
/// A key file has 200 bytes and a comment; a longer file is something else.
const KEY_FILE_BYTES_MAX: usize = 4096;

/// The keys of one node.
#[derive(Clone, Debug)]
pub struct Identity {
    voting: SecretKey,
    peer: SecretKey,
}

/// Which of the two keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyUse {
    /// Signs votes and proposals.
    Voting,
    /// Signs the handshake with other nodes.
    Peer,
}

impl KeyUse {
    const fn file_name(self) -> &'static str {
        match self {
            Self::Voting => "voting.key",
            Self::Peer => "peer.key",
        }
    }

    /// The key's file within a home folder.
    #[must_use]
    pub fn path(self, home: &Path) -> PathBuf {
        home.join(KEYS).join(self.file_name())
    }
}

/// Why there is no identity.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// A node lives here already; its voting key is never overwritten.
    #[error("`{}` is there already", .0.display())]
    Exists(PathBuf),
    /// The operating system gave no randomness.
    #[error("the operating system gave no random bytes")]
    Randomness,
    /// The file cannot be read or written.
    #[error("`{}`: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others may read or change the file.
    #[error("`{}` may be used by others (mode {mode:03o})", .path.display())]
    NotPrivate {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Not a key file, a key for another use, or a damaged one.
    #[error("`{}` is not the {expected} key of a node, or it is damaged", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The use it should serve.
        expected: &'static str,
    },
}

impl IdentityError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Exists(_) => "choose another --home; a voting key must never live in two places".into(),
            Self::Randomness => "try again; if it stays, restart the machine".into(),
            Self::File { .. } => "run `cites-node init` first, or name its folder with --home".into(),
            Self::NotPrivate { path, .. } => format!(
                "`chmod 600 {}`; if others may have copied it, make a new node and let the Parties know",
                path.display()
            ),
            Self::Malformed { .. } => {
                "never restore it from a backup that may run elsewhere; make a new node and let the Parties know".into()
            }
        }
    }
}

/// The file's shape. The public half stands beside the secret, so that a damaged file is not a new key.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    #[serde(rename = "use")]
    purpose: KeyUse,
    public: String,
    secret: String,
}

impl Drop for KeyFile {
    fn drop(&mut self) {
        self.secret.zeroize();
    }
}

impl Identity {
    /// Draws both keys from the operating system's randomness. Nothing is written yet.
    ///
    /// # Errors
    /// [`IdentityError::Randomness`].
    pub fn draw() -> Result<Self, IdentityError> {
        Ok(Self {
            voting: draw()?,
            peer: draw()?,
        })
    }

    /// Whether a node lives in `home`: it has a voting key.
    #[must_use]
    pub fn exists(home: &Path) -> bool {
        KeyUse::Voting.path(home).symlink_metadata().is_ok()
    }

    /// Writes both keys. The voting key comes last: without it the home is unfinished and may be made again.
    ///
    /// # Errors
    /// [`IdentityError::Exists`] where a node lives in `home`; [`IdentityError::File`].
    pub fn save(&self, home: &Path) -> Result<(), IdentityError> {
        let folder = home.join(KEYS);
        let voting = KeyUse::Voting.path(home);
        if Self::exists(home) {
            return Err(IdentityError::Exists(voting));
        }
        durable::create_private_folder(&folder).map_err(at(&folder))?;
        save(
            &KeyUse::Peer.path(home),
            KeyUse::Peer,
            &self.peer,
            Existing::Replace,
        )?;
        match save(&voting, KeyUse::Voting, &self.voting, Existing::Keep) {
            Err(IdentityError::File { path, source })
                if source.kind() == io::ErrorKind::AlreadyExists =>
            {
                Err(IdentityError::Exists(path))
            }
            other => other,
        }
    }

    /// Loads both keys.
    ///
    /// # Errors
    /// [`IdentityError`].
    pub fn load(home: &Path) -> Result<Self, IdentityError> {
        Ok(Self {
            voting: load(&KeyUse::Voting.path(home), KeyUse::Voting)?,
            peer: load(&KeyUse::Peer.path(home), KeyUse::Peer)?,
        })
    }

    /// Signs votes and proposals; only behind the signer guard.
    #[must_use]
    pub const fn voting(&self) -> &SecretKey {
        &self.voting
    }

    /// Names the node to other nodes.
    #[must_use]
    pub const fn peer(&self) -> &SecretKey {
        &self.peer
    }

    /// The name other nodes know it by.
    #[must_use]
    pub fn peer_id(&self) -> PeerId {
        PeerId(self.peer.public())
    }

    /// The peer key as libp2p wants it.
    ///
    /// # Errors
    /// [`libp2p::identity::DecodingError`], which 32 bytes never give.
    pub fn peer_keypair(
        &self,
    ) -> Result<libp2p::identity::Keypair, libp2p::identity::DecodingError> {
        let mut seed = Zeroizing::new(self.peer.to_seed());
        libp2p::identity::Keypair::ed25519_from_bytes(seed.as_mut_slice())
    }
}

fn draw() -> Result<SecretKey, IdentityError> {
    let mut seed = Zeroizing::new([0; 32]);
    OsRng
        .try_fill_bytes(seed.as_mut_slice())
        .map_err(|_| IdentityError::Randomness)?;
    Ok(SecretKey::from_seed(&seed))
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> IdentityError {
    let path = path.to_owned();
    |source| IdentityError::File { path, source }
}

fn save(
    path: &Path,
    purpose: KeyUse,
    key: &SecretKey,
    existing: Existing,
) -> Result<(), IdentityError> {
    let seed = Zeroizing::new(key.to_seed());
    let file = KeyFile {
        purpose,
        public: key.public().to_string(),
        secret: hex(seed.as_slice()),
    };
    let body = toml::to_string(&file).map(Zeroizing::new);
    let body = body.map_err(|error| at(path)(io::Error::other(error)))?;
    let head = "# A private key of this node. Never copy it to another machine, never send it.\n";
    let text = Zeroizing::new([head, &body].concat());
    durable::write(path, text.as_bytes(), Readers::Owner, existing).map_err(at(path))
}

fn load(path: &Path, purpose: KeyUse) -> Result<SecretKey, IdentityError> {
    let malformed = || IdentityError::Malformed {
        path: path.to_owned(),
        expected: match purpose {
            KeyUse::Voting => "voting",
            KeyUse::Peer => "peer",
        },
    };
    let file = open_private(path)?;
    let text = durable::read_text_from(&file, KEY_FILE_BYTES_MAX).map(Zeroizing::new);
    let text = text.map_err(|error| {
        let is_damage =
            [io::ErrorKind::InvalidData, io::ErrorKind::FileTooLarge].contains(&error.kind());
        if is_damage {
            malformed()
        } else {
            at(path)(error)
        }
    })?;
    // The reader's own message might quote the secret.
    let file: KeyFile = toml::from_str(&text).map_err(|_| malformed())?;
    let seed = bytes_from_hex(&file.secret)
        .map(Zeroizing::new)
        .ok_or_else(malformed)?;
    let key = SecretKey::from_seed(&seed);
    let sound = file.purpose == purpose && PublicKey::from_hex(&file.public) == Ok(key.public());
    if sound { Ok(key) } else { Err(malformed()) }
}

/// Opens a file that nobody but its owner may use; asked of the open file, so that it cannot be exchanged.
fn open_private(path: &Path) -> Result<File, IdentityError> {
    let file = File::open(path).map_err(at(path))?;
    let meta = file.metadata().map_err(at(path))?;
    let mode = meta.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(IdentityError::NotPrivate {
            path: path.to_owned(),
            mode,
        });
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_keys_that_were_saved_are_loaded() {
        let home = tempfile::tempdir().unwrap();
        let home = home.path().join("deep/home");
        let identity = Identity::draw().unwrap();
        assert!(!Identity::exists(&home));
        identity.save(&home).unwrap();
        assert!(Identity::exists(&home));
        let loaded = Identity::load(&home).unwrap();
        assert_eq!(loaded.voting().to_seed(), identity.voting().to_seed());
        assert_eq!(loaded.peer().to_seed(), identity.peer().to_seed());
        assert_ne!(loaded.voting().to_seed(), loaded.peer().to_seed());
        for purpose in [KeyUse::Voting, KeyUse::Peer] {
            let mode = fs::metadata(purpose.path(&home))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn a_voting_key_is_never_overwritten_but_an_unfinished_home_is_made_again() {
        let home = tempfile::tempdir().unwrap();
        let first = Identity::draw().unwrap();
        first.save(home.path()).unwrap();
        let second = Identity::draw().unwrap();
        let refused = second.save(home.path()).unwrap_err();
        assert!(matches!(refused, IdentityError::Exists(_)), "{refused}");
        assert_eq!(
            Identity::load(home.path()).unwrap().peer_id(),
            first.peer_id()
        );
        fs::remove_file(KeyUse::Voting.path(home.path())).unwrap();
        second.save(home.path()).unwrap();
        assert_eq!(
            Identity::load(home.path()).unwrap().peer_id(),
            second.peer_id()
        );
    }

    #[test]
    fn a_key_that_others_may_use_is_refused() {
        let home = tempfile::tempdir().unwrap();
        Identity::draw().unwrap().save(home.path()).unwrap();
        for mode in [0o640, 0o604, 0o620, 0o601] {
            fs::set_permissions(
                KeyUse::Peer.path(home.path()),
                fs::Permissions::from_mode(mode),
            )
            .unwrap();
            let refused = Identity::load(home.path()).unwrap_err();
            assert!(
                refused.to_string().contains(&format!("mode {mode:03o}")),
                "{refused}"
            );
            assert!(
                refused.hint().starts_with("`chmod 600 "),
                "{}",
                refused.hint()
            );
        }
    }

    #[test]
    fn a_missing_swapped_or_damaged_key_is_refused_and_never_shown() {
        let home = tempfile::tempdir().unwrap();
        let identity = Identity::draw().unwrap();
        identity.save(home.path()).unwrap();
        let path = KeyUse::Voting.path(home.path());
        let whole = fs::read_to_string(&path).unwrap();
        let secret = hex(&identity.voting().to_seed());
        assert!(whole.contains(&secret));
        let peer = fs::read_to_string(KeyUse::Peer.path(home.path())).unwrap();
        let other = hex(&Identity::draw().unwrap().voting().to_seed());
        let rows = [
            ("another use", peer),
            ("cut", whole[..whole.len() - 3].into()),
            ("empty", String::new()),
            ("another secret", whole.replace(&secret, &other)),
            (
                "a longer secret",
                whole.replace(&secret, &format!("{secret}00")),
            ),
            ("an unknown key", format!("{whole}more = 1\n")),
            (
                "too long",
                format!("{whole}#{}", "x".repeat(KEY_FILE_BYTES_MAX)),
            ),
        ];
        for (what, text) in rows {
            fs::write(&path, text).unwrap();
            let refused = Identity::load(home.path()).unwrap_err();
            assert!(
                matches!(refused, IdentityError::Malformed { .. }),
                "{what}: {refused}"
            );
            let shown = format!("{refused} {refused:?} {}", refused.hint());
            assert!(!shown.contains(&secret), "{what}");
        }
        fs::remove_file(&path).unwrap();
        let missing = Identity::load(home.path()).unwrap_err();
        assert!(
            matches!(&missing, IdentityError::File { source, .. } if source.kind() == io::ErrorKind::NotFound)
        );
        assert!(!format!("{identity:?}").contains(&secret));
    }

    #[test]
    fn libp2p_gives_the_peer_id_that_the_genesis_names() {
        let identity = Identity::draw().unwrap();
        let libp2p = identity.peer_keypair().unwrap().public().to_peer_id();
        assert_eq!(libp2p.to_string(), identity.peer_id().to_string());
        assert_eq!(libp2p.to_bytes(), identity.peer_id().to_bytes());
    }
}
