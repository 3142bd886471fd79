//! `cites permit check`: every rule of the catalogue on a document; no keys, and a node only if it is asked for.

use clap::Args;
use ledger::codec;
use ledger::party::{OfficeNumber, Role};
use ledger::permit::Permit;
use ledger::permit::commitment::PermitSecret;
use ledger::permit::rules::{Judged, RuleId};
use ledger::quorum::PROTOCOL_VERSION;
use ledger::record::{Record, Statement};
use serde_json::{Value, json};

use super::linked::Linked;
use crate::desk::Desk;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::print::{Answer, Page};
use crate::reference::Input;

/// Arguments of `permit check`.
#[derive(Args, Debug)]
pub(crate) struct Check {
    /// The permit's XML, or `-`.
    file: String,
    /// Ask the node too: what the ledger would answer if the permit were issued now. Nothing is signed or sent.
    #[arg(long)]
    ask: bool,
    /// What it would be linked to.
    #[command(flatten)]
    linked: Linked,
}

/// What the rules of the ledger would say.
struct Asked {
    refused: Option<String>,
    broken: Value,
    codes: Vec<String>,
}

impl Asked {
    /// The outcome of a rule of the catalogue, where the ledger has one for it.
    fn outcome(&self, judged: &Judged<'_>) -> Option<String> {
        let codes = codes_of(judged.rule);
        let hit = codes
            .iter()
            .find(|code| self.codes.iter().any(|told| told == *code));
        match hit {
            Some(code) => Some(format!("{code} (ledger)")),
            None if judged.outcome.as_str() == "needs the ledger" && !codes.is_empty() => {
                Some("passed".into())
            }
            None => None,
        }
    }
}

/// Codes of the ledger's answers that belong to a rule of the catalogue.
const fn codes_of(rule: RuleId) -> &'static [&'static str] {
    match rule {
        RuleId::R01 => &["DUPLICATE_NUMBER", "ROLE"],
        RuleId::R03 => &["REPLACED", "CANCELLED", "REPLACEMENT_BROKEN", "NOT_ISSUED"],
        RuleId::R04 => &["EXPIRED", "DATES", "GRANT_DATE"],
        RuleId::R05 => &["VALIDITY_TOO_LONG"],
        RuleId::R06 => &["USED"],
        RuleId::R10 => &["WRONG_PARTY"],
        RuleId::R11 => &["WRONG_KIND"],
        RuleId::R12 => &[
            "NEEDS_IMPORT_PERMIT",
            "IMPORT_PERMIT_BROKEN",
            "IMPORT_PERMIT_NOT_COVERED",
        ],
        RuleId::R13 => &[
            "ORIGIN_BROKEN",
            "OVER_QUANTITY",
            "ORIGIN_NOT_COVERED",
            "APPENDIX_CHANGED",
            "MORE_THAN_DRAWN",
        ],
        RuleId::R14 => &["RETROSPECTIVE_APPENDIX_I", "SEEN_BEFORE_ISSUE"],
        RuleId::R16 => &["OPERATION_UNREGISTERED"],
        RuleId::R17 => &["QUOTA_EXCEEDED", "UNIT_MISMATCH"],
        RuleId::R20 => &["SUSPENDED", "NEEDS_SPECIES_KEY"],
        RuleId::R21 => &["DUPLICATE_STAMP"],
        RuleId::R02
        | RuleId::R07
        | RuleId::R08
        | RuleId::R09
        | RuleId::R15
        | RuleId::R18
        | RuleId::R19
        | RuleId::R22 => &[],
    }
}

/// Has the node judge the record that issuing the permit would make.
fn ask(arguments: &Check, desk: &Desk, permit: &Permit) -> Result<Asked, Failure> {
    let mut pinned = desk.pinned()?;
    let issuer = permit.issuer().ok_or_else(|| {
        Failure::new(
            Exit::NotAPermit,
            "box 6 does not name the country of the Management Authority",
        )
    })?;
    let links = arguments
        .linked
        .resolve(desk, &mut pinned, issuer, permit)?;
    // Of no use after this question: the record is not signed, and its secret is not kept.
    let secret = links.secret_file(issuer, permit, PermitSecret::new(desk.random()?));
    let statement = links.statement(pinned.chain, permit, &secret);
    let seats = pinned
        .genesis
        .member(issuer)
        .map(|member| member.offices.iter());
    let office = (1..)
        .map(OfficeNumber)
        .zip(seats.into_iter().flatten())
        .find(|(_, seat)| seat.role == Role::Management)
        .map_or(OfficeNumber(1), |(number, _)| number);
    let now = desk.now();
    let record = Record {
        version: PROTOCOL_VERSION,
        chain: pinned.chain,
        author: issuer,
        offices: vec![office],
        statement: Statement::Issue(statement),
        made_at: now,
        checkpoint: None,
        after: None,
        good_until: now.plus_ms(60_000),
        nonce: desk.random()?,
    };
    let judgement = desk.client()?.judge(&codec::encode(&record));
    let judgement = judgement.map_err(crate::client::ClientError::into_failure)?;
    let told = [&judgement.broken, &judgement.warnings];
    let rows = told.into_iter().filter_map(Value::as_array).flatten();
    let codes = rows.filter_map(|row| row.get("code")?.as_str());
    Ok(Asked {
        codes: codes.map(str::to_owned).collect(),
        refused: judgement.refused,
        broken: judgement.broken,
    })
}

fn rules_json(judged: &[Judged<'_>], asked: Option<&Asked>) -> Value {
    let rule = |judged: &Judged<'_>| {
        let ledger = asked.and_then(|asked| asked.outcome(judged));
        json!({
            "rule": judged.rule.to_string(), "words": judged.rule.words(), "source": judged.rule.source(),
            "outcome": judged.outcome.as_str(), "ledger": ledger,
            "findings": judged.findings.iter().map(ToString::to_string).collect::<Vec<_>>(),
        })
    };
    judged.iter().map(rule).collect()
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
    let findings = reading.findings();
    let judged = findings.by_rule();
    let asked = if arguments.ask {
        Some(ask(arguments, desk, permit)?)
    } else {
        None
    };
    for rule in &judged {
        let outcome = asked
            .as_ref()
            .and_then(|asked| asked.outcome(rule))
            .unwrap_or_else(|| rule.outcome.as_str().into());
        if desk.flags.verbose || outcome != "passed" {
            let told = format!("{outcome}: {}", rule.rule.words());
            page.field(rule.rule.as_str(), &told);
        }
    }
    let warnings: Vec<String> = reading.warnings.iter().map(ToString::to_string).collect();
    if !warnings.is_empty() {
        let plural = if warnings.len() == 1 { "" } else { "s" };
        page.text(&format!("0 errors, {} warning{plural}.", warnings.len()));
    }
    let mut answer = Answer::new("cites.check/1", page)
        .with("permit", permit_json(permit))
        .with("rules", rules_json(&judged, asked.as_ref()))
        .with("warnings", warnings.clone());
    if let Some(asked) = &asked {
        answer = answer
            .with("refused", asked.refused.clone())
            .with("broken", asked.broken.clone());
        if asked.refused.is_some() {
            answer = answer.exit(Exit::Refused);
        }
    }
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
