//! The SSH server: an entrance for git's clients beside HTTP, on a port of its own. It knows people
//! by their public keys, understands `git-receive-pack` and `git-upload-pack`, and starts nothing.

mod cut;
mod host_key;
mod session;
mod strangers;
mod talk;

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use homeport_model::pushes::SshServer;
use russh::{
    MethodKind, MethodSet, SshId,
    keys::{HashAlg, PrivateKey},
    server::Config,
};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    sync::{Semaphore, oneshot},
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::{
    cut::Cuttable,
    session::Session,
    strangers::{Stranger, Strangers},
};
use crate::{drivers::system::fsroot::FsRoot, pushes::Pushes, ssh_keys::SshKeys};

/// How long somebody may take to sign in; OpenSSH gives two minutes.
const SIGNED_IN_WITHIN: Duration = Duration::from_secs(30);
/// So many connections are there at the same time.
const MOST_CONNECTIONS: usize = 128;
/// How often a port that is taken is tried again.
const AGAIN: Duration = Duration::from_secs(30);
/// How often a silent client is asked whether it is there; the third time without an answer ends it.
const STILL_THERE: Duration = Duration::from_secs(30);

/// How it stands with the server, for whoever shows it.
#[derive(Debug, Clone, Default)]
pub struct Door(Arc<Mutex<SshServer>>);

impl Door {
    /// Whether and where it listens.
    #[must_use]
    pub fn state(&self) -> SshServer {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, state: SshServer) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }
}

/// What the server is made of.
pub struct Ssh {
    /// Who may come in.
    pub keys: SshKeys,
    /// What they come for.
    pub pushes: Pushes,
    /// Where the host key is.
    pub state: FsRoot,
    /// Where it listens.
    pub bind: Vec<IpAddr>,
    /// Its port; 0 for no server.
    pub port: u16,
    /// What people call this host.
    pub host: String,
    /// What is told of it.
    pub door: Door,
}

impl Ssh {
    /// Listens until `stop`. A port that is taken does not keep the panel from running: it is tried
    /// again, and the settings say so meanwhile.
    pub fn start(self: Arc<Self>, tasks: &TaskTracker, stop: CancellationToken) {
        if self.port == 0 {
            return;
        }
        let own = tasks.clone();
        tasks.spawn(async move {
            loop {
                let work = self.listen(&own, &stop);
                tokio::select! {
                    () = stop.cancelled() => return,
                    Err(why) = work => {
                        tracing::warn!("the SSH server does not listen: {why}");
                        self.door.set(SshServer::Fails { why });
                    }
                }
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(AGAIN) => {}
                }
            }
        });
    }

    async fn listen(&self, tasks: &TaskTracker, stop: &CancellationToken) -> Result<(), String> {
        let key = host_key::load(&self.state)?;
        let fingerprint = key.public_key().fingerprint(HashAlg::Sha256).to_string();
        let mut listeners = Vec::new();
        for address in &self.bind {
            let address = SocketAddr::new(*address, self.port);
            match open(address) {
                Ok(listener) => listeners.push(listener),
                // A host without IPv6.
                Err(error) if address.is_ipv6() && error.kind() != io::ErrorKind::AddrInUse => {}
                Err(error) => return Err(format!("Port {} cannot be opened: {error}.", self.port)),
            }
        }
        if listeners.is_empty() {
            return Err("None of its addresses can be opened.".to_owned());
        }
        let port = if self.port == 22 { String::new() } else { format!(":{}", self.port) };
        let address = format!("ssh://git@{}{port}", self.host);
        self.door.set(SshServer::Listens { address, fingerprint });
        let config = Arc::new(config(key));
        let (strangers, rooms) = (Strangers::default(), Arc::new(Semaphore::new(MOST_CONNECTIONS)));
        let accept = |listener: TcpListener| {
            let (config, strangers, rooms) = (config.clone(), strangers.clone(), rooms.clone());
            async move {
                loop {
                    match listener.accept().await {
                        // Whoever finds no room hears nothing; they try again, and nobody waits here.
                        Ok((stream, from)) => {
                            if let (Some(stranger), Ok(room)) =
                                (strangers.admit(from.ip()), rooms.clone().try_acquire_owned())
                            {
                                let visit = self.visit(config.clone(), stream, from, stranger, stop.child_token());
                                tasks.spawn(async move {
                                    visit.await;
                                    drop(room);
                                });
                            }
                        }
                        // No more files may be opened: the others end at some time.
                        Err(_) => tokio::time::sleep(Duration::from_millis(200)).await,
                    }
                }
            }
        };
        futures_util::future::join_all(listeners.into_iter().map(accept)).await;
        Ok(())
    }

    fn visit(
        &self,
        config: Arc<Config>,
        stream: TcpStream,
        from: SocketAddr,
        stranger: Stranger,
        end: CancellationToken,
    ) -> impl Future<Output = ()> + Send + use<> {
        let (signed_in, known) = oneshot::channel();
        let address = from.ip().to_canonical().to_string();
        let session = Session::new(self.keys.clone(), self.pushes.clone(), address.clone(), signed_in);
        async move {
            let stream = Cuttable::new(stream, end.clone());
            let run = async {
                let running = russh::server::run_stream(config, stream, session).await?;
                running.await
            };
            tokio::pin!(run);
            let stranger_only = async {
                let known = timeout(SIGNED_IN_WITHIN, known).await;
                drop(stranger);
                if matches!(known, Ok(Ok(()))) {
                    std::future::pending::<()>().await
                }
            };
            let ended = tokio::select! {
                ended = &mut run => ended,
                () = stranger_only => {
                    end.cancel();
                    run.await
                }
            };
            if let Err(error) = ended {
                tracing::debug!(from = address, "an SSH connection ended: {error}");
            }
        }
    }
}

fn open(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv6() { TcpSocket::new_v6()? } else { TcpSocket::new_v4()? };
    if address.is_ipv6() {
        rustix::net::sockopt::set_ipv6_v6only(&socket, true)?;
    }
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(128)
}

fn config(key: PrivateKey) -> Config {
    Config {
        server_id: SshId::Standard("SSH-2.0-Homeport".into()),
        methods: MethodSet::from(&[MethodKind::PublicKey][..]),
        auth_rejection_time: Duration::from_millis(300),
        auth_rejection_time_initial: Some(Duration::ZERO),
        keys: vec![key],
        // An agent offers every key that it has.
        max_auth_attempts: 20,
        // A long build says nothing for long; a client that is gone is found by asking it.
        inactivity_timeout: None,
        keepalive_interval: Some(STILL_THERE),
        keepalive_max: 3,
        nodelay: true,
        ..Config::default()
    }
}
