//! One node: answers Malachite's effects in the order in which `node/src/application` does.
//!
//! It decides nothing: `core-consensus` does, and `Replica`. Before anything leaves it, the log is
//! flushed and the guard written; before a block is reported to Malachite, it is on disk.

mod application;
mod guard;
mod log;
mod peers;

pub use guard::{DiskGuard, SimulatedGuard};

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use consensus::context::{Context, Height as EngineHeight, ledger_round};
use consensus::guard::{Local, Request, Standing};
use consensus::parts::Assembler;
use consensus::reproposal::Reproposals;
use consensus::signing::{Checker, GuardedKey, SharedReproposals, VOID};
use consensus::validators::{Address, ValidatorSet};
use consensus::wire::{
    ConsensusMessage, DecidedValue, LivenessMessage, encode_consensus, encode_liveness,
};
use futures::FutureExt as _;
use ledger::block::Block;
use ledger::digest::{BlockId, RecordDigest};
use ledger::mempool::{Capacity, Mempool};
use ledger::party::Height;
use ledger::quorum::{Quorum, Round};
use ledger::state::Receipt;
use ledger::state::admission::Inadmissible;
use ledger::time::Timestamp;
use malachitebft_core_consensus::{
    ConsensusMsg, Effect, Error as EngineError, Input, LivenessMsg, Params, Resumable as _, Resume,
    SignedConsensusMsg, State, ValuePayload, process,
};
use malachitebft_core_types::{
    CommitCertificate, LinearTimeouts, Round as EngineRound, SignedMessage, ThresholdParam,
    ThresholdParams, Timeout, TimeoutKind, ValueResponse, VoteExtensionPolicy,
};
use malachitebft_metrics::Metrics;
use malachitebft_signing::{Signer as _, Verifier as _, VerifierExt as _};

use crate::disk::{Disk, PowerLost};
use crate::network::Message;
use crate::parties::{NodeIndex, Parties, Seat};
use crate::world::queue::Moment;
use crate::world::sabotage::Sabotage;
use consensus::replica::{Replica, Tip};

/// Inputs for later heights that Malachite keeps, in all and for each height.
const QUEUE_HEIGHTS: usize = 8;
const QUEUE_PER_HEIGHT: usize = 4_000;
/// How long a starting node listens for its peers' tips before it begins.
const HEAR_WITHIN: Duration = Duration::from_secs(1);

/// What reaches a node.
#[derive(Clone, Debug)]
pub enum Stimulus {
    /// The process starts.
    Start,
    /// A message of another node.
    Message(NodeIndex, Message),
    /// An alarm it set itself.
    Alarm(Alarm),
    /// A signed record, handed in by its own Party.
    Submission(Vec<u8>),
    /// The line to another node has come up.
    Connected(NodeIndex),
}

/// What a node wants to be woken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alarm {
    /// Begin, whether or not all peers have said how far they are.
    Begin,
    /// A timeout of Malachite's; void where it was cancelled or set again.
    Timeout(Timeout, u64),
    /// Say how far we are.
    Status,
    /// Offer own records again.
    Offer,
    /// Sync the outbox, for all records that came in since.
    Outbox,
    /// Decide a block although nothing waits.
    Heartbeat(Height),
}

/// What a node does to the world.
#[derive(Debug)]
pub enum Output {
    /// Sends a message.
    Send(NodeIndex, Message),
    /// Sets an alarm.
    Wake(Duration, Alarm),
    /// Something that the checkers look at.
    Observed(Observation),
}

/// What the checkers look at.
#[derive(Debug)]
pub enum Observation {
    /// A block was written to the store as decided.
    Committed(Box<Committed>),
    /// The voting key signed.
    Signed(Request),
    /// An own record is durable: its author was told so.
    Acknowledged(RecordDigest),
    /// An own record was turned away: its author was told why.
    TurnedAway(RecordDigest, Inadmissible),
    /// Malachite holds evidence that a validator contradicted itself.
    Evidence(Address),
    /// The node cannot go on. Never right without a dishonest validator.
    Stopped(String),
}

/// A decided block, as a node committed it.
#[derive(Clone, Debug)]
pub struct Committed {
    /// The block.
    pub block: Block,
    /// Its quorum.
    pub quorum: Quorum,
    /// One receipt for each record.
    pub receipts: Vec<Receipt>,
}

