//! Files of this device: read with a limit, written whole or not at all, secrets for their owner only.

use std::fmt::Display;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::exit::Exit;
use crate::failure::Failure;

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Readers {
    /// Its owner: mode 0600.
    Owner,
    /// Everybody, as far as the umask lets them.
    Everybody,
}

/// What to do with a file that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Existing {
    /// Put the new one in its place, in one step.
    Replace,
    /// Fail with [`io::ErrorKind::AlreadyExists`].
    Keep,
}

/// Reads at most `limit` bytes; a longer file is [`io::ErrorKind::FileTooLarge`].
pub(crate) fn read(path: &Path, limit: usize) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    read_from(file, limit)
}

/// As [`read`], from anything.
pub(crate) fn read_from(source: impl io::Read, limit: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let allowed = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    source.take(allowed).read_to_end(&mut bytes)?;
    if bytes.len() > limit {
        let message = format!("more than {limit} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    Ok(bytes)
}

/// A file that holds a secret.
#[derive(Debug)]
pub(crate) enum Private {
    /// Its bytes, wiped when dropped.
    Bytes(Zeroizing<Vec<u8>>),
    /// Others may use it: its permission bits.
    Wide(u32),
}

/// Reads a file that only its owner may use. Asked of the open file, so that it cannot be exchanged.
pub(crate) fn read_private(path: &Path, limit: usize) -> io::Result<Private> {
    let file = File::open(path)?;
    let meta = file.metadata()?;
    let mode = meta.permissions().mode() & 0o777;
    if meta.is_file() && mode & 0o077 != 0 {
        return Ok(Private::Wide(mode));
    }
    read_from(file, limit).map(|bytes| Private::Bytes(Zeroizing::new(bytes)))
}

/// Writes `bytes` to `path`; afterwards the file holds all of them on disk, or is as it was before.
pub(crate) fn write(
    path: &Path,
    bytes: &[u8],
    readers: Readers,
    existing: Existing,
) -> io::Result<()> {
    let beside = beside(path)?;
    let result = write_beside(&beside, bytes, readers).and_then(|()| match existing {
        Existing::Replace => fs::rename(&beside, path),
        // A second name fails where one is there already; renaming would not.
        Existing::Keep => fs::hard_link(&beside, path),
    });
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => result.and(Err(error)),
        Ok(()) | Err(_) => result,
    }?;
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    sync_folder(folder.unwrap_or(Path::new(".")))
}

/// Makes a folder, and those above it, that only its owner may enter; an existing one is left as it is.
pub(crate) fn create_private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// The file of a lock, made where it is not there; the system frees a lock on it when the process ends.
pub(crate) fn open_lock(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let options = options.write(true).create(true).truncate(false);
    options.mode(0o600).open(path)
}

/// The failure of a command that could not write a file.
pub(crate) fn unwritten(path: &Path, error: &dyn Display) -> Failure {
    Failure::new(Exit::Failed, format_args!("`{}`: {error}", path.display()))
        .hint("look at the disk and who may use the folder")
}

/// A name beside `path` that no other process uses.
fn beside(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".{}.new", std::process::id()));
    Ok(path.with_file_name(hidden))
}

fn write_beside(beside: &Path, bytes: &[u8], readers: Readers) -> io::Result<()> {
    let mode = match readers {
        Readers::Owner => 0o600,
        Readers::Everybody => 0o644,
    };
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(beside)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Has the names in a folder on disk.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_or_kept_as_asked_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        write(&path, b"one", Readers::Owner, Existing::Keep).unwrap();
        let kept = write(&path, b"two", Readers::Owner, Existing::Keep).unwrap_err();
        assert_eq!(kept.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(read(&path, 3).unwrap(), b"one");
        write(&path, b"two", Readers::Owner, Existing::Replace).unwrap();
        assert_eq!(read(&path, 3).unwrap(), b"two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }

    #[test]
    fn a_longer_file_and_a_folder_are_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        write(&path, b"four", Readers::Everybody, Existing::Keep).unwrap();
        assert_eq!(
            read(&path, 3).unwrap_err().kind(),
            io::ErrorKind::FileTooLarge
        );
        assert_eq!(
            read(folder.path(), 3).unwrap_err().kind(),
            io::ErrorKind::IsADirectory
        );
    }

    #[test]
    fn a_secret_that_others_may_read_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        write(&path, b"x", Readers::Owner, Existing::Keep).unwrap();
        assert!(matches!(read_private(&path, 9).unwrap(), Private::Bytes(_)));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(
            read_private(&path, 9).unwrap(),
            Private::Wide(0o640)
        ));
    }
}
