//! Votes: two instead of one, none, late ones, for nothing, and far too many.

use std::time::Duration;

use consensus::message::Vote;
use ledger::digest::{BlockId, ChainId, sha256};
use ledger::party::Height;
use ledger::quorum::{Round, Step};
use malachitebft_core_types::{LinearTimeouts, Timeout, TimeoutKind};

use super::words::{self, Scene};
use super::{Adversary, broadcast, others};
use crate::host::Output;
use crate::packet::{Kind, Packet};
use crate::parties::NodeIndex;
use crate::scenario::Strategy;

/// Votes that are kept to be sent again.
const KEPT_MAX: usize = 200;
/// Old votes that are sent again at a time.
const AGAIN: usize = 4;
/// Messages of one flood, and the time between two.
const FLOOD: u32 = 50;
const FLOOD_EVERY: Duration = Duration::from_secs(2);
/// How far ahead a flood reaches.
const HEIGHTS_AHEAD: u64 = 1_000;
const ROUNDS_AHEAD: u64 = 50;
/// The share of a timeout that a late vote waits for.
const LATE_PERCENT: u32 = 95;

/// Which of two contradictory things somebody is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Face {
    /// What the honest host said.
    Own,
    /// The other one.
    Other,
}

/// Who is shown which.
pub(super) type Sides = Vec<(NodeIndex, Vec<Face>)>;

/// What goes out besides or instead of a vote.
#[derive(Clone, Debug)]
pub(super) struct Lie {
    other: Option<BlockId>,
    sides: Sides,
}

impl Adversary {
    pub(super) fn change_votes(&mut self, scene: &Scene<'_>, outputs: Vec<Output>) -> Vec<Output> {
        let mut changed = Vec::new();
        for output in outputs {
            match output {
                Output::Broadcast(packet) => changed.extend(self.change_word(scene, packet)),
                Output::Send(..)
                | Output::SendLater(..)
                | Output::Wake(..)
                | Output::Observed(_) => changed.push(output),
            }
        }
        if self.strategy == Strategy::FutureFlood {
            changed.extend(self.flood(scene));
        }
        changed
    }

    /// What goes out instead of a word to all.
    fn change_word(&mut self, scene: &Scene<'_>, packet: Packet) -> Vec<Output> {
        if self.strategy == Strategy::Silent {
            self.did();
            return Vec::new();
        }
        if self.strategy == Strategy::SelectiveSilence {
            self.did();
            let chosen = self.chosen_third(scene);
            let told = others(scene)
                .into_iter()
                .filter(|node| !chosen.contains(node));
            return told
                .map(|node| Output::Send(node, packet.clone()))
                .collect();
        }
        let Some(vote) = scene.own_vote(&packet) else {
            return vec![Output::Broadcast(packet)];
        };
        let step = words::step_of(&vote);
        match (self.strategy, step) {
            (Strategy::EquivocatePrevote, Step::Prevote)
            | (Strategy::EquivocatePrecommit, Step::Precommit) => {
                self.contradict(scene, packet, &vote)
            }
            (Strategy::PrecommitNil, Step::Precommit) => self.instead(scene, packet, &vote, None),
            (Strategy::UnknownValues, _) => self.vote_for_nothing(scene, packet, &vote),
            (Strategy::LateVotes, _) => self.late(scene, &packet, &vote),
            (Strategy::OldVotes, _) => self.send_old(scene, packet, vote),
            _ => vec![Output::Broadcast(packet)],
        }
    }

    /// Draws who is shown what. Some lies stay between two halves, some meet at one node, some are told to all, as
    /// where everybody passes everything on.
    pub(super) fn sides(&mut self, scene: &Scene<'_>) -> Sides {
        let others = self.others(scene);
        let half = others.len() / 2;
        let meets = self.random.below(3);
        let side = |(place, node): (usize, NodeIndex)| {
            let mut faces = vec![if place < half { Face::Own } else { Face::Other }];
            if meets == 2 || (meets == 1 && place == half) {
                faces = if place.is_multiple_of(2) {
                    vec![Face::Own, Face::Other]
                } else {
                    vec![Face::Other, Face::Own]
                };
            }
            (node, faces)
        };
        others.into_iter().enumerate().map(side).collect()
    }

    fn contradict(&mut self, scene: &Scene<'_>, packet: Packet, vote: &Vote) -> Vec<Output> {
        let place = (vote.round, words::step_of(vote));
        let own = words::value_of(vote);
        if !self.memory.lies.contains_key(&place) {
            let seen: Vec<_> = self
                .memory
                .seen
                .iter()
                .copied()
                .map(Some)
                .chain([None])
                .collect();
            let seen: Vec<_> = seen.into_iter().filter(|other| *other != own).collect();
            let Some(other) = self.random.choose(&seen).copied() else {
                return vec![Output::Broadcast(packet)];
            };
            let sides = self.sides(scene);
            self.memory.lies.insert(place, Lie { other, sides });
        }
        let lie = self.memory.lies.get(&place).cloned();
        let other = lie.as_ref().and_then(|lie| {
            let other = words::vote_for(vote, lie.other);
            scene.vote(packet.kind(), other)
        });
        let (Some(lie), Some(other)) = (lie, other) else {
            return vec![Output::Broadcast(packet)];
        };
        self.did();
        show(&lie.sides, &[packet], &[other])
    }

