//! Real sockets on loopback. Every wait is for a condition, with a bound.

use std::future::Future;
use std::time::Duration;

use futures::StreamExt as _;
use ledger::digest::Digest;
use libp2p::swarm::SwarmEvent;
use libp2p::{identify, noise, tcp, yamux};

use super::*;

const CHAIN: ChainId = ChainId(Digest([0xc1; 32]));
const BOUND: Duration = Duration::from_secs(60);

async fn within<T>(what: &str, condition: impl Future<Output = T>) -> T {
    let done = tokio::time::timeout(BOUND, condition).await;
    done.unwrap_or_else(|_| panic!("not within {BOUND:?}: {what}"))
}

fn keypair(n: u8) -> Keypair {
    Keypair::ed25519_from_bytes([n; 32]).unwrap()
}

fn peer(n: u8) -> PeerId {
    keypair(n).public().to_peer_id()
}

fn settings(members: &[u8], dial: &[(u8, SocketAddr)]) -> Settings {
    let address = |&(n, address): &(u8, SocketAddr)| Address {
        address,
        peers: [peer(n)].into(),
    };
    Settings {
        chain: CHAIN,
        listen: "127.0.0.1:0".parse().unwrap(),
        members: members.iter().map(|n| peer(*n)).collect(),
        dial: dial.iter().map(address).collect(),
    }
}

struct Node {
    handle: Handle,
    inbound: mpsc::Receiver<Received>,
}

async fn node(n: u8, members: &[u8], dial: &[(u8, SocketAddr)]) -> Node {
    let (sender, inbound) = mpsc::channel(64);
    let handle = spawn(settings(members, dial), keypair(n), sender)
        .await
        .unwrap();
    Node { handle, inbound }
}

impl Node {
    async fn connected(&self, peers: &[u8]) {
        let expected: BTreeSet<_> = peers.iter().map(|n| peer(*n)).collect();
        let mut now = self.handle.peers();
        let reached = now.wait_for(|peers| *peers == expected);
        within("connected", reached).await.unwrap();
    }

    async fn receive(&mut self, acceptance: Acceptance) -> Vec<u8> {
        let received = within("a record arrives", self.inbound.recv())
            .await
            .unwrap();
        received.reply.send(acceptance).unwrap();
        received.bytes
    }

