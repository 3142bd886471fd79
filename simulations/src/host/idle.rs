//! The next height waits until there is a reason for it: the twin of `node/src/application/idle.rs`.

use std::time::Duration;

use consensus::context::Context;
use ledger::key::Scheme;
use ledger::party::Height;
use malachitebft_core_types::{SignedVote, ValidatorSet as _};

use super::{Alarm, Host, Output, Phase};

/// A single validator's vote starts a height at most this often.
const EARLY_START_EVERY: Duration = Duration::from_secs(5);

impl Host {
    /// Begins the height under way again, as after a restart: Malachite casts each vote once, and those that the
    /// guard refused were lost.
    pub(super) fn begin_again(&mut self) {
        let is_armed = !self.signer.guard().is_observing();
        if self.phase != Phase::Running || !self.was_silent || !is_armed {
            return;
        }
        self.consensus = None;
        self.timers.clear();
        self.reported.clear();
        self.jobs.clear();
        self.start_height();
    }

    /// A height is over: the next one starts when there is something to decide.
    pub(super) fn hold(&mut self) {
        self.phase = Phase::Holding;
        let heartbeat_ms = self.parties.genesis.parameters().heartbeat_ms;
        let alarm = Alarm::Heartbeat(self.tip().next());
        self.put(Output::Wake(Duration::from_millis(heartbeat_ms), alarm));
        self.start_if_due();
    }

    /// Starts the next height where a record waits, or others are there already.
    pub(super) fn start_if_due(&mut self) {
        if self.phase == Phase::Holding && (self.has_reason() || self.is_begun_by_vote()) {
            self.start_height();
        }
    }

    fn has_reason(&self) -> bool {
        let tip = self.tip();
        let is_ahead = |believed: Height| believed > tip;
        !self.mempool.is_empty()
            || self.has_begun
            || self.is_catching_up()
            || self.believed_tip().is_some_and(is_ahead)
    }

    /// The tip came from another node, and somebody claims to have more.
    fn is_catching_up(&self) -> bool {
        let tip = self.tip();
        let (tips, _) = self.validators_tips();
        tip > Height::ZERO
            && self.synced_tip == tip
            && tips.iter().max().is_none_or(|highest| *highest > tip)
    }

    /// Whether a validator has voted at the height that is held here. One that lies could otherwise make the
    /// network decide empty blocks without end.
    fn is_begun_by_vote(&mut self) -> bool {
        let recently = self.begun_by_vote_at.map(|at| at.plus(EARLY_START_EVERY));
        if recently.is_some_and(|until| self.now < until) {
            return false;
        }
        let (next, chain) = (self.tip().next(), self.parties.chain);
        let votes = std::mem::take(&mut self.votes_heard);
        let is_real = |vote: &SignedVote<Context>| {
            let ballot = vote.message.ballot();
            let bytes = ballot.preimage(chain);
            ballot.height == next
                && self
                    .validators
                    .get_by_address(&vote.message.voter)
                    .is_some()
                && Scheme::verifies(&self.signing, &ballot.voter, &bytes, &vote.signature)
        };
        let is_begun = votes.iter().any(is_real);
        if is_begun {
            self.begun_by_vote_at = Some(self.now);
        }
        is_begun
    }
}
