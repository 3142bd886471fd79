//! The acts on whole homes: what is refused, what is said, what is left on the disk.

use std::fs;

use ::genesis::NetworkName;
use ::genesis::ceremony::{self, Submission};
use ::genesis::file::{NodeEntry, OfficeEntry, PartyEntry, PartyFile};
use clap::Parser as _;
use consensus::guard::{Loaded, Mark, Stage, load};
use consensus::message::Vote;
use consensus::wire::{self, ConsensusMessage};
use ledger::digest::{BlockId, sha256};
use ledger::key::SecretKey;
use ledger::parameters::Parameters;
use ledger::party::{PartyCode, Role};
use ledger::quorum::{Ballot, Round, Step};
use malachitebft_app_channel::app::wal::Log;
use malachitebft_core_types::SignedMessage;
use node::config::Listen;
use node::durable;
use node::guard::{FILE_NAME, FileGuard, FolderLock};

use super::*;

#[derive(clap::Parser)]
struct Command {
    #[command(subcommand)]
    act: Act,
}

/// A home as `init` and `genesis accept` leave it.
struct Home {
    folder: tempfile::TempDir,
    identity: Identity,
}

impl Home {
    fn new(power: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let identity = Identity::draw().unwrap();
        identity.save(folder.path()).unwrap();
        let network = NetworkName::parse("test-1").unwrap();
        let party = PartyCode::new("QS").unwrap();
        let entry = |code: &str, identity: &Identity, power| {
            let party = PartyCode::new(code).unwrap();
            let office = SecretKey::from_seed(&[code.as_bytes()[1]; 32]);
            let node = NodeEntry::follower(&network, party, identity.peer());
            let node = match power {
                0 => node,
                power => node.with_vote(&network, party, identity.voting(), power),
            };
            let role = Role::Management;
            PartyFile {
                network: network.to_string(),
                party: PartyEntry {
                    code: code.into(),
                    name: format!("Land {code}"),
                    customs_union: None,
                    accepts_unendorsed: false,
                    import_permit_for_ii: false,
                    offices: vec![OfficeEntry::proven(&network, party, role, &office)],
                    nodes: vec![node],
                },
            }
            .to_toml()
        };
        let draft = ceremony::new("test-1", &Parameters::default()).unwrap();
        let other = Identity::draw().unwrap();
        let genesis = ceremony::collect(
            &draft.to_toml(),
            &[
                Submission {
                    name: "QS",
                    text: &entry("QS", &identity, power),
                },
                Submission {
                    name: "QT",
                    text: &entry("QT", &other, 1),
                },
            ],
        );
        let mut config = Config::new(folder.path(), party, Listen::loopback(0));
        let text = genesis.unwrap().to_toml();
        fs::write(&config.genesis, text).unwrap();
        let genesis = config.genesis().unwrap();
        config.fingerprint = Some(genesis.fingerprint());
        config.save().unwrap();
        let data = config.data_folder();
        durable::create_private_folder(&data).unwrap();
        let key = identity.voting().public();
        FileGuard::create(&data, genesis.chain_id(), &key).unwrap();
        Self { folder, identity }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn genesis(&self) -> Genesis {
        let config = Config::load(self.folder.path(), |_| None).unwrap();
        config.genesis().unwrap()
    }

    fn lose_guard(&self) {
        fs::remove_file(self.data().join(FILE_NAME)).unwrap();
    }

    /// The log of consensus at `height`, holding own votes of these rounds.
    fn log(&self, height: u64, rounds: &[u32]) {
        let path = node::engine::log_path(&self.data());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut log = Log::open(&path).unwrap();
        log.reset(height).unwrap();
        for round in rounds {
            let vote = Vote::from(Ballot {
                height: Height(height),
                round: Round(*round),
                step: Step::Precommit,
                value: Some(BlockId(sha256(b"a"))),
                voter: self.identity.voting().public(),
            });
            let signature = self.identity.voting().sign(b"not checked here");
            let message = ConsensusMessage::Vote(SignedMessage::new(vote, signature));
            let bytes = wire::encode_consensus(&message).unwrap();
            let length = u64::try_from(bytes.len()).unwrap().to_be_bytes();
            log.append([&[1][..], &length, &bytes].concat()).unwrap();
        }
        log.flush().unwrap();
    }

    fn act(&self, name: &str, more: &[&str]) -> Result<String, (Exit, String)> {
        let home = self.folder.path().to_str().unwrap();
        let words = ["guard", name, "--home", home];
        let command = Command::try_parse_from(words.iter().chain(more))
            .map_err(|error| (Exit::Usage, error.to_string()))?;
        let mut out = Vec::new();
        run(&command.act, &mut out).map_err(|failure| failure.seen())?;
        Ok(String::from_utf8(out).unwrap())
    }

    /// `re-arm` with the right fingerprint and peer id.
    fn re_arm(&self, more: &[&str]) -> Result<String, (Exit, String)> {
        let fingerprint = self.genesis().fingerprint().to_string();
        let peer = self.identity.peer_id().to_string();
        let names = ["--fingerprint", &fingerprint, "--peer-id", &peer];
        self.act("re-arm", &[&names, more].concat())
    }

    fn guard(&self) -> Loaded {
        load(fs::read(self.data().join(FILE_NAME)).ok().as_deref())
    }
}

const SURE: [&str; 3] = ["--data-is-original", "--height", "1"];

#[test]
fn a_lost_guard_is_armed_again_behind_what_the_log_holds() {
    let home = Home::new(1);
    home.log(1, &[0, 1]);
    home.lose_guard();
    let said = home.re_arm(&SURE).unwrap();
    assert!(
        said.contains("re-armed at height 1; newest signature there: precommit of round 1"),
        "{said}"
    );
    assert!(said.contains("votes    from height 1 on"), "{said}");
    let Loaded::Whole(state) = home.guard() else {
        panic!("no guard: {said}");
    };
    let Some(Mark { round, stage, .. }) = state.newest else {
        panic!("it forgot: {state:?}");
    };
    assert_eq!(
        (state.height, round, stage),
        (Height(1), Round(1), Stage::Precommit)
    );
    let notes = fs::read_to_string(home.data().join(NOTES_NAME)).unwrap();
    assert!(
        notes.ends_with(
            "re-armed at height 1, newest signature precommit of round 1; before: missing\n"
        ),
        "{notes}"
    );
    // Once is enough.
    let (exit, said) = home.re_arm(&SURE).unwrap_err();
    assert_eq!(exit, Exit::Usage);
    assert!(said.contains("the guard is whole, at height 1"), "{said}");
    assert_eq!(
        fs::read_to_string(home.data().join(NOTES_NAME)).unwrap(),
        notes
    );
}

#[test]
fn nothing_is_rearmed_without_the_right_names_and_an_explicit_word() {
    let home = Home::new(1);
    home.log(1, &[]);
    home.lose_guard();
    let other = Home::new(1);
    let fingerprint = home.genesis().fingerprint().to_string();
    let peer = home.identity.peer_id().to_string();
    let (other_fingerprint, other_peer) = (
        other.genesis().fingerprint().to_string(),
        other.identity.peer_id().to_string(),
    );
    for (fingerprint, peer, more, exit, expected) in [
        (
            &fingerprint,
            &peer,
            &[][..],
            Exit::Usage,
            "nothing was confirmed",
        ),
        (
            &fingerprint,
            &peer,
            &["--height", "1"],
            Exit::Usage,
            "nothing was confirmed",
        ),
        (
            &fingerprint,
            &peer,
            &["--data-is-original"],
            Exit::Usage,
            "nothing was confirmed",
        ),
        (
            &other_fingerprint,
            &peer,
            &SURE,
            Exit::BadInput,
            "the genesis has the fingerprint",
        ),
        (
            &fingerprint,
            &other_peer,
            &SURE,
            Exit::BadInput,
            "this is node `",
        ),
        (
            &fingerprint,
            &peer,
            &["--data-is-original", "--height", "0"],
            Exit::Usage,
            "from 1",
        ),
        (
            &fingerprint,
            &peer,
            &["--new-data", "--height", "1"],
            Exit::Usage,
            "cannot be used with",
        ),
        (
            &fingerprint,
            &peer,
            &["--new-data"],
            Exit::Usage,
            "there is a data folder",
        ),
        (
            &fingerprint,
            &peer,
            &["--data-is-original", "--height", "2"],
            Exit::Usage,
            "height 2 does not follow the newest block here, 0",
        ),
    ] {
        let names = ["--fingerprint", fingerprint, "--peer-id", peer];
        let (seen, said) = home.act("re-arm", &[&names, more].concat()).unwrap_err();
        assert_eq!(seen, exit, "{said}");
        assert!(said.contains(expected), "{expected}: {said}");
        assert_eq!(home.guard(), Loaded::Missing);
    }
    for missing in [&["--fingerprint", &fingerprint], &["--peer-id", &peer]] {
        let (exit, _) = home
            .act("re-arm", &[missing, &SURE[..]].concat())
            .unwrap_err();
        assert_eq!(exit, Exit::Usage);
        assert_eq!(home.guard(), Loaded::Missing);
    }
    assert!(!home.data().join(NOTES_NAME).exists());
    assert!(home.re_arm(&SURE).is_ok());
}

#[test]
fn nothing_is_rearmed_while_another_process_holds_the_folder() {
    let home = Home::new(1);
    home.log(1, &[]);
    home.lose_guard();
    let held = FolderLock::take(&home.data()).unwrap();
    let (exit, said) = home.re_arm(&SURE).unwrap_err();
    assert_eq!(exit, Exit::Failed);
    assert!(
        said.contains("another process uses the data folder")
            && said.contains("stop the node first"),
        "{said}"
    );
    assert_eq!(home.guard(), Loaded::Missing);
    let said = home.act("show", &[]).unwrap();
    assert!(
        said.contains("guard       missing\nnode        runs\n"),
        "{said}"
    );
    drop(held);
    home.re_arm(&SURE).unwrap();
}

#[test]
fn a_disk_that_does_not_show_what_was_signed_is_not_rearmed() {
    type Spoil = fn(&Home);
    let rows: [(&str, Spoil); 5] = [
        ("the log of consensus is missing", |_| {}),
        ("the log of consensus is damaged", |home| {
            home.log(1, &[0]);
            let path = node::engine::log_path(&home.data());
            let whole = fs::read(&path).unwrap();
            fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        }),
        ("the log of consensus is damaged", |home| {
            home.log(1, &[]);
            let path = node::engine::log_path(&home.data());
            fs::write(path.with_extension("damaged"), []).unwrap();
        }),
        ("the log of consensus is about height 5", |home| {
            home.log(5, &[0])
        }),
        ("this data folder was made anew", |home| {
            home.log(1, &[]);
            fs::write(home.data().join(FILE_NAME), []).unwrap();
        }),
    ];
    for (expected, spoil) in rows {
        let home = Home::new(1);
        home.lose_guard();
        spoil(&home);
        let before = home.guard();
        let (exit, said) = home.re_arm(&SURE).unwrap_err();
        assert_eq!(exit, Exit::BadInput, "{said}");
        assert!(said.contains(expected), "{expected}: {said}");
        assert!(
            said.contains("stays silent until others have decided it"),
            "{said}"
        );
        assert_eq!(home.guard(), before);
        let shown = home.act("show", &[]).unwrap();
        assert!(
            shown.contains("standing    observing\n")
                && shown.contains("it votes by itself: about 10 minutes at most")
                && shown.contains("it cannot be re-armed at height 1"),
            "{shown}"
        );
    }
}

#[test]
fn a_guard_of_another_node_is_not_rearmed() {
    let (home, other) = (Home::new(1), Home::new(1));
    home.log(1, &[]);
    let from = other.data().join(FILE_NAME);
    fs::copy(from, home.data().join(FILE_NAME)).unwrap();
    let (exit, said) = home.re_arm(&SURE).unwrap_err();
    assert_eq!(exit, Exit::BadInput);
    assert!(
        said.contains("belongs to another chain or voting key"),
        "{said}"
    );
}

#[test]
fn on_a_new_disk_the_folder_begins_anew_and_the_node_waits_for_the_others() {
    let home = Home::new(1);
    fs::remove_dir_all(home.data()).unwrap();
    let (exit, said) = home.re_arm(&SURE).unwrap_err();
    assert_eq!(exit, Exit::BadInput);
    assert!(said.contains("guard re-arm --new-data"), "{said}");
    let said = home.re_arm(&["--new-data"]).unwrap();
    assert!(said.contains("votes    not yet"), "{said}");
    assert!(said.contains("about 10 minutes at most"), "{said}");
    assert_eq!(home.guard(), Loaded::Blank);
    // Never a way around the wait, whatever log the node has written meanwhile.
    home.log(1, &[]);
    let (_, said) = home.re_arm(&SURE).unwrap_err();
    assert!(said.contains("this data folder was made anew"), "{said}");
    let notes = fs::read_to_string(home.data().join(NOTES_NAME)).unwrap();
    assert!(notes.ends_with("data folder begun anew\n"), "{notes}");

    // A node that has accepted no genesis has no key that signed before.
    let home = Home::new(1);
    fs::remove_dir_all(home.data()).unwrap();
    let mut config = Config::load(home.folder.path(), |_| None).unwrap();
    config.fingerprint = None;
    config.save().unwrap();
    let (exit, said) = home.re_arm(&["--new-data"]).unwrap_err();
    assert_eq!(exit, Exit::BadInput);
    assert!(said.contains("has not accepted a genesis"), "{said}");
    assert!(!home.data().exists());
}

#[test]
fn what_is_shown_is_true_and_changes_nothing() {
    let home = Home::new(1);
    home.log(1, &[0]);
    let log = fs::read(node::engine::log_path(&home.data())).unwrap();
    let guard = fs::read(home.data().join(FILE_NAME)).unwrap();
    // The log is ahead of the guard: an older one was put back.
    let shown = home.act("show", &[]).unwrap();
    for line in [
        "guard       height 1, newest signature none\n",
        "block       0\n",
        "log         height 1, own newest signature precommit of round 0\n",
        "standing    observing\n",
        "why         the guard file is older than the write-ahead log\n",
        "halted      if the network stands still at height 1: `cites-node guard re-arm`",
    ] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
    home.log(1, &[]);
    let shown = home.act("show", &["--json"]).unwrap();
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["schema"], "cites.guard/1");
    assert_eq!(shown["standing"], "armed");
    assert_eq!(shown["peer_id"], home.identity.peer_id().to_string());
    let fingerprint = home.genesis().fingerprint().to_string();
    assert_eq!(shown["fingerprint"], fingerprint);
    assert_eq!(fs::read(home.data().join(FILE_NAME)).unwrap(), guard);
    home.log(1, &[0]);
    assert_eq!(fs::read(node::engine::log_path(&home.data())).unwrap(), log);
    assert!(!home.data().join("store").exists());
}

#[test]
fn a_follower_has_nothing_to_arm() {
    let home = Home::new(0);
    for said in [home.re_arm(&SURE), home.act("show", &[])] {
        let (exit, said) = said.unwrap_err();
        assert_eq!(exit, Exit::BadInput);
        assert!(said.contains("this node does not vote"), "{said}");
    }
}
