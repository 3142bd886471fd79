//! One node: answers Malachite's effects in the order in which `node/src/application` does.
//!
//! It decides nothing: `core-consensus` does, and `Replica`. Before anything leaves it, the log is
//! flushed and the guard written; before a block is reported to Malachite, it is on disk.

mod application;
mod begin;
mod boundary;
mod effects;
mod guard;
mod idle;
mod log;
mod peers;

pub use boundary::{Alarm, Committed, Observation, Output, Refused, Stimulus};
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
use ledger::key::SecretKey;
use ledger::mempool::{Capacity, Mempool};
use ledger::party::Height;
use ledger::quorum::Round;
use ledger::time::Timestamp;
use malachitebft_core_consensus::{
    Error as EngineError, Input, Params, State, ValuePayload, process,
};
use malachitebft_core_types::{
    CommitCertificate, Round as EngineRound, SignedVote, Timeout, TimeoutKind, ValueResponse,
    VoteExtensionPolicy,
};
use malachitebft_metrics::Metrics;

use crate::bug::Bug;
use crate::clock::Clock;
use crate::disk::Disk;
use crate::moment::Moment;
use crate::packet::{Kind, Packet};
use crate::parties::{NodeIndex, Parties, Seat};
use crate::signatures::Signing;
pub(crate) use begin::stored_tip;
use begin::thresholds;

/// Inputs for later heights that Malachite keeps, in all and for each height.
const QUEUE_HEIGHTS: usize = 8;
const QUEUE_PER_HEIGHT: usize = 4_000;
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

/// How a process differs from an ordinary one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Manner {
    /// What is broken on purpose.
    pub bug: Bug,
    /// No guard stands before the key: its owner is dishonest.
    pub is_unguarded: bool,
    /// It speaks the next version besides this one.
    pub is_newer: bool,
}

