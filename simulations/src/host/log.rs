//! Malachite's write-ahead log: its inputs as the entries that the node writes, and back.

use consensus::context::{Context, Height, engine_round, ledger_round};
use consensus::message::Value;
use consensus::wire::{
    ConsensusMessage, ProposedNote, decode_consensus, decode_polka, decode_proposed,
    encode_consensus, encode_polka, encode_proposed,
};
use ledger::codec::CodecError;
use malachitebft_core_consensus::{Input, ProposedValue};
use malachitebft_core_types::{Round, Validity, ValueOrigin};

use crate::disk::LogEntry;

/// The entry for an input; `None` for what is never logged.
#[must_use]
pub(super) fn entry(input: &Input<Context>) -> Option<LogEntry> {
    match input {
        Input::Vote(vote) => consensus_entry(&ConsensusMessage::Vote(vote.clone())),
        Input::Proposal(proposal) => consensus_entry(&ConsensusMessage::Proposal(proposal.clone())),
        Input::TimeoutElapsed(timeout) => Some(LogEntry::Timeout(*timeout)),
        Input::ProposedValue(value, _) => Some(LogEntry::Proposed(encode_proposed(&note(value)))),
        Input::PolkaCertificate(polka) => Some(LogEntry::Polka(encode_polka(polka))),
        Input::StartHeight(..)
        | Input::RoundCertificate(_)
        | Input::Propose(_)
        | Input::SyncValueResponse(_) => None,
    }
}

fn consensus_entry(message: &ConsensusMessage) -> Option<LogEntry> {
    encode_consensus(message).ok().map(LogEntry::Consensus)
}

fn note(value: &ProposedValue<Context>) -> ProposedNote {
    ProposedNote {
        height: value.height.0,
        round: ledger_round(value.round),
        valid_round: value.valid_round.as_u32().map(ledger::quorum::Round),
        proposer: value.proposer,
        block: value.value.0,
        is_valid: value.validity.is_valid(),
    }
}

/// The input of an entry.
///
/// # Errors
/// [`CodecError`] where our own bytes do not read back.
pub(super) fn input(entry: &LogEntry) -> Result<Input<Context>, CodecError> {
    Ok(match entry {
        LogEntry::Consensus(bytes) => match decode_consensus(bytes)? {
            ConsensusMessage::Vote(vote) => Input::Vote(vote),
            ConsensusMessage::Proposal(proposal) => Input::Proposal(proposal),
        },
        LogEntry::Timeout(timeout) => Input::TimeoutElapsed(*timeout),
        LogEntry::Proposed(bytes) => {
            Input::ProposedValue(value(&decode_proposed(bytes)?), ValueOrigin::Consensus)
        }
        LogEntry::Polka(bytes) => Input::PolkaCertificate(decode_polka(bytes)?),
    })
}

fn value(note: &ProposedNote) -> ProposedValue<Context> {
    ProposedValue {
        height: Height(note.height),
        round: engine_round(note.round),
        valid_round: note.valid_round.map_or(Round::Nil, engine_round),
        proposer: note.proposer,
        value: Value(note.block),
        validity: Validity::from_bool(note.is_valid),
    }
}
