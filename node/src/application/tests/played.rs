//! An application on a real disk, with an engine played by the test.

use std::path::Path;

use consensus::context::{Height as EngineHeight, engine_round};
use consensus::guard::Local;
use consensus::message::{SignedPartHeader, Vote};
use consensus::parts::{Place, describe, split};
use consensus::signing::{GuardedKey, part_header_preimage};
use consensus::validators::Address;
use ledger::block::Block;
use ledger::digest::BlockId;
use ledger::quorum::{Ballot, Step};
use ledger::signed::{CheckAll, Signed};
use ledger::state::memory::initial_changes;
use ledger::testing::{self, CHAIN, VALIDATORS};
use malachitebft_app_channel::app::types::LocallyProposedValue;
use malachitebft_core_types::{
    CommitCertificate, CommitSignature, Round as EngineRound, Validator as _,
};
use tokio::sync::oneshot;

use super::super::*;
use crate::guard::FileGuard;

pub(super) const ROUND: EngineRound = EngineRound::ZERO;

/// A validator's application in a folder; opening the folder again is a restart. It has heard that the
/// others have nothing that it has not.
pub(super) fn open(folder: &Path, validator: u8) -> Application {
    let mut application = open_unheard(folder, validator);
    let tip = application.replica.tip().height();
    for peer in 1..=2 {
        application.heard.tip(&[200 + peer], now(), tip);
    }
    application.handle(Event::Heard).unwrap();
    application.heard.forget();
    application
}

/// A validator's application in a folder that has heard nobody yet.
pub(super) fn open_unheard(folder: &Path, validator: u8) -> Application {
    let initial = initial_changes(testing::four_parties()).1;
    let store = Arc::new(Store::open(&folder.join("store"), CHAIN, &initial).unwrap());
    let secret = testing::voting_key(validator);
    let public = secret.public();
    if store.tip().height() == Height::ZERO && !folder.join("guard").exists() {
        FileGuard::create(folder, CHAIN, &public).unwrap();
    }
    let local = Local {
        tip: store.tip().height(),
        log: None,
    };
    let guard = FileGuard::open(folder, CHAIN, &public, &local).unwrap();
    let parts = Parts {
        store,
        waiting: Arc::default(),
        claims: Arc::default(),
        key: Some(Arc::new(GuardedKey::new(CHAIN, secret, guard))),
        notes: SharedNotes::default(),
        heard: Arc::default(),
        genesis_validators: testing::validator_set(&VALIDATORS),
    };
    Application::new(parts, Pace::default()).unwrap()
}

pub(super) fn height(height: u64) -> EngineHeight {
    EngineHeight(Height(height))
}

/// Who proposes at a height and round, by number.
pub(super) fn proposer(application: &Application, height: u64, round: u32) -> u8 {
    let set = application.validators_at(Height(height)).unwrap();
    let address = *set.proposer(Height(height), Round(round)).address();
    let is_key = |number: &u8| testing::voting_key(*number).public() == address.0;
    VALIDATORS.into_iter().find(is_key).unwrap()
}

/// The proposer's application for block 1, and another validator's.
pub(super) fn pair(folder: &Path) -> (Application, Application) {
    let number = proposer(&open(&folder.join_new("probe"), 1), 1, 0);
    let other = VALIDATORS
        .into_iter()
        .find(|other| *other != number)
        .unwrap();
    (
        open(&folder.join_new("proposer"), number),
        open(&folder.join_new("other"), other),
    )
}

pub(super) trait JoinNew {
    fn join_new(&self, name: &str) -> std::path::PathBuf;
}

impl JoinNew for Path {
    fn join_new(&self, name: &str) -> std::path::PathBuf {
        let path = self.join(name);
        std::fs::create_dir_all(&path).unwrap();
        path
    }
}

/// Asks for a proposal and takes the parts that would be streamed.
pub(super) fn propose(
    application: &mut Application,
    at: u64,
    round: EngineRound,
) -> Option<(LocallyProposedValue<Context>, Vec<ProposalPart>)> {
    let (reply, mut answer) = oneshot::channel();
    super::super::propose::handle(application, height(at), round, reply).unwrap();
    let value = answer.try_recv().ok()?;
    Some((value, std::mem::take(&mut application.outgoing)))
}

