//! The story of a run in readable lines: what led to a failure.

use std::collections::VecDeque;

use super::faults::Fault;
use crate::host::{Observation, Refused};
use crate::moment::Moment;
use crate::parties::NodeIndex;

/// The last lines of a story; none unless somebody asked for them.
#[derive(Clone, Debug, Default)]
pub struct Story {
    lines: VecDeque<String>,
    lines_max: usize,
}

impl Story {
    /// Keeps so many lines.
    #[must_use]
    pub const fn of(lines_max: usize) -> Self {
        Self {
            lines: VecDeque::new(),
            lines_max,
        }
    }

    /// The lines, oldest first.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(String::as_str)
    }

    fn tell(&mut self, line: impl FnOnce() -> String) {
        if self.lines_max == 0 {
            return;
        }
        if self.lines.len() >= self.lines_max {
            self.lines.pop_front();
        }
        self.lines.push_back(line());
    }

    pub(super) fn fault(&mut self, now: Moment, fault: &Fault) {
        self.tell(|| format!("{now}  fault     {fault}"));
    }

    pub(super) fn observed(&mut self, now: Moment, node: NodeIndex, observation: &Observation) {
        self.tell(|| {
            let (what, words) = described(observation);
            format!("{now}  {what:<9} {node}: {words}")
        });
    }
}

fn described(observation: &Observation) -> (&'static str, String) {
    match observation {
        Observation::Committed(committed) => {
            let (block, quorum) = (&committed.block, &committed.quorum);
            let refused = committed
                .receipts
                .iter()
                .filter_map(|receipt| receipt.refused);
            let refused: Vec<_> = refused.map(|reason| reason.code()).collect();
            let words = format!(
                "height {}, round {}, block {}, {} records{}",
                block.header().height,
                quorum.round,
                block.id(),
                block.records().len(),
                if refused.is_empty() {
                    String::new()
                } else {
                    format!(", refused {}", refused.join(" "))
                }
            );
            ("decided", words)
        }
        Observation::Signed(request) => ("signed", format!("{request:?}")),
        Observation::Acknowledged(record) => ("durable", format!("record {record}")),
        Observation::TurnedAway(record, why) => ("away", format!("record {record}: {why}")),
        Observation::Evidence(against) => ("evidence", format!("against {against}")),
        Observation::Refused(refused) => ("refused", what_was_refused(refused)),
        Observation::Observing => (
            "observes",
            "its guard does not know what its key has signed, and waits".into(),
        ),
        Observation::LaterRound => ("round", "another round begins".into()),
        Observation::Replayed => ("replays", "its log, from before it went down".into()),
        Observation::CaughtUp => ("catches up", "takes a decided block of another node".into()),
        Observation::Stopped(why) => ("stops", why.clone()),
    }
}

fn what_was_refused(refused: &Refused) -> String {
    match refused {
        Refused::Garbage(from) => format!("bytes of {from} that say nothing here"),
        Refused::Part(from) => format!("a part of a block, sent by {from}"),
        Refused::Time(by) => format!("a block of {by}, whose time is too far from its clock"),
        Refused::Block(by, why) => format!("a block of {by}: {why}"),
        Refused::Synced(from, why) => format!("a decided block, sent by {from}: {why}"),
        Refused::Submission(why) => format!("a record that was handed in: {why}"),
    }
}
