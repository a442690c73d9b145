//! Asks our nginx which generation answers, through its socket.

use std::time::Duration;

use homeport_model::domain::vhost::{HostPath, PROBE_SOCKET};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
    time::timeout,
};

const LIMIT: Duration = Duration::from_millis(500);
const LIMIT_BYTES: u64 = 4096;

/// The generation that answers, if one does.
pub(super) async fn ask(prefix: &HostPath) -> Option<u64> {
    let answer = timeout(LIMIT, async {
        let mut stream = UnixStream::connect(format!("{prefix}/{PROBE_SOCKET}")).await.ok()?;
        stream.write_all(b"GET /generation HTTP/1.0\r\nHost: homeport\r\n\r\n").await.ok()?;
        let mut text = String::new();
        stream.take(LIMIT_BYTES).read_to_string(&mut text).await.ok()?;
        text.split_once("\r\n\r\n").and_then(|(_, body)| body.trim().parse().ok())
    });
    answer.await.ok().flatten()
}
