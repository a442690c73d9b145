//! What an app writes: the last lines of its container, dead or alive.

use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
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
    /// The last lines and those to come; a static site and a stopped container have none to come.
    pub(super) async fn follow_lines(
        &self,
        actor: &Actor,
        name: &AppName,
    ) -> Result<BoxStream<'static, LogLine>, Failure> {
        actor.require(Role::Viewer)?;
        let app = self.get(name).await?;
        let ours = self.parts.docker.list_ours().await?;
        let serving = app.serving.as_ref().map(|id| id.as_str());
        let container = ours.iter().find(|container| serving.is_some() && container.release() == serving);
        let Some(container) = container else {
            return Ok(stream::iter(self.last_lines(actor, name).await?).chain(stream::pending()).boxed());
        };
        let clock = self.parts.clock.clone();
        let lines = self.parts.docker.logs(&container.id, true, Some(LINES)).await?;
        let lines =
            lines.filter_map(|line| std::future::ready(line.ok())).enumerate().map(move |(index, line)| LogLine {
                number: index as u64 + 1,
                step: String::new(),
                stream: if line.stderr { LogStream::Err } else { LogStream::Out },
                at: clock.now(),
                text: text::clean_line(&line.text),
            });
        Ok(lines.boxed())
    }

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
