//! The network that is measured: four Parties with fresh keys, and what their nodes tell of themselves.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use genesis::possession::{Claim, Purpose};
use genesis::{Genesis, NetworkName};
use ledger::key::SecretKey;
use ledger::party::{OfficeNumber, PartyCode, Role};
use rand_core::{OsRng, RngCore as _};
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::request::Connection;
use super::supply::{Issuer, Supply, number_of, place_of};
use super::{BenchError, Plan};
use crate::clock::now;
use crate::localnet::{self, DEMO_PARTIES, LocalParty, Localnet, NETWORK, OfficeKey, Ports};

/// Far longer than any run, so that only records make blocks.
const HEARTBEAT_MS: u32 = 24 * 60 * 60 * 1000;
/// Nodes that do not answer or come to rest by then never will.
const BOUND: Duration = Duration::from_secs(120);
/// How often a condition is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Rest after the last record, so that what remains to be done for it is not measured as idling.
const REST: Duration = Duration::from_secs(2);
/// Permits that are asked for, in turn.
const PATHS_MAX: usize = 20_000;
/// The Management Authority is each Party's first office.
const MANAGEMENT: OfficeNumber = OfficeNumber(1);

/// The running network.
#[derive(Debug)]
pub(super) struct Network {
    local: Localnet,
    issuers: Vec<Issuer>,
}

/// What a node tells of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Status {
    /// Height of its newest block.
    pub(super) height: u64,
    /// Records in its log.
    pub(super) log_size: u64,
    /// Records that wait for a block.
    pub(super) waiting: u64,
    /// Whether it has nothing to decide.
    pub(super) is_idle: bool,
    /// Synced writes, by what was written.
    pub(super) flushes: BTreeMap<String, u64>,
}

