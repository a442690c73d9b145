//! Gives nginx a generation, and keeps one app's mistake that app's alone: what nginx refuses of an app
//! is left out, and its file from before serves on.

use std::{sync::PoisonError, time::Duration};

use homeport_model::{
    certificate::expected::Expected,
    domain::{
        Refusal,
        vhost::{self, AppVhost, Generation, Target},
    },
    id::AppId,
    name::{AppName, Port},
    time::Timestamp,
};
use tokio::time::Instant;

use super::Domains;
use crate::{certificates::Pairs, drivers::nginx, failure::Failure};

/// After how long it is tried again to give nginx what it refused: its cause may lie outside.
const TRY_AGAIN: Duration = Duration::from_secs(60);

/// What nginx is given, but for what all of its servers share.
#[derive(PartialEq, Eq, Clone)]
pub(super) struct Served {
    pub(super) panel: Option<vhost::Panel>,
    pub(super) apps: Vec<AppVhost>,
    /// The tunnel's listener, while there is a tunnel.
    pub(super) tunnel_port: Option<Port>,
}

/// What nginx refused of an app.
struct Refused {
    app: AppName,
    /// What it should have served.
    wanted: AppVhost,
    /// What it serves in its place.
    instead: AppVhost,
    words: String,
    since: Timestamp,
    tried: Instant,
}

/// What nginx was given last.
#[derive(Default)]
pub(super) struct Applied {
    /// That, and its number.
    pub(super) now: Option<(Served, u64)>,
    refused: Vec<Refused>,
    /// What it refused before and is given once more.
    before: Vec<Refused>,
}

impl Domains {
    /// Gives nginx every app with its host names of now. An app's target changes only by `changes`,
    /// which come from whoever holds its lock; a switch of another app in the middle of this one
    /// stays as it is. Says whether a new generation was needed.
    pub(super) async fn ensure_vhosts(&self, changes: &[(AppId, Target)]) -> Result<bool, Failure> {
        let mut applied = self.0.applied.lock().await;
        let before = applied.now.as_ref().map_or(&[][..], |(served, _)| &served.apps);
        let (wanted, pairs) = self.wanted(before, changes).await?;
        self.give(&mut applied, wanted, &pairs, false).await
    }

    /// Writes what Homeport would have written as a new generation. What is there stays in the history.
    ///
    /// # Errors
    /// When nginx refuses it.
    pub(super) async fn put_back(&self) -> Result<(), Failure> {
        let mut applied = self.0.applied.lock().await;
        let before = applied.now.as_ref().map_or(&[][..], |(served, _)| &served.apps);
        let (wanted, pairs) = self.wanted(before, &[]).await?;
        self.give(&mut applied, wanted, &pairs, true).await.map(|_| ())
    }

    async fn give(&self, applied: &mut Applied, wanted: Served, pairs: &Pairs, anew: bool) -> Result<bool, Failure> {
        let parts = &self.0.parts;
        let mut host = parts.host.clone();
        host.http2_by_server = self.about().await.is_some_and(|about| about.http2_by_server());
        let generation = |number: u64, served: &Served| Generation {
            number,
            host: vhost::Host { tunnel_port: served.tunnel_port, ..host.clone() },
            panel: served.panel.clone(),
            apps: served.apps.clone(),
        };
        if applied.now.is_none()
            && !anew
            && let Some(number) = parts.nginx.current()?
            && self.is_as_written(&generation(number, &wanted)).await
        {
            // It served on while the panel was away; what a hand changed meanwhile stays as it is.
            self.show_expected(&wanted, host.http2_by_server);
            applied.now = Some((wanted, number));
            return Ok(false);
        }
        let mut served = wanted.clone();
        let is_fresh = |refused: &Refused| refused.tried.elapsed() < TRY_AGAIN && wanted.apps.contains(&refused.wanted);
        applied.before = applied.refused.extract_if(.., |refused| !is_fresh(refused)).collect();
        for refused in &applied.refused {
            served.apps.iter_mut().filter(|app| **app == refused.wanted).for_each(|app| *app = refused.instead.clone());
        }
        let (mut changed, mut mended) = (false, false);
        loop {
            let number = match &applied.now {
                Some((now, _)) if *now == served && !anew => break,
                Some((_, number)) => number + 1,
                None => parts.nginx.next_number()?,
            };
            let left = self.edited();
            match parts.nginx.apply(&generation(number, &served)).await {
                Ok(()) => {
                    self.show_expected(&served, host.http2_by_server);
                    applied.now = Some((served, number));
                    changed = true;
                    if !left.is_empty() {
                        let files = left.join(", ");
                        tracing::warn!("generation {number} serves without what a hand had changed in {files}");
                    }
                    break;
                }
                // Somebody may have removed a certificate's files after nginx had tested them: it serves what it
                // served before, and takes the same generation once they are there again.
                Err(nginx::Error::NotServing { reason, .. })
                    if !mended && Pairs::ensure(&parts.db, &parts.sealer, &parts.nginx).await?.were_laid_anew() =>
                {
                    tracing::warn!("files of certificates were gone; they are laid out anew: {reason}");
                    mended = true;
                }
                Err(error) => {
                    let (name, words) = blame(&error, &served).ok_or(error)?;
                    self.set_aside(applied, &wanted, &mut served, &name, words)?;
                }
            }
        }
        self.show_refusals(applied);
        // A file from before may name certificates and passwords that nothing else does.
        if changed && applied.refused.is_empty() {
            pairs.prune(&parts.nginx);
            let files: Vec<_> = applied
                .now
                .iter()
                .flat_map(|(served, _)| &served.apps)
                .filter_map(|app| app.passwords.as_ref())
                .collect();
            parts.nginx.prune_passwords(&files)?;
        }
        Ok(changed)
    }

