//! What Malachite asks of the application, answered by `Replica`: the twin of `node/src/application`.

use std::sync::Arc;

use consensus::context::{Height as EngineHeight, engine_round, ledger_round};
use consensus::guard::{DecidedHeight, Request};
use consensus::message::{ProposalPart, SignedPartHeader, Value};
use consensus::parts::{Assembled, Expected, Outcome, PartError, Place, describe, split};
use consensus::quorum::from_certificate;
use consensus::replica::{CheckError, Commit, Freshness, InvalidBlock, PROPOSED_BYTES_MAX};
use consensus::reproposal::Clock;
use consensus::signing::{SharedReproposals as _, proposal_of};
use consensus::validators::Address;
use consensus::wire::{Undecided, encode_part};
use ledger::digest::BlockId;
use ledger::limits::BLOCK_RECORDS_MAX;
use ledger::party::Height;
use ledger::quorum::Round;
use malachitebft_core_consensus::{Input, LocallyProposedValue, ProposedValue};
use malachitebft_core_types::{
    CommitCertificate, Round as EngineRound, Validity, ValueOrigin, ValueResponse,
};

use super::{Committed, Host, Observation, Refused, engine_set, optional_round};
use crate::bug::Bug;
use crate::disk::Decided;
use crate::packet::{Kind, Packet};
use crate::parties::NodeIndex;
use consensus::context::Context;

/// Why a block is not acceptable here.
enum Unfit {
    /// Its time is too far from this node's clock.
    Time,
    /// It is not what it says.
    Block(String),
}

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
            Some((block, undecided)) => self.sign_again(block, &undecided),
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
                .propose(&*state, now, self.address.0, &candidates, &self.signing);
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
        undecided: &Undecided,
    ) -> Option<(BlockId, SignedPartHeader, Vec<u8>)> {
        let signed = self.sign_parts(undecided.signed.clone()?.header)?;
        Some((block, signed, undecided.block.clone()))
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
            self.broadcast(Packet::new(Kind::Part, encode_part(&part)));
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

    pub(super) fn take_part(&mut self, from: NodeIndex, part: ProposalPart) {
        let expected = self.expected();
        let header = &part.signed.header;
        let (proposer, is_next) = (header.proposer, header.height.0 == expected.height);
        let outcome = self.assembler.insert(part, &expected);
        self.accuse();
        if from != self.me
            && let Outcome::Refused(why) = &outcome
        {
            self.refuse_part(from, proposer, *why, is_next);
        }
        self.assembled(outcome);
    }

    /// Evidence that proposers contradicted themselves.
    fn accuse(&mut self) {
        for evidence in self.assembler.take_evidence() {
            if let Some(node) = self.parties.of_address(&evidence.validator()) {
                self.observe(Observation::Evidence(node));
            }
        }
    }

    /// Blames whoever made a part what it is: honest nodes pass on what a proposer signed.
    fn refuse_part(&mut self, from: NodeIndex, proposer: Address, why: PartError, is_next: bool) {
        let by = match why {
            PartError::Shape | PartError::Proposer | PartError::Signature => Some(from),
            PartError::TooMany if is_next => self.parties.of_address(&proposer),
            PartError::TooMany | PartError::Height(_) | PartError::Round(_) | PartError::NoRoom => {
                None
            }
        };
        if let Some(by) = by {
            self.observe(Observation::Refused(Refused::Part(by)));
        }
    }

    pub(super) fn take_later_parts(&mut self) {
        let expected = self.expected();
        let outcomes = self.assembler.take_later(&expected);
        self.accuse();
        for outcome in outcomes {
            self.assembled(outcome);
        }
    }

    fn assembled(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Complete(assembled) => {
                self.has_begun = true;
                self.judge(*assembled);
            }
            Outcome::Kept => self.has_begun = true,
            Outcome::Later | Outcome::Repeated | Outcome::Refused(_) => {}
        }
    }

    /// Judges a block that came in parts, stores it, reports it to Malachite.
    fn judge(&mut self, assembled: Assembled) {
        let header = &assembled.signed.header;
        let (height, round, id) = (header.height.0, header.round, header.block);
        let block = self.parties.block(&assembled.bytes);
        let clock = match block {
            Ok(block) if block.id() == id => self.noted.with(|known| known.enter(header)),
            Ok(_) | Err(_) => Clock::Judges,
        };
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
            Ok(None) => Validity::Valid,
            Ok(Some(_)) if self.manner.bug == Bug::VerdictIgnored => Validity::Valid,
            Ok(Some(unfit)) => {
                self.refuse_block(undecided.proposer, unfit);
                Validity::Invalid
            }
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

    fn refuse_block(&mut self, proposer: Address, unfit: Unfit) {
        if let Some(by) = self.parties.of_address(&proposer) {
            self.observe(Observation::Refused(match unfit {
                Unfit::Time => Refused::Time(by),
                Unfit::Block(why) => Refused::Block(by, why),
            }));
        }
    }

    /// Whether these bytes are the block `id`, and acceptable; the error is that nobody could say.
    fn check(
        &mut self,
        id: BlockId,
        bytes: &[u8],
        freshness: Freshness,
    ) -> Result<Option<Unfit>, String> {
        let block = match self.parties.block(bytes) {
            Ok(block) if block.id() == id => block,
            Ok(_) => return Ok(Some(Unfit::Block("the bytes of another block".into()))),
            Err(why) => return Ok(Some(Unfit::Block(why.to_string()))),
        };
        let state = self.disk.state();
        let checked = self
            .replica
            .check(&*state, &block, freshness, &self.signing);
        match checked {
            Ok(()) => Ok(None),
            Err(CheckError::Invalid(InvalidBlock::TimeAhead(_) | InvalidBlock::TimeBehind(_))) => {
                Ok(Some(Unfit::Time))
            }
            Err(CheckError::Invalid(why)) => Ok(Some(Unfit::Block(why.to_string()))),
            Err(CheckError::Read(error)) => Err(error.to_string()),
        }
    }

    /// A decided block of another node: its quorum verified, the block itself did not yet.
    pub(super) fn check_synced(&mut self, response: &ValueResponse<Context>, proposer: Address) {
        let certificate = &response.certificate;
        let (height, block) = (certificate.height.0, certificate.value_id);
        if height != self.tip().next() {
            return;
        }
        match self.check(block, &response.value_bytes, Freshness::Replayed) {
            Ok(None) => {}
            Ok(Some(_)) => {
                let why = format!("height {height}: not the block of its quorum");
                return self.reject_synced(&response.peer, &why);
            }
            Err(why) => return self.stop(why),
        }
        self.observe(Observation::CaughtUp);
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
        self.synced_tip = height;
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
        let block = match self.parties.block(&undecided.block) {
            Ok(block) => block,
            Err(error) => return self.stop(format!("the decided block: {error}")),
        };
        let quorum = from_certificate(certificate, &self.validators);
        let state = self.disk.state();
        let commit = match self.replica.commit(&*state, block, quorum, &self.signing) {
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
        let seen = DecidedHeight::of(&decided.quorum, &decided.decided_by, &self.address.0);
        let is_written = self.signer.guard().committed(&seen).is_ok()
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
        let mut receipts = commit.executed.receipts;
        if self.manner.bug == Bug::ReceiptsSwapped {
            receipts.reverse();
        }
        self.observe(Observation::Committed(Box::new(Committed {
            block: commit.block,
            quorum: commit.quorum,
            receipts,
        })));
        self.has_begun = false;
        self.votes_heard.clear();
        // What waited for this commit may complete the next block.
        self.take_later_parts();
        self.report();
        self.offer_waiting();
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
