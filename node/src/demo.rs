//! The demonstration: four Parties, one permit from issue to import, and every attempt to cheat.
//!
//! Each step calls the real `cites` against real nodes, waits for real finality, and is judged by its exit code
//! and its JSON. Times are measured. The story ends at the first outcome that was not the expected one.

mod board;
pub(crate) mod sample;
mod story;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use ledger::party::{PartyCode, Role};
use ledger::permit::Permit;
use ledger::permit::xml;
use ledger::time::CivilDate;

use crate::clock::now;
use crate::localnet::{DEMO_PARTIES, Desk, Localnet, LocalnetError, Ports, Programs, set_up};

pub use self::board::Unexpected;
pub use self::sample::SampleError;

/// Far longer than the story, so that only records make blocks.
const HEARTBEAT_MS: u32 = 5 * 60 * 1000;

/// How the demonstration runs.
#[derive(Clone, Debug)]
pub struct Options {
    /// Folder for everything; an earlier demonstration's is replaced.
    pub out: PathBuf,
    /// Language of the verdicts: `en`, `fr` or `es`.
    pub language: String,
}

/// Why the demonstration did not end well.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The network could not be made, or a node failed.
    #[error(transparent)]
    Localnet(#[from] LocalnetError),
    /// An outcome was not the expected one.
    #[error(transparent)]
    Unexpected(#[from] Box<Unexpected>),
    /// The sample permit could not be made.
    #[error(transparent)]
    Sample(#[from] SampleError),
    /// A folder is there that no demonstration made.
    #[error("`{}` is there already, and no demonstration made it", .0.display())]
    Occupied(PathBuf),
    /// Nobody reads the story.
    #[error("cannot write the story: {0}")]
    Output(#[from] io::Error),
}

/// A demonstration under way: the network, the offices' devices, and the papers that travel with the goods.
#[derive(Debug)]
pub struct Stage {
    // Dropped first: no process outlives its folder.
    localnet: Localnet,
    desks: Vec<Desk>,
    papers: PathBuf,
    today: CivilDate,
    language: String,
    begun: Instant,
}

/// Marks a folder as one that may be replaced.
const MARK: &str = ".cites-demo";

impl Stage {
    /// Makes fresh keys, genesis and homes, and starts four nodes.
    ///
    /// # Errors
    /// [`DemoError`].
    pub fn set(options: &Options, out: &mut dyn Write) -> Result<Self, DemoError> {
        let begun = Instant::now();
        let programs = Programs::beside_us()?;
        clear(&options.out)?;
        let parties: Vec<_> = DEMO_PARTIES
            .iter()
            .filter_map(|(code, name)| Some((PartyCode::new(code)?, (*name).to_owned())))
            .collect();
        let told: Vec<_> = parties
            .iter()
            .map(|(code, name)| format!("{code} {name}"))
            .collect();
        let told = told.join(", ");
        writeln!(
            out,
            "Four Parties on this machine: {told} (invented; SPECIMEN documents)"
        )?;
        let nodes = u16::try_from(parties.len()).unwrap_or(u16::MAX);
        let ports = if Ports::are_usual_free(nodes) {
            Ports::usual()
        } else {
            Ports::free()?
        };
        let (mut localnet, desks) = set_up(&programs, &options.out, &parties, ports, HEARTBEAT_MS)?;
        let (genesis, seconds) = (localnet.genesis(), begun.elapsed().as_secs_f64());
        let (network, fingerprint) = (genesis.network(), genesis.fingerprint());
        let validators = genesis.validators().len();
        writeln!(
            out,
            "[{seconds:5.1}s] genesis  {network}  {validators} validators, 3 needed to decide   fingerprint {fingerprint}"
        )?;
        out.flush()?;
        localnet.bring_up()?;
        let seconds = begun.elapsed().as_secs_f64();
        writeln!(
            out,
            "[{seconds:5.1}s] nodes    up, each a process of its own"
        )?;
        let papers = options.out.join("papers");
        fs::create_dir_all(&papers).map_err(LocalnetError::file(&papers))?;
        Ok(Self {
            localnet,
            desks,
            papers,
            today: now().date(),
            language: options.language.clone(),
            begun,
        })
    }

    /// Tells the story; the nodes are stopped afterwards.
    ///
    /// # Errors
    /// [`DemoError`]; the error shows the end of the nodes' logs where a node is at fault.
    pub fn play(&mut self, out: &mut dyn Write) -> Result<(), DemoError> {
        story::tell(self, out)
    }

    /// The network.
    pub fn localnet(&mut self) -> &mut Localnet {
        &mut self.localnet
    }

    /// The offices' devices.
    #[must_use]
    pub fn desks(&self) -> &[Desk] {
        &self.desks
    }

    /// The device of an office.
    fn desk(&self, party: &str, role: Role) -> Result<&Desk, DemoError> {
        let found = self
            .desks
            .iter()
            .find(|desk| desk.party().as_str() == party && desk.role() == role);
        let missing = || io::Error::other("no such office");
        Ok(found
            .ok_or_else(missing)
            .map_err(LocalnetError::file(Path::new(party)))?)
    }

    /// A new sample permit on paper: its number, itself and its file.
    fn paper(&self, serial: u32) -> Result<Paper, DemoError> {
        self.paper_of("QS", serial, sample::permit)
    }

    /// The same for any sample of a Party.
    fn paper_of(
        &self,
        party: &str,
        serial: u32,
        make: impl FnOnce(&str, CivilDate) -> Result<Permit, SampleError>,
    ) -> Result<Paper, DemoError> {
        let (year, ..) = self.today.ymd();
        let number = format!("{:02}{party}{serial:06}", year.rem_euclid(100));
        let permit = make(&number, self.today)?;
        let path = self.write_paper(&number, &permit)?;
        Ok(Paper {
            number,
            permit,
            path,
        })
    }

    fn write_paper(&self, name: &str, permit: &Permit) -> Result<String, DemoError> {
        let path = self.papers.join(format!("{name}.xml"));
        fs::write(&path, xml::write(permit)).map_err(LocalnetError::file(&path))?;
        Ok(path.to_string_lossy().into_owned())
    }
}

/// A permit's document.
#[derive(Clone, Debug)]
struct Paper {
    number: String,
    permit: Permit,
    path: String,
}

/// Makes the folder anew. Only what an earlier demonstration made is removed.
fn clear(dir: &Path) -> Result<(), DemoError> {
    let at = LocalnetError::file;
    let mark = dir.join(MARK);
    if mark.exists() {
        fs::remove_dir_all(dir).map_err(at(dir))?;
    } else if dir.exists() {
        return Err(DemoError::Occupied(dir.to_owned()));
    }
    fs::create_dir_all(dir).map_err(at(dir))?;
    Ok(fs::write(
        &mark,
        "made by `cites-node demo`, and replaced by the next one\n",
    )
    .map_err(at(&mark))?)
}
