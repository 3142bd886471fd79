//! Every fault of a file: what is broken, and exactly what is said about it.

use super::*;
use crate::check::FaultKind;

fn faults_of(file: &GenesisFile) -> Vec<String> {
    check(file)
        .err()
        .map(|faults| lines(&faults))
        .unwrap_or_default()
}

const ROWS: [(&str, Change, &[&str]); 23] = [
    ("nothing", |_| {}, &[]),
    (
        "version",
        |file| file.protocol_version = 2,
        &["protocol_version: version 2, this program speaks version 1"],
    ),
    (
        "parameters, two at once",
        |file| {
            file.parameters.heartbeat_ms = 1;
            file.parameters.trusting_period_days = 0;
        },
        &[
            "parameters: heartbeat_ms must be from 100 (0.1 s) to 86400000 (24 h)",
            "parameters: trusting_period_days must be from 1 to 366",
        ],
    ),
    ("no Party", |file| file.parties.clear(), &["file: no Party"]),
    (
        "too many Parties",
        |file| file.parties = vec![file.parties[0].clone(); 257],
        &[
            "file: 257 Parties, the limit is 256",
            "file: 257 nodes vote, the limit is 200",
        ],
    ),
    (
        "nobody votes",
        |file| {
            file.parties
                .iter_mut()
                .for_each(|party| party.nodes[0].voting = None);
        },
        &["file: no node votes"],
    ),
    (
        "too much power",
        |file| {
            file.parties.iter_mut().for_each(|party| {
                party.nodes[0].voting.as_mut().unwrap().power = u32::MAX / 3;
            });
        },
        &["file: more than 2^32 - 1 voting power in all"],
    ),
    (
        "no power",
        |file| file.parties[1].nodes[0].voting.as_mut().unwrap().power = 0,
        &["party QP, node 1, voting, power: a voting power of 0"],
    ),
    (
        "the same Party twice",
        |file| file.parties.push(file.parties[2].clone()),
        &["party QS (number 5): this Party is entered already, as Party number 3 of the file"],
    ),
    (
        "no name",
        |file| file.parties[0].name = String::new(),
        &["party QN, name: `` is not a name to print"],
    ),
    (
        "a name that turns the line",
        |file| file.parties[0].name = "\u{202e}aivroN".into(),
        &["party QN, name: `\\u{202e}aivroN` is not a name to print"],
    ),
    (
        "a name that steers the terminal",
        |file| file.parties[0].name = "Nor\u{1b}[2Jvia".into(),
        &["party QN, name: `Nor\\u{1b}[2Jvia` is not a name to print"],
    ),
    (
        "a long name",
        |file| file.parties[0].name = "n".repeat(81),
        &[
            "party QN, name: `nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn…` is not a name to print",
        ],
    ),
    (
        "a customs union in words",
        |file| file.parties[0].customs_union = Some("Nordic union".into()),
        &["party QN, customs_union: `Nordic union` is not a customs union's code"],
    ),
    (
        "no office",
        |file| file.parties[0].offices.clear(),
        &["party QN: no office"],
    ),
    (
        "too many offices",
        |file| file.parties[0].offices = vec![file.parties[0].offices[0].clone(); 65],
        &["party QN: 65 offices, the limit is 64"],
    ),
    (
        "no node",
        |file| file.parties[0].nodes.clear(),
        &["party QN: no node"],
    ),
    (
        "too many nodes",
        |file| file.parties[0].nodes = vec![file.parties[0].nodes[0].clone(); 33],
        &["party QN: 33 nodes, the limit is 32"],
    ),
    (
        "not a role",
        |file| file.parties[0].offices[1].role = "police".into(),
        &["party QN, office 2 (police): `police` is not a role"],
    ),
    (
        "keys of every wrong kind",
        |file| {
            file.parties[0].offices[0].key = "12".into();
            file.parties[0].offices[1].key = format!("01{}", "00".repeat(31));
            file.parties[0].nodes[0].peer_id = "12D3KooW".into();
            file.parties[0].nodes[0].voting.as_mut().unwrap().key =
                format!("02{}", "00".repeat(31));
        },
        &[
            "party QN, office 1 (management), key: a public key has 32 bytes, written as 64 hexadecimal digits",
            "party QN, office 2 (customs), key: a key of small order",
            "party QN, node 1, peer_id: not the peer id of an Ed25519 key: 52 characters, beginning with 12D3KooW",
            "party QN, node 1, voting, key: not a canonical Ed25519 point",
        ],
    ),
    (
        "one key for two purposes",
        |file| {
            let key = specimen("demo-1", "QN", "customs");
            let (at, code) = (
                NetworkName::parse("demo-1").unwrap(),
                PartyCode::new("QN").unwrap(),
            );
            file.parties[0].nodes = vec![NodeEntry::follower(&at, code, &key)];
        },
        &["party QN, node 1, peer: the same key as party QN, office 2 (customs)"],
    ),
    (
        "a proof that is not one",
        |file| file.parties[0].offices[0].possession = "yes".into(),
        &[
            "party QN, office 1 (management), possession: a proof of possession is 128 hexadecimal digits",
        ],
    ),
    (
        "a proof for another role",
        |file| file.parties[0].offices[0].role = "governance".into(),
        &["party QN, office 1 (governance), possession: the proof of possession does not verify"],
    ),
];

