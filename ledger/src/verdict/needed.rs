//! What a proof must show, so that every device can judge a permit by it.

use alloc::vec;
use alloc::vec::Vec;

use crate::record::PermitKey;
use crate::state::{PermitState, ReadError, StateKey, View, read};

/// Successors of a replaced permit that a proof shows at most.
const SUCCESSORS_SHOWN: usize = 8;

/// The entries that a proof about a permit shows, so that every device can judge it: its status, the network's
/// parameters, its Parties, what its issuer revoked or had suspended, the permits that replace it, the import permit
/// it rests on; of a number that was never issued, what was reported and claimed.
///
/// # Errors
/// [`ReadError`].
pub fn needed(view: &impl View, permit: &PermitKey) -> Result<Vec<StateKey>, ReadError> {
    let mut keys = vec![
        StateKey::permit(permit),
        StateKey::parameters(),
        StateKey::party(permit.issuer),
        StateKey::revoked(permit.issuer),
        StateKey::suspensions(permit.issuer),
    ];
    let Some(state) = read::<PermitState>(view, &StateKey::permit(permit))? else {
        keys.extend([StateKey::report(permit), StateKey::paper(permit)]);
        return Ok(keys);
    };
    keys.extend(state.destination.map(StateKey::party));
    keys.extend(state.import_permit.as_ref().map(StateKey::permit));
    let mut next = state.replaced_by;
    for _ in 0..SUCCESSORS_SHOWN {
        let Some(number) = next else { break };
        let issuer = permit.issuer;
        let key = StateKey::permit(&PermitKey { issuer, number });
        next = read::<PermitState>(view, &key)?.and_then(|successor| successor.replaced_by);
        keys.push(key);
    }
    Ok(keys)
}
