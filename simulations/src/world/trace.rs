//! The trace: one digest of every event of a run, in order.

use ledger::digest::{Digest, sha256};

use super::{Event, World};

/// Bytes that are gathered before they are hashed.
const GATHERED_BYTES: usize = 64 * 1024;

/// A digest that grows with every event.
#[derive(Debug, Default)]
pub(super) struct Trace {
    digest: Digest,
    gathered: Vec<u8>,
}

impl Trace {
    /// Adds one event: pieces of fixed length, or with their length before them.
    pub(super) fn add(&mut self, pieces: &[&[u8]]) {
        for piece in pieces {
            self.gathered.extend_from_slice(piece);
        }
        if self.gathered.len() >= GATHERED_BYTES {
            self.digest = self.digest();
            self.gathered.clear();
        }
    }

    /// The digest of all events so far.
    #[must_use]
    pub(super) fn digest(&self) -> Digest {
        sha256(&[self.digest.as_ref(), &self.gathered].concat())
    }
}

impl World {
    /// Adds an event to the trace: everything about it that a run depends on.
    pub(super) fn note(&mut self, event: &Event) {
        let at = self.now.as_us().to_be_bytes();
        match event {
            Event::Arrives { from, to, packet } => {
                let open = [u8::from(self.network.is_open(*from, *to))];
                let (from, to) = (from.place.to_be_bytes(), to.place.to_be_bytes());
                let digest = packet.digest().as_ref();
                self.trace.add(&[&at, b"m", &from, &to, digest, &open]);
            }
            Event::Leaves { from, to, packet } => {
                let (from, to) = (from.place.to_be_bytes(), to.place.to_be_bytes());
                self.trace
                    .add(&[&at, b"l", &from, &to, packet.digest().as_ref()]);
            }
            Event::Rings {
                node,
                process,
                alarm,
            } => {
                let alarm = format!("{alarm:?}");
                let length = u64::try_from(alarm.len()).unwrap_or(0).to_be_bytes();
                let (place, process) = (node.place.to_be_bytes(), process.to_be_bytes());
                self.trace
                    .add(&[&at, b"a", &place, &process, &length, alarm.as_bytes()]);
            }
            Event::HandedIn(index) => {
                let record = self.acts.get(*index).map(|act| act.record);
                let record = record.unwrap_or_default();
                self.trace.add(&[&at, b"h", record.as_ref()]);
            }
            Event::Fault(fault) => {
                let fault = fault.to_string();
                let length = u64::try_from(fault.len()).unwrap_or(0).to_be_bytes();
                self.trace.add(&[&at, b"f", &length, fault.as_bytes()]);
            }
        }
    }
}
