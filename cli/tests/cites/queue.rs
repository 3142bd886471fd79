//! Without a line: acts of customs are kept on the device, sent in order later, and nothing is lost or done twice.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::thread;

use ledger::signed::Signed;
use serde_json::Value;

use crate::desk::{Device, Run, exists};
use crate::node::Desk;

const NUMBER: &str = "26QS000123";
const OTHER: &str = "26QS000124";
const NOWHERE: &str = "http://127.0.0.1:1";

impl Device {
    /// An act of an office that asks no node.
    fn offline(&self, office: &str, arguments: &[&str]) -> Run {
        self.run_as(office, &[arguments, &["--offline", "--yes"]].concat())
    }

    fn sight_offline(&self, number: &str) -> Run {
        let name = format!("QS/{number}");
        self.offline("QT/customs", &["sight", &name, "--port", "QTMAR"])
    }

    fn import_offline(&self, home: &str, port: &str) -> Run {
        let name = format!("QS/{NUMBER}");
        let import = ["import", &name, "--line", "A=958NAR", "--port", port];
        self.offline("QN/customs", &[&import[..], &["--home", home]].concat())
    }

    /// A permit that may be imported, and what the node was asked for it.
    fn endorsed(&self) -> usize {
        self.issue(NUMBER);
        self.endorse(NUMBER);
        self.node.asked().len()
    }

    fn queued(&self) -> Vec<Value> {
        let list = self.run(&["queue", "--json"]).json();
        list["records"].as_array().unwrap().clone()
    }

    fn states(&self) -> Vec<String> {
        let records = self.queued();
        let states = records.iter().map(|record| record["state"].as_str());
        states.map(|state| state.unwrap().to_owned()).collect()
    }

    fn file(&self, number: usize) -> PathBuf {
        self.path(&format!("home/queue/{number:06}.record"))
    }

    /// Records about a permit on the ledger.
    fn logged(&self, number: &str) -> usize {
        let permit = self.permit_key(number);
        self.node.chain(|chain| chain.history(&permit)).len()
    }
}

