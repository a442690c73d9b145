//! Composes the panel: configuration, drivers, services, router.

pub mod access;
pub mod accounts;
pub mod activity;
pub mod ambient;
pub mod apps;
pub mod audit;
pub mod certificates;
pub mod cli;
pub mod compose;
pub mod config;
pub mod db;
pub mod deploys;
pub mod dns;
pub mod domains;
pub mod drivers;
pub mod egress;
pub mod engines;
pub mod environments;
pub mod failure;
pub mod host;
pub mod http;
pub mod jobs;
pub mod live;
pub mod logs;
pub mod origins;
pub mod panel_domain;
pub mod polls;
pub mod pushes;
pub mod reconcile;
pub mod registries;
pub mod seal;
pub mod ssh;
pub mod ssh_keys;
pub mod state;
pub mod statuses;
pub mod supervise;
pub mod tokens;
pub mod traffic;
pub mod tunnel;
pub mod uploads;
pub mod webhooks;

use std::time::Duration;

use compose::{Base, Services};
use config::Config;
use db::Db;
use state::{Refusal, StateFolder};
use tokio_util::sync::CancellationToken;

/// How long jobs may take to end when the panel is stopped; what is left goes on at the next start.
const JOBS_MAY_TAKE: Duration = Duration::from_secs(30);

/// Runs the panel until it is told to stop.
///
/// # Errors
/// [`Refusal`] when it does not start; its exit code says which kind.
pub async fn serve(config: Config) -> Result<(), Refusal> {
    start_log(&config);
    let state = StateFolder::lock(&config.state)?;
    let (db, sealer) = Db::open(&state).await?;
    let services = Services::compose(&config, Base::new(db.clone(), sealer))?;
    services.origins.read(&db).await.map_err(|error| Refusal::Io(error.to_string()))?;
    match services.accounts.claim_link_while_unclaimed().await {
        Ok(Some(link)) => cli::announce(&format!("Claim this panel within 30 minutes: {}", link.expose())),
        Ok(None) => {}
        Err(failure) => return Err(Refusal::Io(failure::chain(&failure))),
    }
    let listen = config.listen.clone();
    let panel = http::Panel::new(config, &services);
    let stop = CancellationToken::new();
    stop_on_signals(stop.clone())?;
    let starting = services.clone();
    tokio::spawn(async move {
        if let Err(failure) = starting.start().await {
            tracing::error!("jobs do not run: {}", failure::chain(&failure));
        }
    });
    let supervisor = drivers::system::supervisor::Supervisor::of_this_process();
    let reporting = supervise::report(supervisor, listen.clone(), db.clone(), services.runner.clone(), stop.clone());
    tokio::spawn(reporting);
    tracing::info!("listening on {listen}");
    let served = http::listen(http::router(panel, http::table()), &listen, stop).await;
    services.stop(JOBS_MAY_TAKE).await;
    db.close().await;
    served
}

fn start_log(config: &Config) {
    let mut filter = tracing_subscriber::EnvFilter::try_new(&config.log).unwrap_or_else(|_| "info".into());
    // At a finer level it writes whole requests, environments with their secrets among them.
    if let Ok(quiet) = "bollard=info".parse() {
        filter = filter.add_directive(quiet);
    }
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
