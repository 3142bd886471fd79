//! The ceremony with four Parties, and what goes wrong in it.

use consensus::guard::{Local, Standing, State};
use genesis::file::{NodeEntry, OfficeEntry, PartyEntry, PartyFile};
use ledger::key::SecretKey;
use ledger::party::{Height, Role};
use node::config::Listen;

use super::*;

fn act(act: &Act) -> Result<String, (Exit, String)> {
    let mut out = Vec::new();
    run(act, &mut out).map_err(|failure| failure.seen())?;
    Ok(String::from_utf8(out).unwrap())
}

/// A Party's home with keys and the entry for the genesis.
fn party(folder: &Path, code: &str, power: u32) -> Identity {
    let identity = Identity::draw().unwrap();
    identity.save(&folder.join("homes").join(code)).unwrap();
    let network = NetworkName::parse("demo-1").unwrap();
    let party = PartyCode::new(code).unwrap();
    let office = SecretKey::from_seed(&[code.as_bytes()[1]; 32]);
    let node = NodeEntry::follower(&network, party, identity.peer());
    let node = match power {
        0 => node,
        power => node.with_vote(&network, party, identity.voting(), power),
    };
    let entry = PartyFile {
        network: "demo-1".into(),
        party: PartyEntry {
            code: code.into(),
            name: format!("Land {code}"),
            customs_union: None,
            accepts_unendorsed: false,
            import_permit_for_ii: false,
            offices: vec![OfficeEntry::proven(
                &network,
                party,
                Role::Management,
                &office,
            )],
            nodes: vec![node],
        },
    };
    fs::write(
        folder.join(format!("{code}{PARTY_FILE_END}")),
        entry.to_toml(),
    )
    .unwrap();
    identity
}

fn new(folder: &Path) -> PathBuf {
    let out = folder.join("genesis.toml");
    let said = act(&Act::New {
        network: "demo-1".into(),
        out: out.clone(),
    })
    .unwrap();
    assert!(said.starts_with("wrote    "), "{said}");
    out
}

fn verify(genesis: &Path, home: Option<PathBuf>) -> Result<String, (Exit, String)> {
    act(&Act::Verify {
        genesis: genesis.into(),
        home,
    })
}

#[test]
fn four_parties_agree_on_one_fingerprint() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for (code, power) in [("QS", 1), ("QT", 1), ("QN", 1), ("QP", 1), ("QZ", 0)] {
        party(folder, code, power);
    }
    let genesis = new(folder);
    let added = act(&Act::Add {
        genesis: genesis.clone(),
        party: folder.join("QT.party.toml"),
    });
    assert!(added.unwrap().ends_with("1 Parties: QT\n"));
    fs::remove_file(folder.join("QT.party.toml")).unwrap();
    let collected = act(&Act::Collect {
        genesis: genesis.clone(),
        folder: folder.into(),
    });
    assert!(collected.unwrap().ends_with("5 Parties: QN QP QS QT QZ\n"));

    let said = verify(&genesis, Some(folder.join("homes/QS"))).unwrap();
    let first = said.lines().next().unwrap();
    assert!(
        first.starts_with("ok       demo-1, 5 Parties, 3 of 4 decide, our key is number "),
        "{first}"
    );
    assert!(first.ends_with(" (QS)"), "{first}");
    assert!(said.contains("party    QZ Land QZ: management\n"), "{said}");
    assert!(!said.contains("warning"), "{said}");
    let follower = verify(&genesis, Some(folder.join("homes/QZ"))).unwrap();
    assert!(follower.contains("our node follows (QZ)"), "{follower}");

    let printed = act(&Act::Fingerprint {
        genesis: genesis.clone(),
    })
    .unwrap();
    let (fingerprint, chain) = printed.split_once('\n').unwrap();
    assert!(said.contains(fingerprint), "{said}");
    let parsed = Genesis::parse(&fs::read_to_string(&genesis).unwrap()).unwrap();
    assert_eq!(chain.trim(), format!("chain id    {}", parsed.chain_id()));
}

#[test]
fn powers_that_let_one_party_halt_the_rest_are_pointed_out() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for (code, power) in [("QS", 2), ("QT", 1), ("QN", 1), ("QP", 1)] {
        party(folder, code, power);
    }
    let genesis = new(folder);
    act(&Act::Collect {
        genesis: genesis.clone(),
        folder: folder.into(),
    })
    .unwrap();
    let said = verify(&genesis, None).unwrap();
    assert!(said.contains("4 of 5 voting power decide\n"), "{said}");
    assert!(said.contains("warning: QS holds a third"), "{said}");
    assert_eq!(said.matches("warning").count(), 1, "{said}");
}

