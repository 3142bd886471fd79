//! What Malachite asks of the application, answered by `Replica`: the twin of `node/src/application`.

use std::sync::Arc;

use consensus::context::{Height as EngineHeight, engine_round, ledger_round};
use consensus::guard::Request;
use consensus::message::{ProposalPart, SignedPartHeader, Value};
use consensus::parts::{Assembled, Expected, Outcome, Place, describe, split};
use consensus::quorum::from_certificate;
use consensus::replica::{CheckError, Commit, Freshness, InvalidBlock, PROPOSED_BYTES_MAX};
use consensus::reproposal::Clock;
use consensus::signing::{SharedReproposals as _, proposal_of};
use consensus::validators::Address;
use consensus::wire::{Undecided, encode_part};
use ledger::block::Block;
use ledger::digest::BlockId;
use ledger::limits::BLOCK_RECORDS_MAX;
use ledger::party::Height;
use ledger::quorum::Round;
use malachitebft_core_consensus::{Input, LocallyProposedValue, ProposedValue};
use malachitebft_core_types::{
    CommitCertificate, Round as EngineRound, Validity, ValueOrigin, ValueResponse,
};

use super::{Alarm, Committed, Host, Observation, Output, Phase, engine_set, optional_round};
use crate::disk::Decided;
use crate::network::Message;
use consensus::context::Context;
use std::time::Duration;

impl Host {
    /// A round begins: gives back the blocks that Malachite has not seen since the process started.
    pub(super) fn started_round(&mut self, height: Height, round: Round) {
        self.noted.with(|known| known.begin(height, round));
        for (block, undecided) in self.disk.undecided(height) {
            if !self.reported.insert((height, undecided.round, block)) {
                continue;
            }
            self.noted.with(|known| match undecided.is_judged {
                true => known.judged(height, block),
                false => known.spared(height, block),
            });
            let value = proposed(height, block, &undecided, Validity::Valid);
            self.feed(Input::ProposedValue(value, ValueOrigin::Consensus));
        }
    }

    /// Builds a block, or takes the one built before a crash; stores it, streams it, proposes it.
    pub(super) fn propose(&mut self, height: Height, round: Round) {
        if height != self.tip().next() {
            return;
        }
        let own =
            |undecided: &Undecided| undecided.round == round && undecided.proposer == self.address;
        let stored = self.disk.undecided(height).into_iter();
        let built = match stored.into_iter().find(|(_, undecided)| own(undecided)) {
            Some((block, undecided)) => self.sign_again(block, undecided),
            None => self.build(height, round),
        };
        let Some((block, signed, bytes)) = built else {
            return;
        };
        self.noted.with(|known| known.judged(height, block));
        self.stream(&signed, &bytes);
        self.feed(Input::Propose(LocallyProposedValue {
            height: EngineHeight(height),
            round: engine_round(round),
            value: Value(block),
        }));
    }

    fn build(
        &mut self,
        height: Height,
        round: Round,
    ) -> Option<(BlockId, SignedPartHeader, Vec<u8>)> {
        let now = self.clock_reads();
        let candidates = self
            .mempool
            .candidates(BLOCK_RECORDS_MAX, PROPOSED_BYTES_MAX);
        let state = self.disk.state();
        let proposed =
            self.replica
                .propose(&*state, now, self.address.0, &candidates, &self.claims);
        let proposed = match proposed {
            Ok(proposed) => proposed,
            Err(error) => {
                self.stop(format!("no block could be built: {error}"));
                return None;
            }
        };
        self.mempool
            .remove(proposed.dropped.iter().map(|(digest, _)| digest));
        let (block, bytes) = (proposed.block.id(), proposed.block.bytes().to_vec());
        let place = self.place(height, round, None);
        let signed = self.sign_parts(describe(&place, block, &bytes)?)?;
        let undecided = Undecided {
            round,
            valid_round: None,
            proposer: self.address,
            signed: Some(signed.clone()),
            is_judged: true,
            block: bytes.clone(),
        };
        self.disk.put_undecided(height, block, &undecided).ok()?;
        self.reported.insert((height, round, block));
        Some((block, signed, bytes))
    }

    /// The same header again, where the guard allows it: its bytes are those of before.
    fn sign_again(
        &mut self,
        block: BlockId,
        undecided: Undecided,
    ) -> Option<(BlockId, SignedPartHeader, Vec<u8>)> {
        let signed = self.sign_parts(undecided.signed?.header)?;
        Some((block, signed, undecided.block))
    }

