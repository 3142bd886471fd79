//! The swarm and the loop that drives it.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use futures::StreamExt as _;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use ledger::digest::{ChainId, hex};
use libp2p::gossipsub::{
    self, IdentTopic, IdentityTransform, MessageAcceptance, MessageAuthenticity, MessageId,
    ValidationMode, WhitelistSubscriptionFilter,
};
use libp2p::identity::Keypair;
use libp2p::multiaddr::Protocol;
use libp2p::swarm::dial_opts::DialOpts;
use libp2p::swarm::{ConnectionId, NetworkBehaviour, SwarmEvent};
use libp2p::{Multiaddr, PeerId, Swarm, allow_block_list, connection_limits, identify, ping};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;
use tracing::{debug, info, warn};

use super::bundle::{self, BUNDLE_BYTES_MAX, Gathering};
use super::faults::{AWAY_FOR, Faults, Findings};
use super::peers::Peers;
use super::{Acceptance, Address, GossipError, Received, Settings};

/// Bytes that gossipsub adds to a message: signature, key, author, topic, lengths.
const ENVELOPE_BYTES: usize = 1024;
/// Messages that wait for one peer; more, and it is too slow.
const PEER_QUEUE_MAX: usize = 128;
/// Messages whose records are being judged.
const JUDGED_MAX: usize = 256;
/// A judgement that takes longer is given up.
const JUDGE_TIMEOUT: Duration = Duration::from_secs(10);
/// A connection that carries nothing is kept: who is a member stays one.
const IDLE_TIMEOUT: Duration = Duration::from_secs(365 * 24 * 60 * 60);
/// Dials and handshakes under way at once.
const HANDSHAKES_MAX: u32 = 64;
/// Both sides may have dialled.
const CONNECTIONS_PER_PEER_MAX: u32 = 2;
/// How often a peer is asked whether it is there, and how long the answer may take.
const PING_INTERVAL: Duration = Duration::from_secs(15);
const PING_TIMEOUT: Duration = Duration::from_secs(10);
/// Starting to listen takes a moment; a wrong address fails at once.
const LISTEN_TIMEOUT: Duration = Duration::from_secs(5);

type Gossipsub = gossipsub::Behaviour<IdentityTransform, WhitelistSubscriptionFilter>;

#[derive(NetworkBehaviour)]
pub(super) struct Behaviour {
    members: allow_block_list::Behaviour<allow_block_list::AllowedPeers>,
    limits: connection_limits::Behaviour,
    gossipsub: Gossipsub,
    identify: identify::Behaviour,
    ping: ping::Behaviour,
}

/// What came of judging a message.
struct Judged {
    message: MessageId,
    peer: PeerId,
    findings: Findings,
}

pub(super) struct Gossip {
    swarm: Swarm<Behaviour>,
    topic: IdentTopic,
    members: BTreeSet<PeerId>,
    inbound: mpsc::Sender<Received>,
    announce: watch::Sender<BTreeSet<PeerId>>,
    connected: BTreeSet<PeerId>,
    peers: Peers,
    faults: Faults,
    judging: FuturesUnordered<BoxFuture<'static, Judged>>,
}

impl Gossip {
    pub(super) async fn start(
        settings: Settings,
        keypair: Keypair,
        inbound: mpsc::Sender<Received>,
        announce: watch::Sender<BTreeSet<PeerId>>,
    ) -> Result<(Self, SocketAddr), GossipError> {
        let Settings {
            chain,
            listen,
            members,
            dial,
        } = settings;
        let topic = IdentTopic::new(name(chain, "records"));
        let mut swarm = build(chain, &topic, &members, keypair)?;
        let address = multiaddr(listen);
        let failed = |error: String| GossipError::Listen {
            address: listen,
            error,
        };
        swarm
            .listen_on(address)
            .map_err(|error| failed(error.to_string()))?;
        let bound = tokio::time::timeout(LISTEN_TIMEOUT, listening(&mut swarm)).await;
        let bound = bound
            .map_err(|_| failed("no answer".into()))?
            .map_err(failed)?;
        info!(address = %bound, members = members.len(), "listening for records");
        let gossip = Self {
            swarm,
            topic,
            members,
            inbound,
            announce,
            connected: BTreeSet::new(),
            peers: Peers::new(dial, Instant::now()),
            faults: Faults::new(AWAY_FOR),
            judging: FuturesUnordered::new(),
        };
        Ok((gossip, bound))
    }

