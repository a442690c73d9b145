//! Lines that arrive while one looks. They wait while one reads further up, and the browser holds a
//! bounded number of them.

use homeport_model::log::{LogForm, LogPage, LogTime, Written};
use leptos::prelude::*;

use super::lines::key;

/// The page has at most this many lines.
const MOST_LINES: usize = 2_000;

/// Whether a page is one that grows.
pub(super) fn is_followed(form: &LogForm, page: &LogPage) -> bool {
    let serving = page.releases.iter().any(|release| release.serving && Some(release.number) == page.release);
    form.at_end() == *form && form.q.trim().is_empty() && form.until.is_empty() && (page.running || serving)
}

/// Where the lines after those of a page come from; `None` for a page that does not grow.
pub(super) fn address(name: &str, form: &LogForm, page: &LogPage) -> Option<String> {
    let newest = page.lines.iter().map(|line| line.at).max();
    let after = newest.map(|at: LogTime| at.ns().to_string()).unwrap_or_default();
    is_followed(form, page).then(|| LogForm { after, ..form.clone() }.address(&format!("/events/apps/{name}/log")))
}

/// How the stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(feature = "hydrate"), expect(dead_code, reason = "only a browser follows"))]
enum State {
    /// Not begun.
    Before,
    /// Lines come.
    Open,
    /// It was cut and is being opened again.
    Away,
    /// It was refused.
    Refused,
}

/// The lines that arrived after the page was made.
#[derive(Clone, Copy)]
pub struct Follow {
    arrived: RwSignal<Vec<Written>>,
    held: RwSignal<Vec<Written>>,
    held_count: RwSignal<u64>,
    at_end: RwSignal<bool>,
    state: RwSignal<State>,
}

impl Follow {
    /// Follows the address that `following` gives; forgets what it has when that changes.
    pub(super) fn of(following: impl Fn() -> Option<String> + Send + Sync + 'static) -> Self {
        let follow = Self {
            arrived: RwSignal::new(Vec::new()),
            held: RwSignal::new(Vec::new()),
            held_count: RwSignal::new(0),
            at_end: RwSignal::new(true),
            state: RwSignal::new(State::Before),
        };
        #[cfg(feature = "hydrate")]
        {
            let following = Memo::new(move |_| following());
            Effect::new(move || {
                follow.forget();
                if let Some(address) = following.get() {
                    // Dropped, and with it closed, when the effect runs again or the page goes.
                    StoredValue::new_local(stream::Source::open(&address, follow));
                }
            });
        }
        #[cfg(not(feature = "hydrate"))]
        drop(following);
        follow
    }

    /// The lines that the page began with and those that arrived, in their order and each once.
    pub(super) fn lines(self, first: Vec<Written>) -> Memo<Vec<Written>> {
        Memo::new(move |_| {
            let mut lines = first.clone();
            self.arrived.with(|arrived| lines.extend(arrived.iter().cloned()));
            tidy(&mut lines);
            lines
        })
    }

    /// How many lines wait.
    pub(super) fn held(self) -> u64 {
        self.held_count.get()
    }

    pub(super) fn is_at_end(self) -> bool {
        self.at_end.get_untracked()
    }

    /// Whether one looks at the end; what waits is shown then.
    pub(super) fn set_at_end(self, at_end: bool) {
        self.at_end.set(at_end);
        if at_end {
            self.resume();
        }
    }

    /// Shows what waits, and the end.
    pub(super) fn resume(self) {
        self.at_end.set(true);
        if self.held_count.get_untracked() == 0 {
            return;
        }
        let held = self.held.try_update(std::mem::take).unwrap_or_default();
        self.held_count.set(0);
        self.show(held);
    }

    /// How the stream is, in words.
    pub(super) fn state_words(self) -> &'static str {
        match self.state.get() {
            State::Before => "",
            State::Open => "New lines appear as they come.",
            State::Away => "The panel cannot be reached. New lines appear when it is back.",
            State::Refused => "New lines do not appear here. Reload the page to try again.",
        }
    }

    fn show(self, lines: Vec<Written>) {
        self.arrived.update(|arrived| {
            arrived.extend(lines);
            tidy(arrived);
        });
    }

    #[cfg(feature = "hydrate")]
    fn forget(self) {
        self.arrived.set(Vec::new());
        self.held.set(Vec::new());
        self.held_count.set(0);
        self.at_end.set(true);
        self.state.set(State::Before);
    }

    #[cfg(feature = "hydrate")]
    fn take(self, batch: homeport_model::log::LogBatch) {
        let mut lines = batch.lines;
        if let Some(first) = lines.first().filter(|_| batch.skipped > 0) {
            lines.insert(0, skipped(first, batch.skipped));
        }
        if self.at_end.get_untracked() {
            self.show(lines);
        } else {
            let count = batch.skipped + lines.len() as u64 - u64::from(batch.skipped > 0);
            self.held.update(|held| {
                held.extend(lines);
                tidy(held);
            });
            self.held_count.update(|held| *held += count);
        }
    }
}

