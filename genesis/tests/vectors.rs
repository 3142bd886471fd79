//! Golden vector of the genesis: the demo network's canonical bytes, chain id and first state, pinned in
//! `tests/vectors/genesis.json` for another implementation, the bytes beside it.
//!
//! They change only with a new version of the protocol: `UPDATE_VECTORS=1` rewrites them.

use std::fs;
use std::path::{Path, PathBuf};

use genesis::{Genesis, Member, Node, SeatedOffice};
use ledger::digest::hex;
use ledger::state::memory::initial_changes;
use serde_json::{Value, json};

const TOML: &str = include_str!("../networks/demo-1.toml");

const ABOUT: &str = "Chain id = H(\"genesis\", bytes), H as in digests.json. The bytes are the canonical form of genesis/networks/demo-1.toml: a map of 0: network, 1: parameters, 2: Parties in ascending order of code. A Party is a map of 0: code, 1: name, 2: customs union, 3: accepts_unendorsed, 4: offices (0: role, 1: key, 2: possession), 5: nodes in ascending order of peer key (0: peer key, 1: possession, 2: vote, which is 0: key, 1: possession, 2: power). State: the values of the map before block 1, which give the state root.";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors")
}

fn office(office: &SeatedOffice) -> Value {
    json!({
        "role": office.role.as_str(),
        "key": hex(office.key.as_bytes()),
        "possession": hex(&office.possession.0),
    })
}

fn node(node: &Node) -> Value {
    let voting = node.voting.map(|voting| {
        json!({
            "key": hex(voting.key.as_bytes()),
            "possession": hex(&voting.possession.0),
            "power": voting.power,
        })
    });
    json!({
        "peer": hex(node.peer.0.as_bytes()),
        "peer_id": node.peer.to_string(),
        "possession": hex(&node.possession.0),
        "voting": voting,
    })
}

fn member(member: &Member) -> Value {
    json!({
        "code": member.code.to_string(),
        "name": member.name,
        "customs_union": member.customs_union,
        "accepts_unendorsed": member.accepts_unendorsed,
        "offices": member.offices.iter().map(office).collect::<Vec<_>>(),
        "nodes": member.nodes.iter().map(node).collect::<Vec<_>>(),
    })
}

fn vector(genesis: &Genesis) -> Value {
    let parameters = genesis.parameters();
    let state = genesis.initial_state();
    let (root, _) = initial_changes(state.clone());
    let entry = |(key, value): &(String, Vec<u8>)| json!({ "key": key, "value": hex(value) });
    json!({
        "about": ABOUT,
        "vectors": [{
            "name": "demo-1",
            "type": "Genesis",
            "fields": {
                "network": genesis.network().as_str(),
                "parameters": {
                    "protocol_version": parameters.protocol_version,
                    "heartbeat_ms": parameters.heartbeat_ms,
                    "date_begins_offset_minutes": parameters.date_begins_offset_minutes,
                    "date_ends_offset_minutes": parameters.date_ends_offset_minutes,
                    "retrospective_days": parameters.retrospective_days,
                    "max_age_ms": parameters.max_age_ms,
                    "trusting_period_days": parameters.trusting_period_days,
                },
                "parties": genesis.members().iter().map(member).collect::<Vec<_>>(),
            },
            "bytes": hex(&genesis.canonical()),
            "chain_id": genesis.chain_id().to_string(),
            "fingerprint": genesis.fingerprint().to_string(),
            "validators": hex(genesis.validators().digest().as_ref()),
            "state": state.iter().map(entry).collect::<Vec<_>>(),
            "state_root": root.to_string(),
        }],
    })
}

#[test]
fn the_demo_network_keeps_its_bytes_its_name_and_its_first_state() {
    let genesis = Genesis::parse(TOML).unwrap();
    let (json, bytes) = (
        folder().join("genesis.json"),
        folder().join("genesis.demo-1.bin"),
    );
    let expected = vector(&genesis);
    if std::env::var_os("UPDATE_VECTORS").is_some() {
        let text = serde_json::to_string_pretty(&expected).unwrap() + "\n";
        fs::write(&json, text).unwrap();
        fs::write(&bytes, genesis.canonical()).unwrap();
    }
    let stored: Value = serde_json::from_slice(&fs::read(json).unwrap()).unwrap();
    assert_eq!(stored, expected, "a new protocol version, or a mistake");
    assert_eq!(fs::read(bytes).unwrap(), genesis.canonical());
}
