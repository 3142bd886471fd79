//! The words of the command line, as clap reads them.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use ledger::party::{OfficeNumber, PartyCode, Role};

use crate::catalogue::Language;
use crate::command::{
    audit, cancel, check, consent, correct, cross, endorse, history, import, inspect, issue, key,
    paper, queue, record, refuse, register, seal, show, sight, signals, trust, verify,
};
use crate::print::Colour;

/// Told at the end of the help, because scripts depend on it.
const EXIT_CODES: &str = "\
Exit codes:
  0 done; for verify: green         5 node unreachable or behind: try again
  1 the tool or its set-up failed   6 refused by the ledger: do not try again
  2 wrong usage                     7 key missing, locked or not allowed
  3 amber: a person must look       8 not a permit
  4 red: do not accept              9 not final in time, or kept unsent
                                  130 stopped at the keyboard";

/// CITES permits on a shared ledger: issue, endorse, accept, verify. Not a product of the CITES Secretariat.
#[derive(Debug, Parser)]
#[command(name = "cites", version, max_term_width = 100, after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    /// What every command understands.
    #[command(flatten)]
    pub(crate) common: Common,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Flags of every command.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Options of every command")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct Common {
    /// The node to ask.
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "CITES_NODE",
        default_value = "http://127.0.0.1:27611"
    )]
    pub(crate) node: String,
    /// Folder of this device: pinned genesis, checkpoints [default: ~/.cites].
    #[arg(long, global = true, value_name = "DIR", env = "CITES_HOME")]
    pub(crate) home: Option<PathBuf>,
    /// The office that acts, such as QS/management; `#2` after it where a Party has several.
    #[arg(long = "as", global = true, value_name = "PARTY/ROLE")]
    pub(crate) office: Option<OfficeName>,
    /// The office's key file.
    #[arg(long, global = true, value_name = "FILE", env = "CITES_KEY")]
    pub(crate) key: Option<PathBuf>,
    /// File with the key's password; without it the password is asked for on the terminal.
    #[arg(long, global = true, value_name = "FILE", env = "CITES_PASSWORD_FILE")]
    pub(crate) password_file: Option<PathBuf>,
    /// Exactly one JSON object on stdout, also on failure.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Language of verdicts.
    #[arg(long, global = true, value_name = "LANGUAGE", default_value_t = Language::En, value_enum)]
    pub(crate) lang: Language,
    /// Ask no node; judge from proof files only, never green. Acts of customs are kept: `cites queue`.
    #[arg(long, global = true)]
    pub(crate) offline: bool,
    /// Data older than this are stale, such as 10m [default: as the network agreed].
    #[arg(long, global = true, value_name = "AGE", value_parser = duration)]
    pub(crate) max_age: Option<Duration>,
    /// How long to wait for the node, such as 30s; a bare number is seconds.
    #[arg(long, global = true, value_name = "TIME", default_value = "30", value_parser = duration)]
    pub(crate) timeout: Duration,
    /// When to colour.
    #[arg(long, global = true, value_name = "WHEN", default_value_t = Colour::Auto, value_enum)]
    pub(crate) color: Colour,
    /// Only the first line, and no warnings.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// More: digests, notes on what was tolerated.
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
    /// Do not ask before what cannot be undone.
    #[arg(long, global = true)]
    pub(crate) yes: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// May this permit be accepted? Read-only.
    Verify(verify::Verify),
    /// Permits, as a Management Authority handles them.
    #[command(subcommand)]
    Permit(Permit),
    /// Export customs: box 14, what really leaves.
    Endorse(endorse::Endorse),
    /// Transit customs: seen, never spent.
    Sight(sight::Sight),
    /// Import customs: accept the goods, which spends the permit.
    Import(import::Import),
    /// Customs: refuse the goods; every Party sees it.
    Refuse(refuse::Refuse),
    /// Customs: a document of many crossings goes out or comes in; never spent.
    Cross(cross::Cross),
    /// Customs: correct the quantities of one's own endorsement or import.
    Correct(correct::Correct),
    /// Customs: goods cleared on paper of a Party that is not on the ledger.
    Paper(paper::Paper),
    /// Management Authority: revoked forms and stamps, quotas, operations, suspensions.
    #[command(subcommand)]
    Register(register::Act),
    /// Permits of a Party that people look for: open, awaited, refused, retrospective and others.
    Signals(signals::Signals),
    /// What a Party did in each month of a year.
    Statistics(signals::Statistics),
    /// Records that wait on this device for a node.
    Queue(queue::Arguments),
    /// What became of a submitted record.
    Record(record::Record),
    /// Decode anything; judge nothing.
    Inspect(inspect::Inspect),
    /// Keys of offices.
    #[command(subcommand)]
    Key(key::Act),
    /// Auditors: a node's whole chain, checked again; two nodes, compared.
    #[command(subcommand)]
    Audit(audit::Act),
    /// What this device trusts.
    #[command(subcommand)]
    Trust(trust::Act),
}

