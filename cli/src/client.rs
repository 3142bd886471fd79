//! Asks a node over HTTP. Answers are limited before they are read, and every call ends in bounded time.
//!
//! Only `http` for now: the node listens on loopback, farther ones are reached through a tunnel. Answers are
//! material for the judge, never trusted by themselves.

mod answer;
mod chain;

use std::time::{Duration, Instant};

use ledger::digest::RecordDigest;
use ledger::limits::PROOF_BYTES_MAX;
use ledger::party::Height;
use ledger::record::PermitKey;
use serde_json::Value;
use ureq::Agent;

pub(crate) use self::answer::{Judgement, Receipt, Standing, number};
use self::answer::{problem, receipt};
use crate::exit::Exit;
use crate::failure::Failure;

/// Bytes of a JSON answer.
const JSON_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of a problem report that are looked at.
const PROBLEM_BYTES_MAX: usize = 64 * 1024;
/// A node that is there answers a connection sooner.
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// A node, as this program asks it.
#[derive(Debug)]
pub(crate) struct Client {
    agent: Agent,
    base: String,
    timeout: Duration,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ClientError {
    /// No connection: nothing was sent.
    #[error("node {node} cannot be reached: {why}")]
    Unreachable {
        /// Its address.
        node: String,
        /// Why.
        why: String,
    },
    /// The connection ended or the time was over before the answer was there.
    #[error("node {node} did not answer in full: {why}")]
    Cut {
        /// Its address.
        node: String,
        /// Why.
        why: String,
    },
    /// More than an answer may have.
    #[error("the answer of node {node} is larger than {limit} bytes")]
    TooLarge {
        /// Its address.
        node: String,
        /// Bytes allowed.
        limit: usize,
    },
    /// Not the answer of such a node.
    #[error("the answer of node {node} makes no sense: {why}")]
    Nonsense {
        /// Its address.
        node: String,
        /// Why.
        why: String,
    },
    /// The node says no.
    #[error("node says {status}{}: {detail}", .code.as_ref().map(|code| format!(" {code}")).unwrap_or_default())]
    Problem {
        /// HTTP status.
        status: u16,
        /// Stable code, where it gave one.
        code: Option<String>,
        /// In words.
        detail: String,
    },
}

impl Client {
    /// A client for the node at `url`; every call ends after `timeout`.
    pub(crate) fn new(url: &str, timeout: Duration) -> Result<Self, Failure> {
        if url.starts_with("https://") {
            return Err(Failure::new(Exit::Usage, "https is not spoken yet")
                .hint("ask the node on this machine, or reach a farther one through a tunnel: --node http://127.0.0.1:27611"));
        }
        let base = url.trim_end_matches('/');
        let is_address = base.strip_prefix("http://").is_some_and(|rest| {
            !rest.is_empty()
                && rest
                    .chars()
                    .all(|c| c.is_ascii_graphic() && !matches!(c, '?' | '#' | '@' | '\\'))
        });
        if !is_address {
            return Err(Failure::new(
                Exit::Usage,
                format_args!("`{url}` is not the address of a node"),
            )
            .hint("write it as http://127.0.0.1:27611"));
        }
        let config = Agent::config_builder()
            .timeout_global(Some(timeout))
            .timeout_connect(Some(CONNECT_MAX.min(timeout)))
            .http_status_as_error(false)
            .max_redirects(0)
            // A proxy of the environment would see which permits are asked about.
            .proxy(None)
            .user_agent("cites")
            .build();
        Ok(Self {
            agent: config.into(),
            base: base.into(),
            timeout,
        })
    }

    /// The node's address.
    pub(crate) fn address(&self) -> &str {
        &self.base
    }

    /// How long a call may take.
    pub(crate) const fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Bytes of a proof about a permit, with the hand-overs since `from`, and with the leaf of `record`
    /// however many newer ones there are.
    pub(crate) fn proof(
        &self,
        permit: &PermitKey,
        from: Height,
        record: Option<&RecordDigest>,
    ) -> Result<Vec<u8>, ClientError> {
        let mut path = format!(
            "/v1/proofs/permits/{}/{}?from_height={from}",
            permit.issuer, permit.number
        );
        if let Some(record) = record {
            path.push_str(&format!("&record={record}"));
        }
        self.get(&path, PROOF_BYTES_MAX, self.timeout)
    }

