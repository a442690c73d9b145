//! A log to take away: the lines of all containers in their order, piece by piece.

use std::collections::VecDeque;

use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use homeport_app::backend::LogFile;
use homeport_model::{
    log::{LogQuery, Raw},
    name::AppName,
    prelude::{Actor, Problem},
};
use tokio::sync::OwnedSemaphorePermit;

use super::{Logs, read::shown, source::Source};
use crate::{drivers::docker::LogRange, failure::Failure};

/// How large the pieces are, about.
const PIECE_BYTES: usize = 32 << 10;

/// A source that is being read, and its next line.
struct Head {
    source: Source,
    lines: BoxStream<'static, Raw>,
    next: Option<Raw>,
}

struct Merge {
    heads: Vec<Head>,
    query: LogQuery,
    said: VecDeque<String>,
    _permit: OwnedSemaphorePermit,
}

impl Logs {
    /// The log as a file's name and its pieces.
    pub(super) async fn take_away(&self, actor: &Actor, name: &AppName, query: &LogQuery) -> Result<LogFile, Failure> {
        let app = self.app_for(actor, name).await?;
        let chosen = self.choose(&app, query).await?;
        let number = chosen.release.ok_or_else(|| Problem::not_found("log"))?;
        let permit = Self::admit(&self.downloads, "being downloaded")?;
        let parts = &self.apps.parts;
        let mut said = VecDeque::new();
        if chosen.sources.iter().any(Source::is_cut) {
            said.push_back("# The beginning was not kept.\n".to_owned());
        }
        let range = LogRange { since: query.from, ..LogRange::ALL };
        let mut heads = Vec::new();
        for source in chosen.sources {
            let mut lines = source.lines(&parts.docker, &parts.kept, range).await;
            let next = lines.next().await;
            heads.push(Head { source, lines, next });
        }
        let merge = Merge { heads, query: query.clone(), said, _permit: permit };
        let pieces = stream::unfold(merge, |mut merge| async move {
            let piece = merge.piece().await?;
            Some((piece, merge))
        });
        let process = query.process.as_ref().map_or_else(String::new, |process| format!("-{process}"));
        Ok(LogFile { name: format!("{name}-r{number}{process}.log"), pieces: pieces.boxed() })
    }
}

impl Merge {
    /// The next piece; `None` at the end.
    async fn piece(&mut self) -> Option<Vec<u8>> {
        let mut piece = Vec::new();
        while piece.len() < PIECE_BYTES {
            if let Some(said) = self.said.pop_front() {
                piece.extend_from_slice(said.as_bytes());
                continue;
            }
            let oldest = self.heads.iter_mut().filter(|head| head.next.is_some());
            let Some(head) = oldest.min_by_key(|head| head.next.as_ref().map(|line| line.at)) else { break };
            if let Some(line) = head.next.take()
                && self.query.wants(line.at, line.stderr)
            {
                piece.extend_from_slice(shown(&head.source, &line).downloaded().as_bytes());
            }
            head.next = head.lines.next().await;
        }
        (!piece.is_empty()).then_some(piece)
    }
}
