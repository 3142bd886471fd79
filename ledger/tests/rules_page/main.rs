//! Writes `docs/rules.md` from the tables that judge, and from what they answer; and holds the page current.
//!
//! `UPDATE_DOCS=1 cargo test -p ledger --test rules_page` writes it anew.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod matrix;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use ledger::codes::{Kind, Uses};
use ledger::reason::{Light, Reason};
use ledger::state::Warnings;
use ledger::state::life::{
    CANCEL, CONSENT, CORRECT, CROSS, ENDORSE, ENDORSE_DOUBTS, IMPORT, IMPORT_DOUBTS, ISSUE,
    ISSUE_DOUBTS, OPERATION, PAPER_SEEN, QUOTA, REFUSE, REVOKE_RANGE, Rule, SIGHT, SUSPEND,
};

const HEAD: &str = "\
# The rules, in plain words

This page is written by a test from the very tables that every node judges by (`ledger/src/state/life/`), and the test
fails when the page is old: `UPDATE_DOCS=1 cargo test -p ledger --test rules_page`.

How a statement is judged: (1) whether it may enter a block at all: made for this network, signed by offices whose keys
are active, in time, and not yet on the ledger; (2) by the table of its kind, from top to bottom: the first rule it breaks
is the answer, and a refused statement is recorded with that answer, for every Party to see; (3) what passes every rule
takes effect, at once and as a whole. Doubts never refuse: they stand in the receipt, and on the permit for every later
verdict. Time is the time of the block; no rule reads a clock. Dates are read for the traveller's benefit.
";

/// Rows of a table: number, code, words.
fn rows<S>(out: &mut String, rules: &[Rule<S>]) {
    out.push_str("\n| | answer | rule |\n|---:|---|---|\n");
    for (number, rule) in (1..).zip(rules) {
        writeln!(out, "| {number} | `{}` | {} |", rule.reason, rule.words).unwrap();
    }
}

fn table<S>(out: &mut String, title: &str, rules: &[Rule<S>], doubts: &[Rule<S>]) {
    writeln!(out, "\n### {title}").unwrap();
    rows(out, rules);
    if !doubts.is_empty() {
        out.push_str("\nDoubts that go with it:\n\n| doubt | when |\n|---|---|\n");
        for doubt in doubts {
            writeln!(out, "| `{}` | {} |", doubt.reason, doubt.words).unwrap();
        }
    }
}

fn kinds(out: &mut String) {
    out.push_str(
        "\n## Kinds of documents\n\n| kind | box 1 | longest validity | use | endorsed at export |\n|---|---|---|---|---|\n",
    );
    for kind in Kind::ALL {
        let uses = match kind.uses() {
            Uses::Single => "once: the import spends it",
            Uses::Crossings => "many crossings, never collected",
            Uses::Total => "landings, to a total",
        };
        let endorsed = if kind.is_endorsed() { "yes" } else { "never" };
        let (title, letter, months) = (kind.title(), kind.letter(), kind.months_max());
        writeln!(
            out,
            "| {title} | {letter} | {months} months from the grant | {uses} | {endorsed} |"
        )
        .unwrap();
    }
}

fn codes(out: &mut String) {
    out.push_str("\n## Every code\n\nIn receipts, verdicts and HTTP problems alike. Numbers and words never change their meaning.\n\n| code | light | |\n|---|---|---|\n");
    for reason in Reason::ALL {
        let light = match reason.light() {
            Light::Green => "green",
            Light::Amber => "amber",
            Light::Red => "red",
        };
        let doubt = if Warnings::TABLE.contains(reason) {
            "a doubt, never a refusal"
        } else {
            ""
        };
        writeln!(out, "| `{reason}` | {light} | {doubt} |").unwrap();
    }
}

fn page() -> String {
    let mut out = HEAD.to_owned();
    kinds(&mut out);
    matrix::write(&mut out);
    out.push_str("\n## Each statement, rule by rule\n");
    table(
        &mut out,
        "Issue, by a Management Authority",
        ISSUE,
        ISSUE_DOUBTS,
    );
    table(
        &mut out,
        "Endorse an export (box 14), by customs",
        ENDORSE,
        ENDORSE_DOUBTS,
    );
    table(&mut out, "Sight in transit, by customs", SIGHT, &[]);
    table(&mut out, "Import, by customs", IMPORT, IMPORT_DOUBTS);
    table(&mut out, "Refuse, by customs", REFUSE, &[]);
    table(&mut out, "Cross, by customs", CROSS, &[]);
    table(&mut out, "Correct, by customs", CORRECT, &[]);
    table(&mut out, "Paper seen, by customs", PAPER_SEEN, &[]);
    table(&mut out, "Cancel, by a Management Authority", CANCEL, &[]);
    table(&mut out, "Consent, by a Management Authority", CONSENT, &[]);
    table(
        &mut out,
        "Revoke forms or stamps, by a Management Authority",
        REVOKE_RANGE,
        &[],
    );
    table(&mut out, "Quota, by a Management Authority", QUOTA, &[]);
    table(
        &mut out,
        "Operation, by a Management Authority",
        OPERATION,
        &[],
    );
    table(&mut out, "Suspend, by a Management Authority", SUSPEND, &[]);
    codes(&mut out);
    out
}

#[test]
fn the_page_of_rules_is_what_the_tables_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/rules.md");
    let page = page();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &page).unwrap();
    }
    let known = fs::read_to_string(&path).unwrap_or_default();
    let differs = known
        .lines()
        .zip(page.lines())
        .find(|(known, now)| known != now);
    assert_eq!(
        differs, None,
        "write it anew: UPDATE_DOCS=1 cargo test -p ledger --test rules_page"
    );
    assert_eq!(known.len(), page.len(), "write it anew with UPDATE_DOCS=1");
}
