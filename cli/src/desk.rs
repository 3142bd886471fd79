//! What one run of the program works with: settings, clock, randomness, language.

use std::io::{self, BufRead as _, IsTerminal as _};
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use ledger::party::PartyCode;
use ledger::time::Timestamp;
use rand_core::{OsRng, RngCore as _};

use crate::arguments::Common;
use crate::catalogue::Catalogue;
use crate::client::Client;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::print::talk;
use crate::trust::Pinned;

/// Settings of this run.
#[derive(Debug)]
pub(crate) struct Desk {
    /// The flags that every command understands.
    pub(crate) flags: Common,
    /// The texts.
    pub(crate) words: Catalogue,
}

impl Desk {
    /// Takes the flags and loads the language.
    pub(crate) fn new(flags: Common) -> Result<Self, Failure> {
        let words = Catalogue::new(flags.lang)?;
        Ok(Self { flags, words })
    }

    /// This device's clock.
    #[expect(
        clippy::unused_self,
        reason = "the one place where the program reads a clock"
    )]
    pub(crate) fn now(&self) -> Timestamp {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }

    /// Bytes from the operating system.
    #[expect(
        clippy::unused_self,
        reason = "the one place where the program draws randomness"
    )]
    pub(crate) fn random<const N: usize>(&self) -> Result<[u8; N], Failure> {
        let mut bytes = [0; N];
        OsRng.try_fill_bytes(&mut bytes).map_err(|_| {
            Failure::new(Exit::Failed, "the operating system gave no random bytes")
                .hint("try again; if it stays, restart the machine")
        })?;
        Ok(bytes)
    }

    /// Folder of this device.
    pub(crate) fn home(&self) -> Result<PathBuf, Failure> {
        if let Some(home) = &self.flags.home {
            return Ok(home.clone());
        }
        let user = std::env::var_os("HOME").filter(|home| !home.is_empty());
        let user = user.ok_or_else(|| {
            Failure::new(Exit::Failed, "there is no home folder")
                .hint("name this device's folder with --home DIR or CITES_HOME")
        })?;
        Ok(PathBuf::from(user).join(".cites"))
    }

    /// What this device trusts.
    pub(crate) fn pinned(&self) -> Result<Pinned, Failure> {
        Pinned::load(&self.home()?)
    }

    /// The node.
    pub(crate) fn client(&self) -> Result<Client, Failure> {
        if self.flags.offline {
            return Err(Failure::new(
                Exit::Usage,
                "this command needs a node, and --offline forbids to ask one",
            )
            .hint("leave --offline out"));
        }
        Client::new(&self.flags.node, self.flags.timeout)
    }

    /// The Party that asks, where it is told.
    pub(crate) fn reader(&self) -> Option<PartyCode> {
        self.flags.office.map(|office| office.party)
    }

    /// Asks before what cannot be undone.
    pub(crate) fn confirm(&self, question: &str) -> Result<(), Failure> {
        if self.flags.yes {
            return Ok(());
        }
        match ask(question) {
            Some(true) => Ok(()),
            Some(false) => Err(Failure::new(Exit::Stopped, "stopped; nothing was sent")),
            None => Err(Failure::new(
                Exit::Usage,
                "there is no terminal to ask at, and this cannot be undone",
            )
            .hint("say --yes if you are sure")),
        }
    }
}

/// Asks the person at the terminal, if there is one.
pub(crate) fn ask(question: &str) -> Option<bool> {
    if !io::stdin().is_terminal() {
        return None;
    }
    talk(&format!("{}  [y/N] ", crate::print::plain(question)));
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    Some(read.is_ok() && is_yes(&answer))
}

/// Yes in the languages of the catalogue.
fn is_yes(answer: &str) -> bool {
    let answer = answer.trim().to_lowercase();
    ["y", "yes", "o", "oui", "s", "si", "sí"].contains(&answer.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clear_yes_is_a_yes() {
        for (answer, expected) in [
            ("y\n", true),
            (" Yes ", true),
            ("oui", true),
            ("sí", true),
            ("", false),
            ("\n", false),
            ("n", false),
            ("yess", false),
        ] {
            assert_eq!(is_yes(answer), expected, "{answer:?}");
        }
    }
}
