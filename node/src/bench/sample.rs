//! What the nodes, the clients and the machine have used up so far, from `/proc` and from each node's status.

use std::fs;
use std::io;

use super::BenchError;
use super::network::Status;

/// Linux counts the CPU time that it tells in hundredths of a second, whatever its own tick.
const TICKS_PER_SECOND: f64 = 100.0;
const KIB: u64 = 1024;

/// One moment.
#[derive(Clone, Debug, Default)]
pub(super) struct Sample {
    /// CPU time of all nodes, in seconds.
    pub(super) nodes_cpu_s: f64,
    /// CPU time of this process, in seconds.
    pub(super) own_cpu_s: f64,
    /// Time in which any core of the machine worked, summed over cores, in seconds.
    pub(super) machine_busy_s: f64,
    /// Bytes that all nodes have sent to disk.
    pub(super) written_bytes: u64,
    /// Memory of each node, in KiB.
    pub(super) memory_kib: Vec<u64>,
    /// The most memory that each node has had, in KiB.
    pub(super) memory_peak_kib: Vec<u64>,
    /// Load of the machine over the last minute.
    pub(super) load: f64,
    /// What each node tells.
    pub(super) status: Vec<Status>,
}

impl Sample {
    /// Takes a sample of the processes `nodes`.
    pub(super) fn take(nodes: &[u32], status: Vec<Status>) -> Result<Self, BenchError> {
        let mut sample = Self {
            own_cpu_s: cpu_s(&read("/proc/self/stat")?),
            machine_busy_s: busy_s(&read("/proc/stat")?),
            load: first_number(&read("/proc/loadavg")?),
            status,
            ..Self::default()
        };
        for node in nodes {
            sample.nodes_cpu_s += cpu_s(&read(&format!("/proc/{node}/stat"))?);
            let io = read(&format!("/proc/{node}/io"))?;
            let written = field(&io, "write_bytes:");
            sample.written_bytes = sample.written_bytes.saturating_add(written);
            let memory = read(&format!("/proc/{node}/status"))?;
            sample.memory_kib.push(field(&memory, "VmRSS:"));
            sample.memory_peak_kib.push(field(&memory, "VmHWM:"));
        }
        Ok(sample)
    }
}

fn read(path: &str) -> Result<String, BenchError> {
    let told = fs::read_to_string(path);
    told.map_err(|error| {
        let source = io::Error::new(error.kind(), format!("`{path}`: {error}"));
        BenchError::io("reading what a process has used")(source)
    })
}

/// User and system time, fields 14 and 15. The name in field 2 may hold anything, so they are counted from
/// its closing bracket.
fn cpu_s(stat: &str) -> f64 {
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after.split_whitespace().skip(11).take(2);
    ticks.map(number).sum::<f64>() / TICKS_PER_SECOND
}

/// Time in user, nice, system, interrupts and soft interrupts, of all cores.
fn busy_s(stat: &str) -> f64 {
    let line = stat.lines().next().unwrap_or_default();
    let fields: Vec<f64> = line.split_whitespace().skip(1).map(number).collect();
    let busy = [0, 1, 2, 5, 6].map(|index| fields.get(index).copied().unwrap_or(0.0));
    busy.iter().sum::<f64>() / TICKS_PER_SECOND
}

fn first_number(text: &str) -> f64 {
    text.split_whitespace().next().map_or(0.0, number)
}

fn number(text: &str) -> f64 {
    text.parse().unwrap_or(0.0)
}

/// The number after a name at the beginning of a line.
fn field(text: &str, name: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let value = line.and_then(|line| line.split_whitespace().next());
    value.and_then(|value| value.parse().ok()).unwrap_or(0)
}

/// KiB as MiB, rounded.
pub(super) const fn mib(kib: u64) -> u64 {
    kib.saturating_add(KIB / 2) / KIB
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_linux_tells_is_read() {
        let stat = "7 (a) b) c) S 1 7 7 0 -1 4194560 1 0 0 0 250 50 0 0 20 0 1 0 5 6 7";
        assert_eq!(cpu_s(stat), 3.0);
        assert_eq!(busy_s("cpu  100 20 30 9999 40 5 6 0 0 0\ncpu0 1"), 1.61);
        let status = "Name:\tx\nVmHWM:\t  2048 kB\nVmRSS:\t  1536 kB\n";
        assert_eq!(
            (field(status, "VmHWM:"), field(status, "VmRSS:")),
            (2048, 1536)
        );
        assert_eq!(field(status, "VmSwap:"), 0);
        assert_eq!(mib(1536), 2);
        assert_eq!(first_number("0.25 1.0 2.0 1/2 3"), 0.25);
    }

    #[test]
    fn this_process_has_used_something() {
        let sample = Sample::take(&[std::process::id()], vec![]).unwrap();
        assert!(sample.machine_busy_s > 0.0);
        assert!(sample.memory_peak_kib >= sample.memory_kib && sample.memory_kib[0] > 0);
    }
}