    /// What the node tells of a permit's past.
    pub(crate) fn history(&self, permit: &PermitKey) -> Result<Value, ClientError> {
        let path = format!("/v1/permits/{}/{}/history", permit.issuer, permit.number);
        self.json(&self.get(&path, JSON_BYTES_MAX, self.timeout)?)
    }

    /// Submits a signed record; the node answers when it is final, or after `wait`.
    pub(crate) fn submit(
        &self,
        signed: &[u8],
        wait: Option<Duration>,
    ) -> Result<Standing, ClientError> {
        let query = match wait {
            Some(wait) => format!("?wait=final&timeout_ms={}", wait.as_millis()),
            None => "?wait=accepted".into(),
        };
        let url = format!("{}/v1/records{query}", self.base);
        let request = self.agent.post(&url).content_type("application/cbor");
        let response = request.send(signed).map_err(|error| self.failed(&error))?;
        let body = self.read(response, JSON_BYTES_MAX)?;
        self.standing(&self.json(&body)?)
    }

    /// What the rules would say of a record now. Only a preview: nothing is stored, and nothing is proven.
    pub(crate) fn judge(&self, record: &[u8]) -> Result<Judgement, ClientError> {
        let url = format!("{}/v1/judgements", self.base);
        let request = self.agent.post(&url).content_type("application/cbor");
        let response = request.send(record).map_err(|error| self.failed(&error))?;
        let body = self.json(&self.read(response, JSON_BYTES_MAX)?)?;
        let part = |name: &str| body.get(name).cloned().unwrap_or_default();
        Ok(Judgement {
            refused: part("refused").as_str().map(str::to_owned),
            broken: part("broken"),
            warnings: part("warnings"),
        })
    }

    /// A list or a register, as the node tells it.
    pub(crate) fn look(&self, path: &str) -> Result<Value, ClientError> {
        self.json(&self.get(path, JSON_BYTES_MAX, self.timeout)?)
    }

    /// What became of a record, asked within `limit`.
    pub(crate) fn record(
        &self,
        digest: &RecordDigest,
        limit: Duration,
    ) -> Result<Standing, ClientError> {
        let body = self.get(&format!("/v1/records/{digest}"), JSON_BYTES_MAX, limit)?;
        self.standing(&self.json(&body)?)
    }

    fn get(&self, path: &str, limit: usize, time: Duration) -> Result<Vec<u8>, ClientError> {
        let url = format!("{}{path}", self.base);
        let request = self
            .agent
            .get(&url)
            .config()
            .timeout_global(Some(time))
            .build();
        let response = request.call().map_err(|error| self.failed(&error))?;
        self.read(response, limit)
    }

    fn read(
        &self,
        mut response: ureq::http::Response<ureq::Body>,
        limit: usize,
    ) -> Result<Vec<u8>, ClientError> {
        let status = response.status().as_u16();
        let is_good = (200..300).contains(&status);
        let limit = if is_good { limit } else { PROBLEM_BYTES_MAX };
        let allowed = u64::try_from(limit).unwrap_or(u64::MAX);
        let body = response
            .body_mut()
            .with_config()
            .limit(allowed)
            .read_to_vec();
        match body {
            Ok(bytes) if is_good => Ok(bytes),
            Ok(bytes) => Err(problem(status, &bytes)),
            Err(ureq::Error::BodyExceedsLimit(_)) => Err(ClientError::TooLarge {
                node: self.base.clone(),
                limit,
            }),
            Err(error) => Err(self.failed(&error)),
        }
    }

    fn json(&self, bytes: &[u8]) -> Result<Value, ClientError> {
        serde_json::from_slice(bytes).map_err(|_| self.nonsense("not JSON"))
    }

    /// The answer is not one of such a node.
    pub(crate) fn nonsense(&self, why: &str) -> ClientError {
        ClientError::Nonsense {
            node: self.base.clone(),
            why: why.into(),
        }
    }

