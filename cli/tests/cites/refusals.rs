//! Every way in which a record is not applied, with its exit code, its reason and what was sent.

use crate::desk::Device;
use crate::node::{Desk, Manner};
use crate::papers::document;

const NUMBER: &str = "26QS000123";
const NAME: &str = "QS/26QS000123";

#[test]
fn the_second_use_is_refused_and_told_who_where_and_when() {
    let device = Device::new();
    device.issue(NUMBER);
    device.endorse(NUMBER);
    device.import(NUMBER);
    let again = [
        "import", NAME, "--line", "A=958", "--port", "QNEST", "--yes",
    ];
    device
        .run_as("QN/customs", &again)
        .ends(6)
        .says("refused USED: by QN at QNHAR, height 4");
    let run = device
        .run_as("QN/customs", &[&again[..], &["--json"]].concat())
        .ends(6);
    let value = run.json();
    assert_eq!(value["schema"], "cites.record/1");
    assert_eq!(value["code"], "USED");
    assert_eq!(value["by"], "QN");
    assert_eq!(value["port"], "QNHAR");
    assert_eq!(value["height"], "4");
    assert_eq!(value["receipt"]["result"], "refused");
    let state = device.state(NUMBER);
    assert_eq!(state.refused_attempts, 2, "the attempts are on the record");
}

#[test]
fn each_refusal_of_the_ledger_is_exit_6_with_its_code() {
    let device = Device::new();
    device.issue(NUMBER);
    let rows: [(&str, &[&str], &str); 8] = [
        (
            "QT/customs",
            &[
                "import", NAME, "--line", "A=960", "--port", "QTMAR", "--yes",
            ],
            "WRONG_PARTY",
        ),
        (
            "QN/customs",
            &[
                "import", NAME, "--line", "A=960", "--port", "QNHAR", "--yes",
            ],
            "NOT_ENDORSED",
        ),
        (
            "QN/customs",
            &["endorse", NAME, "--line", "A=960", "--port", "QNHAR"],
            "WRONG_PARTY",
        ),
        (
            "QS/customs",
            &["endorse", NAME, "--line", "A=1200", "--port", "QSSUR"],
            "OVER_QUANTITY",
        ),
        (
            "QS/customs",
            &["endorse", NAME, "--line", "A=1KGM", "--port", "QSSUR"],
            "UNIT_MISMATCH",
        ),
        (
            "QS/customs",
            &["endorse", NAME, "--line", "B=1NAR", "--port", "QSSUR"],
            "UNKNOWN_LINE",
        ),
        (
            "QN/management",
            &["permit", "cancel", NAME, "--reason", "clerical", "--yes"],
            "WRONG_PARTY",
        ),
        (
            "QS/customs",
            &[
                "endorse",
                "QS/26QS999999",
                "--line",
                "A=1NAR",
                "--port",
                "QSSUR",
            ],
            "NOT_ISSUED",
        ),
    ];
    for (office, arguments, code) in rows {
        let run = device.run_as(office, &[arguments, &["--json"]].concat());
        assert_eq!(
            (run.code, run.json()["code"].as_str()),
            (6, Some(code)),
            "{arguments:?}: {run:#?}"
        );
    }
}

#[test]
fn a_refusal_tells_what_would_have_been_allowed() {
    let device = Device::new();
    device.issue(NUMBER);
    let endorse = ["endorse", NAME, "--line", "A=1200", "--port", "QSSUR"];
    let run = device.run_as("QS/customs", &endorse).ends(6);
    run.says("refused OVER_QUANTITY: A at most 1000 NAR");
    let run = device.run_as("QT/customs", &endorse).ends(6);
    run.says("refused WRONG_PARTY: only QS may endorse the export");
    device.endorse(NUMBER);
    let import = [
        "import", NAME, "--line", "A=961", "--port", "QNHAR", "--yes",
    ];
    let run = device.run_as("QN/customs", &import).ends(6);
    run.says("refused OVER_QUANTITY: A at most 960 NAR");
    let run = device.run_as("QT/customs", &import).ends(6);
    run.says("refused WRONG_PARTY: only QN may record the import");
    let cancel = ["permit", "cancel", NAME, "--reason", "lost", "--yes"];
    let run = device.run_as("QN/management", &cancel).ends(6);
    run.says("refused WRONG_PARTY: only QS may cancel it");
}

#[test]
fn a_number_is_issued_once() {
    let device = Device::new();
    let xml = device.issue(NUMBER);
    std::fs::remove_file(device.path("26QS000123.secret")).unwrap();
    device.write(
        &xml,
        document(NUMBER).replace(">1000<", ">1001<").as_bytes(),
        0o644,
    );
    device
        .run_as("QS/management", &["permit", "issue", &xml])
        .ends(6)
        .says("refused DUPLICATE_NUMBER: by QS, height 2");
}

