//! "Something changed": what is announced after a commit. It carries no data; the page asks again.

use serde::{Deserialize, Serialize};

use crate::id::{AppId, JobId};

/// What changed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "id")]
pub enum Topic {
    /// The list of apps, or anything Today shows.
    Apps,
    /// One app.
    App(AppId),
    /// One job: its state or a step of it. Its log has a stream of its own.
    Job(JobId),
    /// Passkeys, sessions, recovery codes.
    Account,
    /// The audit log.
    Activity,
    /// Docker, nginx or the host itself.
    Host,
    /// Host names, where they lead, and what nginx does with their visitors.
    Domains,
    /// What visitors asked of one app was counted.
    Traffic(AppId),
}

/// A change of a topic; versions of one panel run only grow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// What changed.
    pub topic: Topic,
    /// The hub's counter after the change.
    pub version: u64,
}
