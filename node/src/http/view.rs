//! The ledger's own types as JSON for people: snake case, hashes as `sha256:…`, heights and decimals as text.

use ledger::digest::{Digest, NumberHash, RecordDigest};
use ledger::party::PartyCode;
use ledger::record::PermitKey;
use ledger::state::{Act, LineState, PermitState, Receipt, ReportState};
use serde_json::{Value, json};

use super::problem::Problem;
use crate::store::RecordStatus;

pub(super) fn hash(bytes: impl AsRef<[u8]>) -> String {
    format!("sha256:{}", ledger::digest::hex(bytes.as_ref()))
}

/// A permit as a URL names it.
pub(super) fn permit_key(party: &str, number: &str) -> Result<PermitKey, Problem> {
    let issuer = PartyCode::new(party)
        .ok_or_else(|| Problem::bad("the Party is two capital letters, such as QS"))?;
    let number = Digest::from_hex(number)
        .ok_or_else(|| Problem::bad("the number hash is 64 hexadecimal digits"))?;
    Ok(PermitKey {
        issuer,
        number: NumberHash(number),
    })
}

pub(super) fn record_digest(text: &str) -> Result<RecordDigest, Problem> {
    Digest::from_hex(text)
        .map(RecordDigest)
        .ok_or_else(|| Problem::bad("a record digest is 64 hexadecimal digits"))
}

pub(super) fn receipt(receipt: &Receipt) -> Value {
    json!({
        "height": receipt.height.to_string(),
        "index": receipt.index,
        "result": if receipt.is_applied() { "applied" } else { "refused" },
        "reason": receipt.refused.map(ledger::reason::Reason::code),
    })
}

pub(super) fn record_status(record: &RecordDigest, status: &RecordStatus) -> Value {
    let mut view = json!({ "schema": "cites.record/1", "record": hash(record) });
    let more = match status {
        RecordStatus::Waiting => json!({ "status": "stored" }),
        RecordStatus::Final {
            log_index,
            receipt: own,
        } => json!({
            "status": "final", "log_index": log_index.to_string(), "receipt": receipt(own),
        }),
        RecordStatus::NotIncluded(why) => json!({ "status": "not_included", "reason": why.code() }),
        RecordStatus::Unknown => json!({ "status": "unknown" }),
    };
    if let (Some(view), Value::Object(more)) = (view.as_object_mut(), more) {
        view.extend(more);
    }
    view
}

fn act(act: &Act) -> Value {
    json!({
        "party": act.party.as_str(),
        "office": act.office.0,
        "port": act.port.as_ref().map(ledger::record::Port::as_str),
        "time": act.time.to_string(),
        "height": act.height.to_string(),
        "record": hash(act.record),
    })
}

fn line(line: &LineState) -> Value {
    json!({
        "line": line.line.to_string(),
        "unit": line.unit.code(),
        "appendix": line.appendix.code(),
        "source": line.source.code(),
        "authorised": line.authorised.to_string(),
        "endorsed": line.endorsed.map(|quantity| quantity.to_string()),
        "imported": line.imported.map(|quantity| quantity.to_string()),
        "re_exported": line.re_exported.to_string(),
    })
}

fn status(permit: &PermitState) -> &'static str {
    match (&permit.cancellation, &permit.import, &permit.endorsement) {
        (_, Some(_), _) => "used",
        (Some(cancellation), None, _) => cancellation.reason.as_str(),
        (None, None, Some(_)) => "endorsed",
        (None, None, None) => "issued",
    }
}

pub(super) fn permit(permit: &PermitState) -> Value {
    json!({
        "status": status(permit),
        "issuer": permit.issuer.as_str(),
        "kind": permit.kind.as_str(),
        "destination": permit.destination.as_ref().map(PartyCode::as_str),
        "granted_on": permit.granted_on.to_string(),
        "valid_from": permit.valid_from.to_string(),
        "valid_until": permit.valid_until.to_string(),
        "commitment": hash(permit.commitment),
        "lines": permit.lines.iter().map(line).collect::<Vec<_>>(),
        "issued": act(&permit.issued),
        "endorsed": permit.endorsement.as_ref().map(act),
        "imported": permit.import.as_ref().map(act),
        "cancelled": permit.cancellation.as_ref().map(|cancellation| json!({
            "reason": cancellation.reason.as_str(), "act": act(&cancellation.act),
        })),
        "sightings": permit.sightings,
        "refusals": permit.refusals,
        "refused_attempts": permit.refused_attempts,
    })
}

pub(super) fn report(report: &ReportState) -> Value {
    json!({
        "sightings": report.sightings,
        "refusals": report.refusals,
        "last": act(&report.last),
    })
}
