//! Follows the logs: looks every few seconds, writes what was counted once a minute, begins new files
//! above a size, and removes those of apps that are gone.

use std::{collections::HashMap, time::Duration};

use homeport_model::{
    event::Topic,
    id::AppId,
    time::Timestamp,
    traffic::{Grain, rotate_above_bytes},
};
use tokio::task::spawn_blocking;

use super::{
    Followed, State, Traffic,
    read::{Counted, Look, Looked, MOST_OF_ALL, OLD_GROWS_MS, Place, Places},
    store,
};
use crate::failure::Failure;

/// How often it looks.
pub const EVERY: Duration = Duration::from_secs(10);

impl Traffic {
    /// Looks at the log of every app.
    ///
    /// # Errors
    /// When the store or the file system does not answer; the next look goes on where this one was.
    pub async fn look(&self) -> Result<(), Failure> {
        let _turn = self.0.turn.lock().await;
        let parts = &self.0.apps.parts;
        let now = parts.clock.now();
        let apps = store::apps(&parts.db).await?;
        let is_first = self.begin(now).await?;
        self.0.times.is_now(now);
        let looks = self.looks(&apps, now).await;
        let nginx = self.0.nginx.clone();
        let looked = spawn_blocking(move || {
            let mut budget = MOST_OF_ALL;
            let (mut found, mut trouble) = (Vec::new(), None);
            for look in looks {
                let app = look.app.clone();
                // One app's trouble is that app's alone; its log is gone on with at the next look.
                match look.run(&nginx, &mut budget) {
                    Ok(looked) => found.push((app, looked)),
                    Err(error) => trouble = Some(error),
                }
            }
            (found, trouble)
        });
        let (looked, trouble) = looked.await.map_err(Failure::internal)?;
        let limit = rotate_above_bytes(apps.len());
        let full = |looked: &Looked| looked.size_bytes > limit && looked.old_is_done;
        let full: Vec<AppId> = looked.iter().filter(|(_, looked)| full(looked)).map(|(app, _)| app.clone()).collect();
        let is_gone = looked.iter().any(|(_, looked)| looked.is_gone);
        let (has_lost, is_due) = self.take(looked, &apps, now).await;
        // A rotation keeps one old file: what was read of it must be known before it goes.
        if is_due || !full.is_empty() {
            self.write(now).await?;
        }
        self.0.nginx.rotate_logs(limit, &full)?;
        if is_gone {
            self.0.nginx.reopen_logs()?;
        }
        if is_first || has_lost {
            self.remove_strangers().await?;
        }
        trouble.map_or(Ok(()), |error| Err(error.into()))
    }

    /// Asks the store once how far the logs had been read; says whether this was the time.
    async fn begin(&self, now: Timestamp) -> Result<bool, Failure> {
        let mut state = self.0.state.write().await;
        if state.logs.is_some() {
            return Ok(false);
        }
        let db = &self.0.apps.parts.db;
        let mut logs = HashMap::new();
        for row in store::logs(db).await? {
            let old = row.old.map(|place| (place, now.plus_ms(OLD_GROWS_MS)));
            let places = Places { current: row.current, old };
            let counted = Counted::default();
            logs.insert(row.app, Followed { places, since: row.since_at, last_at: row.last_at, counted });
        }
        self.0.times.is_now(now);
        for (app, at, bucket) in store::hours(db, now.plus_ms(-2 * Grain::Hour.length_ms())).await? {
            self.0.times.add(&app, at, &bucket.times);
        }
        state.logs = Some(logs);
        Ok(true)
    }

    async fn looks(&self, apps: &[AppId], now: Timestamp) -> Vec<Look> {
        let state = self.0.state.read().await;
        let of = |app: &AppId| state.logs.as_ref().and_then(|logs| logs.get(app));
        let look = |app: &AppId| {
            let followed = of(app);
            Look {
                app: app.clone(),
                places: followed.map(|followed| followed.places).unwrap_or_default(),
                last_at: followed.and_then(|followed| followed.last_at),
                now,
            }
        };
        apps.iter().map(look).collect()
    }

