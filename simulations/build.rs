//! Tells the program the commit that it was built from, for the manifests of results; `unknown` outside a clone.

use std::io::{self, Write as _};
use std::path::Path;
use std::process::Command;

/// Where a change makes the tree differ from its commit. A folder that is absent would run this on every build.
const SOURCES: &[&str] = &[
    "Cargo.toml",
    "src",
    "data",
    "scenarios",
    "../ledger/src",
    "../genesis/src",
    "../consensus/src",
    "../Cargo.toml",
    "../Cargo.lock",
];

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    for path in SOURCES.iter().filter(|path| Path::new(path).exists()) {
        writeln!(out, "cargo::rerun-if-changed={path}")?;
    }
    let commit = commit();
    if commit.is_some() {
        let branch = git(&["symbolic-ref", "--quiet", "HEAD"]);
        let names = ["HEAD".to_owned(), "packed-refs".to_owned()];
        for name in names.into_iter().chain(branch) {
            // A worktree keeps these elsewhere than in `.git`.
            let path = git(&["rev-parse", "--git-path", &name]);
            if let Some(path) = path.filter(|path| Path::new(path).exists()) {
                writeln!(out, "cargo::rerun-if-changed={path}")?;
            }
        }
    }
    let commit = commit.unwrap_or_else(|| "unknown".to_owned());
    writeln!(out, "cargo::rustc-env=CITES_SIM_COMMIT={commit}")
}

/// The commit of this tree; with `-changed` where files differ from it.
fn commit() -> Option<String> {
    // An unpacked archive inside somebody else's clone must not bear that clone's commit.
    git(&["ls-files", "--error-unmatch", "Cargo.toml"])?;
    let commit = git(&["rev-parse", "HEAD"])?;
    let mut compared = vec!["diff", "--quiet", "HEAD", "--"];
    compared.extend(SOURCES.iter().filter(|path| Path::new(path).exists()));
    Some(match git(&compared) {
        Some(_) => commit,
        None => format!("{commit}-changed"),
    })
}

fn git(arguments: &[&str]) -> Option<String> {
    let done = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(done.stdout).ok()?;
    done.status.success().then(|| text.trim().to_owned())
}