impl Status {
    fn read(body: &[u8]) -> Option<Self> {
        let told: Value = serde_json::from_slice(body).ok()?;
        // Heights are text, because JSON's numbers lose digits.
        let number = |name: &str| match told.get(name)? {
            Value::String(text) => text.parse().ok(),
            Value::Number(number) => number.as_u64(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        let flushes = told.get("flushes").and_then(Value::as_object);
        let count = |(what, count): (&String, &Value)| Some((what.clone(), count.as_u64()?));
        Some(Self {
            height: number("height")?,
            log_size: number("log_size")?,
            waiting: number("waiting")?,
            is_idle: told.get("idle")?.as_bool()?,
            flushes: flushes
                .map(|flushes| flushes.iter().filter_map(count).collect())
                .unwrap_or_default(),
        })
    }
}

impl Network {
    /// Makes the network and starts its nodes.
    pub(super) fn start(plan: &Plan) -> Result<Self, BenchError> {
        let name = NetworkName::parse(NETWORK);
        let name = name.ok_or_else(|| BenchError::Record(format!("`{NETWORK}`")))?;
        let (mut parties, mut issuers) = (Vec::new(), Vec::new());
        for (code, title) in DEMO_PARTIES {
            let party = PartyCode::new(code);
            let party = party.ok_or_else(|| BenchError::Record(format!("`{code}`")))?;
            let key = draw()?;
            parties.push(LocalParty {
                code: party,
                name: title.into(),
                votes: true,
                offices: vec![office(&name, party, &key)],
            });
            issuers.push(Issuer {
                party,
                office: MANAGEMENT,
                key,
            });
        }
        let local = localnet::Plan {
            program: plan.program.clone(),
            dir: plan.dir.clone(),
            parties,
            heartbeat_ms: HEARTBEAT_MS,
        };
        let mut local = Localnet::make(&local, Ports::free()?)?;
        local.bring_up()?;
        Ok(Self { local, issuers })
    }

    pub(super) const fn genesis(&self) -> &Genesis {
        self.local.genesis()
    }

    pub(super) fn addresses(&self) -> Vec<SocketAddr> {
        let nodes = self.local.nodes().iter();
        nodes.map(|node| node.listen().http).collect()
    }

    pub(super) fn processes(&self) -> Vec<u32> {
        let nodes = self.local.nodes().iter();
        nodes.filter_map(|node| node.id()).collect()
    }

    /// Signs issues that no run has submitted yet.
    pub(super) fn supply(&self, first: u64, count: u64) -> Result<Supply, BenchError> {
        let chain = self.genesis().chain_id();
        Supply::make(&self.issuers, chain, now(), first, count)
    }

    /// Where to ask for permits that were issued, spread over all of them.
    pub(super) fn paths(&self, route: &str, issued: &[u64]) -> Vec<String> {
        let chain = self.genesis().chain_id();
        let path = |index: &u64| {
            let place = place_of(*index, self.issuers.len())?;
            let party = self.issuers.get(place)?.party;
            Some(format!(
                "{route}/{party}/{}",
                number_of(chain, party, *index).0
            ))
        };
        let step = issued.len().div_ceil(PATHS_MAX).max(1);
        issued.iter().step_by(step).filter_map(path).collect()
    }

    /// What each node tells now.
    pub(super) async fn status(&self) -> Result<Vec<Status>, BenchError> {
        let mut told = Vec::new();
        for address in self.addresses() {
            told.push(
                ask(address)
                    .await
                    .map_err(BenchError::io("asking a node"))?,
            );
        }
        Ok(told)
    }

    /// Waits until nothing waits for a block any more, and a little longer.
    pub(super) async fn settle(&mut self) -> Result<(), BenchError> {
        let at_rest = |status: &[Status]| {
            let height = status.first().map(|first| first.height);
            status
                .iter()
                .all(|one| one.is_idle && one.waiting == 0 && Some(one.height) == height)
        };
        self.until("the network does not come to rest", at_rest)
            .await?;
        sleep(REST).await;
        Ok(())
    }

    async fn until(
        &mut self,
        otherwise: &str,
        condition: impl Fn(&[Status]) -> bool,
    ) -> Result<(), BenchError> {
        let end = Instant::now() + BOUND;
        loop {
            let status = self.status().await;
            if status.is_ok_and(|status| condition(&status)) {
                return Ok(());
            }
            self.alive()?;
            if Instant::now() > end {
                return Err(BenchError::Answer(format!("{otherwise} after {BOUND:?}")));
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// A node that has ended explains whatever else went wrong.
    pub(super) fn alive(&mut self) -> Result<(), BenchError> {
        for node in self.local.nodes_mut() {
            if let Some(status) = node.ended() {
                return Err(node.failed(&format!("ended with {status}")).into());
            }
        }
        Ok(())
    }
}

fn office(network: &NetworkName, party: PartyCode, key: &SecretKey) -> OfficeKey {
    let claim = Claim {
        network,
        party,
        purpose: Purpose::Office(Role::Management),
    };
    OfficeKey {
        role: Role::Management,
        key: key.public(),
        proof: claim.prove(key),
    }
}

fn draw() -> Result<SecretKey, BenchError> {
    let mut seed = [0; 32];
    OsRng
        .try_fill_bytes(&mut seed)
        .map_err(|_| BenchError::Randomness)?;
    Ok(SecretKey::from_seed(&seed))
}

async fn ask(address: SocketAddr) -> std::io::Result<Status> {
    let mut connection = Connection::open(address).await?;
    let answer = connection.get("/v1/status").await?;
    let status = Status::read(answer.body);
    status.ok_or_else(|| std::io::Error::other("not a status"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_read_whether_numbers_are_text_or_not() {
        let body = br#"{"height":"7","log_size":"40","waiting":2,"idle":true,
            "flushes":{"commit":7,"outbox":3}}"#;
        let status = Status::read(body).unwrap();
        assert_eq!((status.height, status.log_size, status.waiting), (7, 40, 2));
        assert!(status.is_idle);
        assert_eq!(status.flushes.get("outbox"), Some(&3));
        assert_eq!(Status::read(b"{}"), None);
        assert_eq!(Status::read(b"ok"), None);
    }
}
