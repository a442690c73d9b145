//! Long work with steps and a log: enqueued with the change that asks for it, claimed with a lease,
//! continued or unwound after the panel has died.
//!
//! This module knows no noun. A noun registers its [`Work`] for a kind of job.

mod faults;
mod lock;
mod log;
mod run;
mod runner;
pub mod store;

pub use faults::{Fault, Faults, When};
pub use lock::{AppLock, Locks};
pub use log::JobLog;
pub use runner::{Parts, Runner};

use std::sync::Arc;

use async_trait::async_trait;
use homeport_model::{event::Topic, id::JobId, job::JobKind, name::AppName, problem::Problem};

use crate::{db, failure::Failure};

/// What a page says of a step that was ended early.
pub const CUT_SHORT: &str = "cut short, as somebody asked";

/// A claimed job.
#[derive(Debug, Clone)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// What it does.
    pub kind: JobKind,
    /// What only one job at a time may change: an app's id.
    pub subject: String,
    /// The app's name.
    pub app: AppName,
    /// The noun's own data, as JSON.
    pub payload: String,
    /// How often it has been begun.
    pub attempts: u32,
    /// Set when it has failed and is being undone.
    pub unwinding: Option<Problem>,
}

/// What a step works with.
pub struct StepContext {
    /// The job.
    pub job: Job,
    /// Its log.
    pub log: JobLog,
    /// Held while the job runs: nobody else changes this app's containers or vhost.
    pub lock: AppLock,
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// All steps are done, or all that matter.
    Succeeded,
    /// It failed and what it had begun is undone.
    Failed(Problem),
    /// It was stopped and what it had begun is undone.
    Cancelled(Problem),
}

/// A noun's side of a kind of job.
#[async_trait]
pub trait Work: Send + Sync {
    /// Does one step, which may have been done before, wholly or in part. Returns a sentence for
    /// the page.
    async fn run(&self, context: &Arc<StepContext>, step: &str) -> Result<Option<String>, Failure>;

    /// Undoes one step, which may have been done wholly, in part or not at all.
    async fn undo(&self, context: &Arc<StepContext>, step: &str) -> Result<(), Failure>;

    /// Whether a failure of this step can no longer undo the job.
    fn is_past_commit(&self, step: &str) -> bool;

    /// Whether being asked to stop ends this step early although the commit point is passed; then
    /// [`cut_short`](Self::cut_short) does what it cannot leave undone, and the job goes on with the
    /// next step.
    fn may_be_cut_short(&self, step: &str) -> bool {
        let _ = step;
        false
    }

    /// Ends a step that somebody asked to end early, whether it had begun or not, within seconds.
    /// Returns a sentence for the page.
    async fn cut_short(&self, context: &Arc<StepContext>, step: &str) -> Result<Option<String>, Failure> {
        let _ = (context, step);
        Ok(Some(CUT_SHORT.to_owned()))
    }

    /// Whether the job has passed its commit point, as the store says: then a failure, or being
    /// asked to stop, no longer undoes it.
    async fn has_committed(&self, context: &Arc<StepContext>) -> Result<bool, Failure>;

    /// Writes down what the end of the job means for the noun, in the transaction that ends it.
    async fn finish(&self, tx: &mut db::Conn, job: &Job, outcome: &Outcome) -> db::Result<()>;

    /// What changes when a step ends.
    fn topics(&self, job: &Job) -> Vec<Topic>;
}
