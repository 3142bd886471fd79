//! A permit's lines in words and as objects, from the ledger and from the document.

use ledger::permit::{Line, Permit};
use ledger::state::{LineState, PermitState};
use serde_json::{Value, json};

use crate::catalogue::Catalogue;

/// Lines that a page shows; `--json` has all.
const LINES_SHOWN: usize = 8;

/// What an officer compares with the goods, a text for each line.
pub(crate) fn lines_of(
    words: &Catalogue,
    document: Option<&Permit>,
    state: Option<&PermitState>,
) -> Vec<String> {
    let mut told: Vec<String> = match (document, state) {
        (Some(permit), state) => {
            let line = |line: &Line| {
                document_line(words, line, state.and_then(|state| state.line(line.id)))
            };
            permit.lines.iter().take(LINES_SHOWN).map(line).collect()
        }
        (None, Some(state)) => {
            let mut told: Vec<String> = state
                .lines
                .iter()
                .take(LINES_SHOWN)
                .map(|line| ledger_line(words, line))
                .collect();
            told.push(format!("({})", words.text("phrase.not_on_ledger")));
            told
        }
        (None, None) => Vec::new(),
    };
    let all = document.map_or_else(
        || state.map_or(0, |state| state.lines.len()),
        |permit| permit.lines.len(),
    );
    if all > LINES_SHOWN {
        told.push(format!("… {all}"));
    }
    told
}

/// `A  Varanus salvator · skins SKI · 960 endorsed of 1000 NAR · App. II · source W · marks …`.
fn document_line(words: &Catalogue, line: &Line, state: Option<&LineState>) -> String {
    let mut parts = vec![format!("{}  {}", line.id, line.taxon)];
    match (&line.description, line.term) {
        (_, Some(term)) => parts.push(format!("{} {term}", term.meaning())),
        (Some(description), None) => parts.push(description.to_string()),
        (None, None) => {}
    }
    parts.push(match state {
        Some(state) => quantities(words, state),
        None => words.fill(
            "phrase.permitted",
            &[(
                "quantity",
                &format!("{} {}", line.authorised.quantity, line.authorised.unit),
            )],
        ),
    });
    parts.push(words.fill("phrase.appendix", &[("appendix", line.appendix.code())]));
    parts.push(words.fill("phrase.source", &[("source", line.source.code())]));
    if !line.marks.is_empty() {
        let marks: Vec<&str> = line
            .marks
            .iter()
            .map(ledger::permit::text::Text::as_str)
            .collect();
        parts.push(words.fill("phrase.marks", &[("marks", &marks.join(", "))]));
    }
    parts.join(" · ")
}

fn ledger_line(words: &Catalogue, line: &LineState) -> String {
    let parts = [
        format!("{}  {}", line.line, quantities(words, line)),
        words.fill("phrase.appendix", &[("appendix", line.appendix.code())]),
        words.fill("phrase.source", &[("source", line.source.code())]),
    ];
    parts.join(" · ")
}

/// `960 endorsed of 1000 NAR, 958 imported`.
fn quantities(words: &Catalogue, line: &LineState) -> String {
    let authorised = format!("{} {}", line.authorised, line.unit);
    let mut text = match line.endorsed {
        Some(endorsed) => words.fill(
            "phrase.endorsed_of",
            &[
                ("endorsed", &endorsed.to_string()),
                ("quantity", &authorised),
            ],
        ),
        None => words.fill("phrase.permitted", &[("quantity", &authorised)]),
    };
    if let Some(imported) = line.imported {
        text.push_str(", ");
        text.push_str(&words.fill("phrase.imported", &[("quantity", &imported.to_string())]));
    }
    text
}

/// A line as an object; quantities are decimal strings.
pub(crate) fn line_json(line: &LineState) -> Value {
    json!({
        "line": line.line.to_string(),
        "unit": line.unit.code(),
        "authorised": line.authorised.to_string(),
        "endorsed": line.endorsed.map(|quantity| quantity.to_string()),
        "imported": line.imported.map(|quantity| quantity.to_string()),
        "re_exported": line.re_exported.to_string(),
        "appendix": line.appendix.code(),
        "source": line.source.code(),
    })
}
