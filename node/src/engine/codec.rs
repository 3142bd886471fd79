//! Malachite's codec traits over the byte layouts of `consensus::wire`.
//!
//! It also listens: tips and votes of other nodes pass here, and the application asks [`Heard`] about them.

use std::sync::Arc;

use bytes::Bytes;
use consensus::context::{Context, Height, engine_round, ledger_round};
use consensus::message::{ProposalPart, Value};
use consensus::wire::{
    self, ConsensusMessage, DecidedValue, LivenessMessage, ProposedNote, SignedStatus, StreamFrame,
    SyncRequest, SyncResponse, WireError,
};
use ledger::codec::CodecError;
use ledger::party;
use ledger::quorum::Round;
use malachitebft_app_channel::app::streaming::{StreamContent, StreamId, StreamMessage};
use malachitebft_app_channel::app::types::{PeerId, ProposedValue, SignedConsensusMsg};
use malachitebft_codec::{Codec, HasEncodedLen};
use malachitebft_core_consensus::LivenessMsg;
use malachitebft_core_types::{
    ExtendedCommitCertificate, PolkaCertificate, Round as EngineRound, ValidatorProof, Validity,
    VoteExtensions,
};
use malachitebft_sync::{RawDecidedValue, Request, Response, Status, ValueRequest, ValueResponse};

use super::heard::Heard;
use super::status::{ANSWERS, ASKS, Statuses};
use crate::application::now;

/// The codec of the network, of sync and of the log.
#[derive(Clone, Debug)]
pub struct WireCodec {
    /// What other nodes say, for the application.
    pub heard: Arc<Heard>,
    /// Who may say how far it is.
    pub statuses: Statuses,
}

/// Every block since the first is kept.
const OLDEST: Height = Height(party::Height(1));

impl WireCodec {
    fn own_status(&self, tip: Height, oldest: Height) -> Result<SignedStatus, WireError> {
        self.statuses.sign(tip.0, oldest.0, now())
    }
}

fn malformed(what: &str) -> WireError {
    WireError::Codec(CodecError::Malformed(what.to_owned()))
}

impl Codec<ProposalPart> for WireCodec {
    type Error = WireError;

    fn decode(&self, bytes: Bytes) -> Result<ProposalPart, WireError> {
        Ok(wire::decode_part(&bytes)?)
    }

    fn encode(&self, part: &ProposalPart) -> Result<Bytes, WireError> {
        Ok(wire::encode_part(part).into())
    }
}

impl Codec<SignedConsensusMsg<Context>> for WireCodec {
    type Error = WireError;

    fn decode(&self, bytes: Bytes) -> Result<SignedConsensusMsg<Context>, WireError> {
        Ok(match wire::decode_consensus(&bytes)? {
            ConsensusMessage::Vote(vote) => {
                self.heard.vote(&vote);
                SignedConsensusMsg::Vote(vote)
            }
            ConsensusMessage::Proposal(proposal) => SignedConsensusMsg::Proposal(proposal),
        })
    }

    fn encode(&self, message: &SignedConsensusMsg<Context>) -> Result<Bytes, WireError> {
        let message = match message {
            SignedConsensusMsg::Vote(vote) => ConsensusMessage::Vote(vote.clone()),
            SignedConsensusMsg::Proposal(proposal) => ConsensusMessage::Proposal(proposal.clone()),
        };
        wire::encode_consensus(&message).map(Bytes::from)
    }
}

impl Codec<LivenessMsg<Context>> for WireCodec {
    type Error = WireError;

    fn decode(&self, bytes: Bytes) -> Result<LivenessMsg<Context>, WireError> {
        Ok(match wire::decode_liveness(&bytes)? {
            LivenessMessage::Vote(vote) => {
                self.heard.vote(&vote);
                LivenessMsg::Vote(vote)
            }
            LivenessMessage::Polka(certificate) => LivenessMsg::PolkaCertificate(certificate),
            LivenessMessage::Round(certificate) => LivenessMsg::SkipRoundCertificate(certificate),
        })
    }

    fn encode(&self, message: &LivenessMsg<Context>) -> Result<Bytes, WireError> {
        let message = match message {
            LivenessMsg::Vote(vote) => LivenessMessage::Vote(vote.clone()),
            LivenessMsg::PolkaCertificate(certificate) => {
                LivenessMessage::Polka(certificate.clone())
            }
            LivenessMsg::SkipRoundCertificate(certificate) => {
                LivenessMessage::Round(certificate.clone())
            }
        };
        wire::encode_liveness(&message).map(Bytes::from)
    }
}

impl Codec<StreamMessage<ProposalPart>> for WireCodec {
    type Error = WireError;

    fn decode(&self, bytes: Bytes) -> Result<StreamMessage<ProposalPart>, WireError> {
        let frame = wire::decode_frame(&bytes)?;
        if let Some(signed) = &frame.status
            && self.statuses.note(signed, now(), &self.heard)?
            && frame.stream == ASKS
        {
            self.heard.ask();
        }
        let content = frame.part.map_or(StreamContent::Fin, StreamContent::Data);
        let stream = StreamId::new(frame.stream.into());
        Ok(StreamMessage::new(stream, frame.sequence, content))
    }

