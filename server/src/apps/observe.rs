//! What was last seen of each app, and when. Status is an observation: it has a time, and "unknown"
//! is one of its values.

use std::{
    collections::HashMap,
    net::Ipv4Addr,
    sync::{Arc, PoisonError, RwLock},
};

use homeport_model::{id::AppId, time::Timestamp};

/// What was seen of an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// Containers of the serving release run.
    Running {
        /// Those that do.
        containers: Vec<SeenContainer>,
        /// What is wrong with others of it, in words.
        trouble: Option<String>,
    },
    /// The folder is served.
    Folder,
    /// It should serve and does not: why, in words.
    Down(String),
    /// Looking did not work: why, in words.
    Unknown(String),
}

/// A container that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenContainer {
    /// Its process type.
    pub process: String,
    /// Its name.
    pub name: String,
    /// Its address on the bridge.
    pub address: Ipv4Addr,
}

/// The newest observation of every app.
#[derive(Debug, Clone, Default)]
pub struct Observations(Arc<RwLock<HashMap<AppId, (Seen, Timestamp)>>>);

impl Observations {
    /// Writes down what was seen; says whether it differs from before.
    pub fn record(&self, app: &AppId, seen: Seen, now: Timestamp) -> bool {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let before = all.insert(app.clone(), (seen.clone(), now));
        before.is_none_or(|(before, _)| before != seen)
    }

    /// What was last seen of an app.
    #[must_use]
    pub fn of(&self, app: &AppId) -> Option<(Seen, Timestamp)> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(app).cloned()
    }

    /// How many apps were last seen down, in whole or in part.
    #[must_use]
    pub fn troubled(&self) -> usize {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        all.values().filter(|(seen, _)| matches!(seen, Seen::Down(_) | Seen::Running { trouble: Some(_), .. })).count()
    }

    /// Forgets an app that is gone.
    pub fn forget(&self, app: &AppId) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(app);
    }
}
