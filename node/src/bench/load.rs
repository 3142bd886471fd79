//! Closed-loop clients: each has one connection and one request under way.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout};

use super::request::Connection;
use super::supply::Supply;

/// Longer than any answer takes; then the client counts a failure.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(30);
/// Where records are submitted.
const SUBMIT: &str = "/v1/records?wait=final";

/// What the clients do, again and again.
#[derive(Debug)]
pub(super) enum Work {
    /// Submits the next record to the author's own node and waits until it is final.
    Submit {
        /// Signed records for each node.
        supply: Supply,
        /// How many of them are taken.
        taken: Vec<AtomicUsize>,
    },
    /// Asks for the next path.
    Ask {
        /// What is asked for, in a ring.
        paths: Vec<String>,
        /// How often something was asked for.
        asked: AtomicUsize,
    },
}

impl Work {
    pub(super) fn submit(supply: Supply) -> Self {
        let taken = (0..supply.nodes()).map(|_| AtomicUsize::new(0)).collect();
        Self::Submit { supply, taken }
    }

    pub(super) const fn ask(paths: Vec<String>) -> Self {
        Self::Ask {
            paths,
            asked: AtomicUsize::new(0),
        }
    }

    /// The permits whose issue was submitted.
    pub(super) fn submitted(&self) -> Vec<u64> {
        match self {
            Self::Submit { supply, taken } => taken
                .iter()
                .enumerate()
                .flat_map(|(place, taken)| {
                    let taken = taken.load(Ordering::Relaxed);
                    supply.permits(place, taken)
                })
                .collect(),
            Self::Ask { .. } => Vec::new(),
        }
    }

    /// One request to the node at `place`, and its whole answer.
    async fn once(&self, connection: &mut Connection, place: usize) -> Outcome {
        let answer = match self {
            Self::Submit { supply, taken } => {
                let next = taken
                    .get(place)
                    .map(|taken| taken.fetch_add(1, Ordering::Relaxed));
                let Some(record) = next.and_then(|next| supply.record(place, next)) else {
                    return Outcome::Exhausted;
                };
                connection.post(SUBMIT, record).await
            }
            Self::Ask { paths, asked } => {
                let next = asked
                    .fetch_add(1, Ordering::Relaxed)
                    .checked_rem(paths.len());
                let Some(path) = next.and_then(|next| paths.get(next)) else {
                    return Outcome::Exhausted;
                };
                connection.get(path).await
            }
        };
        match answer {
            Err(error) => Outcome::Failed(error.to_string()),
            Ok(answer) if answer.status != 200 => {
                let told = String::from_utf8_lossy(answer.body);
                Outcome::Failed(format!("HTTP {}: {told}", answer.status))
            }
            Ok(answer) => match self {
                Self::Submit { .. } => applied(answer.body),
                Self::Ask { .. } => Outcome::Done,
            },
        }
    }
}

/// Only a record that is final and was applied counts.
fn applied(body: &[u8]) -> Outcome {
    let told: Value = serde_json::from_slice(body).unwrap_or_default();
    let receipt = told
        .get("receipt")
        .and_then(|receipt| receipt.get("result"));
    if receipt.and_then(Value::as_str) == Some("applied") {
        Outcome::Done
    } else {
        Outcome::Failed(format!("not applied: {told}"))
    }
}

enum Outcome {
    Done,
    Failed(String),
    /// Nothing is left to do.
    Exhausted,
}

/// What clients did.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Time of each request that was served within the measured time, in microseconds.
    pub(super) latencies_us: Vec<u64>,
    /// Requests that failed, whenever.
    pub(super) failed: u64,
    /// The first of them.
    pub(super) first_failure: Option<String>,
    /// Whether a client ran out of records.
    pub(super) exhausted: bool,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.latencies_us.extend(other.latencies_us);
        self.failed = self.failed.saturating_add(other.failed);
        self.exhausted |= other.exhausted;
        if self.first_failure.is_none() {
            self.first_failure = other.first_failure;
        }
    }
}

/// The clients of one run.
#[derive(Debug)]
pub(super) struct Crowd {
    clients: Vec<JoinHandle<(Tally, Connection)>>,
    window: Window,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    from: Instant,
    to: Instant,
}

impl Crowd {
    /// Connects all clients, in turn to each node, then lets them begin.
    pub(super) async fn start(
        work: Arc<Work>,
        addresses: &[SocketAddr],
        clients: usize,
        warm_up: Duration,
        time: Duration,
    ) -> io::Result<Self> {
        let mut connections = Vec::new();
        let places = addresses.iter().enumerate().cycle().take(clients);
        for (place, address) in places {
            connections.push((place, Connection::open(*address).await?));
        }
        let from = Instant::now() + warm_up;
        let window = Window {
            from,
            to: from + time,
        };
        let start = |(place, connection)| {
            tokio::spawn(client(Arc::clone(&work), connection, place, window))
        };
        Ok(Self {
            clients: connections.into_iter().map(start).collect(),
            window,
        })
    }

    pub(super) async fn warmed_up(&self) {
        sleep_until(self.window.from).await;
    }

    pub(super) async fn time_is_up(&self) {
        sleep_until(self.window.to).await;
    }

    /// Waits until every client has its last answer. Connections stay open until then.
    pub(super) async fn tally(self) -> Tally {
        let mut sum = Tally::default();
        let mut connections = Vec::new();
        for client in self.clients {
            match client.await {
                Ok((tally, connection)) => {
                    sum.add(tally);
                    connections.push(connection);
                }
                Err(error) => sum.add(failure(error.to_string())),
            }
        }
        sum
    }
}

fn failure(why: String) -> Tally {
    Tally {
        failed: 1,
        first_failure: Some(why),
        ..Tally::default()
    }
}

async fn client(
    work: Arc<Work>,
    mut connection: Connection,
    place: usize,
    window: Window,
) -> (Tally, Connection) {
    let mut tally = Tally::default();
    loop {
        let begun = Instant::now();
        if begun >= window.to {
            return (tally, connection);
        }
        let once = timeout(ANSWER_TIME_MAX, work.once(&mut connection, place));
        match once.await {
            Ok(Outcome::Done) => {
                let ended = Instant::now();
                if (window.from..=window.to).contains(&ended) {
                    let time = ended.duration_since(begun).as_micros();
                    tally
                        .latencies_us
                        .push(u64::try_from(time).unwrap_or(u64::MAX));
                }
            }
            Ok(Outcome::Exhausted) => {
                tally.exhausted = true;
                return (tally, connection);
            }
            Ok(Outcome::Failed(why)) => tally.add(failure(why)),
            // The answer may still come and would be taken for the next one's.
            Err(_) => {
                tally.add(failure(String::from("no answer in time")));
                return (tally, connection);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_applied_record_is_counted() {
        let done = |body: &str| matches!(applied(body.as_bytes()), Outcome::Done);
        assert!(done(r#"{"status":"final","receipt":{"result":"applied"}}"#));
        assert!(!done(
            r#"{"status":"final","receipt":{"result":"refused"}}"#
        ));
        assert!(!done(r#"{"status":"stored"}"#));
        assert!(!done("applied"));
    }
}
