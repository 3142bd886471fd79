//! `cites signals` and `cites statistics`: what people look for in the permits of a Party.

use clap::Args;
use ledger::party::PartyCode;
use ledger::state::Signal;
use serde_json::Value;

use crate::arguments::duration;
use crate::client::{Client, ClientError};
use crate::desk::Desk;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::print::{Answer, Page};

/// Pages of a list that are asked for at most.
const PAGES_MAX: usize = 200;
/// Seconds of a day.
const DAY_S: u64 = 86_400;

/// Arguments of `signals`.
#[derive(Args, Debug)]
pub(crate) struct Signals {
    /// open, awaited, endorsed-less, imported-less, refused, retrospective, consent-due, not-covered or contested.
    #[arg(value_parser = signal)]
    signal: Signal,
    /// The Party whose permits are listed.
    #[arg(long)]
    party: PartyCode,
    /// Only what is at least this old, in whole days, such as 30d.
    #[arg(long, value_name = "AGE", default_value = "0d", value_parser = days)]
    older: u64,
}

/// Arguments of `statistics`.
#[derive(Args, Debug)]
pub(crate) struct Statistics {
    /// The Party.
    #[arg(long)]
    party: PartyCode,
    /// The calendar year.
    #[arg(long)]
    year: u16,
}

fn signal(text: &str) -> Result<Signal, String> {
    Signal::from_word(text).ok_or_else(|| {
        let words = Signal::ALL.map(Signal::as_str).join(", ");
        format!("`{text}` is none of: {words}")
    })
}

/// `30d` as 30.
fn days(text: &str) -> Result<u64, String> {
    let seconds = duration(text)?.as_secs();
    let days = seconds / DAY_S;
    if days.saturating_mul(DAY_S) == seconds {
        Ok(days)
    } else {
        Err(format!("`{text}` is not a number of days such as 30d"))
    }
}

/// The whole list, page after page, with the block it was first told of.
fn every_page(client: &Client, path: &str) -> Result<(Vec<Value>, Value), Failure> {
    let mut items = Vec::new();
    let mut after = String::new();
    for _ in 0..PAGES_MAX {
        let told = client.look(&format!("{path}{after}"));
        let told = told.map_err(ClientError::into_failure)?;
        let page = told.get("items").and_then(Value::as_array);
        items.extend(page.into_iter().flatten().cloned());
        match told.get("next").and_then(Value::as_str) {
            None => return Ok((items, told.get("as_of").cloned().unwrap_or_default())),
            // A node's word goes into the next question: only digits do.
            Some(next) if next.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                after = format!("&after={next}");
            }
            Some(_) => break,
        }
    }
    Err(Failure::new(
        Exit::Unreachable,
        format_args!(
            "node {} does not come to the end of its list",
            client.address()
        ),
    )
    .hint("ask another node, or only for what is older: --older 30d"))
}

pub(crate) fn signals(arguments: &Signals, desk: &Desk) -> Result<Answer, Failure> {
    let client = desk.client()?;
    let (signal, party) = (arguments.signal.as_str(), arguments.party);
    let days = arguments.older;
    let path = format!("/v1/signals/{signal}/{party}?older_than_days={days}");
    let (items, as_of) = every_page(&client, &path)?;
    let mut page = Page::new();
    let count = items.len();
    let plural = if count == 1 { "" } else { "s" };
    page.text(&format!("{signal}: {count} permit{plural} of {party}"));
    for item in &items {
        page.text(&line(item));
    }
    page.text(&format!(
        "as node {} tells it, not proven",
        client.address()
    ));
    Ok(Answer::new("cites.signals/1", page)
        .with("signal", signal)
        .with("party", party.as_str())
        .with("items", items)
        .with("source", client.address())
        .with("as_of", as_of))
}

/// `  41 days  QS/#5d1e40ab…  -> QN  QNHAR 3 attempts`.
fn line(item: &Value) -> String {
    let text = |pointer: &str| item.pointer(pointer).and_then(Value::as_str).unwrap_or("-");
    let number = text("/permit/number_hash").trim_start_matches("sha256:");
    let short: String = number.chars().take(12).collect();
    let age = item.get("age_days").and_then(Value::as_u64).unwrap_or(0);
    let ports = item.get("ports").and_then(Value::as_array);
    let ports = ports.into_iter().flatten().map(|counts| {
        let count = |name: &str| counts.get(name).and_then(Value::as_u64).unwrap_or(0);
        let port = counts.get("port").and_then(Value::as_str).unwrap_or("-");
        format!(
            "  {port} {} attempts, {} refusals",
            count("attempts"),
            count("refusals")
        )
    });
    let ports: String = ports.collect();
    format!(
        "{age:>5} days  {}/#{short}…  -> {}{ports}",
        text("/permit/issuer"),
        text("/destination")
    )
}

pub(crate) fn statistics(arguments: &Statistics, desk: &Desk) -> Result<Answer, Failure> {
    let client = desk.client()?;
    let path = format!("/v1/statistics/{}/{}", arguments.party, arguments.year);
    let told = client.look(&path).map_err(ClientError::into_failure)?;
    let mut page = Page::new();
    let fields = [
        "issued",
        "captive",
        "retrospective",
        "not_covered",
        "cancelled",
        "refused",
    ];
    page.text(&format!("month  {}", fields.join("  ")));
    let months = told.get("months").and_then(Value::as_array);
    for month in months.into_iter().flatten() {
        let count = |name: &str| month.get(name).and_then(Value::as_u64).unwrap_or(0);
        let counts = fields.map(|name| format!("{:>width$}", count(name), width = name.len()));
        page.text(&format!("{:>5}  {}", count("month"), counts.join("  ")));
    }
    for what in ["captive", "retrospective", "refused"] {
        let spikes = told
            .pointer(&format!("/spikes/{what}"))
            .and_then(Value::as_array);
        for spike in spikes.into_iter().flatten() {
            let count = |name: &str| spike.get(name).and_then(Value::as_u64).unwrap_or(0);
            page.text(&format!(
                "spike  {what}: {} in month {}, {} in the twelve months before",
                count("count"),
                count("month"),
                count("twelve_months_before")
            ));
        }
    }
    page.text(&format!(
        "as node {} tells it, not proven",
        client.address()
    ));
    Ok(Answer::new("cites.statistics/1", page)
        .with("party", arguments.party.as_str())
        .with("year", arguments.year)
        .with("months", told.get("months").cloned().unwrap_or_default())
        .with("spikes", told.get("spikes").cloned().unwrap_or_default())
        .with("source", client.address())
        .with("as_of", told.get("as_of").cloned().unwrap_or_default()))
}

/// The entries of a list, each with some of its fields.
pub(crate) fn list(page: &mut Page, name: &str, entries: Option<&Value>, fields: &[&str]) {
    let entries = entries
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    if entries.is_empty() {
        page.text(&format!("{name}: none"));
    }
    for entry in entries {
        let told = fields.iter().filter_map(|field| {
            let value = entry.get(*field)?.as_str()?;
            Some(format!("{field} {value}"))
        });
        page.text(&format!("{name}: {}", told.collect::<Vec<_>>().join(", ")));
    }
}