#[test]
fn acts_made_without_a_line_are_kept_and_listed_and_nothing_is_sent() {
    let device = Device::new();
    let xml = device.issue(NUMBER);
    let asked = device.node.asked().len();
    let endorse = ["endorse", &xml, "--line", "A=960", "--port", "QSSUR"];
    device
        .offline("QS/customs", &endorse)
        .ends(9)
        .says("? KEPT, NOT SENT   endorse of QS/26QS000123 is signed and kept on this device;")
        .says("nothing is on the ledger yet")
        .says("cites queue send")
        .says("warning: OFFLINE: Seal genuine; use not checked since");
    device.sight_offline(NUMBER).ends(9);
    let refuse = ["refuse", &xml, "--reason", "USED", "--port", "QTMAR"];
    device.offline("QT/customs", &refuse).ends(9);
    let import = ["import", &xml, "--line", "A=958", "--port", "QNHAR"];
    let run = device.offline("QN/customs", &[&import[..], &["--json"]].concat());
    let value = run.ends(9).json();
    assert_eq!(value["schema"], "cites.record/1");
    assert_eq!(
        (value["status"].as_str(), value["code"].as_str()),
        (Some("kept"), Some("NOT_SENT"))
    );
    assert_eq!(value["queue"]["number"], 4);
    assert_eq!(device.node.asked().len(), asked, "--offline asks nobody");
    assert_eq!(device.logged(NUMBER), 1);

    let records = device.queued();
    let acts: Vec<_> = records.iter().map(|record| &record["statement"]).collect();
    assert_eq!(acts, ["endorse", "sight", "refuse", "import"]);
    assert_eq!(records[3]["record"], value["record"]);
    assert_eq!(device.states(), ["waiting"; 4]);
    let list = device.run(&["queue"]).ends(0);
    assert_eq!(list.stdout, device.run(&["queue", "list"]).stdout);
    list.says("0 recorded, 0 refused, 4 waiting")
        .says("  4         import of QS/26QS000123, made 2");
    let mode = fs::metadata(device.file(1)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // What follows two lines of text is the record as a node takes it; it names the newest block of this device.
    let file = fs::read(device.file(1)).unwrap();
    let record = file.splitn(3, |byte| *byte == b'\n').last().unwrap();
    let signed = Signed::decode(record).unwrap();
    let checkpoint = signed.record().checkpoint.as_ref().unwrap();
    assert_eq!(checkpoint.height.0, 2);
}

#[test]
fn a_node_that_does_not_answer_is_no_reason_to_lose_an_act() {
    let device = Device::new();
    device.endorsed();
    let key = device.key("QN", "customs");
    let import = [
        "--key",
        &key,
        "import",
        "QS/26QS000123",
        "--port",
        "QNHAR",
        "--yes",
        "--line",
    ];
    device
        .run_at(NOWHERE, &[&import[..], &["A=958"]].concat())
        .ends(2)
        .says("the unit of line A cannot be known without a node");
    device
        .run_at(NOWHERE, &[&import[..], &["A=958NAR"]].concat())
        .ends(9)
        .says("cannot be reached")
        .says("No proof at hand: nothing could be checked")
        .says("KEPT, NOT SENT");
    // With a proof, the unit and what could be checked are known.
    let proof = device.save_proof(NUMBER);
    device
        .run_at(
            NOWHERE,
            &[&import[..], &["A=958", "--proof", &proof]].concat(),
        )
        .ends(9)
        .says("OFFLINE")
        .says("number 1 waits already with the same act");
    // Too busy to take it, or gone half-way.
    let sight = [
        "sight",
        "QS/26QS000123",
        "--port",
        "QTMAR",
        "--timeout",
        "1",
    ];
    device
        .node
        .takes(Desk::Status(503, "{\"code\":\"NOT_IN_SYNC\"}"));
    device
        .run_as("QT/customs", &sight)
        .ends(9)
        .says("KEPT, NOT SENT");
    device.node.vanishes_after(1);
    device.node.takes(Desk::Prompt);
    device
        .run_as("QT/customs", &sight)
        .ends(9)
        .says("KEPT, NO ANSWER")
        .says("whether it is on the ledger is not known");
    assert_eq!(device.states(), ["waiting"; 4]);
    // A node that says no is an answer.
    device.node.returns();
    device
        .node
        .takes(Desk::Status(422, "{\"code\":\"INADMISSIBLE\"}"));
    device.run_as("QT/customs", &sight).ends(6);
    // What is not done at the border is not kept.
    let cancel = ["permit", "cancel", "QS/26QS000123", "--reason", "lost"];
    device.offline("QS/management", &cancel).ends(2);
    assert_eq!(device.queued().len(), 4);
}

#[test]
fn on_reconnection_they_are_sent_in_order_and_only_once() {
    let device = Device::new();
    let xml = device.issue(NUMBER);
    let endorse = ["endorse", &xml, "--line", "A=960", "--port", "QSSUR"];
    device.offline("QS/customs", &endorse).ends(9);
    device.sight_offline(NUMBER).ends(9);
    device.import_offline("home", "QNHAR").ends(9);
    device.run_at(NOWHERE, &["queue", "send"]).ends(5);
    device
        .run(&["queue"])
        .ends(0)
        .says("could not be sent yet: node http://127.0.0.1:1 cannot be reached");
    device
        .run(&["queue", "send"])
        .ends(0)
        .says("3 recorded, 0 refused, 0 waiting")
        .says("recorded at height 3")
        .says("recorded at height 5");
    let heights: Vec<Value> = device
        .queued()
        .iter()
        .map(|record| record["answer"]["receipt"]["height"].clone())
        .collect();
    assert_eq!(heights, ["3", "4", "5"]);
    let asked = device.node.asked().len();
    device
        .run(&["queue", "send"])
        .ends(0)
        .says("nothing waits to be sent");
    assert_eq!(device.node.asked().len(), asked);
    assert_eq!(device.logged(NUMBER), 4);
}

#[test]
fn of_two_devices_of_one_office_exactly_one_wins_and_the_other_learns_it() {
    let device = Device::new();
    device.endorsed();
    device
        .run(&[
            "--home",
            "home2",
            "trust",
            "pin",
            "genesis.toml",
            "--fingerprint",
            &crate::desk::fingerprint(crate::chain::GENESIS),
            "-q",
        ])
        .ends(0);
    device.import_offline("home", "QNHAR").ends(9);
    device.import_offline("home2", "QNEST").ends(9);
    device
        .run(&["--home", "home2", "queue", "send"])
        .ends(0)
        .says("recorded at height 4");
    device
        .run(&["queue", "send"])
        .ends(6)
        .says("0 recorded, 1 refused, 0 waiting")
        .says("refused USED by QN at QNEST before you, height 4")
        .says("hold the goods, refuse");
    let state = device.state(NUMBER);
    let import = state.import.unwrap();
    assert_eq!(import.port.unwrap().to_string(), "QNEST");
    assert_eq!(state.refused_attempts, 1, "the attempt is on the record");
    let told = &device.queued()[0];
    assert_eq!(told["state"], "refused");
    assert_eq!(told["answer"]["code"], "USED");
    assert_eq!(told["answer"]["by"], "QN");
    assert_eq!(told["answer"]["port"], "QNEST");
    // It stays in the list until somebody takes it out, and is not sent again.
    device.run(&["queue", "send"]).ends(0);
    device
        .run(&["queue", "--lang", "fr"])
        .ends(0)
        .says("refusé USED par QN à QNEST avant vous")
        .says("retenir");
}

#[test]
fn a_node_that_vanishes_in_the_middle_loses_nothing_and_takes_nothing_twice() {
    let device = Device::new();
    device.issue(NUMBER);
    device.issue(OTHER);
    for number in [NUMBER, OTHER, NUMBER] {
        device.sight_offline(number).ends(9);
    }
    // The second record is in a block, and its answer never came.
    device.node.vanishes_after(2);
    device
        .run(&["queue", "send", "--timeout", "1"])
        .ends(5)
        .says("1 recorded, 0 refused, 2 waiting");
    assert_eq!(device.states(), ["recorded", "waiting", "waiting"]);
    assert_eq!(device.queued()[2]["text"], "waiting", "not even tried");
    device.run(&["queue", "send", "--timeout", "1"]).ends(5);
    device.node.returns();
    device.run(&["queue", "send"]).ends(0);
    assert_eq!(device.states(), ["recorded"; 3]);
    assert_eq!((device.logged(NUMBER), device.logged(OTHER)), (3, 2));
}

#[test]
fn what_a_node_only_says_settles_nothing() {
    let device = Device::new();
    device.issue(NUMBER);
    device.issue(OTHER);
    device.sight_offline(NUMBER).ends(9);
    device.sight_offline(NUMBER).ends(9);
    device.sight_offline(OTHER).ends(9);
    for (desk, exit) in [
        (Desk::Slow, 9),
        (Desk::Liar(None), 9),
        (Desk::Liar(Some("USED")), 9),
        (Desk::Expired, 6),
        (Desk::Status(422, "{\"code\":\"INADMISSIBLE\"}"), 6),
    ] {
        device.node.takes(desk);
        let asked = device.node.asked().len();
        device.run(&["queue", "send", "--timeout", "1"]).ends(exit);
        assert_eq!(device.states(), ["waiting"; 3]);
        let asked = device.node.asked().split_off(asked);
        let sent = asked
            .iter()
            .filter(|line| line.starts_with("POST /v1/records"));
        // The second of a permit is not sent before the first is decided.
        assert_eq!(sent.count(), 2, "{asked:?}");
    }
    device.node.takes(Desk::Prompt);
    device.run(&["queue", "send"]).ends(0);
}

#[test]
fn a_cut_or_damaged_file_is_named_and_kept_and_the_others_are_sent() {
    let device = Device::new();
    device.issue(NUMBER);
    for _ in 0..3 {
        device.sight_offline(NUMBER).ends(9);
    }
    let whole = fs::read(device.file(1)).unwrap();
    let cut = &whole[..whole.len() - 40];
    fs::write(device.file(1), cut).unwrap();
    let mut changed = fs::read(device.file(2)).unwrap();
    *changed.last_mut().unwrap() ^= 1;
    fs::write(device.file(2), &changed).unwrap();
    for act in ["list", "send"] {
        let run = device.run(&["queue", act, "--json"]).ends(1);
        let damaged = run.json()["damaged"].as_array().unwrap().clone();
        assert_eq!(damaged.len(), 2);
        assert!(
            damaged[0]["file"]
                .as_str()
                .unwrap()
                .ends_with("000001.record")
        );
        device.run(&["queue"]).ends(1).says("000002.record`: not a");
    }
    assert_eq!(device.states(), ["recorded"]);
    assert_eq!(fs::read(device.file(1)).unwrap(), cut);
    assert_eq!(fs::read(device.file(2)).unwrap(), changed);
    device.run(&["queue", "drop", "1", "--yes"]).ends(2);
    // Numbers go on after them, and a file that is mended is sent.
    device.sight_offline(NUMBER).ends(9);
    assert!(exists(&device.file(4)));
    fs::write(device.file(1), whole).unwrap();
    device
        .run(&["queue", "send"])
        .says("2 recorded, 0 refused, 0 waiting");
}

#[test]
fn a_damaged_result_is_put_aside_and_its_record_is_asked_after_again() {
    let device = Device::new();
    device.issue(NUMBER);
    device.sight_offline(NUMBER).ends(9);
    device.run(&["queue", "send"]).ends(0);
    let result = device.path("home/queue/000001.result");
    fs::write(&result, b"{\"state\":").unwrap();
    device.run(&["queue"]).ends(1).says("000001.result");
    assert_eq!(device.states(), ["waiting"]);
    device.run(&["queue", "send"]).says("recorded at height 3");
    device.run(&["queue", "send"]).ends(0);
    let aside = device.path("home/queue/000001.result.damaged");
    assert_eq!(fs::read(aside).unwrap(), b"{\"state\":");
    assert_eq!(device.logged(NUMBER), 2);
}

#[test]
fn only_what_is_settled_is_dropped_and_no_number_is_given_twice() {
    let device = Device::new();
    device.issue(NUMBER);
    device
        .run(&["queue"])
        .ends(0)
        .says("nothing is kept on this device");
    device.run(&["queue", "send"]).ends(0);
    device.run(&["queue", "drop", "1"]).ends(2);
    device.sight_offline(NUMBER).ends(9);
    device
        .run(&["queue", "drop", "1"])
        .ends(2)
        .says("record 1 waits")
        .says("--yes");
    assert!(exists(&device.file(1)));
    device.run(&["queue", "send"]).ends(0);
    device
        .run(&["queue", "drop", "1"])
        .ends(0)
        .says("dropped number 1: recorded at height 3");
    assert!(device.queued().is_empty());
    device.sight_offline(NUMBER).ends(9);
    assert_eq!(device.queued()[0]["number"], 2);
    device.run(&["queue", "drop", "2", "--yes"]).ends(0);
    device.sight_offline(NUMBER).ends(9);
    assert_eq!(device.queued()[0]["number"], 3);
}

#[test]
fn devices_that_keep_and_send_at_once_neither_share_a_number_nor_send_twice() {
    let device = Device::new();
    device.issue(NUMBER);
    device.key("QT", "customs");
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| device.sight_offline(NUMBER).ends(9));
        }
    });
    let numbers: Vec<_> = device
        .queued()
        .iter()
        .map(|kept| kept["number"].clone())
        .collect();
    assert_eq!(numbers, [1, 2, 3, 4]);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| device.run(&["queue", "send"]).ends(0));
        }
    });
    assert_eq!(device.logged(NUMBER), 5);
    let posts = device.node.asked();
    let posts = posts
        .iter()
        .filter(|line| line.starts_with("POST /v1/records"));
    assert_eq!(posts.count(), 1 + 4);
}

#[test]
fn an_act_that_cannot_be_kept_is_not_said_to_be() {
    let device = Device::new();
    device.issue(NUMBER);
    fs::write(device.path("home/queue"), b"in the way").unwrap();
    let run = device.sight_offline(NUMBER).ends(1);
    run.says("could not keep the record");
}
