//! A job's log: lines are cleaned, masked, numbered, written in batches, and whoever follows is
//! nudged.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use homeport_model::{
    id::JobId,
    job::{LogLine, LogStream},
    mask::Mask,
    text,
};
use tokio::sync::Notify;

use super::store;
use crate::{ambient::Clock, db::Db, live::LogHub};

/// How long lines are collected before they are written.
const BATCH: Duration = Duration::from_millis(80);
/// A job keeps at most this many lines; what comes later is counted, not kept.
const MOST_LINES: u64 = 20_000;

#[derive(Default)]
struct Pending {
    lines: Vec<LogLine>,
    last: u64,
    step: String,
    skipped: u64,
}

struct Shared {
    job: JobId,
    db: Db,
    hub: LogHub,
    clock: Clock,
    pending: Mutex<Pending>,
    wake: Notify,
    mask: Mutex<Mask>,
}

/// Where the steps of one job write.
#[derive(Clone)]
pub struct JobLog(Arc<Shared>);

impl JobLog {
    /// Goes on after line `last` and writes until it is closed.
    pub(super) fn open(
        job: JobId,
        last: u64,
        db: Db,
        hub: LogHub,
        clock: Clock,
    ) -> (Self, tokio::task::JoinHandle<()>) {
        let log = Self(Arc::new(Shared {
            job,
            db,
            hub,
            clock,
            pending: Mutex::new(Pending { last, ..Pending::default() }),
            wake: Notify::new(),
            mask: Mutex::default(),
        }));
        let writer = log.clone();
        let task = tokio::spawn(async move {
            loop {
                writer.0.wake.notified().await;
                tokio::time::sleep(BATCH).await;
                writer.flush().await;
            }
        });
        (log, task)
    }

    /// Lines from now on belong to `step`.
    pub(super) fn enter(&self, step: &str) {
        step.clone_into(&mut self.pending().step);
    }

    /// Masks these secrets in every later line.
    pub fn mask(&self, mask: Mask) {
        *self.0.mask.lock().unwrap_or_else(PoisonError::into_inner) = mask;
    }

    /// Adds a line of Homeport's own.
    pub fn say(&self, text: impl AsRef<str>) {
        self.line(LogStream::Panel, text.as_ref());
    }

    /// Adds a line.
    pub fn line(&self, stream: LogStream, raw: &str) {
        let clean = text::clean_line(raw);
        let mut clean = self.0.mask.lock().unwrap_or_else(PoisonError::into_inner).over(clean);
        let at = self.0.clock.now();
        {
            let mut pending = self.pending();
            if pending.last >= MOST_LINES {
                pending.skipped += 1;
                if pending.skipped > 1 {
                    return;
                }
                clean = format!("The log has {MOST_LINES} lines; what comes now is not kept.");
            }
            pending.last += 1;
            let line = LogLine { number: pending.last, step: pending.step.clone(), stream, at, text: clean };
            pending.lines.push(line);
        }
        self.0.wake.notify_one();
    }

    /// Writes what has been collected.
    pub async fn flush(&self) {
        let lines = std::mem::take(&mut self.pending().lines);
        if lines.is_empty() {
            return;
        }
        if let Err(error) = store::append_log(&self.0.db, &self.0.job, &lines).await {
            tracing::warn!(job = %self.0.job, "a job's log could not be written: {}", crate::failure::chain(&error));
        }
        self.0.hub.nudge(&self.0.job);
    }

    fn pending(&self) -> std::sync::MutexGuard<'_, Pending> {
        self.0.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
