//! Keys, validators and messages that the tests of this crate share.

use std::sync::Mutex;
use std::vec::Vec;

use ledger::digest::{BlockId, ChainId, sha256};
use ledger::key::SecretKey;
use ledger::party::PartyCode;
use ledger::quorum::{self, Round};
use malachitebft_core_types::{NilOrVal, VoteType};

use crate::context::Height;
use crate::guard::{Permission, Refusal, Request, State};
use crate::message::{Proposal, Value, Vote};
use crate::signing::Guard;
use crate::validators::{Address, ValidatorSet};

pub(crate) fn chain() -> ChainId {
    ChainId(sha256(b"chain"))
}

pub(crate) fn key(n: u8) -> SecretKey {
    SecretKey::from_seed(&[n; 32])
}

pub(crate) fn address(n: u8) -> Address {
    Address(key(n).public())
}

pub(crate) fn block(n: u8) -> BlockId {
    BlockId(sha256(&[n]))
}

/// Validators 1 to `count`, of equal power.
pub(crate) fn validators(count: u8) -> ValidatorSet {
    let party = PartyCode::new("QS").unwrap();
    let member = |n| quorum::Validator {
        key: key(n).public(),
        power: 1,
        party,
    };
    ValidatorSet::new(quorum::ValidatorSet::new((1..=count).map(member).collect()).unwrap())
        .unwrap()
}

/// The key among 1 to `count` with this address.
pub(crate) fn key_of(address: Address, count: u8) -> SecretKey {
    (1..=count)
        .map(key)
        .find(|key| key.public() == address.0)
        .unwrap()
}

pub(crate) fn vote(n: u8, kind: VoteType, value: Option<u8>) -> Vote {
    Vote {
        height: Height(ledger::party::Height(7)),
        round: Round(2),
        kind,
        value: value.map_or(NilOrVal::Nil, |n| NilOrVal::Val(block(n))),
        voter: address(n),
    }
}

pub(crate) fn proposal(n: u8, value: u8, pol_round: Option<u32>) -> Proposal {
    Proposal {
        height: Height(ledger::party::Height(7)),
        round: Round(2),
        value: Value(block(value)),
        pol_round: pol_round.map(Round),
        proposer: address(n),
    }
}

/// A guard in memory.
#[derive(Debug)]
pub(crate) struct Memory(pub(crate) Mutex<State>);

impl Memory {
    pub(crate) fn new(n: u8) -> Self {
        Self(Mutex::new(State::new(chain(), &key(n).public())))
    }
}

impl Guard for Memory {
    fn permit(&self, request: &Request) -> Result<(), Refusal> {
        let mut state = self.0.lock().unwrap();
        match state.permit(request) {
            Permission::Sign(next) => *state = next,
            Permission::Again => {}
            Permission::Refuse(refusal) => return Err(refusal),
        }
        Ok(())
    }
}

/// A generator for tests (xorshift64*), so that a failing run is repeated from its printed seed.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let drawn = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(drawn).unwrap() % bound.max(1)
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count)
            .map(|_| u8::try_from(self.below(256)).unwrap())
            .collect()
    }
}
