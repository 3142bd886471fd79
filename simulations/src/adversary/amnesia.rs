//! Amnesia: it makes others lock on a block, forgets that it voted for it, and votes for whatever is proposed next.
//!
//! Of its own block of round 0 the next proposer hears nothing, and its own precommit is nil. So some are locked,
//! nobody decides, and in round 1 another block is proposed.

use std::collections::{BTreeMap, BTreeSet};

use consensus::message::{Proposal, Vote};
use ledger::digest::BlockId;
use ledger::party::Height;
use ledger::quorum::{Round, Step};

use super::words::{self, Scene};
use super::{Adversary, broadcast, others};
use crate::host::{Output, Stimulus};
use crate::packet::{Kind, Packet};
use crate::parties::NodeIndex;

/// Heights that it still votes for although its own host has decided them.
const HEIGHTS_BACK: u64 = 2;

/// What it has to remember to forget the rest.
#[derive(Debug, Default)]
pub(super) struct Amnesia {
    /// By height: those from whom its block of round 0 is hidden.
    hidden: BTreeMap<Height, BTreeSet<NodeIndex>>,
    /// Its votes so far: one for each place.
    said: BTreeMap<(Height, Round, Step), Option<BlockId>>,
}

impl Adversary {
    pub(super) fn forget(
        &mut self,
        scene: &Scene<'_>,
        stimulus: &Stimulus,
        outputs: Vec<Output>,
    ) -> Vec<Output> {
        let oldest = Height(self.memory.height.0.saturating_sub(HEIGHTS_BACK));
        let amnesia = &mut self.memory.amnesia;
        amnesia.hidden.retain(|height, _| *height >= oldest);
        amnesia.said.retain(|(height, _, _), _| *height >= oldest);
        let mut changed = Vec::new();
        for output in outputs {
            match output {
                Output::Broadcast(packet) => changed.extend(self.say_little(scene, packet)),
                // What its host has decided with its own votes it keeps to itself.
                Output::Send(_, packet)
                    if matches!(packet.kind(), Kind::Status | Kind::SyncResponse) => {}
                Output::Send(..)
                | Output::SendLater(..)
                | Output::Wake(..)
                | Output::Observed(_) => changed.push(output),
            }
        }
        if let Stimulus::Message(_, packet) = stimulus
            && let Some(proposal) = words::proposal_in(packet)
            && proposal.height.0 >= oldest
            && proposal.round > Round(0)
        {
            changed.extend(self.vote_for_it(scene, &proposal));
        }
        changed
    }

    fn say_little(&mut self, scene: &Scene<'_>, packet: Packet) -> Vec<Output> {
        if let Some(vote) = scene.own_vote(&packet) {
            return self.say_once(scene, packet, &vote);
        }
        let part = scene.own_part(&packet);
        let part = part.map(|(header, _)| (header.height.0, header.round));
        let proposal = scene.own_proposal(&packet);
        let proposal = proposal.map(|proposal| (proposal.height.0, proposal.round));
        let Some((height, Round(0))) = part.or(proposal) else {
            return vec![Output::Broadcast(packet)];
        };
        let hidden = self.hidden_from(scene, height);
        let told = others(scene)
            .into_iter()
            .filter(|node| !hidden.contains(node));
        told.map(|node| Output::Send(node, packet.clone()))
            .collect()
    }

    /// A third of the others, and the next proposer among them.
    fn hidden_from(&mut self, scene: &Scene<'_>, height: Height) -> BTreeSet<NodeIndex> {
        if let Some(hidden) = self.memory.amnesia.hidden.get(&height) {
            return hidden.clone();
        }
        let next = scene.proposer(Round(1));
        let next = next.and_then(|address| scene.parties.of_address(&address));
        let others = self.others(scene);
        let third = others.len().div_ceil(3);
        let first = next
            .into_iter()
            .chain(others.into_iter().filter(|node| Some(*node) != next));
        let hidden: BTreeSet<_> = first.take(third).collect();
        self.memory.amnesia.hidden.insert(height, hidden.clone());
        hidden
    }

    /// Its own host's vote, unless it has voted there already; nil where its block must fail.
    fn say_once(&mut self, scene: &Scene<'_>, packet: Packet, vote: &Vote) -> Vec<Output> {
        let (height, round, step) = (vote.height.0, vote.round, words::step_of(vote));
        let amnesia = &mut self.memory.amnesia;
        let is_hidden = amnesia.hidden.contains_key(&height);
        let mut value = words::value_of(vote);
        if is_hidden && round == Round(0) && step == Step::Precommit {
            value = None;
        }
        let said = *amnesia.said.entry((height, round, step)).or_insert(value);
        if said == words::value_of(vote) {
            return vec![Output::Broadcast(packet)];
        }
        broadcast(scene.vote(packet.kind(), words::vote_for(vote, said)))
    }

    /// Votes for a proposal of a later round, whatever it voted for before.
    fn vote_for_it(&mut self, scene: &Scene<'_>, proposal: &Proposal) -> Vec<Output> {
        let (height, round, block) = (proposal.height.0, proposal.round, proposal.value.0);
        let said = &mut self.memory.amnesia.said;
        let is_new = !said.contains_key(&(height, round, Step::Prevote));
        let earlier = said.range((height, Round(0), Step::Prevote)..(height, round, Step::Prevote));
        let is_forgotten = earlier.into_iter().any(|((_, _, step), value)| {
            *step == Step::Prevote && value.is_some_and(|value| value != block)
        });
        let mut votes = Vec::new();
        for step in [Step::Prevote, Step::Precommit] {
            if let std::collections::btree_map::Entry::Vacant(place) =
                said.entry((height, round, step))
            {
                place.insert(Some(block));
                let vote = scene.ballot(height, round, step, block);
                votes.extend(scene.vote(Kind::Consensus, vote));
            }
        }
        if is_new && is_forgotten {
            self.did();
        }
        broadcast(votes)
    }
}
