//! Composes the panel: configuration, drivers, services, router.

pub mod accounts;
pub mod ambient;
pub mod audit;
pub mod cli;
pub mod config;
pub mod db;
pub mod drivers;
pub mod failure;
pub mod http;
pub mod jobs;
pub mod live;
pub mod not_yet;
pub mod seal;
pub mod state;

use std::sync::Arc;

use accounts::Accounts;
use ambient::Clock;
use audit::Audit;
use config::Config;
use db::Db;
use homeport_app::backend::Backend;
use live::Hub;
use not_yet::NotYet;
use state::{Refusal, StateFolder};
use tokio_util::sync::CancellationToken;

/// Runs the panel until it is told to stop.
///
/// # Errors
/// [`Refusal`] when it does not start; its exit code says which kind.
pub async fn serve(config: Config) -> Result<(), Refusal> {
    start_log(&config);
    let state = StateFolder::lock(&config.state)?;
    let (db, _sealer) = Db::open(&state).await?;
    let clock = Clock::default();
    let hub = Hub::default();
    let audit = Audit::new(db.clone(), clock.clone());
    let accounts =
        Accounts::new(db.clone(), clock.clone(), audit.clone(), hub.clone(), config.origin.clone(), cli::announce)?;
    let accounts = Arc::new(accounts);
    let not_yet = Arc::new(NotYet);
    let backend =
        Backend { accounts: accounts.clone(), apps: not_yet.clone(), deploys: not_yet.clone(), activity: not_yet };

    match accounts.claim_link_while_unclaimed().await {
        Ok(Some(link)) => cli::announce(&format!("Claim this panel within 30 minutes: {}", link.expose())),
        Ok(None) => {}
        Err(failure) => return Err(Refusal::Io(failure::chain(&failure))),
    }
    let listen = config.listen.clone();
    let panel = http::Panel::new(config, clock, accounts, backend, hub);
    let stop = CancellationToken::new();
    stop_on_signals(stop.clone())?;
    tracing::info!("listening on {listen}");
    let served = http::listen(http::router(panel, http::table()), &listen, stop).await;
    db.close().await;
    served
}

fn start_log(config: &Config) {
    let filter = tracing_subscriber::EnvFilter::try_new(&config.log).unwrap_or_else(|_| "info".into());
    // A second panel in one process (a test) keeps the first one's log.
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(std::io::stderr).try_init();
}

/// SIGTERM and Ctrl-C let the requests under way finish.
fn stop_on_signals(stop: CancellationToken) -> Result<(), Refusal> {
    use tokio::signal::unix::{SignalKind, signal};
    let hear = |kind| signal(kind).map_err(|error| Refusal::Io(format!("Signals cannot be heard: {error}.")));
    let (mut terminate, mut interrupt) = (hear(SignalKind::terminate())?, hear(SignalKind::interrupt())?);
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        stop.cancel();
    });
    Ok(())
}