    /// Another vote to all.
    fn instead(
        &mut self,
        scene: &Scene<'_>,
        packet: Packet,
        vote: &Vote,
        value: Option<BlockId>,
    ) -> Vec<Output> {
        if words::value_of(vote) == value {
            return vec![Output::Broadcast(packet)];
        }
        let other = scene.vote(packet.kind(), words::vote_for(vote, value));
        self.did();
        broadcast(other)
    }

    fn vote_for_nothing(&mut self, scene: &Scene<'_>, packet: Packet, vote: &Vote) -> Vec<Output> {
        let place = (vote.round, words::step_of(vote));
        let none = Lie {
            other: Some(self.no_block()),
            sides: Vec::new(),
        };
        let other = self.memory.lies.entry(place).or_insert(none).other;
        self.instead(scene, packet, vote, other)
    }

    fn late(&mut self, scene: &Scene<'_>, packet: &Packet, vote: &Vote) -> Vec<Output> {
        let kind = match words::step_of(vote) {
            Step::Prevote => TimeoutKind::Prevote,
            Step::Precommit => TimeoutKind::Precommit,
        };
        let round = consensus::context::engine_round(vote.round);
        let timeout = LinearTimeouts::default().duration_for(Timeout::new(round, kind));
        let late = timeout.saturating_mul(LATE_PERCENT) / 100;
        self.did();
        let later = |node| Output::SendLater(late, node, packet.clone());
        others(scene).into_iter().map(later).collect()
    }

    // Old votes, and votes of other chains and times.

    pub(super) fn keep_vote(&mut self, packet: &Packet) {
        let heard = &mut self.memory.heard;
        if heard.len() >= KEPT_MAX {
            heard.pop_front();
        }
        heard.push_back(packet.clone());
    }

    fn send_old(&mut self, scene: &Scene<'_>, packet: Packet, vote: Vote) -> Vec<Output> {
        let height = self.memory.height;
        let is_old =
            |packet: &&Packet| words::vote_in(packet).is_some_and(|vote| vote.height.0 < height);
        let old: Vec<_> = self.memory.heard.iter().filter(is_old).cloned().collect();
        let mut sent = vec![packet];
        for _ in 0..AGAIN {
            sent.extend(self.random.choose(&old).cloned());
        }
        if !old.is_empty() {
            self.did();
        }
        // Where both halves of a network carry one name, this is what the other one hears.
        let elsewhere = ChainId(sha256(b"another chain"));
        let value = Some(self.no_block());
        sent.extend(scene.vote_on(elsewhere, Kind::Consensus, vote));
        let other = words::vote_for(&vote, value);
        sent.extend(scene.vote_on(elsewhere, Kind::Consensus, other));
        broadcast(sent)
    }

    fn flood(&mut self, scene: &Scene<'_>) -> Vec<Output> {
        let recently = self.memory.flooded_at.map(|at| at.plus(FLOOD_EVERY));
        if recently.is_some_and(|until| scene.now < until) {
            return Vec::new();
        }
        self.memory.flooded_at = Some(scene.now);
        let mut flood = Vec::new();
        for number in 0..FLOOD {
            let ahead = self.random.below(HEIGHTS_AHEAD).saturating_add(1);
            let rounds = self.random.below(ROUNDS_AHEAD).saturating_add(1);
            let round = Round(u32::try_from(rounds).unwrap_or(u32::MAX));
            let height = self.memory.height;
            let (height, round) = match number.checked_rem(4) {
                Some(0) => (height, round),
                Some(1) => (height.next(), Round(0)),
                _ => (Height(height.0.saturating_add(ahead)), round),
            };
            let step = if self.random.happens(500) {
                Step::Prevote
            } else {
                Step::Precommit
            };
            let block = self.no_block();
            let vote = scene.ballot(height, round, step, block);
            flood.extend(scene.vote(Kind::Consensus, vote));
            self.did();
        }
        broadcast(flood)
    }
}

/// Shows each node its side.
pub(super) fn show(sides: &Sides, own: &[Packet], other: &[Packet]) -> Vec<Output> {
    let mut shown = Vec::new();
    for (node, faces) in sides {
        for face in faces {
            let packets = match face {
                Face::Own => own,
                Face::Other => other,
            };
            let send = |packet: &Packet| Output::Send(*node, packet.clone());
            shown.extend(packets.iter().map(send));
        }
    }
    shown
}
