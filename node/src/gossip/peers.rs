//! Whom to dial, and when: addresses of the configuration, again and again, for as long as the node runs.

use std::collections::BTreeSet;
use std::time::Duration;

use libp2p::PeerId;
use libp2p::swarm::ConnectionId;
use tokio::time::Instant;

use super::Address;

/// First pause after a dial failed or a connection ended; it doubles up to the longest.
const PAUSE_MIN: Duration = Duration::from_millis(500);
const PAUSE_MAX: Duration = Duration::from_secs(15);

/// The addresses, and what is known of each.
#[derive(Debug)]
pub(super) struct Peers {
    targets: Vec<Target>,
}

#[derive(Debug)]
struct Target {
    address: Address,
    /// Who answered there.
    peer: Option<PeerId>,
    dialling: Option<ConnectionId>,
    next: Instant,
    pause: Duration,
}

impl Peers {
    pub(super) fn new(addresses: Vec<Address>, now: Instant) -> Self {
        let target = |address| Target {
            address,
            peer: None,
            dialling: None,
            next: now,
            pause: PAUSE_MIN,
        };
        Self {
            targets: addresses.into_iter().map(target).collect(),
        }
    }

    /// The addresses to dial now. For each, `dial` starts it and names the connection.
    pub(super) fn dial_due(
        &mut self,
        now: Instant,
        connected: &BTreeSet<PeerId>,
        mut dial: impl FnMut(&Address) -> Option<ConnectionId>,
    ) {
        for target in &mut self.targets {
            let is_due = target.next <= now && target.dialling.is_none();
            if !is_due || target.is_reached(connected) {
                continue;
            }
            target.dialling = dial(&target.address);
            target.wait(now);
        }
    }

    /// When the next dial is due, if any is.
    pub(super) fn next_due(&self, connected: &BTreeSet<PeerId>) -> Option<Instant> {
        let open = self.targets.iter();
        open.filter(|target| target.dialling.is_none() && !target.is_reached(connected))
            .map(|target| target.next)
            .min()
    }

    pub(super) fn connected(&mut self, connection: ConnectionId, peer: PeerId) {
        if let Some(target) = self.dialled(connection) {
            target.dialling = None;
            target.peer = Some(peer);
            target.pause = PAUSE_MIN;
        }
    }

    pub(super) fn failed(&mut self, connection: ConnectionId, now: Instant) {
        if let Some(target) = self.dialled(connection) {
            target.dialling = None;
            target.wait(now);
        }
    }

    pub(super) fn lost(&mut self, peer: &PeerId, now: Instant) {
        let reached = |target: &&mut Target| target.peer.as_ref() == Some(peer);
        for target in self.targets.iter_mut().filter(reached) {
            target.wait(now);
        }
    }

    fn dialled(&mut self, connection: ConnectionId) -> Option<&mut Target> {
        let mut targets = self.targets.iter_mut();
        targets.find(|target| target.dialling == Some(connection))
    }
}

impl Target {
    /// Whether the node there is connected. Before anyone answered there, the only one who may counts too:
    /// it dialled us.
    fn is_reached(&self, connected: &BTreeSet<PeerId>) -> bool {
        let only = || match self.address.peers.len() {
            1 => self.address.peers.first().copied(),
            _ => None,
        };
        self.peer
            .or_else(only)
            .is_some_and(|peer| connected.contains(&peer))
    }

    fn wait(&mut self, now: Instant) {
        self.next = now + self.pause;
        self.pause = self.pause.saturating_mul(2).min(PAUSE_MAX);
    }
}
