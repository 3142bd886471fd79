//! `cites register`: what a Management Authority states about its trade as a whole.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use ledger::codes::Unit;
use ledger::digest::{SpeciesKey, bytes_from_hex, hex};
use ledger::party::{PartyCode, Role};
use ledger::permit::commitment::{SpeciesSeal, operation_hash};
use ledger::quantity::Quantity;
use ledger::record::{
    Operation as OperationStatement, Quota as QuotaStatement, RevokeRange, RevokeReason,
    SerialRange, Series, Statement, Suspend as SuspendStatement,
};
use ledger::time::CivilDate;
use serde_json::Value;

use super::signals::list;
use crate::arguments::Sending;
use crate::client::{Client, ClientError};
use crate::desk::Desk;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::files::{self, Existing, Readers};
use crate::office::Author;
use crate::print::{Answer, Page};
use crate::submit::{Errand, Submission};
use crate::trust::Pinned;

/// `cites register …`.
#[derive(Debug, Subcommand)]
pub(crate) enum Act {
    /// Stolen or lost forms and stamps: nobody may use them from now on.
    Revoke(Revoke),
    /// The quantity of a species that may leave in a year.
    Quota(Quota),
    /// A breeding operation or nursery enters the register, or leaves it.
    Operation(Operation),
    /// Trade is suspended, for all species or for one.
    Suspend(Suspend),
    /// Makes the Party's seal over species, for quotas and suspensions.
    Seal(Seal),
    /// Revoked forms and stamps, and suspensions, of a Party; the quota of a species.
    Show(Show),
}

/// Arguments of `register revoke`.
#[derive(Args, Debug)]
pub(crate) struct Revoke {
    /// The first number, as printed.
    first: String,
    /// The last number, as printed; the first alone where it is one.
    last: Option<String>,
    /// forms or stamps.
    #[arg(long)]
    series: Series,
    /// lost, stolen or withdrawn.
    #[arg(long)]
    reason: RevokeReason,
    /// The very same numbers were revoked by mistake: they may be used again.
    #[arg(long)]
    lift: bool,
    /// How to send it.
    #[command(flatten)]
    sending: Sending,
}

/// Arguments of `register quota`.
#[derive(Args, Debug)]
pub(crate) struct Quota {
    /// The species, as in box 7.
    species: String,
    /// The calendar year.
    #[arg(long)]
    year: u16,
    /// The total; stated again, the new one holds.
    #[arg(long)]
    total: String,
    /// Its unit, such as NAR or KGM.
    #[arg(long, value_parser = unit)]
    unit: Unit,
    /// The Party's seal over species.
    #[arg(long, value_name = "FILE")]
    seal: PathBuf,
    /// How to send it.
    #[command(flatten)]
    sending: Sending,
}

/// Arguments of `register operation`.
#[derive(Args, Debug)]
pub(crate) struct Operation {
    /// Its registration number (box 12b).
    number: String,
    /// It leaves the register.
    #[arg(long)]
    strike: bool,
    /// How to send it.
    #[command(flatten)]
    sending: Sending,
}

/// Arguments of `register suspend`.
#[derive(Args, Debug)]
pub(crate) struct Suspend {
    /// The Party whose exports are suspended: the own one for all, another for those to you.
    #[arg(long, value_name = "PARTY")]
    of: PartyCode,
    /// Only this species, as in box 7.
    #[arg(long, requires = "seal")]
    species: Option<String>,
    /// That Party's seal over species.
    #[arg(long, value_name = "FILE", requires = "species")]
    seal: Option<PathBuf>,
    /// First day, such as 2026-12-01: today or later.
    #[arg(long, value_name = "DATE", value_parser = date)]
    from: CivilDate,
    /// Last day; the day before --from lifts what was stated.
    #[arg(long, value_name = "DATE", value_parser = date)]
    until: Option<CivilDate>,
    /// How to send it.
    #[command(flatten)]
    sending: Sending,
}

