//! Where the lines of a release are: with the engine as long as it has the container, else in a
//! file.

use std::{
    io::{BufRead, BufReader},
    sync::Arc,
};

use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use homeport_model::{
    deploy::container::ContainerId,
    log::{KeptLog, Raw},
    mask::Mask,
};
use tokio::{sync::mpsc, task::spawn_blocking};
use tokio_stream::wrappers::ReceiverStream;

use super::kept::KeptLogs;
use crate::drivers::docker::{Docker, LogRange};

/// How many lines of a file are read ahead.
const READ_AHEAD: usize = 256;

/// One container's log.
#[derive(Clone)]
pub(super) struct Source {
    /// What its lines are shown with.
    pub(super) label: Arc<Label>,
    /// Whether the container runs.
    pub(super) running: bool,
    pub(super) kind: Kind,
}

/// What the lines of a source have in common.
pub(super) struct Label {
    /// The release, by number.
    pub(super) release: u32,
    /// The process and its number: `web.1`.
    pub(super) from: String,
    /// What must not be shown.
    pub(super) mask: Arc<Mask>,
}

#[derive(Clone)]
pub(super) enum Kind {
    /// The engine has it.
    Engine(ContainerId),
    /// It is gone, and was kept.
    File(KeptLog),
}

impl Source {
    /// Its lines that are there now, those of `range` where the engine has them.
    pub(super) async fn lines(&self, docker: &Docker, kept: &KeptLogs, range: LogRange) -> BoxStream<'static, Raw> {
        match &self.kind {
            Kind::Engine(id) => match docker.logs(id, range).await {
                Ok(lines) => lines.filter_map(|line| std::future::ready(line.ok())).boxed(),
                Err(error) => {
                    tracing::debug!("a container's log could not be read: {error}");
                    stream::empty().boxed()
                }
            },
            Kind::File(log) => file_lines(kept, log),
        }
    }

    /// Whether its beginning was not kept.
    pub(super) const fn is_cut(&self) -> bool {
        matches!(&self.kind, Kind::File(log) if log.cut)
    }
}

fn file_lines(kept: &KeptLogs, log: &KeptLog) -> BoxStream<'static, Raw> {
    let (sender, receiver) = mpsc::channel(2);
    let (kept, log) = (kept.clone(), log.clone());
    spawn_blocking(move || {
        let Some(file) = kept.reader(&log) else { return };
        let mut lines = BufReader::with_capacity(64 << 10, file).split(b'\n').map_while(Result::ok);
        loop {
            let ahead: Vec<Raw> = lines.by_ref().take(READ_AHEAD).filter_map(|line| Raw::read(&line)).collect();
            if ahead.is_empty() || sender.blocking_send(ahead).is_err() {
                return;
            }
        }
    });
    ReceiverStream::new(receiver).flat_map(stream::iter).boxed()
}