#[test]
fn each_fault_is_named_with_its_place() {
    for (what, spoil, expected) in ROWS {
        let mut file = demo();
        spoil(&mut file);
        assert_eq!(faults_of(&file), expected, "{what}");
    }
}

#[test]
fn all_faults_are_reported_at_once_in_the_order_of_the_file() {
    let mut file = demo();
    file.network = "Demo 1".into();
    file.protocol_version = 9;
    file.parties[0].name = " Norvia".into();
    file.parties[1].code = "qp".into();
    file.parties[2].offices.clear();
    file.parties[3].nodes[0].voting = None;
    file.parties[3].nodes[0].peer_possession = "0".into();
    assert_eq!(
        faults_of(&file),
        [
            "network: `Demo 1` is not a network's name",
            "protocol_version: version 9, this program speaks version 1",
            "party QN, name: ` Norvia` is not a name to print",
            "party qp: `qp` is not a Party code",
            "party QS: no office",
            "party QT, node 1, peer, possession: a proof of possession is 128 hexadecimal digits",
        ]
    );
}

#[test]
fn real_parties_and_invented_ones_never_meet() {
    let rows: [(&str, &str, &[&str]); 8] = [
        ("cites-1", "QA", &[]),
        ("cites-1", "EU", &[]),
        (
            "cites-1",
            "QS",
            &["party QS: an invented code on a real network"],
        ),
        (
            "cites-1",
            "KP",
            &["party KP: no Party to the Convention has this code"],
        ),
        ("demo-1", "QM", &[]),
        (
            "demo-1",
            "QA",
            &["party QA: the code of a real Party on a network for demonstration"],
        ),
        (
            "test-a1",
            "XX",
            &["party XX: the code of a real Party on a network for demonstration"],
        ),
        ("sim-31", "QZ", &[]),
    ];
    for (network, code, expected) in rows {
        let mut file = ceremony::new(network, &Parameters::default()).unwrap();
        file.parties.push(party(network, code, "Name"));
        assert_eq!(faults_of(&file), expected, "{network} {code}");
    }
}

