//! The validators of a height as Malachite sees them, and who proposes in which round.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use ledger::key::PublicKey;
use ledger::party;
use ledger::quorum;
use malachitebft_core_types as engine;
use malachitebft_core_types::VotingPower;

use crate::context::Context;

/// A validator's address: its voting key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address(pub PublicKey);

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl engine::Address for Address {}

/// A node that votes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validator {
    address: Address,
    power: VotingPower,
}

impl engine::Validator<Context> for Validator {
    fn address(&self) -> &Address {
        &self.address
    }

    fn public_key(&self) -> &PublicKey {
        &self.address.0
    }

    fn voting_power(&self) -> VotingPower {
        self.power
    }
}

/// The validators of one height. Malachite clones the set for every check, so it is shared inside.
#[derive(Clone, PartialEq, Eq)]
pub struct ValidatorSet(Arc<Shared>);

#[derive(PartialEq, Eq)]
struct Shared {
    set: quorum::ValidatorSet,
    /// One for each member of `set`, in the same order; never empty.
    first: Validator,
    members: Vec<Validator>,
    total_power: VotingPower,
}

impl ValidatorSet {
    /// Wraps a checked set. `None` only for an empty one, which `ledger` does not make.
    #[must_use]
    pub fn new(set: quorum::ValidatorSet) -> Option<Self> {
        let member = |v: &quorum::Validator| Validator {
            address: Address(v.key),
            power: v.power,
        };
        let members: Vec<_> = set.members().iter().map(member).collect();
        let first = *members.first()?;
        let total_power = set.total_power();
        Some(Self(Arc::new(Shared {
            set,
            first,
            members,
            total_power,
        })))
    }

    /// The same set as the ledger's rules know it.
    #[must_use]
    pub fn as_ledger(&self) -> &quorum::ValidatorSet {
        &self.0.set
    }

    /// Who proposes in `round` of `height`.
    ///
    /// Over as many heights as there is voting power, each validator begins as often as it has power;
    /// a golden-section stride spreads its turns. Within a height each round goes to the next validator,
    /// so one that is absent costs one round.
    #[must_use]
    pub fn proposer(&self, height: party::Height, round: quorum::Round) -> &Validator {
        let total = u128::from(self.0.total_power.max(1));
        let turn = u128::from(height.0).saturating_mul(stride(total)) % total;
        let mut before = 0_u128;
        let mut begins = 0_u64;
        for (index, member) in (0_u64..).zip(&self.0.members) {
            before = before.saturating_add(u128::from(member.power));
            if turn < before {
                begins = index;
                break;
            }
        }
        let count = u64::try_from(self.0.members.len()).unwrap_or(1).max(1);
        let index = begins.saturating_add(u64::from(round.0)) % count;
        let member = usize::try_from(index)
            .ok()
            .and_then(|i| self.0.members.get(i));
        member.unwrap_or(&self.0.first)
    }
}

impl fmt::Debug for ValidatorSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ValidatorSet({})", self.0.set.digest())
    }
}

/// About 0.618 of `total`, without a common divisor, so that its multiples visit every place once.
fn stride(total: u128) -> u128 {
    let mut stride = (total.saturating_mul(618) / 1000).max(1);
    while greatest_common_divisor(stride, total) != 1 {
        stride = stride.saturating_add(1);
    }
    stride
}

fn greatest_common_divisor(a: u128, b: u128) -> u128 {
    let (mut a, mut b) = (a, b);
    while let Some(rest) = a.checked_rem(b) {
        (a, b) = (b, rest);
    }
    a
}

impl engine::ValidatorSet<Context> for ValidatorSet {
    fn count(&self) -> usize {
        self.0.members.len()
    }

    fn total_voting_power(&self) -> VotingPower {
        self.0.total_power
    }

    fn get_by_address(&self, address: &Address) -> Option<&Validator> {
        let (index, _) = self.0.set.find(&address.0)?;
        self.0.members.get(usize::from(index))
    }

    fn get_by_index(&self, index: usize) -> Option<&Validator> {
        self.0.members.get(index)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::vec::Vec;

    use engine::ValidatorSet as _;
    use ledger::key::SecretKey;
    use ledger::party::PartyCode;

    use super::*;

    fn set(powers: &[u64]) -> ValidatorSet {
        let party = PartyCode::new("QS").unwrap();
        let member = |(n, &power): (u8, &u64)| quorum::Validator {
            key: SecretKey::from_seed(&[n; 32]).public(),
            power,
            party,
        };
        let members = (1..).zip(powers).map(member).collect();
        ValidatorSet::new(quorum::ValidatorSet::new(members).unwrap()).unwrap()
    }

    #[test]
    fn each_validator_begins_as_often_as_it_has_power() {
        for powers in [&[1][..], &[1, 1, 1, 1], &[5, 1, 2], &[10, 10, 10], &[1; 31]] {
            let set = set(powers);
            let total = set.total_voting_power();
            let mut turns = BTreeMap::<_, u64>::new();
            for height in 1..=total {
                let proposer = set.proposer(party::Height(height), quorum::Round(0));
                *turns.entry(proposer.address).or_default() += 1;
            }
            for member in set.iter() {
                assert_eq!(
                    turns.get(&member.address),
                    Some(&member.power),
                    "{powers:?}"
                );
            }
        }
    }

    #[test]
    fn the_next_round_goes_to_another_validator_and_all_get_their_turn() {
        let set = set(&[7, 1, 1, 1]);
        for height in [1, 2, 1_000_000, u64::MAX] {
            let proposers: Vec<_> = (0..4)
                .map(|round| {
                    set.proposer(party::Height(height), quorum::Round(round))
                        .address
                })
                .collect();
            for member in set.iter() {
                assert!(proposers.contains(&member.address), "height {height}");
            }
        }
        let _last = set.proposer(party::Height(u64::MAX), quorum::Round(u32::MAX));
    }

    #[test]
    fn a_member_is_found_by_address_and_a_stranger_is_not() {
        let set = set(&[1, 2, 3]);
        for index in 0..3 {
            let member = set.get_by_index(index).unwrap();
            assert_eq!(set.get_by_address(&member.address), Some(member));
        }
        assert_eq!(set.get_by_index(3), None);
        let stranger = Address(SecretKey::from_seed(&[99; 32]).public());
        assert_eq!(set.get_by_address(&stranger), None);
    }
}
