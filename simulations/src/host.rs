//! One node: answers Malachite's effects in the order in which `node/src/application` does.
//!
//! It decides nothing: `core-consensus` does, and `Replica`. Before anything leaves it, the log is
//! flushed and the guard written; before a block is reported to Malachite, it is on disk.

mod application;
mod boundary;
mod effects;
mod guard;
mod log;
mod peers;

pub use boundary::{Alarm, Clock, Committed, Observation, Output, Stimulus};
pub use guard::{DiskGuard, SimulatedGuard};

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use consensus::context::{Context, Height as EngineHeight};
use consensus::guard::{Local, Standing};
use consensus::parts::Assembler;
use consensus::replica::{Replica, Tip};
use consensus::reproposal::Reproposals;
use consensus::signing::{Checker, GuardedKey, SharedReproposals};
use consensus::validators::{Address, ValidatorSet};
use consensus::wire::DecidedValue;
use ledger::digest::{BlockId, RecordDigest};
use ledger::mempool::{Capacity, Mempool};
use ledger::party::Height;
use ledger::quorum::Round;
use ledger::signed::{CheckedClaims, Claim, SignatureCheck};
use ledger::time::Timestamp;
use malachitebft_core_consensus::{
    Error as EngineError, Input, Params, State, ValuePayload, process,
};
use malachitebft_core_types::{
    CommitCertificate, Round as EngineRound, ThresholdParam, ThresholdParams, Timeout, TimeoutKind,
    ValueResponse, VoteExtensionPolicy,
};
use malachitebft_metrics::Metrics;

use crate::disk::Disk;
use crate::network::Message;
use crate::parties::{NodeIndex, Parties, Seat};
use crate::world::queue::Moment;
use crate::world::sabotage::Sabotage;

/// Inputs for later heights that Malachite keeps, in all and for each height.
const QUEUE_HEIGHTS: usize = 8;
const QUEUE_PER_HEIGHT: usize = 4_000;
/// Signatures of records that a process remembers to have checked.
const CLAIMS_MAX: usize = 100_000;
/// How long a starting node listens for its peers' tips before it begins.
const HEAR_WITHIN: Duration = Duration::from_secs(1);

/// Work for the host after Malachite has run, in the order in which it was asked for.
#[derive(Debug)]
enum Job {
    /// An input for Malachite.
    Input(Box<Input<Context>>),
    /// Malachite asks for a block to propose.
    Propose(Height, Round),
    /// A block of another node, whose quorum verified.
    Synced(Box<ValueResponse<Context>>, Address),
    /// A height is decided.
    Decided(CommitCertificate<Context>),
    /// A height is over.
    Finalized,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Listens for the tips of its peers.
    Hearing,
    /// Replays its log: nothing is logged again.
    Recovering,
    /// Decides the height after its tip.
    Running,
    /// Waits until there is something to decide.
    Holding,
    /// Cannot go on.
    Stopped,
}

/// Values whose time no clock has judged, shared with the check of signatures.
#[derive(Clone, Debug, Default)]
struct Noted(Arc<Mutex<Reproposals>>);

