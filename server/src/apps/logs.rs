//! What an app writes: the last lines of its container, dead or alive.

use homeport_model::{
    job::{LogLine, LogStream},
    name::AppName,
    prelude::{Actor, Role},
    text,
};

use super::Apps;
use crate::{deploys, failure::Failure};

/// How many lines the page shows.
const LINES: u32 = 500;

impl Apps {
    pub(super) async fn last_lines(&self, actor: &Actor, name: &AppName) -> Result<Vec<LogLine>, Failure> {
        actor.require(Role::Viewer)?;
        let app = self.get(name).await?;
        let Some(serving) = &app.serving else { return Ok(Vec::new()) };
        let ours = self.parts.docker.list_ours().await?;
        let now = self.parts.clock.now();
        let numbered = |(number, (stream, text)): (u64, (LogStream, String))| LogLine {
            number,
            step: String::new(),
            stream,
            at: now,
            text,
        };
        if let Some(container) = ours.iter().find(|container| container.release() == Some(serving.as_str())) {
            let lines = self.parts.docker.last_lines(&container.id, LINES).await?;
            let lines = lines.into_iter().map(|line| {
                let stream = if line.stderr { LogStream::Err } else { LogStream::Out };
                (stream, text::clean_line(&line.text))
            });
            return Ok((1..).zip(lines).map(numbered).collect());
        }
        let kept = deploys::store::last_log(&self.parts.db, serving).await?.unwrap_or_default();
        let lines = kept.lines().map(|line| (LogStream::Out, line.to_owned()));
        Ok((1..).zip(lines).map(numbered).collect())
    }
}
