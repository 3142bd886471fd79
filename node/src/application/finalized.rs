//! A height is over: evidence of misbehaviour is kept, and the next height begins or waits.

use consensus::context::Context;
use consensus::evidence::Evidence;
use ledger::party::Height;
use malachitebft_app_channel::app::engine::host::Next;
use malachitebft_app_channel::app::types::MisbehaviorEvidence;
use malachitebft_core_types::CommitCertificate;
use tokio::sync::oneshot;
use tracing::warn;

use super::{Application, ApplicationError, decided};

/// Answers when the next height should begin.
pub(super) fn handle(
    application: &mut Application,
    certificate: &CommitCertificate<Context>,
    evidence: &MisbehaviorEvidence<Context>,
    reply: oneshot::Sender<Next<Context>>,
) -> Result<(), ApplicationError> {
    // Committed when it was decided; a second time changes nothing.
    decided::commit(application, certificate)?;
    record(application, certificate, evidence)?;
    application.start_or_hold(reply)
}

fn record(
    application: &Application,
    certificate: &CommitCertificate<Context>,
    evidence: &MisbehaviorEvidence<Context>,
) -> Result<(), ApplicationError> {
    let votes = evidence.votes.iter().flat_map(|(_, pairs)| pairs);
    let votes = votes.filter_map(|(first, second)| Evidence::votes(first, second));
    let proposals = evidence.proposals.iter().flat_map(|(_, pairs)| pairs);
    let proposals = proposals.filter_map(|(first, second)| Evidence::proposals(first, second));
    for evidence in votes.chain(proposals) {
        application.record(certificate.height.0, &evidence)?;
    }
    Ok(())
}

impl Application {
    /// Keeps evidence of misbehaviour that was seen at `height`, for ever.
    pub(super) fn record(
        &self,
        height: Height,
        evidence: &Evidence,
    ) -> Result<(), ApplicationError> {
        warn!(
            height = height.0,
            validator = %evidence.validator(),
            "a validator contradicted itself; both signed messages are recorded"
        );
        Ok(self.store.record_evidence(height, &evidence.encode())?)
    }
}
