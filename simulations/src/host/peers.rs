//! What nodes tell each other besides consensus: how far they are, decided blocks, and waiting records.

use std::sync::Arc;
use std::time::Duration;

use consensus::quorum::to_certificate;
use consensus::signing::{VOID, status_preimage, verifies_status};
use consensus::validators::ValidatorSet;
use consensus::wire::{
    ConsensusMessage, DecidedValue, LivenessMessage, SignedStatus, Status, SyncRequest,
    SyncResponse, decode_consensus, decode_liveness, decode_part, decode_status,
    decode_sync_request, decode_sync_response, encode_status, encode_sync_request,
    encode_sync_response,
};
use ledger::codec::CodecError;
use ledger::digest::RecordDigest;
use ledger::limits::SYNC_REPLY_BYTES_MAX;
use ledger::party::Height;
use ledger::signed::{Signed, Verified};
use ledger::state::admission::{AdmissionError, Admitted, admit};
use ledger::state::{At, View as _};
use malachitebft_core_consensus::{Input, PeerId};
use malachitebft_core_types::{ExtendedCommitCertificate, ValueResponse, VoteExtensions};

use super::{Alarm, HEAR_WITHIN, Host, Observation, Output, Phase};
use crate::network::Message;
use crate::parties::NodeIndex;

/// How often a node says how far it is, unasked.
const STATUS_EVERY: Duration = Duration::from_secs(2);
/// How often own records are offered again, until they are decided.
const OFFER_EVERY: Duration = Duration::from_secs(2);
/// Records that come within this time share one sync of the outbox.
const OUTBOX_GROUP: Duration = Duration::from_millis(2);
/// A request for decided blocks is repeated after this long.
const SYNC_AGAIN: Duration = Duration::from_secs(2);
/// Heights of one request for decided blocks.
const SYNC_HEIGHTS: u64 = 5;
/// Messages kept for a node that has not begun.
const EARLY_MAX: usize = 4_000;

impl Host {
    /// The process has started: ask all how far they are.
    pub(super) fn greet(&mut self) {
        self.broadcast(&Message::Hello);
        self.put(Output::Wake(HEAR_WITHIN, Alarm::Begin));
        self.put(Output::Wake(STATUS_EVERY, Alarm::Status));
        self.put(Output::Wake(OFFER_EVERY, Alarm::Offer));
        self.offer_waiting();
    }

    /// Takes a message. Bytes that are not one are a failure of the run: nobody here sends any.
    pub(super) fn receive(&mut self, from: NodeIndex, message: Message) {
        let is_consensus = matches!(
            message,
            Message::Consensus(_) | Message::Liveness(_) | Message::Part(_)
        );
        if is_consensus && self.phase == Phase::Hearing {
            if self.early.len() < EARLY_MAX {
                self.early.push((from, message));
            }
            return;
        }
        if let Err(error) = self.understand(from, message) {
            self.stop(format!("a message of {from} does not read back: {error}"));
        }
        self.start_if_due();
    }

    fn understand(&mut self, from: NodeIndex, message: Message) -> Result<(), CodecError> {
        match message {
            Message::Hello => {
                let status = self.status();
                self.send(from, status);
            }
            Message::Status(bytes) => {
                let signed = decode_status(&bytes)?;
                let is_real = self.parties.seat(from).is_some_and(|seat| {
                    verifies_status(
                        &ledger::key::StrictEd25519,
                        self.parties.chain,
                        &signed,
                        &seat.peer.public(),
                    )
                });
                if is_real {
                    self.heard(from, signed.status.tip);
                }
            }
            Message::Consensus(bytes) => match decode_consensus(&bytes)? {
                ConsensusMessage::Vote(vote) => {
                    self.is_busy(vote.message.height.0);
                    self.feed(Input::Vote(vote));
                }
                ConsensusMessage::Proposal(proposal) => {
                    self.is_busy(proposal.message.height.0);
                    self.feed(Input::Proposal(proposal));
                }
            },
            Message::Liveness(bytes) => match decode_liveness(&bytes)? {
                LivenessMessage::Vote(vote) => {
                    self.is_busy(vote.message.height.0);
                    self.feed(Input::Vote(vote));
                }
                LivenessMessage::Polka(polka) => self.feed(Input::PolkaCertificate(polka)),
                LivenessMessage::Round(round) => self.feed(Input::RoundCertificate(round)),
            },
            Message::Part(bytes) => {
                let part = decode_part(&bytes)?;
                self.is_busy(part.signed.header.height.0);
                self.take_part(part);
            }
            Message::Record(bytes) => self.take_record(&bytes),
            Message::SyncRequest(bytes) => {
                let request = decode_sync_request(&bytes)?;
                self.answer_sync(from, request);
            }
            Message::SyncResponse(bytes) => {
                let response = decode_sync_response(&bytes)?;
                self.take_synced(from, response);
            }
        }
        Ok(())
    }

