//! The newest votes that were cast at a height: they may be signed again, in any order.
//!
//! Malachite logs no vote that it casts while it replays its log. After the next crash it derives that vote
//! anew, perhaps when this node has signed in later rounds already. Refused, the vote would not count: the lock
//! that rested on it would be lost, so that the node could vote for another block, and others who missed the vote
//! would wait for it. So the very same vote is given.

use ledger::codec;
use ledger::digest::{Tag, hash};
use minicbor::bytes::ByteArray;
use minicbor::decode::Error;
use minicbor::encode::Write;
use minicbor::{Decode, Decoder, Encode, Encoder};

use super::{Request, Stage};

/// Bytes kept of each vote's digest: nobody finds another vote with the same ones.
const DIGEST_BYTES: usize = 16;
/// How many fit into the guard's sector: two for each of the newest seven rounds. Older ones are forgotten; a
/// lock rests on the newest.
const CAST_MAX: usize = 14;

/// Votes, as digests over height, round, stage and value; the oldest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cast([Option<[u8; DIGEST_BYTES]>; CAST_MAX]);

impl Cast {
    /// Whether this very vote was cast.
    #[must_use]
    pub fn holds(&self, request: &Request) -> bool {
        digest(request).is_some_and(|digest| self.0.contains(&Some(digest)))
    }

    /// With this vote too, where it is one for a block.
    #[must_use]
    pub fn with(mut self, request: &Request) -> Self {
        let Some(digest) = digest(request) else {
            return self;
        };
        if self.0.iter().all(Option::is_some) {
            self.0.rotate_left(1);
            if let Some(last) = self.0.last_mut() {
                *last = None;
            }
        }
        if let Some(free) = self.0.iter_mut().find(|place| place.is_none()) {
            *free = Some(digest);
        }
        self
    }
}

/// `None` for proposals, which the guard remembers apart.
fn digest(request: &Request) -> Option<[u8; DIGEST_BYTES]> {
    match request.mark.stage {
        Stage::Prevote | Stage::Precommit => {}
        Stage::Propose => return None,
    }
    let digest = hash(Tag::LocalFile, &[b"cast", &codec::encode(request)]);
    digest.0.first_chunk().copied()
}

impl<C> Encode<C> for Cast {
    fn encode<W: Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        let count = self.0.iter().flatten().count();
        e.array(u64::try_from(count).unwrap_or(u64::MAX))?;
        for digest in self.0.iter().flatten() {
            e.bytes(digest)?;
        }
        Ok(())
    }
}

impl<'b, C> Decode<'b, C> for Cast {
    fn decode(d: &mut Decoder<'b>, c: &mut C) -> Result<Self, Error> {
        let count = d.array()?.ok_or_else(|| Error::message("open array"))?;
        let mut cast = Self::default();
        let places = usize::try_from(count)
            .ok()
            .and_then(|n| cast.0.get_mut(..n));
        for place in places.ok_or_else(|| Error::message("too many votes"))? {
            *place = Some(ByteArray::<DIGEST_BYTES>::decode(d, c)?.into());
        }
        Ok(cast)
    }
}
