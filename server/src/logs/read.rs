//! A page of a log: the lines before, after or around a moment, of all its containers in their
//! order. The log is read from its beginning; what does not belong to the page is let go at once.

use std::{collections::BTreeMap, time::Duration};

use futures_util::StreamExt;
use homeport_model::{
    log::{LogPage, LogQuery, LogTime, PAGE_LINES, Place, Raw, Written},
    name::AppName,
    prelude::Actor,
};
use tokio::time::{Instant, timeout_at};

use super::{
    Chosen, Logs,
    source::{Kind, Source},
};
use crate::{drivers::docker::LogRange, failure::Failure};

/// A page's lines have at most this many bytes together.
const MOST_BYTES: usize = 2 << 20;
/// How long reading for one page or search may take.
pub(super) const WITHIN: Duration = Duration::from_secs(20);

impl Logs {
    /// A page, or what a search finds.
    pub(super) async fn read(&self, actor: &Actor, name: &AppName, query: &LogQuery) -> Result<LogPage, Failure> {
        let app = self.app_for(actor, name).await?;
        let chosen = self.choose(&app, query).await?;
        let _turn = self.reads.acquire().await.map_err(Failure::internal)?;
        let deadline = Instant::now() + WITHIN;
        let page = LogPage {
            release: chosen.release,
            running: chosen.sources.iter().any(|source| source.running),
            cut: chosen.sources.iter().any(Source::is_cut),
            ..LogPage::default()
        };
        let page = match &query.search {
            Some(needle) => {
                let found = self.search(&chosen.sources, query, needle, deadline).await;
                LogPage { found: Some(found), ..page }
            }
            None => self.lines_of(&chosen, query, page, deadline).await,
        };
        let late = Instant::now() >= deadline && query.search.is_none();
        let late = late.then(|| "The log is long: not all of it could be read in time.".to_owned());
        Ok(LogPage { releases: chosen.releases, trouble: chosen.trouble.or(late), ..page })
    }

    async fn lines_of(&self, chosen: &Chosen, query: &LogQuery, page: LogPage, deadline: Instant) -> LogPage {
        let sources = &chosen.sources;
        let (mut older, mut newer) = match query.place {
            Place::End => (Window::newest(PAGE_LINES, None), None),
            Place::Before(at) => (Window::newest(PAGE_LINES, Some(at)), None),
            Place::After(at) => {
                (Window::newest(0, Some(at.plus_ns(1))), Some(Window::oldest(PAGE_LINES, at.plus_ns(1))))
            }
            Place::Around(at) => (Window::newest(PAGE_LINES / 2, Some(at)), Some(Window::oldest(PAGE_LINES / 2, at))),
        };
        // The engine finds the end by itself, as long as it need not choose.
        let plain =
            query.place == Place::End && query.stream.is_none() && query.from.is_none() && query.until.is_none();
        let tail = plain.then(|| u32::try_from(PAGE_LINES + 1).unwrap_or(u32::MAX));
        let range = LogRange { tail, since: query.from, ..LogRange::ALL };
        let mut behind = false;
        for (index, source) in sources.iter().enumerate() {
            let mut lines = source.lines(&self.apps.parts.docker, &self.apps.parts.kept, range).await;
            while let Ok(Some(line)) = timeout_at(deadline, lines.next()).await {
                if !query.wants(line.at, line.stderr) {
                    continue;
                }
                let line = older.take(index, line);
                match (line, newer.as_mut()) {
                    (Some(line), Some(newer)) => drop(newer.take(index, line)),
                    (Some(_), None) => behind = true,
                    (None, _) => {}
                }
            }
        }
        let (earlier, later) = (older.left_out, behind || newer.as_ref().is_some_and(|newer| newer.left_out));
        let lines = older.lines.into_iter().chain(newer.into_iter().flat_map(|newer| newer.lines));
        let lines = lines.map(|((_, index, _), line)| shown(&sources[index], &line)).collect();
        LogPage { lines, earlier, later, ..page }
    }
}

/// A line as its page shows it.
pub(super) fn shown(source: &Source, line: &Raw) -> Written {
    line.shown(source.label.release, &source.label.from, &source.label.mask)
}

/// The newest lines before a moment, or the oldest from one on, of however many pass by.
struct Window {
    /// By moment, source, and the order in which they passed.
    lines: BTreeMap<(LogTime, usize, u64), Raw>,
    newest: bool,
    most: usize,
    bytes: usize,
    border: Option<LogTime>,
    passed: u64,
    left_out: bool,
}

impl Window {
    const fn newest(most: usize, before: Option<LogTime>) -> Self {
        Self { lines: BTreeMap::new(), newest: true, most, bytes: 0, border: before, passed: 0, left_out: false }
    }

    const fn oldest(most: usize, from: LogTime) -> Self {
        Self { lines: BTreeMap::new(), newest: false, most, bytes: 0, border: Some(from), passed: 0, left_out: false }
    }

    /// Takes a line, and lets another go where it has enough; gives back one that is beyond its border.
    fn take(&mut self, source: usize, line: Raw) -> Option<Raw> {
        if self.border.is_some_and(|border| if self.newest { line.at >= border } else { line.at < border }) {
            return Some(line);
        }
        self.passed += 1;
        self.bytes += line.text.len();
        self.lines.insert((line.at, source, self.passed), line);
        while self.lines.len() > self.most || (self.bytes > MOST_BYTES && self.lines.len() > 1) {
            let gone = if self.newest { self.lines.pop_first() } else { self.lines.pop_last() };
            self.bytes -= gone.map_or(0, |(_, line)| line.text.len());
            self.left_out = true;
        }
        None
    }
}

impl Source {
    /// The container, while the engine has it.
    pub(super) const fn container(&self) -> Option<&homeport_model::deploy::container::ContainerId> {
        match &self.kind {
            Kind::Engine(id) => Some(id),
            Kind::File(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(ns: i64, size: usize) -> Raw {
        Raw { at: LogTime::from_ns(ns), stderr: false, text: "x".repeat(size) }
    }

    fn moments(window: &Window) -> Vec<i64> {
        window.lines.keys().map(|(at, ..)| at.ns()).collect()
    }

    #[test]
    fn a_window_keeps_its_end_of_what_passes() {
        let mut newest = Window::newest(2, Some(LogTime::from_ns(9)));
        // Two containers, one after the other.
        for (source, ns) in [(0, 1), (0, 5), (0, 9), (1, 2), (1, 8), (1, 10)] {
            newest.take(source, line(ns, 1));
        }
        assert_eq!((moments(&newest), newest.left_out), (vec![5, 8], true));
        let mut oldest = Window::oldest(2, LogTime::from_ns(2));
        for (source, ns) in [(0, 1), (0, 5), (0, 9), (1, 2), (1, 8)] {
            oldest.take(source, line(ns, 1));
        }
        assert_eq!((moments(&oldest), oldest.left_out), (vec![2, 5], true));
    }

    #[test]
    fn lines_of_one_moment_stay_both_and_long_ones_push_others_out() {
        let mut window = Window::newest(10, None);
        window.take(0, line(1, 1));
        window.take(0, line(1, 1));
        assert_eq!(moments(&window), [1, 1]);
        window.take(0, line(2, MOST_BYTES));
        assert_eq!((moments(&window), window.left_out), (vec![2], true));
    }
}
