//! A history while it is played: on the ledger and in the reference model at once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use ledger::digest::{RecordDigest, StateRoot};
use ledger::party::{Height, Office};
use ledger::record::{PermitKey, Record, Statement};
use ledger::signed::Signed;
use ledger::state::admission::{AdmissionError, Inadmissible};
use ledger::state::memory::{MemoryState, initial_changes};
use ledger::state::{At, Executed, Execution, Logged, StateKey, read};
use ledger::testing::{CHAIN, START};
use ledger::time::Timestamp;

use crate::check::{Step, check};
use crate::records::{Digests, beginnings, may_speak, parties, recorded, signed};
use crate::rules::Answer;
use crate::seen::Words;
use crate::world::{Name, Now, Said, World, differences};

pub(crate) static WORDS: LazyLock<Words> = LazyLock::new(Words::new);

/// A chain of states, without headers and quorums.
#[derive(Clone)]
pub(crate) struct Chain {
    pub state: MemoryState,
    pub root: StateRoot,
    pub height: u64,
    pub log: Vec<RecordDigest>,
}

impl Chain {
    pub(crate) fn new(entries: Vec<(String, Vec<u8>)>) -> Self {
        let (root, changes) = initial_changes(entries);
        let mut state = MemoryState::default();
        state.apply(&changes);
        Self {
            state,
            root,
            height: 0,
            log: Vec::new(),
        }
    }

    pub(crate) fn at(&self, time: Timestamp) -> At {
        At {
            chain: CHAIN,
            height: Height(self.height + 1),
            time,
            log_size: self.log.len() as u64,
        }
    }

    pub(crate) fn execute(
        &self,
        at: At,
        records: &[Arc<Signed>],
    ) -> Result<Executed, AdmissionError> {
        ledger::testing::execute(&self.state, at, records)
    }

    /// The chain after a block.
    pub(crate) fn after(&self, executed: &Executed) -> Self {
        let mut next = self.clone();
        next.state.apply(&executed.changes);
        next.root = executed.state_root;
        next.height += 1;
        next.log.extend(
            executed
                .changes
                .logged
                .iter()
                .map(|logged: &Logged| logged.record),
        );
        next
    }

    pub(crate) fn offices(&self, record: &Record) -> Vec<Office> {
        let office = |number: &_| {
            read(&self.state, &StateKey::office(record.author, *number))
                .unwrap()
                .unwrap()
        };
        record.offices.iter().map(office).collect()
    }
}

/// The ledger and the model, and what was answered so far.
pub(crate) struct Game {
    pub world: World,
    pub chain: Chain,
    pub now: u64,
    pub serial: u64,
    pub digests: Digests,
    /// What each kind of statement was answered, and the doubts it met.
    pub answers: BTreeSet<(&'static str, &'static str)>,
    pub spent: BTreeMap<PermitKey, u32>,
    /// Records of this game, to be handed in again.
    pub said: Vec<Arc<Signed>>,
    /// The last statement, as the checker saw it.
    pub last: Option<Step>,
}

impl Game {
    pub(crate) fn new(zones: (i16, i16)) -> Self {
        let (world, entries) = beginnings(zones);
        Self {
            world,
            chain: Chain::new(entries),
            now: START.0,
            serial: 0,
            digests: Digests::new(),
            answers: BTreeSet::new(),
            spent: BTreeMap::new(),
            said: Vec::new(),
            last: None,
        }
    }

    pub(crate) fn time(&self) -> Timestamp {
        Timestamp(self.now)
    }

    /// The next statement, if it is made now.
    pub(crate) fn moment(&self) -> Now {
        Now {
            ms: i64::try_from(self.now).unwrap(),
            height: self.chain.height + 1,
            serial: self.serial + 1,
        }
    }

    /// Plays one block; every beginning of it is executed as well, so that each statement is judged alone.
    /// `next` makes a statement from the world as it is, or hands in an earlier record again.
    pub(crate) fn block<M>(&mut self, moves: &[M], next: impl Fn(&Self, &M) -> Next) {
        let mut records: Vec<Arc<Signed>> = Vec::new();
        let parent = self.chain.clone();
        let mut before = parent.clone();
        let mut book = WORDS.book(&parent.state, &parent.log);
        for play in moves {
            let said = match next(self, play) {
                Next::Say(said) => said,
                Next::Again(index) => {
                    self.again(&parent, &records, index);
                    continue;
                }
            };
            let now = self.moment();
            let record = recorded(&said, self.time(), now.serial, &self.digests);
            let signed = signed(&record);
            records.push(Arc::clone(&signed));
            let executed = parent.execute(parent.at(self.time()), &records);
            if !may_speak(said.hat, now.height) {
                let inactive =
                    AdmissionError::Inadmissible(Inadmissible::KeyInactive(record.offices[0]));
                assert_eq!(executed, Err(inactive), "{said:?}");
                self.answers
                    .insert((record.statement.as_str(), "KEY_INACTIVE"));
                records.pop();
                continue;
            }
            let executed = executed.unwrap();
            self.serial = now.serial;
            self.digests.insert(now.serial, signed.digest());
            self.said.push(signed);
            let after = parent.after(&executed);
            let expected = self.world.judge(now, &said);
            self.compare(&said, &expected, &executed, &after);
            let step = Step {
                parties: parties().into_iter().collect(),
                before: book,
                after: WORDS.book(&after.state, &after.log),
                offices: parent.offices(&record),
                digest: *after.log.last().unwrap(),
                height: Height(now.height),
                refused: executed.receipts.last().unwrap().refused,
                record,
            };
            assert_eq!(check(&step), Ok(()), "{said:?}");
            self.note(&step, &expected);
            (before, book) = (after, step.after.clone());
            self.last = Some(step);
        }
        self.chain = before;
    }

