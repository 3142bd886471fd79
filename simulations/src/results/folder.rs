//! Writes a folder of results. The same campaign gives the same bytes on every machine, but for `timing.json`.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::campaign::Campaign;
use super::csv::{self, CsvError, Fields};
use super::manifest::Manifest;
use super::rows::{CounterRow, Row};
use super::runs;
use super::{ActRow, BlockRow, NodeRow, SplitRow};
use crate::report::page;

/// Why results could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// Results are never written over others.
    #[error("`{}` exists; name another folder", .0.display())]
    Exists(PathBuf),
    /// The disk said no.
    #[error("could not {verb} `{}`: {source}", path.display())]
    Disk {
        /// `write` or `read`.
        verb: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The quotes of a table are wrong.
    #[error("`{}`: {source}", path.display())]
    Csv {
        /// The file.
        path: PathBuf,
        /// Why.
        source: CsvError,
    },
    /// A file does not hold what it should.
    #[error("`{}`: {what}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
}

/// How long a run took on this machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Timing {
    /// Parties in the run.
    pub parties: u16,
    /// Its seed.
    pub seed: u64,
    /// Virtual time.
    pub simulated_ms: u64,
    /// Time on the wall.
    pub wall_ms: u64,
}

/// A folder that was made for one campaign, before its runs began.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Makes the folder, so that nothing is computed in vain.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn create(path: &Path) -> Result<Self, FolderError> {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(disk("write", parent))?;
        }
        match fs::create_dir(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Err(FolderError::Exists(path.to_owned()))
            }
            made => made.map_err(disk("write", path)).map(|()| Self {
                path: path.to_owned(),
            }),
        }
    }

    /// Writes everything; the manifest last, so that a folder with one is whole.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn write(&self, campaign: &Campaign, timing: &[Timing]) -> Result<(), FolderError> {
        self.file("scenario.toml", |out| {
            out.write_all(campaign.text.as_bytes())
        })?;
        self.file("runs.csv", |out| runs::write(campaign, out))?;
        self.table::<BlockRow>(campaign)?;
        self.table::<ActRow>(campaign)?;
        self.table::<NodeRow>(campaign)?;
        self.table::<SplitRow>(campaign)?;
        self.table::<CounterRow>(campaign)?;
        self.file("events.jsonl", |out| runs::write_events(campaign, out))?;
        self.file("timing.json", |out| json(&timing, out))?;
        write_report(&self.path, campaign)?;
        self.file("manifest.json", |out| json(&Manifest::of(campaign), out))
    }

    fn table<R: Row>(&self, campaign: &Campaign) -> Result<(), FolderError> {
        self.file(R::FILE, |out| {
            let head = ["run", "seed"].iter().chain(R::COLUMNS);
            out.write_all(csv::row(head).as_bytes())?;
            let mut fields = Fields::default();
            for (number, result) in campaign.all() {
                for row in R::of(result).iter() {
                    fields.number(number).number(result.run.seed);
                    row.write(&mut fields);
                    out.write_all(fields.end().as_bytes())?;
                }
            }
            Ok(())
        })
    }

    fn file(
        &self,
        name: &str,
        fill: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
    ) -> Result<(), FolderError> {
        write_file(&self.path.join(name), fill)
    }
}

/// Writes `report.html` into a folder, over an older one.
///
/// # Errors
/// [`FolderError`].
pub fn write_report(folder: &Path, campaign: &Campaign) -> Result<(), FolderError> {
    let page = page::render(campaign);
    write_file(&folder.join("report.html"), |out| {
        out.write_all(page.as_bytes())
    })
}

pub(crate) fn disk(verb: &'static str, path: &Path) -> impl FnOnce(io::Error) -> FolderError {
    let path = path.to_owned();
    move |source| FolderError::Disk { verb, path, source }
}

fn write_file(
    path: &Path,
    fill: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> Result<(), FolderError> {
    let write = || {
        let mut out = BufWriter::new(File::create(path)?);
        fill(&mut out)?;
        out.flush()
    };
    write().map_err(disk("write", path))
}

fn json(value: &impl Serialize, out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    out.write_all(b"\n")
}