impl SharedReproposals for Noted {
    fn with<T>(&self, f: impl FnOnce(&mut Reproposals) -> T) -> T {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Signatures of records that this process has seen to verify: each is checked once.
#[derive(Debug)]
struct Claims(Mutex<CheckedClaims>);

impl SignatureCheck for Claims {
    fn verifies(&self, claim: &Claim<'_>) -> bool {
        let name = claim.name();
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let verifies = known.contains(&name) || claim.holds();
        if verifies {
            known.insert(name);
        }
        verifies
    }
}

/// A node while it runs. Whatever survives it is on its disk.
pub struct Host {
    me: NodeIndex,
    address: Address,
    parties: Arc<Parties>,
    disk: Disk,
    clock: Clock,
    now: Moment,
    phase: Phase,
    replica: Replica,
    validators: ValidatorSet,
    consensus: Option<State<Context>>,
    params: Params<Context>,
    metrics: Metrics,
    signer: GuardedKey<SimulatedGuard>,
    verifier: Checker<Noted>,
    noted: Noted,
    claims: Claims,
    assembler: Assembler,
    mempool: Mempool,
    /// Undecided blocks that this process has reported to Malachite.
    reported: BTreeSet<(Height, Round, BlockId)>,
    /// The alarm that counts for each timeout.
    timers: BTreeMap<(i64, u8), u64>,
    alarms: u64,
    jobs: VecDeque<Job>,
    outputs: Vec<Output>,
    /// Newest height of each peer, as it says.
    tips: BTreeMap<NodeIndex, Height>,
    /// The highest height about which somebody sent a vote, a proposal or a part.
    busy_at: Height,
    /// Decided blocks that others sent, by height.
    synced: BTreeMap<Height, (NodeIndex, DecidedValue)>,
    /// Since when an answer to a request for decided blocks is awaited.
    asked_at: Option<Moment>,
    /// Messages that came before this node had begun.
    early: Vec<(NodeIndex, Message)>,
    /// Own records that are written and not synced.
    unsynced: BTreeSet<RecordDigest>,
}

impl Host {
    /// A process on this disk, which has not started yet.
    ///
    /// # Errors
    /// Where the disk holds no state: our own mistake.
    pub fn new(
        parties: &Arc<Parties>,
        seat: &Seat,
        disk: Disk,
        clock: Clock,
        sabotage: Sabotage,
    ) -> Result<Self, String> {
        let tip = stored_tip(&disk, parties)?;
        let validators = engine_set(&tip)?;
        let (log_height, entries) = disk.log();
        let local = Local {
            tip: tip.height(),
            log: Some(guard::log_mark(log_height, &entries, seat.address())),
        };
        let guard = match sabotage {
            Sabotage::Amnesia => SimulatedGuard::Skipped,
            Sabotage::None | Sabotage::WeakQuorum | Sabotage::AlteredState => {
                let key = seat.voting.public();
                let standing = Standing::at_start(disk.guard(), parties.chain, &key, &local);
                SimulatedGuard::Kept(DiskGuard::new(disk.clone(), standing))
            }
        };
        let noted = Noted::default();
        Ok(Self {
            me: seat.index,
            address: seat.address(),
            clock,
            now: Moment::default(),
            phase: Phase::Hearing,
            replica: Replica::new(parties.chain, tip),
            validators,
            consensus: None,
            params: Params {
                address: seat.address(),
                threshold_params: thresholds(sabotage),
                value_payload: ValuePayload::ProposalAndParts,
                enabled: true,
            },
            metrics: Metrics::new(),
            signer: GuardedKey::new(parties.chain, seat.voting.clone(), guard),
            verifier: Checker::new(parties.chain, noted.clone()),
            noted,
            claims: Claims(Mutex::new(CheckedClaims::new(CLAIMS_MAX))),
            assembler: Assembler::new(parties.chain),
            mempool: Mempool::new(Capacity::default()),
            reported: BTreeSet::new(),
            timers: BTreeMap::new(),
            alarms: 0,
            jobs: VecDeque::new(),
            outputs: Vec::new(),
            tips: BTreeMap::new(),
            busy_at: Height::ZERO,
            synced: BTreeMap::new(),
            asked_at: None,
            early: Vec::new(),
            unsynced: BTreeSet::new(),
            parties: Arc::clone(parties),
            disk,
        })
    }

    /// Handles what reaches the node at `now`, and returns what it does about it, in order.
    pub fn handle(&mut self, now: Moment, stimulus: Stimulus) -> Vec<Output> {
        self.now = now;
        if self.phase != Phase::Stopped {
            match stimulus {
                Stimulus::Start => self.greet(),
                Stimulus::Message(from, message) => self.receive(from, message),
                Stimulus::Alarm(alarm) => self.wake(alarm),
                Stimulus::Submission(bytes) => self.submit(&bytes),
                Stimulus::Connected(peer) => self.send(peer, Message::Hello),
            }
            self.work();
        }
        std::mem::take(&mut self.outputs)
    }

    /// Height of the newest block in the store.
    #[must_use]
    pub fn tip(&self) -> Height {
        self.replica.tip().height()
    }

    fn wake(&mut self, alarm: Alarm) {
        match alarm {
            Alarm::Begin => self.begin(),
            Alarm::Timeout(timeout, set_as) => {
                if self.timers.get(&timer(&timeout)) == Some(&set_as) {
                    self.timers.remove(&timer(&timeout));
                    self.feed(Input::TimeoutElapsed(timeout));
                }
            }
            Alarm::Status => self.report_regularly(),
            Alarm::Offer => self.offer_regularly(),
            Alarm::Outbox => self.sync_outbox(),
            Alarm::Heartbeat(height) => {
                if self.phase == Phase::Holding && self.tip().next() == height {
                    self.start_height();
                }
            }
        }
    }

    /// Starts Malachite, once the guard has heard how far others are.
    fn begin(&mut self) {
        if self.phase != Phase::Hearing {
            return;
        }
        self.hear_peers();
        self.start_height();
        for (from, message) in std::mem::take(&mut self.early) {
            self.work();
            self.receive(from, message);
        }
    }

    /// Starts the height after the tip, from the log where it is about that height already.
    fn start_height(&mut self) {
        let height = self.tip().next();
        let Ok(entries) = self.disk.open_log(height) else {
            return;
        };
        let inputs: Result<Vec<_>, _> = entries.iter().map(log::input).collect();
        let inputs = match inputs {
            Ok(inputs) => inputs,
            Err(error) => return self.stop(format!("the log does not read back: {error}")),
        };
        if self.consensus.is_none() {
            self.consensus = Some(State::new(
                Context {
                    chain: self.parties.chain,
                },
                EngineHeight(height),
                self.validators.clone(),
                self.params.clone(),
                QUEUE_HEIGHTS,
                QUEUE_PER_HEIGHT,
            ));
        }
        self.phase = if inputs.is_empty() {
            Phase::Running
        } else {
            Phase::Recovering
        };
        let validators = self.validators.clone();
        let policy = VoteExtensionPolicy::Disabled;
        self.run(Input::StartHeight(
            EngineHeight(height),
            validators,
            false,
            None,
            policy,
        ));
        if let Some(state) = &mut self.consensus {
            state.record_recovered_own_precommit_extensions(&inputs);
            state.index_wal_entries(&inputs);
        }
        for input in inputs {
            self.run(input);
        }
        if let Some(state) = &mut self.consensus {
            state.reset_entries_index();
        }
        if self.phase == Phase::Recovering {
            self.phase = Phase::Running;
        }
        self.take_later_parts();
        self.feed_synced();
    }

    /// Does what is to be done, in the order in which it was asked for.
    fn work(&mut self) {
        while self.disk.has_power() && self.phase != Phase::Stopped {
            let Some(job) = self.jobs.pop_front() else {
                return;
            };
            match job {
                Job::Input(input) => self.run(*input),
                Job::Propose(height, round) => self.propose(height, round),
                Job::Synced(value, proposer) => self.check_synced(&value, proposer),
                Job::Decided(certificate) => self.commit(&certificate),
                Job::Finalized => self.hold(),
            }
        }
    }

    fn feed(&mut self, input: Input<Context>) {
        self.jobs.push_back(Job::Input(Box::new(input)));
    }

    /// Runs Malachite on one input.
    fn run(&mut self, input: Input<Context>) {
        let Some(mut state) = self.consensus.take() else {
            return;
        };
        let metrics = self.metrics.clone();
        let result: Result<(), EngineError<Context>> = process!(
            input: input,
            state: &mut state,
            metrics: &metrics,
            with: effect => Ok::<_, Infallible>(self.answer(effect))
        );
        self.consensus = Some(state);
        if let Err(error) = result
            && self.disk.has_power()
        {
            self.stop(format!("consensus failed: {error}"));
        }
    }

    fn broadcast(&mut self, message: &Message) {
        for peer in self.parties.nodes() {
            if peer != self.me {
                self.send(peer, message.clone());
            }
        }
    }

    fn send(&mut self, to: NodeIndex, message: Message) {
        self.put(Output::Send(to, message));
    }

    fn observe(&mut self, observation: Observation) {
        self.put(Output::Observed(observation));
    }

    /// Nothing leaves a node without power.
    fn put(&mut self, output: Output) {
        if self.disk.has_power() {
            self.outputs.push(output);
        }
    }

    fn stop(&mut self, why: String) {
        self.observe(Observation::Stopped(why));
        self.phase = Phase::Stopped;
    }

    fn clock_reads(&self) -> Timestamp {
        self.clock.reads(self.now)
    }
}

/// More than 2/3, unless it is broken on purpose.
fn thresholds(sabotage: Sabotage) -> ThresholdParams {
    match sabotage {
        Sabotage::WeakQuorum => ThresholdParams {
            quorum: ThresholdParam::F_PLUS_ONE,
            ..ThresholdParams::default()
        },
        Sabotage::None | Sabotage::Amnesia | Sabotage::AlteredState => ThresholdParams::default(),
    }
}

/// Names a timer: setting it again replaces it.
fn timer(timeout: &Timeout) -> (i64, u8) {
    let kind = match timeout.kind {
        TimeoutKind::Propose => 1,
        TimeoutKind::Prevote => 2,
        TimeoutKind::Precommit => 3,
        TimeoutKind::Rebroadcast => 4,
        TimeoutKind::FinalizeHeight(_) => 5,
    };
    (timeout.round.as_i64(), kind)
}

fn stored_tip(disk: &Disk, parties: &Parties) -> Result<Tip, String> {
    let state = disk.state();
    let validators = ledger::state::validators(&*state).map_err(|error| error.to_string())?;
    Ok(match disk.tip() {
        Some(decided) => Tip::decided(
            decided.block.header().clone(),
            decided.quorum.clone(),
            Arc::clone(&decided.decided_by),
            Arc::new(validators),
        ),
        None => {
            let entries = parties.genesis.initial_state();
            let (root, _) = ledger::state::memory::initial_changes(entries);
            Tip::genesis(root, validators)
        }
    })
}

fn engine_set(tip: &Tip) -> Result<ValidatorSet, String> {
    ValidatorSet::new((*tip.validators).clone()).ok_or_else(|| "no validators".into())
}

/// Malachite's round, of which `Nil` is none.
fn optional_round(round: EngineRound) -> Option<Round> {
    round.as_u32().map(Round)
}
