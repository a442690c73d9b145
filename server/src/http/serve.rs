//! Listening: on loopback or a unix socket, with nginx in front.

use std::{net::IpAddr, time::Duration};

use axum::{
    Router,
    extract::connect_info::Connected,
    serve::{IncomingStream, Listener},
};
use http::HeaderMap;
use tokio::net::{TcpListener, UnixListener};
use tokio_util::sync::CancellationToken;

use crate::{config::Listen, state::Refusal};

/// How long what is under way may take once the panel is told to stop. The streams of open pages
/// would go on for ever; they ask again when the panel is back.
const LAST_ANSWERS: Duration = Duration::from_secs(3);

/// Who is at the other end of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// A program on this host, by loopback.
    Address(IpAddr),
    /// Our own nginx, by the unix socket; it says whom it speaks for.
    Proxy,
}

impl Peer {
    /// The client's address. Only our own hop is believed; what else a client sends is not read.
    #[must_use]
    pub fn client(self, headers: &HeaderMap) -> Option<IpAddr> {
        match self {
            Self::Address(address) => Some(address),
            Self::Proxy => {
                let mut values = headers.get_all("x-real-ip").iter();
                let address = values.next()?.to_str().ok()?.parse().ok()?;
                if values.next().is_some() { None } else { Some(address) }
            }
        }
    }
}

impl Connected<IncomingStream<'_, TcpListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, TcpListener>) -> Self {
        Self::Address(stream.remote_addr().ip())
    }
}

impl Connected<IncomingStream<'_, UnixListener>> for Peer {
    fn connect_info(_stream: IncomingStream<'_, UnixListener>) -> Self {
        Self::Proxy
    }
}

/// Serves until `stop`; then finishes what is under way, within seconds.
///
/// # Errors
/// [`Refusal`] when it cannot listen.
pub async fn listen(router: Router, at: &Listen, stop: CancellationToken) -> Result<(), Refusal> {
    let refuse = |error: std::io::Error| Refusal::Io(format!("The panel cannot listen on {at}: {error}."));
    match at {
        Listen::Tcp(address) => {
            let listener = TcpListener::bind(address).await.map_err(refuse)?;
            run(listener, router, stop).await.map_err(refuse)
        }
        Listen::Unix(path) => {
            // The state folder's lock says that no other panel uses it.
            match rustix::fs::unlink(path) {
                Ok(()) | Err(rustix::io::Errno::NOENT) => {}
                Err(errno) => return Err(refuse(errno.into())),
            }
            let listener = UnixListener::bind(path).map_err(refuse)?;
            let served = run(listener, router, stop).await.map_err(refuse);
            let _ = rustix::fs::unlink(path);
            served
        }
    }
}

async fn run<L>(listener: L, router: Router, stop: CancellationToken) -> std::io::Result<()>
where
    L: Listener,
    L::Addr: std::fmt::Debug,
    Peer: for<'a> Connected<IncomingStream<'a, L>>,
{
    let service = router.into_make_service_with_connect_info::<Peer>();
    let told = stop.clone();
    let served = axum::serve(listener, service).with_graceful_shutdown(async move { told.cancelled().await });
    tokio::select! {
        served = served => served,
        () = async { stop.cancelled().await; tokio::time::sleep(LAST_ANSWERS).await } => Ok(()),
    }
}
