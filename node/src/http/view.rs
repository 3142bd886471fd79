//! The ledger's own types as JSON for people: snake case, hashes as `sha256:…`, heights and decimals as text.

use consensus::replica::Tip;
use ledger::digest::{Digest, NumberHash, RecordDigest};
use ledger::party::PartyCode;
use ledger::reason::Reason;
use ledger::record::{PermitKey, RetrospectiveReason};
use ledger::state::{
    Act, Cancellation, LineState, PermitState, PortCounts, Receipt, ReportState, Warnings,
};
use serde_json::{Value, json};

use super::problem::Problem;
use crate::store::RecordStatus;

pub(super) fn hash(bytes: impl AsRef<[u8]>) -> String {
    format!("sha256:{}", ledger::digest::hex(bytes.as_ref()))
}

/// A Party as a URL names it.
pub(super) fn party(code: &str) -> Result<PartyCode, Problem> {
    PartyCode::new(code).ok_or_else(|| Problem::bad("the Party is two capital letters, such as QS"))
}

/// The block that an answer is taken from.
pub(super) fn as_of(tip: &Tip) -> Value {
    json!({ "height": tip.height().to_string(), "time": tip.time().to_string() })
}

/// A permit as a URL names it.
pub(super) fn permit_key(party: &str, number: &str) -> Result<PermitKey, Problem> {
    let issuer = self::party(party)?;
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
        "reason": receipt.refused.map(Reason::code),
        "warnings": warnings(receipt.warnings),
    })
}

pub(super) fn warnings(warnings: Warnings) -> Vec<&'static str> {
    warnings.iter().map(Reason::code).collect()
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

pub(super) fn act(act: &Act) -> Value {
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
        "covered": line.is_covered,
        "depth": line.depth,
    })
}

fn status(permit: &PermitState) -> &'static str {
    match (&permit.cancellation, &permit.import, &permit.endorsement) {
        (_, Some(_), _) => "used",
        (Some(_), None, _) if permit.replaced_by.is_some() => "replaced",
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
        "cancelled": permit.cancellation.as_ref().map(cancelled),
        "contested": permit.contested.as_ref().map(cancelled),
        "retrospective": permit.retrospective.map(RetrospectiveReason::as_str),
        "consent": permit.consent.as_ref().map(act),
        "replaces": permit.replaces.map(|old| json!({
            "number_hash": hash(old.number), "reason": old.reason.as_str(),
        })),
        "replaced_by": permit.replaced_by.map(hash),
        "import_permit": permit.import_permit.map(key),
        "crossings": permit.crossings.as_ref().map(|crossings| json!({
            "inside": crossings.inside.as_ref().map(PartyCode::as_str),
            "count": crossings.count, "last": crossings.last.as_ref().map(act),
        })),
        "endorsement_corrected": permit.endorsement_corrected.as_ref().map(act),
        "import_corrected": permit.import_corrected.as_ref().map(act),
        "warnings": warnings(permit.warnings),
        "ports": permit.ports.iter().map(port).collect::<Vec<_>>(),
        "sightings": permit.sightings,
        "refusals": permit.refusals,
        "refused_attempts": permit.refused_attempts,
    })
}

pub(super) fn key(key: PermitKey) -> Value {
    json!({ "issuer": key.issuer.as_str(), "number_hash": hash(key.number) })
}

fn cancelled(cancellation: &Cancellation) -> Value {
    json!({ "reason": cancellation.reason.as_str(), "act": act(&cancellation.act) })
}

pub(super) fn port(counts: &PortCounts) -> Value {
    json!({
        "port": counts.port.as_str(), "attempts": counts.attempts, "refusals": counts.refusals,
    })
}

pub(super) fn report(report: &ReportState) -> Value {
    json!({
        "sightings": report.sightings,
        "refusals": report.refusals,
        "last": act(&report.last),
    })
}
