//! The programs under test, built from the sources as they are now.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The root of the repository.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("a parent")
        .to_owned()
}

/// `cites-node`.
#[must_use]
pub fn cites_node() -> PathBuf {
    folder().join("cites-node")
}

/// `cites`.
#[must_use]
pub fn cites() -> PathBuf {
    folder().join("cites")
}

/// `cargo test` builds a program only for the tests of its own package, so the programs are built here, once:
/// with everything compiled already it takes a second, and they are never stale.
fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let test = std::env::current_exe().expect("the test's own path");
        // TARGET/PROFILE/deps/TEST
        let profile = test.ancestors().nth(2).expect("a profile's folder");
        let target = profile.parent().expect("a target folder");
        let mut build = Command::new(env!("CARGO"));
        build
            .current_dir(root())
            .args(["build", "--workspace", "--bins", "--target-dir"])
            .arg(target);
        if profile.ends_with("release") {
            build.arg("--release");
        }
        let built = build.output().expect("cargo can be called");
        let said = String::from_utf8_lossy(&built.stderr);
        assert!(built.status.success(), "the programs do not build:\n{said}");
        profile.to_owned()
    })
}
