//! Rules about the code itself: who may depend on whom, what a pure crate may reach, how files look.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use ledger::reason::Reason;
use serde_json::Value;

/// Each crate with the crates of ours that it may use; in reading order.
const ARROWS: &[(&str, &[&str])] = &[
    ("ledger", &[]),
    ("genesis", &["ledger"]),
    ("consensus", &["ledger"]),
    ("node", &["ledger", "genesis", "consensus"]),
    ("cli", &["ledger", "genesis"]),
    ("simulations", &["ledger", "genesis", "consensus"]),
    (
        "tests",
        &[
            "ledger",
            "genesis",
            "consensus",
            "node",
            "cli",
            "simulations",
        ],
    ),
];

/// No clock, no randomness, no I/O, no runtime: packages that bring one of them.
const IMPURE: &str = "tokio mio async-std smol ractor getrandom rand socket2 libp2p* *rocksdb* ureq axum hyper \
    chrono time jiff";

/// What a crate must not reach, normal and build dependencies, however far down.
const UNREACHED: &[(&str, &str)] = &[
    ("ledger", IMPURE),
    ("genesis", IMPURE),
    ("consensus", IMPURE),
    ("cli", "*rocksdb* libp2p* *malachite* tokio"),
    (
        "simulations",
        "*rocksdb* libp2p libp2p-swarm ractor getrandom mio",
    ),
];

/// Packages of which the tree holds exactly one version: what is signed, hashed or spoken between nodes.
const ONCE: &str = "libp2p libp2p-identity libp2p-gossipsub curve25519-dalek ed25519-dalek sha2 hmac \
    minicbor jmt tlog_tiles rocksdb librocksdb-sys ring prometheus-client tokio";

/// Packages that must not come in: a second crypto provider, a dead codec.
const NEVER: &str = "aws-lc-rs aws-lc-sys openssl openssl-sys native-tls bincode";

const LINES_MAX: usize = 500;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

fn output(command: &mut Command) -> String {
    let done = command
        .current_dir(root())
        .output()
        .expect("the program is installed");
    let error = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{command:?}: {error}");
    String::from_utf8(done.stdout).unwrap()
}

fn cargo(arguments: &[&str]) -> String {
    output(Command::new(env!("CARGO")).args(arguments).arg("--offline"))
}

/// Paths of all tracked files, from the root, that still exist.
fn tracked() -> Vec<String> {
    let list = output(Command::new("git").args(["ls-files"]));
    let files = list.lines().filter(|path| root().join(path).is_file());
    files.map(str::to_owned).collect()
}

fn tracked_with(end: &str) -> Vec<(String, String)> {
    let files = tracked().into_iter().filter(|path| path.ends_with(end));
    let read = |path: String| (fs::read_to_string(root().join(&path)).unwrap(), path);
    files.map(read).map(|(text, path)| (path, text)).collect()
}