/// A node's clock: virtual time, dated, and a little wrong.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// The true instant at which the run begins.
    pub begins_at: Timestamp,
    /// How wrong this node is, in milliseconds; negative: behind.
    pub skew_ms: i64,
}

impl Clock {
    fn reads(&self, now: Moment) -> Timestamp {
        let Timestamp(ms) = self.begins_at.plus_ms(now.as_ms());
        Timestamp(ms.saturating_add_signed(self.skew_ms))
    }
}

/// Work for the host after Malachite has run, in the order in which it was asked for.
#[derive(Debug)]
enum Job {
    /// An input for Malachite.
    Input(Box<Input<Context>>),
    /// Malachite asks for a block to propose.
    Propose(Height, Round),
    /// A block of another node, whose quorum verified.
    Synced(ValueResponse<Context>, Address),
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
        self.signer.guard().hear(self.peers_tip());
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

    #[expect(
        clippy::too_many_lines,
        reason = "one arm for each effect: the whole contract with Malachite on one screen"
    )]
    fn answer(&mut self, effect: Effect<Context>) -> Resume<Context> {
        match effect {
            Effect::CancelAllTimeouts(r) => {
                self.timers.clear();
                r.resume_with(())
            }
            Effect::CancelTimeout(timeout, r) => {
                self.timers.remove(&timer(&timeout));
                r.resume_with(())
            }
            Effect::ScheduleTimeout(timeout, r) => {
                self.schedule(timeout);
                r.resume_with(())
            }
            Effect::StartRound(height, round, _, _, r) => {
                self.flush();
                self.started_round(height.0, ledger_round(round));
                r.resume_with(())
            }
            Effect::PublishConsensusMsg(message, r) => {
                self.flush();
                self.publish(message);
                r.resume_with(())
            }
            Effect::PublishLivenessMsg(message, r) => {
                self.help(&match message {
                    LivenessMsg::Vote(vote) => LivenessMessage::Vote(vote),
                    LivenessMsg::PolkaCertificate(polka) => LivenessMessage::Polka(polka),
                    LivenessMsg::SkipRoundCertificate(round) => LivenessMessage::Round(round),
                });
                r.resume_with(())
            }
            Effect::RepublishVote(vote, r) => {
                self.help(&LivenessMessage::Vote(vote));
                r.resume_with(())
            }
            Effect::RepublishRoundCertificate(round, r) => {
                self.help(&LivenessMessage::Round(round));
                r.resume_with(())
            }
            Effect::GetValue(height, round, _, r) => {
                self.jobs
                    .push_back(Job::Propose(height.0, ledger_round(round)));
                r.resume_with(())
            }
            Effect::RestreamProposal(height, round, valid_round, proposer, block, r) => {
                self.restream(height.0, ledger_round(round), valid_round, proposer, block);
                r.resume_with(())
            }
            Effect::Decide(certificate, _, r) => {
                self.flush();
                self.jobs.push_back(Job::Decided(certificate));
                r.resume_with(())
            }
            Effect::Finalize(_, _, evidence, r) => {
                let proposals = evidence.proposals.iter().map(|(address, _)| *address);
                let votes = evidence.votes.iter().map(|(address, _)| *address);
                for address in proposals.chain(votes).collect::<BTreeSet<_>>() {
                    self.observe(Observation::Evidence(address));
                }
                self.jobs.push_back(Job::Finalized);
                r.resume_with(())
            }
            Effect::SignVote(vote, r) => {
                let signed = self.signer.sign_vote(vote).now_or_never();
                let signed = signed.and_then(Result::ok);
                let signed = signed.unwrap_or_else(|| SignedMessage::new(vote, VOID));
                if signed.signature != VOID {
                    self.observe(Observation::Signed(Request::from(&signed.message)));
                }
                r.resume_with(signed)
            }
            Effect::SignProposal(proposal, r) => {
                let signed = self.signer.sign_proposal(proposal).now_or_never();
                let signed = signed.and_then(Result::ok);
                let signed = signed.unwrap_or_else(|| SignedMessage::new(proposal, VOID));
                if signed.signature != VOID {
                    self.observe(Observation::Signed(Request::from(&signed.message)));
                }
                r.resume_with(signed)
            }
            Effect::VerifySignature(message, key, r) => {
                let signature = message.signature;
                let checked = match message.message {
                    ConsensusMsg::Vote(vote) => {
                        let check = self.verifier.verify_signed_vote(&vote, &signature, &key);
                        check.now_or_never()
                    }
                    ConsensusMsg::Proposal(proposal) => {
                        let verifier = &self.verifier;
                        let check = verifier.verify_signed_proposal(&proposal, &signature, &key);
                        check.now_or_never()
                    }
                };
                r.resume_with(matches!(checked, Some(Ok(result)) if result.is_valid()))
            }
            Effect::VerifyCommitCertificate(certificate, set, thresholds, r) => {
                let context = self.context();
                let check = self.verifier.verify_commit_certificate(
                    &context,
                    &certificate,
                    &set,
                    thresholds,
                );
                r.resume_with(ready(check))
            }
            Effect::VerifyExtendedCommitCertificate(certificate, set, thresholds, policy, r) => {
                let context = self.context();
                let check = self.verifier.verify_extended_commit_certificate(
                    &context,
                    &certificate,
                    &set,
                    thresholds,
                    policy,
                );
                r.resume_with(ready(check))
            }
            Effect::VerifyPolkaCertificate(certificate, set, thresholds, r) => {
                let context = self.context();
                let check = self.verifier.verify_polka_certificate(
                    &context,
                    &certificate,
                    &set,
                    thresholds,
                );
                r.resume_with(ready(check))
            }
            Effect::VerifyRoundCertificate(certificate, set, thresholds, r) => {
                let context = self.context();
                let check = self.verifier.verify_round_certificate(
                    &context,
                    &certificate,
                    &set,
                    thresholds,
                );
                r.resume_with(ready(check))
            }
            Effect::CertVerifiedSyncValue(value, proposer, r) => {
                self.jobs.push_back(Job::Synced(value, proposer));
                r.resume_with(())
            }
            Effect::CertRejectedSyncValue(_, height, error, r) => {
                self.stop(format!(
                    "a decided block of height {height} was rejected: {error}"
                ));
                r.resume_with(())
            }
            Effect::WalAppend(height, input, r) => {
                self.append(height.0, &input);
                r.resume_with(())
            }
            // Never asked: the policy of every height is `Disabled`.
            Effect::ExtendVote(_, _, _, _, r) => r.resume_with(None),
            Effect::VerifyVoteExtension(_, _, _, _, _, _, r) => r.resume_with(Ok(())),
        }
    }

    const fn context(&self) -> Context {
        Context {
            chain: self.replica.chain(),
        }
    }

    fn schedule(&mut self, timeout: Timeout) {
        self.alarms = self.alarms.saturating_add(1);
        self.timers.insert(timer(&timeout), self.alarms);
        let span = LinearTimeouts::default().duration_for(timeout);
        self.put(Output::Wake(span, Alarm::Timeout(timeout, self.alarms)));
    }

    fn append(&mut self, height: Height, input: &Input<Context>) {
        if self.phase == Phase::Recovering {
            return;
        }
        match log::entry(input) {
            // Where the power fails, `work` ends.
            Some(entry) => {
                self.disk.append_log(height, entry).ok();
            }
            None => self.stop(format!("an input that is never logged: {input:?}")),
        }
    }

    fn flush(&self) {
        if self.phase != Phase::Recovering {
            self.disk.sync_log().ok();
        }
    }

    fn publish(&mut self, message: SignedConsensusMsg<Context>) {
        let message = match message {
            SignedConsensusMsg::Vote(vote) => ConsensusMessage::Vote(vote),
            SignedConsensusMsg::Proposal(proposal) => ConsensusMessage::Proposal(proposal),
        };
        // What the guard refused to sign does not leave this node.
        if let Ok(bytes) = encode_consensus(&message) {
            self.broadcast(&Message::Consensus(bytes));
        }
    }

    fn help(&mut self, message: &LivenessMessage) {
        if let Ok(bytes) = encode_liveness(message) {
            self.broadcast(&Message::Liveness(bytes));
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

/// Checks of signatures never wait.
fn ready<T, E>(
    check: impl Future<Output = Result<T, malachitebft_core_types::CertificateError<E>>>,
) -> Result<T, malachitebft_core_types::CertificateError<E>>
where
    E: malachitebft_core_types::Context,
{
    let pending = malachitebft_core_types::CertificateError::VerificationError(None);
    check.now_or_never().unwrap_or(Err(pending))
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

impl From<PowerLost> for String {
    fn from(lost: PowerLost) -> Self {
        lost.to_string()
    }
}