    /// Publishes until the record arrives at `other`: the first time nobody may have subscribed yet.
    async fn bring(&self, record: &[u8], other: &mut Node) {
        let mut again = tokio::time::interval(Duration::from_millis(200));
        let arrives = async {
            loop {
                tokio::select! {
                    _ = again.tick() => assert!(self.handle.publish(record.to_vec())),
                    received = other.inbound.recv() => {
                        let received = received.unwrap();
                        let _gave_up = received.reply.send(Acceptance::Accept);
                        if received.bytes == record {
                            return;
                        }
                    }
                }
            }
        };
        within("a record arrives", arrives).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_is_passed_on_only_where_it_was_accepted() {
    // QS – QT – QN: the ends know only the middle.
    let members = [1, 2, 3];
    let mut middle = node(2, &members, &[]).await;
    let at = [(2, middle.handle.listen())];
    let start = node(1, &members, &at).await;
    let mut end = node(3, &members, &at).await;
    middle.connected(&[1, 3]).await;
    start.bring(b"first", &mut middle).await;
    middle.bring(b"other way", &mut end).await;
    for (record, acceptance) in [
        (b"rejected", Acceptance::Reject),
        (b"ignored.", Acceptance::Ignore),
        (b"accepted", Acceptance::Accept),
    ] {
        assert!(start.handle.publish(record.to_vec()));
        loop {
            // What was published more than once while connecting may still arrive.
            if middle.receive(acceptance).await == record {
                break;
            }
        }
    }
    let mut arrived = Vec::new();
    while arrived.last().is_none_or(|last| last != b"accepted") {
        arrived.push(end.receive(Acceptance::Accept).await);
    }
    let unwanted = |record: &Vec<u8>| record == b"rejected" || record == b"ignored.";
    assert!(!arrived.iter().any(unwanted));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_small_records_and_the_largest_one_arrive_whole() {
    let members = [1, 2];
    let mut receiver = node(2, &members, &[]).await;
    let sender = node(1, &members, &[(2, receiver.handle.listen())]).await;
    sender.bring(b"ready", &mut receiver).await;
    let largest = vec![7; ledger::limits::RECORD_BYTES_MAX];
    let records: Vec<Vec<u8>> = (0_u32..50)
        .map(|n| n.to_be_bytes().repeat(100))
        .chain([largest])
        .collect();
    for record in &records {
        assert!(sender.handle.publish(record.clone()));
    }
    let mut missing: BTreeSet<_> = records.into_iter().collect();
    while !missing.is_empty() {
        missing.remove(&receiver.receive(Acceptance::Accept).await);
    }
}

/// A swarm of somebody who follows no rules.
fn stranger(n: u8) -> libp2p::Swarm<identify::Behaviour> {
    libp2p::SwarmBuilder::with_existing_identity(keypair(n))
        .with_tokio()
        .with_tcp(
            tcp::Config::default(),
            noise::Config::new,
            yamux::Config::default,
        )
        .unwrap()
        .with_behaviour(|key| {
            identify::Behaviour::new(identify::Config::new("stranger".into(), key.public()))
        })
        .unwrap()
        .with_swarm_config(|config| config.with_idle_connection_timeout(BOUND))
        .build()
}

async fn is_sent_away(swarm: &mut libp2p::Swarm<identify::Behaviour>) {
    loop {
        if let SwarmEvent::ConnectionClosed { .. }
        | SwarmEvent::OutgoingConnectionError { .. }
        | SwarmEvent::IncomingConnectionError { .. } = swarm.select_next_some().await
        {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_is_not_in_the_genesis_is_sent_away() {
    let member = node(1, &[1, 2], &[]).await;
    let listen = member.handle.listen();
    let address: libp2p::Multiaddr = format!("/ip4/127.0.0.1/tcp/{}", listen.port())
        .parse()
        .unwrap();
    let mut stranger = stranger(9);
    stranger.dial(address).unwrap();
    within("sent away", is_sent_away(&mut stranger)).await;
    assert!(member.handle.peers().borrow().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_answers_at_a_partys_address_must_be_that_partys_node() {
    let mut stranger = stranger(9);
    let any = "/ip4/127.0.0.1/tcp/0".parse().unwrap();
    stranger.listen_on(any).unwrap();
    let port = loop {
        if let SwarmEvent::NewListenAddr { address, .. } = stranger.select_next_some().await {
            break address.to_string().rsplit('/').next().unwrap().to_owned();
        }
    };
    let address = format!("127.0.0.1:{port}").parse().unwrap();
    let member = node(1, &[1, 2], &[(2, address)]).await;
    within("sent away", is_sent_away(&mut stranger)).await;
    assert!(member.handle.peers().borrow().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_was_away_is_dialled_again() {
    let members = [1, 2];
    let away = node(2, &members, &[]).await;
    let listen = away.handle.listen();
    let stays = node(1, &members, &[(2, listen)]).await;
    stays.connected(&[2]).await;
    drop(away);
    stays.connected(&[]).await;
    let (sender, inbound) = mpsc::channel(64);
    let again = async {
        loop {
            // The port may be taken for a moment.
            let settings = Settings {
                listen,
                ..settings(&members, &[])
            };
            match spawn(settings, keypair(2), sender.clone()).await {
                Ok(handle) => return handle,
                Err(GossipError::Listen { .. }) => tokio::task::yield_now().await,
                Err(error) => panic!("{error}"),
            }
        }
    };
    let handle = within("it starts again", again).await;
    let mut back = Node { handle, inbound };
    stays.connected(&[2]).await;
    stays.bring(b"while you were away", &mut back).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_peer_is_dropped_and_delays_nobody() {
    let members = [1, 2, 3];
    let sender = node(1, &members, &[]).await;
    let at = [(1, sender.handle.listen())];
    let mut good = node(2, &members, &at).await;
    // The third node stops reading as soon as it is a full member.
    let (inbound, _kept) = mpsc::channel(1);
    let (announce, _) = watch::channel(BTreeSet::new());
    let (slow, _) = swarm::Gossip::start(settings(&members, &at), keypair(3), inbound, announce)
        .await
        .unwrap();
    let running = tokio::spawn(slow.run_until_subscribed(peer(1)));
    sender.connected(&[2, 3]).await;
    let stopped = within("subscribed", running).await.unwrap();
    let mut peers = sender.handle.peers();
    let record = vec![7; 60_000];
    sender.bring(b"ready", &mut good).await;
    let mut sent = 0;
    while peers.borrow_and_update().contains(&peer(3)) {
        assert!(sender.handle.publish(record.clone()));
        while good.receive(Acceptance::Accept).await != record {}
        sent += 1;
        assert!(sent < 20_000, "the slow peer is still connected");
    }
    assert!(sender.handle.peers().borrow().contains(&peer(2)));
    drop(stopped);
}

#[tokio::test]
async fn a_port_that_is_taken_is_an_error_that_names_it() {
    let first = node(1, &[1], &[]).await;
    let (sender, _inbound) = mpsc::channel(1);
    let settings = Settings {
        listen: first.handle.listen(),
        ..settings(&[1], &[])
    };
    let refused = spawn(settings, keypair(1), sender).await;
    let error = refused.map(|_| ()).unwrap_err();
    assert!(
        matches!(error, GossipError::Listen { address, .. } if address == first.handle.listen())
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_breaks_the_rules_is_sent_away_and_may_come_back() {
    let members = [1, 2, 3];
    let (inbound, received) = mpsc::channel(64);
    let (announce, peers) = watch::channel(BTreeSet::new());
    let (gossip, listen) =
        swarm::Gossip::start(settings(&members, &[]), keypair(1), inbound, announce)
            .await
            .unwrap();
    let (outgoing, records) = mpsc::channel(1);
    tokio::spawn(gossip.sends_away_for(Duration::from_secs(2)).run(records));
    let handle = Handle {
        outgoing,
        peers,
        listen,
    };
    let mut judge = Node {
        handle,
        inbound: received,
    };
    let at = [(1, judge.handle.listen())];
    let bad = node(2, &members, &at).await;
    let good = node(3, &members, &at).await;
    judge.connected(&[2, 3]).await;
    bad.bring(b"ready", &mut judge).await;
    let mut peers = judge.handle.peers();
    let mut sent = 0_u32;
    while peers.borrow_and_update().contains(&peer(2)) {
        sent += 1;
        assert!(sent < 2_000, "it breaks the rules and is still connected");
        let record = sent.to_be_bytes();
        assert!(bad.handle.publish(record.to_vec()));
        tokio::select! {
            received = judge.inbound.recv() => {
                let _gave_up = received.unwrap().reply.send(Acceptance::Reject);
            }
            changed = peers.changed() => changed.unwrap(),
        }
    }
    assert!(sent >= 20, "sent away after {sent}");
    assert!(judge.handle.peers().borrow().contains(&peer(3)));
    // It dials without end, and is let in when its time is over.
    judge.connected(&[2, 3]).await;
    bad.bring(b"back again", &mut judge).await;
    drop(good);
}