/// One checker for every rule: a list of faults that must be empty.
fn assert_none(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

/// `*` stands for anything, at either end.
fn is_like(name: &str, pattern: &str) -> bool {
    let middle = pattern.trim_matches('*');
    match (pattern.starts_with('*'), pattern.ends_with('*')) {
        (true, true) => name.contains(middle),
        (true, false) => name.ends_with(middle),
        (false, true) => name.starts_with(middle),
        (false, false) => name == middle,
    }
}

#[test]
fn crates_depend_only_downwards() {
    let metadata: Value =
        serde_json::from_str(&cargo(&["metadata", "--no-deps", "--format-version", "1"])).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let name = |value: &Value| value["name"].as_str().unwrap().to_owned();
    let ours: BTreeSet<String> = packages.iter().map(name).collect();
    let ruled: BTreeSet<String> = ARROWS.iter().map(|(from, _)| (*from).into()).collect();
    assert_eq!(ours, ruled, "the table of arrows names every crate");

    let mut faults = Vec::new();
    for package in packages {
        let from = name(package);
        let (_, allowed) = ARROWS.iter().find(|(known, _)| *known == from).unwrap();
        for to in package["dependencies"].as_array().unwrap().iter().map(name) {
            if ours.contains(&to) && to != from && !allowed.contains(&to.as_str()) {
                faults.push(format!("{from} must not depend on {to}"));
            }
        }
    }
    assert_none(&faults);
}

#[test]
fn pure_crates_reach_no_runtime_network_or_disk() {
    let mut faults = Vec::new();
    for (package, forbidden) in UNREACHED {
        let tree = cargo(&[
            "tree",
            "-p",
            package,
            "-e",
            "normal,build",
            "--prefix",
            "none",
        ]);
        let names: BTreeSet<_> = tree
            .lines()
            .filter_map(|line| line.split(' ').next())
            .collect();
        assert!(
            names.contains(package),
            "cargo tree answered something else"
        );
        for name in names {
            if forbidden.split(' ').any(|pattern| is_like(name, pattern)) {
                faults.push(format!("{package} reaches {name}"));
            }
        }
    }
    assert_none(&faults);
}

#[test]
fn pure_crates_are_no_std() {
    for package in ["ledger", "genesis", "consensus"] {
        let lib = fs::read_to_string(root().join(package).join("src/lib.rs")).unwrap();
        assert!(
            lib.lines().any(|line| line == "#![no_std]"),
            "{package} is not no_std"
        );
    }
}

/// Name → versions, and faults of their sources.
fn locked() -> (BTreeMap<String, Vec<String>>, Vec<String>) {
    let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let mut versions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut faults = Vec::new();
    for package in lock.split("[[package]]").skip(1) {
        let field = |key: &str| {
            let start = format!("{key} = \"");
            let line = package.lines().find_map(|line| line.strip_prefix(&start));
            line.map(|rest| rest.trim_end_matches('"').to_owned())
        };
        let name = field("name").unwrap();
        if field("source").is_some_and(|source| !source.starts_with("registry+")) {
            faults.push(format!("{name} comes from a branch, not from a registry"));
        }
        versions
            .entry(name)
            .or_default()
            .push(field("version").unwrap());
    }
    (versions, faults)
}

#[test]
fn the_tree_holds_one_version_of_what_nodes_must_agree_on() {
    let (versions, mut faults) = locked();
    for name in ONCE.split(' ') {
        let found = versions.get(name).cloned().unwrap_or_default();
        if found.len() != 1 {
            faults.push(format!(
                "one version of {name} is wanted, the lock file has {found:?}"
            ));
        }
    }
    for name in NEVER.split(' ').filter(|name| versions.contains_key(*name)) {
        faults.push(format!("{name} must not be in the tree"));
    }
    assert_none(&faults);
}

#[test]
fn every_package_may_be_used_under_a_permissive_licence() {
    const ALLOWED: &str = "MIT MIT-0 Apache-2.0 BSD-2-Clause BSD-3-Clause ISC Zlib 0BSD CC0-1.0 Unicode-3.0 \
        Unlicense BlueOak-1.0.0 BSL-1.0 CDLA-Permissive-2.0";
    let tree = cargo(&["tree", "--workspace", "--prefix", "none", "-f", "{p}={l}"]);
    let lines: BTreeSet<_> = tree
        .lines()
        .map(|line| line.trim_end_matches(" (*)"))
        .collect();
    assert!(lines.len() > 100, "cargo tree answered something else");
    let mut faults = Vec::new();
    for (package, licence) in lines.iter().filter_map(|line| line.split_once('=')) {
        let plain = licence
            .replace(['(', ')'], "")
            .replace('/', " OR ")
            .replace(" WITH LLVM-exception", "");
        // Either side of an OR will do, but all sides of an AND; nobody in the tree nests them otherwise.
        let is_allowed = plain.split(" AND ").all(|both| {
            both.split(" OR ")
                .any(|either| ALLOWED.split(' ').any(|allowed| allowed == either.trim()))
        });
        if !is_allowed {
            faults.push(format!("{package}: `{licence}`"));
        }
    }
    assert_none(&faults);
}

#[test]
fn every_source_file_says_what_it_is_for_and_stays_short() {
    let mut faults = Vec::new();
    for (path, text) in tracked_with(".rs") {
        if !text.starts_with("//! ") {
            faults.push(format!(
                "{path}: the first line must be //! and say what the file is for"
            ));
        }
        let lines = text.lines().count();
        if lines > LINES_MAX {
            faults.push(format!("{path}: {lines} lines, {LINES_MAX} at most"));
        }
        let name = path.rsplit('/').next().unwrap();
        if [
            "mod.rs",
            "util.rs",
            "utils.rs",
            "common.rs",
            "helper.rs",
            "helpers.rs",
        ]
        .contains(&name)
        {
            faults.push(format!("{path}: name the file for what is in it"));
        }
        if !text.ends_with('\n') || text.contains('\t') || text.contains(" \n") {
            faults.push(format!(
                "{path}: tab, blank at the end of a line, or no last line end"
            ));
        }
    }
    assert_none(&faults);
}

/// So that an upgrade of Malachite touches what is made for it, and nothing else.
#[test]
fn only_engine_and_application_name_the_engine_of_consensus() {
    let places = ["node/src/engine", "node/src/application"];
    let is_named = |line: &str| line.contains(concat!("malachite", "bft_"));
    let (mut faults, mut named) = (Vec::new(), 0);
    for (path, text) in tracked_with(".rs") {
        // The simulator and `consensus` use Malachite's pure crates, tests play its part.
        if !path.starts_with("node/src/") || path.ends_with("/tests.rs") {
            continue;
        }
        let is_place = places.iter().any(|place| path.starts_with(place));
        for (index, line) in text.lines().enumerate() {
            // The names of its crates as filters of the log are no code.
            let is_filter = line.contains(concat!("arc_", "malachite"));
            if !is_named(line) || is_filter {
                continue;
            }
            named += 1;
            if !is_place {
                faults.push(format!("{path}:{}: {line}", index + 1));
            }
        }
    }
    assert!(named > 20, "the words have changed: {named}");
    assert_none(&faults);
}

#[test]
fn nothing_is_left_over() {
    // Written in two halves, so that this file does not accuse itself.
    let words = [
        concat!("todo", "!("),
        concat!("unimpl", "emented!("),
        concat!("dbg", "!("),
        concat!("FIX", "ME"),
        concat!("TO", "DO"),
        concat!("XX", "X "),
        concat!("#[ig", "nore"),
        concat!("#[should", "_panic"),
    ];
    let mut faults = Vec::new();
    for (path, text) in tracked_with(".rs") {
        for (index, line) in text.lines().enumerate() {
            for word in words.iter().filter(|word| line.contains(**word)) {
                faults.push(format!("{path}:{}: {word}", index + 1));
            }
        }
    }
    assert_none(&faults);
}

#[test]
fn no_file_names_a_machine_or_a_registry() {
    let names = [
        concat!("/ro", "ot/"),
        concat!("/wo", "rk/"),
        concat!("/ho", "me/"),
        concat!("/Us", "ers/"),
        concat!("crates", ".io"),
        concat!("py", "pi.org"),
        concat!("npm", "js."),
        concat!("deb.deb", "ian.org"),
        concat!("proxy.gol", "ang"),
    ];
    let mut faults = Vec::new();
    for path in tracked().iter().filter(|path| *path != "Cargo.lock") {
        let bytes = fs::read(root().join(path)).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        for name in names.iter().filter(|name| text.contains(**name)) {
            faults.push(format!("{path}: {name}"));
        }
    }
    assert_none(&faults);
}

#[test]
fn documents_point_at_files_that_exist() {
    let known: BTreeSet<String> = tracked().into_iter().collect();
    let exists = |path: &str| {
        let path = path.trim_end_matches('/');
        root().join(path).exists() || root().join(format!("{path}.rs")).exists()
    };
    // A path in backticks begins with one of our folders.
    let folders: BTreeSet<&str> = known
        .iter()
        .filter_map(|path| path.split_once('/'))
        .map(|pair| pair.0)
        .collect();
    let mut faults = Vec::new();
    for (path, text) in tracked_with(".md") {
        let here = Path::new(&path)
            .parent()
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        for link in between(&text, "](", ")") {
            let target = link.split('#').next().unwrap_or_default();
            let is_local =
                !target.is_empty() && !target.contains("://") && !target.starts_with("mailto:");
            let from_here = Path::new(&here).join(target);
            if is_local && !exists(from_here.to_str().unwrap()) {
                faults.push(format!("{path}: link to {link}"));
            }
        }
        for word in between(&without_blocks(&text), "`", "`") {
            let is_path = word
                .split_once('/')
                .is_some_and(|(first, _)| folders.contains(first))
                && !word.contains([' ', '*', '<', '{', '…']);
            if is_path && !exists(word) {
                faults.push(format!("{path}: names `{word}`"));
            }
        }
    }
    assert_none(&faults);
}

/// The text without its fenced blocks.
fn without_blocks(text: &str) -> String {
    let outside = text.split("```").step_by(2);
    outside.collect()
}

/// Every piece of `text` that stands between `open` and `close` on one line.
fn between<'a>(text: &'a str, open: &str, close: &str) -> Vec<&'a str> {
    let mut found = Vec::new();
    for line in text.lines() {
        let mut rest = line;
        while let Some((_, after)) = rest.split_once(open) {
            let Some((inside, next)) = after.split_once(close) else {
                break;
            };
            found.push(inside);
            rest = next;
        }
    }
    found
}

