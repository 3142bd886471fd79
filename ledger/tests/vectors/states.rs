//! Values of the state as JSON: permits, and what a Party holds beside its permits.

use ledger::state::register::{
    MonthCounts, OperationState, PaperClaim, PaperState, QuotaState, RevokedRange, RevokedRanges,
    Statistics, Suspension, Suspensions,
};
use ledger::state::{
    Act, Cancellation, Crossings, LineState, PermitState, PortCounts, ReportState,
};
use serde_json::{Value, json};

use crate::fields::{Fields, all, code, hex, maybe, port, words};

impl Fields for Act {
    const TYPE: &'static str = "Act";

    fn fields(&self) -> Value {
        json!({
            "party": self.party.to_string(),
            "office": self.office.0,
            "port": port(self.port),
            "time": self.time.0,
            "height": self.height.0,
            "record": hex(self.record),
        })
    }
}

impl Fields for Cancellation {
    const TYPE: &'static str = "Cancellation";

    fn fields(&self) -> Value {
        json!({ "reason": self.reason.as_str(), "act": self.act.fields() })
    }
}

impl Fields for Crossings {
    const TYPE: &'static str = "Crossings";

    fn fields(&self) -> Value {
        json!({
            "inside": code(self.inside),
            "count": self.count,
            "last": maybe(self.last.as_ref()),
        })
    }
}

impl Fields for PortCounts {
    const TYPE: &'static str = "PortCounts";

    fn fields(&self) -> Value {
        json!({ "port": self.port.to_string(), "attempts": self.attempts, "refusals": self.refusals })
    }
}

impl Fields for LineState {
    const TYPE: &'static str = "LineState";

    fn fields(&self) -> Value {
        json!({
            "line": self.line.to_string(),
            "unit": self.unit.code(),
            "authorised": self.authorised.to_string(),
            "endorsed": self.endorsed.map(|quantity| quantity.to_string()),
            "imported": self.imported.map(|quantity| quantity.to_string()),
            "re_exported": self.re_exported.to_string(),
            "appendix": self.appendix.code(),
            "source": self.source.code(),
            "taxon": hex(self.taxon),
            "origins": all(&self.origins),
            "species": self.species.map(hex),
            "operation": maybe(self.operation.as_ref()),
            "depth": self.depth,
            "is_covered": self.is_covered,
            "draws_on_quota": self.draws_on_quota,
        })
    }
}

impl Fields for PermitState {
    const TYPE: &'static str = "PermitState";

    fn fields(&self) -> Value {
        json!({
            "issuer": self.issuer.to_string(),
            "kind": self.kind.as_str(),
            "destination": code(self.destination),
            "granted_on": self.granted_on.to_string(),
            "valid_from": self.valid_from.to_string(),
            "valid_until": self.valid_until.to_string(),
            "commitment": hex(self.commitment),
            "stamp": self.stamp.map(hex),
            "retrospective": self.retrospective.map(|reason| reason.as_str()),
            "lines": all(&self.lines),
            "issued": self.issued.fields(),
            "endorsement": maybe(self.endorsement.as_ref()),
            "import": maybe(self.import.as_ref()),
            "cancellation": maybe(self.cancellation.as_ref()),
            "replaces": maybe(self.replaces.as_ref()),
            "replaced_by": self.replaced_by.map(hex),
            "sightings": self.sightings,
            "refusals": self.refusals,
            "refused_attempts": self.refused_attempts,
            "last_height": self.last_height.0,
            "import_permit": maybe(self.import_permit.as_ref()),
            "consent": maybe(self.consent.as_ref()),
            "crossings": maybe(self.crossings.as_ref()),
            "contested": maybe(self.contested.as_ref()),
            "endorsement_corrected": maybe(self.endorsement_corrected.as_ref()),
            "import_corrected": maybe(self.import_corrected.as_ref()),
            "warnings": words(self.warnings),
            "ports": all(&self.ports),
        })
    }
}

impl Fields for ReportState {
    const TYPE: &'static str = "ReportState";

    fn fields(&self) -> Value {
        json!({ "sightings": self.sightings, "refusals": self.refusals, "last": self.last.fields() })
    }
}

impl Fields for RevokedRange {
    const TYPE: &'static str = "RevokedRange";

    fn fields(&self) -> Value {
        json!({
            "series": self.series.as_str(),
            "range": self.range.fields(),
            "reason": self.reason.as_str(),
            "act": self.act.fields(),
        })
    }
}

impl Fields for RevokedRanges {
    const TYPE: &'static str = "RevokedRanges";

    fn fields(&self) -> Value {
        all(&self.0)
    }
}

impl Fields for Suspension {
    const TYPE: &'static str = "Suspension";

    fn fields(&self) -> Value {
        json!({
            "species": self.species.map(hex),
            "from": self.from.to_string(),
            "until": self.until.map(|day| day.to_string()),
            "act": self.act.fields(),
        })
    }
}

impl Fields for Suspensions {
    const TYPE: &'static str = "Suspensions";

    fn fields(&self) -> Value {
        all(&self.0)
    }
}

impl Fields for QuotaState {
    const TYPE: &'static str = "QuotaState";

    fn fields(&self) -> Value {
        json!({
            "unit": self.unit.code(),
            "total": self.total.to_string(),
            "drawn": self.drawn.to_string(),
            "act": self.act.fields(),
        })
    }
}

impl Fields for OperationState {
    const TYPE: &'static str = "OperationState";

    fn fields(&self) -> Value {
        json!({ "listed": self.listed, "act": self.act.fields() })
    }
}

impl Fields for PaperClaim {
    const TYPE: &'static str = "PaperClaim";

    fn fields(&self) -> Value {
        json!({
            "stamp": self.stamp.map(hex),
            "document": hex(self.document),
            "act": self.act.fields(),
        })
    }
}

impl Fields for PaperState {
    const TYPE: &'static str = "PaperState";

    fn fields(&self) -> Value {
        all(&self.0)
    }
}

impl Fields for MonthCounts {
    const TYPE: &'static str = "MonthCounts";

    fn fields(&self) -> Value {
        json!({
            "issued": self.issued,
            "captive": self.captive,
            "retrospective": self.retrospective,
            "not_covered": self.not_covered,
            "cancelled": self.cancelled,
            "refused": self.refused,
        })
    }
}

impl Fields for Statistics {
    const TYPE: &'static str = "Statistics";

    fn fields(&self) -> Value {
        all(&self.0)
    }
}
