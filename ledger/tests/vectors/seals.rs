//! Seals on paper, for decoders that share no code with this one.

use ledger::digest::{BlockId, sha256};
use ledger::party::{Height, Role};
use ledger::permit::commitment::{PermitSecret, commit};
use ledger::permit::xml;
use ledger::seal::{Seal, SealAnchor};
use ledger::testing::{CHAIN, office, office_key};
use serde_json::{Value, json};

use super::{File, Vector};
use crate::fields::hex;

const SECRET: [u8; 32] = [7; 32];

/// Documents of `tests/permits/good`.
const SAMPLES: [(&str, &[u8]); 2] = [
    (
        "export-skins",
        include_bytes!("../../../tests/permits/good/export-skins.xml"),
    ),
    (
        "musical-instrument",
        include_bytes!("../../../tests/permits/good/musical-instrument.xml"),
    ),
];

pub(crate) fn seals() -> File {
    let vectors = SAMPLES.iter().map(|(name, bytes)| seal(name, bytes));
    File::new(
        "seals",
        "The text of a QR code: CP1: and base45 (RFC 9285) of a COSE_Sign1 (RFC 9052, Ed25519) whose external_aad is tag \"seal\" and the chain id, framed as digests are. tests/verify_seal.py reads them with libraries of others.",
        vectors.collect(),
    )
}

fn seal(name: &str, bytes: &[u8]) -> Vector {
    let permit = xml::read(bytes).unwrap().permit;
    let issuer = permit.issuer().unwrap();
    let secret = PermitSecret::new(SECRET);
    let key = office_key(issuer, office(Role::Management));
    let anchor = SealAnchor {
        height: Height(1_057),
        block: BlockId(sha256(b"block 1057")),
    };
    let seal = Seal::make((CHAIN, issuer), &permit, &secret, anchor, &key).unwrap();
    let shown = seal.revealed().shown.iter();
    let shown: Vec<Value> = shown
        .map(|(place, field)| json!([place, field.path, field.value]))
        .collect();
    let fields = json!({
        "chain": hex(CHAIN),
        "issuer": issuer.as_str(),
        "key": hex(key.public().as_bytes()),
        "secret": hex(SECRET),
        "height": anchor.height.0,
        "block": hex(anchor.block),
        "size": seal.revealed().size,
        "shown": shown,
        "hidden": seal.revealed().hidden.iter().map(hex).collect::<Vec<_>>(),
        "commitment": hex(commit(&permit, &secret)),
        "text": seal.to_text(),
    });
    Vector::plain(&format!("seal-{name}"), fields, seal.to_bytes())
}
