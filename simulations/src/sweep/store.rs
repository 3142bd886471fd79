//! The folder of a sweep: a file for each finished run, whole or not there, so that an interrupted sweep goes on.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::SweepError;
use super::plan::{Combination, Plan, plain};
use super::ranges::Variation;
use super::summary::{COLUMNS, Summary};
use crate::results::campaign::{COMMIT, VERSION};
use crate::results::csv::{self, Fields};
use crate::results::folder::{FolderError, disk};
use crate::results::manifest::digest;

const MANIFEST: &str = "sweep.json";

/// A row of the table: the combination, the seed, and what came of it.
pub type SweptRow<'a> = (&'a Combination, u64, Summary);

/// The folder of a sweep.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
}

/// What a folder was made for; a sweep goes on only in a folder that was made for the same.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct SweepManifest {
    scenario: String,
    scenario_sha256: String,
    vary: Vec<String>,
    seeds: Vec<u64>,
    command: String,
    version: String,
    commit: String,
}

impl Store {
    /// Makes the folder, or goes on in one that was made for the same.
    ///
    /// # Errors
    /// [`SweepError::Other`] or [`SweepError::Folder`].
    pub fn open(folder: &Path, plan: &Plan) -> Result<Self, SweepError> {
        let ours = SweepManifest::of(plan);
        let store = Self {
            folder: folder.to_owned(),
        };
        let path = folder.join(MANIFEST);
        match fs::read_to_string(&path) {
            Ok(text) => {
                let theirs: Result<SweepManifest, _> = serde_json::from_str(&text);
                let theirs = theirs.map_err(|error| content(&path, &error.to_string()))?;
                match ours.difference(&theirs) {
                    Some(what) => Err(SweepError::Other {
                        folder: folder.display().to_string(),
                        what,
                    }),
                    None => Ok(store),
                }
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                store.make(plan, &ours)?;
                Ok(store)
            }
            Err(error) => Err(disk("read", &path)(error).into()),
        }
    }

    /// What came of a run, if it is finished.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn read(&self, combination: usize, seed: u64) -> Result<Option<Summary>, FolderError> {
        let path = self.path(combination, seed);
        match fs::read_to_string(&path) {
            // A file that cannot be read is as good as none: the run is made again, with the same result.
            Ok(text) => Ok(serde_json::from_str(&text).ok()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(disk("read", &path)(error)),
        }
    }

    /// Keeps what came of a run.
    ///
    /// # Errors
    /// [`SweepError::Folder`].
    pub fn write(
        &self,
        combination: usize,
        seed: u64,
        summary: &Summary,
    ) -> Result<(), SweepError> {
        let path = self.path(combination, seed);
        let mut text = serde_json::to_string_pretty(summary)
            .map_err(|error| content(&path, &error.to_string()))?;
        text.push('\n');
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(disk("write", parent))?;
        }
        Ok(write_whole(&path, text.as_bytes())?)
    }

    /// Writes `sweep.csv`.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn write_table(&self, plan: &Plan, rows: &[SweptRow<'_>]) -> Result<(), FolderError> {
        let names: Vec<String> = plan.vary.iter().map(Variation::name).collect();
        let head = ["combination", "seed"].into_iter();
        let head = head
            .chain(names.iter().map(String::as_str))
            .chain(COLUMNS.iter().copied());
        let mut text = csv::row(head);
        let mut fields = Fields::default();
        for (combination, seed, summary) in rows {
            fields.text(&combination.number.to_string()).number(*seed);
            for (_, value) in &combination.values {
                fields.text(&plain(value));
            }
            summary.write(&mut fields);
            text.push_str(&fields.end());
        }
        write_whole(&self.folder.join("sweep.csv"), text.as_bytes())
    }

    /// Writes `sweep.html`.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn write_page(&self, page: &str) -> Result<(), FolderError> {
        write_whole(&self.folder.join("sweep.html"), page.as_bytes())
    }

    fn make(&self, plan: &Plan, manifest: &SweepManifest) -> Result<(), SweepError> {
        fs::create_dir_all(&self.folder).map_err(disk("write", &self.folder))?;
        let mut entries = fs::read_dir(&self.folder).map_err(disk("read", &self.folder))?;
        if entries.next().is_some() {
            return Err(FolderError::Exists(self.folder.clone()).into());
        }
        let path = self.folder.join(MANIFEST);
        let text = serde_json::to_string_pretty(manifest);
        let mut text = text.map_err(|error| content(&path, &error.to_string()))?;
        text.push('\n');
        // The manifest comes last: with it, everything that a resumed sweep needs is there.
        write_whole(&self.folder.join("scenario.toml"), plan.text.as_bytes())?;
        Ok(write_whole(&path, text.as_bytes())?)
    }

    fn path(&self, combination: usize, seed: u64) -> PathBuf {
        let runs = self.folder.join("runs");
        runs.join(format!("{combination:04}"))
            .join(format!("{seed}.json"))
    }
}

impl SweepManifest {
    fn of(plan: &Plan) -> Self {
        Self {
            scenario: plan.scenario.clone(),
            scenario_sha256: digest(&plan.text),
            vary: plan
                .vary
                .iter()
                .map(|variation| variation.text.clone())
                .collect(),
            seeds: plan.seeds.clone(),
            command: plan.command.clone(),
            version: VERSION.to_owned(),
            commit: COMMIT.to_owned(),
        }
    }

    /// What is not the same, in a word. The command is not compared: it only says the rest once more.
    fn difference(&self, other: &Self) -> Option<&'static str> {
        let Self {
            scenario,
            scenario_sha256,
            vary,
            seeds,
            command: _,
            version,
            commit,
        } = self;
        [
            ("scenario", *scenario == other.scenario),
            ("scenario's text", *scenario_sha256 == other.scenario_sha256),
            ("varied values", *vary == other.vary),
            ("list of seeds", *seeds == other.seeds),
            ("program version", *version == other.version),
            ("program's commit", *commit == other.commit),
        ]
        .into_iter()
        .find_map(|(what, is_same)| (!is_same).then_some(what))
    }
}

/// Writes a file that is either whole or not there, whenever the power fails.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), FolderError> {
    let part = path.with_extension("part");
    let write = || -> io::Result<()> {
        let mut file = File::create(&part)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&part, path)
    };
    write().map_err(disk("write", path))
}

fn content(path: &Path, what: &str) -> FolderError {
    FolderError::Content {
        path: path.to_owned(),
        what: what.to_owned(),
    }
}
