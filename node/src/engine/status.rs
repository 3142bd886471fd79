//! How far other nodes are, in their own words: signed, fresh, and only those of validators count.
//!
//! Malachite takes a peer's word about its tip, and tells of it only after the codec has read it. So this
//! node's codec signs what it says with its peer key, and believes a validator's node that signed for
//! itself. Each says when it spoke: an old word, sent again by somebody else, hides no progress.

use std::collections::BTreeMap;
use std::sync::Arc;

use consensus::signing::{status_preimage, verifies_status};
use consensus::wire::{SignedStatus, Status, WireError};
use ledger::codec::CodecError;
use ledger::digest::ChainId;
use ledger::key::{PublicKey, Signature, StrictEd25519};
use ledger::party::Height;
use ledger::time::Timestamp;
use libp2p::PeerId;
use libp2p::identity::Keypair;
use tracing::warn;

use super::heard::Heard;

/// Name of the stream in which a node tells how far it is, and asks the others.
pub const ASKS: &[u8] = b"how far are you";
/// Name of the stream in which a node answers how far it is.
pub const ANSWERS: &[u8] = b"so far am i";

/// How far two clocks may be apart, message and all. Validators' clocks agree within seconds, or their
/// blocks would be refused.
const CLOCKS_APART_MAX_MS: u64 = 60_000;

/// Signs what this node says about itself, and checks what others say about themselves.
#[derive(Clone, Debug)]
pub struct Statuses {
    chain: ChainId,
    keypair: Keypair,
    /// The validators' nodes, without this one: the bytes of each peer id, and its key.
    validators: Arc<BTreeMap<Vec<u8>, PublicKey>>,
}

impl Statuses {
    /// For a node with this identity, among these validators' nodes.
    ///
    /// # Errors
    /// Where a peer id is not that of an Ed25519 key.
    pub fn new(
        chain: ChainId,
        keypair: Keypair,
        validators: impl IntoIterator<Item = PeerId>,
    ) -> eyre::Result<Self> {
        let own = keypair.public().to_peer_id();
        let validators = validators
            .into_iter()
            .filter(|peer| *peer != own)
            .map(|peer| Ok((peer.to_bytes(), key_of(&peer)?)))
            .collect::<eyre::Result<_>>()?;
        Ok(Self {
            chain,
            keypair,
            validators: Arc::new(validators),
        })
    }

    /// Signs this node's own status.
    ///
    /// # Errors
    /// Where the key cannot sign.
    pub fn sign(
        &self,
        tip: Height,
        oldest: Height,
        said_at: Timestamp,
    ) -> Result<SignedStatus, WireError> {
        let status = Status {
            peer_id: self.keypair.public().to_peer_id().to_bytes(),
            tip,
            oldest,
            said_at,
        };
        let signature = self.keypair.sign(&status_preimage(self.chain, &status));
        let signature = signature
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .map(Signature)
            .ok_or_else(|| malformed("the peer key does not sign"))?;
        Ok(SignedStatus { status, signature })
    }

    /// Notes a validator's status in `heard`, and says whether it did. Other nodes may say what they like:
    /// Malachite asks them for blocks, and nothing depends on their word.
    ///
    /// # Errors
    /// Where it names a validator's node that has not signed it.
    pub fn note(
        &self,
        signed: &SignedStatus,
        now: Timestamp,
        heard: &Heard,
    ) -> Result<bool, WireError> {
        let status = &signed.status;
        let Some(key) = self.validators.get(&status.peer_id) else {
            return Ok(false);
        };
        if !verifies_status(&StrictEd25519, self.chain, signed, key) {
            return Err(malformed("a status that its node has not signed"));
        }
        let apart_ms = now.0.abs_diff(status.said_at.0);
        if apart_ms > CLOCKS_APART_MAX_MS {
            warn!(
                apart_ms,
                "a validator's clock and this node's are too far apart; its word is not counted"
            );
            return Ok(false);
        }
        heard.tip(&status.peer_id, status.said_at, status.tip);
        Ok(true)
    }
}

fn malformed(what: &str) -> WireError {
    WireError::Codec(CodecError::Malformed(what.to_owned()))
}

