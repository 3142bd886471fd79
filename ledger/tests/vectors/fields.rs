//! Each canonical type as JSON: the decoded fields, in words that need no Rust.
//!
//! Digests, keys, signatures and bytes are hexadecimal, instants are milliseconds since 1970 (UTC), dates
//! are `YYYY-MM-DD`, quantities are decimals of the unit. What is absent is null.

use ledger::block::Header;
use ledger::log::{ConsistencyPath, InclusionPath};
use ledger::parameters::Parameters;
use ledger::party::{Office, Party, PartyCode};
use ledger::proof::{HandOver, LoggedRecord, Proof, StateEntry};
use ledger::quorum::{Quorum, ValidatorSet};
use ledger::record::{Port, Record};
use ledger::state::{Leaf, Receipt, Warnings};
use ledger::tree::TreePath;
use serde_json::{Value, json};

pub(crate) trait Fields {
    /// Its name in the vectors.
    const TYPE: &'static str;

    fn fields(&self) -> Value;
}

pub(crate) fn hex(bytes: impl AsRef<[u8]>) -> String {
    ledger::digest::hex(bytes.as_ref())
}

pub(crate) fn code(party: Option<PartyCode>) -> Value {
    party.map(|party| party.to_string()).into()
}

pub(crate) fn port(port: Option<Port>) -> Value {
    port.map(|port| port.to_string()).into()
}

pub(crate) fn all<T: Fields>(items: &[T]) -> Value {
    items.iter().map(Fields::fields).collect()
}

pub(crate) fn maybe<T: Fields>(item: Option<&T>) -> Value {
    item.map_or(Value::Null, Fields::fields)
}

/// Doubts as codes, in their order.
pub(crate) fn words(warnings: Warnings) -> Value {
    warnings
        .iter()
        .map(|reason| Value::from(reason.code()))
        .collect()
}

impl Fields for Record {
    const TYPE: &'static str = "Record";

    fn fields(&self) -> Value {
        let checkpoint = self
            .checkpoint
            .map(|point| json!({ "height": point.height.0, "block": hex(point.block) }));
        json!({
            "version": self.version,
            "chain": hex(self.chain),
            "author": self.author.to_string(),
            "offices": self.offices.iter().map(|office| office.0).collect::<Vec<_>>(),
            "statement": self.statement.fields(),
            "made_at": self.made_at.0,
            "checkpoint": checkpoint,
            "after": self.after.map(hex),
            "good_until": self.good_until.0,
            "nonce": hex(self.nonce),
        })
    }
}

impl Fields for Header {
    const TYPE: &'static str = "Header";

    fn fields(&self) -> Value {
        json!({
            "version": self.version,
            "chain": hex(self.chain),
            "height": self.height.0,
            "time": self.time.0,
            "parent": hex(self.parent),
            "log_size": self.log_size,
            "log_root": hex(self.log_root),
            "state_root": hex(self.state_root),
            "validators": hex(self.validators),
            "next_validators": hex(self.next_validators),
            "carried_quorum": self.carried_quorum.map(hex),
            "proposer": hex(self.proposer.as_bytes()),
        })
    }
}

impl Fields for Quorum {
    const TYPE: &'static str = "Quorum";

    fn fields(&self) -> Value {
        let signature = |own: &ledger::quorum::QuorumSignature| json!({ "validator": own.validator, "signature": hex(own.signature.0) });
        json!({
            "height": self.height.0,
            "round": self.round.0,
            "block": hex(self.block),
            "signatures": self.signatures.iter().map(signature).collect::<Value>(),
        })
    }
}

impl Fields for ValidatorSet {
    const TYPE: &'static str = "ValidatorSet";

    fn fields(&self) -> Value {
        let member = |own: &ledger::quorum::Validator| json!({ "key": hex(own.key.as_bytes()), "power": own.power, "party": own.party.to_string() });
        self.members().iter().map(member).collect()
    }
}

impl Fields for Receipt {
    const TYPE: &'static str = "Receipt";

    fn fields(&self) -> Value {
        json!({
            "height": self.height.0,
            "index": self.index,
            "refused": self.refused.map(|reason| reason.code()),
            "warnings": words(self.warnings),
        })
    }
}

impl Fields for Leaf {
    const TYPE: &'static str = "Leaf";

    fn fields(&self) -> Value {
        json!({ "signed": hex(&self.signed), "receipt": self.receipt.fields() })
    }
}

impl Fields for Parameters {
    const TYPE: &'static str = "Parameters";

    fn fields(&self) -> Value {
        json!({
            "protocol_version": self.protocol_version,
            "heartbeat_ms": self.heartbeat_ms,
            "date_begins_offset_minutes": self.date_begins_offset_minutes,
            "date_ends_offset_minutes": self.date_ends_offset_minutes,
            "retrospective_days": self.retrospective_days,
            "max_age_ms": self.max_age_ms,
            "trusting_period_days": self.trusting_period_days,
        })
    }
}

impl Fields for Party {
    const TYPE: &'static str = "Party";

    fn fields(&self) -> Value {
        json!({
            "union": self.union,
            "accepts_unendorsed": self.accepts_unendorsed,
            "import_permit_for_ii": self.import_permit_for_ii,
        })
    }
}

impl Fields for Office {
    const TYPE: &'static str = "Office";

    fn fields(&self) -> Value {
        json!({
            "role": self.role.as_str(),
            "algorithm": "Ed25519",
            "key": hex(self.key.as_bytes()),
            "active_from": self.active_from.0,
            "active_until": self.active_until.map(|height| height.0),
        })
    }
}

impl Fields for TreePath {
    const TYPE: &'static str = "TreePath";

    fn fields(&self) -> Value {
        json!({
            "depth": self.depth,
            "bitmap": hex(&self.bitmap),
            "siblings": self.siblings.iter().map(hex).collect::<Vec<_>>(),
            "other": self.other.map(|other| json!({ "key": hex(other.key), "value": hex(other.value) })),
        })
    }
}

impl Fields for InclusionPath {
    const TYPE: &'static str = "InclusionPath";

    fn fields(&self) -> Value {
        self.0.iter().map(|hash| Value::from(hex(hash))).collect()
    }
}

impl Fields for ConsistencyPath {
    const TYPE: &'static str = "ConsistencyPath";

    fn fields(&self) -> Value {
        self.0.iter().map(|hash| Value::from(hex(hash))).collect()
    }
}

impl Fields for StateEntry {
    const TYPE: &'static str = "StateEntry";

    fn fields(&self) -> Value {
        json!({
            "key": self.key,
            "value": self.value.as_ref().map(|value| hex(&value.0)),
            "path": self.path.fields(),
        })
    }
}

impl Fields for LoggedRecord {
    const TYPE: &'static str = "LoggedRecord";

    fn fields(&self) -> Value {
        json!({
            "index": self.index,
            "leaf": hex(&self.leaf),
            "path": self.path.fields(),
        })
    }
}

impl Fields for HandOver {
    const TYPE: &'static str = "HandOver";

    fn fields(&self) -> Value {
        json!({
            "header": self.header.fields(),
            "quorum": self.quorum.fields(),
            "next": self.next.fields(),
        })
    }
}

impl Fields for Proof {
    const TYPE: &'static str = "Proof";

    fn fields(&self) -> Value {
        json!({
            "version": self.version,
            "permit": self.permit.fields(),
            "header": self.header.fields(),
            "quorum": self.quorum.fields(),
            "entries": all(&self.entries),
            "records": all(&self.records),
            "hand_overs": all(&self.hand_overs),
        })
    }
}
