//! The demo network's file, golden bytes, every fault, and texts nobody would write.

use std::borrow::ToOwned;
use std::collections::BTreeMap;
use std::format;
use std::string::{String, ToString};
use std::vec;
use std::vec::Vec;

use ledger::codec;
use ledger::digest::sha256;
use ledger::key::SecretKey;
use ledger::parameters::Parameters;
use ledger::party::{Height, Office, Party, PartyCode, Role};
use ledger::quorum::ValidatorSet;

use crate::ceremony::{self, Submission};
use crate::check::{Faults, check};
use crate::file::{FILE_BYTES_MAX, GenesisFile, NodeEntry, OfficeEntry, PartyEntry, PartyFile};
use crate::trust::TrustRoot;
use crate::{Fingerprint, Genesis, NetworkName};

mod faults;

/// What is done to the demo network's file.
type Change = fn(&mut GenesisFile);

const DEMO: &str = include_str!("../networks/demo-1.toml");

/// Keys from published words: worth nothing, and everybody can make the file again.
fn specimen(network: &str, code: &str, purpose: &str) -> SecretKey {
    let words = format!("SPECIMEN {network} {code} {purpose}");
    SecretKey::from_seed(&sha256(words.as_bytes()).0)
}

fn party(network: &str, code: &str, name: &str) -> PartyEntry {
    let key = |purpose: &str| specimen(network, code, purpose);
    let at = NetworkName::parse(network).unwrap();
    let party = PartyCode::new(code).unwrap();
    let office = |role: Role| OfficeEntry::proven(&at, party, role, &key(role.as_str()));
    let node = NodeEntry::follower(&at, party, &key("peer"));
    PartyEntry {
        code: code.into(),
        name: name.into(),
        customs_union: None,
        accepts_unendorsed: false,
        import_permit_for_ii: false,
        offices: vec![office(Role::Management), office(Role::Customs)],
        nodes: vec![node.with_vote(&at, party, &key("validator"), 1)],
    }
}

fn demo() -> GenesisFile {
    let mut file = ceremony::new("demo-1", &Parameters::default()).unwrap();
    file.parties = [
        ("QN", "Norvia"),
        ("QP", "Portamar"),
        ("QS", "Suravia"),
        ("QT", "Transmar"),
    ]
    .map(|(code, name)| party("demo-1", code, name))
    .into();
    file
}

#[test]
fn the_demo_network_is_sound_and_made_from_published_words() {
    let head = "# SPECIMEN. Every private key here is SHA-256 of `SPECIMEN demo-1 <Party> <purpose>`: worth nothing.\n\
        # `cites-node demo` and `localnet` do not use this file; they make fresh keys at each start.\n";
    assert_eq!(DEMO, [head, &demo().to_toml()].concat());
    let genesis = Genesis::parse(DEMO).unwrap();
    assert_eq!(genesis, check(&demo()).unwrap());
    assert_eq!(genesis.validators().len(), 4);
    assert_eq!(genesis.nodes().count(), 4);
    assert!(genesis.network().is_demonstration());
}

#[test]
fn the_chain_id_of_the_demo_network_never_changes() {
    let genesis = Genesis::parse(DEMO).unwrap();
    let canonical = genesis.canonical();
    assert_eq!(canonical.get(..9), Some(&b"\xa3\x00\x66demo-1"[..]));
    assert_eq!(
        (canonical.len(), genesis.chain_id().to_string()),
        (
            1806,
            "128cc6a12de86ccec6fa43706dd60e528bda090a0e9677ba9bc22f65b7bd637d".into()
        )
    );
    assert_eq!(
        genesis.fingerprint().to_string(),
        "128C-C6A1-2DE8-6CCE-C6FA-4370-6DD6-0E52"
    );
}

#[test]
fn spelling_comments_and_order_do_not_change_the_chain_id() {
    let genesis = Genesis::parse(DEMO).unwrap();
    let mut file = demo();
    file.parties.reverse();
    let reversed = file.to_toml();
    // Tables may stand in any order, keys of a table too, and defaults may be left out.
    let bare: String = reversed
        .lines()
        .filter(|line| !line.contains("_ms =") && !line.starts_with('#') && !line.is_empty())
        .map(|line| format!("  {} # note\n", line.replace(" = ", "  =  ")))
        .collect();
    let version_last = {
        let (head, rest) = bare.split_once("protocol_version").unwrap();
        format!(
            "protocol_version{}\n{head}{}",
            &rest[..6],
            rest.split_once('\n').unwrap().1
        )
    };
    for text in [reversed, bare, version_last] {
        assert_eq!(Genesis::parse(&text).as_ref(), Ok(&genesis), "{text}");
    }
}