/// Hands parts over, in order, and returns the last answer.
pub(super) fn receive(
    application: &mut Application,
    parts: &[ProposalPart],
) -> Option<ProposedValue<Context>> {
    let mut last = None;
    for part in parts {
        let (reply, mut answer) = oneshot::channel();
        part::handle(application, in_stream(part.clone()), reply).unwrap();
        last = answer.try_recv().unwrap();
    }
    last
}

pub(super) fn vote(validator: u8, at: u64, round: u32, step: Step, value: Option<BlockId>) -> Vote {
    let ballot = Ballot {
        height: Height(at),
        round: Round(round),
        step,
        value,
        voter: testing::voting_key(validator).public(),
    };
    ballot.into()
}

pub(super) fn certificate(block: BlockId, at: u64, signers: &[u8]) -> CommitCertificate<Context> {
    let commit = |&signer: &u8| {
        let vote = vote(signer, at, 0, Step::Precommit, Some(block));
        let signature = testing::voting_key(signer).sign(&vote.ballot().preimage(CHAIN));
        CommitSignature::new(vote.voter, signature)
    };
    CommitCertificate {
        height: height(at),
        round: ROUND,
        value_id: block,
        commit_signatures: signers.iter().map(commit).collect(),
    }
}

pub(super) fn decide(
    application: &mut Application,
    block: BlockId,
    at: u64,
    signers: &[u8],
) -> Result<(), ApplicationError> {
    let (reply, mut answer) = oneshot::channel();
    decided::handle(application, &certificate(block, at, signers), reply)?;
    answer.try_recv().unwrap();
    Ok(())
}

/// Proposes and decides the next block in every one of `applications`.
pub(super) fn decide_next(applications: &mut [&mut Application], at: u64) -> BlockId {
    let number = proposer(applications[0], at, 0);
    let key = testing::voting_key(number).public();
    let own = applications
        .iter_mut()
        .find(|application| application.key.as_ref().unwrap().address() == Address(key));
    let (value, parts) = propose(own.expect("the proposer is here"), at, ROUND).unwrap();
    for application in applications.iter_mut() {
        receive(application, &parts);
        decide(application, value.value.0, at, &[1, 2, 3]).unwrap();
    }
    value.value.0
}

pub(super) fn submit(application: &Application, number: u64) -> Arc<Signed> {
    let signed = super::report(number);
    let author = signed.record();
    let office = testing::office_key(author.author, author.offices[0]).public();
    let keys = [(ledger::party::Algorithm::Ed25519, office)];
    let verified = Arc::clone(&signed).verify(&keys, &CheckAll).unwrap();
    application.waiting.insert(&verified).unwrap();
    signed
}

/// The parts of `block` under a header of validator `signer`, changed by `change`.
pub(super) fn parts_of(
    block: &Block,
    signer: u8,
    round: u32,
    bytes: &[u8],
    valid_round: Option<u32>,
) -> Vec<ProposalPart> {
    let place = Place {
        height: EngineHeight(block.header().height),
        round: Round(round),
        valid_round: valid_round.map(Round),
        proposer: Address(testing::voting_key(signer).public()),
    };
    let header = describe(&place, block.id(), bytes).unwrap();
    let signature = testing::voting_key(signer).sign(&part_header_preimage(CHAIN, &header));
    split(&SignedPartHeader { header, signature }, bytes).collect()
}

/// A block as a proposer with another clock makes it.
pub(super) fn block_at(application: &Application, now: Timestamp, proposer: u8) -> Block {
    let mut replica = Replica::new(CHAIN, (*application.store.tip()).clone());
    let proposer = testing::voting_key(proposer).public();
    let proposed = replica.propose(&*application.store, now, proposer, &[], &CheckAll);
    proposed.unwrap().block
}

pub(super) fn begin_round(
    application: &mut Application,
    at: u64,
    number: u32,
) -> Vec<ProposedValue<Context>> {
    let (reply, mut answer) = oneshot::channel();
    round::handle(application, height(at), engine_round(Round(number)), reply);
    answer.try_recv().unwrap()
}