/// A line that says how many are left out before `next`.
#[cfg(any(feature = "hydrate", test))]
fn skipped(next: &Written, count: u64) -> Written {
    let lines = if count == 1 { "line" } else { "lines" };
    Written {
        at: next.at.plus_ns(-1),
        from: String::new(),
        stream: homeport_model::job::LogStream::Panel,
        text: format!("{count} {lines} skipped: they came faster than this page shows them. The log has them."),
        marks: Vec::new(),
        release: next.release,
    }
}

/// Sorts lines, leaves out those that are there already, and the oldest where there are too many.
fn tidy(lines: &mut Vec<Written>) {
    lines.sort_by_cached_key(key);
    lines.dedup_by(|one, other| key(one) == key(other));
    let surplus = lines.len().saturating_sub(MOST_LINES);
    lines.drain(..surplus);
}

#[cfg(feature = "hydrate")]
mod stream {
    use std::{cell::RefCell, rc::Rc, time::Duration};

    use homeport_model::log::LogBatch;
    use leptos::prelude::*;
    use wasm_bindgen::{JsCast, prelude::Closure};
    use web_sys::{Event, EventSource, MessageEvent};

    use super::{Follow, State};

    /// An open stream; closed when dropped. It opens itself again after it was cut, and says then
    /// which line it had last.
    pub(super) struct Source {
        source: EventSource,
        _on_message: Closure<dyn FnMut(MessageEvent)>,
        _on_open: Closure<dyn FnMut()>,
        _on_error: Closure<dyn FnMut(Event)>,
    }

    impl Source {
        pub(super) fn open(address: &str, follow: Follow) -> Option<Self> {
            let source = EventSource::new(address).ok()?;
            let waiting: Rc<RefCell<Vec<LogBatch>>> = Rc::default();
            let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |message: MessageEvent| {
                let text = message.data().as_string();
                let Some(batch) = text.and_then(|text| serde_json::from_str(&text).ok()) else { return };
                let first = waiting.borrow().is_empty();
                waiting.borrow_mut().push(batch);
                if first {
                    // A page that was in the background gets many at once.
                    let waiting = Rc::clone(&waiting);
                    set_timeout(
                        move || waiting.take().into_iter().for_each(|batch| follow.take(batch)),
                        Duration::from_millis(100),
                    );
                }
            });
            source.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
            let on_open = Closure::<dyn FnMut()>::new(move || follow.state.set(State::Open));
            source.set_onopen(Some(on_open.as_ref().unchecked_ref()));
            let failed = source.clone();
            let on_error = Closure::<dyn FnMut(Event)>::new(move |_| {
                let over = failed.ready_state() == EventSource::CLOSED;
                follow.state.set(if over { State::Refused } else { State::Away });
            });
            source.set_onerror(Some(on_error.as_ref().unchecked_ref()));
            Some(Self { source, _on_message: on_message, _on_open: on_open, _on_error: on_error })
        }
    }

    impl Drop for Source {
        fn drop(&mut self) {
            self.source.set_onmessage(None);
            self.source.set_onopen(None);
            self.source.set_onerror(None);
            self.source.close();
        }
    }
}

#[cfg(test)]
mod tests {
    use homeport_model::job::LogStream;

    use super::*;

    fn line(ns: i64, from: &str) -> Written {
        Written {
            at: LogTime::from_ns(ns),
            release: 1,
            from: from.into(),
            stream: LogStream::Out,
            text: ns.to_string(),
            marks: Vec::new(),
        }
    }

    #[test]
    fn lines_that_come_again_are_there_once_and_a_million_leave_two_thousand() {
        let mut lines: Vec<Written> = vec![line(1, "web.1"), line(2, "web.1"), line(2, "web.2")];
        lines.extend([line(2, "web.1"), line(3, "web.1"), line(1, "web.1")]);
        tidy(&mut lines);
        assert_eq!(lines.iter().map(|line| line.at.ns()).collect::<Vec<_>>(), [1, 2, 2, 3]);
        for start in 0..1_000 {
            lines.extend((0..1_000).map(|n| line(start * 1_000 + n, "web.1")));
            tidy(&mut lines);
            assert!(lines.len() <= MOST_LINES);
        }
        assert_eq!(lines.last().map(|line| line.at.ns()), Some(999_999));
        assert!(skipped(&lines[0], 12).text.starts_with("12 lines skipped"));
    }
}