    /// A record that was logged before is admitted nowhere.
    fn again(&mut self, parent: &Chain, records: &[Arc<Signed>], index: usize) {
        if self.said.is_empty() {
            return;
        }
        let old = Arc::clone(&self.said[index % self.said.len()]);
        let (good_until, office) = (old.record().good_until, old.record().offices[0]);
        let height = parent.height + 1;
        let active = parent.offices(old.record())[0].is_active_at(Height(height));
        let digest = old.digest();
        let kind = old.record().statement.as_str();
        let mut records = records.to_vec();
        records.push(old);
        let answer = parent.execute(parent.at(self.time()), &records);
        let Err(AdmissionError::Inadmissible(answer)) = answer else {
            panic!("logged twice: {answer:?}");
        };
        let expected = if !active {
            Inadmissible::KeyInactive(office)
        } else if good_until < self.time() && answer != Inadmissible::AlreadyLogged {
            // Its digest may be forgotten by then.
            Inadmissible::TooLate(good_until)
        } else {
            Inadmissible::AlreadyLogged
        };
        // Twice in one block is seen before anything else.
        let twice = records
            .iter()
            .filter(|record| record.digest() == digest)
            .count()
            > 1;
        assert!(answer == expected || (twice && answer == Inadmissible::AlreadyLogged));
        self.answers.insert((kind, answer.code()));
    }

    /// Receipt, state and index are what the model says.
    pub(crate) fn compare(
        &self,
        said: &Said,
        expected: &Answer,
        executed: &Executed,
        after: &Chain,
    ) {
        assert_eq!(
            answer_of(executed.receipts.last().unwrap()),
            *expected,
            "{said:?} at {}",
            self.now
        );
        self.compare_state(after, &format!("{said:?}"));
    }

    pub(crate) fn compare_state(&self, after: &Chain, what: &str) {
        let seen = WORDS.world_of(&after.state, &self.world, &self.digests);
        let empty: [String; 0] = [];
        assert_eq!(differences(&seen, &self.world), empty, "after {what}");
        assert_eq!(seen, self.world, "after {what}");
        assert_eq!(
            WORDS.signals_of(&after.state),
            self.world.signals(),
            "after {what}"
        );
        let stamped = |(name, permit): (&Name, &crate::world::Permit)| {
            permit.grant.stamp.map(|stamp| ((name.0, stamp), *name))
        };
        let stamps: BTreeMap<_, _> = self.world.permits.iter().filter_map(stamped).collect();
        assert_eq!(WORDS.stamps_of(&after.state), stamps, "after {what}");
    }

    fn note(&mut self, step: &Step, expected: &Answer) {
        let kind = step.record.statement.as_str();
        match expected {
            Ok(doubts) => {
                self.answers.insert((kind, "applied"));
                self.answers
                    .extend(doubts.iter().map(|doubt| (kind, *doubt)));
            }
            Err(code) => {
                self.answers.insert((kind, code));
            }
        }
        if let (Statement::Import(import), None) = (&step.record.statement, step.refused) {
            let spends = step.after.permits[&import.permit].import.is_some();
            let times = self.spent.entry(import.permit).or_default();
            *times += u32::from(spends);
            assert!(*times <= 1, "spent twice");
        }
    }
}

/// What comes next in a block.
pub(crate) enum Next {
    Say(Said),
    /// An earlier record, by its place.
    Again(usize),
}

/// A receipt as an answer of the model.
pub(crate) fn answer_of(receipt: &ledger::state::Receipt) -> Answer {
    match receipt.refused {
        Some(reason) => {
            assert!(receipt.warnings.is_empty(), "a refusal with a doubt");
            Err(reason.code())
        }
        None => Ok(receipt
            .warnings
            .iter()
            .map(|reason| reason.code())
            .collect()),
    }
}

/// Executes without checking signatures, for tables that ask thousands of blocks about rules alone.
pub(crate) fn execute_unchecked(chain: &Chain, at: At, records: &[Arc<Signed>]) -> Executed {
    struct Trusting;
    impl ledger::signed::SignatureCheck for Trusting {
        fn verifies(&self, _: &ledger::signed::Claim<'_>) -> bool {
            true
        }
    }
    let mut execution = Execution::begin(&chain.state, at).unwrap();
    for record in records {
        let added = execution.admit(record, &Trusting).unwrap().add().unwrap();
        assert_ne!(added, ledger::state::Added::TooManyRefused);
    }
    execution.finish().unwrap()
}
