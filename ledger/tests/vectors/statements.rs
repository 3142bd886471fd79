//! Statements as JSON: what is said of permits, and of a Party's trade as a whole.

use ledger::record::{
    Issue, IssuedLine, LineKey, LineQuantity, OperationKey, Origin, PermitKey, Replaces,
    SerialRange, Statement,
};
use serde_json::{Value, json};

use crate::fields::{Fields, all, code, hex, maybe};

impl Fields for PermitKey {
    const TYPE: &'static str = "PermitKey";

    fn fields(&self) -> Value {
        json!({ "issuer": self.issuer.to_string(), "number": hex(self.number) })
    }
}

impl Fields for LineKey {
    const TYPE: &'static str = "LineKey";

    fn fields(&self) -> Value {
        json!({ "permit": self.permit.fields(), "line": self.line.to_string() })
    }
}

impl Fields for LineQuantity {
    const TYPE: &'static str = "LineQuantity";

    fn fields(&self) -> Value {
        json!({ "line": self.line.to_string(), "unit": self.unit.code(), "quantity": self.quantity.to_string() })
    }
}

impl Fields for Origin {
    const TYPE: &'static str = "Origin";

    fn fields(&self) -> Value {
        json!({
            "root": self.root.fields(),
            "last": maybe(self.last.as_ref()),
            "drawn": self.drawn.to_string(),
        })
    }
}

impl Fields for OperationKey {
    const TYPE: &'static str = "OperationKey";

    fn fields(&self) -> Value {
        json!({ "party": self.party.to_string(), "number": hex(self.number) })
    }
}

impl Fields for Replaces {
    const TYPE: &'static str = "Replaces";

    fn fields(&self) -> Value {
        json!({ "number": hex(self.number), "reason": self.reason.as_str() })
    }
}

impl Fields for SerialRange {
    const TYPE: &'static str = "SerialRange";

    fn fields(&self) -> Value {
        json!({
            "prefix": self.prefix,
            "first": self.first,
            "last": self.last,
            "digits": self.digits,
            "suffix": self.suffix,
        })
    }
}

impl Fields for IssuedLine {
    const TYPE: &'static str = "IssuedLine";

    fn fields(&self) -> Value {
        json!({
            "line": self.line.to_string(),
            "unit": self.unit.code(),
            "authorised": self.authorised.to_string(),
            "appendix": self.appendix.code(),
            "source": self.source.code(),
            "taxon": hex(self.taxon),
            "origins": all(&self.origins),
            "species": self.species.map(hex),
            "operation": maybe(self.operation.as_ref()),
        })
    }
}

impl Fields for Issue {
    const TYPE: &'static str = "Issue";

    fn fields(&self) -> Value {
        json!({
            "number": hex(self.number),
            "kind": self.kind.as_str(),
            "destination": code(self.destination),
            "granted_on": self.granted_on.to_string(),
            "valid_from": self.valid_from.to_string(),
            "valid_until": self.valid_until.to_string(),
            "lines": all(&self.lines),
            "commitment": hex(self.commitment),
            "stamp": self.stamp.map(hex),
            "retrospective": self.retrospective.map(|reason| reason.as_str()),
            "replaces": maybe(self.replaces.as_ref()),
            "import_permit": maybe(self.import_permit.as_ref()),
        })
    }
}

impl Fields for Statement {
    const TYPE: &'static str = "Statement";

    fn fields(&self) -> Value {
        json!({ "statement": self.as_str(), "fields": said(self) })
    }
}

fn said(statement: &Statement) -> Value {
    match statement {
        Statement::Issue(said) => said.fields(),
        Statement::Endorse(said) => json!({
            "permit": said.permit.fields(),
            "lines": all(&said.lines),
            "port": said.port.to_string(),
            "transport": said.transport.map(hex),
        }),
        Statement::Sight(said) => {
            json!({ "permit": said.permit.fields(), "port": said.port.to_string() })
        }
        Statement::Import(said) => json!({
            "permit": said.permit.fields(),
            "lines": all(&said.lines),
            "port": said.port.to_string(),
            "import_permit": maybe(said.import_permit.as_ref()),
        }),
        Statement::Refuse(said) => json!({
            "permit": said.permit.fields(),
            "reason": said.reason.code(),
            "port": said.port.to_string(),
        }),
        Statement::Cancel(said) => {
            json!({ "permit": said.permit.fields(), "reason": said.reason.as_str() })
        }
        Statement::Consent(said) => json!({ "permit": said.permit.fields() }),
        Statement::Cross(said) => json!({
            "permit": said.permit.fields(),
            "direction": said.direction.as_str(),
            "port": said.port.to_string(),
            "document": hex(said.document),
        }),
        Statement::Correct(said) => json!({
            "permit": said.permit.fields(),
            "record": hex(said.record),
            "lines": all(&said.lines),
            "reason": said.reason.as_str(),
        }),
        Statement::PaperSeen(said) => json!({
            "permit": said.permit.fields(),
            "stamp": said.stamp.map(hex),
            "document": hex(said.document),
            "port": said.port.to_string(),
        }),
        Statement::RevokeRange(_)
        | Statement::Quota(_)
        | Statement::Operation(_)
        | Statement::Suspend(_) => of_its_trade(statement),
    }
}

fn of_its_trade(statement: &Statement) -> Value {
    match statement {
        Statement::RevokeRange(said) => json!({
            "series": said.series.as_str(),
            "range": said.range.fields(),
            "reason": said.reason.as_str(),
            "lifted": said.lifted,
        }),
        Statement::Quota(said) => json!({
            "year": said.year,
            "species": hex(said.species),
            "unit": said.unit.code(),
            "total": said.total.to_string(),
        }),
        Statement::Operation(said) => {
            json!({ "number": hex(said.number), "listed": said.listed })
        }
        Statement::Suspend(said) => json!({
            "of": said.of.to_string(),
            "species": said.species.map(hex),
            "from": said.from.to_string(),
            "until": said.until.map(|day| day.to_string()),
        }),
        Statement::Issue(_)
        | Statement::Endorse(_)
        | Statement::Sight(_)
        | Statement::Import(_)
        | Statement::Refuse(_)
        | Statement::Cancel(_)
        | Statement::Consent(_)
        | Statement::Cross(_)
        | Statement::Correct(_)
        | Statement::PaperSeen(_) => unreachable!("said of a permit"),
    }
}
