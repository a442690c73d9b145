//! TLS to a container of ours, for a health check that wants it, and to our own nginx, for the proof of a
//! switch.
//!
//! Whatever certificate the container shows is taken. It is self-signed or made for another name by
//! nature: no authority gives one for an address on a bridge, and the connection never leaves this
//! host, so there is nobody between whom a certificate could keep out. The check asks whether the app
//! answers, not who it is; what nginx serves is judged elsewhere. [`onlooker`] is how.

use std::sync::{Arc, LazyLock};

use homeport_model::{name::HostName, text::clean_line};
use rustls::{ClientConfig, pki_types::ServerName};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::Error;
use crate::drivers::onlooker;

/// Shakes hands as a visitor of `host` would.
///
/// # Errors
/// [`Error::Handshake`] with the reason in words.
pub(super) async fn shake_hands(
    stream: TcpStream,
    address: std::net::IpAddr,
    host: &HostName,
) -> Result<TlsStream<TcpStream>, Error> {
    // What is no name of DNS asks for nobody in particular.
    let name = ServerName::try_from(host.to_string()).unwrap_or_else(|_| ServerName::from(address));
    let config = CONFIG.clone().map_err(|reason| Error::Handshake { reason, is_alert: true })?;
    TlsConnector::from(config).connect(name, stream).await.map_err(|error| in_words(&error))
}

static CONFIG: LazyLock<Result<Arc<ClientConfig>, String>> =
    LazyLock::new(|| onlooker::config(&["http/1.1"]).map_err(|error| error.to_string()));

fn in_words(error: &std::io::Error) -> Error {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>());
    let reason = match cause {
        Some(rustls::Error::InvalidMessage(_)) => "what came back is not TLS".to_owned(),
        Some(cause) => clean_line(&cause.to_string()),
        None if error.kind() == std::io::ErrorKind::UnexpectedEof => "the connection was closed".to_owned(),
        None => clean_line(&error.to_string()),
    };
    Error::Handshake { reason, is_alert: matches!(cause, Some(rustls::Error::AlertReceived(_))) }
}
