//! What the node answers to an auditor: its height, its blocks, their headers.

use ledger::codec;
use serde_json::json;

use crate::chain::Chain;

pub(crate) fn answer(chain: &Chain, parts: &[&str]) -> Option<Vec<u8>> {
    match parts {
        ["v1", "status"] => {
            let status = json!({"schema": "cites.status/1", "height": chain.height().to_string()});
            Some(status.to_string().into_bytes())
        }
        ["v1", "blocks", height] => {
            let place: usize = height.parse().ok()?;
            let bytes = chain.bytes.get(place.checked_sub(1)?)?;
            (!bytes.is_empty()).then(|| bytes.clone())
        }
        ["v1", "blocks", height, "header"] => chain.header(height.parse().ok()?).map(codec::encode),
        _ => None,
    }
}