/// A peer id of an Ed25519 key holds the key itself.
fn key_of(peer: &PeerId) -> eyre::Result<PublicKey> {
    let key = libp2p::identity::PublicKey::try_decode_protobuf(peer.as_ref().digest())?;
    Ok(PublicKey::from_bytes(&key.try_into_ed25519()?.to_bytes())?)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use ledger::party::Height;
    use ledger::testing::CHAIN;
    use malachitebft_codec::Codec as _;
    use malachitebft_sync::Status as EngineStatus;

    use super::*;
    use crate::engine::codec::WireCodec;

    fn keypair(node: u8) -> Keypair {
        Keypair::ed25519_from_bytes([node; 32]).unwrap()
    }

    fn peer(node: u8) -> PeerId {
        keypair(node).public().to_peer_id()
    }

    /// The codec of a node among the validators 1 to 4.
    fn codec(node: u8) -> WireCodec {
        WireCodec {
            heard: Arc::default(),
            statuses: Statuses::new(CHAIN, keypair(node), (1..=4).map(peer)).unwrap(),
        }
    }

    /// A status that says it is of `named` and is signed by `signer`.
    fn status(named: u8, signer: u8, tip: u64, said_at: Timestamp) -> Bytes {
        let statuses = codec(signer).statuses;
        let mut signed = statuses.sign(Height(tip), Height(1), said_at).unwrap();
        signed.status.peer_id = peer(named).to_bytes();
        consensus::wire::encode_status(&signed).into()
    }

    fn hear(
        codec: &WireCodec,
        bytes: Bytes,
    ) -> Result<EngineStatus<consensus::context::Context>, WireError> {
        codec.decode(bytes)
    }

    #[test]
    fn what_a_node_says_of_itself_is_read_back_and_counts() {
        let (from, to) = (codec(2), codec(1));
        let said: EngineStatus<consensus::context::Context> = EngineStatus {
            peer_id: malachitebft_app_channel::app::types::PeerId::from_bytes(&peer(2).to_bytes())
                .unwrap(),
            tip_height: consensus::context::Height(Height(7)),
            history_min_height: consensus::context::Height(Height(1)),
        };
        let bytes = from.encode(&said).unwrap();
        assert_eq!(hear(&to, bytes).unwrap().tip_height, said.tip_height);
        assert_eq!(to.heard.tips(), [Height(7)]);
    }

    #[test]
    fn a_member_that_speaks_under_three_names_counts_for_none_of_the_others() {
        let to = codec(1);
        let now = crate::application::now();
        for named in [2, 3, 4] {
            let heard = hear(&to, status(named, 4, 9_000, now));
            assert_eq!(heard.is_ok(), named == 4, "{named}");
        }
        assert_eq!(to.heard.tips(), [Height(9_000)]);
        assert_eq!(to.heard.believed_tip(4), None);
    }

    #[test]
    fn followers_and_this_node_itself_are_not_counted() {
        let to = codec(1);
        let now = crate::application::now();
        for follower in 5..60 {
            hear(&to, status(follower, follower, 9_000, now)).unwrap();
        }
        hear(&to, status(1, 1, 9_000, now)).unwrap();
        assert_eq!(to.heard.tips(), []);
    }

    #[test]
    fn a_node_may_ask_the_others_in_a_stream_and_answer_there() {
        use malachitebft_app_channel::app::streaming::{StreamContent, StreamId, StreamMessage};
        for (stream, asks) in [(ASKS, true), (ANSWERS, false), (&b"parts"[..], false)] {
            let (from, to) = (codec(2), codec(1));
            let name = StreamId::new(Bytes::from_static(stream));
            let word: StreamMessage<consensus::message::ProposalPart> =
                StreamMessage::new(name, 7, StreamContent::Fin);
            let bytes = from.encode(&word).unwrap();
            let read: StreamMessage<consensus::message::ProposalPart> = to.decode(bytes).unwrap();
            assert_eq!(read, word);
            let said = stream != b"parts";
            assert_eq!(to.heard.tips(), [Height(7)][..usize::from(said)]);
            assert_eq!(to.heard.take_asked(), asks);
        }
    }

    #[test]
    fn an_old_word_is_not_news() {
        let to = codec(1);
        let now = crate::application::now();
        let ago = |ms: u64| Timestamp(now.0 - ms);
        for (said_at, tip, expected) in [
            (ago(61_000), 3, None),
            (now.plus_ms(90_000), 3, None),
            (ago(20_000), 5, Some(5)),
            (ago(10_000), 7, Some(7)),
            // Sent again by somebody else.
            (ago(20_000), 5, Some(7)),
            // A node that lost blocks says so.
            (now, 2, Some(2)),
        ] {
            hear(&to, status(2, 2, tip, said_at)).unwrap();
            let expected: Vec<_> = expected.map(Height).into_iter().collect();
            assert_eq!(to.heard.tips(), expected, "{said_at:?} {tip}");
        }
    }

    #[test]
    fn a_word_of_another_chain_is_nobodys() {
        let to = codec(1);
        let other = ChainId(ledger::digest::sha256(b"another chain"));
        let foreign = Statuses::new(other, keypair(2), []).unwrap();
        let now = crate::application::now();
        let signed = foreign.sign(Height(7), Height(1), now).unwrap();
        assert!(hear(&to, consensus::wire::encode_status(&signed).into()).is_err());
        assert_eq!(to.heard.tips(), []);
    }
}