    fn is_busy(&mut self, height: Height) {
        self.busy_at = self.busy_at.max(height);
    }

    // How far nodes are.

    fn status(&self) -> Message {
        let status = Status {
            peer_id: self.parties.peer_id(self.me),
            tip: self.tip(),
            oldest: Height(1),
            said_at: self.clock_reads(),
        };
        let bytes = status_preimage(self.parties.chain, &status);
        let seat = self.parties.seat(self.me);
        let signature = seat.map_or(VOID, |seat| seat.peer.sign(&bytes));
        Message::Status(encode_status(&SignedStatus { status, signature }))
    }

    pub(super) fn report(&mut self) {
        let status = self.status();
        self.broadcast(&status);
    }

    pub(super) fn report_regularly(&mut self) {
        self.report();
        self.put(Output::Wake(STATUS_EVERY, Alarm::Status));
    }

    fn heard(&mut self, from: NodeIndex, tip: Height) {
        self.tips.insert(from, tip);
        if self.phase == Phase::Hearing {
            let others = self.parties.seats().len().saturating_sub(1);
            if self.tips.len() >= others {
                self.begin();
            }
        } else if self.signer.guard().waits_for_peers() {
            self.hear_peers();
        }
        self.ask_for_blocks();
    }

    /// Holds the guard against the highest height that at least one honest peer says it has decided, once
    /// enough have spoken.
    pub(super) fn hear_peers(&self) {
        let mut tips: Vec<_> = self.tips.values().copied().collect();
        tips.sort_by(|a, b| b.cmp(a));
        let others = self.parties.seats().len().saturating_sub(1);
        let dishonest = others / 3;
        if tips.len() >= others.saturating_sub(dishonest) {
            let tip = tips.get(dishonest).copied().unwrap_or(Height::ZERO);
            self.signer.guard().hear(tip);
        }
    }

    // Decided blocks.

    fn ask_for_blocks(&mut self) {
        let first = self.tip().next();
        let waits = self
            .asked_at
            .is_some_and(|at| self.now < at.plus(SYNC_AGAIN));
        let highest = self.tips.iter().max_by_key(|(_, tip)| **tip);
        let Some((&peer, &last)) = highest.filter(|(_, tip)| **tip >= first) else {
            return;
        };
        if waits || self.synced.contains_key(&first) || self.phase == Phase::Hearing {
            return;
        }
        self.asked_at = Some(self.now);
        let last = last.min(Height(first.0.saturating_add(SYNC_HEIGHTS)));
        let request = encode_sync_request(&SyncRequest { first, last });
        self.send(peer, Message::SyncRequest(request));
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
        self.send(from, Message::SyncResponse(response));
    }

    fn take_synced(&mut self, from: NodeIndex, response: SyncResponse) {
        self.asked_at = None;
        let tip = self.tip();
        for value in response.values {
            let height = value.certificate.height.0;
            if height > tip {
                self.synced.insert(height, (from, value));
            }
        }
        self.feed_synced();
    }

    /// Gives Malachite the decided block of the height it is at, where another node sent it.
    pub(super) fn feed_synced(&mut self) {
        let height = self.tip().next();
        if self.phase == Phase::Running
            && let Some((from, value)) = self.synced.remove(&height)
            && let Ok(peer) = PeerId::from_bytes(&self.parties.peer_id(from))
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
            Err(error) => return self.stop(format!("a submission is not a record: {error}")),
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

    pub(super) fn offer_regularly(&mut self) {
        for (_, bytes) in self.disk.outbox() {
            self.broadcast(&Message::Record(bytes));
        }
        self.offer_waiting();
        self.put(Output::Wake(OFFER_EVERY, Alarm::Offer));
        self.start_if_due();
    }

    /// Lets own records wait for a block, as soon as they may, and spreads them.
    pub(super) fn offer_waiting(&mut self) {
        for (digest, bytes) in self.disk.outbox() {
            if self.mempool.get(&digest).is_none() && self.let_wait(&bytes).is_some() {
                self.broadcast(&Message::Record(bytes));
            }
        }
    }

    fn take_record(&mut self, bytes: &[u8]) {
        // One that may not enter yet comes again: its author offers it until it is decided.
        let _: Option<RecordDigest> = self.let_wait(bytes);
    }

    fn let_wait(&mut self, bytes: &[u8]) -> Option<RecordDigest> {
        let signed = Arc::new(Signed::decode(bytes).ok()?);
        let Admitted { record, .. } = self.admit(&signed).ok()?;
        self.mempool.insert(&record).ok()?;
        Some(Verified::digest(&record))
    }

    fn admit(&self, signed: &Arc<Signed>) -> Result<Admitted, AdmissionError> {
        let tip = self.replica.tip();
        let at = At {
            chain: self.replica.chain(),
            height: tip.height().next(),
            time: self.clock_reads().max(tip.time().plus_ms(1)),
            log_size: tip.log.size,
        };
        admit(&*self.disk.state(), &at, signed, &self.claims)
    }
}
