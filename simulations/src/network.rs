//! The lines between nodes: latency, jitter, queues behind a narrow line, loss that costs time, and cuts.
//!
//! A lost message is sent again, as TCP does, so loss is delay. What is sent across a cut is lost for good.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::moment::Moment;
use crate::parties::{NodeIndex, Parties, SetUpError};
use crate::random::{Purpose, Random};
use crate::region::{Line, LineClass, Lines};
use crate::scenario::SpanMs;

/// A message is sent again so often at most; then it got through.
const RETRIES_MAX: u32 = 6;
/// When an old message comes once more.
const REPLAY_AFTER: SpanMs = SpanMs([1_000, 600_000]);
/// What would wait longer than this behind other bytes is dropped, as gossip to a slow peer is.
const QUEUE_MAX: Duration = Duration::from_secs(20);
/// Bytes that framing adds to a message.
const FRAME_BYTES: u64 = 60;

/// What faults do to the lines of one node, besides cutting them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Troubles {
    /// More messages must be sent again.
    pub loss_permille: u64,
    /// Every message takes longer.
    pub delay_ms: u64,
    /// Messages arrive twice.
    pub duplicate_permille: u64,
    /// Messages overtake each other.
    pub reorder_ms: u64,
    /// Old messages come again.
    pub replay_permille: u64,
}

/// What lines did, for counters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Messages sent.
    pub sent: u64,
    /// Messages that a cut swallowed.
    pub swallowed: u64,
    /// Messages that had to be sent again.
    pub retried: u64,
    /// Messages that arrived twice.
    pub doubled: u64,
    /// Messages that came again much later.
    pub replayed: u64,
    /// Messages dropped before a line that was full.
    pub crowded: u64,
}

/// A line and what it has carried.
#[derive(Clone, Debug)]
struct End {
    class: LineClass,
    troubles: Troubles,
    /// Until when the bytes before fill the line.
    sends_until: Moment,
    receives_until: Moment,
    sent_bytes: u64,
    received_bytes: u64,
}

/// All lines.
#[derive(Debug)]
pub struct Network {
    random: Random,
    ends: Vec<End>,
    /// One-way latency by sender and receiver, without jitter.
    latency: Vec<Duration>,
    /// How many cuts lie between sender and receiver.
    cuts: Vec<u16>,
    tally: Tally,
}

impl Network {
    /// Draws the latency of each line.
    ///
    /// # Errors
    /// [`SetUpError::Lines`].
    pub fn new(parties: &Parties, seed: u64) -> Result<Self, SetUpError> {
        let lines = Lines::included().map_err(SetUpError::Lines)?;
        let mut random = Random::new(seed, Purpose::Links);
        let seats: Vec<_> = parties.all_seats().collect();
        let end = |line: Line| End {
            class: lines.class(line),
            troubles: Troubles::default(),
            sends_until: Moment::default(),
            receives_until: Moment::default(),
            sent_bytes: 0,
            received_bytes: 0,
        };
        let mut drawn = BTreeMap::new();
        for (a, one) in seats.iter().enumerate() {
            for (b, other) in seats.iter().enumerate().skip(a.saturating_add(1)) {
                let span = lines.between(one.region, other.region);
                let share = random.below(1001);
                let (from, to, within) = match share {
                    0..500 => (span.low_ms, span.middle_ms, share),
                    _ => (span.middle_ms, span.high_ms, share.saturating_sub(500)),
                };
                let more_us = to
                    .saturating_sub(from)
                    .saturating_mul(within)
                    .saturating_mul(2);
                let ends_ms = lines
                    .class(one.line)
                    .access_ms
                    .saturating_add(lines.class(other.line).access_ms);
                let ms = from.saturating_add(ends_ms);
                let latency =
                    Duration::from_millis(ms).saturating_add(Duration::from_micros(more_us));
                drawn.insert((a, b), latency);
            }
        }
        let count = seats.len();
        let pairs = (0..count).flat_map(|a| (0..count).map(move |b| (a.min(b), a.max(b))));
        let latency = pairs.map(|pair| drawn.get(&pair).copied().unwrap_or_default());
        Ok(Self {
            random,
            latency: latency.collect(),
            ends: seats.iter().map(|seat| end(seat.line)).collect(),
            cuts: vec![0; count.saturating_mul(count)],
            tally: Tally::default(),
        })
    }

