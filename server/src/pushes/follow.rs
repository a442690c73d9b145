//! The terminal of whoever pushed: the deploy's log as it is written, and how it ended.

use std::time::Duration;

use homeport_model::{
    actor::Actor,
    job::{JobRow, JobState, LogLine, LogStream},
    name::AppName,
    problem::{Code, Problem},
};
use tokio::{
    io::AsyncWrite,
    sync::broadcast::error::RecvError,
    time::{MissedTickBehavior, interval},
};

use super::{Pushes, wire::Speaker};
use crate::{deploys, failure::Failure, jobs};

/// How often a quiet connection is used; routers forget silent ones.
const STILL_HERE: Duration = Duration::from_secs(5);
/// Lines asked for at once.
const LINES: u32 = 1_000;

impl Pushes {
    /// Shows a deploy until it ends. A client that goes away is no failure.
    ///
    /// # Errors
    /// Why the deploy failed.
    pub(super) async fn follow<W: AsyncWrite + Unpin>(
        &self,
        actor: &Actor,
        speaker: &mut Speaker<W>,
        app: &AppName,
        number: u32,
    ) -> Result<(), Problem> {
        tracing::info!(app = %app, release = number, by = %actor.name, "a push deploys");
        let at = format!("{}/apps/{app}/deploys/{number}", self.parts.origins.primary());
        speaker.say(&format!("-----> Deploy {number} of {app}: {at}")).await;
        let row = self.until_the_end(speaker, app, number).await.map_err(Problem::from)?;
        match (row.state, row.problem) {
            (JobState::Succeeded, _) => {
                speaker.say("").await;
                for url in self.urls(app).await.map_err(Problem::from)? {
                    speaker.say(&format!("-----> Live: {url}")).await;
                }
                speaker.say("").await;
                Ok(())
            }
            (_, Some(problem)) => Err(problem),
            (_, None) if speaker.is_gone() => Ok(()),
            (_, None) => Err(Problem::new(Code::Engine, "The deploy did not succeed.").hint(format!("See {at}"))),
        }
    }

    async fn until_the_end<W: AsyncWrite + Unpin>(
        &self,
        speaker: &mut Speaker<W>,
        app: &AppName,
        number: u32,
    ) -> Result<JobRow, Failure> {
        let mut growth = self.parts.logs.listen();
        let mut tick = interval(STILL_HERE);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let db = &self.parts.apps.parts.db;
        let record = self.parts.apps.get(app).await?;
        let release = deploys::store::find(db, &record.id, number).await?;
        let job = release.ok_or_else(|| Problem::not_found("release"))?.job;
        let mut after = 0;
        loop {
            // The state first: lines that came before a final state are then all read.
            let (row, _) = jobs::store::find(db, &job).await?.ok_or_else(|| Problem::not_found("job"))?;
            loop {
                let lines = jobs::store::log_after(db, &job, after, LINES).await?;
                let Some(last) = lines.last() else { break };
                after = last.number;
                for line in &lines {
                    speaker.say(&shown(line)).await;
                }
            }
            if row.state.is_final() || speaker.is_gone() {
                return Ok(row);
            }
            loop {
                tokio::select! {
                    grown = growth.recv() => match grown {
                        Ok(grown) if grown == job => break,
                        Ok(_) => {}
                        Err(RecvError::Lagged(_)) => break,
                        Err(RecvError::Closed) => return Ok(row),
                    },
                    _ = tick.tick() => {
                        speaker.still_here().await;
                        break;
                    }
                }
            }
        }
    }

    async fn urls(&self, app: &AppName) -> Result<Vec<String>, Failure> {
        let apps = &self.parts.apps;
        let app = apps.get(app).await?;
        // Its own name last: those that somebody added say more.
        let mut hosts = app.host_names(apps.first_host_name(&app.spec));
        hosts.rotate_left(1);
        Ok(hosts.iter().map(|host| apps.parts.domains.url(host)).collect())
    }
}

/// A line as Heroku's and Dokku's users know it: what the server does behind an arrow, what programs
/// say indented.
fn shown(line: &LogLine) -> String {
    match line.stream {
        LogStream::Panel => format!("-----> {}", line.text),
        LogStream::Build | LogStream::Out | LogStream::Err => format!("       {}", line.text),
    }
}
