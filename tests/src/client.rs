//! A node's HTTP interface, as a test asks it: status and JSON, or no answer.

use std::time::Duration;

use ledger::digest::RecordDigest;
use ledger::signed::Signed;
use serde_json::Value;
use ureq::Agent;

use crate::network::BOUND;

/// No test waits longer for one answer.
const ANSWER_MAX: Duration = Duration::from_secs(60);

/// Asks one node.
#[derive(Clone, Debug)]
pub struct Client {
    agent: Agent,
    base: String,
}

/// What a node answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Its body as JSON; null where it is something else.
    pub json: Value,
    /// Its body.
    pub bytes: Vec<u8>,
}

impl Answer {
    /// Whether the record is final and was applied.
    #[must_use]
    pub fn is_applied(&self) -> bool {
        self.json["status"] == "final" && self.json["receipt"]["result"] == "applied"
    }

    /// Why the ledger refused the record, if it is final and refused.
    #[must_use]
    pub fn refused(&self) -> Option<&str> {
        let receipt = &self.json["receipt"];
        (receipt["result"] == "refused")
            .then(|| receipt["reason"].as_str())
            .flatten()
    }

    /// A number that stands as a number or in quotes.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<u64> {
        number(&self.json[name])
    }
}

/// A number that stands as a number or in quotes.
#[must_use]
pub fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

impl Client {
    /// A client for the node at `base`.
    #[must_use]
    pub fn new(base: String) -> Self {
        let config = Agent::config_builder()
            .timeout_global(Some(ANSWER_MAX))
            .http_status_as_error(false)
            .proxy(None)
            .build();
        Self {
            agent: config.into(),
            base,
        }
    }

    /// Asks for a path; `None` where the node does not answer.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<Answer> {
        answer(self.agent.get(format!("{}{path}", self.base)).call())
    }

    /// Hands in a record and waits until it is final, at most `wait`.
    #[must_use]
    pub fn submit(&self, signed: &Signed, wait: Duration) -> Option<Answer> {
        self.post(
            &format!("/v1/records?wait=final&timeout_ms={}", wait.as_millis()),
            signed.bytes(),
        )
    }

    /// Hands in a record that must become final, and applied.
    ///
    /// # Panics
    /// With what the node answered, where it did not.
    pub fn apply(&self, signed: &Signed) {
        let answer = self.submit(signed, BOUND).expect("an answer");
        assert!(answer.is_applied(), "{answer:?}");
    }

    /// Hands in a record and waits until the node has stored it.
    #[must_use]
    pub fn hand_in(&self, signed: &Signed) -> Option<Answer> {
        self.post("/v1/records?wait=accepted", signed.bytes())
    }

    /// What became of a record.
    #[must_use]
    pub fn record(&self, digest: &RecordDigest) -> Option<Answer> {
        self.get(&format!("/v1/records/{digest}"))
    }

    /// Posts bytes as a record.
    #[must_use]
    pub fn post(&self, path: &str, bytes: &[u8]) -> Option<Answer> {
        let request = self.agent.post(format!("{}{path}", self.base));
        answer(request.content_type("application/cbor").send(bytes))
    }
}

fn answer(response: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Option<Answer> {
    let mut response = response.ok()?;
    let status = response.status().as_u16();
    let bytes = response.body_mut().read_to_vec().ok()?;
    Some(Answer {
        status,
        json: serde_json::from_slice(&bytes).unwrap_or_default(),
        bytes,
    })
}
