//! What nodes tell each other besides consensus: how far they are, decided blocks, and waiting records.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use consensus::context::Context;
use consensus::quorum::to_certificate;
use consensus::signing::{status_preimage, verifies_status};
use consensus::validators::ValidatorSet;
use consensus::wire::{
    ConsensusMessage, DecidedValue, LivenessMessage, SignedStatus, Status, SyncRequest,
    SyncResponse, encode_status, encode_sync_request, encode_sync_response,
};
use ledger::key::Scheme as _;
use ledger::limits::SYNC_REPLY_BYTES_MAX;
use ledger::party::Height;
use ledger::signed::Signed;
use ledger::state::admission::{AdmissionError, Admitted, admit};
use ledger::state::{At, View as _};
use malachitebft_core_consensus::{Input, PeerId};
use malachitebft_core_types::{
    ExtendedCommitCertificate, SignedVote, ValueResponse, VoteExtensions,
};

use super::{Alarm, HEAR_WITHIN, Host, Observation, Output, Phase, Refused};
use crate::bug::Bug;
use crate::packet::{Content, Kind, Packet};
use crate::parties::{NodeIndex, Seat};

/// How often a node says how far it is, unasked.
const STATUS_EVERY: Duration = Duration::from_secs(20);
/// How often own records are offered again, until they are decided.
const OFFER_EVERY: Duration = Duration::from_secs(2);
/// The longest time between two offers of one record.
const OFFER_SELDOM: Duration = Duration::from_secs(64);
/// How often a node looks whether there is something to offer.
const OFFER_IDLE: Duration = Duration::from_secs(10);
/// Records that come within this time share one sync of the outbox.
const OUTBOX_GROUP: Duration = Duration::from_millis(2);
/// A request for decided blocks is repeated after this long.
const SYNC_AGAIN: Duration = Duration::from_secs(2);
/// Heights of one request for decided blocks.
const SYNC_HEIGHTS: u64 = 5;
/// Requests whose answers are awaited, at most.
const ASKED_MAX: usize = 256;
/// Own records that are offered again at a time.
const OFFERED_MAX: usize = 50;
/// Votes for the next height that are kept until somebody has looked at them.
const VOTES_MAX: usize = 16;
/// Messages kept for a node that has not begun.
const EARLY_MAX: usize = 4_000;

impl Host {
    /// The process has started: ask all how far they are.
    pub(super) fn greet(&mut self) {
        let hello = Packet::new(Kind::Hello, Vec::new());
        let validators = self.parties.all_seats().filter(|seat| seat.is_validator);
        let asked: BTreeSet<_> = validators
            .map(|seat| seat.index)
            .chain(self.neighbours.iter().copied())
            .filter(|peer| *peer != self.me)
            .collect();
        for peer in asked {
            self.send(peer, hello.clone());
        }
        self.put(Output::Wake(HEAR_WITHIN, Alarm::Begin));
        self.put(Output::Wake(STATUS_EVERY, Alarm::Status));
        self.put(Output::Wake(OFFER_EVERY, Alarm::Offer));
        self.offer_waiting();
    }

    /// Takes a message.
    pub(super) fn receive(&mut self, from: NodeIndex, packet: Packet) {
        let is_consensus = matches!(packet.kind(), Kind::Consensus | Kind::Liveness | Kind::Part);
        if is_consensus && self.phase == Phase::Hearing {
            if self.early.len() < EARLY_MAX {
                self.early.push((from, packet));
            }
            return;
        }
        match packet.read() {
            Ok(content) => self.understand(from, &packet, content),
            Err(why) if self.manner.bug == Bug::StopsOnGarbage => {
                self.stop(format!("a message of {from} does not read back: {why}"));
            }
            Err(_) => self.observe(Observation::Refused(Refused::Garbage(from))),
        }
        self.start_if_due();
    }

