//! How much an app is visited and how it answers, from nginx's access logs: followed, counted, kept as
//! figures, shown.
//!
//! What was counted and how far the log was read are written in one transaction, at most once a minute.
//! What was counted since is only in memory: a panel that dies reads those lines again, and counts no
//! line twice. An app that nobody visits costs one `stat` a look and writes nothing.

mod backend;
mod follow;
mod read;
mod recent;
mod store;
mod tail;

pub use follow::EVERY;
pub use recent::AnswerTimes;

use std::{collections::HashMap, sync::Arc};

use homeport_model::{
    id::AppId,
    name::AppName,
    prelude::{Actor, Role},
    time::Timestamp,
    traffic::{Known, TrafficPage, TrafficQuery, shown},
};
use tokio::{
    sync::{Mutex, RwLock},
    task::spawn_blocking,
};

use crate::{apps::Apps, deploys, drivers::nginx::Nginx, failure::Failure};
use read::{Counted, Places};

/// What is known of one app's log.
#[derive(Debug, Clone)]
struct Followed {
    places: Places,
    /// Since when requests are counted.
    since: Timestamp,
    last_at: Option<Timestamp>,
    /// What is not in the store yet.
    counted: Counted,
}

/// All logs, once the store has been asked how far they had been read.
#[derive(Debug, Default)]
struct State {
    logs: Option<HashMap<AppId, Followed>>,
    /// When what was counted was last written down, and what is too old last removed.
    written_at: Option<Timestamp>,
    pruned_at: Option<Timestamp>,
}

struct Inner {
    apps: Apps,
    nginx: Nginx,
    times: AnswerTimes,
    /// Who reads the store and the memory sees both as of one moment.
    state: RwLock<State>,
    /// One look at a time.
    turn: Mutex<()>,
}

/// The service.
#[derive(Clone)]
pub struct Traffic(Arc<Inner>);

impl Traffic {
    /// The service; nothing is read yet. `times` is filled for lists of apps.
    #[must_use]
    pub fn new(apps: Apps, nginx: Nginx, times: AnswerTimes) -> Self {
        Self(Arc::new(Inner { apps, nginx, times, state: RwLock::default(), turn: Mutex::default() }))
    }

    async fn show(&self, actor: &Actor, name: &AppName, query: TrafficQuery) -> Result<TrafficPage, Failure> {
        actor.require(Role::Viewer)?;
        let app = self.0.apps.get(name).await?;
        let parts = &self.0.apps.parts;
        let now = parts.clock.now();
        let known = self.known(&app.id, query, now).await?;
        let releases = deploys::store::list(&parts.db, &app.id).await?;
        let mut deploys: Vec<(Timestamp, u32)> =
            releases.iter().filter_map(|release| Some((release.switched_at?, release.number))).collect();
        deploys.sort_unstable();
        let mut page = shown(query, now, known, deploys);
        let (nginx, id) = (self.0.nginx.clone(), app.id);
        let entries = spawn_blocking(move || tail::newest(&nginx, &id, query.which)).await;
        page.entries = entries.map_err(Failure::internal)??;
        Ok(page)
    }

    /// What the store and the memory have of a window.
    async fn known(&self, app: &AppId, query: TrafficQuery, now: Timestamp) -> Result<Known, Failure> {
        let db = &self.0.apps.parts.db;
        let (grain, begins) = (query.window.grain(), query.window.begins(now));
        let state = self.0.state.read().await;
        let mut buckets = store::buckets(db, app, grain, begins).await?;
        let mut holes = store::holes(db, app, begins).await?;
        let Some(followed) = state.logs.as_ref().and_then(|logs| logs.get(app)) else {
            return Ok(Known::default());
        };
        let counted = &followed.counted;
        buckets.extend(counted.minutes.iter().map(|(at, bucket)| (grain.floor(*at), bucket.clone())));
        holes.extend(&counted.holes);
        let since = followed.last_at.map(|_| followed.since);
        Ok(Known { since, last_at: followed.last_at, holes, buckets })
    }
}
