//! Ports of a local network: the usual ones, or a block that no other local network holds.

use std::fs::{File, TryLockError};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};

use super::LocalnetError;
use crate::config::{CONSENSUS_PORT, Listen, PORT_STEP};

/// Blocks begin here. Below the range from which systems draw ports of outgoing connections, so that a node that
/// was killed finds its ports again.
const FIRST: u16 = 20_000;
const LAST: u16 = 26_999;
const BLOCK: u16 = 100;

/// Where the nodes of one local network listen.
#[derive(Debug)]
pub struct Ports {
    first: u16,
    // Held as long as the ports are; the system gives it back whatever happens to the process.
    _lock: Option<File>,
}

impl Ports {
    /// The ports of the documentation: 27610 and following.
    #[must_use]
    pub const fn usual() -> Self {
        Self {
            first: CONSENSUS_PORT,
            _lock: None,
        }
    }

    /// Whether the usual ports of that many nodes are free.
    #[must_use]
    pub fn are_usual_free(nodes: u16) -> bool {
        are_free(CONSENSUS_PORT, nodes)
    }

    /// A block of free ports for at most ten nodes.
    ///
    /// # Errors
    /// [`LocalnetError::Ports`] where there is none.
    pub fn free() -> Result<Self, LocalnetError> {
        for first in (FIRST..=LAST).step_by(usize::from(BLOCK)) {
            let path = std::env::temp_dir().join(format!("cites-ports-{first}.lock"));
            let lock = File::create(&path).map_err(LocalnetError::file(&path))?;
            match lock.try_lock() {
                Ok(()) if are_free(first, BLOCK / PORT_STEP) => {
                    let _lock = Some(lock);
                    return Ok(Self { first, _lock });
                }
                Ok(()) | Err(TryLockError::WouldBlock | TryLockError::Error(_)) => {}
            }
        }
        Err(LocalnetError::Ports {
            from: FIRST,
            to: LAST,
        })
    }

    /// Where node `step` listens, counted from 0.
    #[must_use]
    pub fn listen(&self, step: u16) -> Listen {
        let usual = Listen::loopback(step);
        let moved = |address: SocketAddr| {
            let port = address.port().saturating_sub(CONSENSUS_PORT);
            SocketAddr::new(address.ip(), self.first.saturating_add(port))
        };
        Listen {
            consensus: moved(usual.consensus),
            http: moved(usual.http),
            metrics: moved(usual.metrics),
            gossip: moved(usual.gossip),
        }
    }
}

fn are_free(first: u16, nodes: u16) -> bool {
    let local = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let ports = (0..nodes).flat_map(|node| {
        let base = first.saturating_add(node.saturating_mul(PORT_STEP));
        (0..4).map(move |service| base.saturating_add(service))
    });
    let mut ports = ports.map(|port| TcpListener::bind(SocketAddr::new(local, port)));
    ports.all(|listener| listener.is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_local_networks_never_share_a_port() {
        let (one, two) = (Ports::free().unwrap(), Ports::free().unwrap());
        let listens = [one.listen(0), one.listen(9), two.listen(0), two.listen(9)];
        let mut ports: Vec<_> = listens
            .iter()
            .flat_map(|listen| [listen.consensus, listen.http, listen.metrics, listen.gossip])
            .collect();
        ports.sort();
        ports.dedup();
        assert_eq!(ports.len(), 16);
    }

    #[test]
    fn usual_ports_are_those_of_the_documentation() {
        assert_eq!(Ports::usual().listen(3), Listen::loopback(3));
    }
}