    fn encode(&self, message: &StreamMessage<ProposalPart>) -> Result<Bytes, WireError> {
        let stream = message.stream_id.to_bytes();
        let part = message.content.as_data().cloned();
        // Malachite publishes streams of parts and nothing else for the application.
        let says_tip = part.is_none() && [ASKS, ANSWERS].contains(&&*stream);
        let status =
            says_tip.then(|| self.own_status(Height(party::Height(message.sequence)), OLDEST));
        let frame = StreamFrame {
            stream: stream.to_vec(),
            sequence: message.sequence,
            part,
            status: status.transpose()?,
        };
        Ok(wire::encode_frame(&frame).into())
    }
}

impl Codec<ValidatorProof<Context>> for WireCodec {
    type Error = WireError;

    fn decode(&self, bytes: Bytes) -> Result<ValidatorProof<Context>, WireError> {
        Ok(wire::decode_validator_proof(&bytes)?)
    }

    fn encode(&self, proof: &ValidatorProof<Context>) -> Result<Bytes, WireError> {
        Ok(wire::encode_validator_proof(proof).into())
    }
}

impl Codec<Status<Context>> for WireCodec {
    type Error = WireError;

    fn decode(&self, bytes: Bytes) -> Result<Status<Context>, WireError> {
        let signed = wire::decode_status(&bytes)?;
        self.statuses.note(&signed, now(), &self.heard)?;
        let status = signed.status;
        let peer_id =
            PeerId::from_bytes(&status.peer_id).map_err(|_| malformed("not a peer id"))?;
        Ok(Status {
            peer_id,
            tip_height: Height(status.tip),
            history_min_height: Height(status.oldest),
        })
    }

    fn encode(&self, status: &Status<Context>) -> Result<Bytes, WireError> {
        let signed = self.own_status(status.tip_height, status.history_min_height)?;
        Ok(wire::encode_status(&signed).into())
    }
}

impl Codec<Request<Context>> for WireCodec {
    type Error = WireError;

    fn decode(&self, bytes: Bytes) -> Result<Request<Context>, WireError> {
        let request = wire::decode_sync_request(&bytes)?;
        let range = Height(request.first)..=Height(request.last);
        Ok(Request::ValueRequest(ValueRequest::new(range)))
    }

    fn encode(&self, request: &Request<Context>) -> Result<Bytes, WireError> {
        let Request::ValueRequest(request) = request;
        let request = SyncRequest {
            first: request.range.start().0,
            last: request.range.end().0,
        };
        Ok(wire::encode_sync_request(&request).into())
    }
}

impl Codec<Response<Context>> for WireCodec {
    type Error = WireError;

    fn decode(&self, bytes: Bytes) -> Result<Response<Context>, WireError> {
        let response = wire::decode_sync_response(&bytes)?;
        let value = |value: DecidedValue| {
            let certificate = ExtendedCommitCertificate::from_commit_certificate_and_extensions(
                value.certificate,
                VoteExtensions::default(),
            );
            RawDecidedValue::new(value.block, certificate)
        };
        let values = response.values.into_iter().map(value).collect();
        Ok(Response::ValueResponse(ValueResponse::new(
            Height(response.first),
            values,
        )))
    }

    fn encode(&self, response: &Response<Context>) -> Result<Bytes, WireError> {
        let Response::ValueResponse(response) = response;
        let value = |value: &RawDecidedValue<Context>| DecidedValue {
            block: value.value_bytes.clone(),
            certificate: value.certificate.trim_vote_extensions(),
        };
        let response = SyncResponse {
            first: response.start_height.0,
            values: response.values.iter().map(value).collect(),
        };
        Ok(wire::encode_sync_response(&response).into())
    }
}

impl HasEncodedLen<Response<Context>> for WireCodec {
    fn encoded_len(&self, response: &Response<Context>) -> Result<usize, WireError> {
        Ok(self.encode(response)?.len())
    }
}

impl Codec<ProposedValue<Context>> for WireCodec {
    type Error = WireError;

    fn decode(&self, bytes: Bytes) -> Result<ProposedValue<Context>, WireError> {
        let note = wire::decode_proposed(&bytes)?;
        Ok(ProposedValue {
            height: Height(note.height),
            round: engine_round(note.round),
            valid_round: note.valid_round.map_or(EngineRound::Nil, engine_round),
            proposer: note.proposer,
            value: Value(note.block),
            validity: Validity::from_bool(note.is_valid),
        })
    }

    fn encode(&self, value: &ProposedValue<Context>) -> Result<Bytes, WireError> {
        let note = ProposedNote {
            height: value.height.0,
            round: ledger_round(value.round),
            valid_round: value.valid_round.as_u32().map(Round),
            proposer: value.proposer,
            block: value.value.0,
            is_valid: value.validity.to_bool(),
        };
        Ok(wire::encode_proposed(&note).into())
    }
}

impl Codec<PolkaCertificate<Context>> for WireCodec {
    type Error = WireError;

    fn decode(&self, bytes: Bytes) -> Result<PolkaCertificate<Context>, WireError> {
        Ok(wire::decode_polka(&bytes)?)
    }

    fn encode(&self, certificate: &PolkaCertificate<Context>) -> Result<Bytes, WireError> {
        Ok(wire::encode_polka(certificate).into())
    }
}