/// A node while it runs. Whatever survives it is on its disk.
pub struct Host {
    me: NodeIndex,
    address: Address,
    peer_id: Vec<u8>,
    peer_key: SecretKey,
    manner: Manner,
    neighbours: Arc<[NodeIndex]>,
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
    signer: GuardedKey<SimulatedGuard, Signing>,
    verifier: Checker<Noted, Signing>,
    noted: Noted,
    signing: Signing,
    assembler: Assembler<Signing>,
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
    /// Whether somebody streams a block of the next height.
    has_begun: bool,
    /// Votes for the next height, unchecked.
    votes_heard: Vec<SignedVote<Context>>,
    /// When a vote last began a height here.
    begun_by_vote_at: Option<Moment>,
    /// A vote of the height under way was refused, since the others were not heard yet.
    was_silent: bool,
    /// The newest height that came decided from another node.
    synced_tip: Height,
    /// Decided blocks that others sent, by height.
    synced: BTreeMap<Height, (NodeIndex, DecidedValue)>,
    /// Since when an answer to a request for decided blocks is awaited.
    asked_at: Option<Moment>,
    /// Requests without an answer: whom, from which height, up to which.
    asked_for: BTreeMap<(NodeIndex, Height), Height>,
    /// Counts those requests, so that each goes to another peer.
    asked: usize,
    /// The tip and the number of own records when it last looked which of them may wait for a block.
    looked_through: Option<(Height, usize)>,
    /// When each own record is offered again, and how long it waits after that.
    offers: BTreeMap<RecordDigest, (Moment, Duration)>,
    /// Messages that came before this node had begun.
    early: Vec<(NodeIndex, Packet)>,
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
        manner: Manner,
    ) -> Result<Self, String> {
        let tip = stored_tip(&disk, parties)?;
        let validators = engine_set(&tip)?;
        let (log_height, entries) = disk.log();
        let local = Local {
            tip: tip.height(),
            log: Some(guard::log_mark(log_height, &entries, seat.address)),
        };
        let bug = manner.bug;
        let guard = if manner.is_unguarded || matches!(bug, Bug::Amnesia | Bug::GuardOff) {
            SimulatedGuard::Skipped
        } else {
            let key = seat.voting.public();
            let standing = Standing::at_start(disk.guard(), parties.chain, &key, &local);
            SimulatedGuard::Kept(DiskGuard::new(disk.clone(), standing))
        };
        let noted = Noted::default();
        let signing = parties.signing.clone();
        Ok(Self {
            me: seat.index,
            address: seat.address,
            peer_id: seat.peer_id.clone(),
            peer_key: seat.peer.clone(),
            neighbours: parties.neighbours(seat.index),
            manner,
            clock,
            now: Moment::default(),
            phase: Phase::Hearing,
            replica: Replica::new(parties.chain, tip),
            validators,
            consensus: None,
            params: Params {
                address: seat.address,
                threshold_params: thresholds(bug),
                value_payload: ValuePayload::ProposalAndParts,
                enabled: true,
            },
            metrics: Metrics::new(),
            signer: GuardedKey::with_scheme(
                parties.chain,
                seat.voting.clone(),
                guard,
                signing.clone(),
            ),
            verifier: Checker::with_scheme(parties.chain, noted.clone(), signing.clone()),
            noted,
            assembler: Assembler::with_scheme(parties.chain, signing.clone()),
            signing,
            mempool: Mempool::new(Capacity::default()),
            reported: BTreeSet::new(),
            timers: BTreeMap::new(),
            alarms: 0,
            jobs: VecDeque::new(),
            outputs: Vec::new(),
            tips: BTreeMap::new(),
            has_begun: false,
            votes_heard: Vec::new(),
            begun_by_vote_at: None,
            was_silent: false,
            synced_tip: Height::ZERO,
            synced: BTreeMap::new(),
            asked_at: None,
            asked_for: BTreeMap::new(),
            asked: 0,
            offers: BTreeMap::new(),
            looked_through: None,
            early: Vec::new(),
            unsynced: BTreeSet::new(),
            parties: Arc::clone(parties),
            disk,
        })
    }

    /// Handles what reaches the node at `now`, and returns what it does about it, in order.
    pub fn handle(&mut self, now: Moment, stimulus: Stimulus) -> Vec<Output> {
        self.now = now;
        self.manner.bug.tell_time(self.clock_reads().0);
        if self.phase != Phase::Stopped {
            match stimulus {
                Stimulus::Start => self.greet(),
                Stimulus::Message(from, packet) => self.receive(from, packet),
                Stimulus::Alarm(alarm) => self.wake(alarm),
                Stimulus::Submission(bytes) => self.submit(&bytes),
                Stimulus::Connected(peer) => self.send(peer, Packet::new(Kind::Hello, Vec::new())),
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

    /// Sets the clock.
    pub const fn set_clock(&mut self, clock: Clock) {
        self.clock = clock;
    }

    /// From now on it speaks the next version too, or no longer.
    pub const fn set_newer(&mut self, is_newer: bool) {
        self.manner.is_newer = is_newer;
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
                if self.phase == Phase::Holding
                    && self.tip().next() == height
                    && self.manner.bug != Bug::NoHeartbeat
                {
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
        if self.signer.guard().is_observing() {
            self.observe(Observation::Observing);
        }
        self.start_height();
        for (from, packet) in std::mem::take(&mut self.early) {
            self.work();
            self.receive(from, packet);
        }
    }

    /// Starts the height after the tip, from the log where it is about that height already.
    fn start_height(&mut self) {
        self.was_silent = false;
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
            self.observe(Observation::Replayed);
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

    fn broadcast(&mut self, packet: Packet) {
        self.put(Output::Broadcast(packet));
    }

    /// To those with whom this node gossips.
    fn gossip(&mut self, packet: &Packet) {
        for peer in Arc::clone(&self.neighbours).iter() {
            self.send(*peer, packet.clone());
        }
    }

    fn send(&mut self, to: NodeIndex, packet: Packet) {
        self.put(Output::Send(to, packet));
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

/// The newest block of a store, and what follows from it; the error is that it does not read.
pub(crate) fn engine_set(tip: &Tip) -> Result<ValidatorSet, String> {
    ValidatorSet::new((*tip.validators).clone()).ok_or_else(|| "no validators".into())
}

/// Malachite's round, of which `Nil` is none.
fn optional_round(round: EngineRound) -> Option<Round> {
    round.as_u32().map(Round)
}
