//! Messages as bytes: canonical CBOR with a limit for each, on the wire and in Malachite's log.
//!
//! The layout is ours: `vote` and `block` hold one struct for each message, so that an upgrade of Malachite
//! cannot change a byte. Types that live in Malachite's engine are mirrored here and mapped in `node`.

mod block;
#[cfg(test)]
mod tests;
mod vote;

use alloc::vec::Vec;

use bytes::Bytes;
use ledger::codec::{self, CodecError};
use ledger::digest::BlockId;
use ledger::key::Signature;
use ledger::limits::{BLOCK_BYTES_MAX, SYNC_REPLY_BYTES_MAX, VALIDATORS_MAX};
use ledger::party::Height;
use ledger::quorum::Round;
use ledger::time::Timestamp;
use malachitebft_core_types::{
    CommitCertificate, PolkaCertificate, RoundCertificate, SignedProposal, SignedVote,
    ValidatorProof,
};

use crate::context::Context;
use crate::message::{ProposalPart, SignedPartHeader};
use crate::parts::{CHUNK_BYTES, CHUNKS_MAX};
use crate::signing::VOID;
use crate::validators::Address;

/// Bytes of a signed vote or proposal.
pub const CONSENSUS_BYTES_MAX: usize = 512;
/// Bytes of a message that helps others on: at most one signature of each validator.
pub const LIVENESS_BYTES_MAX: usize = 256 + VALIDATORS_MAX * 160;
/// Bytes of a signed part header.
pub const PART_HEADER_BYTES_MAX: usize = 512 + CHUNKS_MAX * 40;
/// Bytes of one part in its stream.
pub const PART_BYTES_MAX: usize = CHUNK_BYTES + PART_HEADER_BYTES_MAX + 512;
/// Bytes of a stream's name.
pub const STREAM_NAME_BYTES_MAX: usize = 64;
/// Bytes of a proof that a peer is a validator.
pub const VALIDATOR_PROOF_BYTES_MAX: usize = 512;
/// Bytes of a peer id.
pub const PEER_ID_BYTES_MAX: usize = 128;
/// Bytes of a status or request between nodes that catch up.
pub const SYNC_REQUEST_BYTES_MAX: usize = 256;
/// Bytes of a certificate.
pub const CERTIFICATE_BYTES_MAX: usize = 128 + VALIDATORS_MAX * 112;
/// Bytes of an answer to a node that catches up: the limit of its blocks, one block over, and certificates.
pub const SYNC_RESPONSE_BYTES_MAX: usize =
    SYNC_REPLY_BYTES_MAX + BLOCK_BYTES_MAX + SYNC_VALUES_MAX * CERTIFICATE_BYTES_MAX;
/// Blocks of one answer to a node that catches up.
pub const SYNC_VALUES_MAX: usize = 64;
/// Bytes of a note in the log that a value was proposed.
pub const PROPOSED_VALUE_BYTES_MAX: usize = 256;
/// Bytes of an undecided block with its header, as the node stores it.
pub const UNDECIDED_BYTES_MAX: usize = BLOCK_BYTES_MAX + PART_HEADER_BYTES_MAX + 256;

/// A signed vote or proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConsensusMessage {
    /// A vote.
    Vote(SignedVote<Context>),
    /// A proposal.
    Proposal(SignedProposal<Context>),
}

/// What helps others on after lost messages.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "one at a time, on its way to Malachite's own enum"
)]
pub enum LivenessMessage {
    /// A vote, again.
    Vote(SignedVote<Context>),
    /// More than 2/3 prevoted a block.
    Polka(PolkaCertificate<Context>),
    /// Enough voted in a round to leave it.
    Round(RoundCertificate<Context>),
}

/// One part in its stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamFrame {
    /// Malachite's name of the stream; nothing here depends on it.
    pub stream: Vec<u8>,
    /// Place in the stream.
    pub sequence: u64,
    /// The part; `None` ends the stream.
    pub part: Option<ProposalPart>,
    /// How far the sender is: in a stream of its own, without a part.
    pub status: Option<SignedStatus>,
}

/// How far a node is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The node's peer id.
    pub peer_id: Vec<u8>,
    /// Its newest block.
    pub tip: Height,
    /// The oldest block it can give.
    pub oldest: Height,
    /// When it said so, by its own clock.
    pub said_at: Timestamp,
}

