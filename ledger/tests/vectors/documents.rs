//! From the document to the ledger: XML, fields, commitment, secret file, one field disclosed, record.

use ledger::codec;
use ledger::digest::{Tag, hash};
use ledger::party::{PartyCode, Role};
use ledger::permit::commitment::{PermitSecret, SecretFile, commit, disclose};
use ledger::permit::fields::fields;
use ledger::permit::{Permit, xml};
use ledger::record::{Issue, Statement};
use ledger::testing::{CHAIN, START, record};
use serde_json::{Value, json};

use super::{File, Vector};
use crate::fields::hex;

const SECRET: [u8; 32] = [7; 32];

/// Documents of `tests/permits/good`, and a field of each that is disclosed.
const SAMPLES: [(&str, &[u8], &str); 4] = [
    (
        "export-skins",
        include_bytes!("../../../tests/permits/good/export-skins.xml"),
        "11/A/quantity",
    ),
    (
        "re-export-in-soap",
        include_bytes!("../../../tests/permits/good/re-export-in-soap.xml"),
        "7/B/taxon",
    ),
    (
        "import-permit-without-prefix",
        include_bytes!("../../../tests/permits/good/import-permit-without-prefix.xml"),
        "3a/country",
    ),
    (
        "musical-instrument",
        include_bytes!("../../../tests/permits/good/musical-instrument.xml"),
        "#schema",
    ),
];

pub(crate) fn documents() -> File {
    let vectors = SAMPLES
        .iter()
        .flat_map(|(name, bytes, path)| document(name, bytes, path));
    File::new(
        "documents",
        "The fields of tests/permits/good/<xml>, ascending by path. salt = HMAC-SHA-256(secret, path); leaf = H(\"field\", salt, path, value); commitment = RFC 6962 root over the leaves. Taxon key of line A = HMAC-SHA-256(secret, \"taxon/A\"), taxon tag = HMAC-SHA-256(key, tag \"taxon\" and the name of box 7, framed as digests are). A secret file is a map of 0: issuer, 1: number, 2: secret, 3: [path, leaf] of each field, 4: [line, key] of each line whose taxon key is its origin's. The record is what the Management Authority signs.",
        vectors.collect(),
    )
}

fn document(name: &str, bytes: &[u8], path: &str) -> [Vector; 3] {
    let permit = xml::read(bytes).unwrap().permit;
    let issuer = permit.issuer().unwrap();
    let secret = PermitSecret::new(SECRET);
    let file = SecretFile::new(issuer, &permit, secret.clone(), Vec::new());
    let commitment = commit(&permit, &secret);
    assert_eq!(file.commitment(), commitment);
    let of_file = Vector::plain(
        &format!("secret-file-{name}"),
        all_fields(name, issuer, &permit, &file),
        file.to_bytes(),
    );
    let shown = disclose(&permit, &secret, path).unwrap();
    assert!(shown.verify(&commitment));
    let disclosed = json!({
        "path": shown.path,
        "value": shown.value,
        "salt": hex(shown.salt),
        "index": shown.index,
        "size": shown.size,
        "audit_path": shown.audit_path.iter().map(hex).collect::<Vec<_>>(),
    });
    let of_field = Vector::plain(
        &format!("disclosure-{name}"),
        disclosed,
        codec::encode(&shown),
    );
    let issue = Issue::of(CHAIN, issuer, &permit, &file);
    let author = (issuer.as_str(), Role::Management);
    let record = record(author, Statement::Issue(issue), START, 7);
    [
        of_file
            .typed("SecretFile")
            .with("commitment", hex(commitment)),
        of_field
            .typed("Disclosure")
            .with("commitment", hex(commitment)),
        Vector::of(&format!("record-{name}"), &record),
    ]
}

fn all_fields(name: &str, issuer: PartyCode, permit: &Permit, file: &SecretFile) -> Value {
    let secret = PermitSecret::new(SECRET);
    let field = |path: &str, value: &str| {
        let salt = disclose(permit, &secret, path).unwrap().salt;
        let parts = [salt.as_ref(), path.as_bytes(), value.as_bytes()];
        let leaf = hash(Tag::Field, &parts);
        json!({ "path": path, "value": value, "salt": hex(salt), "leaf": hex(leaf) })
    };
    let fields = fields(permit);
    let lines = permit.lines.iter().map(|line| {
        json!({ "line": line.id.to_string(), "taxon_key": hex(file.taxon_key(line.id).as_bytes()) })
    });
    json!({
        "xml": format!("{name}.xml"),
        "issuer": issuer.as_str(),
        "number": permit.number.as_str(),
        "secret": hex(SECRET),
        "fields": fields.iter().map(|one| field(&one.path, &one.value)).collect::<Vec<_>>(),
        "lines": lines.collect::<Vec<_>>(),
    })
}
