//! What the documents say is typed here, and must be answered as they say.
//!
//! In README and `docs/`, every block marked `console PARTY/ROLE` is a session of that office. Its lines after `$ `
//! are called against a local network, in order, in one folder of papers, and the answers are compared. Dates,
//! times, heights and seconds may differ, and `…` stands for anything; all else may not.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use ledger::party::{PartyCode, Role};
use ledger::permit::xml::{self, Reading};
use ledger::permit::{Moment, Permit};
use node::localnet::{DEMO_PARTIES, Desk, Localnet, Ports, Programs, set_up};
use tests::offices::{now, party};
use tests::programs;

/// One command with what the document says it answers.
#[derive(Debug)]
struct Step {
    place: String,
    office: (PartyCode, Role),
    command: String,
    expected: Vec<String>,
}

/// The documents with console blocks, by their path from the root.
fn documents() -> Vec<(String, String)> {
    let mut paths = vec!["README.md".to_owned()];
    let docs = fs::read_dir(programs::root().join("docs"))
        .into_iter()
        .flatten();
    let docs = docs.map(|entry| format!("docs/{}", entry.unwrap().file_name().to_string_lossy()));
    paths.extend(docs.filter(|path| path.ends_with(".md")));
    paths.sort();
    let read = |path: String| {
        (
            fs::read_to_string(programs::root().join(&path)).unwrap(),
            path,
        )
    };
    paths
        .into_iter()
        .map(read)
        .map(|(text, path)| (path, text))
        .collect()
}

fn steps(path: &str, text: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut office = None;
    for (index, line) in text.lines().enumerate() {
        let place = format!("{path}:{}", index + 1);
        if let Some(fence) = line.strip_prefix("```") {
            office = fence.strip_prefix("console").map(|whose| {
                let whose = whose.trim().split_once('/');
                let (code, role) = whose.unwrap_or_else(|| panic!("{place}: whose session?"));
                (party(code), role.parse::<Role>().unwrap())
            });
        } else if let Some(office) = office {
            match (line.strip_prefix("$ "), steps.last_mut()) {
                (Some(command), _) => steps.push(Step {
                    place,
                    office,
                    command: command.into(),
                    expected: Vec::new(),
                }),
                (None, Some(step)) => step.expected.push(line.into()),
                (None, None) => panic!("{place}: an answer without a command"),
            }
        }
    }
    steps
}

/// Words that differ from run to run, replaced by what they are.
fn words(line: &str) -> Vec<String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let is_number = |word: &str| {
        !word.is_empty()
            && word
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'.')
    };
    let near = |index: usize, step: isize| {
        let index = index.checked_add_signed(step)?;
        words
            .get(index)
            .map(|word| word.trim_end_matches([',', ')', ';']))
    };
    let known = |index: usize, word: &&str| {
        let bare = word.trim_matches(|c: char| "(),;".contains(c));
        let digits = bare
            .chars()
            .map(|c| if c.is_ascii_digit() { '0' } else { c });
        match digits.collect::<String>().as_str() {
            "0000-00-00" => return "DATE".into(),
            "0000-00-00T00:00:00Z" | "00:00Z" => return "TIME".into(),
            _ => {}
        }
        let follows_height = near(index, -1) == Some("height");
        let is_duration = near(index, 1).is_some_and(|unit| ["s", "min"].contains(&unit));
        let is_vote = near(index, 1) == Some("of") && near(index, 3) == Some("votes");
        if is_number(bare) && (follows_height || is_duration || is_vote) {
            return "N".into();
        }
        // `final 3/4 ✓`: how many had signed when the proof was made.
        if matches!(bare, "3/4" | "4/4") {
            "N/4".into()
        } else {
            (*word).to_owned()
        }
    };
    words
        .iter()
        .enumerate()
        .map(|(index, word)| known(index, word))
        .collect()
}

fn is_as_told(told: &str, found: &str) -> bool {
    let found_words = words(found);
    if words(told) == found_words {
        return true;
    }
    match told.split_once('…') {
        None => false,
        Some((head, tail)) => {
            let (head, tail) = (words(head), words(tail));
            let found = found_words.join(" ");
            found.starts_with(&head.join(" ")) && found.ends_with(&tail.join(" "))
        }
    }
}

/// The sample that the documents speak of, issued today: so no date of theirs meets the clock.
fn sample() -> Permit {
    let path = programs::root().join("tests/permits/good/export-skins.xml");
    let Reading { mut permit, .. } = xml::read(&fs::read(path).unwrap()).unwrap();
    let today = now().date();
    permit.issued = Moment::new(today, 8 * 3600, 0).unwrap();
    permit.officer.at = Some(permit.issued);
    permit.valid_from = Some(Moment::new(today, 0, 0).unwrap());
    permit.valid_until = Moment::new(today.plus_months(6), 86_399, 0).unwrap();
    permit
}

/// The folder in which the documents' commands are typed.
fn lay_out_papers(folder: &Path) {
    let permit = sample();
    let good = xml::write(&permit);
    fs::write(folder.join("permit.xml"), &good).unwrap();
    let mut long = permit;
    long.valid_until = Moment::new(now().date().plus_months(12), 86_399, 0).unwrap();
    let bad = xml::write(&long).replace(">1000<", ">1 000<");
    fs::write(folder.join("bad.xml"), bad).unwrap();
}

