//! Tests of results folders: what is written, what is refused, what reads back.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::super::folder::{Folder, Timing, write_report};
use super::super::synthetic;
use super::*;

const FILES: [&str; 11] = [
    "blocks.csv",
    "counters.csv",
    "events.jsonl",
    "manifest.json",
    "nodes.csv",
    "permits.csv",
    "report.html",
    "runs.csv",
    "scenario.toml",
    "splits.csv",
    "timing.json",
];

fn timing(wall_ms: u64) -> [Timing; 1] {
    [Timing {
        parties: 7,
        seed: 1,
        simulated_ms: 3_600_000,
        wall_ms,
    }]
}

/// A folder of results, and the temporary one around it.
fn written(campaign: &Campaign, wall_ms: u64) -> (tempfile::TempDir, PathBuf) {
    let outer = tempfile::tempdir().unwrap();
    let path = outer.path().join("results/calm");
    let folder = Folder::create(&path).unwrap();
    folder.write(campaign, &timing(wall_ms)).unwrap();
    (outer, path)
}

fn files(path: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(path).unwrap().map(Result::unwrap);
    entries
        .map(|entry| {
            (
                entry.file_name().into_string().unwrap(),
                fs::read(entry.path()).unwrap(),
            )
        })
        .collect()
}

/// A campaign whose texts need quotes.
fn awkward() -> Campaign {
    let mut campaign = synthetic::campaign(3, 13, 120);
    campaign.runs[1].violation = Some("two blocks at height 9:\n\"a\", 'b'".into());
    campaign.runs[0]
        .counters
        .insert("refused, \"twice\"".into(), 2);
    campaign
}

#[test]
fn the_same_campaign_gives_the_same_bytes_but_for_the_timing() {
    let (_one, first) = written(&awkward(), 10);
    let (_two, second) = written(&awkward(), 99);
    let (mut first, mut second) = (files(&first), files(&second));
    let names: Vec<&str> = first.keys().map(String::as_str).collect();
    assert_eq!(names, FILES);
    assert_ne!(first.remove("timing.json"), second.remove("timing.json"));
    assert!(first == second);
}

#[test]
fn the_report_of_a_folder_is_that_of_memory() {
    let campaign = awkward();
    let (_outer, path) = written(&campaign, 10);
    let read = read(&path).unwrap();
    assert!(read == campaign, "every row reads back");
    let before = fs::read(path.join("report.html")).unwrap();
    fs::write(path.join("report.html"), "old").unwrap();
    write_report(&path, &read).unwrap();
    assert!(fs::read(path.join("report.html")).unwrap() == before);
}

#[test]
fn a_folder_that_exists_is_refused() {
    let (_outer, path) = written(&synthetic::campaign(1, 4, 8), 1);
    let before = files(&path);
    let error = Folder::create(&path).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("`{}` exists; name another folder", path.display())
    );
    assert!(files(&path) == before);
}

#[test]
fn a_file_that_cannot_be_written_is_named() {
    let outer = tempfile::tempdir().unwrap();
    let path = outer.path().join("results");
    let folder = Folder::create(&path).unwrap();
    // A folder stands where the file should go.
    fs::create_dir(path.join("nodes.csv")).unwrap();
    let error = folder
        .write(&synthetic::campaign(1, 4, 8), &[])
        .unwrap_err();
    assert!(
        error.to_string().starts_with("could not write `"),
        "{error}"
    );
    assert!(error.to_string().contains("nodes.csv"), "{error}");
    assert!(
        !path.join("manifest.json").exists(),
        "only a whole folder has a manifest"
    );
}

#[test]
fn the_manifest_says_where_everything_came_from() {
    let campaign = awkward();
    let manifest = Manifest::of(&campaign);
    assert_eq!(manifest.seeds, [1, 2, 3]);
    assert_eq!(
        (manifest.runs, manifest.also_runs, manifest.violations),
        (3, 6, 1)
    );
    assert_eq!(manifest.also_parties, [4, 7]);
    assert_eq!(manifest.traces.len(), 9);
    assert_eq!(manifest.scenario_sha256, digest(synthetic::TEXT));
    // `sha256sum` of nothing.
    assert_eq!(
        digest(""),
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
    let is_commit = |text: &str| text.len() >= 40 || text == "unknown";
    assert!(is_commit(&manifest.commit), "{}", manifest.commit);
}

#[test]
fn a_folder_that_was_changed_is_refused_with_the_place() {
    for (name, from, to, told) in [
        ("scenario.toml", "heights", "depths", "its digest differs"),
        (
            "manifest.json",
            "\"layout\": 1",
            "\"layout\": 9",
            "layout 9, this program reads 1",
        ),
        ("manifest.json", "{", "", "manifest.json"),
        (
            "blocks.csv",
            "run,seed,height",
            "run,seed,depth",
            "its first row must be run,seed,height",
        ),
        (
            "blocks.csv",
            "\n1,1,1,",
            "\n7,1,1,",
            "row 2: there is no run 7",
        ),
        ("blocks.csv", "\n1,1,1,", "\n1,1,", "row 2: 9 columns of 10"),
        (
            "permits.csv",
            ",issue,",
            ",\"issue\"?,",
            "text after a closing quote",
        ),
        (
            "permits.csv",
            "Oceania",
            "Atlantis",
            "`Atlantis` is not a region",
        ),
        (
            "runs.csv",
            ",main,",
            ",odd,",
            "`odd` is neither main nor also",
        ),
        (
            "events.jsonl",
            "\"run\":1",
            "\"run\":77",
            "line 1: there is no run 77",
        ),
        ("events.jsonl", "{", "", "line 1: "),
    ] {
        let (_outer, path) = written(&synthetic::campaign(1, 6, 24), 1);
        let file = path.join(name);
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.contains(from), "{name} {from}");
        fs::write(&file, text.replacen(from, to, 1)).unwrap();
        let error = read(&path).unwrap_err().to_string();
        assert!(error.contains(told) && error.contains(name), "{error}");
    }
}

#[test]
fn a_folder_without_its_manifest_or_without_anything_is_refused() {
    let (outer, path) = written(&synthetic::campaign(1, 4, 8), 1);
    fs::remove_file(path.join("manifest.json")).unwrap();
    let error = read(&path).unwrap_err().to_string();
    assert!(error.contains("did not come to their end"), "{error}");
    let error = read(&outer.path().join("none")).unwrap_err().to_string();
    assert!(error.starts_with("could not read"), "{error}");
}