    /// Runs until nobody can publish any more.
    pub(super) async fn run(mut self, mut records: mpsc::Receiver<Vec<u8>>) {
        loop {
            self.forgive();
            self.dial();
            let due = [self.peers.next_due(&self.connected), self.faults.next_due()];
            let due = due.into_iter().flatten().min();
            tokio::select! {
                record = records.recv() => match record {
                    Some(record) => self.publish(record, &mut records),
                    None => return,
                },
                event = self.swarm.select_next_some() => self.handle(event),
                Some(judged) = self.judging.next() => self.report(judged),
                () = until(due) => {}
            }
        }
    }

    /// Sends peers away for another time than usual.
    #[cfg(test)]
    pub(super) fn sends_away_for(mut self, time: Duration) -> Self {
        self.faults = Faults::new(time);
        self
    }

    /// Runs until `peer` has heard that this node wants records, then gives itself back, no longer driven.
    #[cfg(test)]
    pub(super) async fn run_until_subscribed(mut self, peer: PeerId) -> Self {
        loop {
            self.dial();
            let event = self.swarm.select_next_some().await;
            let is_heard = matches!(
                &event,
                SwarmEvent::Behaviour(BehaviourEvent::Gossipsub(gossipsub::Event::Subscribed {
                    peer_id, ..
                })) if *peer_id == peer
            );
            self.handle(event);
            if is_heard {
                return self;
            }
        }
    }

    fn dial(&mut self) {
        let swarm = &mut self.swarm;
        self.peers
            .dial_due(Instant::now(), &self.connected, |to| dial(swarm, to));
    }

    /// Sends what waits, as few messages as it fits into.
    fn publish(&mut self, first: Vec<u8>, records: &mut mpsc::Receiver<Vec<u8>>) {
        let mut gathering = Gathering::default();
        let mut next = Some(first);
        while let Some(record) = next {
            if !gathering.add(record) {
                self.send(gathering.take());
            }
            next = records.try_recv().ok();
        }
        while let Some(bundle) = gathering.take() {
            self.send(Some(bundle));
        }
    }

    fn send(&mut self, bundle: Option<Vec<u8>>) {
        let Some(bundle) = bundle else { return };
        let topic = self.topic.clone();
        let gossipsub = &mut self.swarm.behaviour_mut().gossipsub;
        if let Err(error) = gossipsub.publish(topic, bundle) {
            // No peer yet, or all of them slow: the author's node publishes again.
            debug!(%error, "records were not sent");
        }
    }