/// `cites permit …`.
#[derive(Debug, Subcommand)]
pub(crate) enum Permit {
    /// Every rule on a permit's XML, before anything is sent; no keys.
    Check(check::Check),
    /// Seal a permit, submit it, wait until it is final.
    Issue(issue::Issue),
    /// The text of the QR code for the paper.
    Seal(seal::Seal),
    /// The permit's state on the ledger, proven.
    Show(show::Show),
    /// What happened with the permit.
    History(history::History),
    /// Cancel a permit of one's own Party; after its use, give notice against it.
    Cancel(cancel::Cancel),
    /// Agree, as the destination, to a permit issued after the goods had left.
    Consent(consent::Consent),
}

/// Flags of commands that send a record.
#[derive(Args, Clone, Debug)]
pub(crate) struct Sending {
    /// Make and sign the record, send nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// What to wait for.
    #[arg(long, value_name = "WHAT", default_value_t = Wait::Final, value_enum)]
    pub(crate) wait: Wait,
    /// Digest of a record that must be on the ledger before this one.
    #[arg(long, value_name = "RECORD", value_parser = record_digest)]
    pub(crate) after: Option<ledger::digest::RecordDigest>,
}

/// What to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Wait {
    /// Until it is in a final block.
    Final,
    /// Until the node has stored it.
    Accepted,
}

/// `QS/customs` or `QS/customs#2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OfficeName {
    /// The Party.
    pub(crate) party: PartyCode,
    /// The role.
    pub(crate) role: Role,
    /// Which of the Party's offices, by its number.
    pub(crate) number: Option<OfficeNumber>,
}

impl FromStr for OfficeName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (party, rest) = text
            .split_once('/')
            .ok_or("write PARTY/ROLE, such as QS/customs")?;
        let (role, number) = match rest.split_once('#') {
            Some((role, number)) => {
                let number: u16 = number
                    .parse()
                    .map_err(|_| format!("`{number}` is not an office number"))?;
                (role, Some(OfficeNumber(number)))
            }
            None => (rest, None),
        };
        Ok(Self {
            party: party.parse()?,
            role: role.parse()?,
            number,
        })
    }
}

/// `30`, `30s`, `10m`, `2h`, `1d`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is not a time such as 30s, 10m, 2h or 1d");
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let seconds = match unit {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err(wrong()),
    };
    let total = number
        .checked_mul(seconds)
        .filter(|total| *total <= 366 * 86_400);
    total.map(Duration::from_secs).ok_or_else(wrong)
}

/// 64 hexadecimal digits, with or without `sha256:` before them.
pub(crate) fn record_digest(text: &str) -> Result<ledger::digest::RecordDigest, String> {
    let digits = text.strip_prefix("sha256:").unwrap_or(text);
    ledger::digest::Digest::from_hex(digits)
        .map(ledger::digest::RecordDigest)
        .ok_or_else(|| "a record is named by 64 hexadecimal digits".into())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_time_has_a_number_and_a_unit() {
        for (text, seconds) in [
            ("30", 30),
            ("30s", 30),
            ("10m", 600),
            ("2h", 7200),
            ("1d", 86_400),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for wrong in [
            "",
            "m",
            "-1",
            "1.5h",
            "10 m",
            "99999999999999999999",
            "1000d",
            "5w",
        ] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_office_is_a_party_and_a_role() {
        let name: OfficeName = "QS/customs#2".parse().unwrap();
        assert_eq!(
            (name.party.as_str(), name.role, name.number),
            ("QS", Role::Customs, Some(OfficeNumber(2)))
        );
        for wrong in [
            "QS",
            "qs/customs",
            "QS/police",
            "QS/customs#",
            "QS/customs#x",
        ] {
            assert!(wrong.parse::<OfficeName>().is_err(), "{wrong}");
        }
    }
}
