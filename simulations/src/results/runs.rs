//! `runs.csv` and `events.jsonl`: each run in one row, and what happened in it, for people.

use std::borrow::Cow;
use std::io::{self, Write};

use clap::ValueEnum as _;
use ledger::digest::Digest;
use serde::{Deserialize, Serialize};

use super::campaign::Campaign;
use super::csv::{self, Fields};
use super::rows::{Cells, word};
use super::{EventRow, RunResult};
use crate::bug::Bug;
use crate::report::Run;

/// Name of the table of runs.
pub const FILE: &str = "runs.csv";
/// Name of the list of events.
pub const EVENTS_FILE: &str = "events.jsonl";
/// The columns of the table of runs.
pub const COLUMNS: &[&str] = &[
    "run",
    "seed",
    "part",
    "scenario",
    "heights_wanted",
    "planted",
    "parties",
    "validators",
    "violation",
    "trace_sha256",
    "events",
    "lasted_ms",
    "height",
];

/// Whether a run is one of the scenario itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// It is.
    Main,
    /// It has another number of Parties.
    Also,
}

#[derive(Serialize, Deserialize)]
struct EventLine<'a> {
    run: u64,
    seed: u64,
    at_ms: u64,
    kind: Cow<'a, str>,
    node: Option<Cow<'a, str>>,
    what: Cow<'a, str>,
}

/// Writes the table of runs.
///
/// # Errors
/// Of the disk.
pub fn write(campaign: &Campaign, out: &mut impl Write) -> io::Result<()> {
    out.write_all(csv::row(COLUMNS).as_bytes())?;
    let main = campaign.runs.iter().map(|result| ("main", result));
    let also = campaign.also.iter().map(|result| ("also", result));
    let mut fields = Fields::default();
    for (number, (part, result)) in (1..).zip(main.chain(also)) {
        fields
            .number(number)
            .number(result.run.seed)
            .text(part)
            .text(&result.run.scenario)
            .number(result.run.heights)
            .text(&result.run.bug.to_string())
            .number(result.parties.into())
            .number(result.validators.into())
            .text(result.violation.as_deref().unwrap_or_default())
            .text(&result.trace.to_string())
            .number(result.events)
            .number(result.lasted_ms)
            .number(result.height);
        out.write_all(fields.end().as_bytes())?;
    }
    Ok(())
}

/// Reads a row of the table of runs; its other tables are still empty.
///
/// # Errors
/// What is wrong with it.
pub fn read(fields: &[String]) -> Result<(u64, Part, RunResult), String> {
    let mut cells = Cells::new(fields);
    let number = cells.number()?;
    let seed = cells.number()?;
    let part = match cells.text()? {
        "main" => Part::Main,
        "also" => Part::Also,
        other => return Err(format!("`{other}` is neither main nor also")),
    };
    let mut result = RunResult {
        run: Run {
            scenario: cells.text()?.to_owned(),
            seed,
            heights: cells.number()?,
            bug: Bug::from_str(cells.text()?, false)?,
            parties: 0,
        },
        parties: cells.number()?,
        validators: cells.number()?,
        violation: cells.text_if_any()?.map(str::to_owned),
        trace: Digest::from_hex(cells.text()?).ok_or("not a digest of a trace")?,
        events: cells.number()?,
        lasted_ms: cells.number()?,
        height: cells.number()?,
        blocks: Vec::new(),
        acts: Vec::new(),
        nodes: Vec::new(),
        splits: Vec::new(),
        events_told: Vec::new(),
        counters: std::collections::BTreeMap::new(),
    };
    result.run.parties = result.parties;
    Ok((number, part, result))
}

/// Writes the list of events, one JSON object a line.
///
/// # Errors
/// Of the disk.
pub fn write_events(campaign: &Campaign, out: &mut impl Write) -> io::Result<()> {
    for (run, result) in campaign.all() {
        for event in &result.events_told {
            let line = EventLine {
                run,
                seed: result.run.seed,
                at_ms: event.at_ms,
                kind: event.kind.into(),
                node: event.node.as_deref().map(Cow::from),
                what: event.what.as_str().into(),
            };
            serde_json::to_writer(&mut *out, &line)?;
            out.write_all(b"\n")?;
        }
    }
    Ok(())
}

/// Reads a line of the list of events, with the number of its run.
///
/// # Errors
/// What is wrong with it.
pub fn read_event(line: &str) -> Result<(u64, EventRow), String> {
    let line: EventLine<'_> = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let event = EventRow {
        at_ms: line.at_ms,
        kind: word(&line.kind)?,
        node: line.node.map(Cow::into_owned),
        what: line.what.into_owned(),
    };
    Ok((line.run, event))
}
