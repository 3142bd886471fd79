//! Genesis → what a verifier starts from.

use ledger::digest::ChainId;
use ledger::parameters::Parameters;
use ledger::party::Height;
use ledger::quorum::ValidatorSet;

use crate::Genesis;

/// What is trusted because the genesis was compared by its fingerprint, before any block was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustRoot {
    /// The network.
    pub chain: ChainId,
    /// Height 0: no block yet.
    pub height: Height,
    /// Who decides the next height.
    pub validators: ValidatorSet,
    /// How old data may be, and how long validators may be trusted unfollowed.
    pub parameters: Parameters,
}

impl From<&Genesis> for TrustRoot {
    fn from(genesis: &Genesis) -> Self {
        Self {
            chain: genesis.chain_id(),
            height: Height::ZERO,
            validators: genesis.validators().clone(),
            parameters: *genesis.parameters(),
        }
    }
}
