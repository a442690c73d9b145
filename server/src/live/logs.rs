//! Tells followers that a job's log has grown. It carries no lines; they are read from the store.

use homeport_model::id::JobId;
use tokio::sync::broadcast;

/// How many nudges a slow follower may lag behind; losing some costs nothing, the next one counts
/// for all.
const BUFFER: usize = 256;

/// Where growing logs are announced.
#[derive(Debug, Clone)]
pub struct LogHub(broadcast::Sender<JobId>);

impl Default for LogHub {
    fn default() -> Self {
        Self(broadcast::channel(BUFFER).0)
    }
}

impl LogHub {
    /// Follows from now on.
    #[must_use]
    pub fn listen(&self) -> broadcast::Receiver<JobId> {
        self.0.subscribe()
    }

    /// Says that a job's log has grown, or that the job has ended.
    pub fn nudge(&self, job: &JobId) {
        // Nobody following is fine.
        let _ = self.0.send(job.clone());
    }
}
