//! What stands in the way of a record, and receipts and acts as objects.

use ledger::quantity::Quantity;
use ledger::reason::Reason;
use ledger::record::Statement;
use ledger::state::{Act, LineState, PermitState};
use serde_json::{Map, Value, json};

use crate::client::Receipt;

/// The act that stands in the way.
pub(crate) fn cause(reason: Reason, state: &PermitState) -> Option<&Act> {
    if reason == Reason::Used {
        return state.import.as_ref();
    }
    if reason == Reason::AlreadyEndorsed {
        return state.endorsement.as_ref();
    }
    if reason == Reason::DuplicateNumber {
        return Some(&state.issued);
    }
    let cancellation = state.cancellation.as_ref()?;
    (state.cancelled_as() == Some(reason)).then_some(&cancellation.act)
}

/// What would have been allowed: `A at most 1000 NAR`, `only QN may record the import`.
pub(super) fn limit(statement: &Statement, reason: Reason, state: &PermitState) -> Option<String> {
    let (lines, allowed): (_, fn(&LineState) -> Quantity) = match statement {
        Statement::Endorse(said) => (&said.lines, |line| line.authorised),
        Statement::Import(said) => (&said.lines, LineState::importable),
        Statement::Cancel(_) if reason == Reason::WrongParty => {
            return Some(format!("only {} may cancel it", state.issuer));
        }
        Statement::Consent(_) if reason == Reason::WrongParty => {
            return state.destination.map(|to| format!("only {to} may consent"));
        }
        Statement::Cross(_) if reason == Reason::CrossingBroken => return Some(whereabouts(state)),
        Statement::Issue(_)
        | Statement::Sight(_)
        | Statement::Refuse(_)
        | Statement::Cancel(_)
        | Statement::Consent(_)
        | Statement::Cross(_)
        | Statement::Correct(_)
        | Statement::PaperSeen(_)
        | Statement::RevokeRange(_)
        | Statement::Quota(_)
        | Statement::Operation(_)
        | Statement::Suspend(_) => {
            return None;
        }
    };
    if reason == Reason::WrongParty {
        return match (statement, state.destination) {
            (Statement::Import(_), Some(to)) => Some(format!("only {to} may record the import")),
            (Statement::Endorse(_), _) => {
                Some(format!("only {} may endorse the export", state.issuer))
            }
            (_, _) => None,
        };
    }
    if reason != Reason::OverQuantity {
        return None;
    }
    let exceeded = lines.iter().filter_map(|said| {
        let line = state.line(said.line)?;
        let most = allowed(line);
        (said.quantity > most).then(|| format!("{} at most {most} {}", line.line, line.unit))
    });
    Some(exceeded.collect::<Vec<_>>().join(", ")).filter(|text| !text.is_empty())
}

/// Where a document of many crossings was last recorded.
fn whereabouts(state: &PermitState) -> String {
    let inside = state
        .crossings
        .as_ref()
        .and_then(|crossings| crossings.inside);
    inside.map_or_else(
        || "it is between two States: record its arrival first".into(),
        |inside| format!("it is in {inside}: record its departure there first"),
    )
}

/// Who, where and when, as fields of an object.
pub(crate) fn act_json(act: &Act) -> Map<String, Value> {
    let mut fields = Map::new();
    fields.insert("by".into(), act.party.as_str().into());
    fields.insert("office".into(), act.office.0.into());
    if let Some(port) = &act.port {
        fields.insert("port".into(), port.as_str().into());
    }
    fields.insert("at".into(), act.time.to_string().into());
    fields.insert("height".into(), act.height.to_string().into());
    fields.insert("record".into(), format!("sha256:{}", act.record).into());
    fields
}

/// A receipt as an object.
pub(crate) fn receipt_json(receipt: &Receipt) -> Value {
    let result = if receipt.refused.is_none() {
        "applied"
    } else {
        "refused"
    };
    json!({
        "height": receipt.height.to_string(), "index": receipt.index, "result": result,
        "reason": receipt.refused.map(Reason::code),
        "warnings": receipt.warnings.iter().map(Reason::code).collect::<Vec<_>>(),
    })
}

/// A digest as it stands in JSON.
pub(crate) fn hash_text(digest: &impl std::fmt::Display) -> String {
    format!("sha256:{digest}")
}