fn call(desk: &Desk, command: &str, folder: &Path) -> Vec<String> {
    let programs = programs::cites().parent().unwrap().to_owned();
    let path = format!(
        "{}:{}",
        programs.display(),
        std::env::var("PATH").unwrap_or_default()
    );
    let output = Command::new("sh")
        .args(["-c", &format!("{command} 2>&1")])
        .current_dir(folder)
        .env_clear()
        .envs([("PATH", path.as_str()), ("CITES_NODE", desk.node())])
        .env("CITES_HOME", desk.home())
        .env("CITES_KEY", desk.key_path())
        .env("CITES_PASSWORD_FILE", desk.password_path())
        .output()
        .unwrap();
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect()
}

/// All nodes have what the last command made final: the next office asks another node.
fn settle(localnet: &Localnet) {
    let same = node::localnet::until(Duration::from_secs(60), || {
        let mut heights: Vec<_> = localnet.nodes().iter().map(|node| node.height()).collect();
        heights.dedup();
        (heights.len() == 1).then_some(())
    });
    assert!(same.is_some(), "the nodes stay at different heights");
}

#[test]
fn every_console_block_is_answered_as_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let programs = Programs {
        node: programs::cites_node(),
        cites: programs::cites(),
    };
    let parties = DEMO_PARTIES.map(|(code, name)| (party(code), name.to_owned()));
    let ports = Ports::free().unwrap();
    let net = folder.path().join("net");
    let set = set_up(&programs, &net, &parties, ports, 5 * 60 * 1000);
    let (mut localnet, desks) = set.unwrap_or_else(|error| panic!("{error}"));
    localnet
        .bring_up()
        .unwrap_or_else(|error| panic!("{error}"));

    let mut count = 0;
    let mut faults = Vec::new();
    for (path, text) in documents() {
        let papers = folder.path().join(path.replace('/', "-"));
        fs::create_dir(&papers).unwrap();
        lay_out_papers(&papers);
        for step in steps(&path, &text) {
            let desk = desks
                .iter()
                .find(|desk| (desk.party(), desk.role()) == step.office);
            let desk = desk.unwrap_or_else(|| panic!("{}: no such office", step.place));
            settle(&localnet);
            let found = call(desk, &step.command, &papers);
            let same = found.len() == step.expected.len()
                && step
                    .expected
                    .iter()
                    .zip(&found)
                    .all(|(told, found)| is_as_told(told, found));
            if !same {
                faults.push(format!(
                    "{}: $ {}\n--- told\n{}\n--- found\n{}",
                    step.place,
                    step.command,
                    step.expected.join("\n"),
                    found.join("\n")
                ));
            }
            count += 1;
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
    assert!(count >= 8, "only {count} commands in all documents");
}

/// Commands outside of sessions have placeholders; at least there are such commands.
#[test]
fn every_command_named_elsewhere_exists() {
    let mut named = 0;
    for (path, text) in documents() {
        let lines = text
            .lines()
            .filter(|line| line.starts_with("cites ") || line.starts_with("cites-node "));
        for line in lines {
            let words: Vec<&str> = line.split_whitespace().collect();
            let is_verb = |word: &&&str| {
                word.bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'-')
            };
            let verbs: Vec<&str> = words
                .iter()
                .skip(1)
                .take_while(|word| is_verb(word) && !word.starts_with("--"))
                .copied()
                .collect();
            // `genesis new | add | collect`: each stands for a command of its own.
            let (last, group) = verbs
                .split_last()
                .unwrap_or_else(|| panic!("{path}: {line}"));
            let others = line
                .split('#')
                .next()
                .unwrap_or_default()
                .split(" | ")
                .skip(1);
            for verb in std::iter::once(*last).chain(others.map(str::trim)) {
                let program = if words.first() == Some(&"cites") {
                    programs::cites()
                } else {
                    programs::cites_node()
                };
                let help = Command::new(program)
                    .args(group)
                    .args([verb, "--help"])
                    .output()
                    .unwrap();
                assert!(
                    help.status.success(),
                    "{path}: {line}: there is no `{verb}`"
                );
                named += 1;
            }
        }
    }
    assert!(named >= 5, "only {named} commands are named");
}

#[test]
fn only_what_must_differ_may_differ() {
    let rows = [
        (
            "final    height 2, 0.02 s, 3 of 4 votes signed",
            "final  height 12, 1.40 s, 4 of 4 votes signed",
            true,
        ),
        (
            "2  endorse QS 2026-11-23T23:04:12Z height 3 QSSUR",
            "2 endorse QS 2027-01-01T00:00:00Z height 33 QSSUR",
            true,
        ),
        (
            "box 2: valid until 2027-12-01 is late",
            "box 2: valid until 2028-01-31 is late",
            true,
        ),
        (
            "box 2: valid until 2027-12-01 is late",
            "box 3: valid until 2028-01-31 is late",
            false,
        ),
        (
            "960 endorsed of 1000 NAR",
            "961 endorsed of 1000 NAR",
            false,
        ),
        ("public … ok", "public 1234 ok", true),
        ("at … and …", "at … and …", true),
        ("public … ok", "private 1234 ok", false),
    ];
    for (told, found, expected) in rows {
        assert_eq!(is_as_told(told, found), expected, "{told} / {found}");
    }
}
