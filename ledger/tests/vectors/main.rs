//! Golden vectors: the bytes of every canonical type, pinned in `tests/vectors/`.
//!
//! Each file is JSON for another implementation to read: a name, the decoded fields, the bytes in
//! hexadecimal; beside it the bytes of each canonical type as `<file>.<name>.bin`. A test makes them all
//! again and compares byte for byte. `genesis.*` is pinned by the crate genesis. Bytes that are stored, hashed or signed change only with a new version
//! of the protocol: `UPDATE_VECTORS=1` rewrites the files, and the review asks why.
#![expect(clippy::unwrap_used, reason = "tests say so by panicking")]

mod documents;
mod fields;
mod records;
mod samples;
mod seals;
mod statements;
mod states;
mod values;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::fs;
use std::path::PathBuf;

use ledger::codec;
use minicbor::{Decode, Encode};
use serde_json::{Map, Value, json};

use fields::{Fields, hex};

/// One pinned value.
struct Vector {
    name: String,
    json: Map<String, Value>,
    bytes: Vec<u8>,
}

impl Vector {
    /// A value of a canonical type, which must read back from its bytes.
    fn of<T>(name: &str, value: &T) -> Self
    where
        T: Encode<()> + for<'b> Decode<'b, ()> + PartialEq + Debug + Fields,
    {
        let bytes = codec::encode(value);
        let read: T = codec::decode(&bytes, bytes.len()).unwrap();
        assert_eq!(&read, value, "{name}");
        Self::plain(name, value.fields(), bytes).typed(T::TYPE)
    }

    /// Bytes with their fields.
    fn plain(name: &str, fields: Value, bytes: Vec<u8>) -> Self {
        let mut json = Map::new();
        json.insert("fields".into(), fields);
        json.insert("bytes".into(), hex(&bytes).into());
        let name = name.to_owned();
        Self { name, json, bytes }
    }

    /// And something else that is known of it.
    fn with(mut self, name: &str, known: impl Into<Value>) -> Self {
        self.json.insert(name.into(), known.into());
        self
    }

    /// Of a canonical type, so that its bytes also stand in a file of their own.
    fn typed(self, kind: &str) -> Self {
        self.with("type", kind)
    }

    fn is_typed(&self) -> bool {
        self.json.contains_key("type")
    }
}

/// One file of vectors.
struct File {
    name: &'static str,
    head: Map<String, Value>,
    vectors: Vec<Vector>,
}

impl File {
    /// Names that occur more than once are numbered.
    fn new(name: &'static str, about: &str, mut vectors: Vec<Vector>) -> Self {
        let mut counts: BTreeMap<String, u32> = BTreeMap::new();
        for vector in &mut vectors {
            let count = counts.entry(vector.name.clone()).or_default();
            *count += 1;
            if *count > 1 {
                vector.name = format!("{}-{count}", vector.name);
            }
            vector
                .json
                .insert("name".into(), vector.name.clone().into());
        }
        let head = Map::from_iter([("about".to_owned(), about.into())]);
        Self {
            name,
            head,
            vectors,
        }
    }

    fn with(mut self, name: &str, value: Value) -> Self {
        self.head.insert(name.into(), value);
        self
    }

    fn text(&self) -> String {
        let mut head = self.head.clone();
        let vectors = self.vectors.iter().map(|vector| json!(vector.json));
        head.insert("vectors".into(), vectors.collect());
        let value = sorted(&Value::Object(head));
        serde_json::to_string_pretty(&value).unwrap() + "\n"
    }
}

/// Keys in order, whichever map `serde_json` was built with.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(sorted).collect(),
        Value::Object(map) => {
            let map: BTreeMap<_, _> = map
                .iter()
                .map(|(key, value)| (key, sorted(value)))
                .collect();
            map.into_iter()
                .map(|(key, value)| (key.clone(), value))
                .collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors")
}

/// Every file that should be there, by name.
fn expected() -> BTreeMap<String, Vec<u8>> {
    let mut expected = BTreeMap::new();
    for file in samples::files() {
        expected.insert(format!("{}.json", file.name), file.text().into_bytes());
        let typed = file.vectors.into_iter().filter(Vector::is_typed);
        for vector in typed {
            let name = format!("{}.{}.bin", file.name, vector.name);
            assert!(expected.insert(name, vector.bytes).is_none());
        }
    }
    expected
}

