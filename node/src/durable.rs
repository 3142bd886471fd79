//! Small files that are whole after a crash: written beside, synced, put in place, folder synced.
//!
//! Also how the signer guard is made and replaced; what it writes before each signature, and the store, have
//! rules of their own.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// Its owner alone: mode 0600.
    Owner,
    /// Everybody, as far as the umask lets them: mode 0644.
    Everybody,
}

/// What to do with a file that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// Put the new one in its place, in one step.
    Replace,
    /// Fail with [`io::ErrorKind::AlreadyExists`].
    Keep,
}

/// Writes `bytes` to `path`; afterwards the file holds all of them, or is as it was before.
///
/// # Errors
/// Whatever the file system says.
pub fn write(path: &Path, bytes: &[u8], readers: Readers, existing: Existing) -> io::Result<()> {
    let beside = beside(path)?;
    let result = write_beside(&beside, bytes, readers).and_then(|()| match existing {
        Existing::Replace => fs::rename(&beside, path),
        // A second name fails where one is there already; renaming would not.
        Existing::Keep => fs::hard_link(&beside, path),
    });
    // After a rename there is nothing left to remove; what remains otherwise must not stay beside a secret.
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => result.and(Err(error)),
        Ok(()) | Err(_) => result,
    }?;
    sync_folder_of(path)
}

/// Makes a folder, and those above it, that only its owner may enter; an existing one is left as it is.
///
/// # Errors
/// Whatever the file system says.
pub fn create_private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    sync_folder_of(path)
}

/// Reads a text of at most `limit` bytes; a longer one is [`io::ErrorKind::FileTooLarge`].
///
/// # Errors
/// Whatever the file system says; [`io::ErrorKind::InvalidData`] where it is not UTF-8.
pub fn read_text(path: &Path, limit: usize) -> io::Result<String> {
    read_text_from(&File::open(path)?, limit)
}

/// As [`read_text`], from an open file.
///
/// # Errors
/// As [`read_text`].
pub fn read_text_from(file: &File, limit: usize) -> io::Result<String> {
    let mut text = String::new();
    let allowed = u64::try_from(limit).unwrap_or(u64::MAX);
    file.take(allowed.saturating_add(1))
        .read_to_string(&mut text)?;
    if text.len() > limit {
        let message = format!("more than {limit} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    Ok(text)
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

fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let name =
            |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
        entries.map(name).collect()
    }

    #[test]
    fn a_file_is_replaced_or_kept_as_asked_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.toml");
        write(&path, b"one", Readers::Owner, Existing::Keep).unwrap();
        let refused = write(&path, b"two", Readers::Owner, Existing::Keep).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(read_text(&path, 10).unwrap(), "one");
        write(&path, b"three", Readers::Everybody, Existing::Replace).unwrap();
        assert_eq!(read_text(&path, 10).unwrap(), "three");
        assert_eq!(names(folder.path()), ["a.toml"]);
    }

    #[test]
    fn only_the_owner_reads_what_is_the_owners() {
        let folder = tempfile::tempdir().unwrap();
        let private = folder.path().join("keys");
        create_private_folder(&private).unwrap();
        create_private_folder(&private).unwrap();
        let path = private.join("secret");
        write(&path, b"s", Readers::Owner, Existing::Replace).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&private), mode(&path)), (0o700, 0o600));
    }

    #[test]
    fn a_long_text_or_another_encoding_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, "12345").unwrap();
        assert_eq!(read_text(&path, 5).unwrap(), "12345");
        let kind = |limit| read_text(&path, limit).unwrap_err().kind();
        assert_eq!(kind(4), io::ErrorKind::FileTooLarge);
        fs::write(&path, [0xff]).unwrap();
        assert_eq!(kind(4), io::ErrorKind::InvalidData);
        assert_eq!(
            read_text(Path::new("/dev/zero"), 9).unwrap_err().kind(),
            io::ErrorKind::FileTooLarge
        );
    }
}