    fn pair(&self, from: NodeIndex, to: NodeIndex) -> usize {
        let from = usize::from(from.place);
        from.saturating_mul(self.ends.len())
            .saturating_add(usize::from(to.place))
    }

    /// Sends a message of so many bytes: when it arrives, once or more, or never.
    pub fn send(
        &mut self,
        now: Moment,
        from: NodeIndex,
        to: NodeIndex,
        bytes: usize,
    ) -> Vec<Moment> {
        self.tally.sent = self.tally.sent.saturating_add(1);
        let pair = self.pair(from, to);
        let base = self.latency.get(pair).copied().unwrap_or_default();
        let (Some(sender), Some(receiver)) = (
            self.ends.get(usize::from(from.place)).cloned(),
            self.ends.get(usize::from(to.place)).cloned(),
        ) else {
            return Vec::new();
        };
        let bytes = u64::try_from(bytes)
            .unwrap_or(u64::MAX)
            .saturating_add(FRAME_BYTES);
        // Everything is drawn in any case, so that a cut changes nothing else of the run.
        let late = self.lateness(base, &sender, &receiver);
        let troubles = [sender.troubles, receiver.troubles];
        let most = |of: fn(&Troubles) -> u64| troubles.iter().map(of).max().unwrap_or(0);
        let is_doubled = self.random.happens(most(|t| t.duplicate_permille));
        let again = self.random.within(REPLAY_AFTER);
        let is_replayed = self.random.happens(most(|t| t.replay_permille));
        let waits = sender.sends_until.max(receiver.receives_until).since(now);
        if waits > QUEUE_MAX {
            self.tally.crowded = self.tally.crowded.saturating_add(1);
            return Vec::new();
        }
        let sent_at = now
            .max(sender.sends_until)
            .plus(filling(bytes, &sender.class));
        if let Some(end) = self.ends.get_mut(usize::from(from.place)) {
            end.sends_until = sent_at;
            end.sent_bytes = end.sent_bytes.saturating_add(bytes);
        }
        if !self.is_open(from, to) {
            self.tally.swallowed = self.tally.swallowed.saturating_add(1);
            return Vec::new();
        }
        let at = sent_at.plus(late).max(receiver.receives_until);
        let at = at.plus(filling(bytes, &receiver.class));
        if let Some(end) = self.ends.get_mut(usize::from(to.place)) {
            // A narrow line delivers in order; on a wide one nobody waits for another's late message.
            if receiver.class.kbit_per_s < 1_000 {
                end.receives_until = at;
            }
            end.received_bytes = end.received_bytes.saturating_add(bytes);
        }
        let mut arrivals = vec![at];
        if is_doubled {
            self.tally.doubled = self.tally.doubled.saturating_add(1);
            arrivals.push(at.plus(late));
        }
        if is_replayed {
            self.tally.replayed = self.tally.replayed.saturating_add(1);
            arrivals.push(at.plus(again));
        }
        arrivals
    }

    /// Latency, jitter, and the time until a lost message was sent again.
    fn lateness(&mut self, base: Duration, sender: &End, receiver: &End) -> Duration {
        let share = |permille: u64| {
            let us = u64::try_from(base.as_micros()).unwrap_or(u64::MAX);
            us.saturating_mul(permille).checked_div(1000).unwrap_or(0)
        };
        let (one, other) = (&sender.class, &receiver.class);
        let jitter_us = share(one.jitter_permille.max(other.jitter_permille));
        let trouble =
            |of: fn(&Troubles) -> u64| of(&sender.troubles).saturating_add(of(&receiver.troubles));
        let reorder_us = trouble(|t| t.reorder_ms).saturating_mul(1000);
        let more_us = self
            .random
            .below(jitter_us.saturating_add(reorder_us).saturating_add(1));
        let mut late = base
            .saturating_add(Duration::from_micros(more_us))
            .saturating_add(Duration::from_millis(trouble(|t| t.delay_ms)));
        let loss = one
            .loss_permille
            .saturating_add(other.loss_permille)
            .saturating_add(trouble(|t| t.loss_permille))
            .min(900);
        let mut retry = Duration::from_millis(one.retry_ms.max(other.retry_ms));
        for _ in 0..RETRIES_MAX {
            if !self.random.happens(loss) {
                break;
            }
            self.tally.retried = self.tally.retried.saturating_add(1);
            late = late.saturating_add(retry);
            retry = retry.saturating_mul(2);
        }
        late
    }