#[test]
fn what_goes_wrong_is_said_with_its_exit_code_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let genesis = new(folder);
    let before = fs::read(&genesis).unwrap();
    let missing = folder.join("missing");
    let new = |network: &str, out: &Path| Act::New {
        network: network.into(),
        out: out.into(),
    };
    let add = |party: &Path| Act::Add {
        genesis: genesis.clone(),
        party: party.into(),
    };
    let collect = |folder: &Path| Act::Collect {
        genesis: genesis.clone(),
        folder: folder.into(),
    };
    let verify = Act::Verify {
        genesis: genesis.clone(),
        home: None,
    };
    let print = Act::Fingerprint {
        genesis: genesis.clone(),
    };
    let rows = [
        (
            new("demo-1", &genesis),
            Exit::Usage,
            "hint: name another file",
        ),
        (
            new("Demo", &missing),
            Exit::BadInput,
            "error: network: `Demo` is not a network's name\nhint: 3 to 32",
        ),
        (
            new("demo-1", &missing.join("g")),
            Exit::Failed,
            "look at the disk",
        ),
        (add(&missing), Exit::BadInput, "missing`: No such file"),
        (add(&genesis), Exit::BadInput, "unknown field `parameters`"),
        (collect(folder), Exit::BadInput, "no *.party.toml in"),
        (collect(&missing), Exit::BadInput, "name the folder"),
        (
            verify,
            Exit::BadInput,
            "error: file: no Party\nhint: add each Party's file",
        ),
        (print, Exit::BadInput, "no Party"),
    ];
    for (step, exit, expected) in rows {
        let (seen, said) = act(&step).unwrap_err();
        assert_eq!(seen, exit, "{said}");
        assert!(said.contains(expected), "{said}");
        assert_eq!(fs::read(&genesis).unwrap(), before);
    }
}

#[test]
fn a_node_that_the_genesis_does_not_name_learns_so() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    party(folder, "QS", 1);
    let genesis = new(folder);
    act(&Act::Collect {
        genesis: genesis.clone(),
        folder: folder.into(),
    })
    .unwrap();
    party(folder, "QT", 1);
    let (exit, said) = verify(&genesis, Some(folder.join("homes/QT"))).unwrap_err();
    assert_eq!(exit, Exit::BadInput);
    assert!(said.contains("does not name our node"), "{said}");
    // The same peer key with a new voting key: an entry of an earlier init was collected.
    let home = folder.join("homes/QS");
    fs::copy(home.join("keys/peer.key"), folder.join("peer.key")).unwrap();
    fs::remove_dir_all(&home).unwrap();
    Identity::draw().unwrap().save(&home).unwrap();
    fs::rename(folder.join("peer.key"), home.join("keys/peer.key")).unwrap();
    let (exit, said) = verify(&genesis, Some(home)).unwrap_err();
    assert_eq!(exit, Exit::BadInput);
    assert!(said.contains("another voting key"), "{said}");
    let (exit, said) = verify(&genesis, Some(folder.join("nowhere"))).unwrap_err();
    assert_eq!(exit, Exit::BadInput);
    assert!(said.contains("hint: run `cites-node init` first"), "{said}");
}

#[test]
fn a_genesis_is_accepted_once_and_only_with_the_fingerprint_that_was_heard() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let identity = party(folder, "QS", 1);
    let home = folder.join("homes/QS");
    let ours = Config::new(&home, PartyCode::new("QS").unwrap(), Listen::loopback(0));
    ours.save().unwrap();
    let genesis = new(folder);
    act(&Act::Collect {
        genesis: genesis.clone(),
        folder: folder.into(),
    })
    .unwrap();
    let agreed = Genesis::parse(&fs::read_to_string(&genesis).unwrap()).unwrap();
    let accept = |fingerprint| {
        act(&Act::Accept {
            genesis: genesis.clone(),
            home: home.clone(),
            fingerprint,
        })
    };

    let (exit, said) = accept("00".repeat(16).parse().unwrap()).unwrap_err();
    assert_eq!(exit, Exit::BadInput);
    assert!(
        said.contains("hint: do not start; ask the other Parties"),
        "{said}"
    );
    assert!(!ours.genesis.exists() && !ours.data_folder().exists());

    let said = accept(agreed.fingerprint()).unwrap();
    assert!(
        said.starts_with("accepted demo-1, our key is number 1 (QS)\n"),
        "{said}"
    );
    let config = Config::load(&home, |_| None).unwrap();
    assert_eq!(config.genesis().unwrap(), agreed);
    let nothing = Local {
        tip: Height::ZERO,
        log: None,
    };
    let key = identity.voting().public();
    let guard = FileGuard::open(&config.data_folder(), agreed.chain_id(), &key, &nothing).unwrap();
    assert_eq!(
        guard.standing(),
        Standing::Armed(State::new(agreed.chain_id(), &key))
    );

    // Were the guard lost, a second acceptance would let the key sign again what it signed before.
    fs::remove_dir_all(config.data_folder()).unwrap();
    let (exit, said) = accept(agreed.fingerprint()).unwrap_err();
    assert_eq!(exit, Exit::Usage);
    assert!(said.contains("names the genesis"), "{said}");
    assert!(!config.data_folder().exists());
}
