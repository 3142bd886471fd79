//! What nodes did, looked at: what may be, and what must never be.

use super::{Node, World};
use crate::check::Violation;
use crate::host::{Observation, Refused};
use crate::parties::NodeIndex;

impl World {
    pub(super) fn observed(
        &mut self,
        node: NodeIndex,
        observation: Observation,
    ) -> Result<(), Violation> {
        if !matches!(observation, Observation::Signed(_)) {
            self.story.observed(self.now, node, &observation);
        }
        let is_excused = self.checker.is_excused(node);
        match observation {
            Observation::Committed(committed) => {
                self.told.committed(self.now, node, &committed, &self.acts);
                if self
                    .parties
                    .seat(node)
                    .is_some_and(|seat| seat.index.is_twin)
                    || is_excused
                {
                    return self.checker.committed_elsewhere(node, &committed);
                }
                self.checker.committed(node, &committed)
            }
            Observation::Signed(request) => self.checker.signed(node, &request),
            Observation::Acknowledged(record) => {
                self.checker.acknowledged(node, record);
                self.told.acknowledged(self.now, &record);
                Ok(())
            }
            Observation::TurnedAway(record, why) => Err(Violation::TurnedAway {
                node,
                record,
                why: why.to_string(),
            }),
            Observation::Evidence(against) => {
                self.counters.count("seen", "evidence");
                if self.checker.is_excused(against) {
                    return Ok(());
                }
                Err(Violation::Evidence(against))
            }
            Observation::Refused(refused) => self.refused(node, refused),
            Observation::Observing => {
                // A new node observes too, until it has heard the others.
                let name = if is_excused {
                    "guard-observed"
                } else {
                    "guard-listened"
                };
                self.counters.count("recovered", name);
                Ok(())
            }
            Observation::LaterRound => {
                self.counters.count("seen", "later-round");
                Ok(())
            }
            Observation::Replayed => {
                self.counters.count("recovered", "log-replayed");
                Ok(())
            }
            Observation::CaughtUp => {
                self.counters.count("recovered", "caught-up");
                Ok(())
            }
            Observation::Stopped(_) if is_excused => Ok(()),
            Observation::Stopped(why) => Err(Violation::Stopped { node, why }),
        }
    }

    /// A node refused something: right only where the other side was not honest, newer or wrong in its time.
    fn refused(&mut self, node: NodeIndex, refused: Refused) -> Result<(), Violation> {
        let (name, by, what) = match &refused {
            Refused::Garbage(from) => ("garbage", Some(*from), String::new()),
            Refused::Part(from) => ("part", Some(*from), String::new()),
            Refused::Time(by) => ("time", None, format!("of {by}")),
            Refused::Block(by, why) => ("block", Some(*by), why.clone()),
            Refused::Synced(from, why) => ("synced", Some(*from), why.clone()),
            Refused::Submission(why) => ("submission", None, why.clone()),
        };
        self.counters.count("refused-message", name);
        let is_newer = |entry: &Node| entry.newer_until.is_some();
        let may_be = by.is_none_or(|by| {
            self.checker.is_excused(by)
                || (name == "garbage" && self.node(by).is_some_and(|entry| is_newer(entry)))
        });
        // The last word of a newer node may arrive after it went back to this version.
        let was_newer = name == "garbage" && self.counters.get("fault.version-mix") > 0;
        if may_be || was_newer || self.checker.is_excused(node) {
            return Ok(());
        }
        let what = format!("{name} {what}");
        Err(Violation::Refused { node, what })
    }
}