#[test]
fn a_set_of_more_than_200_validators_is_refused() {
    let network = NetworkName::parse("sim-many").unwrap();
    let mut file = ceremony::new("sim-many", &Parameters::default()).unwrap();
    for letter in 'M'..='S' {
        let code = format!("Q{letter}");
        let mut entry = party("sim-many", &code, "Name");
        let party = PartyCode::new(&code).unwrap();
        entry.nodes = (0..29)
            .map(|n| {
                let key = |purpose| specimen("sim-many", &code, &format!("{purpose} {n}"));
                let node = NodeEntry::follower(&network, party, &key("peer"));
                node.with_vote(&network, party, &key("validator"), 1)
            })
            .collect();
        file.parties.push(entry);
    }
    assert_eq!(faults_of(&file), ["file: 203 nodes vote, the limit is 200"]);
    file.parties[0].nodes.truncate(26);
    assert_eq!(check(&file).unwrap().validators().len(), 200);
}

#[test]
fn only_plain_names_are_networks() {
    for good in ["demo-1", "cites-1", "abc", "test-a-b2", &"n".repeat(32)] {
        assert!(NetworkName::parse(good).is_some(), "{good}");
    }
    for wrong in [
        "",
        "ab",
        "1abc",
        "-abc",
        "abc-",
        "a--b",
        "Demo",
        "démo",
        "a_b",
        "a b",
        &"n".repeat(33),
    ] {
        assert!(NetworkName::parse(wrong).is_none(), "{wrong}");
        assert!(
            ceremony::new(wrong, &Parameters::default()).is_err(),
            "{wrong}"
        );
    }
    for (name, expected) in [
        ("demo-1", true),
        ("sim-x", true),
        ("test-9", true),
        ("demo", false),
        ("demonet-1", false),
    ] {
        assert_eq!(
            NetworkName::parse(name).unwrap().is_demonstration(),
            expected,
            "{name}"
        );
    }
}

#[test]
fn a_fault_of_shape_names_its_line_and_key() {
    let rows = [
        (
            "network = 'demo-1'\n",
            "line 1: missing field `protocol_version`, in `network = 'demo-1'`",
        ),
        (
            "network = 'demo-1'\nprotocol_version = 1\ncolour = 3",
            "line 3: unknown field `colour`, expected one of `network`, `protocol_version`, `parameters`, `party`, in `colour = 3`",
        ),
        (
            "network = 'demo-1'\nprotocol_version = 'one'",
            "line 2: invalid type: string \"one\", expected u8, in `protocol_version = 'one'`",
        ),
        (
            "network = 'demo-1'\nprotocol_version = 1\n[parameters]\nheartbeat_ms = -1",
            "line 4: invalid value: integer `-1`, expected u32, in `heartbeat_ms = -1`",
        ),
        (
            "network = 'demo-1'\nprotocol_version = 1\n[parameters]\nheartbeat_ms = 1.5",
            "line 4: invalid type: floating point `1.5`, expected u32, in `heartbeat_ms = 1.5`",
        ),
        (
            "network = 'a'\nnetwork = 'b'",
            "line 2: duplicate key, in `network = 'b'`",
        ),
        (
            "\n\nnetwork",
            "line 3: key with no value, expected `=`, in `network`",
        ),
    ];
    for (text, expected) in rows {
        assert_eq!(lines(&Genesis::parse(text).unwrap_err()), [expected]);
    }
}

#[test]
fn size_is_judged_before_anything_is_read() {
    let text = "#".repeat(FILE_BYTES_MAX + 1);
    let faults = Genesis::parse(&text).unwrap_err();
    assert_eq!(
        lines(&faults),
        ["file: 1048577 bytes, the limit is 1048576"]
    );
    assert_eq!(PartyFile::parse(&text).unwrap_err(), faults);
}

#[test]
fn every_fault_comes_with_something_to_do() {
    let mut file = demo();
    file.network = "Demo".into();
    file.parties[0].offices.clear();
    let faults = check(&file).unwrap_err();
    let hints: Vec<_> = faults
        .as_slice()
        .iter()
        .map(|fault| fault.kind.hint())
        .collect();
    assert_eq!(hints.len(), 2);
    assert!(hints[0].starts_with("3 to 32 lower-case letters"));
    assert!(
        FaultKind::NoOffice
            .hint()
            .contains("--office ROLE=PUBLIC-KEY:PROOF")
    );
}