#[test]
fn what_cannot_be_stated_at_all_is_not_sent() {
    let device = Device::new();
    device.issue(NUMBER);
    let asked = |device: &Device| {
        device
            .node
            .asked()
            .iter()
            .filter(|line| line.starts_with("POST"))
            .count()
    };
    let before = asked(&device);
    // The unit of a line that nobody knows, and a permit that nobody issued.
    device
        .run_as(
            "QS/customs",
            &["endorse", NAME, "--line", "B=1", "--port", "QSSUR"],
        )
        .ends(6)
        .says("UNKNOWN_LINE")
        .says("nothing was sent");
    device
        .run_as(
            "QN/customs",
            &[
                "import",
                "QS/26QS999999",
                "--line",
                "A=1",
                "--port",
                "QNHAR",
                "--yes",
            ],
        )
        .ends(6)
        .says("NOT_ISSUED")
        .says("nothing was sent");
    device
        .run_as(
            "QS/customs",
            &[
                "endorse", NAME, "--line", "A=1", "--line", "A=2", "--port", "QSSUR",
            ],
        )
        .ends(2)
        .says("twice");
    // No terminal, and no --yes.
    device
        .run_as(
            "QN/customs",
            &["import", NAME, "--line", "A=1", "--port", "QNHAR"],
        )
        .ends(2)
        .says("--yes");
    for wrong in [["--line", "A=0"], ["--line", "A"], ["--line", "A=1XYZ"]] {
        let mut arguments = vec!["endorse", NAME, "--port", "QSSUR"];
        arguments.extend(wrong);
        device.run_as("QS/customs", &arguments).ends(2);
    }
    device
        .run_as(
            "QS/customs",
            &["endorse", NAME, "--line", "A=1", "--port", "Norhavn"],
        )
        .ends(2);
    device
        .run_as(
            "QS/customs",
            &["refuse", NAME, "--reason", "OK", "--port", "QSSUR"],
        )
        .ends(2);
    assert_eq!(asked(&device), before);
}

#[test]
fn a_person_is_asked_before_a_permit_is_spent() {
    let device = Device::new();
    device.issue(NUMBER);
    device.endorse(NUMBER);
    let key = device.key("QN", "customs");
    let import = [
        "--key", &key, "import", NAME, "--line", "A=958", "--port", "QNHAR",
    ];
    let question = "Record import of A 958 NAR (endorsed 960) and spend this permit?";
    for answer in ["n\n", "\n"] {
        let Some(run) = device.run_at_terminal(&import, answer) else {
            eprintln!("script is not installed: nobody can be asked here");
            return;
        };
        run.ends(130).says(question).says("nothing was sent");
    }
    assert!(device.state(NUMBER).import.is_none());
    let run = device.run_at_terminal(&import, "y\n").unwrap();
    run.ends(0).says("it cannot be used again");
    assert!(device.state(NUMBER).import.is_some());
}

#[test]
fn a_person_is_asked_before_a_permit_is_cancelled_or_refused() {
    let device = Device::new();
    device.issue(NUMBER);
    let (authority, customs) = (device.key("QS", "management"), device.key("QN", "customs"));
    let cancel: &[&str] = &[
        "--key", &authority, "permit", "cancel", NAME, "--reason", "lost",
    ];
    let refuse: &[&str] = &[
        "--key", &customs, "refuse", NAME, "--reason", "ALTERED", "--port", "QNHAR",
    ];
    let before = device.node.asked().len();
    for arguments in [cancel, refuse] {
        device.run(arguments).ends(2).says("--yes");
    }
    for (arguments, question) in [
        (cancel, "Cancel QS/26QS000123 (lost)?"),
        (refuse, "Record the refusal of QS/26QS000123 (ALTERED)?"),
    ] {
        let Some(run) = device.run_at_terminal(arguments, "n\n") else {
            eprintln!("script is not installed: nobody can be asked here");
            return;
        };
        run.ends(130).says(question).says("nothing was sent");
    }
    assert_eq!(device.node.asked().len(), before);
    device.run_at_terminal(refuse, "y\n").unwrap().ends(0);
    device.run_at_terminal(cancel, "y\n").unwrap().ends(0);
    let state = device.state(NUMBER);
    assert!(state.cancellation.is_some() && state.refusals == 1);
}