    fn sign_parts(&mut self, header: consensus::message::PartHeader) -> Option<SignedPartHeader> {
        let request = Request::from(&proposal_of(&header));
        let signed = self.signer.sign_part_header(header).ok()?;
        self.observe(Observation::Signed(request));
        Some(signed)
    }

    const fn place(&self, height: Height, round: Round, valid_round: Option<Round>) -> Place {
        Place {
            height: EngineHeight(height),
            round,
            valid_round,
            proposer: self.address,
        }
    }

    fn stream(&mut self, signed: &SignedPartHeader, bytes: &[u8]) {
        for part in split(signed, bytes) {
            self.broadcast(&Message::Part(encode_part(&part)));
        }
    }

    /// Streams a block again: under its original header, or, where this node proposes an earlier round's
    /// block in this one, under a header of its own.
    pub(super) fn restream(
        &mut self,
        height: Height,
        round: Round,
        valid_round: EngineRound,
        proposer: Address,
        block: BlockId,
    ) {
        let stored = self.disk.undecided(height);
        let same = || {
            stored
                .iter()
                .filter(|(id, _)| *id == block)
                .map(|(_, stored)| stored)
        };
        let original = same().find(|stored| stored.round == round && stored.proposer == proposer);
        if let Some(stored) = original
            && let Some(signed) = &stored.signed
        {
            return self.stream(signed, &stored.block);
        }
        let Some(stored) = same().next().filter(|_| proposer == self.address) else {
            return;
        };
        let place = self.place(height, round, optional_round(valid_round));
        let header = describe(&place, block, &stored.block);
        let Some(signed) = header.and_then(|header| self.sign_parts(header)) else {
            return;
        };
        let undecided = Undecided {
            round,
            valid_round: place.valid_round,
            proposer,
            signed: Some(signed.clone()),
            is_judged: stored.is_judged,
            block: stored.block.clone(),
        };
        if self.disk.put_undecided(height, block, &undecided).is_ok() {
            self.reported.insert((height, round, block));
            self.stream(&signed, &undecided.block);
        }
    }

    /// What parts are expected for.
    fn expected(&self) -> Expected {
        let height = self.tip().next();
        let begun = self
            .consensus
            .as_ref()
            .filter(|state| state.height().0 == height);
        let round = begun
            .map(|state| state.round())
            .filter(EngineRound::is_defined);
        Expected {
            height,
            round: round.map_or(Round(0), ledger_round),
            validators: self.validators.clone(),
        }
    }

    pub(super) fn take_part(&mut self, part: ProposalPart) {
        let expected = self.expected();
        let outcome = self.assembler.insert(part, &expected);
        self.assembled(outcome);
    }

    pub(super) fn take_later_parts(&mut self) {
        let expected = self.expected();
        for outcome in self.assembler.take_later(&expected) {
            self.assembled(outcome);
        }
    }

