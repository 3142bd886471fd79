//! Asks for a node's chain: how far it is, its blocks, their headers.

use ledger::block::{Block, BlockError, Header};
use ledger::codec;
use ledger::limits::{BLOCK_BYTES_MAX, HEADER_BYTES_MAX};
use ledger::party::Height;

use super::{Client, ClientError, JSON_BYTES_MAX, number};

impl Client {
    /// The height that the node says it has.
    pub(crate) fn height(&self) -> Result<Height, ClientError> {
        let status = self.json(&self.get("/v1/status", JSON_BYTES_MAX, self.timeout)?)?;
        let height = status.get("height").and_then(number);
        height
            .map(Height)
            .ok_or_else(|| self.nonsense("a status without a height"))
    }

    /// A block; `None` where the node has none at this height.
    pub(crate) fn block(
        &self,
        height: Height,
    ) -> Result<Option<Result<Block, BlockError>>, ClientError> {
        let bytes = self.get(
            &format!("/v1/blocks/{height}"),
            BLOCK_BYTES_MAX,
            self.timeout,
        );
        present(bytes).map(|bytes| bytes.map(|bytes| Block::decode(&bytes)))
    }

    /// A header, as the node tells it; `None` where it has none at this height.
    pub(crate) fn header(&self, height: Height) -> Result<Option<Header>, ClientError> {
        let path = format!("/v1/blocks/{height}/header");
        let Some(bytes) = present(self.get(&path, HEADER_BYTES_MAX, self.timeout))? else {
            return Ok(None);
        };
        let header: Header = codec::decode(&bytes, HEADER_BYTES_MAX)
            .map_err(|error| self.nonsense(&format!("header {height}: {error}")))?;
        if header.height == height {
            Ok(Some(header))
        } else {
            Err(self.nonsense(&format!("header {} for height {height}", header.height)))
        }
    }
}

fn present(answer: Result<Vec<u8>, ClientError>) -> Result<Option<Vec<u8>>, ClientError> {
    match answer {
        Ok(bytes) => Ok(Some(bytes)),
        Err(ClientError::Problem { status: 404, .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
