//! Records that wait on this device until a node takes them: one file each, numbered in the order in which they
//! were made.
//!
//! `NUMBER.record` is written once and never changed; what became of it lies beside it in `NUMBER.result`. A file
//! that cannot be read is named and stays where it is.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use ledger::digest::{hex, sha256};
use ledger::signed::Signed;
use serde_json::{Map, Value, json};

use crate::desk::Desk;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::files::{self, Existing, Readers};
use crate::print::{plain, talk};

/// First word of a record's file, with the version of its form.
const MARK: &str = "cites-queue/1 ";
/// A record has at most 64 KiB; its name and the mark are short.
const RECORD_FILE_BYTES_MAX: usize = 128 * 1024;
/// What a node told of a record.
const RESULT_BYTES_MAX: usize = 1024 * 1024;

/// The folder of the records that wait.
#[derive(Debug)]
pub(crate) struct Queue {
    folder: PathBuf,
}

/// Where a record stands, as far as this device knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// To be sent, for the first time or again.
    Waiting,
    /// Proven to be applied.
    Recorded,
    /// Proven to be refused.
    Refused,
}

impl State {
    const ALL: [Self; 3] = [Self::Waiting, Self::Recorded, Self::Refused];

    /// Its word in files and JSON.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Recorded => "recorded",
            Self::Refused => "refused",
        }
    }
}

/// A record of the queue.
#[derive(Debug)]
pub(crate) struct Kept {
    /// Its place in the order; never given twice.
    pub(crate) number: u64,
    /// Its file.
    pub(crate) path: PathBuf,
    /// How its permit is called here.
    pub(crate) name: String,
    /// The record, as it is sent.
    pub(crate) signed: Signed,
    /// Where it stands.
    pub(crate) state: State,
    /// What was told of it last: fields of an object.
    pub(crate) told: Map<String, Value>,
}

/// A file of the queue that cannot be read.
#[derive(Debug)]
pub(crate) struct Damaged {
    /// The file.
    pub(crate) path: PathBuf,
    /// What is wrong with it.
    pub(crate) why: String,
}

/// All that is in the folder, ascending by number.
#[derive(Debug, Default)]
pub(crate) struct Content {
    /// What can be read.
    pub(crate) kept: Vec<Kept>,
    /// What cannot.
    pub(crate) damaged: Vec<Damaged>,
}

impl Content {
    /// Whether there is nothing at all.
    pub(crate) const fn is_empty(&self) -> bool {
        self.kept.is_empty() && self.damaged.is_empty()
    }
}

impl Queue {
    /// The queue of this device; nothing is made yet.
    pub(crate) fn of(desk: &Desk) -> Result<Self, Failure> {
        Ok(Self {
            folder: desk.home()?.join("queue"),
        })
    }

    /// Keeps a record for later. Afterwards it is on disk, or this fails and says so.
    pub(crate) fn keep(&self, name: &str, signed: &Signed) -> Result<(u64, PathBuf), Failure> {
        let lost = |error: Failure| {
            error.with("bytes", hex(signed.bytes())).hint(
                "this device could not keep the record: make room on the disk and do it again",
            )
        };
        let _held = self.lock("lock").map_err(lost)?;
        let number = self.next().map_err(lost)?;
        let path = self.record_path(number);
        let body = [format!("{}\n", plain(name)).as_bytes(), signed.bytes()].concat();
        let file = [format!("{MARK}{}\n", sha256(&body)).as_bytes(), &body].concat();
        files::write(&path, &file, Readers::Owner, Existing::Keep)
            .map_err(|error| lost(unusable(&path, &error)))?;
        Ok((number, path))
    }

