//! What is being written, for a page that looks.
//!
//! Lines go out in batches, four times a second at most. Of an app that writes faster than a page can
//! show, the newest lines of each batch are sent and the others counted; a reader that does not take
//! its batch gets the next one later, with more left out. So each reader costs a fixed amount of memory
//! and none holds up another, or the app.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    time::Duration,
};

use futures_util::{
    StreamExt,
    stream::{self, BoxStream, SelectAll},
};
use homeport_model::{
    deploy::container::ContainerId,
    log::{LogBatch, LogQuery, LogTime, Place, Raw},
    name::AppName,
    prelude::Actor,
};
use tokio::{
    sync::mpsc,
    time::{MissedTickBehavior, interval},
};
use tokio_stream::wrappers::ReceiverStream;

use super::{Logs, read::shown, source::Source};
use crate::{drivers::docker::LogRange, failure::Failure};

/// How often a batch goes out.
const EVERY: Duration = Duration::from_millis(250);
/// How often it is looked for containers that came or went.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// A batch has at most this many lines.
const MOST_LINES: usize = 400;
/// A batch has at most this many bytes.
const MOST_BYTES: usize = 256 << 10;
/// A reader that comes back gets the lines from this long before the last that it has; it knows them
/// again. Lines of two streams may arrive in another order than they were written.
const OVERLAP_NS: i64 = 1_000_000_000;
/// Of a container that died and may have been started again, so many lines are looked at.
const AGAIN: u32 = 1_000;

/// A line, or the end of its source.
type Event = (Source, Option<Raw>);

impl Logs {
    /// Batches of lines, from the place of `query` on ([`Place::After`]) or from now on.
    pub(super) async fn follow_lines(
        &self,
        actor: &Actor,
        name: &AppName,
        query: &LogQuery,
    ) -> Result<BoxStream<'static, LogBatch>, Failure> {
        let app = self.app_for(actor, name).await?;
        self.choose(&app, query).await?;
        let permit = Self::admit(&self.followers, "followed")?;
        let since = match query.place {
            Place::After(at) => at.plus_ns(-OVERLAP_NS),
            _ => self.apps.parts.clock.now().into(),
        };
        let (sender, receiver) = mpsc::channel(1);
        let follower = Follower {
            logs: self.clone(),
            name: name.clone(),
            query: query.clone(),
            since,
            lines: SelectAll::new(),
            open: HashSet::new(),
            seen: HashMap::new(),
            first: true,
            waiting: Waiting::default(),
        };
        tokio::spawn(async move {
            follower.run(sender).await;
            drop(permit);
        });
        Ok(ReceiverStream::new(receiver).boxed())
    }
}

struct Follower {
    logs: Logs,
    name: AppName,
    query: LogQuery,
    since: LogTime,
    lines: SelectAll<BoxStream<'static, Event>>,
    open: HashSet<ContainerId>,
    /// The newest line of each container.
    seen: HashMap<ContainerId, LogTime>,
    first: bool,
    waiting: Waiting,
}

impl Follower {
    async fn run(mut self, sender: mpsc::Sender<LogBatch>) {
        let (mut look, mut send) = (interval(LOOK_EVERY), interval(EVERY));
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        send.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = sender.closed() => return,
                _ = look.tick() => {
                    // Trouble with the store or the engine: the next look goes on.
                    if let Err(failure) = self.look().await {
                        tracing::debug!("following a log: {}", crate::failure::chain(&failure));
                    }
                }
                _ = send.tick() => {
                    if !self.waiting.is_empty() && let Ok(permit) = sender.try_reserve() {
                        permit.send(self.waiting.take());
                    }
                }
                Some(event) = self.lines.next(), if !self.lines.is_empty() => self.take(event),
            }
        }
    }

    fn take(&mut self, (source, line): Event) {
        let Some(id) = source.container().cloned() else { return };
        match line {
            None => {
                self.open.remove(&id);
            }
            Some(line) => {
                let seen = self.seen.entry(id).or_default();
                *seen = (*seen).max(line.at);
                if self.query.wants(line.at, line.stderr) {
                    self.waiting.push(source, line);
                }
            }
        }
    }

    /// Opens what is there and not open: containers that came, and those that were started again.
    async fn look(&mut self) -> Result<(), Failure> {
        let app = self.logs.apps.get(&self.name).await?;
        let chosen = self.logs.choose(&app, &self.query).await?;
        for source in chosen.sources {
            let Some(id) = source.container().cloned() else { continue };
            if !self.open.insert(id.clone()) {
                continue;
            }
            let known = self.seen.get(&id).copied();
            let (after, tail) = match (known, self.first) {
                (Some(seen), _) => (seen, Some(AGAIN)),
                (None, true) => (self.since, None),
                // It came while one looked: all of it is new.
                (None, false) => (LogTime::default(), None),
            };
            let since = (after > LogTime::default()).then_some(after);
            let range = LogRange { follow: source.running, tail, since };
            let parts = &self.logs.apps.parts;
            let lines = source.lines(&parts.docker, &parts.kept, range).await;
            self.seen.insert(id, after);
            let lines = lines.filter(move |line| std::future::ready(line.at > after)).map(Some);
            let events = lines.chain(stream::iter([None])).map(move |line| (source.clone(), line));
            self.lines.push(events.boxed());
        }
        self.first = false;
        Ok(())
    }
}

/// What will be in the next batch.
#[derive(Default)]
struct Waiting {
    lines: VecDeque<(Source, Raw)>,
    bytes: usize,
    skipped: u64,
}

impl Waiting {
    fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    fn push(&mut self, source: Source, line: Raw) {
        self.bytes += line.text.len();
        self.lines.push_back((source, line));
        while self.lines.len() > MOST_LINES || (self.bytes > MOST_BYTES && self.lines.len() > 1) {
            self.bytes -= self.lines.pop_front().map_or(0, |(_, line)| line.text.len());
            self.skipped += 1;
        }
    }

    fn take(&mut self) -> LogBatch {
        self.bytes = 0;
        let mut lines: Vec<_> = self.lines.drain(..).map(|(source, line)| shown(&source, &line)).collect();
        lines.sort_by_key(|line| line.at);
        LogBatch { lines, skipped: std::mem::take(&mut self.skipped) }
    }
}
