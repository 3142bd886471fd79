//! Trust that moves on: from a node, or on a stick to a device without a line.

use std::fs;

use serde_json::Value;

use crate::desk::Device;

const NUMBER: &str = "26QS000123";

/// The newest block that a device says it has verified.
fn newest(device: &Device) -> Option<Value> {
    let value = device.run(&["trust", "show", "--json"]).ends(0).json();
    value["checkpoints"].as_array().unwrap().last().cloned()
}

fn height(device: &Device) -> u64 {
    newest(device).map_or(0, |newest| {
        newest["height"].as_str().unwrap().parse().unwrap()
    })
}

#[test]
fn a_device_with_a_line_moves_on_and_one_without_is_brought_along() {
    let device = Device::new();
    device.issue(NUMBER);
    device.node.chain(|chain| chain.block(&[])).unwrap();
    device
        .run(&["trust", "sync"])
        .ends(0)
        .says("moved    from height");
    let known = height(&device);
    assert!(known > 0);
    device.run(&["trust", "sync"]).ends(0).says("moved    not");
    let run = device
        .run(&["trust", "export", "stick.trust", "--json"])
        .ends(0);
    assert_eq!(run.json()["file"], "stick.trust");
    // A device of the same network that has never had a line.
    let far = Device::new();
    let carried = fs::read(device.path("stick.trust")).unwrap();
    far.write("stick.trust", &carried, 0o644);
    assert_eq!(height(&far), 0);
    far.run_at("http://127.0.0.1:9", &["trust", "import", "stick.trust"])
        .ends(0);
    assert_eq!(height(&far), known);
    assert!(far.node.asked().is_empty());
    far.run(&["trust", "import", "stick.trust"])
        .ends(0)
        .says("moved    not");
}

#[test]
fn what_is_older_altered_or_of_another_network_changes_nothing() {
    let device = Device::new();
    device.issue(NUMBER);
    device.run(&["trust", "export", "old.trust"]).ends(0);
    device.node.chain(|chain| chain.block(&[])).unwrap();
    device.run(&["trust", "export", "new.trust"]).ends(0);
    let known = height(&device);
    let run = device
        .run(&["trust", "import", "old.trust", "--json"])
        .ends(5);
    assert_eq!(run.json()["code"], "BEHIND");
    let bytes = fs::read(device.path("new.trust")).unwrap();
    let mut far = Device::new();
    for place in (0..bytes.len()).step_by(41) {
        let mut altered = bytes.clone();
        altered[place] ^= 0x10;
        far.write("altered.trust", &altered, 0o644);
        let code = far.run(&["trust", "import", "altered.trust"]).code;
        let is_trusted = height(&far) > 0;
        let expected: &[i32] = if is_trusted { &[0] } else { &[3, 4, 8] };
        assert!(expected.contains(&code), "byte {place} ends {code}");
        // Which permit the proof was asked for is no matter of trust: the block is the true one all the same.
        if is_trusted {
            assert_eq!(newest(&far), newest(&device), "byte {place}");
            far = Device::new();
        }
    }
    far.write("cut.trust", &bytes[..bytes.len() / 2], 0o644);
    far.run(&["trust", "import", "cut.trust"]).ends(8);
    far.run(&["trust", "import", "missing.trust"]).ends(8);
    let other = Device::of(&crate::chain::GENESIS.replace("Norvia", "Norvia two"));
    other.write("new.trust", &bytes, 0o644);
    let run = other
        .run(&["trust", "import", "new.trust", "--json"])
        .ends(3);
    assert_eq!(run.json()["code"], "OTHER_NETWORK");
    assert_eq!(height(&device), known);
    device
        .run_at("http://127.0.0.1:9", &["trust", "sync"])
        .ends(5);
}
