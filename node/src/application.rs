//! The one loop: message from Malachite → handler → reply.
//!
//! Each handler is a file of `application/` with one `handle`. Handlers run to their end, with disk and
//! execution inside them, kept off the threads that serve the network; none waits for another node. What
//! must wait (the next height, while nothing is to be decided) waits in [`idle`].

mod block;
mod decided;
mod failure;
mod finalized;
mod greet;
mod history;
mod idle;
mod notes;
mod part;
mod propose;
mod ready;
mod restream;
mod round;
mod synced;
#[cfg(test)]
mod tests;
mod waiting;

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use consensus::context::Context;
use consensus::message::ProposalPart;
use consensus::parts::{Assembler, Expected};
use consensus::replica::Replica;
use consensus::validators::ValidatorSet;
use ledger::party::Height;
use ledger::quorum::Round;
use ledger::time::Timestamp;
use malachitebft_app_channel::app::streaming::{StreamContent, StreamId, StreamMessage};
use malachitebft_app_channel::app::types::ProposedValue;
use malachitebft_app_channel::{AppMsg, Channels, NetworkMsg};
use malachitebft_core_types::{HeightParams, LinearTimeouts, ValidatorSet as _};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::info;

pub use failure::ApplicationError;
pub use notes::SharedNotes;
pub use waiting::{Claims, Waiting};

pub(crate) use crate::clock::now;
use crate::engine::NodeKey;
use crate::engine::heard::Heard;
use crate::store::Store;
use block::Known;
use greet::Greeter;
use idle::Held;

/// What the application works with.
#[derive(Debug)]
pub struct Parts {
    /// Decided blocks, state and undecided blocks.
    pub store: Arc<Store>,
    /// Records that wait for a block.
    pub waiting: Arc<Waiting>,
    /// Signatures already checked.
    pub claims: Arc<Claims>,
    /// The voting key, unless this node only follows.
    pub key: Option<Arc<NodeKey>>,
    /// Notes shared with the engine's check of proposals.
    pub notes: SharedNotes,
    /// What the engine hears from other nodes.
    pub heard: Arc<Heard>,
    /// The validators of height 1, as genesis names them.
    pub genesis_validators: ledger::quorum::ValidatorSet,
}

/// How the application waits.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Malachite's timeouts.
    pub timeouts: LinearTimeouts,
    /// The first height starts this long after the start at the latest, connected or not.
    pub connect_max: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            timeouts: LinearTimeouts::default(),
            connect_max: Duration::from_secs(5),
        }
    }
}

/// What others may know about the application without asking it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The newest decided height.
    pub tip: Height,
    /// Its block time.
    pub time: Timestamp,
    /// The round under way at the next height.
    pub round: Round,
    /// Whether the next height waits for a reason to begin.
    pub is_idle: bool,
    /// Whether this node signs: it has a voting key, and a guard it can trust.
    pub signs: bool,
    /// Synced writes of the signer guard since the start.
    pub guard_flushes: u64,
}

/// The application of one node.
#[derive(Debug)]
pub struct Application {
    store: Arc<Store>,
    waiting: Arc<Waiting>,
    claims: Arc<Claims>,
    key: Option<Arc<NodeKey>>,
    notes: SharedNotes,
    heard: Arc<Heard>,
    pace: Pace,
    replica: Replica,
    /// Who decides from which height on; the last entry decides the next height.
    validators: BTreeMap<Height, ValidatorSet>,
    assembler: Assembler,
    round: Round,
    /// Blocks of the next height that were found acceptable.
    known: Known,
    /// Values that Malachite has not been told of, for the next start of a round.
    give_back: Vec<ProposedValue<Context>>,
    /// Parts to publish after the reply.
    outgoing: Vec<ProposalPart>,
    /// The newest height that came by sync.
    synced: Height,
    /// The next height was seen to have begun elsewhere.
    has_begun: bool,
    held: Option<Held>,
    last_early_start: Option<tokio::time::Instant>,
    /// Other nodes' tips have been held against the guard.
    has_heard_peers: bool,
    /// Votes were lost at the height under way, and this node would sign them now.
    is_heard_late: bool,
    progress: watch::Sender<Progress>,
}

