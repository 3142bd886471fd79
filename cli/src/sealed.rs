//! Seals as an officer hands them in: the text of a QR code, typed, piped or in a file; and what it shows.

use ledger::party::Role;
use ledger::permit::LineId;
use ledger::record::PermitKey;
use ledger::seal::{Seal, SealError, SealFault, Sealed};
use serde_json::{Value, json};

use crate::catalogue::Catalogue;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::reference::Named;
use crate::trust::Pinned;

/// The seal in `text`, where it is meant to be one: a code, or the link that stands where a code should.
pub(crate) fn read(text: &str) -> Option<Result<Seal, Failure>> {
    match Seal::read(text) {
        Err(SealError::NotASeal) => None,
        read => Some(read.map_err(unreadable)),
    }
}

/// The same in a file.
pub(crate) fn read_file(bytes: &[u8]) -> Option<Result<Seal, Failure>> {
    read(std::str::from_utf8(bytes).ok()?)
}

fn unreadable(error: SealError) -> Failure {
    let hint = match error {
        SealError::Link => {
            "do not open it: whoever printed it chose the page; type the permit's number instead"
        }
        SealError::NotASeal
        | SealError::TooLong(_)
        | SealError::Characters
        | SealError::Codec(_)
        | SealError::Content(_) => "photograph the code again, or type the permit's number",
    };
    Failure::new(Exit::NotAPermit, error)
        .code("UNREADABLE")
        .hint(hint)
}

/// A seal that was handed in, and whether it counts here.
#[derive(Debug)]
pub(crate) struct Handed {
    /// The permit that it names.
    pub(crate) key: PermitKey,
    /// The same, for people.
    pub(crate) named: Named,
    /// The seal, or why it does not count.
    pub(crate) sealed: Result<Sealed, SealFault>,
}

impl Handed {
    /// Verifies a seal against the offices of the pinned genesis and the blocks that this device has verified.
    pub(crate) fn of(seal: Seal, pinned: &Pinned) -> Self {
        let named = Named {
            issuer: seal.issuer(),
            number: seal.number().clone(),
            document: None,
        };
        let member = pinned.genesis.member(named.issuer);
        let offices = member.iter().flat_map(|member| &member.offices);
        let offices = offices.filter(|office| office.role == Role::Management);
        let keys: Vec<_> = offices.map(|office| office.key).collect();
        let anchor = seal.anchor();
        let is_other = pinned.checkpoints().iter().any(|known| {
            known.height == anchor.height && known.block.is_some_and(|block| block != anchor.block)
        });
        let sealed = if is_other {
            Err(SealFault::Anchor)
        } else {
            seal.check(pinned.chain, &keys)
        };
        Self {
            key: named.key(pinned.chain),
            named,
            sealed,
        }
    }
}

/// What an officer compares with goods and paper, a text for each line.
pub(crate) fn lines_of(words: &Catalogue, seal: &Seal) -> Vec<String> {
    let mut lines: Vec<LineId> = Vec::new();
    let shown = seal.revealed().shown.iter();
    for (_, field) in shown {
        let line = field
            .path
            .strip_prefix("7/")
            .and_then(|rest| rest.split('/').next());
        lines.extend(line.and_then(|line| line.parse::<LineId>().ok()));
    }
    lines.sort_unstable();
    lines
        .into_iter()
        .map(|line| line_of(words, seal, line))
        .collect()
}

fn line_of(words: &Catalogue, seal: &Seal, line: LineId) -> String {
    let value =
        |form_box: &str, name: &str| seal.revealed().value(&format!("{form_box}/{line}/{name}"));
    let mut parts = vec![format!("{line}  {}", value("7", "taxon").unwrap_or("?"))];
    parts.extend(
        value("9", "description")
            .or(value("9", "term"))
            .map(str::to_owned),
    );
    if let (Some(quantity), Some(unit)) = (value("11", "quantity"), value("11", "unit")) {
        let quantity = format!("{quantity} {unit}");
        parts.push(words.fill("phrase.permitted", &[("quantity", &quantity)]));
    }
    for (name, form_box) in [("appendix", "10"), ("source", "10")] {
        if let Some(code) = value(form_box, name) {
            parts.push(words.fill(&format!("phrase.{name}"), &[(name, code)]));
        }
    }
    let start = format!("9/{line}/mark/");
    let marks = seal.revealed().shown.iter().map(|(_, field)| field);
    let marks: Vec<&str> = marks
        .filter(|field| field.path.starts_with(&start))
        .map(|field| field.value.as_str())
        .collect();
    if !marks.is_empty() {
        parts.push(words.fill("phrase.marks", &[("marks", &marks.join(", "))]));
    }
    parts.join(" · ")
}

/// `exporter -> importer`, where the seal shows both.
pub(crate) fn parties_of(seal: &Seal) -> Option<String> {
    let from = seal.revealed().value("4/name")?;
    let to = seal.revealed().value("3/name")?;
    Some(format!("{from} -> {to}"))
}

/// A seal as an object. The permit's secret is no part of it.
pub(crate) fn seal_json(seal: &Seal) -> Value {
    let fields: Vec<Value> = seal
        .revealed()
        .shown
        .iter()
        .map(|(_, field)| json!({"path": field.path, "value": field.value}))
        .collect();
    let anchor = seal.anchor();
    json!({
        "party": seal.issuer().as_str(),
        "number": seal.number().as_str(),
        "fields": fields,
        "fields_hidden": seal.revealed().size.saturating_sub(seal.revealed().shown.len()),
        "anchor": {"height": anchor.height.0.to_string(), "block": format!("sha256:{}", anchor.block)},
    })
}
