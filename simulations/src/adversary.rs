//! Dishonest validators: an ordinary host without a guard, whose messages are changed on their way out.
//!
//! The host believes that it is honest. What it says passes here, and here are its keys: other blocks, other votes
//! and other answers go out instead. Its Party's offices stay honest.

mod amnesia;
mod blocks;
mod proposals;
mod sync;
mod votes;
mod words;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use ledger::digest::{BlockId, Digest};
use ledger::party::{Height, PartyCode};
use ledger::quorum::{Round, Step};

use crate::host::{Output, Stimulus};
use crate::moment::Moment;
use crate::packet::{Content, Packet};
use crate::parties::{NodeIndex, Parties};
use crate::random::{Purpose, Random};
use crate::scenario::{Scenario, Strategy};
use amnesia::Amnesia;
use proposals::Stead;
use votes::Lie;
pub use words::Scene;

/// Different blocks of one height that are remembered.
const SEEN_MAX: usize = 64;

/// A dishonest validator.
#[derive(Debug)]
pub struct Adversary {
    strategy: Strategy,
    random: Random,
    /// How often it did what its strategy says.
    deeds: u64,
    memory: Memory,
}

/// What it remembers.
#[derive(Debug, Default)]
struct Memory {
    /// The height that everything down to `steads` is about.
    height: Height,
    /// Blocks that anybody proposed or voted for.
    seen: BTreeSet<BlockId>,
    /// What was proposed in a round by whose turn it was.
    proposed: BTreeMap<Round, BlockId>,
    /// The lies about its own votes, so that one sent again is the same.
    lies: BTreeMap<(Round, Step), Lie>,
    /// What goes out in the stead of its own blocks.
    steads: BTreeMap<(Round, BlockId), Stead>,
    /// Rounds in which it proposed out of turn.
    rounds: BTreeSet<Round>,
    /// What amnesia makes it remember all the same.
    amnesia: Amnesia,
    /// Votes of anybody, from this height and those before.
    heard: VecDeque<Packet>,
    /// The nodes that it treats worse, once it has chosen them.
    chosen: Option<BTreeSet<NodeIndex>>,
    /// The Party whose records it leaves out.
    censored: Option<PartyCode>,
    /// Counts its blocks, answers and claims, where several kinds take turns.
    turn: u64,
    /// When it flooded last.
    flooded_at: Option<Moment>,
}

impl Adversary {
    /// One that follows `strategy`.
    #[must_use]
    pub fn new(strategy: Strategy, random: Random) -> Self {
        Self {
            strategy,
            random,
            deeds: 0,
            memory: Memory::default(),
        }
    }

    /// What it does.
    #[must_use]
    pub const fn strategy(&self) -> Strategy {
        self.strategy
    }

    /// How often it did so.
    #[must_use]
    pub const fn deeds(&self) -> u64 {
        self.deeds
    }

    /// Changes what an honest host would do about `stimulus`.
    pub fn change(
        &mut self,
        scene: &Scene<'_>,
        stimulus: &Stimulus,
        outputs: Vec<Output>,
    ) -> Vec<Output> {
        self.turn_to(scene.height());
        if let Stimulus::Message(_, packet) = stimulus {
            self.notice(scene, packet);
        }
        for output in &outputs {
            if let Output::Broadcast(packet) | Output::Send(_, packet) = output {
                self.notice(scene, packet);
            }
        }
        match self.strategy {
            Strategy::EquivocatePrevote
            | Strategy::EquivocatePrecommit
            | Strategy::Silent
            | Strategy::SelectiveSilence
            | Strategy::PrecommitNil
            | Strategy::LateVotes
            | Strategy::UnknownValues
            | Strategy::OldVotes
            | Strategy::FutureFlood => self.change_votes(scene, outputs),
            Strategy::EquivocateProposal
            | Strategy::WrongProposer
            | Strategy::WrongTime
            | Strategy::InvalidBlock
            | Strategy::WithheldBlock
            | Strategy::AlteredParts
            | Strategy::Censor
            | Strategy::PoisonRecord => self.change_proposals(scene, outputs),
            Strategy::Amnesia => self.forget(scene, stimulus, outputs),
            Strategy::FalseHeight => self.say_false_heights(scene, outputs),
            Strategy::SyncGarbage => self.answer_garbage(scene, outputs),
        }
    }

    fn turn_to(&mut self, height: Height) {
        let memory = &mut self.memory;
        if memory.height != height {
            memory.height = height;
            memory.seen.clear();
            memory.proposed.clear();
            memory.lies.clear();
            memory.steads.clear();
            memory.rounds.clear();
        }
    }