/// How the application ends in good order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It was asked to stop.
    Stopped,
    /// Malachite casts each vote once, and the guard refused some before the others were heard. So that the
    /// height does not wait for them for ever, the node is to start again and cast them.
    HeardLate,
}

/// What moves the loop.
enum Event {
    Engine(AppMsg<Context>),
    Arrived,
    Heard,
    Heartbeat,
}

impl Application {
    /// Puts the application together, on the store's tip.
    ///
    /// # Errors
    /// [`ApplicationError`] where the store cannot be read.
    pub fn new(parts: Parts, pace: Pace) -> Result<Self, ApplicationError> {
        let Parts {
            store,
            waiting,
            claims,
            key,
            notes,
            heard,
            genesis_validators,
        } = parts;
        let tip = store.tip();
        let chain = store.chain();
        let validators = history::validators(&store, genesis_validators)?;
        let replica = Replica::new(chain, (*tip).clone());
        let (progress, _) = watch::channel(Progress {
            tip: tip.height(),
            time: tip.time(),
            round: Round(0),
            is_idle: false,
            signs: false,
            guard_flushes: 0,
        });
        if let Some(key) = &key {
            key.guard().await_peers();
        }
        let mut application = Self {
            store,
            waiting,
            claims,
            key,
            notes,
            heard,
            pace,
            replica,
            validators,
            assembler: Assembler::new(chain),
            round: Round(0),
            known: Known::default(),
            give_back: Vec::new(),
            outgoing: Vec::new(),
            synced: Height::ZERO,
            has_begun: false,
            held: None,
            last_early_start: None,
            has_heard_peers: false,
            is_heard_late: false,
            progress,
        };
        application.recall_undecided()?;
        Ok(application)
    }