/// How far a node is, in its own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedStatus {
    /// What it says.
    pub status: Status,
    /// Made with the key of its peer id, over [`crate::signing::status_preimage`].
    pub signature: Signature,
}

/// A request for decided blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyncRequest {
    /// First height asked for.
    pub first: Height,
    /// Last height asked for.
    pub last: Height,
}

/// Decided blocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncResponse {
    /// Height of the first.
    pub first: Height,
    /// Each block with the signatures that decided it.
    pub values: Vec<DecidedValue>,
}

/// A decided block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecidedValue {
    /// The encoded block.
    pub block: Bytes,
    /// The signatures that decided it.
    pub certificate: CommitCertificate<Context>,
}

/// The log's note that a value was proposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProposedNote {
    /// Height.
    pub height: Height,
    /// Round.
    pub round: Round,
    /// The earlier round in which more than 2/3 prevoted it, if any.
    pub valid_round: Option<Round>,
    /// Who proposed it.
    pub proposer: Address,
    /// The block.
    pub block: BlockId,
    /// What this node found.
    pub is_valid: bool,
}

/// A block this node holds before it is decided, with what Malachite asks about it after a restart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undecided {
    /// Round.
    pub round: Round,
    /// The earlier round in which more than 2/3 prevoted it, if any.
    pub valid_round: Option<Round>,
    /// Who proposed it.
    pub proposer: Address,
    /// The proposer's original header; absent where the block came by sync.
    pub signed: Option<SignedPartHeader>,
    /// Whether this node's clock judged it.
    pub is_judged: bool,
    /// The encoded block.
    pub block: Vec<u8>,
}

/// Why a message of our own does not become bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// The guard refused to sign it: it must not leave this node.
    #[error("the signer guard refused to sign this message, so it is not published")]
    Unsigned,
    /// The bytes of somebody else were refused.
    #[error(transparent)]
    Codec(#[from] CodecError),
}

/// Encodes a vote or proposal.
///
/// # Errors
/// [`WireError::Unsigned`].
pub fn encode_consensus(message: &ConsensusMessage) -> Result<Vec<u8>, WireError> {
    let signature = match message {
        ConsensusMessage::Vote(vote) => vote.signature,
        ConsensusMessage::Proposal(proposal) => proposal.signature,
    };
    if signature == VOID {
        return Err(WireError::Unsigned);
    }
    Ok(codec::encode(&vote::Consensus::from(message)))
}

/// Decodes a vote or proposal.
///
/// # Errors
/// [`CodecError`].
pub fn decode_consensus(bytes: &[u8]) -> Result<ConsensusMessage, CodecError> {
    codec::decode::<vote::Consensus>(bytes, CONSENSUS_BYTES_MAX).map(Into::into)
}

/// Encodes a message that helps others on.
///
/// # Errors
/// [`WireError::Unsigned`].
pub fn encode_liveness(message: &LivenessMessage) -> Result<Vec<u8>, WireError> {
    if let LivenessMessage::Vote(vote) = message
        && vote.signature == VOID
    {
        return Err(WireError::Unsigned);
    }
    Ok(codec::encode(&vote::Liveness::from(message)))
}

/// Decodes a message that helps others on.
///
/// # Errors
/// [`CodecError`].
pub fn decode_liveness(bytes: &[u8]) -> Result<LivenessMessage, CodecError> {
    codec::decode::<vote::Liveness>(bytes, LIVENESS_BYTES_MAX)?.try_into()
}

/// Encodes a part in its stream.
#[must_use]
pub fn encode_frame(frame: &StreamFrame) -> Vec<u8> {
    codec::encode(&block::Frame::from(frame))
}

/// Decodes a part in its stream.
///
/// # Errors
/// [`CodecError`].
pub fn decode_frame(bytes: &[u8]) -> Result<StreamFrame, CodecError> {
    codec::decode::<block::Frame>(bytes, PART_BYTES_MAX)?.try_into()
}

/// Encodes a signed part header.
#[must_use]
pub fn encode_part_header(signed: &SignedPartHeader) -> Vec<u8> {
    codec::encode(&block::PartHeader::from(signed))
}