    /// Whether what `from` sends can reach `to`.
    #[must_use]
    pub fn is_open(&self, from: NodeIndex, to: NodeIndex) -> bool {
        self.cuts.get(self.pair(from, to)) == Some(&0)
    }

    /// Cuts what `from` sends `to`. Cuts add up: each must be mended.
    pub fn cut(&mut self, from: NodeIndex, to: NodeIndex) {
        let pair = self.pair(from, to);
        if let Some(cuts) = self.cuts.get_mut(pair) {
            *cuts = cuts.saturating_add(1);
        }
    }

    /// Mends one cut; says whether the line is open now.
    pub fn mend(&mut self, from: NodeIndex, to: NodeIndex) -> bool {
        let pair = self.pair(from, to);
        let Some(cuts) = self.cuts.get_mut(pair) else {
            return false;
        };
        *cuts = cuts.saturating_sub(1);
        *cuts == 0
    }

    /// The troubles of a node's lines, to be changed.
    pub fn troubles(&mut self, node: NodeIndex) -> Option<&mut Troubles> {
        let end = self.ends.get_mut(usize::from(node.place))?;
        Some(&mut end.troubles)
    }

    /// What a node has sent and received, in bytes.
    #[must_use]
    pub fn carried(&self, node: NodeIndex) -> (u64, u64) {
        let end = self.ends.get(usize::from(node.place));
        end.map_or((0, 0), |end| (end.sent_bytes, end.received_bytes))
    }

    /// What lines did.
    #[must_use]
    pub const fn tally(&self) -> &Tally {
        &self.tally
    }
}

/// How long so many bytes fill a line.
fn filling(bytes: u64, class: &LineClass) -> Duration {
    let us = bytes.saturating_mul(8_000).checked_div(class.kbit_per_s);
    Duration::from_micros(us.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Scenario;

    fn network(weak_permille: u16) -> (Network, Vec<NodeIndex>) {
        let mut scenario = Scenario::included("calm").unwrap();
        scenario.parties.weak_permille = weak_permille;
        let parties = Parties::new(&scenario, 1).unwrap();
        (Network::new(&parties, 1).unwrap(), parties.nodes())
    }

    #[test]
    fn a_cut_line_loses_what_it_carries_until_every_cut_is_mended() {
        let (mut network, nodes) = network(0);
        let now = Moment::default();
        network.cut(nodes[0], nodes[1]);
        network.cut(nodes[0], nodes[1]);
        assert!(network.send(now, nodes[0], nodes[1], 100).is_empty());
        assert!(!network.send(now, nodes[1], nodes[0], 100).is_empty());
        assert!(!network.mend(nodes[0], nodes[1]));
        assert!(network.send(now, nodes[0], nodes[1], 100).is_empty());
        assert!(network.mend(nodes[0], nodes[1]));
        assert!(!network.send(now, nodes[0], nodes[1], 100).is_empty());
        assert_eq!(network.tally().swallowed, 2);
    }

    #[test]
    fn bytes_queue_behind_each_other_on_a_weak_line() {
        let (mut network, nodes) = network(1000);
        let now = Moment::default();
        // 64 kbit/s are 8 kB in a second, at both ends.
        let first = network.send(now, nodes[0], nodes[1], 8_000)[0];
        let second = network.send(now, nodes[0], nodes[1], 8_000)[0];
        assert!(first.as_ms() > 2_000, "{first}");
        assert!(
            second.since(first) > Duration::from_millis(900),
            "{first} {second}"
        );
    }

    #[test]
    fn troubles_delay_double_and_repeat_messages() {
        let (mut network, nodes) = network(0);
        *network.troubles(nodes[0]).unwrap() = Troubles {
            loss_permille: 400,
            delay_ms: 500,
            duplicate_permille: 500,
            reorder_ms: 100,
            replay_permille: 300,
        };
        let mut late = Duration::ZERO;
        for _ in 0..200 {
            let arrivals = network.send(Moment::default(), nodes[0], nodes[1], 10);
            late = late.max(arrivals[0].since(Moment::default()));
        }
        let tally = network.tally();
        assert!(
            tally.retried > 40 && tally.doubled > 50 && tally.replayed > 20,
            "{tally:?}"
        );
        assert!(late > Duration::from_millis(500));
    }
}
