//! Claims jobs and runs each in a task of its own, several at a time, one per subject.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use homeport_model::{id::JobId, job::JobKind};
use tokio::{
    sync::{Notify, Semaphore},
    task::JoinHandle,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{Faults, JobLog, Locks, Work, run, store};
use crate::{
    ambient::Clock,
    db::Db,
    failure::Failure,
    live::{Hub, LogHub},
};

/// How often the queue is looked at when nobody nudges.
const LOOK: Duration = Duration::from_secs(5);
/// How long a claim holds without being renewed, in ms.
pub(super) const LEASE_MS: i64 = 60_000;

pub(super) struct Shared {
    pub(super) db: Db,
    pub(super) clock: Clock,
    pub(super) hub: Hub,
    pub(super) logs: LogHub,
    pub(super) locks: Locks,
    pub(super) faults: Faults,
    /// This run of the panel; another owner's leases are orphans.
    pub(super) owner: String,
    pub(super) work: OnceLock<HashMap<JobKind, Arc<dyn Work>>>,
    running: Mutex<HashMap<JobId, CancellationToken>>,
    nudge: Notify,
    places: Arc<Semaphore>,
    claiming: OnceLock<JoinHandle<()>>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// Runs jobs.
#[derive(Clone)]
pub struct Runner(pub(super) Arc<Shared>);

/// What a runner needs.
pub struct Parts {
    /// The store.
    pub db: Db,
    /// The clock.
    pub clock: Clock,
    /// Where changes are announced.
    pub hub: Hub,
    /// Where growing logs are announced.
    pub logs: LogHub,
    /// The apps' locks.
    pub locks: Locks,
    /// Planted faults; empty in a running panel.
    pub faults: Faults,
    /// Names this run of the panel.
    pub owner: String,
}

impl Runner {
    /// A runner that has not begun.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(Shared {
            db: parts.db,
            clock: parts.clock,
            hub: parts.hub,
            logs: parts.logs,
            locks: parts.locks,
            faults: parts.faults,
            owner: parts.owner,
            work: OnceLock::new(),
            running: Mutex::default(),
            nudge: Notify::new(),
            places: Arc::new(Semaphore::new(usize::try_from(store::AT_ONCE).unwrap_or(1))),
            claiming: OnceLock::new(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        }))
    }

    /// Takes up what an earlier run of the panel left, then claims jobs until it is stopped. `work`
    /// says who does which kind.
    ///
    /// # Errors
    /// When the store does not answer at the start.
    pub async fn start(&self, work: HashMap<JobKind, Arc<dyn Work>>) -> Result<(), Failure> {
        if self.0.work.set(work).is_err() {
            return Err(Failure::internal("the runner was started twice"));
        }
        let orphans = store::interrupt_orphans(&self.0.db, &self.0.owner).await?;
        if orphans > 0 {
            tracing::warn!("{orphans} job(s) were interrupted when the panel stopped; going on with them");
        }
        let runner = self.clone();
        let claiming = self.0.tasks.spawn(async move { runner.claim_until_stopped().await });
        let _ = self.0.claiming.set(claiming);
        Ok(())
    }

    /// Whether jobs are still claimed, or not yet.
    #[must_use]
    pub fn lives(&self) -> bool {
        self.0.claiming.get().is_none_or(|claiming| !claiming.is_finished())
    }

    /// Looks at the queue now.
    pub fn nudge(&self) {
        self.0.nudge.notify_one();
    }

    /// Stops a running job at its next chance; a queued one is the store's business.
    pub fn cancel(&self, job: &JobId) {
        if let Some(token) = self.running().get(job) {
            token.cancel();
        }
    }

    /// Claims nothing more and waits up to `limit` for what runs. What is left then is interrupted
    /// and taken up at the next start.
    pub async fn stop(&self, limit: Duration) {
        self.0.stop.cancel();
        self.0.tasks.close();
        if tokio::time::timeout(limit, self.0.tasks.wait()).await.is_err() {
            tracing::warn!("jobs were still running; they go on at the next start");
        }
    }

    async fn claim_until_stopped(&self) {
        loop {
            let place = tokio::select! {
                place = Arc::clone(&self.0.places).acquire_owned() => place,
                () = self.0.stop.cancelled() => return,
            };
            let Ok(place) = place else { return };
            let now = self.0.clock.now();
            match store::claim(&self.0.db, &self.0.owner, now, now.plus_ms(LEASE_MS)).await {
                Ok(Some(claimed)) => {
                    let token = CancellationToken::new();
                    self.running().insert(claimed.job.id.clone(), token.clone());
                    let runner = self.clone();
                    self.0.tasks.spawn(async move {
                        let id = claimed.job.id.clone();
                        run::run(&runner, claimed, token).await;
                        runner.running().remove(&id);
                        drop(place);
                        runner.nudge();
                    });
                }
                Ok(None) => {
                    drop(place);
                    tokio::select! {
                        () = self.0.nudge.notified() => {}
                        () = tokio::time::sleep(LOOK) => {}
                        () = self.0.stop.cancelled() => return,
                    }
                }
                Err(error) => {
                    drop(place);
                    tracing::warn!("the queue could not be read: {}", crate::failure::chain(&error));
                    tokio::select! {
                        () = tokio::time::sleep(LOOK) => {}
                        () = self.0.stop.cancelled() => return,
                    }
                }
            }
        }
    }

    pub(super) fn log(&self, job: &JobId, last: u64) -> (JobLog, JoinHandle<()>) {
        JobLog::open(job.clone(), last, self.0.db.clone(), self.0.logs.clone(), self.0.clock.clone())
    }

    fn running(&self) -> std::sync::MutexGuard<'_, HashMap<JobId, CancellationToken>> {
        self.0.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