fn stored() -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder()).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let vectors = paths.filter(|path| {
        let kind = path.extension().and_then(|kind| kind.to_str());
        let name = path.file_name().and_then(|name| name.to_str());
        let other = name.is_some_and(|name| name.starts_with("genesis."));
        matches!(kind, Some("json" | "bin")) && !other
    });
    vectors
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read(path).unwrap())
        })
        .collect()
}

#[test]
fn every_canonical_type_keeps_its_bytes() {
    let expected = expected();
    if std::env::var_os("UPDATE_VECTORS").is_some() {
        for name in stored().keys() {
            fs::remove_file(folder().join(name)).unwrap();
        }
        for (name, bytes) in &expected {
            fs::write(folder().join(name), bytes).unwrap();
        }
    }
    let stored = stored();
    let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(
        names(&stored),
        names(&expected),
        "the files of tests/vectors"
    );
    for (name, bytes) in expected {
        let same = stored.get(&name) == Some(&bytes);
        assert!(
            same,
            "`tests/vectors/{name}` has other bytes: a new protocol version, or a mistake"
        );
    }
}

#[test]
fn the_bytes_are_deterministic_cbor_as_the_standard_has_it() {
    for file in samples::files() {
        for vector in file.vectors.iter().filter(|vector| vector.is_typed()) {
            let mut decoder = minicbor::Decoder::new(&vector.bytes);
            walk(&mut decoder, &vector.name);
            assert_eq!(decoder.position(), vector.bytes.len(), "{}", vector.name);
        }
    }
}

/// RFC 8949 §4.2.1 by another way than encoding again: shortest heads, definite lengths, ascending keys.
fn walk(decoder: &mut minicbor::Decoder<'_>, name: &str) {
    use minicbor::data::Type;
    let start = decoder.position();
    let first = decoder.input()[start];
    let (major, count) = head(&decoder.input()[start..], name);
    match major {
        0 | 1 => {
            decoder.set_position(start + size_of_head(first));
        }
        2 | 3 => {
            let end = start + size_of_head(first) + usize::try_from(count).unwrap();
            decoder.set_position(end);
        }
        4 => {
            decoder.set_position(start + size_of_head(first));
            for _ in 0..count {
                // An absent field of an array keeps its place; one of a map is left out.
                if decoder.input().get(decoder.position()) == Some(&0xf6) {
                    decoder.set_position(decoder.position() + 1);
                } else {
                    walk(decoder, name);
                }
            }
        }
        5 => {
            decoder.set_position(start + size_of_head(first));
            let mut keys = Vec::new();
            for _ in 0..count {
                assert_eq!(decoder.datatype().unwrap(), Type::U8, "{name}: small keys");
                keys.push(decoder.u8().unwrap());
                walk(decoder, name);
            }
            assert!(keys.is_sorted_by(|a, b| a < b), "{name}: keys {keys:?}");
        }
        _ => {
            assert!(
                [0xf4, 0xf5].contains(&first),
                "{name}: only true and false, got {first:#x}"
            );
            decoder.set_position(start + 1);
        }
    }
}

fn size_of_head(first: u8) -> usize {
    match first & 31 {
        24 => 2,
        25 => 3,
        26 => 5,
        27 => 9,
        _ => 1,
    }
}

/// Major type and argument of a head, which must be the shortest one.
fn head(bytes: &[u8], name: &str) -> (u8, u64) {
    let size = size_of_head(bytes[0]);
    let short = bytes[0] & 31;
    assert!(short < 28, "{name}: indefinite or reserved");
    let argument = bytes[1..size]
        .iter()
        .fold(0, |sum, byte| sum << 8 | u64::from(*byte));
    let least = [0, 24, 0x100, 0, 0x1_0000, 0, 0, 0, 0x1_0000_0000][size - 1];
    assert!(argument >= least, "{name}: a longer head than needed");
    (
        bytes[0] >> 5,
        if size == 1 { short.into() } else { argument },
    )
}
