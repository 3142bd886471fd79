//! One node as a process of this machine: start, kill, stop, and what it wrote into its log.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use ledger::party::PartyCode;
use serde_json::Value;

use super::LocalnetError;
use crate::config::Listen;

/// Option of `run`: the node stops in good order when its standard input ends. So no node outlives the program
/// that started it, however that ended.
pub const STOP_WITH_STDIN: &str = "--stop-with-stdin";

/// A node that has not stopped by then is stuck.
const STOP_TIME_MAX: Duration = Duration::from_secs(20);
/// A node that has not answered by then does not run.
const START_TIME_MAX: Duration = Duration::from_secs(60);
/// Longest wait for a node's status, and its longest form.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(5);
const ANSWER_BYTES_MAX: u64 = 64 * 1024;
/// How often a condition is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// Bytes of the end of a log that are shown.
const LOG_BYTES_SHOWN: u64 = 4096;

/// Asks again and again until `condition` gives something; `None` when `bound` has passed.
pub fn until<T>(bound: Duration, mut condition: impl FnMut() -> Option<T>) -> Option<T> {
    let begun = Instant::now();
    loop {
        if let Some(found) = condition() {
            return Some(found);
        }
        if begun.elapsed() > bound {
            return None;
        }
        sleep(LOOK_EVERY);
    }
}

/// A node of a local network, running or not. It is killed when this is dropped.
#[derive(Debug)]
pub struct NodeProcess {
    program: PathBuf,
    party: PartyCode,
    home: PathBuf,
    listen: Listen,
    log: Option<String>,
    child: Option<Child>,
}

impl NodeProcess {
    /// The node that lives in `home`; `listen` repeats what its `node.toml` says.
    #[must_use]
    pub fn new(program: &Path, party: PartyCode, home: &Path, listen: Listen) -> Self {
        Self {
            program: program.to_owned(),
            party,
            home: home.to_owned(),
            listen,
            log: None,
            child: None,
        }
    }

    /// What it shall log from its next start on, as `CITES_NODE_LOG` says it.
    pub fn set_log(&mut self, filter: &str) {
        self.log = Some(filter.into());
    }

    /// The Party whose node it is.
    #[must_use]
    pub const fn party(&self) -> PartyCode {
        self.party
    }

    /// Its folder.
    #[must_use]
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// Where it listens.
    #[must_use]
    pub const fn listen(&self) -> &Listen {
        &self.listen
    }

