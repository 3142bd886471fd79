//! A device with the binary: its folder, its keys, its files; and what a run of it gave.

use std::fs::{self, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use genesis::Genesis;
use ledger::key::SecretKey;
use ledger::permit::number::number_hash;
use ledger::record::PermitKey;
use ledger::state::PermitState;
use pkcs8::der::Encode as _;
use pkcs8::der::asn1::OctetStringRef;
use pkcs8::pkcs5::pbes2;
use pkcs8::pkcs5::scrypt::Params;
use pkcs8::{AlgorithmIdentifierRef, LineEnding, ObjectIdentifier, PrivateKeyInfo};
use serde_json::Value;
use tempfile::TempDir;

use crate::chain::{Chain, GENESIS, party, specimen};
use crate::node::Node;
use crate::papers::document;

pub(crate) const PASSWORD: &str = "correct horse battery";

/// A device in a folder of its own, and the node it asks.
pub(crate) struct Device {
    folder: TempDir,
    pub(crate) node: Node,
}

/// What a run gave.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// Asserts how it ended.
    #[track_caller]
    pub(crate) fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:#?}");
        self
    }

    /// Asserts that a text was printed.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(
            self.stdout.contains(text) || self.stderr.contains(text),
            "{text:?} is not in {self:#?}"
        );
        self
    }

    /// The object of `--json`; there is exactly one.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        let value: Value =
            serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:#?}"));
        assert!(value.is_object(), "{self:#?}");
        assert_eq!(value["exit_code"], self.code, "{self:#?}");
        assert!(
            value["schema"].as_str().unwrap().starts_with("cites."),
            "{self:#?}"
        );
        value
    }

    /// The codes of a verdict's reasons, the worst first.
    #[track_caller]
    pub(crate) fn codes(&self) -> Vec<String> {
        let value = self.json();
        let reasons = value["reasons"]
            .as_array()
            .unwrap_or_else(|| panic!("{self:#?}"));
        reasons
            .iter()
            .map(|reason| reason["code"].as_str().unwrap().to_owned())
            .collect()
    }
}

impl Device {
    /// A device that trusts the demonstration network.
    pub(crate) fn new() -> Self {
        Self::of(GENESIS)
    }

    /// A device that trusts this network, with a node of it.
    pub(crate) fn of(genesis: &str) -> Self {
        let device = Self::bare_of(genesis);
        device.node.chain(|chain| chain.block(&[])).unwrap();
        device.pin(&[]);
        device
    }

    /// Pins the network of `genesis.toml`, whose fingerprint everybody here has heard.
    pub(crate) fn pin(&self, more: &[&str]) {
        let fingerprint = fingerprint(&fs::read_to_string(self.path("genesis.toml")).unwrap());
        let pin = [
            "trust",
            "pin",
            "genesis.toml",
            "--fingerprint",
            &fingerprint,
        ];
        self.run(&[&pin[..], more, &["-q"]].concat()).ends(0);
    }

    /// A device that trusts nothing yet.
    pub(crate) fn bare() -> Self {
        Self::bare_of(GENESIS)
    }