    /// Sorts errors by whether the request may have reached the node.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "a foreign enum that may grow; the rest counts as possibly sent"
    )]
    fn failed(&self, error: &ureq::Error) -> ClientError {
        use std::io::ErrorKind;
        use ureq::{Error, Timeout};
        let is_unsent = match error {
            Error::HostNotFound | Error::ConnectionFailed | Error::BadUri(_) | Error::Http(_) => {
                true
            }
            Error::Timeout(when) => matches!(when, Timeout::Connect | Timeout::Resolve),
            Error::Io(error) => matches!(
                error.kind(),
                ErrorKind::ConnectionRefused
                    | ErrorKind::HostUnreachable
                    | ErrorKind::NetworkUnreachable
            ),
            _ => false,
        };
        let (node, why) = (self.base.clone(), error.to_string());
        if is_unsent {
            ClientError::Unreachable { node, why }
        } else {
            ClientError::Cut { node, why }
        }
    }

    fn standing(&self, value: &Value) -> Result<Standing, ClientError> {
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        match text("status") {
            Some("final") => {
                let receipt = value.get("receipt").and_then(receipt);
                receipt
                    .map(Standing::Final)
                    .ok_or_else(|| self.nonsense("a final record without its receipt"))
            }
            Some("stored" | "unknown") => Ok(Standing::Waiting),
            Some(status @ "not_included") => {
                let code = text("reason").unwrap_or(status);
                Ok(Standing::NotIncluded(code.into()))
            }
            Some(_) | None => Err(self.nonsense("an unknown status of a record")),
        }
    }
}

/// Polls with pauses until `deadline`.
pub(crate) fn pause(deadline: Instant) -> bool {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return false;
    }
    std::thread::sleep(Duration::from_millis(200).min(left));
    true
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use ledger::reason::Reason;
    use ledger::state::Warnings;

    use super::*;

    proptest! {
        #[test]
        fn no_answer_panics(text in "\\PC{0,80}", status in "final|stored|not_included|unknown|x", result in "applied|refused|x",
            height in any::<i64>(), code in any::<u16>(), bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let client = client("http://h").unwrap();
            let answer = json!({"status": status, "reason": text, "receipt": {"height": height, "index": text, "result": result, "reason": text}});
            let _standing = client.standing(&answer);
            let _json = client.json(&bytes);
            let failure = problem(code, &bytes).into_failure();
            prop_assert!(failure.exit() != Exit::Done);
            prop_assert!(problem(code, text.as_bytes()).into_failure().exit() != Exit::Done);
        }
    }

    fn client(url: &str) -> Result<Client, Failure> {
        Client::new(url, Duration::from_secs(1))
    }

    #[test]
    fn only_plain_http_addresses_are_taken() {
        assert_eq!(
            client("http://127.0.0.1:27611/").unwrap().address(),
            "http://127.0.0.1:27611"
        );
        for wrong in [
            "https://node.example",
            "ftp://x",
            "127.0.0.1:27611",
            "http://",
            "http://a b",
            "http://u@h",
            "http://h/?x",
            "http://h\n",
        ] {
            assert_eq!(client(wrong).unwrap_err().exit(), Exit::Usage, "{wrong}");
        }
    }

    #[test]
    fn a_receipt_is_read_or_the_answer_is_nonsense() {
        let client = client("http://h").unwrap();
        let refused = json!({"status": "final", "receipt": {"height": "13", "index": 2, "result": "refused", "reason": "USED"}});
        let expected = Receipt {
            height: Height(13),
            index: 2,
            refused: Some(Reason::Used),
            warnings: Warnings::NONE,
        };
        assert_eq!(client.standing(&refused), Ok(Standing::Final(expected)));
        assert_eq!(
            client.standing(&json!({"status": "stored"})),
            Ok(Standing::Waiting)
        );
        for wrong in [
            json!({}),
            json!({"status": "final"}),
            json!({"status": "perhaps"}),
            json!({"status": "final", "receipt": {"height": 1, "index": 0, "result": "maybe"}}),
            json!({"status": "final", "receipt": {"height": 1, "index": 0, "result": "refused", "reason": "NOVEL"}}),
        ] {
            assert!(
                matches!(client.standing(&wrong), Err(ClientError::Nonsense { .. })),
                "{wrong}"
            );
        }
    }

    #[test]
    fn a_problem_tells_a_script_whether_to_try_again() {
        for (status, expected) in [
            (400, Exit::Refused),
            (409, Exit::Refused),
            (403, Exit::Key),
            (429, Exit::Unreachable),
            (503, Exit::Unreachable),
            (302, Exit::Unreachable),
        ] {
            let failure = problem(status, b"{\"code\":\"X\",\"detail\":\"d\"}").into_failure();
            assert_eq!(failure.exit(), expected, "{status}");
            assert_eq!(failure.json()["code"], "X");
        }
        assert_eq!(
            problem(500, b"<html>").to_string(),
            "node says 500: no reason given"
        );
    }
}
