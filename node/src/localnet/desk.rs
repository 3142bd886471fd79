//! One office's device on this machine: its key, the pinned genesis, and the real `cites` program.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use genesis::Genesis;
use ledger::digest::bytes_from_hex;
use ledger::key::{PublicKey, Signature};
use ledger::party::{PartyCode, Role};
use serde_json::Value;

use super::{LocalnetError, NETWORK, OfficeKey};

/// Protects nothing: these keys are made for a demonstration and thrown away with it.
const PASSWORD: &str = "a specimen password";

/// The device of one office.
#[derive(Clone, Debug)]
pub struct Desk {
    program: PathBuf,
    home: PathBuf,
    party: PartyCode,
    role: Role,
    node: String,
}

/// What `cites` answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Its exit code; 1 where it was killed.
    pub exit: i32,
    /// The object it printed.
    pub json: Value,
    /// What it said on stderr.
    pub said: String,
    /// From its start to its end.
    pub took: Duration,
}

impl Answer {
    /// A text within the object, by the path of its names and numbers; empty where there is none.
    #[must_use]
    pub fn text(&self, pointer: &str) -> &str {
        self.json
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// The stable code: of the failure, or of the worst reason of a verdict.
    #[must_use]
    pub fn code(&self) -> &str {
        match self.text("/code") {
            "" => self.text("/reasons/0/code"),
            code => code,
        }
    }
}

impl Desk {
    /// Sets a device up in `home` with a fresh key, and proves that its office holds the key.
    ///
    /// # Errors
    /// [`LocalnetError`].
    pub fn set_up(
        program: &Path,
        home: &Path,
        party: PartyCode,
        role: Role,
    ) -> Result<(Self, OfficeKey), LocalnetError> {
        fs::create_dir_all(home).map_err(LocalnetError::file(home))?;
        let desk = Self {
            program: program.to_owned(),
            home: home.to_owned(),
            party,
            role,
            node: String::new(),
        };
        let password = desk.password_path();
        let mut options = OpenOptions::new();
        let file = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&password);
        let written = file.and_then(|mut file| writeln!(file, "{PASSWORD}"));
        written.map_err(LocalnetError::file(&password))?;

        let key = desk.key_path();
        let key = key.to_string_lossy();
        desk.succeed(&["key", "new", "--out", &key])?;
        let prove = ["key", "prove", &key, "--network", NETWORK];
        let whose = ["--party", party.as_str(), "--role", role.as_str()];
        let proven = desk.succeed(&[&prove[..], &whose[..]].concat())?;
        let office = office_key(role, &proven).ok_or_else(|| desk.unexpected(&prove, &proven))?;
        Ok((desk, office))
    }

    /// Sets up several devices at once, since a key's password is slow to check on purpose.
    ///
    /// # Errors
    /// The first of their [`LocalnetError`]s.
    pub fn set_up_all(
        program: &Path,
        dir: &Path,
        offices: &[(PartyCode, Role)],
    ) -> Result<Vec<(Self, OfficeKey)>, LocalnetError> {
        thread::scope(|scope| {
            let spawn = |(party, role): &(PartyCode, Role)| {
                let (party, role) = (*party, *role);
                let home = dir.join(format!("{party}-{role}"));
                scope.spawn(move || Self::set_up(program, &home, party, role))
            };
            let threads: Vec<_> = offices.iter().map(spawn).collect();
            let join = |thread: thread::ScopedJoinHandle<'_, _>| {
                let panicked = |_| std::io::Error::other("the thread panicked");
                thread
                    .join()
                    .map_err(panicked)
                    .map_err(LocalnetError::file(dir))?
            };
            threads.into_iter().map(join).collect()
        })
    }

    /// Pins the genesis, as after the telephone call.
    ///
    /// # Errors
    /// [`LocalnetError`].
    pub fn pin(&self, path: &Path, genesis: &Genesis) -> Result<(), LocalnetError> {
        let fingerprint = genesis.fingerprint().to_string();
        let path = path.to_string_lossy();
        self.succeed(&["trust", "pin", &path, "--fingerprint", &fingerprint])
            .map(drop)
    }

    /// The same device, asking the node at `url`.
    #[must_use]
    pub fn asking(&self, url: &str) -> Self {
        Self {
            node: url.into(),
            ..self.clone()
        }
    }

    /// The Party.
    #[must_use]
    pub const fn party(&self) -> PartyCode {
        self.party
    }

    /// The role.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }

    /// The device's folder, for `--home`.
    #[must_use]
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// The key's file, for `--key`.
    #[must_use]
    pub fn key_path(&self) -> PathBuf {
        self.home.join("office.key")
    }

    /// The password's file, for `--password-file`.
    #[must_use]
    pub fn password_path(&self) -> PathBuf {
        self.home.join("password")
    }

    /// The node that the device asks.
    #[must_use]
    pub fn node(&self) -> &str {
        &self.node
    }

    /// Calls `cites` to its end, for the object it prints.
    ///
    /// # Errors
    /// [`LocalnetError::File`] where it cannot be called; a failure of the command is an answer.
    pub fn call(&self, arguments: &[&str]) -> Result<Answer, LocalnetError> {
        let begun = Instant::now();
        let output = self.output(arguments, "--json")?;
        Ok(Answer {
            exit: output.status.code().unwrap_or(1),
            json: serde_json::from_slice(&output.stdout).unwrap_or_default(),
            said: String::from_utf8_lossy(&output.stderr).into_owned(),
            took: begun.elapsed(),
        })
    }

    /// Calls `cites` for the first line that a person would see, on one line.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub fn heading(&self, arguments: &[&str]) -> Result<String, LocalnetError> {
        let output = self.output(arguments, "--quiet")?;
        let text = String::from_utf8_lossy(&output.stdout);
        let words: Vec<_> = text.lines().map(str::trim).collect();
        Ok(words.join(" "))
    }

    fn output(&self, arguments: &[&str], how: &str) -> Result<Output, LocalnetError> {
        let mut command = Command::new(&self.program);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("CITES_") {
                command.env_remove(name);
            }
        }
        command
            .args(arguments)
            .args([how, "--yes", "--home"])
            .arg(&self.home);
        if self.key_path().exists() {
            command.arg("--key").arg(self.key_path());
        }
        command.arg("--password-file").arg(self.password_path());
        command.args(["--as", &format!("{}/{}", self.party, self.role)]);
        if !self.node.is_empty() {
            command.args(["--node", &self.node]);
        }
        let output = command.stdin(Stdio::null()).output();
        output.map_err(LocalnetError::file(&self.program))
    }

    fn succeed(&self, arguments: &[&str]) -> Result<Answer, LocalnetError> {
        let answer = self.call(arguments)?;
        if answer.exit == 0 {
            Ok(answer)
        } else {
            Err(self.unexpected(arguments, &answer))
        }
    }

    fn unexpected(&self, arguments: &[&str], answer: &Answer) -> LocalnetError {
        LocalnetError::Command {
            command: format!("{} {}", self.program.display(), arguments.join(" ")),
            exit: format!("exit code {}", answer.exit),
            said: answer.said.clone(),
        }
    }
}

fn office_key(role: Role, proven: &Answer) -> Option<OfficeKey> {
    Some(OfficeKey {
        role,
        key: PublicKey::from_hex(proven.text("/public_key")).ok()?,
        proof: Signature(bytes_from_hex(proven.text("/possession"))?),
    })
}
