//! A round has begun: Malachite is told of the blocks it may have forgotten.

use consensus::context::{Context, Height as EngineHeight, ledger_round};
use consensus::signing::SharedReproposals as _;
use malachitebft_app_channel::app::types::ProposedValue;
use malachitebft_core_types::Round as EngineRound;
use tokio::sync::oneshot;
use tracing::debug;

use super::{Application, answer};

/// Notes the round and gives undecided blocks back.
pub(super) fn handle(
    application: &mut Application,
    height: EngineHeight,
    round: EngineRound,
    reply: oneshot::Sender<Vec<ProposedValue<Context>>>,
) {
    let round = ledger_round(round);
    debug!(height = height.0.0, round = round.0, "round begins");
    application.notes.with(|notes| notes.begin(height.0, round));
    if height.0 == application.next_height() {
        application.round = round;
        application.announce();
    }
    let values = std::mem::take(&mut application.give_back);
    answer(
        reply,
        values
            .into_iter()
            .filter(|value| value.height == height)
            .collect(),
    );
}
