//! Key files: encrypted, for their owner only, readable by OpenSSL, refused where anything is odd.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use genesis::NetworkName;
use genesis::possession::{Claim, Purpose};
use ledger::digest::bytes_from_hex;
use ledger::key::{PublicKey, Signature};
use ledger::party::Role;

use crate::chain::{party, specimen};
use crate::desk::{Device, PASSWORD, pem};

#[test]
fn a_new_key_is_encrypted_private_and_opens_again() {
    let device = Device::bare();
    let made = device
        .run(&["key", "new", "--out", "k.pem", "--json"])
        .ends(0)
        .json();
    let text = fs::read_to_string(device.path("k.pem")).unwrap();
    assert!(text.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
    assert_eq!(
        fs::metadata(device.path("k.pem"))
            .unwrap()
            .permissions()
            .mode()
            & 0o777,
        0o600
    );
    let shown = device
        .run(&["key", "show", "k.pem", "--json"])
        .ends(0)
        .json();
    assert_eq!(shown["public_key"], made["public_key"]);
    device
        .run(&["key", "new", "--out", "k.pem"])
        .ends(2)
        .says("is there already");
    assert_eq!(fs::read_to_string(device.path("k.pem")).unwrap(), text);
    let other = device
        .run(&["key", "new", "--out", "other.pem", "--json"])
        .ends(0)
        .json();
    assert_ne!(other["public_key"], made["public_key"]);
}

#[test]
fn openssl_reads_our_keys_and_we_read_its_keys() {
    let device = Device::bare();
    let made = device
        .run(&["key", "new", "--out", "k.pem", "--json"])
        .ends(0)
        .json();
    let password = device.path("password");
    let password = format!("file:{}", password.display());
    let openssl = |arguments: &[&str]| {
        Command::new("openssl")
            .args(arguments)
            .current_dir(device.path(""))
            .output()
    };
    let Ok(read) = openssl(&[
        "pkey", "-in", "k.pem", "-passin", &password, "-pubout", "-outform", "DER",
    ]) else {
        eprintln!("openssl is not installed: the cross-check is not made here");
        return;
    };
    assert!(read.status.success(), "{read:?}");
    // RFC 8410: the last 32 bytes are the key.
    let public = ledger::digest::hex(&read.stdout[read.stdout.len() - 32..]);
    assert_eq!(made["public_key"], public);
    let genpkey = openssl(&[
        "genpkey",
        "-algorithm",
        "ed25519",
        "-aes-256-cbc",
        "-pass",
        &password,
        "-out",
        "theirs.pem",
    ])
    .unwrap();
    assert!(genpkey.status.success(), "{genpkey:?}");
    fs::set_permissions(device.path("theirs.pem"), Permissions::from_mode(0o600)).unwrap();
    device.run(&["key", "show", "theirs.pem"]).ends(0);
}

#[test]
fn a_key_that_is_not_as_it_should_be_is_exit_7() {
    let device = Device::bare();
    device.key("QS", "management");
    device
        .run(&["key", "show", "QS-management.pem"])
        .ends(0)
        .says(&specimen("QS", "management").public().to_string());
    device.run(&["key", "show", "missing.pem"]).ends(7);
    device.write("noise.pem", b"noise", 0o600);
    device
        .run(&["key", "show", "noise.pem"])
        .ends(7)
        .says("not an encrypted Ed25519 key");
    device.write("plain.pem", b"-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n-----END PRIVATE KEY-----\n", 0o600);
    device
        .run(&["key", "show", "plain.pem"])
        .ends(7)
        .says("is not encrypted");
    for mode in [0o640, 0o604, 0o666] {
        device.write(
            "wide.pem",
            pem(&specimen("QS", "management")).as_bytes(),
            mode,
        );
        device
            .run(&["key", "show", "wide.pem"])
            .ends(7)
            .says("may be used by others");
    }
    let text = pem(&specimen("QS", "management"));
    device.write("cut.pem", &text.as_bytes()[..text.len() / 2], 0o600);
    device.run(&["key", "show", "cut.pem"]).ends(7);
    device.write("wrong", b"another password", 0o600);
    device
        .run(&[
            "key",
            "show",
            "QS-management.pem",
            "--password-file",
            "wrong",
        ])
        .ends(7)
        .says("wrong password");
    device
        .run(&[
            "key",
            "show",
            "QS-management.pem",
            "--password-file",
            "missing",
        ])
        .ends(7);
    device.write("shared", PASSWORD.as_bytes(), 0o644);
    device
        .run(&[
            "key",
            "show",
            "QS-management.pem",
            "--password-file",
            "shared",
        ])
        .ends(7)
        .says("may be read by others");
    device.write("short", b"short\n", 0o600);
    device
        .run(&["key", "new", "--out", "new.pem", "--password-file", "short"])
        .ends(7)
        .says("at least 8");
    assert!(!device.path("new.pem").exists());
}

#[test]
fn a_key_file_that_asks_for_all_the_memory_is_refused_before_it_is_tried() {
    use pkcs8::der::Encode as _;
    use pkcs8::pkcs5::{pbes2, scrypt::Params};
    let device = Device::bare();
    let params = Params::new(22, 32, 1, 32).unwrap();
    let scheme = pbes2::Parameters::scrypt_aes256cbc(params, &[7; 16], &[8; 16]).unwrap();
    let hostile = pkcs8::EncryptedPrivateKeyInfo {
        encryption_algorithm: scheme.into(),
        encrypted_data: &[0; 64],
    };
    let document = pkcs8::SecretDocument::try_from(hostile.to_der().unwrap()).unwrap();
    let text = document
        .to_pem("ENCRYPTED PRIVATE KEY", pkcs8::LineEnding::LF)
        .unwrap();
    device.write("hostile.pem", text.as_bytes(), 0o600);
    device
        .run(&["key", "show", "hostile.pem"])
        .ends(7)
        .says("too much work");
}

#[test]
fn a_proof_of_possession_holds_for_its_network_party_and_role() {
    let device = Device::bare();
    device.key("QS", "customs");
    let arguments = [
        "key",
        "prove",
        "QS-customs.pem",
        "--network",
        "demo-7",
        "--party",
        "QS",
        "--role",
        "customs",
    ];
    let value = device
        .run(&[&arguments[..], &["--json"]].concat())
        .ends(0)
        .json();
    let network = NetworkName::parse("demo-7").unwrap();
    let claim = Claim {
        network: &network,
        party: party("QS"),
        purpose: Purpose::Office(Role::Customs),
    };
    let key = PublicKey::from_hex(value["public_key"].as_str().unwrap()).unwrap();
    let proof = Signature(bytes_from_hex(value["possession"].as_str().unwrap()).unwrap());
    assert!(claim.is_proven(&key, &proof));
    // What `cites-node init --office` takes.
    let office = format!(
        "customs={}:{}",
        value["public_key"].as_str().unwrap(),
        value["possession"].as_str().unwrap()
    );
    device.run(&arguments).ends(0).says(&office);
    device
        .run(&[
            "key",
            "prove",
            "QS-customs.pem",
            "--network",
            "Demo",
            "--party",
            "QS",
            "--role",
            "customs",
        ])
        .ends(2);
}

#[test]
fn a_key_signs_only_for_its_own_office() {
    let device = Device::new();
    let xml = device.issue("26QS000123");
    let asked = device.node.asked().len();
    let customs = device.key("QS", "customs");
    let stranger = "stranger.pem";
    device.write(stranger, pem(&specimen("QS", "nobody")).as_bytes(), 0o600);
    let sight = ["sight", "QS/26QS000123", "--port", "QSSUR"];
    for (front, says) in [
        (
            vec!["--as", "QS/management", "--key", &customs],
            "this act is for customs",
        ),
        (
            vec!["--as", "QN/customs", "--key", &customs],
            "not the key of QN/customs",
        ),
        (
            vec!["--as", "QS/customs#1", "--key", &customs],
            "no such office",
        ),
        (
            vec!["--as", "QS/scientific", "--key", &customs],
            "this act is for customs",
        ),
        (vec!["--as", "QX/customs", "--key", &customs], "not a Party"),
        (vec!["--key", stranger], "no office of this network"),
        (vec!["--as", "QS/customs"], "no key is named"),
    ] {
        device
            .run(&[&front[..], &sight].concat())
            .ends(7)
            .says(says);
    }
    device
        .run(&[
            "--key", &customs, "permit", "cancel", &xml, "--reason", "lost",
        ])
        .ends(7)
        .says("this act is for management");
    device
        .run(&[
            "--as", "customs", "--key", &customs, "sight", &xml, "--port", "QSSUR",
        ])
        .ends(2);
    assert_eq!(device.node.asked().len(), asked);
    device
        .run(&[&["--key", &customs][..], &sight].concat())
        .ends(0);
    device
        .run(&[&["--as", "QS/customs#2", "--key", &customs][..], &sight].concat())
        .ends(0);
}