    /// Reads the folder; one that is not there is empty.
    pub(crate) fn content(&self) -> Result<Content, Failure> {
        let mut content = Content::default();
        for (number, path) in self.records()? {
            let bytes = match files::read(&path, RECORD_FILE_BYTES_MAX) {
                Ok(bytes) => bytes,
                // Dropped by another process meanwhile.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => {
                    content.damaged.push(Damaged::new(path, &error));
                    continue;
                }
            };
            let (Some(number), Some((name, signed))) = (number, parse(&bytes)) else {
                content
                    .damaged
                    .push(Damaged::new(path, &"not a record as this program kept it"));
                continue;
            };
            let (state, told) = match self.result(number, &signed) {
                Ok(result) => result,
                Err(damaged) => {
                    content.damaged.push(damaged);
                    (State::Waiting, Map::new())
                }
            };
            content.kept.push(Kept {
                number,
                path,
                name,
                signed,
                state,
                told,
            });
        }
        content.kept.sort_by_key(|kept| kept.number);
        Ok(content)
    }

    /// Keeps what was told of a record.
    pub(crate) fn tell(
        &self,
        kept: &mut Kept,
        state: State,
        told: Map<String, Value>,
    ) -> Result<(), Failure> {
        let path = self.result_path(kept.number);
        if path.exists() && self.result(kept.number, &kept.signed).is_err() {
            let aside = path.with_extension("result.damaged");
            fs::rename(&path, &aside).map_err(|error| unusable(&path, &error))?;
        }
        let result = json!({"record": kept.signed.digest().to_string(), "state": state.as_str(), "told": told});
        files::write(
            &path,
            result.to_string().as_bytes(),
            Readers::Owner,
            Existing::Replace,
        )
        .map_err(|error| unusable(&path, &error))?;
        kept.state = state;
        kept.told = told;
        Ok(())
    }

    /// Takes a record out. Its number is not given again.
    pub(crate) fn remove(&self, kept: &Kept) -> Result<(), Failure> {
        let _held = self.lock("lock")?;
        let last = self.next()?.saturating_sub(1);
        let path = self.last_path();
        files::write(
            &path,
            last.to_string().as_bytes(),
            Readers::Owner,
            Existing::Replace,
        )
        .map_err(|error| unusable(&path, &error))?;
        // The record first: a result without one means nothing.
        for path in [kept.path.clone(), self.result_path(kept.number)] {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(unusable(&path, &error));
                }
                Ok(()) | Err(_) => {}
            }
        }
        files::sync_folder(&self.folder).map_err(|error| unusable(&self.folder, &error))
    }

    /// Held while records are sent or dropped: one process at a time. The system frees it when the process ends.
    pub(crate) fn hold(&self) -> Result<File, Failure> {
        self.lock("sending")
    }

    fn lock(&self, name: &str) -> Result<File, Failure> {
        let at = |error: &io::Error| unusable(&self.folder, error);
        if !self.folder.is_dir() {
            files::create_private_folder(&self.folder).map_err(|error| at(&error))?;
            let home = self.folder.parent().unwrap_or(Path::new("."));
            files::sync_folder(home).map_err(|error| at(&error))?;
        }
        let path = self.folder.join(name);
        let file = files::open_lock(&path).map_err(|error| unusable(&path, &error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                if name == "sending" {
                    talk("another cites sends these records; waiting for it\n");
                }
                file.lock().map_err(|error| unusable(&path, &error))?;
            }
            Err(TryLockError::Error(error)) => return Err(unusable(&path, &error)),
        }
        Ok(file)
    }

    /// Every file that is called a record, with its number where it has one.
    fn records(&self) -> Result<Vec<(Option<u64>, PathBuf)>, Failure> {
        let at = |error: &io::Error| unusable(&self.folder, error);
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(at(&error)),
        };
        let mut found = Vec::new();
        for entry in entries {
            let path = entry.map_err(|error| at(&error))?.path();
            if path
                .extension()
                .is_some_and(|extension| extension == "record")
            {
                let stem = path.file_stem().and_then(|stem| stem.to_str());
                let number = stem.and_then(|stem| stem.parse().ok());
                found.push((number, path));
            }
        }
        found.sort();
        Ok(found)
    }

    /// The next number: above every one that was ever given. Only under the lock.
    fn next(&self) -> Result<u64, Failure> {
        let path = self.last_path();
        let dropped = match files::read(&path, 32) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).trim().parse().unwrap_or(0),
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            Err(error) => return Err(unusable(&path, &error)),
        };
        let records = self.records()?;
        let newest = records.iter().filter_map(|(number, _)| *number).max();
        Ok(newest.unwrap_or(0).max(dropped).saturating_add(1))
    }

    fn result(&self, number: u64, signed: &Signed) -> Result<(State, Map<String, Value>), Damaged> {
        let path = self.result_path(number);
        let bytes = match files::read(&path, RESULT_BYTES_MAX) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok((State::Waiting, Map::new()));
            }
            Err(error) => return Err(Damaged::new(path, &error)),
        };
        let value: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        let is_its = text("record").is_some_and(|record| record == signed.digest().to_string());
        let state = State::ALL
            .into_iter()
            .find(|state| text("state") == Some(state.as_str()));
        let told = value.get("told").and_then(Value::as_object).cloned();
        match (is_its, state, told) {
            (true, Some(state), Some(told)) => Ok((state, told)),
            (_, _, _) => Err(Damaged::new(
                path,
                &"not a result as this program kept it; its record is sent again",
            )),
        }
    }

    fn record_path(&self, number: u64) -> PathBuf {
        self.folder.join(format!("{number:06}.record"))
    }

    fn result_path(&self, number: u64) -> PathBuf {
        self.folder.join(format!("{number:06}.result"))
    }

    fn last_path(&self) -> PathBuf {
        self.folder.join("last")
    }
}

impl Damaged {
    fn new(path: PathBuf, why: &dyn std::fmt::Display) -> Self {
        Self {
            path,
            why: why.to_string(),
        }
    }
}

/// Name and record of a file; `None` where a single bit of it is not as it was written.
fn parse(bytes: &[u8]) -> Option<(String, Signed)> {
    let rest = bytes.strip_prefix(MARK.as_bytes())?;
    let (check, body) = line(rest)?;
    if check != sha256(body).to_string() {
        return None;
    }
    let (name, record) = line(body)?;
    Some((name.to_owned(), Signed::decode(record).ok()?))
}

/// The first line, and what follows it.
fn line(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let (first, rest) = bytes.split_at_checked(end)?;
    Some((std::str::from_utf8(first).ok()?, rest.get(1..)?))
}

fn unusable(path: &Path, error: &io::Error) -> Failure {
    Failure::new(Exit::Failed, format_args!("`{}`: {error}", path.display()))
        .code("QUEUE_UNUSABLE")
        .hint("look at the disk and who may use the folder; nothing was deleted")
}