    fn handle(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::Behaviour(BehaviourEvent::Gossipsub(event)) => self.handle_gossip(event),
            SwarmEvent::Behaviour(BehaviourEvent::Ping(ping::Event {
                peer,
                connection,
                result: Err(error),
            })) => {
                info!(%peer, %error, "a peer does not answer");
                let _was_open = self.swarm.close_connection(connection);
            }
            SwarmEvent::ConnectionEstablished {
                peer_id,
                connection_id,
                num_established,
                ..
            } => {
                self.peers.connected(connection_id, peer_id);
                if num_established.get() == 1 {
                    info!(peer = %peer_id, "connected for records");
                    self.connected.insert(peer_id);
                    self.announce.send_replace(self.connected.clone());
                }
            }
            SwarmEvent::ConnectionClosed {
                peer_id,
                num_established: 0,
                ..
            } => {
                info!(peer = %peer_id, "no longer connected for records");
                self.connected.remove(&peer_id);
                self.peers.lost(&peer_id, Instant::now());
                self.announce.send_replace(self.connected.clone());
            }
            SwarmEvent::OutgoingConnectionError {
                connection_id,
                error,
                ..
            } => {
                debug!(%error, "a peer cannot be reached for records");
                self.peers.failed(connection_id, Instant::now());
            }
            SwarmEvent::IncomingConnectionError { error, peer_id, .. } => {
                debug!(%error, peer = ?peer_id, "a connection for records was refused");
            }
            // Events of other libraries: what is not named here needs no act.
            #[expect(clippy::wildcard_enum_match_arm, reason = "libp2p adds events")]
            _ => {}
        }
    }

    fn handle_gossip(&mut self, event: gossipsub::Event) {
        match event {
            gossipsub::Event::Message {
                propagation_source,
                message_id,
                message,
            } => self.judge(
                message_id,
                propagation_source,
                message.source,
                &message.data,
            ),
            gossipsub::Event::SlowPeer { peer_id, .. } => {
                warn!(peer = %peer_id, "a peer reads too slowly and is disconnected");
                let _was_connected = self.swarm.disconnect_peer_id(peer_id);
            }
            gossipsub::Event::Subscribed { .. }
            | gossipsub::Event::Unsubscribed { .. }
            | gossipsub::Event::GossipsubNotSupported { .. } => {}
        }
    }

    /// Hands the records of a message to whoever judges them; never waits for it here.
    fn judge(&mut self, message: MessageId, peer: PeerId, author: Option<PeerId>, bytes: &[u8]) {
        let judged = |acceptance| Judged {
            message: message.clone(),
            peer,
            findings: Findings::of(acceptance),
        };
        if !author.is_some_and(|author| self.members.contains(&author)) {
            warn!(%peer, "a peer passed on what no member signed");
            return self.report(judged(Acceptance::Reject));
        }
        let records = match bundle::open(bytes) {
            Ok(records) => records,
            Err(error) => {
                warn!(%peer, %error, "a peer sent what is not records");
                return self.report(judged(Acceptance::Reject));
            }
        };
        if self.judging.len() >= JUDGED_MAX {
            return self.report(judged(Acceptance::Ignore));
        }
        let mut answers = Vec::new();
        for bytes in records {
            let (reply, answer) = oneshot::channel();
            if self
                .inbound
                .try_send(Received { peer, bytes, reply })
                .is_err()
            {
                // Full: the author's node publishes again.
                break;
            }
            answers.push(answer);
        }
        self.judging.push(Box::pin(async move {
            let findings = tokio::time::timeout(JUDGE_TIMEOUT, Findings::of_all(answers)).await;
            Judged {
                message,
                peer,
                findings: findings.unwrap_or(Findings::of(Acceptance::Ignore)),
            }
        }));
    }

    fn report(&mut self, judged: Judged) {
        let Judged {
            message,
            peer,
            findings: Findings { worst, weight },
        } = judged;
        let acceptance = match worst {
            Acceptance::Accept => MessageAcceptance::Accept,
            Acceptance::Ignore | Acceptance::Doubt => MessageAcceptance::Ignore,
            Acceptance::Reject => MessageAcceptance::Reject,
        };
        let behaviour = self.swarm.behaviour_mut();
        let gossipsub = &mut behaviour.gossipsub;
        let _was_kept = gossipsub.report_message_validation_result(&message, &peer, acceptance);
        if self.faults.note(peer, weight, Instant::now()) {
            warn!(%peer, "a peer passes on what breaks the rules and is sent away for a while");
            behaviour.members.disallow_peer(peer);
        }
    }

    /// Lets those back in who were sent away long enough.
    fn forgive(&mut self) {
        for peer in self.faults.take_forgiven(Instant::now()) {
            info!(%peer, "a peer that was sent away may come back");
            self.swarm.behaviour_mut().members.allow_peer(peer);
        }
    }
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}

/// The address at which the swarm listens: with the port that the system chose, where it was to choose.
async fn listening(swarm: &mut Swarm<Behaviour>) -> Result<SocketAddr, String> {
    loop {
        match swarm.select_next_some().await {
            SwarmEvent::NewListenAddr { address, .. } => {
                return socket_addr(&address).ok_or_else(|| format!("`{address}` is not TCP"));
            }
            SwarmEvent::ListenerClosed { reason, .. } => {
                return Err(reason
                    .err()
                    .map_or_else(|| "the listener closed".into(), |error| error.to_string()));
            }
            SwarmEvent::ListenerError { error, .. } => return Err(error.to_string()),
            // Nothing else concerns listening.
            #[expect(clippy::wildcard_enum_match_arm, reason = "libp2p adds events")]
            _ => {}
        }
    }
}

fn dial(swarm: &mut Swarm<Behaviour>, to: &Address) -> Option<ConnectionId> {
    let options = DialOpts::unknown_peer_id()
        .address(multiaddr(to.address))
        .build();
    let connection = options.connection_id();
    match swarm.dial(options) {
        Ok(()) => Some(connection),
        Err(error) => {
            debug!(%error, "a peer cannot be dialled for records");
            None
        }
    }
}

