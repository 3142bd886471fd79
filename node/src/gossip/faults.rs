//! What is held against each peer, and who is sent away for it, for a while.
//!
//! A record that breaks the rules counts much: no node that follows them passes it on. A signature that does
//! not verify counts little: a key may have changed a block ago, and yet each costs this node a check.

use std::collections::BTreeMap;
use std::time::Duration;

use libp2p::PeerId;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::Acceptance;

/// How long a peer is sent away.
pub(super) const AWAY_FOR: Duration = Duration::from_secs(5 * 60);
/// Faults are counted for this long, then from nought again.
const WINDOW: Duration = Duration::from_secs(60);
/// Weight of all faults within the window at which a peer is sent away: twenty records against the rules, or
/// a thousand signatures that do not verify (well under a tenth of a second of checking).
const WEIGHT_MAX: u32 = 1_000;

/// How much one record's fate is held against the peer that passed it on.
const fn weight(acceptance: Acceptance) -> u32 {
    match acceptance {
        Acceptance::Ignore | Acceptance::Accept => 0,
        Acceptance::Doubt => 1,
        Acceptance::Reject => 50,
    }
}

/// What was found of the records of a message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Findings {
    pub(super) worst: Acceptance,
    /// Held against the peer.
    pub(super) weight: u32,
}

impl Findings {
    /// One thing was found.
    pub(super) const fn of(acceptance: Acceptance) -> Self {
        Self {
            worst: acceptance,
            weight: weight(acceptance),
        }
    }

    /// One record that is rejected or in doubt condemns its message, so that no node is blamed for what it
    /// passed on among good ones; one accepted record is worth passing on.
    pub(super) async fn of_all(answers: Vec<oneshot::Receiver<Acceptance>>) -> Self {
        let mut findings = Self::of(Acceptance::Ignore);
        for answer in answers {
            let found = answer.await.unwrap_or(Acceptance::Ignore);
            findings.worst = findings.worst.max(found);
            findings.weight = findings.weight.saturating_add(weight(found));
        }
        findings
    }
}

/// The faults of all peers. Only members connect, so there are few.
#[derive(Debug)]
pub(super) struct Faults {
    away_for: Duration,
    counted: BTreeMap<PeerId, Counted>,
    away: BTreeMap<PeerId, Instant>,
}

#[derive(Debug)]
struct Counted {
    since: Instant,
    weight: u32,
}

impl Faults {
    pub(super) const fn new(away_for: Duration) -> Self {
        Self {
            away_for,
            counted: BTreeMap::new(),
            away: BTreeMap::new(),
        }
    }

    /// Holds `weight` against a peer. Whether it must be sent away now.
    pub(super) fn note(&mut self, peer: PeerId, weight: u32, now: Instant) -> bool {
        if weight == 0 || self.away.contains_key(&peer) {
            return false;
        }
        let counted = self.counted.entry(peer).or_insert(Counted {
            since: now,
            weight: 0,
        });
        if now.saturating_duration_since(counted.since) >= WINDOW {
            *counted = Counted {
                since: now,
                weight: 0,
            };
        }
        counted.weight = counted.weight.saturating_add(weight);
        if counted.weight < WEIGHT_MAX {
            return false;
        }
        self.counted.remove(&peer);
        self.away.insert(peer, now + self.away_for);
        true
    }

    /// Those who may come back.
    pub(super) fn take_forgiven(&mut self, now: Instant) -> Vec<PeerId> {
        let over = self.away.iter().filter(|(_, until)| **until <= now);
        let forgiven: Vec<_> = over.map(|(peer, _)| *peer).collect();
        for peer in &forgiven {
            self.away.remove(peer);
        }
        forgiven
    }

    /// When the next one may come back.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.away.values().min().copied()
    }
}

#[cfg(test)]
mod tests {
    use libp2p::identity::Keypair;

    use super::*;

    fn peer(n: u8) -> PeerId {
        let keypair = Keypair::ed25519_from_bytes([n; 32]).unwrap();
        keypair.public().to_peer_id()
    }

    #[tokio::test]
    async fn one_bad_record_condemns_its_message_and_each_is_counted() {
        use Acceptance::{Accept, Doubt, Ignore, Reject};
        for (found, worst, weight) in [
            (&[][..], Ignore, 0),
            (&[Ignore, Accept, Ignore][..], Accept, 0),
            (&[Accept, Doubt, Doubt, Accept][..], Doubt, 2),
            (&[Reject, Doubt, Accept, Reject][..], Reject, 101),
        ] {
            let answers = found.iter().map(|acceptance| {
                let (reply, answer) = oneshot::channel();
                reply.send(*acceptance).unwrap();
                answer
            });
            let (gone, unanswered) = oneshot::channel();
            drop(gone);
            let findings = Findings::of_all(answers.chain([unanswered]).collect()).await;
            assert_eq!((findings.worst, findings.weight), (worst, weight));
        }
    }

    #[test]
    fn many_faults_within_a_minute_send_a_peer_away_and_few_do_not() {
        for (what, weight, count, is_away) in [
            ("good records", weight(Acceptance::Accept), 100_000, false),
            (
                "records nobody wants",
                weight(Acceptance::Ignore),
                100_000,
                false,
            ),
            (
                "signatures of a key that just changed",
                weight(Acceptance::Doubt),
                999,
                false,
            ),
            (
                "signatures without end",
                weight(Acceptance::Doubt),
                1_000,
                true,
            ),
            (
                "a few records against the rules",
                weight(Acceptance::Reject),
                19,
                false,
            ),
            (
                "records against the rules",
                weight(Acceptance::Reject),
                20,
                true,
            ),
        ] {
            let now = Instant::now();
            let mut faults = Faults::new(AWAY_FOR);
            let sent = (0..count)
                .filter(|_| faults.note(peer(1), weight, now))
                .count();
            assert_eq!(sent == 1, is_away, "{what}");
            assert!(!faults.note(peer(2), weight, now), "{what}: another peer");
        }
    }

    #[test]
    fn faults_of_the_last_minute_are_forgotten_and_so_is_the_way_out() {
        let start = Instant::now();
        let mut faults = Faults::new(AWAY_FOR);
        let mut now = start;
        for _ in 0..100 {
            assert!(!faults.note(peer(1), WEIGHT_MAX - 1, now));
            now += WINDOW;
        }
        assert!(faults.note(peer(1), WEIGHT_MAX, now));
        assert!(!faults.note(peer(1), WEIGHT_MAX, now), "it is away already");
        assert_eq!(faults.next_due(), Some(now + AWAY_FOR));
        let early = now + AWAY_FOR - Duration::from_millis(1);
        assert_eq!(faults.take_forgiven(early), []);
        assert_eq!(faults.take_forgiven(now + AWAY_FOR), [peer(1)]);
        assert_eq!(faults.next_due(), None);
        assert!(!faults.note(peer(1), 1, now + AWAY_FOR), "it begins anew");
    }
}
