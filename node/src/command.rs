//! One file for each command, and how all of them fail.

use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

use ::genesis::check::Faults;
use node::config::ConfigError;
use node::identity::IdentityError;
use serde_json::{Map, Value};

pub(crate) mod bench;
pub(crate) mod demo;
pub(crate) mod genesis;
pub(crate) mod guard;
pub(crate) mod init;
pub(crate) mod localnet;
pub(crate) mod run;
pub(crate) mod status;

/// Exit codes: a promise to scripts, the same in `cites` and `cites-node`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The tool itself failed: disk, bug.
    Failed = 1,
    /// Wrong usage, as clap says it too.
    Usage = 2,
    /// The node answers, and is not in step with the others, or may not vote yet: a person must look.
    NotInStep = 3,
    /// The node does not answer, or refuses to serve.
    Unreachable = 5,
    /// A file is missing or is not what it should be.
    BadInput = 8,
}

/// Why a command could not do its work.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    complaints: Vec<Complaint>,
}

#[derive(Debug)]
struct Complaint {
    error: String,
    hint: String,
}

impl Failure {
    /// One error and what to do about it.
    pub(crate) fn new(exit: Exit, error: impl Display, hint: impl Display) -> Self {
        let complaint = Complaint {
            error: error.to_string(),
            hint: hint.to_string(),
        };
        Self {
            exit,
            complaints: vec![complaint],
        }
    }

    /// Prints `error:` and `hint:` lines; a hint that several errors share is said once.
    pub(crate) fn report(&self, out: &mut impl Write) -> ExitCode {
        for (index, complaint) in self.complaints.iter().enumerate() {
            let next = self.complaints.get(index.saturating_add(1));
            let is_repeated = next.is_some_and(|next| next.hint == complaint.hint);
            let hint = if is_repeated || complaint.hint.is_empty() {
                String::new()
            } else {
                format!("hint: {}\n", complaint.hint)
            };
            // Nobody is left to tell when the terminal is gone; the exit code still says it.
            let _gone = write!(out, "error: {}\n{hint}", complaint.error);
        }
        ExitCode::from(self.exit as u8)
    }

    /// What it adds to the object of `--json`.
    pub(crate) fn fields(&self) -> Map<String, Value> {
        let told = |text: fn(&Complaint) -> &str| {
            let texts: Vec<_> = self.complaints.iter().map(text).collect();
            Value::from(texts.join("\n"))
        };
        let mut fields = Map::new();
        fields.insert("exit_code".into(), (self.exit as u8).into());
        fields.insert("error".into(), told(|complaint| &complaint.error));
        fields.insert("hint".into(), told(|complaint| &complaint.hint));
        fields
    }

    #[cfg(test)]
    pub(crate) fn seen(&self) -> (Exit, String) {
        let mut text = Vec::new();
        let _code = self.report(&mut text);
        (self.exit, String::from_utf8(text).unwrap())
    }
}

impl From<Faults> for Failure {
    fn from(faults: Faults) -> Self {
        let complaint = |fault: &::genesis::check::Fault| Complaint {
            error: fault.to_string(),
            hint: fault.kind.hint().into(),
        };
        Self {
            exit: Exit::BadInput,
            complaints: faults.as_slice().iter().map(complaint).collect(),
        }
    }
}

impl From<IdentityError> for Failure {
    fn from(error: IdentityError) -> Self {
        let exit = match &error {
            IdentityError::Exists(_) => Exit::Usage,
            IdentityError::Randomness => Exit::Failed,
            IdentityError::File { source, .. } if source.kind() != io::ErrorKind::NotFound => {
                Exit::Failed
            }
            IdentityError::File { .. }
            | IdentityError::NotPrivate { .. }
            | IdentityError::Malformed { .. } => Exit::BadInput,
        };
        let hint = error.hint();
        Self::new(exit, error, hint)
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        match error {
            ConfigError::Genesis(faults) => faults.into(),
            ConfigError::Values(faults) => Self {
                exit: Exit::BadInput,
                complaints: faults
                    .iter()
                    .map(|fault| Complaint {
                        error: fault.to_string(),
                        hint: "correct node.toml, or the environment variable".into(),
                    })
                    .collect(),
            },
            ConfigError::File { ref source, .. } if source.kind() != io::ErrorKind::NotFound => {
                Self::new(
                    Exit::Failed,
                    error,
                    "look at the disk and who may use the file",
                )
            }
            ConfigError::File { .. } => Self::new(
                Exit::BadInput,
                error,
                "run `cites-node init` first, or name its folder with --home",
            ),
            ConfigError::Shape { .. } => Self::new(Exit::BadInput, error, "correct the line"),
            ConfigError::Pinned(_) => Self::new(
                Exit::Usage,
                error,
                "a node belongs to one network; for another network make another node",
            ),
            ConfigError::Fingerprint { .. } => Self::new(
                Exit::BadInput,
                error,
                "do not start; ask the other Parties by telephone which fingerprint they have",
            ),
        }
    }
}

impl From<io::Error> for Failure {
    /// Only for what is written to the terminal; files name themselves.
    fn from(error: io::Error) -> Self {
        Self::new(
            Exit::Failed,
            format_args!("cannot write the answer: {error}"),
            "",
        )
    }
}
