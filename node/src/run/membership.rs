//! Who this node is, and who the others are: names from the genesis, addresses from `node.toml`.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use genesis::{Genesis, Node};
use ledger::party::PartyCode;
use libp2p::identity::Keypair;
use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId};
use tracing::warn;

use super::RunError;
use crate::config::Config;
use crate::engine;
use crate::gossip;
use crate::identity::Identity;

/// This node's own entry in the genesis.
pub(super) fn own_node<'g>(
    genesis: &'g Genesis,
    party: PartyCode,
    identity: &Identity,
) -> Result<&'g Node, RunError> {
    let member = genesis.member(party);
    let member = member.ok_or(RunError::UnknownParty(party))?;
    let peer = identity.peer_id();
    let node = member.nodes.iter().find(|node| node.peer == peer);
    let node = node.ok_or(RunError::UnknownNode { party, peer })?;
    let is_own = |key| key == identity.voting().public();
    if node.voting.is_some_and(|voting| !is_own(voting.key)) {
        return Err(RunError::OtherVotingKey);
    }
    Ok(node)
}

pub(super) fn keypair(identity: &Identity) -> Result<Keypair, RunError> {
    identity
        .peer_keypair()
        .map_err(|error| RunError::PeerKey(error.to_string()))
}

pub(super) fn engine_settings(
    config: &Config,
    genesis: &Genesis,
    identity: &Identity,
) -> Result<engine::Settings, RunError> {
    let mut peers = Vec::new();
    for peer in &config.peers {
        // One Party's nodes may answer at any of its addresses.
        for id in nodes_of(genesis, peer.party, identity)? {
            let address = multiaddr(peer.consensus);
            peers.push(engine::Peer { address, id });
        }
    }
    for (party, peer) in unlisted(config, genesis, identity.peer_id()) {
        warn!(
            %party,
            %peer,
            "this member of the genesis has no address in node.toml: consensus refuses its node"
        );
    }
    Ok(engine::Settings {
        chain: genesis.chain_id(),
        name: config.party.to_string(),
        listen: multiaddr(config.listen.consensus),
        peers,
        validators: validators(genesis)?,
        keypair: keypair(identity)?,
        folder: config.data_folder(),
    })
}

/// Members of the genesis that this node would refuse: Malachite admits nobody without an address here,
/// not even where only the other side dials.
fn unlisted<'g>(
    config: &Config,
    genesis: &'g Genesis,
    own: genesis::peer::PeerId,
) -> impl Iterator<Item = (PartyCode, genesis::peer::PeerId)> + 'g {
    let listed: BTreeSet<_> = config.peers.iter().map(|peer| peer.party).collect();
    let nodes = genesis.nodes();
    nodes
        .map(|(party, node)| (party, node.peer))
        .filter(move |(party, peer)| *peer != own && !listed.contains(party))
}

/// The nodes that vote.
fn validators(genesis: &Genesis) -> Result<Vec<PeerId>, RunError> {
    let nodes = genesis.nodes().filter(|(_, node)| node.voting.is_some());
    nodes.map(|(_, node)| peer_id(node)).collect()
}

pub(super) fn gossip_settings(
    config: &Config,
    genesis: &Genesis,
    identity: &Identity,
) -> Result<gossip::Settings, RunError> {
    let mut members = BTreeSet::new();
    for (_, node) in genesis.nodes() {
        members.insert(peer_id(node)?);
    }
    let mut dial = Vec::new();
    for peer in &config.peers {
        dial.push(gossip::Address {
            address: peer.gossip,
            peers: nodes_of(genesis, peer.party, identity)?,
        });
    }
    Ok(gossip::Settings {
        chain: genesis.chain_id(),
        listen: config.listen.gossip,
        members,
        dial,
    })
}

/// A Party's nodes, without this one.
fn nodes_of(
    genesis: &Genesis,
    party: PartyCode,
    identity: &Identity,
) -> Result<BTreeSet<PeerId>, RunError> {
    let member = genesis.member(party);
    let member = member.ok_or(RunError::UnknownParty(party))?;
    let own = identity.peer_id();
    let others = member.nodes.iter().filter(|node| node.peer != own);
    others.map(peer_id).collect()
}

fn peer_id(node: &Node) -> Result<PeerId, RunError> {
    PeerId::from_bytes(&node.peer.to_bytes()).map_err(|error| RunError::PeerKey(error.to_string()))
}

fn multiaddr(address: SocketAddr) -> Multiaddr {
    Multiaddr::from(address.ip()).with(Protocol::Tcp(address.port()))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::{Listen, Peer};

    #[test]
    fn a_member_without_an_address_is_named_and_this_node_is_not() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../genesis/networks/demo-1.toml"
        );
        let genesis = Genesis::parse(&std::fs::read_to_string(path).unwrap()).unwrap();
        let members: Vec<_> = genesis
            .nodes()
            .map(|(party, node)| (party, node.peer))
            .collect();
        let [(own_party, own), listed, missing @ ..] = &members[..] else {
            panic!("{members:?}");
        };
        let address: SocketAddr = "127.0.0.1:1".parse().unwrap();
        let listen = Listen {
            consensus: address,
            http: address,
            metrics: address,
            gossip: address,
        };
        let mut config = Config::new(Path::new("home"), *own_party, listen);
        config.peers.push(Peer {
            party: listed.0,
            consensus: address,
            gossip: address,
        });
        let found: Vec<_> = unlisted(&config, &genesis, *own).collect();
        assert_eq!(found, missing);
        assert!(!missing.is_empty());
    }
}