    /// How far the application is; changes are announced.
    #[must_use]
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }

    /// Serves the engine until `stop` is done, or something fails that only a restart can mend.
    ///
    /// # Errors
    /// [`ApplicationError`]: the node has to stop.
    pub async fn run(
        mut self,
        channels: Channels<Context>,
        stop: impl Future<Output = ()>,
    ) -> Result<Ended, ApplicationError> {
        let Channels {
            mut consensus,
            network,
            net_requests,
            ..
        } = channels;
        let mut stop = std::pin::pin!(stop);
        let mut tasks = JoinSet::new();
        if self.key.is_some() {
            let greeter = Greeter {
                network: network.clone(),
                requests: net_requests.clone(),
                heard: Arc::clone(&self.heard),
                progress: self.progress.subscribe(),
                validators: self.validators_at(self.next_height())?.count(),
            };
            tasks.spawn(greeter.run());
        }
        // A network of one has nobody to hear.
        self.listen()?;
        loop {
            let event = tokio::select! {
                () = &mut stop => return Ok(Ended::Stopped),
                message = consensus.recv() => {
                    Event::Engine(message.ok_or(ApplicationError::EngineStopped)?)
                }
                () = idle::heartbeat(self.held.as_ref()) => Event::Heartbeat,
                () = self.waiting.arrived(), if self.held.is_some() => Event::Arrived,
                () = self.heard.changed() => Event::Heard,
            };
            if let Event::Engine(AppMsg::ConsensusReady { reply }) = event {
                ready::handle(&mut self, &net_requests, reply);
                continue;
            }
            crate::blocking::run(|| self.handle(event))?;
            if self.is_heard_late {
                return Ok(Ended::HeardLate);
            }
            for part in self.outgoing.drain(..) {
                let message = NetworkMsg::PublishProposalPart(in_stream(part));
                network
                    .send(message)
                    .await
                    .map_err(|_| ApplicationError::EngineStopped)?;
            }
        }
    }

    fn handle(&mut self, event: Event) -> Result<(), ApplicationError> {
        match event {
            Event::Engine(message) => self.handle_message(message)?,
            Event::Arrived => self.start_if_needed()?,
            Event::Heard => self.listen()?,
            Event::Heartbeat => self.start_held(),
        }
        if self.key.as_ref().is_some_and(|key| key.guard().is_broken()) {
            return Err(ApplicationError::Guard);
        }
        Ok(())
    }

    fn handle_message(&mut self, message: AppMsg<Context>) -> Result<(), ApplicationError> {
        match message {
            // Answered where the loop is, since it asks the network.
            AppMsg::ConsensusReady { reply } => drop(reply),
            AppMsg::StartedRound {
                height,
                round,
                reply_value,
                ..
            } => {
                round::handle(self, height, round, reply_value);
            }
            AppMsg::GetValue {
                height,
                round,
                reply,
                ..
            } => {
                propose::handle(self, height, round, reply)?;
            }
            AppMsg::ReceivedProposalPart { part, reply, .. } => {
                part::handle(self, part, reply)?;
            }
            AppMsg::Decided {
                certificate, reply, ..
            } => {
                decided::handle(self, &certificate, reply)?;
            }
            AppMsg::Finalized {
                certificate,
                evidence,
                reply,
                ..
            } => {
                finalized::handle(self, &certificate, &evidence, reply)?;
            }
            AppMsg::ProcessSyncedValue {
                height,
                round,
                proposer,
                value_bytes,
                reply,
            } => {
                synced::handle(self, height, round, proposer, &value_bytes, reply)?;
            }
            AppMsg::GetHistoryMinHeight { reply } => history::oldest(reply),
            AppMsg::GetDecidedValues { range, reply } => history::handle(self, &range, reply)?,
            AppMsg::RestreamProposal {
                height,
                round,
                valid_round,
                value_id,
                ..
            } => {
                restream::handle(self, height, round, valid_round, value_id)?;
            }
            // Never asked: the policy of every height is `Disabled`.
            AppMsg::ExtendVote { reply, .. } => answer(reply, None),
            AppMsg::VerifyVoteExtensions { reply, .. } => answer(reply, Vec::new()),
        }
        Ok(())
    }

    /// The height after the tip.
    fn next_height(&self) -> Height {
        self.replica.tip().height().next()
    }

    fn validators_at(&self, height: Height) -> Result<&ValidatorSet, ApplicationError> {
        let (_, validators) = self
            .validators
            .range(..=height)
            .next_back()
            .ok_or(ApplicationError::Validators)?;
        Ok(validators)
    }

    fn height_params(&self, height: Height) -> Result<HeightParams<Context>, ApplicationError> {
        let validators = self.validators_at(height)?.clone();
        // No target time: whoever lags must not be paced.
        Ok(HeightParams::new(validators, self.pace.timeouts, None))
    }

    fn expected(&self) -> Result<Expected, ApplicationError> {
        let height = self.next_height();
        Ok(Expected {
            height,
            round: self.round,
            validators: self.validators_at(height)?.clone(),
        })
    }

    fn announce(&self) {
        let tip = self.replica.tip();
        let armed = |key: &Arc<NodeKey>| key.guard().standing().is_armed();
        self.progress.send_replace(Progress {
            tip: tip.height(),
            time: tip.time(),
            round: self.round,
            is_idle: self.held.is_some(),
            signs: self.key.as_ref().is_some_and(armed),
            guard_flushes: self.key.as_ref().map_or(0, |key| key.guard().flushes()),
        });
    }
}

/// Answers Malachite; one that no longer listens is about to end.
fn answer<T>(reply: tokio::sync::oneshot::Sender<T>, value: T) {
    if reply.send(value).is_err() {
        info!("the consensus engine did not wait for an answer");
    }
}

fn in_stream(part: ProposalPart) -> StreamMessage<ProposalPart> {
    let header = &part.signed.header;
    let mut name = header.height.0.0.to_be_bytes().to_vec();
    name.extend_from_slice(&header.round.0.to_be_bytes());
    name.extend_from_slice(header.block.as_ref());
    let sequence = u64::from(part.index);
    StreamMessage::new(
        StreamId::new(Bytes::from(name)),
        sequence,
        StreamContent::Data(part),
    )
}
