//! Malachite's effects, answered: the whole contract between `core-consensus` and its host.

use std::collections::BTreeSet;

use consensus::context::{Context, ledger_round};
use consensus::guard::Request;
use consensus::signing::VOID;
use consensus::wire::{ConsensusMessage, LivenessMessage, encode_consensus, encode_liveness};
use futures::FutureExt as _;
use ledger::party::Height;
use malachitebft_core_consensus::{
    ConsensusMsg, Effect, Input, LivenessMsg, Resumable as _, Resume, SignedConsensusMsg,
};
use malachitebft_core_types::{CertificateError, LinearTimeouts, SignedMessage, Timeout};
use malachitebft_signing::{Signer as _, Verifier as _, VerifierExt as _};

use super::{Alarm, Host, Job, Observation, Output, Phase, log, timer};
use crate::bug::Bug;
use crate::packet::{Kind, Packet};

impl Host {
    #[expect(
        clippy::too_many_lines,
        reason = "one arm for each effect: the whole contract with Malachite on one screen"
    )]
    pub(super) fn answer(&mut self, effect: Effect<Context>) -> Resume<Context> {
        match effect {
            Effect::CancelAllTimeouts(r) => {
                self.timers.clear();
                r.resume_with(())
            }
            Effect::CancelTimeout(timeout, r) => {
                self.timers.remove(&timer(&timeout));
                r.resume_with(())
            }
            Effect::ScheduleTimeout(timeout, r) => {
                self.schedule(timeout);
                r.resume_with(())
            }
            Effect::StartRound(height, round, _, _, r) => {
                self.flush();
                if round.as_i64() > 0 {
                    self.observe(Observation::LaterRound);
                }
                self.started_round(height.0, ledger_round(round));
                r.resume_with(())
            }
            Effect::PublishConsensusMsg(message, r) => {
                self.flush();
                self.publish(message);
                r.resume_with(())
            }
            Effect::PublishLivenessMsg(message, r) => {
                self.help(&match message {
                    LivenessMsg::Vote(vote) => LivenessMessage::Vote(vote),
                    LivenessMsg::PolkaCertificate(polka) => LivenessMessage::Polka(polka),
                    LivenessMsg::SkipRoundCertificate(round) => LivenessMessage::Round(round),
                });
                r.resume_with(())
            }
            Effect::RepublishVote(vote, r) => {
                self.help(&LivenessMessage::Vote(vote));
                r.resume_with(())
            }
            Effect::RepublishRoundCertificate(round, r) => {
                self.help(&LivenessMessage::Round(round));
                r.resume_with(())
            }
            Effect::GetValue(height, round, _, r) => {
                self.jobs
                    .push_back(Job::Propose(height.0, ledger_round(round)));
                r.resume_with(())
            }
            Effect::RestreamProposal(height, round, valid_round, proposer, block, r) => {
                self.restream(height.0, ledger_round(round), valid_round, proposer, block);
                r.resume_with(())
            }
            Effect::Decide(certificate, _, r) => {
                self.flush();
                self.jobs.push_back(Job::Decided(certificate));
                r.resume_with(())
            }
            Effect::Finalize(_, _, evidence, r) => {
                let proposals = evidence.proposals.iter().map(|(address, _)| *address);
                let votes = evidence.votes.iter().map(|(address, _)| *address);
                let accused: BTreeSet<_> = proposals.chain(votes).collect();
                for address in accused {
                    if let Some(node) = self.parties.of_address(&address) {
                        self.observe(Observation::Evidence(node));
                    }
                }
                self.jobs.push_back(Job::Finalized);
                r.resume_with(())
            }
            Effect::SignVote(vote, r) => {
                let signed = self.signer.sign_vote(vote).now_or_never();
                let signed = signed.and_then(Result::ok);
                let signed = signed.unwrap_or_else(|| SignedMessage::new(vote, VOID));
                if signed.signature != VOID {
                    self.observe(Observation::Signed(Request::from(&signed.message)));
                } else {
                    self.was_silent = true;
                }
                r.resume_with(signed)
            }
            Effect::SignProposal(proposal, r) => {
                let signed = self.signer.sign_proposal(proposal).now_or_never();
                let signed = signed.and_then(Result::ok);
                let signed = signed.unwrap_or_else(|| SignedMessage::new(proposal, VOID));
                if signed.signature != VOID {
                    self.observe(Observation::Signed(Request::from(&signed.message)));
                }
                r.resume_with(signed)
            }
            Effect::VerifySignature(message, key, r) => {
                let signature = message.signature;
                let checked = match message.message {
                    ConsensusMsg::Vote(vote) => {
                        let check = self.verifier.verify_signed_vote(&vote, &signature, &key);
                        check.now_or_never()
                    }
                    ConsensusMsg::Proposal(proposal) => {
                        let verifier = &self.verifier;
                        let check = verifier.verify_signed_proposal(&proposal, &signature, &key);
                        check.now_or_never()
                    }
                };
                r.resume_with(matches!(checked, Some(Ok(result)) if result.is_valid()))
            }
            Effect::VerifyCommitCertificate(certificate, set, thresholds, r) => {
                let context = self.context();
                let check = self.verifier.verify_commit_certificate(
                    &context,
                    &certificate,
                    &set,
                    thresholds,
                );
                r.resume_with(ready(check))
            }
            Effect::VerifyExtendedCommitCertificate(certificate, set, thresholds, policy, r) => {
                let context = self.context();
                let check = self.verifier.verify_extended_commit_certificate(
                    &context,
                    &certificate,
                    &set,
                    thresholds,
                    policy,
                );
                r.resume_with(ready(check))
            }
            Effect::VerifyPolkaCertificate(certificate, set, thresholds, r) => {
                let context = self.context();
                let check = self.verifier.verify_polka_certificate(
                    &context,
                    &certificate,
                    &set,
                    thresholds,
                );
                r.resume_with(ready(check))
            }
            Effect::VerifyRoundCertificate(certificate, set, thresholds, r) => {
                let context = self.context();
                let check = self.verifier.verify_round_certificate(
                    &context,
                    &certificate,
                    &set,
                    thresholds,
                );
                r.resume_with(ready(check))
            }
            Effect::CertVerifiedSyncValue(value, proposer, r) => {
                self.jobs.push_back(Job::Synced(Box::new(value), proposer));
                r.resume_with(())
            }
            Effect::CertRejectedSyncValue(peer, height, error, r) => {
                self.reject_synced(&peer, &format!("height {height}: {error}"));
                r.resume_with(())
            }
            Effect::WalAppend(height, input, r) => {
                self.append(height.0, &input);
                r.resume_with(())
            }
            // Never asked: the policy of every height is `Disabled`.
            Effect::ExtendVote(_, _, _, _, r) => r.resume_with(None),
            Effect::VerifyVoteExtension(_, _, _, _, _, _, r) => r.resume_with(Ok(())),
        }
    }

    const fn context(&self) -> Context {
        Context {
            chain: self.replica.chain(),
        }
    }

    fn schedule(&mut self, timeout: Timeout) {
        self.alarms = self.alarms.saturating_add(1);
        self.timers.insert(timer(&timeout), self.alarms);
        let span = LinearTimeouts::default().duration_for(timeout);
        if self.manner.bug != Bug::NoTimeouts {
            self.put(Output::Wake(span, Alarm::Timeout(timeout, self.alarms)));
        }
    }

    fn append(&mut self, height: Height, input: &Input<Context>) {
        if self.phase == Phase::Recovering {
            return;
        }
        match log::entry(input) {
            // Where the power fails, `work` ends.
            Some(entry) => {
                self.disk.append_log(height, entry).ok();
            }
            None => self.stop(format!("an input that is never logged: {input:?}")),
        }
    }

    fn flush(&self) {
        if self.phase != Phase::Recovering && self.manner.bug != Bug::GuardOff {
            self.disk.sync_log().ok();
        }
    }

    fn publish(&mut self, message: SignedConsensusMsg<Context>) {
        let message = match message {
            SignedConsensusMsg::Vote(vote) => ConsensusMessage::Vote(vote),
            SignedConsensusMsg::Proposal(proposal) => ConsensusMessage::Proposal(proposal),
        };
        // What the guard refused to sign does not leave this node.
        if let Ok(bytes) = encode_consensus(&message) {
            self.broadcast(Packet::new(Kind::Consensus, bytes));
        }
    }

    fn help(&mut self, message: &LivenessMessage) {
        if let Ok(bytes) = encode_liveness(message) {
            self.broadcast(Packet::new(Kind::Liveness, bytes));
        }
    }
}

/// Checks of signatures never wait.
#[expect(clippy::result_large_err, reason = "Malachite asks for this very type")]
fn ready(
    check: impl Future<Output = Result<(), CertificateError<Context>>>,
) -> Result<(), CertificateError<Context>> {
    let pending = CertificateError::VerificationError(None);
    check.now_or_never().unwrap_or(Err(pending))
}