    fn understand(&mut self, from: NodeIndex, packet: &Packet, content: &Content) {
        match content {
            Content::Hello => {
                let status = self.status();
                self.send(from, status);
            }
            Content::Status(signed) => {
                let (scheme, chain) = (&self.signing, self.parties.chain);
                let is_real = self.parties.seat(from).is_some_and(|seat| {
                    verifies_status(scheme, chain, signed, &seat.peer.public())
                });
                if is_real {
                    self.heard(from, signed.status.tip);
                }
            }
            Content::Consensus(ConsensusMessage::Vote(vote)) => {
                self.hear_vote(vote);
                self.feed(Input::Vote(vote.clone()));
            }
            Content::Consensus(ConsensusMessage::Proposal(proposal)) => {
                self.feed(Input::Proposal(proposal.clone()));
            }
            Content::Liveness(LivenessMessage::Vote(vote)) => {
                self.hear_vote(vote);
                self.feed(Input::Vote(vote.clone()));
            }
            Content::Liveness(LivenessMessage::Polka(polka)) => {
                self.feed(Input::PolkaCertificate(polka.clone()));
            }
            Content::Liveness(LivenessMessage::Round(round)) => {
                self.feed(Input::RoundCertificate(round.clone()));
            }
            Content::Part(part) => {
                self.take_part(from, part.clone());
            }
            Content::Record(signed) => self.take_record(from, packet, signed),
            Content::SyncRequest(request) => self.answer_sync(from, *request),
            Content::SyncResponse(response) => self.take_synced(from, response),
        }
    }

    /// Keeps a vote for the next height, which may say that the others have begun.
    fn hear_vote(&mut self, vote: &SignedVote<Context>) {
        let is_next = vote.message.height.0 == self.tip().next();
        if is_next && self.votes_heard.len() < VOTES_MAX {
            self.votes_heard.push(vote.clone());
        }
    }

    // How far nodes are.

    fn status(&self) -> Packet {
        let status = Status {
            peer_id: self.peer_id.clone(),
            tip: self.tip(),
            oldest: Height(1),
            said_at: self.clock_reads(),
        };
        let bytes = status_preimage(self.parties.chain, &status);
        let signature = self.signing.sign(&self.peer_key, &bytes);
        let signed = SignedStatus { status, signature };
        Packet::new(Kind::Status, encode_status(&signed))
    }

    pub(super) fn report(&mut self) {
        let status = self.status();
        self.gossip(&status);
    }

    pub(super) fn report_regularly(&mut self) {
        self.report();
        if self.manner.is_newer {
            self.gossip(&Packet::new(Kind::NextVersion, vec![0xff; 32]));
        }
        self.put(Output::Wake(STATUS_EVERY, Alarm::Status));
    }

    fn heard(&mut self, from: NodeIndex, tip: Height) {
        self.tips.insert(from, tip);
        if self.phase == Phase::Hearing {
            let (tips, others) = self.validators_tips();
            if tips.len() >= others {
                self.begin();
            }
        } else if self.signer.guard().waits_for_peers() {
            self.hear_peers();
            self.begin_again();
        }
        self.ask_for_blocks();
    }

    /// What the other validators say of their tips, and how many they are: only their word counts.
    pub(super) fn validators_tips(&self) -> (Vec<Height>, usize) {
        let others = |seat: &&Seat| {
            seat.is_validator && !seat.index.is_twin && seat.index.code != self.me.code
        };
        let seats = self.parties.seats().iter().filter(others);
        let count = seats.clone().count();
        let tips = seats.filter_map(|seat| self.tips.get(&seat.index).copied());
        (tips.collect(), count)
    }

    /// The highest height that at least one honest validator says it has decided, once enough have spoken.
    pub(super) fn believed_tip(&self) -> Option<Height> {
        let (mut tips, others) = self.validators_tips();
        tips.sort_by(|a, b| b.cmp(a));
        let dishonest = others / 3;
        if tips.len() < others.saturating_sub(others / 3) {
            return None;
        }
        Some(tips.get(dishonest).copied().unwrap_or(Height::ZERO))
    }

    /// Holds the guard against it.
    pub(super) fn hear_peers(&self) {
        if let Some(tip) = self.believed_tip() {
            self.signer.guard().hear(tip);
        }
    }

    // Decided blocks.

    fn ask_for_blocks(&mut self) {
        let first = self.tip().next();
        let waits = self
            .asked_at
            .is_some_and(|at| self.now < at.plus(SYNC_AGAIN));
        let Some((peer, last)) = self.whom_to_ask(first) else {
            return;
        };
        let is_early = self.phase == Phase::Hearing;
        let never = self.manner.bug == Bug::NeverCatchesUp;
        if waits || self.synced.contains_key(&first) || is_early || never {
            return;
        }
        self.asked_at = Some(self.now);
        let last = last.min(Height(first.0.saturating_add(SYNC_HEIGHTS)));
        let request = SyncRequest { first, last };
        if self.asked_for.len() >= ASKED_MAX {
            self.asked_for.clear();
        }
        let asked = self.asked_for.entry((peer, first)).or_insert(last);
        *asked = last.max(*asked);
        let request = encode_sync_request(&request);
        self.send(peer, Packet::new(Kind::SyncRequest, request));
    }