#[test]
fn every_value_of_the_file_is_covered_by_the_fingerprint() {
    let genesis = Genesis::parse(DEMO).unwrap();
    let changes: [(&str, Change); 7] = [
        ("parameter", |file| file.parameters.retrospective_days = 31),
        ("name", |file| file.parties[0].name = "Norvie".into()),
        ("union", |file| {
            file.parties[0].customs_union = Some("NPU".into());
        }),
        ("policy", |file| file.parties[0].accepts_unendorsed = true),
        ("order of offices", |file| file.parties[0].offices.reverse()),
        ("power", |file| {
            file.parties[0].nodes[0].voting.as_mut().unwrap().power = 2;
        }),
        ("vote", |file| file.parties[0].nodes[0].voting = None),
    ];
    let mut seen = vec![genesis.fingerprint()];
    for (what, change) in changes {
        let mut file = demo();
        change(&mut file);
        let fingerprint = check(&file).unwrap().fingerprint();
        assert!(!seen.contains(&fingerprint), "{what}");
        seen.push(fingerprint);
    }
}

#[test]
fn the_state_begins_with_parties_offices_validators_and_parameters() {
    let mut file = demo();
    file.parties[1].customs_union = Some("NPU".into());
    let genesis = check(&file).unwrap();
    let state = genesis.initial_state();
    assert!(state.is_sorted_by(|a, b| a.0 < b.0));
    let state: BTreeMap<_, _> = state.into_iter().collect();
    let keys: Vec<&str> = state.keys().map(String::as_str).collect();
    assert_eq!(
        keys.join(" "),
        "office/QN/1 office/QN/2 office/QP/1 office/QP/2 office/QS/1 office/QS/2 office/QT/1 office/QT/2 \
         parameters party/QN party/QP party/QS party/QT validators"
    );
    let party: Party = codec::decode(&state["party/QP"], 64).unwrap();
    assert_eq!(
        (party.union.as_deref(), party.accepts_unendorsed),
        (Some("NPU"), false)
    );
    let office: Office = codec::decode(&state["office/QS/2"], 128).unwrap();
    assert_eq!(office.role, Role::Customs);
    assert_eq!(office.key, specimen("demo-1", "QS", "customs").public());
    assert!(office.is_active_at(Height(1)));
    let validators: ValidatorSet = codec::decode(&state["validators"], 1024).unwrap();
    assert_eq!(&validators, genesis.validators());
    let parameters: Parameters = codec::decode(&state["parameters"], 64).unwrap();
    assert_eq!(parameters, Parameters::default());
}

#[test]
fn trust_begins_at_height_zero_with_the_validators_of_genesis() {
    let genesis = Genesis::parse(DEMO).unwrap();
    let trust = TrustRoot::from(&genesis);
    assert_eq!(
        (trust.chain, trust.height),
        (genesis.chain_id(), Height::ZERO)
    );
    assert_eq!(&trust.validators, genesis.validators());
    assert_eq!(&trust.parameters, genesis.parameters());
}

#[test]
fn a_fingerprint_reads_back_as_it_is_spoken() {
    let fingerprint = Genesis::parse(DEMO).unwrap().fingerprint();
    let text = fingerprint.to_string();
    assert_eq!(text.len(), 39);
    for spoken in [
        text.clone(),
        text.to_lowercase(),
        text.replace('-', " "),
        text.replace('-', ""),
    ] {
        assert_eq!(spoken.parse(), Ok(fingerprint), "{spoken}");
    }
    for wrong in ["", &text[..34], "7F3A-91C2-0B5E-D418", &"-".repeat(100)] {
        assert!(wrong.parse::<Fingerprint>().is_err(), "{wrong}");
    }
}

#[test]
fn parties_make_entries_and_a_coordinator_collects_them() {
    let empty = ceremony::new("demo-1", &Parameters::default()).unwrap();
    let made = demo().parties.into_iter().rev().map(|party| {
        let name = format!("{}.party.toml", party.code);
        let file = PartyFile {
            network: "demo-1".into(),
            party,
        };
        ceremony::check_party(&file).unwrap();
        (name, file.to_toml())
    });
    let made = made.collect::<Vec<_>>();
    let submissions: Vec<_> = made
        .iter()
        .map(|(name, text)| Submission { name, text })
        .collect();
    let collected = ceremony::collect(&empty.to_toml(), &submissions).unwrap();
    assert_eq!(collected, demo());
    let mut one_by_one = empty;
    for submission in submissions {
        one_by_one = ceremony::add(&one_by_one.to_toml(), submission).unwrap();
    }
    assert_eq!(one_by_one, demo());
    assert_eq!(ceremony::verify(&one_by_one.to_toml()), check(&demo()));
}

