//! What one node sends another: bytes of `consensus::wire`, read once for all who receive them.
//!
//! Reading is a pure function of the bytes, so nodes of one run may share its outcome.

use std::sync::{Arc, OnceLock};

use consensus::message::ProposalPart;
use consensus::wire::{
    ConsensusMessage, LivenessMessage, SignedStatus, SyncRequest, SyncResponse, decode_consensus,
    decode_liveness, decode_part, decode_status, decode_sync_request, decode_sync_response,
};
use ledger::digest::{Digest, sha256};
use ledger::signed::Signed;

/// The kind of a message: real nodes tell it by channel and protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The line has come up: tell me how far you are.
    Hello,
    /// How far the sender is.
    Status,
    /// A vote or proposal.
    Consensus,
    /// What helps others on after lost messages.
    Liveness,
    /// A part of a proposed block.
    Part,
    /// A signed record that waits for a block.
    Record,
    /// A request for decided blocks.
    SyncRequest,
    /// Decided blocks.
    SyncResponse,
    /// Something of the next version, which nodes of this one do not know.
    NextVersion,
}

impl Kind {
    /// The word for traces and counters.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hello => "hello",
            Self::Status => "status",
            Self::Consensus => "consensus",
            Self::Liveness => "liveness",
            Self::Part => "part",
            Self::Record => "record",
            Self::SyncRequest => "sync-request",
            Self::SyncResponse => "sync-response",
            Self::NextVersion => "next-version",
        }
    }
}

/// What the bytes say.
#[derive(Clone, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "one for each message, behind a pointer"
)]
pub enum Content {
    /// Nothing but that the line is up.
    Hello,
    /// How far the sender is.
    Status(SignedStatus),
    /// A vote or proposal.
    Consensus(ConsensusMessage),
    /// What helps others on.
    Liveness(LivenessMessage),
    /// A part of a block.
    Part(ProposalPart),
    /// A record.
    Record(Arc<Signed>),
    /// A request.
    SyncRequest(SyncRequest),
    /// Decided blocks.
    SyncResponse(SyncResponse),
}

/// A message as it travels.
#[derive(Clone, Debug)]
pub struct Packet(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    kind: Kind,
    bytes: Vec<u8>,
    digest: Digest,
    content: OnceLock<Result<Content, String>>,
}

impl Packet {
    /// A message of these bytes.
    #[must_use]
    pub fn new(kind: Kind, bytes: Vec<u8>) -> Self {
        Self(Arc::new(Inner {
            digest: sha256(&bytes),
            kind,
            bytes,
            content: OnceLock::new(),
        }))
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// The bytes that travel.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0.bytes
    }

    /// Digest of the bytes, for the trace.
    #[must_use]
    pub fn digest(&self) -> &Digest {
        &self.0.digest
    }

    /// What the bytes say.
    ///
    /// # Errors
    /// Why they say nothing that this version understands.
    pub fn read(&self) -> Result<&Content, &str> {
        let content = self.0.content.get_or_init(|| self.decode());
        content.as_ref().map_err(String::as_str)
    }

    fn decode(&self) -> Result<Content, String> {
        let bytes = self.bytes();
        let read = match self.kind() {
            Kind::Hello => Ok(Content::Hello),
            Kind::Status => decode_status(bytes).map(Content::Status),
            Kind::Consensus => decode_consensus(bytes).map(Content::Consensus),
            Kind::Liveness => decode_liveness(bytes).map(Content::Liveness),
            Kind::Part => decode_part(bytes).map(Content::Part),
            Kind::Record => {
                let signed = Signed::decode(bytes).map_err(|error| error.to_string())?;
                return Ok(Content::Record(Arc::new(signed)));
            }
            Kind::SyncRequest => decode_sync_request(bytes).map(Content::SyncRequest),
            Kind::SyncResponse => decode_sync_response(bytes).map(Content::SyncResponse),
            Kind::NextVersion => {
                return Err("a message of a version that is not spoken here".into());
            }
        };
        read.map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_bytes_say_nothing_and_do_no_harm() {
        let kinds = [
            Kind::Status,
            Kind::Consensus,
            Kind::Liveness,
            Kind::Part,
            Kind::Record,
            Kind::SyncRequest,
            Kind::SyncResponse,
            Kind::NextVersion,
        ];
        for kind in kinds {
            for bytes in [vec![], vec![0xff; 3], vec![0; 300]] {
                assert!(
                    Packet::new(kind, bytes).read().is_err(),
                    "{}",
                    kind.as_str()
                );
            }
        }
    }
}