    /// Somebody who says it has the block of `first`: another one each time, for some may lie or be gone.
    fn whom_to_ask(&mut self, first: Height) -> Option<(NodeIndex, Height)> {
        let have = self.tips.iter().filter(|(_, tip)| **tip >= first);
        let have: Vec<_> = have.map(|(peer, tip)| (*peer, *tip)).collect();
        self.asked = self.asked.saturating_add(1);
        have.get(self.asked.checked_rem(have.len())?).copied()
    }

    /// What a peer sent as decided is not: ask another one.
    pub(super) fn reject_synced(&mut self, peer: &PeerId, why: &str) {
        let bytes = peer.to_bytes();
        let sender = self.parties.all_seats().find(|seat| seat.peer_id == bytes);
        if let Some(sender) = sender.map(|seat| seat.index) {
            self.reject_from(sender, why);
        }
    }

    fn reject_from(&mut self, sender: NodeIndex, why: &str) {
        self.tips.remove(&sender);
        self.synced.retain(|_, (from, _)| *from != sender);
        self.observe(Observation::Refused(Refused::Synced(sender, why.into())));
        self.asked_at = None;
        self.ask_for_blocks();
    }

    fn answer_sync(&mut self, from: NodeIndex, request: SyncRequest) {
        let mut values = Vec::new();
        let mut bytes = 0_usize;
        let last = request
            .last
            .0
            .min(request.first.0.saturating_add(SYNC_HEIGHTS));
        for height in request.first.0..=last {
            let Some(decided) = self.disk.block(Height(height)) else {
                break;
            };
            let Some(set) = ValidatorSet::new((*decided.decided_by).clone()) else {
                break;
            };
            bytes = bytes.saturating_add(decided.block.bytes().len());
            if bytes > SYNC_REPLY_BYTES_MAX {
                break;
            }
            values.push(DecidedValue {
                block: decided.block.bytes().to_vec().into(),
                certificate: to_certificate(&decided.quorum, &set),
            });
        }
        let response = encode_sync_response(&SyncResponse {
            first: request.first,
            values,
        });
        self.send(from, Packet::new(Kind::SyncResponse, response));
    }

    fn take_synced(&mut self, from: NodeIndex, response: &SyncResponse) {
        // Nobody answers unasked: a real answer travels in the stream of its request.
        let first = response.first;
        let Some(last) = self.asked_for.remove(&(from, first)) else {
            return;
        };
        let heights = (first.0..=last.0).map(Height);
        let is_other =
            |(height, value): (Height, &DecidedValue)| value.certificate.height.0 != height;
        let count = u64::try_from(response.values.len()).unwrap_or(u64::MAX);
        let asked = last.0.saturating_sub(first.0).saturating_add(1);
        if count > asked || heights.clone().zip(&response.values).any(is_other) {
            return self.reject_from(from, "not what was asked for");
        }
        let tip = self.tip();
        for (height, value) in heights.zip(&response.values) {
            if height > tip {
                self.synced.insert(height, (from, value.clone()));
            }
        }
        // Whoever has nothing to give is not asked again at once.
        if count > 0 {
            self.asked_at = None;
        }
        self.feed_synced();
    }

    /// Gives Malachite the decided block of the height it is at, where another node sent it.
    pub(super) fn feed_synced(&mut self) {
        let height = self.tip().next();
        if self.phase == Phase::Running
            && let Some((from, value)) = self.synced.remove(&height)
            && let Some(sender) = self.parties.seat(from)
            && let Ok(peer) = PeerId::from_bytes(&sender.peer_id)
        {
            let certificate = ExtendedCommitCertificate::from_commit_certificate_and_extensions(
                value.certificate,
                VoteExtensions::default(),
            );
            let response = ValueResponse::new(peer, value.block, certificate);
            self.feed(Input::SyncValueResponse(response));
        }
        self.ask_for_blocks();
    }

    // Waiting records.

