//! Verdicts on random trade: every kind of permit in every state, as the ledger proves it and the checker knows it.

use consensus::replica::{Replica, Tip};
use ledger::key::Scheme as _;
use ledger::quorum::{Ballot, Quorum, QuorumSignature, Round, Step};

use super::*;
use crate::bug::Bug;
use crate::check::Checker;
use crate::check::verdict::check_verdict;
use crate::disk::{Decided, Disk};
use crate::host::Committed;
use crate::parties::Parties;
use crate::scenario::Scenario;
use crate::signatures::Signing;

/// One node that decides alone, and what the checker makes of it.
struct Chain {
    parties: Arc<Parties>,
    checker: Checker,
    replica: Replica,
    disk: Disk,
}

impl Chain {
    fn new() -> Self {
        let mut parties = Parties::new(&Scenario::included("calm").unwrap(), 1).unwrap();
        parties.genesis = genesis();
        parties.chain = parties.genesis.chain_id();
        parties.signing = Signing::Fast;
        let (root, changes) = initial_changes(parties.genesis.initial_state());
        let mut state = MemoryState::default();
        state.apply(&changes);
        let validators = parties.genesis.validators().clone();
        let guard = consensus::guard::State::new(parties.chain, &validators.members()[0].key);
        let parties = Arc::new(parties);
        Self {
            checker: Checker::new(&parties, &[]).unwrap(),
            replica: Replica::new(parties.chain, Tip::genesis(root, validators)),
            disk: Disk::new(&Arc::new(state), &guard, Bug::None),
            parties,
        }
    }

    /// Decides a block with one record.
    fn decide(&mut self, record: &Record, now: Timestamp) {
        let signing = &self.parties.signing;
        let role = match record.offices[0] {
            OfficeNumber(1) => Role::Management,
            OfficeNumber(_) => Role::Customs,
        };
        let office = office_key(record.author, role);
        let signed = Arc::new(Signed::sign_by(signing, record, &[&office]).unwrap());
        let state = self.disk.state();
        let members = self.parties.genesis.validators().members();
        let proposer = members[0].key;
        let proposed = self
            .replica
            .propose(&*state, now, proposer, &[signed], signing);
        let block = proposed.unwrap().block;
        let sign = |(validator, member): (u16, &ledger::quorum::Validator)| {
            let ballot = Ballot {
                height: block.header().height,
                round: Round(0),
                step: Step::Precommit,
                value: Some(block.id()),
                voter: member.key,
            };
            let secrets = MEMBERS.map(|name| key(&format!("{name}/vote")));
            let secret = secrets.iter().find(|secret| secret.public() == member.key);
            let preimage = ballot.preimage(self.parties.chain);
            QuorumSignature {
                validator,
                signature: signing.sign(secret.unwrap(), &preimage),
            }
        };
        let quorum = Quorum {
            height: block.header().height,
            round: Round(0),
            block: block.id(),
            signatures: (0..).zip(members).map(sign).collect(),
        };
        let decided = Decided {
            block: block.clone(),
            quorum: quorum.clone(),
            decided_by: Arc::clone(&self.replica.tip().decided_by),
        };
        let commit = self
            .replica
            .commit(&*state, block.clone(), quorum.clone(), signing);
        let executed = commit.unwrap().executed;
        drop(state);
        self.disk.commit(decided, &executed.changes).unwrap();
        let committed = Committed {
            block,
            quorum,
            receipts: executed.receipts,
        };
        let node = self.parties.seats()[0].index;
        self.checker.committed(node, &committed).unwrap();
    }
}

#[test]
fn on_random_trade_officers_are_told_what_the_records_say() {
    let (mut reasons, mut lights) = (BTreeSet::new(), BTreeMap::<_, u32>::new());
    for seed in 0..2 {
        let (mut game, mut chain) = (Game::new(), Chain::new());
        let mut chance = chance::Chance::new(seed);
        for step in 0..800 {
            let (speaker, statement) = chance.next(&mut game);
            let permit = statement.subject(speaker.0);
            let record = game.record(speaker, statement);
            chain.decide(&record, game.now);
            game.permits.clone_from(&chain.checker.permits);
            let now = game.now.plus_ms(1_000);
            // The one that is spoken of, and one that waits while its trade is suspended.
            let is_halted = |(key, told): &(&PermitKey, &Issued)| {
                told.endorsed.is_none() && game.permits.is_suspended(now, key.issuer, told)
            };
            let halted = game.permits.issued.iter().find(is_halted);
            let halted = halted.map(|(key, _)| *key);
            for permit in [Some(permit), halted].into_iter().flatten() {
                for name in MEMBERS {
                    let officer = (code(name), Role::Customs);
                    let told = check_verdict(&chain.checker, &chain.disk, permit, officer, now);
                    let light =
                        told.unwrap_or_else(|why| panic!("seed {seed}, step {step}: {why}"));
                    *lights.entry(light).or_default() += 1;
                }
                reasons.extend(chain.checker.permits.known(permit, now));
            }
        }
    }
    assert_eq!(lights.len(), 3, "{lights:?}");
    let expected = [
        Reason::NotIssued,
        Reason::NotYetValid,
        Reason::Expired,
        Reason::Used,
        Reason::Cancelled,
        Reason::Replaced,
        Reason::Lost,
        Reason::Stolen,
        Reason::NotEndorsed,
        Reason::Retrospective,
        Reason::ImportPermitBroken,
        Reason::Suspended,
        Reason::NotOnLedgerParty,
        Reason::DocumentNotChecked,
        Reason::RefusedBefore,
        Reason::Contested,
        Reason::PaperSeen,
    ];
    assert_eq!(reasons, expected.into(), "{lights:?}");
}
