//! A container's sockets, read on the host from its main process: what it listens on, so that a
//! failing check can say so, and how many connections are left, so that draining can end early.

use homeport_model::{deploy::container::ContainerId, name::Port};

use super::{Docker, Error};
use crate::drivers::system::procfs::{TcpState, tcp_sockets};

/// A port that a container's process listens on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listening {
    /// The port.
    pub port: Port,
    /// Whether only the container itself can reach it (`127.0.0.1`).
    pub loopback_only: bool,
}

impl Docker {
    /// The ports that a container listens on, ascending; empty while it does not run.
    pub async fn listening_ports(&self, id: &ContainerId) -> Result<Vec<Listening>, Error> {
        let Some(pid) = self.pid(id).await? else { return Ok(Vec::new()) };
        // A process that ended meanwhile listens on nothing.
        let sockets = tcp_sockets(pid).unwrap_or_default();
        // The engine's own name server listens on 127.0.0.11 inside every container.
        let theirs = sockets.iter().filter(|s| s.state == TcpState::Listening && s.address.to_string() != "127.0.0.11");
        let mut ports: Vec<Listening> = theirs
            .filter_map(|s| {
                Some(Listening { port: Port::try_from(s.port).ok()?, loopback_only: s.address.is_loopback() })
            })
            .collect();
        ports.sort();
        ports.dedup();
        Ok(ports)
    }

    /// How many connections to `port` of a container are open; zero when it has ended.
    pub async fn established(&self, id: &ContainerId, port: Port) -> Result<usize, Error> {
        let Some(pid) = self.pid(id).await? else { return Ok(0) };
        let sockets = tcp_sockets(pid).unwrap_or_default();
        Ok(sockets.iter().filter(|s| s.port == port.get() && s.state == TcpState::Open).count())
    }

    async fn pid(&self, id: &ContainerId) -> Result<Option<u32>, Error> {
        Ok(self.inspect(id).await?.filter(|state| state.running).and_then(|state| state.pid))
    }
}
