//! The next height waits until there is a reason for it.
//!
//! Held by not answering `Finalized`; never in `GetValue`, where the engine would block. Released by a record
//! that may enter a block, by a sign that others have begun, or by the heartbeat. A node that catches up is
//! never held, or it would stop at every block.

use std::time::Duration;

use consensus::context::{Context, Height as EngineHeight};
use ledger::party::Height;
use ledger::state::admission::{AdmissionError, admit};
use ledger::state::{At, parameters};
use malachitebft_app_channel::app::engine::host::Next;
use malachitebft_core_types::{HeightParams, SignedVote, ValidatorSet as _};
use tokio::sync::oneshot;
use tokio::time::Instant;
use tracing::debug;

use super::{Application, ApplicationError, answer, now};

/// A single validator's vote starts a height at most this often: one that lies could otherwise make the
/// network decide empty blocks without end. An honest one votes alone only after its propose timeout.
const EARLY_START_INTERVAL: Duration = Duration::from_secs(5);

/// A height that waits.
#[derive(Debug)]
pub(super) struct Held {
    height: EngineHeight,
    params: HeightParams<Context>,
    reply: oneshot::Sender<Next<Context>>,
    heartbeat: Instant,
}

/// Waits for the heartbeat of what is held; for ever if nothing is.
pub(super) async fn heartbeat(held: Option<&Held>) {
    match held {
        Some(held) => tokio::time::sleep_until(held.heartbeat).await,
        None => std::future::pending().await,
    }
}

impl Application {
    /// Starts the height after the tip, or holds it.
    pub(super) fn start_or_hold(
        &mut self,
        reply: oneshot::Sender<Next<Context>>,
    ) -> Result<(), ApplicationError> {
        let height = self.next_height();
        let heartbeat_ms = parameters(&*self.store)?.heartbeat_ms;
        self.held = Some(Held {
            height: EngineHeight(height),
            params: self.height_params(height)?,
            reply,
            heartbeat: Instant::now() + Duration::from_millis(heartbeat_ms),
        });
        self.start_if_needed()?;
        self.announce();
        Ok(())
    }

    /// Starts the held height if there is a reason.
    pub(super) fn start_if_needed(&mut self) -> Result<(), ApplicationError> {
        if self.held.is_some() && self.has_reason()? {
            self.start_held();
        }
        Ok(())
    }

    /// Starts the held height.
    pub(super) fn start_held(&mut self) {
        let Some(held) = self.held.take() else { return };
        debug!(height = held.height.0.0, "the next height begins");
        answer(held.reply, Next::Start(held.height, held.params));
        self.announce();
    }

    /// Whether the next height should begin now.
    fn has_reason(&self) -> Result<bool, ApplicationError> {
        let tip = self.replica.tip().height();
        if self.has_begun || self.is_catching_up() {
            return Ok(true);
        }
        let validators = self.validators_at(self.next_height())?.count();
        if self
            .heard
            .believed_tip(validators)
            .is_some_and(|believed| believed > tip)
        {
            return Ok(true);
        }
        self.has_admissible_record()
    }

    /// The tip came by sync, and somebody claims to have more (or nobody has said yet what he has).
    fn is_catching_up(&self) -> bool {
        let tip = self.replica.tip().height();
        let is_synced = tip > Height::ZERO && self.synced == tip;
        is_synced
            && self
                .heard
                .tips()
                .first()
                .is_none_or(|highest| *highest > tip)
    }

    /// Records that still wait for another one are no reason: they would make the network spin.
    fn has_admissible_record(&self) -> Result<bool, ApplicationError> {
        let tip = self.replica.tip();
        let at = At {
            chain: self.replica.chain(),
            height: self.next_height(),
            time: now().max(tip.time().plus_ms(1)),
            log_size: tip.log.size,
        };
        for signed in self.waiting.candidates() {
            match admit(&*self.store, &at, &signed, &*self.claims) {
                Ok(_) => return Ok(true),
                Err(AdmissionError::Inadmissible(_)) => {}
                Err(AdmissionError::Read(error)) => return Err(error.into()),
            }
        }
        Ok(false)
    }

    /// Takes note of what other nodes said.
    pub(super) fn listen(&mut self) -> Result<(), ApplicationError> {
        let next = self.next_height();
        let validators = self.validators_at(next)?.clone();
        if !self.has_heard_peers
            && let Some(key) = &self.key
            && let Some(tip) = self.heard.believed_tip(validators.count())
        {
            key.guard().hear(tip);
            self.has_heard_peers = true;
            let is_armed = key.guard().standing().is_armed();
            self.is_heard_late = is_armed && key.guard().silent_at() == Some(next);
            self.announce();
        }
        if self.held.is_none() {
            return Ok(());
        }
        let may_start_early = self
            .last_early_start
            .is_none_or(|last| last.elapsed() >= EARLY_START_INTERVAL);
        if may_start_early && self.is_begun_by_vote(next) {
            self.last_early_start = Some(Instant::now());
            self.start_held();
        }
        self.start_if_needed()
    }

    /// Whether a validator has voted at the height that is held here.
    fn is_begun_by_vote(&self, next: Height) -> bool {
        let chain = self.replica.chain();
        let Ok(validators) = self.validators_at(next) else {
            return false;
        };
        let is_real = |vote: &SignedVote<Context>| {
            let ballot = vote.message.ballot();
            ballot.height == next
                && validators.get_by_address(&vote.message.voter).is_some()
                && ballot
                    .voter
                    .verifies(&ballot.preimage(chain), &vote.signature)
        };
        self.heard.take_votes().iter().any(is_real)
    }
}
