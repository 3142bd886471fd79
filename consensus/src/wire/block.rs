//! The bytes of blocks on their way: parts, answers to nodes that catch up, undecided blocks in the store.

use alloc::vec::Vec;

use bytes::Bytes;
use ledger::codec::CodecError;
use ledger::digest::{BlockId, Digest};
use ledger::key::{PublicKey, Signature};
use ledger::party::Height;
use ledger::quorum::Round;
use ledger::time::Timestamp;
use minicbor::{Decode, Encode};

use super::vote::{Certificate, limited};
use super::{
    DecidedValue, PEER_ID_BYTES_MAX, STREAM_NAME_BYTES_MAX, SYNC_VALUES_MAX, SignedStatus, Status,
    StreamFrame, SyncRequest, SyncResponse, Undecided,
};
use crate::context;
use crate::message::{self, ProposalPart, SignedPartHeader};
use crate::parts::{CHUNK_BYTES, CHUNKS_MAX};
use crate::validators::Address;

#[derive(Encode, Decode)]
pub(super) struct PartHeader {
    #[n(0)]
    height: Height,
    #[n(1)]
    round: Round,
    #[n(2)]
    proposer: PublicKey,
    #[n(3)]
    block: BlockId,
    #[n(4)]
    length: u32,
    #[n(5)]
    chunks: Vec<Digest>,
    #[n(6)]
    signature: Signature,
    #[n(7)]
    valid_round: Option<Round>,
}

impl From<&SignedPartHeader> for PartHeader {
    fn from(signed: &SignedPartHeader) -> Self {
        let header = &signed.header;
        Self {
            height: header.height.0,
            round: header.round,
            proposer: header.proposer.0,
            block: header.block,
            length: header.length,
            chunks: header.chunks.clone(),
            signature: signed.signature,
            valid_round: header.valid_round,
        }
    }
}

impl TryFrom<PartHeader> for SignedPartHeader {
    type Error = CodecError;

    fn try_from(header: PartHeader) -> Result<Self, CodecError> {
        limited("chunks", header.chunks.len(), CHUNKS_MAX)?;
        Ok(Self {
            header: message::PartHeader {
                height: context::Height(header.height),
                round: header.round,
                valid_round: header.valid_round,
                proposer: Address(header.proposer),
                block: header.block,
                length: header.length,
                chunks: header.chunks,
            },
            signature: header.signature,
        })
    }
}

#[derive(Encode, Decode)]
pub(super) struct Part {
    #[n(0)]
    header: PartHeader,
    #[n(1)]
    index: u16,
    #[cbor(n(2), with = "minicbor::bytes")]
    bytes: Vec<u8>,
}

impl From<&ProposalPart> for Part {
    fn from(part: &ProposalPart) -> Self {
        Self {
            header: PartHeader::from(&part.signed),
            index: part.index,
            bytes: part.bytes.clone(),
        }
    }
}

impl TryFrom<Part> for ProposalPart {
    type Error = CodecError;

    fn try_from(part: Part) -> Result<Self, CodecError> {
        limited("bytes of a chunk", part.bytes.len(), CHUNK_BYTES)?;
        Ok(Self {
            signed: part.header.try_into()?,
            index: part.index,
            bytes: part.bytes,
        })
    }
}

#[derive(Encode, Decode)]
pub(super) struct Frame {
    #[cbor(n(0), with = "minicbor::bytes")]
    stream: Vec<u8>,
    #[n(1)]
    sequence: u64,
    #[n(2)]
    part: Option<Part>,
    #[n(3)]
    status: Option<StatusMessage>,
}

impl From<&StreamFrame> for Frame {
    fn from(frame: &StreamFrame) -> Self {
        Self {
            stream: frame.stream.clone(),
            sequence: frame.sequence,
            part: frame.part.as_ref().map(Part::from),
            status: frame.status.as_ref().map(StatusMessage::from),
        }
    }
}

impl TryFrom<Frame> for StreamFrame {
    type Error = CodecError;

    fn try_from(frame: Frame) -> Result<Self, CodecError> {
        limited(
            "bytes of a stream's name",
            frame.stream.len(),
            STREAM_NAME_BYTES_MAX,
        )?;
        Ok(Self {
            stream: frame.stream,
            sequence: frame.sequence,
            part: frame.part.map(TryInto::try_into).transpose()?,
            status: frame.status.map(TryInto::try_into).transpose()?,
        })
    }
}

