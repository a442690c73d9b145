//! A stand-in for what visitors reach under a name of the panel: Cloudflare, which brings them to the tunnel's
//! listener, or this server's own port for https.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use homeport_model::name::Port;
use rustls::pki_types::PrivateKeyDer;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;

/// Where visitors are led.
#[derive(Debug, Clone, Copy)]
pub enum Leads {
    /// Nowhere.
    Away,
    /// To a foreign server that answers everything.
    Foreign,
    /// Through Cloudflare to the tunnel's listener.
    Tunnel(Port),
    /// To this server's port for https.
    Direct(Port),
}

/// The stand-in.
pub struct Cloudflare {
    pub address: SocketAddr,
    leads: Arc<Mutex<Leads>>,
}

impl Cloudflare {
    /// Shows a certificate for `name` that nobody believes.
    pub async fn start(name: &str) -> Self {
        let made = rcgen::generate_simple_self_signed([name.to_owned()]).expect("made");
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a key");
        let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .expect("a pair");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let (address, leads) = (listener.local_addr().expect("an address"), Arc::new(Mutex::new(Leads::Away)));
        let now = leads.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let leads = *now.lock().expect("not poisoned");
                tokio::spawn(bring(stream, leads, acceptor.clone()));
            }
        });
        Self { address, leads }
    }

    pub fn lead(&self, to: Leads) {
        *self.leads.lock().expect("not poisoned") = to;
    }
}

async fn bring(mut visitor: TcpStream, leads: Leads, acceptor: TlsAcceptor) {
    match leads {
        Leads::Away => {}
        Leads::Foreign => {
            let Ok(mut visitor) = acceptor.accept(visitor).await else { return };
            let _ = visitor.read(&mut [0; 4096]).await;
            let _ = visitor.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n").await;
            let _ = visitor.shutdown().await;
        }
        Leads::Tunnel(port) => {
            let Ok(mut visitor) = acceptor.accept(visitor).await else { return };
            let Ok(mut here) = TcpStream::connect(("127.0.0.1", port.get())).await else { return };
            let _ = copy_bidirectional(&mut visitor, &mut here).await;
        }
        Leads::Direct(port) => {
            let Ok(mut here) = TcpStream::connect(("127.0.0.1", port.get())).await else { return };
            let _ = copy_bidirectional(&mut visitor, &mut here).await;
        }
    }
}