    fn assembled(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Complete(assembled) => self.judge(*assembled),
            Outcome::Kept | Outcome::Later | Outcome::Repeated | Outcome::Refused(_) => {}
        }
    }

    /// Judges a block that came in parts, stores it, reports it to Malachite.
    fn judge(&mut self, assembled: Assembled) {
        let header = &assembled.signed.header;
        let (height, round, id) = (header.height.0, header.round, header.block);
        let clock = self.noted.with(|known| known.enter(header));
        let freshness = match clock {
            Clock::Judges => Freshness::Fresh {
                now: self.clock_reads(),
                round,
            },
            Clock::Spares => Freshness::Replayed,
        };
        let undecided = Undecided {
            round,
            valid_round: header.valid_round,
            proposer: header.proposer,
            is_judged: clock == Clock::Judges || self.noted.with(|known| known.is_judged(id)),
            block: assembled.bytes,
            signed: Some(assembled.signed),
        };
        let validity = match self.check(id, &undecided.block, freshness) {
            Ok(true) => Validity::Valid,
            Ok(false) => Validity::Invalid,
            Err(why) => return self.stop(why),
        };
        if validity == Validity::Valid {
            if clock == Clock::Judges {
                self.noted.with(|known| known.judged(height, id));
            }
            if self.disk.put_undecided(height, id, &undecided).is_err() {
                return;
            }
        }
        self.reported.insert((height, round, id));
        let value = proposed(height, id, &undecided, validity);
        self.feed(Input::ProposedValue(value, ValueOrigin::Consensus));
    }

    /// Whether these bytes are the block `id`, and acceptable. Here nobody proposes what is not, so any
    /// refusal but the clock's is a failure of the run.
    fn check(&mut self, id: BlockId, bytes: &[u8], freshness: Freshness) -> Result<bool, String> {
        let block = Block::decode(bytes).map_err(|error| format!("not a block: {error}"))?;
        if block.id() != id {
            return Err(format!("block {id} came with the bytes of {}", block.id()));
        }
        let state = self.disk.state();
        match self.replica.check(&*state, &block, freshness, &self.claims) {
            Ok(()) => Ok(true),
            Err(CheckError::Invalid(InvalidBlock::TimeAhead(_) | InvalidBlock::TimeBehind(_))) => {
                Ok(false)
            }
            Err(error) => Err(format!("a correct validator's block was refused: {error}")),
        }
    }

    /// A decided block of another node: its quorum verified, the block itself did not yet.
    pub(super) fn check_synced(&mut self, response: &ValueResponse<Context>, proposer: Address) {
        let certificate = &response.certificate;
        let (height, block) = (certificate.height.0, certificate.value_id);
        if height != self.tip().next() {
            return;
        }
        if let Err(why) = self.check(block, &response.value_bytes, Freshness::Replayed) {
            return self.stop(why);
        }
        let undecided = Undecided {
            round: ledger_round(certificate.round),
            valid_round: None,
            proposer,
            signed: None,
            is_judged: false,
            block: response.value_bytes.to_vec(),
        };
        if self.disk.put_undecided(height, block, &undecided).is_err() {
            return;
        }
        self.reported.insert((height, undecided.round, block));
        self.noted.with(|known| known.spared(height, block));
        let value = proposed(height, block, &undecided, Validity::Valid);
        self.feed(Input::ProposedValue(value, ValueOrigin::Sync));
    }

    /// Commits a decided block: the guard moves on, then one atomic batch is written.
    pub(super) fn commit(&mut self, certificate: &CommitCertificate<Context>) {
        let (height, id) = (certificate.height.0, certificate.value_id);
        if height <= self.tip() {
            return;
        }
        let mut stored = self.disk.undecided(height).into_iter();
        let Some((_, undecided)) = stored.find(|(known, _)| *known == id) else {
            return self.stop(format!("block {id} was decided and is not held"));
        };
        let block = match Block::decode(&undecided.block) {
            Ok(block) => block,
            Err(error) => return self.stop(format!("the decided block: {error}")),
        };
        let quorum = from_certificate(certificate, &self.validators);
        let state = self.disk.state();
        let commit = match self.replica.commit(&*state, block, quorum, &self.claims) {
            Ok(commit) => commit,
            Err(error) => return self.stop(format!("height {height} was decided: {error}")),
        };
        drop(state);
        self.write(height, commit);
    }

    fn write(&mut self, height: Height, commit: Commit) {
        let decided = Decided {
            block: commit.block.clone(),
            quorum: commit.quorum.clone(),
            decided_by: Arc::clone(&self.replica.tip().decided_by),
        };
        let is_written = self.signer.guard().committed(height).is_ok()
            && self.disk.commit(decided, &commit.executed.changes).is_ok();
        if !is_written {
            return;
        }
        match engine_set(self.replica.tip()) {
            Ok(set) => self.validators = set,
            Err(why) => return self.stop(why),
        }
        let logged = commit.executed.changes.logged.iter();
        self.mempool.remove(logged.map(|logged| &logged.record));
        self.reported.retain(|(at, _, _)| *at > height);
        self.synced.retain(|at, _| *at > height);
        self.observe(Observation::Committed(Box::new(Committed {
            block: commit.block,
            quorum: commit.quorum,
            receipts: commit.executed.receipts,
        })));
        self.report();
        self.offer_waiting();
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
        let next = self.tip().next();
        let is_due = !self.mempool.is_empty()
            || self.busy_at >= next
            || self.tips.values().any(|tip| *tip >= next);
        if self.phase == Phase::Holding && is_due {
            self.start_height();
        }
    }
}

fn proposed(
    height: Height,
    block: BlockId,
    undecided: &Undecided,
    validity: Validity,
) -> ProposedValue<Context> {
    ProposedValue {
        height: EngineHeight(height),
        round: engine_round(undecided.round),
        valid_round: undecided.valid_round.map_or(EngineRound::Nil, engine_round),
        proposer: undecided.proposer,
        value: Value(block),
        validity,
    }
}