fn build(
    chain: ChainId,
    topic: &IdentTopic,
    members: &BTreeSet<PeerId>,
    keypair: Keypair,
) -> Result<Swarm<Behaviour>, GossipError> {
    let setup = |error: &dyn std::fmt::Display| GossipError::Setup(error.to_string());
    let behaviour = behaviour(chain, topic, members, &keypair)?;
    Ok(libp2p::SwarmBuilder::with_existing_identity(keypair)
        .with_tokio()
        .with_tcp(
            libp2p::tcp::Config::default().nodelay(true),
            libp2p::noise::Config::new,
            libp2p::yamux::Config::default,
        )
        .map_err(|error| setup(&error))?
        .with_behaviour(|_| behaviour)
        .map_err(|error| setup(&error))?
        .with_swarm_config(|config| config.with_idle_connection_timeout(IDLE_TIMEOUT))
        .build())
}

fn behaviour(
    chain: ChainId,
    topic: &IdentTopic,
    members: &BTreeSet<PeerId>,
    keypair: &Keypair,
) -> Result<Behaviour, GossipError> {
    let setup = |error: &dyn std::fmt::Display| GossipError::Setup(error.to_string());
    let config = gossipsub::ConfigBuilder::default()
        .protocol_id_prefix(name(chain, "gossip"))
        .validation_mode(ValidationMode::Strict)
        .validate_messages()
        .max_transmit_size(BUNDLE_BYTES_MAX + ENVELOPE_BYTES)
        .connection_handler_queue_len(PEER_QUEUE_MAX)
        .flood_publish(false)
        .build()
        .map_err(|error| setup(&error))?;
    let filter = WhitelistSubscriptionFilter([topic.hash()].into());
    let signing = MessageAuthenticity::Signed(keypair.clone());
    let mut gossipsub = Gossipsub::new_with_subscription_filter(signing, config, filter)
        .map_err(|error| setup(&error))?;
    gossipsub.subscribe(topic).map_err(|error| setup(&error))?;
    let mut allowed = allow_block_list::Behaviour::<allow_block_list::AllowedPeers>::default();
    for member in members {
        allowed.allow_peer(*member);
    }
    let connections_max = u32::try_from(members.len())
        .unwrap_or(u32::MAX)
        .saturating_mul(CONNECTIONS_PER_PEER_MAX);
    let limits = connection_limits::ConnectionLimits::default()
        .with_max_pending_incoming(Some(HANDSHAKES_MAX))
        .with_max_pending_outgoing(Some(HANDSHAKES_MAX))
        .with_max_established_per_peer(Some(CONNECTIONS_PER_PEER_MAX))
        .with_max_established(Some(connections_max));
    let ping = ping::Config::new()
        .with_interval(PING_INTERVAL)
        .with_timeout(PING_TIMEOUT);
    Ok(Behaviour {
        members: allowed,
        limits: connection_limits::Behaviour::new(limits),
        gossipsub,
        identify: identify::Behaviour::new(identify::Config::new(
            name(chain, "records"),
            keypair.public(),
        )),
        ping: ping::Behaviour::new(ping),
    })
}

fn name(chain: ChainId, what: &str) -> String {
    let short = hex(chain.as_ref().get(..8).unwrap_or_default());
    format!("/cites/{short}/{what}/1")
}

fn multiaddr(address: SocketAddr) -> Multiaddr {
    Multiaddr::from(address.ip()).with(Protocol::Tcp(address.port()))
}

fn socket_addr(address: &Multiaddr) -> Option<SocketAddr> {
    let mut parts = address.iter();
    let ip = match parts.next()? {
        Protocol::Ip4(ip) => ip.into(),
        Protocol::Ip6(ip) => ip.into(),
        #[expect(clippy::wildcard_enum_match_arm, reason = "libp2p adds protocols")]
        _ => return None,
    };
    match parts.next()? {
        Protocol::Tcp(port) => Some(SocketAddr::new(ip, port)),
        #[expect(clippy::wildcard_enum_match_arm, reason = "libp2p adds protocols")]
        _ => None,
    }
}