#[test]
fn the_collector_names_every_fault_of_every_file_and_takes_none() {
    let file = |network: &str, entry: PartyEntry| {
        PartyFile {
            network: network.into(),
            party: entry,
        }
        .to_toml()
    };
    let draft = ceremony::add(
        &ceremony::new("demo-1", &Parameters::default())
            .unwrap()
            .to_toml(),
        Submission {
            name: "QS.party.toml",
            text: &file("demo-1", party("demo-1", "QS", "Suravia")),
        },
    )
    .unwrap()
    .to_toml();
    let elsewhere = file("demo-2", party("demo-2", "QT", "Transmar"));
    let stolen = file(
        "demo-1",
        PartyEntry {
            code: "QP".into(),
            ..party("demo-1", "QN", "Portamar")
        },
    );
    let again = file("demo-1", party("demo-1", "QS", "Suravia"));
    let faults = ceremony::collect(
        &draft,
        &[
            Submission {
                name: "QT.party.toml",
                text: &elsewhere,
            },
            Submission {
                name: "QN.party.toml",
                text: "network = 5",
            },
            Submission {
                name: "QP.party.toml",
                text: &stolen,
            },
            Submission {
                name: "QS2.party.toml",
                text: &again,
            },
        ],
    )
    .unwrap_err();
    assert_eq!(
        lines(&faults),
        [
            "QT.party.toml, network: made for the network `demo-2`, not for `demo-1`",
            "QN.party.toml, line 1: invalid type: integer `5`, expected a string, in `network = 5`",
            "party QP, office 1 (management), possession: the proof of possession does not verify",
            "party QP, office 2 (customs), possession: the proof of possession does not verify",
            "party QP, node 1, peer, possession: the proof of possession does not verify",
            "party QP, node 1, voting, possession: the proof of possession does not verify",
            "party QS (number 3): this Party is entered already, as Party number 1 of the file",
        ]
    );
}

fn lines(faults: &Faults) -> Vec<String> {
    assert_eq!(faults.to_string().lines().count(), faults.as_slice().len());
    faults.as_slice().iter().map(ToString::to_string).collect()
}

#[test]
fn a_mutated_file_is_refused_or_sound_and_never_panics() {
    // xorshift64*: the same seed, the same run.
    let seed = 0x5eed_0000_0000_2026_u64;
    let mut state = seed;
    let mut draw = |bound: usize| {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        (state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % bound
    };
    let pieces = [
        "=",
        "[",
        "]]",
        "\"",
        "\u{202e}",
        "\0",
        "-1",
        "[[party]]\n",
        "é",
        "999999999999999999999",
        "'''",
        "\\u0000",
        "1e400",
        "{",
    ];
    let mut refused = 0;
    for _ in 0..400 {
        let mut text: Vec<char> = DEMO.chars().collect();
        for _ in 0..=draw(3) {
            let at = draw(text.len());
            match draw(4) {
                0 => drop(text.remove(at)),
                1 => text[at] = char::from(u8::try_from(draw(128)).unwrap()),
                2 => drop(text.splice(at..at, pieces[draw(pieces.len())].chars())),
                _ => text.truncate(at.max(1)),
            }
        }
        let text: String = text.into_iter().collect();
        match Genesis::parse(&text) {
            Ok(genesis) => {
                let rewritten = GenesisFile::parse(&text).unwrap().to_toml();
                assert_eq!(
                    Genesis::parse(&rewritten),
                    Ok(genesis),
                    "seed {seed:#x}\n{text}"
                );
            }
            Err(faults) => {
                refused += 1;
                assert!(
                    faults
                        .to_string()
                        .chars()
                        .all(|c| c == '\n' || !c.is_control()),
                    "{faults}"
                );
            }
        }
    }
    assert!(refused > 300, "{refused} of 400 refused, seed {seed:#x}");
}

#[test]
fn hostile_texts_are_refused_in_bounded_time() {
    let deep = "a = ".to_owned() + &"[".repeat(FILE_BYTES_MAX - 4);
    let dotted = "a.".repeat(FILE_BYTES_MAX / 2 - 4) + "a = 1";
    let tables = "[[party]]\n".repeat(FILE_BYTES_MAX / 10);
    let inline = "a = ".to_owned() + &"{a=".repeat(FILE_BYTES_MAX / 3 - 4);
    let many = "network = 'demo-1'\nprotocol_version = 1\n".to_owned()
        + &"[[party]]\ncode='QS'\nname='x'\n".repeat(30_000);
    for text in [deep, dotted, tables, inline, many] {
        let faults = Genesis::parse(&text).unwrap_err();
        assert!(faults.to_string().len() < 1000, "{faults}");
    }
}
