//! Proofs as a customs officer's machine checks them: read, check, judge, on one core and without a network.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use genesis::Genesis;
use genesis::trust::TrustRoot;
use ledger::proof::{Anchor, Proof, Trust};
use ledger::reason::Reason;
use ledger::verdict::{Question, Source, judge};

use super::BenchError;
use super::request::Connection;
use crate::clock::now;

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// What checking cost.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Checked {
    /// Time of each check, in nanoseconds.
    pub(super) times_ns: Vec<u64>,
    /// Bytes of a proof, on average.
    pub(super) bytes: f64,
}

/// Fetches at most `count` proofs.
pub(super) async fn fetch(
    address: SocketAddr,
    paths: &[String],
    count: usize,
) -> Result<Vec<Vec<u8>>, BenchError> {
    let failed = BenchError::io("fetching a proof");
    let fetching = async {
        let mut connection = Connection::open(address).await?;
        let mut proofs = Vec::new();
        for path in paths.iter().take(count) {
            let answer = connection.get(path).await?;
            if answer.status != 200 {
                let told = String::from_utf8_lossy(answer.body);
                return Err(std::io::Error::other(format!("`{path}`: {told}")));
            }
            proofs.push(answer.body.to_vec());
        }
        Ok(proofs)
    };
    fetching.await.map_err(failed)
}

/// Reads and judges the proofs again and again, for `time`.
pub(super) fn check(
    genesis: &Genesis,
    proofs: &[Vec<u8>],
    time: Duration,
) -> Result<Checked, BenchError> {
    let trust = trust(genesis);
    let mut checked = Checked::default();
    let sizes = proofs.iter().map(Vec::len).sum::<usize>();
    if !proofs.is_empty() {
        checked.bytes = sizes as f64 / proofs.len() as f64;
    }
    let begun = Instant::now();
    for bytes in proofs.iter().cycle() {
        let one = Instant::now();
        let proof = Proof::decode(bytes).map_err(|error| BenchError::Answer(error.to_string()))?;
        let question = Question {
            sealed: None,
            number: None,
            permit: proof.permit,
            document: None,
            reader: None,
        };
        let verdict = judge(&question, &proof, &trust, now(), Source::Node);
        let time_ns = u64::try_from(one.elapsed().as_nanos()).unwrap_or(u64::MAX);
        checked.times_ns.push(time_ns);
        // Issued, not endorsed, no document at hand: anything else would be a wrong answer.
        let reasons: Vec<Reason> = verdict.findings.iter().map(|found| found.reason).collect();
        if !reasons.contains(&Reason::NotEndorsed) || reasons.contains(&Reason::BadSeal) {
            return Err(BenchError::Answer(format!("a proof shows {reasons:?}")));
        }
        if begun.elapsed() > time {
            break;
        }
    }
    Ok(checked)
}

fn trust(genesis: &Genesis) -> Trust {
    let root = TrustRoot::from(genesis);
    Trust {
        chain: root.chain,
        anchors: vec![Anchor {
            height: root.height,
            block: None,
            time: None,
            validators: root.validators,
        }],
        max_age_ms: root.parameters.max_age_ms,
        trusting_period_ms: u64::from(root.parameters.trusting_period_days).saturating_mul(DAY_MS),
    }
}