#[test]
fn a_document_with_faults_is_not_issued_and_all_faults_are_told() {
    let device = Device::new();
    let bad = document(NUMBER)
        .replace(">1000<", ">1 000<")
        .replace("<ram:PurposeCode>T<", "<ram:PurposeCode>ZZ<");
    device.write("bad.xml", bad.as_bytes(), 0o644);
    for command in [
        vec!["permit", "check", "bad.xml"],
        vec!["--key", "none", "permit", "issue", "bad.xml"],
    ] {
        let run = device
            .run(&command)
            .ends(8)
            .says("box 11 line A: quantity `1 000`")
            .says("nothing was sent");
        assert!(run.stderr.matches("error: ").count() >= 2, "{run:#?}");
    }
    let run = device
        .run(&["permit", "check", "bad.xml", "--json"])
        .ends(8);
    assert!(run.json()["faults"].as_array().unwrap().len() >= 2);
    let xml = device.permit(NUMBER);
    device
        .run(&["permit", "check", &xml])
        .ends(0)
        .says("ok: export permit 26QS000123, 1 line, QS -> QN");
}

#[test]
fn whoever_names_another_file_is_told_what_to_name() {
    let device = Device::new();
    for (name, hint) in [
        ("genesis.toml", "hint: name the permit's XML"),
        ("page.xml", "hint: nothing was sent"),
    ] {
        device.write("page.xml", b"<html/>", 0o644);
        let run = device.run(&["permit", "check", name]).ends(8);
        assert!(run.stderr.contains(hint), "{run:#?}");
    }
}

#[test]
fn a_foreign_box_6_is_not_ours_to_issue() {
    let device = Device::new();
    let xml = device.permit(NUMBER);
    device
        .run_as("QN/management", &["permit", "issue", &xml])
        .ends(7)
        .says("box 6");
    assert!(device.node.asked().is_empty());
}

#[test]
fn what_is_not_final_in_time_is_exit_9_with_the_records_name() {
    let device = Device::new();
    let xml = device.permit(NUMBER);
    device.node.takes(Desk::Slow);
    let run = device
        .run_as(
            "QS/management",
            &["permit", "issue", &xml, "--timeout", "1", "--json"],
        )
        .ends(9);
    assert_eq!(run.json()["code"], "PENDING");
    let record = run.json()["record"]
        .as_str()
        .unwrap()
        .strip_prefix("sha256:")
        .unwrap()
        .to_owned();
    assert!(run.json()["hint"].as_str().unwrap().contains(&record));
}

#[test]
fn the_word_of_a_node_is_not_enough() {
    // It says "final" and its true proof does not show it.
    let device = Device::new();
    let xml = device.permit(NUMBER);
    device.node.takes(Desk::Liar(None));
    let run = device
        .run_as("QS/management", &["permit", "issue", &xml, "--json"])
        .ends(9);
    assert_eq!(run.json()["code"], "NOT_PROVEN");
    // It says "final" and gives no proof, or a forged one.
    device.node.takes(Desk::Prompt);
    device.node.answers(Manner::Status(500, ""));
    device
        .run_as(
            "QS/management",
            &["permit", "issue", &xml, "--timeout", "1"],
        )
        .ends(9)
        .says("gives no proof");
    device.node.answers(Manner::Bytes(vec![0; 100]));
    device
        .run_as(
            "QS/customs",
            &["sight", NAME, "--port", "QSSUR", "--timeout", "1"],
        )
        .ends(9);
}

#[test]
fn a_node_that_says_no_is_told_by_its_code() {
    let device = Device::new();
    let xml = device.permit(NUMBER);
    for (status, body, exit) in [
        (422, "{\"code\":\"INADMISSIBLE\",\"detail\":\"x\"}", 6),
        (503, "{\"code\":\"NOT_IN_SYNC\",\"detail\":\"x\"}", 5),
        (429, "{\"code\":\"MEMPOOL_FULL\",\"detail\":\"x\"}", 5),
        (403, "{\"code\":\"FORBIDDEN\",\"detail\":\"x\"}", 7),
    ] {
        device.node.takes(Desk::Status(status, body));
        let run = device
            .run_as("QS/management", &["permit", "issue", &xml, "--json"])
            .ends(exit);
        assert!(body.contains(run.json()["code"].as_str().unwrap()));
    }
    device.node.takes(Desk::Expired);
    device
        .run_as("QS/management", &["permit", "issue", &xml])
        .ends(6)
        .says("NOT_INCLUDED_EXPIRED");
    device.node.takes(Desk::Status(200, "<html>"));
    device
        .run_as(
            "QS/management",
            &["permit", "issue", &xml, "--timeout", "1"],
        )
        .ends(9);
    device
        .run_at("https://node.example", &["permit", "show", NAME])
        .ends(2)
        .says("https is not spoken yet");
    device
        .run_at("http://127.0.0.1:1", &["permit", "show", NAME])
        .ends(5);
    device
        .run_at("http://127.0.0.1:1", &["permit", "history", NAME])
        .ends(5);
}
