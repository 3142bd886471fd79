//! One run as one JSON object, in the shape in which the peers' runs are kept.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::load::Tally;
use super::proofs::Checked;
use super::sample::{Sample, mib};

/// What these nodes are called beside their peers.
const PEER: &str = "cites-node-x4";

/// What is measured.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    pub(super) op: &'static str,
    pub(super) clients: usize,
    pub(super) time: Duration,
}

/// What was found.
#[derive(Debug)]
pub(super) struct Measured {
    pub(super) before: Sample,
    pub(super) after: Sample,
    pub(super) tally: Tally,
}

/// The line of a run on the network.
pub(super) fn measured(settings: &Settings, measured: &Measured) -> Value {
    let Measured {
        before,
        after,
        tally,
    } = measured;
    let mut times = tally.latencies_us.clone();
    times.sort_unstable();
    let ok = times.len();
    let seconds = settings.time.as_secs_f64();
    let server_cpu_s = after.nodes_cpu_s - before.nodes_cpu_s;
    let written = after.written_bytes.saturating_sub(before.written_bytes);
    let each = |sum: f64| {
        if ok == 0 {
            0.0
        } else {
            round(sum / ok as f64, 4)
        }
    };
    let ms = |share: f64| quantile(&times, share) as f64 / 1000.0;
    let heights = grown(before, after, |status| status.height);
    let records = grown(before, after, |status| status.log_size);
    let mut line = json!({
        "peer": PEER,
        "profile": profile(),
        "op": settings.op,
        "clients": settings.clients,
        "secs": settings.time.as_secs(),
        "ok": ok,
        "err": tally.failed,
        "first_err": tally.first_failure,
        "exhausted": tally.exhausted,
        "per_s": round(ok as f64 / seconds, 1),
        "p50_ms": ms(0.5),
        "p90_ms": ms(0.9),
        "p99_ms": ms(0.99),
        "max_ms": ms(1.0),
        "server_cpu_s": round(server_cpu_s, 2),
        "server_cpu_ms_per_op": each(server_cpu_s * 1000.0),
        "server_cpu_share_of_a_core": round(server_cpu_s / seconds, 4),
        "client_cpu_s": round(after.own_cpu_s - before.own_cpu_s, 2),
        "machine_busy_s": round(after.machine_busy_s - before.machine_busy_s, 2),
        "rss_mib": after.memory_kib.iter().map(|kib| mib(*kib)).collect::<Vec<_>>(),
        "rss_peak_mib": after.memory_peak_kib.iter().map(|kib| mib(*kib)).collect::<Vec<_>>(),
        "wrote_kib": written / 1024,
        "wrote_kib_per_op": each(written as f64 / 1024.0),
        "load1": after.load,
        "heights": heights,
        "log_size": after.status.first().map_or(0, |status| status.log_size),
        "flushes": flushes(before, after),
    });
    if let (Some(line), true) = (line.as_object_mut(), heights > 0) {
        let each = |sum: f64| round(sum / heights as f64, 2);
        line.insert("records_per_block".into(), json!(each(records as f64)));
        line.insert("height_ms".into(), json!(each(seconds * 1000.0)));
        let cpu = each(server_cpu_s * 1000.0);
        line.insert("server_cpu_ms_per_height".into(), json!(cpu));
    }
    line
}

/// The line of proofs that were checked here.
pub(super) fn checked(settings: &Settings, checked: &Checked) -> Value {
    let mut times = checked.times_ns.clone();
    times.sort_unstable();
    let all_ns: u64 = times.iter().sum();
    let ms = |share: f64| quantile(&times, share) as f64 / 1_000_000.0;
    json!({
        "peer": PEER,
        "profile": profile(),
        "op": settings.op,
        "clients": settings.clients,
        "secs": settings.time.as_secs(),
        "ok": times.len(),
        "per_s": round(times.len() as f64 * 1e9 / (all_ns.max(1)) as f64, 1),
        "p50_ms": ms(0.5),
        "p90_ms": ms(0.9),
        "p99_ms": ms(0.99),
        "max_ms": ms(1.0),
        "proof_bytes": round(checked.bytes, 0),
    })
}

/// A build of cargo's `dev` profile checks the assertions of this crate; one of `release` does not.
const fn profile() -> &'static str {
    if cfg!(debug_assertions) {
        "dev"
    } else {
        "release"
    }
}

/// Growth of what the first node tells.
fn grown(before: &Sample, after: &Sample, of: fn(&super::network::Status) -> u64) -> u64 {
    let first = |sample: &Sample| sample.status.first().map_or(0, of);
    first(after).saturating_sub(first(before))
}

/// Synced writes of all nodes together, by what was written.
fn flushes(before: &Sample, after: &Sample) -> BTreeMap<String, u64> {
    let mut sums = BTreeMap::new();
    for (before, after) in before.status.iter().zip(&after.status) {
        for (what, count) in &after.flushes {
            let earlier = before.flushes.get(what).copied().unwrap_or(0);
            let sum: &mut u64 = sums.entry(what.clone()).or_default();
            *sum = sum.saturating_add(count.saturating_sub(earlier));
        }
    }
    sums
}

/// The value below which that share of the sorted values lies.
fn quantile(sorted: &[u64], share: f64) -> u64 {
    let last = sorted.len().saturating_sub(1) as f64;
    let index = (last * share) as usize;
    sorted.get(index).copied().unwrap_or(0)
}

fn round(value: f64, places: i32) -> f64 {
    let scale = 10_f64.powi(places);
    (value * scale).round() / scale
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::network::Status;

    #[test]
    fn a_line_tells_differences_and_shares() {
        let sample = |cpu: f64, written, height, commits| Sample {
            nodes_cpu_s: cpu,
            written_bytes: written,
            memory_kib: vec![2048, 1024],
            status: vec![Status {
                height,
                log_size: height * 10,
                flushes: BTreeMap::from([("commit".into(), commits)]),
                ..Status::default()
            }],
            ..Sample::default()
        };
        let run = Measured {
            before: sample(1.0, 1024, 3, 3),
            after: sample(1.5, 11 * 1024, 5, 9),
            tally: Tally {
                latencies_us: (1..=100).rev().map(|ms| ms * 1000).collect(),
                ..Tally::default()
            },
        };
        let settings = Settings {
            op: "Register",
            clients: 16,
            time: Duration::from_secs(2),
        };
        let line = measured(&settings, &run);
        for (name, expected) in [
            ("ok", json!(100)),
            ("per_s", json!(50.0)),
            ("p50_ms", json!(50.0)),
            ("p99_ms", json!(99.0)),
            ("max_ms", json!(100.0)),
            ("server_cpu_ms_per_op", json!(5.0)),
            ("wrote_kib_per_op", json!(0.1)),
            ("rss_mib", json!([2, 1])),
            ("heights", json!(2)),
            ("records_per_block", json!(10.0)),
            ("flushes", json!({ "commit": 6 })),
        ] {
            assert_eq!(line[name], expected, "{name}");
        }
    }

    #[test]
    fn nothing_measured_is_no_fault() {
        let none = Measured {
            before: Sample::default(),
            after: Sample::default(),
            tally: Tally::default(),
        };
        let settings = Settings {
            op: "Idle",
            clients: 0,
            time: Duration::from_secs(1),
        };
        assert_eq!(measured(&settings, &none)["p99_ms"], json!(0.0));
        let line = checked(&settings, &Checked::default());
        assert_eq!((&line["ok"], &line["max_ms"]), (&json!(0), &json!(0.0)));
    }
}