#[derive(Encode, Decode)]
pub(super) struct StatusMessage {
    #[cbor(n(0), with = "minicbor::bytes")]
    peer_id: Vec<u8>,
    #[n(1)]
    tip: Height,
    #[n(2)]
    oldest: Height,
    #[n(3)]
    said_at: Timestamp,
    #[n(4)]
    signature: Signature,
}

impl From<&SignedStatus> for StatusMessage {
    fn from(signed: &SignedStatus) -> Self {
        let status = &signed.status;
        Self {
            peer_id: status.peer_id.clone(),
            tip: status.tip,
            oldest: status.oldest,
            said_at: status.said_at,
            signature: signed.signature,
        }
    }
}

impl TryFrom<StatusMessage> for SignedStatus {
    type Error = CodecError;

    fn try_from(message: StatusMessage) -> Result<Self, CodecError> {
        limited(
            "bytes of a peer id",
            message.peer_id.len(),
            PEER_ID_BYTES_MAX,
        )?;
        Ok(Self {
            status: Status {
                peer_id: message.peer_id,
                tip: message.tip,
                oldest: message.oldest,
                said_at: message.said_at,
            },
            signature: message.signature,
        })
    }
}

#[derive(Encode, Decode)]
pub(super) struct Request {
    #[n(0)]
    first: Height,
    #[n(1)]
    last: Height,
}

impl From<&SyncRequest> for Request {
    fn from(request: &SyncRequest) -> Self {
        Self {
            first: request.first,
            last: request.last,
        }
    }
}

impl From<Request> for SyncRequest {
    fn from(request: Request) -> Self {
        Self {
            first: request.first,
            last: request.last,
        }
    }
}

#[derive(Encode, Decode)]
pub(super) struct Decided {
    #[cbor(n(0), with = "minicbor::bytes")]
    block: Vec<u8>,
    #[n(1)]
    certificate: Certificate,
}

#[derive(Encode, Decode)]
pub(super) struct Response {
    #[n(0)]
    first: Height,
    #[n(1)]
    values: Vec<Decided>,
}

impl From<&SyncResponse> for Response {
    fn from(response: &SyncResponse) -> Self {
        let decided = |value: &DecidedValue| Decided {
            block: value.block.to_vec(),
            certificate: Certificate::from(&value.certificate),
        };
        Self {
            first: response.first,
            values: response.values.iter().map(decided).collect(),
        }
    }
}

impl TryFrom<Response> for SyncResponse {
    type Error = CodecError;

    fn try_from(response: Response) -> Result<Self, CodecError> {
        limited("blocks", response.values.len(), SYNC_VALUES_MAX)?;
        let decided = |value: Decided| {
            Ok(DecidedValue {
                block: Bytes::from(value.block),
                certificate: value.certificate.into_commit()?,
            })
        };
        let values: Result<_, CodecError> = response.values.into_iter().map(decided).collect();
        Ok(Self {
            first: response.first,
            values: values?,
        })
    }
}

#[derive(Encode, Decode)]
pub(super) struct UndecidedBlock {
    #[n(0)]
    round: Round,
    #[n(1)]
    proposer: PublicKey,
    #[n(2)]
    is_judged: bool,
    #[cbor(n(3), with = "minicbor::bytes")]
    block: Vec<u8>,
    #[n(4)]
    signed: Option<PartHeader>,
    #[n(5)]
    valid_round: Option<Round>,
}

impl From<&Undecided> for UndecidedBlock {
    fn from(undecided: &Undecided) -> Self {
        Self {
            round: undecided.round,
            proposer: undecided.proposer.0,
            is_judged: undecided.is_judged,
            block: undecided.block.clone(),
            signed: undecided.signed.as_ref().map(PartHeader::from),
            valid_round: undecided.valid_round,
        }
    }
}

impl TryFrom<UndecidedBlock> for Undecided {
    type Error = CodecError;

    fn try_from(undecided: UndecidedBlock) -> Result<Self, CodecError> {
        Ok(Self {
            round: undecided.round,
            valid_round: undecided.valid_round,
            proposer: Address(undecided.proposer),
            signed: undecided.signed.map(TryInto::try_into).transpose()?,
            is_judged: undecided.is_judged,
            block: undecided.block,
        })
    }
}