#[test]
fn every_reason_code_is_produced_by_a_test() {
    let tests = test_code();
    let is_word = |text: &str, word: &str| {
        let letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
        text.match_indices(word).any(|(at, _)| {
            let before = text.get(..at).and_then(|before| before.chars().next_back());
            let after = text
                .get(at + word.len()..)
                .and_then(|after| after.chars().next());
            !before.is_some_and(letter) && !after.is_some_and(letter)
        })
    };
    // Codes with a number and a text, which no rule of this version gives yet.
    let reserved = [Reason::Unsupported];
    let untested: Vec<String> = Reason::ALL
        .iter()
        .filter(|reason| !reserved.contains(reason))
        .filter(|reason| {
            let variant = format!("Reason::{reason:?}");
            let short = format!("R::{reason:?}");
            ![reason.code(), &variant, &short]
                .iter()
                .any(|word| is_word(&tests, word))
        })
        .map(|reason| format!("no test mentions {}", reason.code()))
        .collect();
    assert_none(&untested);
}

/// All code that only runs in tests, apart from this file.
fn test_code() -> String {
    let mut code = String::new();
    for (path, text) in tracked_with(".rs") {
        let is_test =
            path.ends_with("/tests.rs") || path.contains("/tests/") || path.starts_with("tests/");
        if is_test && !path.ends_with("/tidy.rs") {
            code.push_str(&text);
        } else if let Some((_, tests)) = text.split_once("#[cfg(test)]\nmod tests {") {
            code.push_str(tests);
        }
    }
    code
}

#[test]
fn the_rules_can_fail() {
    assert!(is_like("librocksdb-sys", "*rocksdb*") && !is_like("tokio-util", "tokio"));
    assert!(is_like("libp2p-swarm", "libp2p*") && is_like("arc-malachitebft-sync", "*malachite*"));
    assert_eq!(between("see [a](b.md) and `c/d`", "](", ")"), ["b.md"]);
    assert_eq!(
        between(&without_blocks("`a`\n```\n`b`\n```\n`c`"), "`", "`"),
        ["a", "c"]
    );
}