    /// Its HTTP interface, as a URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.listen.http)
    }

    /// Its process, while there is one.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Starts it, unless it was started. Its log goes to `node.log` in its home.
    ///
    /// # Errors
    /// [`LocalnetError::File`].
    pub fn start(&mut self) -> Result<(), LocalnetError> {
        if self.child.is_some() {
            return Ok(());
        }
        let path = self.log_path();
        let log = OpenOptions::new().create(true).append(true).open(&path);
        let log = log.map_err(LocalnetError::file(&path))?;
        let same = log.try_clone().map_err(LocalnetError::file(&path))?;
        let mut command = Command::new(&self.program);
        if let Some(filter) = &self.log {
            command.env("CITES_NODE_LOG", filter);
        }
        let child = command
            .args(["run", STOP_WITH_STDIN, "--home"])
            .arg(&self.home)
            .stdin(Stdio::piped())
            .stdout(log)
            .stderr(same)
            .spawn()
            .map_err(LocalnetError::file(&self.program))?;
        self.child = Some(child);
        Ok(())
    }

    /// What it tells of itself; `None` where it does not answer.
    #[must_use]
    pub fn status(&self) -> Option<Value> {
        get(self.listen.http, "/v1/status").ok()
    }

    /// Its height; `None` where it does not answer.
    #[must_use]
    pub fn height(&self) -> Option<u64> {
        self.status()?.get("height")?.as_str()?.parse().ok()
    }

    /// Waits until it answers.
    ///
    /// # Errors
    /// [`LocalnetError::Node`] where it ended, or did not answer in time.
    pub fn wait_until_up(&mut self) -> Result<(), LocalnetError> {
        let up = until(START_TIME_MAX, || match self.ended() {
            Some(status) => Some(Err(format!("ended with {status} instead of starting"))),
            None => self.status().map(|_| Ok(())),
        });
        match up {
            Some(Ok(())) => Ok(()),
            Some(Err(what)) => Err(self.failed(&what)),
            None => Err(self.failed("does not answer")),
        }
    }

    /// How it ended, if it was started and has ended by itself.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        let status = self.child.as_mut()?.try_wait().ok()??;
        self.child = None;
        Some(status)
    }

    /// Waits until it has ended by itself; `None` when `bound` has passed.
    pub fn wait_for_end(&mut self, bound: Duration) -> Option<ExitStatus> {
        until(bound, || self.ended())
    }

    /// Kills it as a power cut would: SIGKILL, without a word.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // Either fails only for a process that is gone already.
            let _gone = child.kill();
            let _gone = child.wait();
        }
    }

    /// Asks it to stop, as `systemctl stop` would: SIGTERM.
    ///
    /// # Errors
    /// [`LocalnetError::File`] where no shell can be called.
    pub fn ask_to_stop(&self) -> Result<(), LocalnetError> {
        self.signal("TERM")
    }

    /// Stops its time: nothing is read, written or answered, and every connection stays open.
    ///
    /// # Errors
    /// [`LocalnetError::File`] where no shell can be called.
    pub fn freeze(&self) -> Result<(), LocalnetError> {
        self.signal("STOP")
    }

    /// Lets it go on after [`Self::freeze`].
    ///
    /// # Errors
    /// [`LocalnetError::File`] where no shell can be called.
    pub fn thaw(&self) -> Result<(), LocalnetError> {
        self.signal("CONT")
    }

    /// Only a shell's built-in `kill` is everywhere.
    fn signal(&self, name: &str) -> Result<(), LocalnetError> {
        let Some(child) = &self.child else {
            return Ok(());
        };
        let id = child.id().to_string();
        let kill = format!("kill -{name} \"$0\"");
        let shell = Command::new("sh").args(["-c", &kill, &id]).status();
        shell
            .map(drop)
            .map_err(LocalnetError::file(Path::new("sh")))
    }

    /// Stops it in good order.
    ///
    /// # Errors
    /// [`LocalnetError::Node`] where it had to be killed, or ended with a failure.
    pub fn stop(&mut self) -> Result<(), LocalnetError> {
        self.ask_to_stop()?;
        if self.child.is_none() {
            return Ok(());
        }
        match self.wait_for_end(STOP_TIME_MAX) {
            Some(status) if status.success() => Ok(()),
            Some(status) => Err(self.failed(&format!("ended with {status} when asked to stop"))),
            None => {
                self.kill();
                Err(self.failed("did not stop when asked to"))
            }
        }
    }

    /// An error that shows the end of this node's log.
    #[must_use]
    pub fn failed(&self, what: &str) -> LocalnetError {
        LocalnetError::Node {
            party: self.party,
            what: what.into(),
            path: self.log_path(),
            log: self.log_end(),
        }
    }

    /// Where its log is.
    #[must_use]
    pub fn log_path(&self) -> PathBuf {
        self.home.join("node.log")
    }

    /// All of its log; nothing where there is none.
    #[must_use]
    pub fn log(&self) -> String {
        let text = std::fs::read(self.log_path()).unwrap_or_default();
        String::from_utf8_lossy(&text).into_owned()
    }

    /// The last lines of its log; nothing where there is none.
    #[must_use]
    pub fn log_end(&self) -> String {
        let end = || {
            let mut file = File::open(self.log_path())?;
            let length = file.metadata()?.len();
            file.seek(SeekFrom::Start(length.saturating_sub(LOG_BYTES_SHOWN)))?;
            let mut bytes = Vec::new();
            file.take(LOG_BYTES_SHOWN).read_to_end(&mut bytes)?;
            Ok::<_, io::Error>(String::from_utf8_lossy(&bytes).into_owned())
        };
        end().unwrap_or_default()
    }
}

/// One JSON answer over HTTP/1.1, from this machine.
fn get(address: SocketAddr, path: &str) -> io::Result<Value> {
    let mut stream = TcpStream::connect_timeout(&address, ANSWER_TIME_MAX)?;
    stream.set_read_timeout(Some(ANSWER_TIME_MAX))?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = String::new();
    stream.take(ANSWER_BYTES_MAX).read_to_string(&mut answer)?;
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body);
    body.and_then(|body| serde_json::from_str(body).ok())
        .ok_or_else(|| io::ErrorKind::InvalidData.into())
}

impl Drop for NodeProcess {
    fn drop(&mut self) {
        self.kill();
    }
}
