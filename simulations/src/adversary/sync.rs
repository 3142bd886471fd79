//! How far it says that it is, and what it answers to those that lack blocks.

use consensus::context::Height as EngineHeight;
use consensus::quorum::to_certificate;
use consensus::validators::ValidatorSet;
use consensus::wire::{DecidedValue, SyncResponse, encode_sync_response};
use ledger::party::Height;

use super::Adversary;
use super::words::Scene;
use crate::host::Output;
use crate::packet::{Content, Kind, Packet};

/// How far ahead it says that it is.
const FALSE_AHEAD: u64 = 1_000;
/// How far ahead it says that it is so that others ask it.
const LURE_AHEAD: u64 = 2;

impl Adversary {
    pub(super) fn say_false_heights(
        &mut self,
        scene: &Scene<'_>,
        outputs: Vec<Output>,
    ) -> Vec<Output> {
        let tip = Height(self.memory.height.0.saturating_add(FALSE_AHEAD));
        self.change_statuses(outputs, |turn| {
            let is_ahead = turn.is_multiple_of(2);
            scene.status(if is_ahead { tip } else { Height::ZERO })
        })
    }

    /// Answers with a valid block and garbage behind it. So that it is asked, it says that it is a little ahead.
    pub(super) fn answer_garbage(
        &mut self,
        scene: &Scene<'_>,
        outputs: Vec<Output>,
    ) -> Vec<Output> {
        let tip = Height(self.memory.height.0.saturating_add(LURE_AHEAD));
        let deeds = self.deeds;
        let outputs = self.change_statuses(outputs, |_| scene.status(tip));
        // A lure is no deed yet.
        self.deeds = deeds;
        let mut changed = Vec::new();
        for output in outputs {
            changed.push(match output {
                Output::Send(to, packet) => Output::Send(to, self.garbage_for(scene, packet)),
                Output::SendLater(..)
                | Output::Broadcast(_)
                | Output::Wake(..)
                | Output::Observed(_) => output,
            });
        }
        changed
    }

    fn change_statuses(
        &mut self,
        outputs: Vec<Output>,
        mut status: impl FnMut(u64) -> Packet,
    ) -> Vec<Output> {
        let turn = self.next_turn();
        let mut changed = Vec::new();
        for output in outputs {
            changed.push(match output {
                Output::Send(to, packet) if packet.kind() == Kind::Status => {
                    self.did();
                    Output::Send(to, status(turn))
                }
                Output::Send(..)
                | Output::SendLater(..)
                | Output::Broadcast(_)
                | Output::Wake(..)
                | Output::Observed(_) => output,
            });
        }
        changed
    }

    fn garbage_for(&mut self, scene: &Scene<'_>, packet: Packet) -> Packet {
        let Ok(Content::SyncResponse(response)) = packet.read() else {
            return packet;
        };
        let Some(garbage) = spoiled(scene, response, self.next_turn()) else {
            return packet;
        };
        self.did();
        Packet::new(Kind::SyncResponse, encode_sync_response(&garbage))
    }
}

/// The answer with garbage behind its first block, or instead of it where it has no second; which kind, goes by
/// turns. `None` where this node has no block at all.
fn spoiled(scene: &Scene<'_>, response: &SyncResponse, turn: u64) -> Option<SyncResponse> {
    let mut values: Vec<_> = response.values.iter().take(1).cloned().collect();
    let kept = u64::try_from(values.len()).unwrap_or(0);
    let height = Height(response.first.0.saturating_add(kept));
    let model = match response.values.get(1) {
        Some(next) => next.clone(),
        None => newest(scene)?,
    };
    values.push(garbage(scene, height, model, turn)?);
    Some(SyncResponse {
        first: response.first,
        values,
    })
}

fn garbage(
    scene: &Scene<'_>,
    height: Height,
    mut model: DecidedValue,
    turn: u64,
) -> Option<DecidedValue> {
    model.certificate.height = EngineHeight(height);
    let signatures = &mut model.certificate.commit_signatures;
    match turn.checked_rem(6) {
        Some(0) => model.block = vec![0xff; 64].into(),
        Some(1) => signatures.truncate(1),
        Some(2) => {
            let first = signatures.first().cloned()?;
            signatures.iter_mut().for_each(|one| *one = first.clone());
        }
        Some(3) => model.block = newest(scene)?.block,
        Some(4) => model.block = scene.disk.block(Height(1))?.block.bytes().to_vec().into(),
        // Not the height that was asked for.
        _ => model.certificate.height = EngineHeight(height.next()),
    }
    Some(model)
}

/// The newest block of its own store.
fn newest(scene: &Scene<'_>) -> Option<DecidedValue> {
    let decided = scene.disk.tip()?;
    let set = ValidatorSet::new((*decided.decided_by).clone())?;
    Some(DecidedValue {
        block: decided.block.bytes().to_vec().into(),
        certificate: to_certificate(&decided.quorum, &set),
    })
}