    fn bare_of(genesis: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let device = Self {
            folder,
            node: Node::new(Chain::of(&Genesis::parse(genesis).unwrap())),
        };
        device.write("genesis.toml", genesis.as_bytes(), 0o644);
        device.write("password", PASSWORD.as_bytes(), 0o600);
        device
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8], mode: u32) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        path
    }

    /// The key file of an office, made once.
    pub(crate) fn key(&self, code: &str, role: &str) -> String {
        let name = format!("{code}-{role}.pem");
        if !self.path(&name).exists() {
            self.write(&name, pem(&specimen(code, role)).as_bytes(), 0o600);
        }
        name
    }

    /// Runs the binary.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        self.run_at(&self.node.url, arguments)
    }

    /// Runs the binary against some address.
    pub(crate) fn run_at(&self, url: &str, arguments: &[&str]) -> Run {
        let output = Command::new(env!("CARGO_BIN_EXE_cites"))
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("CITES_NODE", url)
            .env("CITES_HOME", self.path("home"))
            .env("CITES_PASSWORD_FILE", self.path("password"))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let run = Run {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        assert!(!run.stderr.contains("panicked"), "{run:#?}");
        if arguments.contains(&"--json") {
            run.json();
        } else {
            assert!(!run.stdout.contains('{'), "a hole was left open: {run:#?}");
        }
        run
    }

    /// Runs the binary at a terminal, where `answer` is typed; `None` where this machine has no `script`.
    pub(crate) fn run_at_terminal(&self, arguments: &[&str], answer: &str) -> Option<Run> {
        let command = format!("{} {}", env!("CARGO_BIN_EXE_cites"), arguments.join(" "));
        let mut script = Command::new("script")
            .args(["-qec", &command, "/dev/null"])
            .current_dir(self.folder.path())
            .env("CITES_NODE", &self.node.url)
            .env("CITES_HOME", self.path("home"))
            .env("CITES_PASSWORD_FILE", self.path("password"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        script.stdin.take()?.write_all(answer.as_bytes()).unwrap();
        let output = script.wait_with_output().unwrap();
        Some(Run {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::new(),
        })
    }

    /// Runs it as an office.
    pub(crate) fn run_as(&self, office: &str, arguments: &[&str]) -> Run {
        let (code, role) = office.split_once('/').unwrap();
        let key = self.key(code, role);
        let mut all = vec!["--as", office, "--key", &key];
        all.extend(arguments);
        self.run(&all)
    }

    /// Writes a permit granted today, as `NUMBER.xml`.
    pub(crate) fn permit(&self, number: &str) -> String {
        let name = format!("{number}.xml");
        self.write(&name, document(number).as_bytes(), 0o644);
        name
    }

    /// Issues it.
    pub(crate) fn issue(&self, number: &str) -> String {
        let xml = self.permit(number);
        self.run_as("QS/management", &["permit", "issue", &xml])
            .ends(0);
        xml
    }

    /// Writes a document as `NAME.xml`, beside which its secret will lie.
    pub(crate) fn paper(&self, name: &str, document: &str) -> String {
        let name = format!("{name}.xml");
        self.write(&name, document.as_bytes(), 0o644);
        name
    }

    /// Runs `permit issue` for a document, with flags.
    pub(crate) fn issues(&self, office: &str, xml: &str, flags: &[&str]) -> Run {
        let arguments = [&["permit", "issue", xml][..], flags].concat();
        self.run_as(office, &arguments)
    }

    pub(crate) fn endorse(&self, number: &str) {
        let name = format!("QS/{number}");
        self.run_as(
            "QS/customs",
            &["endorse", &name, "--line", "A=960", "--port", "QSSUR"],
        )
        .ends(0);
    }

    pub(crate) fn import(&self, number: &str) {
        let name = format!("QS/{number}");
        self.run_as(
            "QN/customs",
            &[
                "import", &name, "--line", "A=958", "--port", "QNHAR", "--yes",
            ],
        )
        .ends(0);
    }

    /// The permit's name on the ledger.
    pub(crate) fn permit_key(&self, number: &str) -> PermitKey {
        let chain = self.node.chain(|chain| chain.id);
        PermitKey {
            issuer: party("QS"),
            number: number_hash(chain, party("QS"), number),
        }
    }

    /// The permit as the ledger holds it.
    pub(crate) fn state(&self, number: &str) -> PermitState {
        let permit = self.permit_key(number);
        self.node.chain(|chain| chain.permit(&permit)).unwrap()
    }

    /// Saves the node's proof as `NUMBER.proof`.
    pub(crate) fn save_proof(&self, number: &str) -> String {
        let permit = self.permit_key(number);
        let bytes = self.node.chain(|chain| chain.proof(&permit).encode());
        let name = format!("{number}.proof");
        self.write(&name, &bytes, 0o644);
        name
    }
}

/// What the other Parties would read aloud.
pub(crate) fn fingerprint(genesis: &str) -> String {
    Genesis::parse(genesis).unwrap().fingerprint().to_string()
}

pub(crate) fn exists(path: &Path) -> bool {
    path.exists()
}

/// An encrypted key file as another program would write it, cheap to open.
pub(crate) fn pem(key: &SecretKey) -> String {
    let seed = key.to_seed();
    let octets = OctetStringRef::new(&seed).unwrap().to_der().unwrap();
    let algorithm = AlgorithmIdentifierRef {
        oid: ObjectIdentifier::new_unwrap("1.3.101.112"),
        parameters: None,
    };
    let params = Params::new(4, 8, 1, 32).unwrap();
    let scheme = pbes2::Parameters::scrypt_aes256cbc(params, &[7; 16], &[8; 16]).unwrap();
    let document = PrivateKeyInfo::new(algorithm, &octets)
        .encrypt_with_params(scheme, PASSWORD)
        .unwrap();
    document
        .to_pem("ENCRYPTED PRIVATE KEY", LineEnding::LF)
        .unwrap()
        .to_string()
}
