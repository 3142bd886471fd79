//! A second implementation of the proofs, in Python, accepts what is so and refuses what was tampered with.
//!
//! Ours must give the same answer to every proof, the mutated ones included.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests say so by panicking"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use ledger::codec;
use ledger::digest::{Digest, LogRoot, StateRoot, bytes_from_hex};
use ledger::log::{ConsistencyPath, InclusionPath, LogHead};
use ledger::tree::TreePath;
use serde_json::{Value, json};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn vectors(name: &str) -> Value {
    let path = root().join("tests/vectors").join(name);
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// What the script says of each proof, and its exit code.
fn python(file: &Value, name: &str) -> (Vec<bool>, Option<i32>) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let path = folder.join(format!("{name}.json"));
    fs::write(&path, file.to_string()).unwrap();
    let output = Command::new("python3")
        .arg(root().join("tests/verify_proof.py"))
        .arg(&path)
        .output()
        .expect("python3 runs the second implementation: install it");
    let text = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(errors, "", "no proof is a crash");
    let holds = text.lines().map(|line| line.starts_with("holds"));
    (holds.collect(), output.status.code())
}

fn bytes(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap();
    let pairs = (0..text.len()).step_by(2);
    pairs
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

fn digest(value: &Value) -> Option<Digest> {
    bytes_from_hex(value.as_str()?).map(Digest)
}

fn digests(value: &Value) -> Option<Vec<Digest>> {
    value.as_array()?.iter().map(digest).collect()
}

/// What the ledger says of a proof that is written like this; what cannot be written in bytes fails.
fn ours(file: &Value, proof: &Value) -> bool {
    if file.get("state_root").is_some() {
        return state_path(proof).is_some_and(|path| {
            let value = proof["value"].is_string().then(|| bytes(&proof["value"]));
            let key = proof["key"].as_str().unwrap().as_bytes();
            let root = StateRoot(digest(&file["state_root"]).unwrap());
            path.check(root, key, value.as_deref()).is_ok()
        });
    }
    let head = |size: &Value, root: &Value| LogHead {
        size: size.as_u64().unwrap(),
        root: LogRoot(digest(root).unwrap()),
    };
    let new = head(&file["log_size"], &file["log_root"]);
    let Some(path) = digests(&proof["path"]) else {
        return false;
    };
    if proof.get("leaf").is_some() {
        let index = proof["index"].as_u64().unwrap();
        InclusionPath(path).shows(&new, index, &bytes(&proof["leaf"]))
    } else {
        ConsistencyPath(path).shows(&new, &head(&proof["old_size"], &proof["old_root"]))
    }
}

/// Through the bytes, so that no private field is needed.
fn state_path(proof: &Value) -> Option<TreePath> {
    let path = &proof["path"];
    let mut encoder = minicbor::Encoder::new(Vec::new());
    let other = &path["other"];
    encoder.map(if other.is_null() { 3 } else { 4 }).unwrap();
    let depth = u16::try_from(path["depth"].as_u64()?).ok()?;
    encoder.u8(0).unwrap().u16(depth).unwrap();
    encoder
        .u8(1)
        .unwrap()
        .bytes(&bytes(&path["bitmap"]))
        .unwrap();
    encoder
        .u8(2)
        .unwrap()
        .encode(digests(&path["siblings"])?)
        .unwrap();
    if !other.is_null() {
        encoder.u8(3).unwrap().array(2).unwrap();
        encoder.encode(digest(&other["key"])?).unwrap();
        encoder.encode(digest(&other["value"])?).unwrap();
    }
    codec::decode(&encoder.into_writer(), 70_000).ok()
}

/// The hexadecimal text with one bit flipped.
fn flipped(value: &Value, bit: usize) -> Value {
    let mut bytes = bytes(value);
    let count = bytes.len() * 8;
    if count == 0 {
        return "00".into();
    }
    let bit = bit % count;
    bytes[bit / 8] ^= 0x80 >> (bit % 8);
    ledger::digest::hex(&bytes).into()
}

fn changed(proof: &Value, change: impl FnOnce(&mut Value)) -> Value {
    let mut proof = proof.clone();
    change(&mut proof);
    proof
}

/// Copies that write out one empty sibling each. It leads to the same root: a second form of the same proof.
fn empty_siblings_written_out(proof: &Value) -> Vec<Value> {
    let bitmap = bytes(&proof["path"]["bitmap"]);
    let is_full = |step: &usize| bitmap[step / 8] >> (7 - step % 8) & 1 == 1;
    let depth = usize::try_from(proof["path"]["depth"].as_u64().unwrap()).unwrap();
    let empty = (0..depth).filter(|step| !is_full(step));
    let written_out = empty.map(|step| {
        let place = (0..step).filter(is_full).count();
        changed(proof, |p| {
            p["path"]["bitmap"] = flipped(&p["path"]["bitmap"], step);
            let siblings = p["path"]["siblings"].as_array_mut().unwrap();
            siblings.insert(place, ledger::digest::hex(&ledger::tree::EMPTY.0).into());
        })
    });
    written_out.collect()
}

/// Copies of one proof of the state with one thing wrong.
fn tampered_state(proof: &Value) -> Vec<Value> {
    let mut copies = Vec::new();
    let zeros = "0".repeat(64);
    if proof["value"].is_null() {
        copies.push(changed(proof, |p| p["value"] = "00".into()));
    } else {
        copies.push(changed(proof, |p| p["value"] = Value::Null));
        copies.push(changed(proof, |p| p["value"] = flipped(&p["value"], 3)));
        copies.push(changed(proof, |p| p["key"] = "permit/QS/other".into()));
        copies.push(changed(proof, |p| {
            p["path"]["other"] = json!({ "key": zeros, "value": zeros });
        }));
    }
    let depth = proof["path"]["depth"].as_u64().unwrap();
    for wrong in [
        depth + 1,
        depth + 8,
        depth.wrapping_sub(1) & 0xff,
        257,
        65_535,
    ] {
        copies.push(changed(proof, |p| p["path"]["depth"] = wrong.into()));
    }
    for bit in 0..bytes(&proof["path"]["bitmap"]).len() * 8 {
        copies.push(changed(proof, |p| {
            p["path"]["bitmap"] = flipped(&p["path"]["bitmap"], bit);
        }));
    }
    copies.extend(empty_siblings_written_out(proof));
    let siblings = proof["path"]["siblings"].as_array().unwrap().len();
    for index in 0..siblings {
        copies.push(changed(proof, |p| {
            let sibling = &mut p["path"]["siblings"][index];
            *sibling = flipped(sibling, 77 * index);
        }));
        copies.push(changed(proof, |p| {
            p["path"]["siblings"].as_array_mut().unwrap().remove(index);
        }));
        copies.push(changed(proof, |p| {
            p["path"]["siblings"]
                .as_array_mut()
                .unwrap()
                .swap(index, (index + 1) % siblings);
        }));
    }
    copies.push(changed(proof, |p| {
        p["path"]["siblings"]
            .as_array_mut()
            .unwrap()
            .push(zeros.clone().into());
    }));
    if proof["path"]["other"].is_object() {
        for part in ["key", "value"] {
            copies.push(changed(proof, |p| {
                p["path"]["other"][part] = flipped(&p["path"]["other"][part], 200);
            }));
        }
        copies.push(changed(proof, |p| p["path"]["other"] = Value::Null));
    }
    // Swapping two equal siblings, or the only one with itself, changes nothing.
    copies.retain(|copy| copy != proof);
    copies
}

fn with_proofs(file: &Value, proofs: &[Value]) -> Value {
    let vector = |fields: &Value| json!({ "name": "tampered", "fields": fields });
    changed(file, |file| {
        file["vectors"] = proofs.iter().map(vector).collect();
    })
}

fn fields(file: &Value) -> Vec<Value> {
    let vectors = file["vectors"].as_array().unwrap();
    vectors
        .iter()
        .map(|vector| vector["fields"].clone())
        .collect()
}

#[test]
fn both_implementations_accept_every_proof_of_the_vectors() {
    let state = fields(&vectors("state_proofs.json"));
    let absent = |other: bool| {
        let ends = |proof: &&Value| {
            proof["value"].is_null() && proof["path"]["other"].is_object() == other
        };
        state.iter().filter(ends).count()
    };
    assert!(absent(true) > 0 && absent(false) > 0 && absent(true) + absent(false) < state.len());
    for name in ["state_proofs.json", "log_proofs.json"] {
        let file = vectors(name);
        let (holds, exit) = python(&file, name);
        assert_eq!(exit, Some(0));
        assert!(holds.len() > 7 && holds.iter().all(|holds| *holds));
        assert!(fields(&file).iter().all(|proof| ours(&file, proof)));
    }
}

#[test]
fn both_implementations_refuse_every_tampered_or_swapped_state_proof() {
    let file = vectors("state_proofs.json");
    let honest = fields(&file);
    let mut proofs: Vec<_> = honest.iter().flat_map(tampered_state).collect();
    for (at, proof) in honest.iter().enumerate() {
        let others = honest.iter().enumerate().filter(|(other, _)| *other != at);
        for (_, other) in others.filter(|(_, other)| other["path"] != proof["path"]) {
            proofs.push(changed(proof, |p| p["path"] = other["path"].clone()));
        }
        for other in honest
            .iter()
            .filter(|other| other["value"] != proof["value"])
        {
            proofs.push(changed(proof, |p| p["value"] = other["value"].clone()));
        }
    }
    let tampered = with_proofs(&file, &proofs);
    let (holds, exit) = python(&tampered, "tampered_state");
    assert_eq!((holds.len(), exit), (proofs.len(), Some(1)));
    assert!(proofs.len() > 200, "{}", proofs.len());
    let empty = ledger::digest::hex(&ledger::tree::EMPTY.0);
    let written_out = proofs.iter().filter(|proof| {
        let siblings = proof["path"]["siblings"].as_array().unwrap();
        siblings.iter().any(|sibling| *sibling == *empty)
    });
    assert!(written_out.count() > 3, "empty siblings, written out");
    for (proof, holds) in proofs.iter().zip(holds) {
        assert!(!holds, "accepted by the script: {proof}");
        assert!(!ours(&file, proof), "accepted by the ledger: {proof}");
    }
    let other_root = changed(&file, |file| {
        file["state_root"] = flipped(&file["state_root"], 0);
    });
    let (holds, _) = python(&other_root, "other_root");
    assert!(holds.iter().all(|holds| !holds));
    assert!(honest.iter().all(|proof| !ours(&other_root, proof)));
}

#[test]
fn both_implementations_refuse_every_tampered_or_swapped_log_proof() {
    let file = vectors("log_proofs.json");
    let honest = fields(&file);
    let mut proofs = Vec::new();
    for proof in &honest {
        let length = proof["path"].as_array().unwrap().len();
        for index in 0..length {
            proofs.push(changed(proof, |p| {
                p["path"][index] = flipped(&p["path"][index], 9);
            }));
            proofs.push(changed(proof, |p| {
                p["path"].as_array_mut().unwrap().remove(index);
            }));
        }
        proofs.push(changed(proof, |p| {
            p["path"]
                .as_array_mut()
                .unwrap()
                .push("0".repeat(64).into());
        }));
        let inclusion = proof.get("leaf").is_some();
        let (number, text) = if inclusion {
            ("index", "leaf")
        } else {
            ("old_size", "old_root")
        };
        proofs.push(changed(proof, |p| p[text] = flipped(&p[text], 5)));
        for wrong in [0_u64, 1, 2, 3, 4, 5, 6, 7, 1_u64 << 40] {
            if proof[number] != wrong {
                proofs.push(changed(proof, |p| p[number] = wrong.into()));
            }
        }
        let same_kind = honest
            .iter()
            .filter(|other| other.get("leaf").is_some() == inclusion);
        for other in same_kind.filter(|other| other["path"] != proof["path"]) {
            proofs.push(changed(proof, |p| p["path"] = other["path"].clone()));
        }
    }
    let (holds, exit) = python(&with_proofs(&file, &proofs), "tampered_log");
    assert_eq!((holds.len(), exit), (proofs.len(), Some(1)));
    for (proof, holds) in proofs.iter().zip(holds) {
        assert!(!holds, "accepted by the script: {proof}");
        assert!(!ours(&file, proof), "accepted by the ledger: {proof}");
    }
}

#[test]
fn a_file_without_proofs_proves_nothing() {
    let file = with_proofs(&vectors("state_proofs.json"), &[]);
    assert_eq!(python(&file, "empty"), (vec![], Some(1)));
}