    /// Puts the next best thing in the place of an app's vhost: its file from before, else one that says
    /// that something is wrong.
    fn set_aside(
        &self,
        applied: &mut Applied,
        wanted: &Served,
        served: &mut Served,
        name: &AppName,
        words: String,
    ) -> Result<(), Failure> {
        let nginx = &self.0.parts.nginx;
        let (Some(slot), Some(wanted)) =
            (served.apps.iter_mut().find(|app| app.name == *name), wanted.apps.iter().find(|app| app.name == *name))
        else {
            return Err(Failure::internal(format!("nginx refused the file of {name}, which has none: {words}")));
        };
        let of_app = |refused: &mut Refused| refused.app == *name;
        let tried = applied.refused.extract_if(.., of_app).chain(applied.before.extract_if(.., of_app));
        let tried: Vec<Refused> = tried.collect();
        let file = format!("app-{name}.conf");
        let before = nginx.current()?.and_then(|number| nginx.written(number));
        let before = before.and_then(|files| files.into_iter().find(|(known, _)| *known == file));
        let instead = match before {
            Some((_, text)) if slot.kept.is_none() && *slot == *wanted => wanted.kept(text),
            _ if *slot != wanted.refused() => wanted.refused(),
            _ => return Err(Failure::internal(format!("nginx refuses even a plain vhost for {name}: {words}"))),
        };
        tracing::warn!(app = %name, "nginx refused the app's vhost: {words}");
        // The first words say why; those about a file from before are about something else.
        let (words, since) = tried
            .into_iter()
            .next()
            .filter(|refused| refused.wanted == *wanted)
            .map_or_else(|| (words, self.0.parts.clock.now()), |refused| (refused.words, refused.since));
        *slot = instead.clone();
        let (app, tried) = (name.clone(), Instant::now());
        applied.refused.push(Refused { app, wanted: wanted.clone(), instead, words, since, tried });
        Ok(())
    }

    fn show_expected(&self, served: &Served, http2_by_server: bool) {
        let expected = served.apps.iter().flat_map(|app| Expected::of_app(app, http2_by_server)).collect();
        *self.0.expected.write().unwrap_or_else(PoisonError::into_inner) = expected;
    }

    fn show_refusals(&self, applied: &Applied) {
        let shown = |refused: &Refused| Refusal {
            app: refused.app.clone(),
            words: refused.words.clone(),
            since: refused.since,
        };
        let now: Vec<Refusal> = applied.refused.iter().map(shown).collect();
        let mut refusals = self.0.refusals.write().unwrap_or_else(PoisonError::into_inner);
        if *refusals != now {
            *refusals = now;
            self.0.parts.hub.announce(homeport_model::event::Topic::Domains);
            self.0.parts.hub.announce(homeport_model::event::Topic::Apps);
        }
    }

    /// Whether the current generation was written like this and answers.
    async fn is_as_written(&self, generation: &Generation) -> bool {
        let nginx = &self.0.parts.nginx;
        let files: Vec<(String, String)> = generation.render().into_iter().map(|file| (file.name, file.text)).collect();
        nginx.written(generation.number).is_some_and(|written| written == files)
            && nginx.answering().await == Some(generation.number)
    }

    /// The current files that somebody changed by hand.
    pub(super) fn edited(&self) -> Vec<String> {
        let nginx = &self.0.parts.nginx;
        let current = nginx.current().ok().flatten();
        current.and_then(|number| nginx.edited_names(number).ok()).unwrap_or_default()
    }

    /// Says once in the log that somebody changed files by hand, and shows it.
    pub(super) fn look_for_edits(&self) {
        let (nginx, files) = (&self.0.parts.nginx, self.edited());
        if nginx.note_edits(&files) {
            if !files.is_empty() {
                tracing::warn!("nginx's files were changed by hand: {}", files.join(", "));
            }
            self.0.parts.hub.announce(homeport_model::event::Topic::Host);
        }
    }
}

/// Whose fault it is, and nginx's words.
fn blame(error: &nginx::Error, served: &Served) -> Option<(AppName, String)> {
    match error {
        nginx::Error::Rejected { app: Some(app), message, .. } => Some((app.clone(), message.clone())),
        nginx::Error::PortTaken { port, .. } => {
            let has = |app: &&AppVhost| app.kept.is_none() && app.ports.iter().any(|one| one.map.host.get() == *port);
            served.apps.iter().find(has).map(|app| (app.name.clone(), error.to_string()))
        }
        _ => None,
    }
}
