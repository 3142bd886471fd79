//! `cites permit check`: every fault and doubt of a document; no network, no keys.

use clap::Args;
use ledger::permit::Permit;
use serde_json::{Value, json};

use crate::desk::Desk;
use crate::failure::Failure;
use crate::print::{Answer, Page};
use crate::reference::Input;

/// Arguments of `permit check`.
#[derive(Args, Debug)]
pub(crate) struct Check {
    /// The permit's XML, or `-`.
    file: String,
}

pub(crate) fn run(arguments: &Check, desk: &Desk) -> Result<Answer, Failure> {
    let input = Input::read(&arguments.file)?;
    let reading = input.permit_to_issue()?;
    let permit = &reading.permit;
    let mut page = Page::new();
    page.text(&format!("ok: {}", summary(permit)));
    if desk.flags.verbose && !reading.tolerated.is_empty() {
        page.text(&format!("tolerated: {}", reading.tolerated));
    }
    let warnings: Vec<String> = reading.warnings.iter().map(ToString::to_string).collect();
    if !warnings.is_empty() {
        let plural = if warnings.len() == 1 { "" } else { "s" };
        page.text(&format!("0 errors, {} warning{plural}.", warnings.len()));
    }
    let mut answer = Answer::new("cites.check/1", page)
        .with("permit", permit_json(permit))
        .with("warnings", warnings.clone());
    answer.warnings = warnings;
    Ok(answer)
}

/// `export permit 26QS000123/AA, 1 line, QS -> QN, valid until 2026-09-01`.
pub(crate) fn summary(permit: &Permit) -> String {
    let count = permit.lines.len();
    let plural = if count == 1 { "" } else { "s" };
    let issuer = permit
        .issuer()
        .map_or_else(|| "?".to_owned(), |party| party.to_string());
    let route = permit
        .destination()
        .map_or_else(|| issuer.clone(), |to| format!("{issuer} -> {to}"));
    format!(
        "{} {}, {count} line{plural}, {route}, valid until {}",
        permit.kind.title(),
        permit.number,
        permit.valid_until_date()
    )
}

pub(crate) fn permit_json(permit: &Permit) -> Value {
    json!({
        "number": permit.number.as_str(),
        "kind": permit.kind.as_str(),
        "party": permit.issuer().map(|party| party.to_string()),
        "destination": permit.destination().map(|party| party.to_string()),
        "granted_on": permit.granted_on().to_string(),
        "valid_from": permit.valid_from_date().to_string(),
        "valid_until": permit.valid_until_date().to_string(),
        "lines": permit.lines.len(),
    })
}