    /// Takes a record of the own Party: acknowledged once it is durable.
    pub(super) fn submit(&mut self, bytes: &[u8]) {
        let signed = match Signed::decode(bytes) {
            Ok(signed) => Arc::new(signed),
            Err(error) => {
                return self.observe(Observation::Refused(Refused::Submission(error.to_string())));
            }
        };
        let digest = signed.digest();
        let is_kept = self.disk.outbox().contains_key(&digest) || self.unsynced.contains(&digest);
        let is_decided = matches!(self.disk.state().log_index(&digest), Ok(Some(_)));
        if is_kept || is_decided {
            // Handed in again, since its author heard no answer.
            if !self.unsynced.contains(&digest) {
                self.observe(Observation::Acknowledged(digest));
            }
            return;
        }
        match self.admit(&signed) {
            Ok(_) => {}
            Err(AdmissionError::Inadmissible(why)) if why.may_pass() => {}
            Err(AdmissionError::Inadmissible(why)) => {
                return self.observe(Observation::TurnedAway(digest, why));
            }
            Err(AdmissionError::Read(error)) => return self.stop(error.to_string()),
        }
        if self.disk.append_outbox(digest, bytes).is_ok() {
            if self.unsynced.is_empty() {
                self.put(Output::Wake(OUTBOX_GROUP, Alarm::Outbox));
            }
            self.unsynced.insert(digest);
            if self.manner.bug == Bug::AcknowledgedEarly {
                self.observe(Observation::Acknowledged(digest));
            }
        }
    }

    pub(super) fn sync_outbox(&mut self) {
        let Ok(durable) = self.disk.sync_outbox() else {
            return;
        };
        self.unsynced.clear();
        for digest in durable {
            self.observe(Observation::Acknowledged(digest));
        }
        self.offer_waiting();
        self.start_if_due();
    }

    /// Offers own records again, each half as often as before.
    pub(super) fn offer_regularly(&mut self) {
        let outbox = self.disk.outbox();
        self.offers.retain(|record, _| outbox.contains_key(record));
        let mut offered = 0_usize;
        for (record, bytes) in &outbox {
            let first = (self.now, OFFER_EVERY);
            let (at, wait) = self.offers.get(record).copied().unwrap_or(first);
            let is_due = at <= self.now && offered < OFFERED_MAX;
            if is_due && self.manner.bug != Bug::NeverOffered {
                offered = offered.saturating_add(1);
                let next = self.now.plus(wait);
                let longer = wait.saturating_mul(2).min(OFFER_SELDOM);
                self.offers.insert(*record, (next, longer));
                self.gossip(&Packet::new(Kind::Record, bytes.clone()));
            }
        }
        // What may not enter after this tip may not a moment later either.
        let seen = (self.tip(), outbox.len());
        if self.looked_through != Some(seen) {
            self.looked_through = Some(seen);
            self.offer_waiting();
        }
        let next = if offered == 0 {
            OFFER_IDLE
        } else {
            OFFER_EVERY
        };
        self.put(Output::Wake(next, Alarm::Offer));
        self.start_if_due();
    }

    /// Lets own records wait for a block, as soon as they may, and spreads them.
    pub(super) fn offer_waiting(&mut self) {
        for (digest, bytes) in self.disk.outbox() {
            if self.mempool.get(&digest).is_some() {
                continue;
            }
            let packet = Packet::new(Kind::Record, bytes);
            if let Ok(Content::Record(signed)) = packet.read()
                && self.let_wait(signed)
                && self.manner.bug != Bug::NeverOffered
            {
                self.gossip(&packet);
            }
        }
    }

    /// Takes a record of another Party and passes it on. One that may not enter yet comes again: its author
    /// offers it until it is decided.
    fn take_record(&mut self, from: NodeIndex, packet: &Packet, signed: &Arc<Signed>) {
        if self.mempool.get(&signed.digest()).is_some() || !self.let_wait(signed) {
            return;
        }
        for peer in Arc::clone(&self.neighbours).iter() {
            if *peer != from {
                self.send(*peer, packet.clone());
            }
        }
    }

    fn let_wait(&mut self, signed: &Arc<Signed>) -> bool {
        let admitted = self.admit(signed);
        admitted.is_ok_and(|Admitted { record, .. }| self.mempool.insert(&record).is_ok())
    }

    fn admit(&self, signed: &Arc<Signed>) -> Result<Admitted, AdmissionError> {
        let tip = self.replica.tip();
        let at = At {
            chain: self.replica.chain(),
            height: tip.height().next(),
            time: self.clock_reads().max(tip.time().plus_ms(1)),
            log_size: tip.log.size,
        };
        admit(&*self.disk.state(), &at, signed, &self.signing)
    }
}