/// Arguments of `register seal`.
#[derive(Args, Debug)]
pub(crate) struct Seal {
    /// Where to write it; an existing file is kept.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Arguments of `register show`.
#[derive(Args, Debug)]
pub(crate) struct Show {
    /// The Party.
    party: PartyCode,
    /// The quota of this species too, as in box 7.
    #[arg(long, requires_all = ["seal", "year"])]
    species: Option<String>,
    /// The calendar year of the quota.
    #[arg(long, requires = "species")]
    year: Option<u16>,
    /// The Party's seal over species.
    #[arg(long, value_name = "FILE", requires = "species")]
    seal: Option<PathBuf>,
}

fn unit(text: &str) -> Result<Unit, String> {
    let known = Unit::from_code(text).or_else(|| Unit::from_alias(text));
    known.ok_or_else(|| format!("`{text}` is not a unit such as NAR or KGM"))
}

fn date(text: &str) -> Result<CivilDate, String> {
    CivilDate::parse(text).ok_or_else(|| format!("`{text}` is not a date such as 2026-12-01"))
}

pub(crate) fn run(act: &Act, desk: &Desk) -> Result<Answer, Failure> {
    match act {
        Act::Revoke(arguments) => revoke(arguments, desk),
        Act::Quota(arguments) => quota(arguments, desk),
        Act::Operation(arguments) => operation(arguments, desk),
        Act::Suspend(arguments) => suspend(arguments, desk),
        Act::Seal(arguments) => seal(arguments, desk),
        Act::Show(arguments) => show(arguments, desk),
    }
}

fn state(
    desk: &Desk,
    sending: &Sending,
    make: impl FnOnce(&Author, &Pinned) -> Result<(String, Statement, &'static str), Failure>,
) -> Result<Answer, Failure> {
    let mut pinned = desk.pinned()?;
    let author = Author::open(desk, &pinned, Role::Management)?;
    let (name, statement, done) = make(&author, &pinned)?;
    let question = Some(format!("{name}? Every Party sees it at once."));
    let errand = Errand {
        name,
        statement,
        question,
        done,
    };
    Submission::carry_out(desk, &mut pinned, &author, errand, sending)
}

fn revoke(arguments: &Revoke, desk: &Desk) -> Result<Answer, Failure> {
    let last = arguments.last.as_ref().unwrap_or(&arguments.first);
    let range = SerialRange::parse(&arguments.first, last)
        .map_err(|error| Failure::new(Exit::Usage, error))?;
    state(desk, &arguments.sending, |author, _| {
        let word = if arguments.lift {
            "Lift the revocation of"
        } else {
            "Revoke"
        };
        let name = format!(
            "{word} {} {range} of {}",
            arguments.series.as_str(),
            author.party
        );
        let done = if arguments.lift {
            "lifted   these numbers may be used again"
        } else {
            "revoked  every verdict shows it from now on"
        };
        let statement = Statement::RevokeRange(RevokeRange {
            series: arguments.series,
            range,
            reason: arguments.reason,
            lifted: arguments.lift,
        });
        Ok((name, statement, done))
    })
}

fn quota(arguments: &Quota, desk: &Desk) -> Result<Answer, Failure> {
    let total: Quantity =
        arguments
            .total
            .parse()
            .map_err(|error: ledger::quantity::QuantityError| {
                Failure::new(Exit::Usage, format_args!("--total: {error}"))
            })?;
    let species = read_seal(&arguments.seal)?.key_of(&arguments.species);
    let answer = state(desk, &arguments.sending, |author, _| {
        let name = format!(
            "Quota of {} for {} in {}: {total} {}",
            author.party, arguments.species, arguments.year, arguments.unit
        );
        let statement = Statement::Quota(QuotaStatement {
            year: arguments.year,
            species,
            unit: arguments.unit,
            total,
        });
        Ok((
            name,
            statement,
            "stated   permits that name the species draw it down",
        ))
    })?;
    Ok(answer.with("species", species_text(&species)))
}

fn operation(arguments: &Operation, desk: &Desk) -> Result<Answer, Failure> {
    state(desk, &arguments.sending, |author, pinned| {
        let listed = !arguments.strike;
        let (word, done) = if listed {
            ("Enter", "listed   exports of source D may name it")
        } else {
            (
                "Strike",
                "struck   exports of source D may no longer name it",
            )
        };
        let name = format!(
            "{word} operation {} in the register of {}",
            arguments.number, author.party
        );
        let number = operation_hash(pinned.chain, author.party, &arguments.number);
        let statement = Statement::Operation(OperationStatement { number, listed });
        Ok((name, statement, done))
    })
}

fn suspend(arguments: &Suspend, desk: &Desk) -> Result<Answer, Failure> {
    let species = match (&arguments.species, &arguments.seal) {
        (Some(species), Some(seal)) => Some(read_seal(seal)?.key_of(species)),
        (Some(_) | None, Some(_) | None) => None,
    };
    state(desk, &arguments.sending, |_, _| {
        let what = arguments.species.as_deref().unwrap_or("all species");
        let until = arguments
            .until
            .map(|day| format!(" until {day}"))
            .unwrap_or_default();
        let name = format!(
            "Suspend exports of {} ({what}) from {}{until}",
            arguments.of, arguments.from
        );
        let statement = Statement::Suspend(SuspendStatement {
            of: arguments.of,
            species,
            from: arguments.from,
            until: arguments.until,
        });
        Ok((name, statement, "suspended; nothing in the past changes"))
    })
}

fn seal(arguments: &Seal, desk: &Desk) -> Result<Answer, Failure> {
    let seal = SpeciesSeal::new(desk.random()?);
    let text = zeroize::Zeroizing::new(format!("{}\n", hex(seal.as_bytes())));
    let path = arguments.out.display();
    files::write(
        &arguments.out,
        text.as_bytes(),
        Readers::Owner,
        Existing::Keep,
    )
    .map_err(|error| {
        Failure::new(Exit::Failed, format_args!("`{path}`: {error}"))
            .hint("choose a file that is not there yet; a seal that is in use must not be lost")
    })?;
    let mut page = Page::new();
    page.text(&format!("wrote    {path}"));
    page.text("keep     it for as long as you trade; give it to those who may read your quotas");
    Ok(Answer::new("cites.seal/1", page).with("file", path.to_string()))
}

/// Reads a Party's seal over species.
pub(crate) fn read_seal(path: &Path) -> Result<SpeciesSeal, Failure> {
    let bad = |error: &dyn std::fmt::Display| {
        Failure::new(Exit::Usage, format_args!("`{}`: {error}", path.display()))
            .hint("a seal is made with: cites register seal --out FILE")
    };
    let bytes = files::read(path, 200).map_err(|error| bad(&error))?;
    let bytes = zeroize::Zeroizing::new(bytes);
    let text = std::str::from_utf8(&bytes).map_err(|_| bad(&"not a seal"))?;
    let seal = bytes_from_hex(text.trim()).map(SpeciesSeal::new);
    seal.ok_or_else(|| bad(&"not a seal: 64 hexadecimal digits"))
}

fn species_text(species: &SpeciesKey) -> String {
    format!("sha256:{species}")
}

fn show(arguments: &Show, desk: &Desk) -> Result<Answer, Failure> {
    let client = desk.client()?;
    let told = client.look(&format!("/v1/registers/{}", arguments.party));
    let told = told.map_err(ClientError::into_failure)?;
    let mut page = Page::new();
    for (part, fields) in [
        ("revoked", &["series", "numbers", "reason"][..]),
        ("suspensions", &["by", "species", "from", "until"][..]),
    ] {
        list(&mut page, part, told.get(part), fields);
    }
    let quota = quota_of(arguments, &client)?;
    if let Some(quota) = &quota {
        page.text(&quota_line(quota));
    }
    page.text(&format!(
        "as node {} tells it, not proven",
        client.address()
    ));
    Ok(Answer::new("cites.registers/1", page)
        .with("quota", quota)
        .with("party", arguments.party.as_str())
        .with("source", client.address())
        .with("revoked", told.get("revoked").cloned().unwrap_or_default())
        .with(
            "suspensions",
            told.get("suspensions").cloned().unwrap_or_default(),
        )
        .with("as_of", told.get("as_of").cloned().unwrap_or_default()))
}

/// The quota that was asked for; null where none was stated.
fn quota_of(arguments: &Show, client: &Client) -> Result<Option<Value>, Failure> {
    let (Some(species), Some(seal), Some(year)) =
        (&arguments.species, &arguments.seal, arguments.year)
    else {
        return Ok(None);
    };
    let species = read_seal(seal)?.key_of(species);
    let path = format!("/v1/quotas/{}/{year}/{species}", arguments.party);
    match client.look(&path) {
        Ok(quota) => Ok(Some(quota)),
        Err(ClientError::Problem { status: 404, .. }) => Ok(Some(Value::Null)),
        Err(error) => Err(error.into_failure()),
    }
}

/// `quota: 1000 of 1500 NAR drawn`.
fn quota_line(quota: &Value) -> String {
    let text = |name: &str| quota.get(name).and_then(Value::as_str);
    match (text("drawn"), text("total"), text("unit")) {
        (Some(drawn), Some(total), Some(unit)) => {
            format!("quota: {drawn} of {total} {unit} drawn")
        }
        (_, _, _) => "quota: none stated".into(),
    }
}