    /// Notes what passes.
    fn notice(&mut self, scene: &Scene<'_>, packet: &Packet) {
        let height = self.memory.height;
        if let Some(vote) = words::vote_in(packet) {
            if vote.height.0 == height {
                self.see(words::value_of(&vote));
            }
            if self.strategy == Strategy::OldVotes {
                self.keep_vote(packet);
            }
        }
        if let Some(proposal) = words::proposal_in(packet)
            && proposal.height.0 == height
        {
            self.see(Some(proposal.value.0));
            if scene.proposer(proposal.round) == Some(proposal.proposer) {
                self.memory
                    .proposed
                    .insert(proposal.round, proposal.value.0);
            }
        }
        if let Ok(Content::Part(part)) = packet.read()
            && part.signed.header.height.0 == height
        {
            self.see(Some(part.signed.header.block));
        }
    }

    fn see(&mut self, block: Option<BlockId>) {
        if self.memory.seen.len() < SEEN_MAX {
            self.memory.seen.extend(block);
        }
    }

    fn did(&mut self) {
        self.deeds = self.deeds.saturating_add(1);
    }

    fn next_turn(&mut self) -> u64 {
        let turn = self.memory.turn;
        self.memory.turn = turn.saturating_add(1);
        turn
    }

    fn no_block(&mut self) -> BlockId {
        BlockId(Digest(self.random.bytes()))
    }

    /// All others, in an order of chance.
    fn others(&mut self, scene: &Scene<'_>) -> Vec<NodeIndex> {
        let mut others = others(scene);
        self.random.shuffle(&mut others);
        others
    }

    /// A third of the others, the same through the whole run.
    fn chosen_third(&mut self, scene: &Scene<'_>) -> BTreeSet<NodeIndex> {
        if let Some(chosen) = &self.memory.chosen {
            return chosen.clone();
        }
        let others = self.others(scene);
        let third = others.len().div_ceil(3);
        let chosen: BTreeSet<_> = others.into_iter().take(third).collect();
        self.memory.chosen = Some(chosen.clone());
        chosen
    }
}

/// All others.
fn others(scene: &Scene<'_>) -> Vec<NodeIndex> {
    let seats = scene.parties.all_seats();
    let others = seats.filter(|seat| seat.index != scene.seat.index);
    others.map(|seat| seat.index).collect()
}

/// Sends each of these to everybody else.
fn broadcast(packets: impl IntoIterator<Item = Packet>) -> Vec<Output> {
    packets.into_iter().map(Output::Broadcast).collect()
}

impl Adversary {
    /// Draws who is dishonest: validators with a strategy each, and those whose key runs twice, which get a second
    /// node. Together they are fewer than a third.
    #[must_use]
    pub fn appoint(
        parties: Parties,
        scenario: &Scenario,
        seed: u64,
    ) -> (Parties, BTreeMap<NodeIndex, Option<Self>>) {
        let spec = &scenario.adversaries;
        let mut random = Random::new(seed, Purpose::Adversaries);
        let (is_there, wanted, twins) = (
            random.happens(u64::from(spec.chance_permille)),
            random.between(spec.count),
            random.between(spec.twins),
        );
        let validators = parties.seats().iter().filter(|seat| seat.is_validator);
        let mut validators: Vec<_> = validators.map(|seat| seat.index).collect();
        let tolerated = validators.len().saturating_sub(1) / 3;
        random.shuffle(&mut validators);
        let mut dishonest = BTreeMap::new();
        if !is_there {
            return (parties, dishonest);
        }
        let count = |wanted: u64| usize::try_from(wanted).unwrap_or(usize::MAX).min(tolerated);
        let twins: Vec<_> = validators.iter().copied().take(count(twins)).collect();
        let strategies = match spec.strategies.as_slice() {
            [] => Strategy::ALL.to_vec(),
            named => named.to_vec(),
        };
        let left = tolerated.saturating_sub(twins.len()).min(count(wanted));
        for node in validators.into_iter().skip(twins.len()).take(left) {
            if let Some(strategy) = random.choose(&strategies) {
                let stream = Random::new(
                    seed.wrapping_add(u64::from(node.place)),
                    Purpose::Adversaries,
                );
                dishonest.insert(node, Some(Self::new(*strategy, stream)));
            }
        }
        let parties = parties.with_twins(&twins, seed);
        for seat in parties.all_seats() {
            if twins.iter().any(|twin| twin.code == seat.code) {
                dishonest.insert(seat.index, None);
            }
        }
        (parties, dishonest)
    }
}

#[cfg(test)]
mod tests;
