//! Keeps the service manager informed: ready once, then alive for as long as the panel's parts are.
//!
//! Silence makes the service manager start the panel anew, so it is kept only where that helps: the
//! event loop, the store's writer or the job runner is stuck. An engine that is down is no reason.

use std::time::Duration;

use tokio::{
    net::{TcpStream, UnixStream},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{config::Listen, db::Db, drivers::system::supervisor::Supervisor, jobs::Runner};

/// A transaction lasts milliseconds; a writer that is not free in this time is stuck.
const WRITER_FREE_WITHIN: Duration = Duration::from_secs(8);

/// Reports until `stop`.
pub async fn report(supervisor: Supervisor, listen: Listen, db: Db, runner: Runner, stop: CancellationToken) {
    let reporting = async {
        while !answers(&listen).await {
            sleep(Duration::from_millis(10)).await;
        }
        supervisor.ready();
        let Some(interval) = supervisor.interval() else { return std::future::pending().await };
        loop {
            if runner.lives() && writer_is_free(&db).await {
                supervisor.alive();
            } else {
                tracing::error!("the panel is stuck; the service manager will start it anew");
            }
            sleep(interval).await;
        }
    };
    tokio::select! {
        () = reporting => {}
        () = stop.cancelled() => supervisor.stopping(),
    }
}

async fn answers(listen: &Listen) -> bool {
    match listen {
        Listen::Tcp(address) => TcpStream::connect(address).await.is_ok(),
        Listen::Unix(path) => UnixStream::connect(path).await.is_ok(),
    }
}

/// Takes the writer and gives it back; nothing is written. A store that refuses (the disk is full) is
/// not stuck, and starting anew would not make room.
async fn writer_is_free(db: &Db) -> bool {
    timeout(WRITER_FREE_WITHIN, db.write()).await.is_ok()
}