    /// Keeps in memory what was found; says whether an app is gone, and whether it is time to write.
    async fn take(&self, looked: Vec<(AppId, Looked)>, apps: &[AppId], now: Timestamp) -> (bool, bool) {
        let mut state = self.0.state.write().await;
        let State { logs: Some(logs), written_at, pruned_at } = &mut *state else { return (false, false) };
        let before = logs.len();
        logs.retain(|app, _| apps.contains(app));
        let has_lost = logs.len() < before;
        if has_lost {
            self.0.times.keep(apps);
        }
        for (app, looked) in looked {
            let Looked { places, counted, .. } = looked;
            let followed = logs.entry(app).or_insert_with(|| Followed {
                places,
                since: now,
                last_at: None,
                counted: Counted::default(),
            });
            followed.places = places;
            followed.last_at = followed.last_at.max(counted.last_at);
            followed.since = counted.first_at.map_or(followed.since, |first| followed.since.min(first));
            if !counted.is_empty() {
                followed.counted.merge(counted);
            }
        }
        let is_new = |at: &Option<Timestamp>, grain: Grain| at.map(|at| grain.floor(at)) != Some(grain.floor(now));
        let has_counted = logs.values().any(|followed| !followed.counted.is_empty());
        (has_lost, (has_counted && is_new(written_at, Grain::Minute)) || is_new(pruned_at, Grain::Hour))
    }

    /// Writes what was counted and how far the logs were read, in one transaction.
    async fn write(&self, now: Timestamp) -> Result<(), Failure> {
        let parts = &self.0.apps.parts;
        let mut state = self.0.state.write().await;
        let State { logs: Some(logs), written_at, pruned_at } = &mut *state else { return Ok(()) };
        let mut written = Vec::new();
        let mut tx = parts.db.write().await?;
        for (app, followed) in logs.iter().filter(|(_, followed)| !followed.counted.is_empty()) {
            let Followed { places, since, last_at, counted } = followed;
            let old: Option<Place> = places.old.map(|(place, _)| place);
            let row =
                store::LogRow { app: app.clone(), current: places.current, old, since_at: *since, last_at: *last_at };
            let Some(key) = store::put_log(&mut tx, &row).await? else { continue };
            for grain in Grain::ALL {
                for (at, bucket) in counted.by(grain) {
                    store::add(&mut tx, key, grain, at, &bucket).await?;
                }
            }
            for hole in &counted.holes {
                store::put_hole(&mut tx, key, hole).await?;
            }
            written.push(app.clone());
        }
        let prunes = pruned_at.map(|at| Grain::Hour.floor(at)) != Some(Grain::Hour.floor(now));
        if prunes {
            store::prune(&mut tx, now).await?;
        }
        tx.commit().await?;
        *written_at = Some(now);
        if prunes {
            *pruned_at = Some(now);
        }
        for app in &written {
            let Some(followed) = logs.get_mut(app) else { continue };
            for (at, bucket) in &std::mem::take(&mut followed.counted).minutes {
                self.0.times.add(app, *at, &bucket.times);
            }
        }
        drop(state);
        written.into_iter().for_each(|app| parts.hub.announce(Topic::Traffic(app)));
        Ok(())
    }

    /// Removes the logs of apps that are gone. The files are listed first: an app that is made meanwhile
    /// keeps its own.
    async fn remove_strangers(&self) -> Result<(), Failure> {
        let logged = self.0.nginx.logged_apps()?;
        let apps = store::apps(&self.0.apps.parts.db).await?;
        for app in logged.iter().filter(|app| !apps.contains(app)) {
            self.0.nginx.remove_logs(app)?;
        }
        Ok(())
    }
}