/// Decodes a signed part header; the signature is not checked here.
///
/// # Errors
/// [`CodecError`].
pub fn decode_part_header(bytes: &[u8]) -> Result<SignedPartHeader, CodecError> {
    codec::decode::<block::PartHeader>(bytes, PART_HEADER_BYTES_MAX)?.try_into()
}

/// Encodes a part alone.
#[must_use]
pub fn encode_part(part: &ProposalPart) -> Vec<u8> {
    codec::encode(&block::Part::from(part))
}

/// Decodes a part alone.
///
/// # Errors
/// [`CodecError`].
pub fn decode_part(bytes: &[u8]) -> Result<ProposalPart, CodecError> {
    codec::decode::<block::Part>(bytes, PART_BYTES_MAX)?.try_into()
}

/// Encodes a proof that a peer is a validator.
#[must_use]
pub fn encode_validator_proof(proof: &ValidatorProof<Context>) -> Vec<u8> {
    codec::encode(&vote::PeerProof::from(proof))
}

/// Decodes a proof that a peer is a validator.
///
/// # Errors
/// [`CodecError`].
pub fn decode_validator_proof(bytes: &[u8]) -> Result<ValidatorProof<Context>, CodecError> {
    codec::decode::<vote::PeerProof>(bytes, VALIDATOR_PROOF_BYTES_MAX).map(Into::into)
}

/// Encodes how far this node is.
#[must_use]
pub fn encode_status(status: &SignedStatus) -> Vec<u8> {
    codec::encode(&block::StatusMessage::from(status))
}

/// Decodes how far a node is; the signature is not checked here.
///
/// # Errors
/// [`CodecError`].
pub fn decode_status(bytes: &[u8]) -> Result<SignedStatus, CodecError> {
    codec::decode::<block::StatusMessage>(bytes, SYNC_REQUEST_BYTES_MAX)?.try_into()
}

/// Encodes a request for decided blocks.
#[must_use]
pub fn encode_sync_request(request: &SyncRequest) -> Vec<u8> {
    codec::encode(&block::Request::from(request))
}

/// Decodes a request for decided blocks.
///
/// # Errors
/// [`CodecError`].
pub fn decode_sync_request(bytes: &[u8]) -> Result<SyncRequest, CodecError> {
    codec::decode::<block::Request>(bytes, SYNC_REQUEST_BYTES_MAX).map(Into::into)
}

/// Encodes decided blocks.
#[must_use]
pub fn encode_sync_response(response: &SyncResponse) -> Vec<u8> {
    codec::encode(&block::Response::from(response))
}

/// Decodes decided blocks.
///
/// # Errors
/// [`CodecError`].
pub fn decode_sync_response(bytes: &[u8]) -> Result<SyncResponse, CodecError> {
    codec::decode::<block::Response>(bytes, SYNC_RESPONSE_BYTES_MAX)?.try_into()
}

/// Encodes a prevote quorum for the log.
#[must_use]
pub fn encode_polka(certificate: &PolkaCertificate<Context>) -> Vec<u8> {
    codec::encode(&vote::Certificate::from(certificate))
}

/// Decodes a prevote quorum from the log.
///
/// # Errors
/// [`CodecError`].
pub fn decode_polka(bytes: &[u8]) -> Result<PolkaCertificate<Context>, CodecError> {
    codec::decode::<vote::Certificate>(bytes, CERTIFICATE_BYTES_MAX)?.into_polka()
}

/// Encodes the log's note that a value was proposed.
#[must_use]
pub fn encode_proposed(note: &ProposedNote) -> Vec<u8> {
    codec::encode(&vote::Proposed::from(note))
}

/// Decodes the log's note that a value was proposed.
///
/// # Errors
/// [`CodecError`].
pub fn decode_proposed(bytes: &[u8]) -> Result<ProposedNote, CodecError> {
    codec::decode::<vote::Proposed>(bytes, PROPOSED_VALUE_BYTES_MAX).map(Into::into)
}

/// Encodes an undecided block for the store.
#[must_use]
pub fn encode_undecided(undecided: &Undecided) -> Vec<u8> {
    codec::encode(&block::UndecidedBlock::from(undecided))
}

/// Decodes an undecided block from the store.
///
/// # Errors
/// [`CodecError`].
pub fn decode_undecided(bytes: &[u8]) -> Result<Undecided, CodecError> {
    codec::decode::<block::UndecidedBlock>(bytes, UNDECIDED_BYTES_MAX)?.try_into()
}
