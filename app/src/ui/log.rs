//! Lines of a job; those of a running one arrive while one looks.

use homeport_model::{
    id::JobId,
    job::{LogLine, LogStream},
};
use leptos::{html, prelude::*};

/// The browser keeps at most this many lines that arrived live; the rest is on the server.
#[cfg(feature = "hydrate")]
const MOST_LIVE_LINES: usize = 5_000;

/// The lines of a job that arrive after the page was made.
#[derive(Clone, Copy, Default)]
pub struct FollowedLog {
    lines: RwSignal<Vec<LogLine>>,
}

impl FollowedLog {
    /// Follows the job that `following` names, from the line after the given number on; forgets
    /// what it has when the job becomes another.
    #[must_use]
    pub fn new(following: impl Fn() -> Option<(JobId, u64)> + Send + Sync + 'static) -> Self {
        let log = Self::default();
        #[cfg(feature = "hydrate")]
        {
            let following = Memo::new(move |_| following());
            Effect::new(move || {
                log.lines.set(Vec::new());
                let Some((job, after)) = following.get() else { return };
                // Dropped, and with it closed, when the effect runs again or the page goes.
                StoredValue::new_local(stream::LogSource::open(&format!("/events/jobs/{job}/log?after={after}"), log));
            });
        }
        #[cfg(not(feature = "hydrate"))]
        drop(following);
        log
    }

    /// The lines of one step: those that the page began with, then those that arrived.
    #[must_use]
    pub fn lines_of(self, step: String, first: Vec<LogLine>) -> Memo<Vec<LogLine>> {
        Memo::new(move |_| {
            let last = first.last().map_or(0, |line| line.number);
            let mut lines: Vec<LogLine> = first.iter().filter(|line| line.step == step).cloned().collect();
            self.lines
                .with(|live| lines.extend(live.iter().filter(|line| line.number > last && line.step == step).cloned()));
            lines
        })
    }

    #[cfg(feature = "hydrate")]
    fn append(self, mut arrived: Vec<LogLine>) {
        self.lines.update(|lines| {
            let last = lines.last().map_or(0, |line| line.number);
            arrived.retain(|line| line.number > last);
            lines.append(&mut arrived);
            let surplus = lines.len().saturating_sub(MOST_LIVE_LINES);
            lines.drain(..surplus);
        });
    }
}

/// Numbered lines that scroll by themselves while one looks at their end.
#[component]
pub fn LogView(
    /// The lines.
    #[prop(into)]
    lines: Signal<Vec<LogLine>>,
    /// What they are, for the region's name.
    #[prop(into)]
    label: String,
    /// `tall` where the log is the page.
    #[prop(optional)]
    size: Option<&'static str>,
) -> impl IntoView {
    let view = NodeRef::<html::Div>::new();
    let at_end = StoredValue::new(true);
    let on_scroll = move |_| {
        if let Some(view) = view.get_untracked() {
            at_end.set_value(view.scroll_height() - view.scroll_top() - view.client_height() < 40);
        }
    };
    Effect::new(move || {
        lines.track();
        if let (Some(view), true) = (view.get(), at_end.get_value()) {
            request_animation_frame(move || view.set_scroll_top(view.scroll_height()));
        }
    });
    view! {
        <div class="log" role="log" tabindex="0" aria-label=label data-size=size node_ref=view on:scroll=on_scroll>
            <ol>
                <For each=move || lines.get() key=|line| line.number let(line)>
                    <li data-kind=(line.stream == LogStream::Err).then_some("error")>
                        <span class="log-number">{line.number}</span>
                        <span>{line.text}</span>
                    </li>
                </For>
            </ol>
        </div>
    }
    .into_any()
}

#[cfg(feature = "hydrate")]
mod stream {
    use std::{cell::RefCell, rc::Rc, time::Duration};

    use homeport_model::job::LogLine;
    use leptos::prelude::*;
    use wasm_bindgen::{JsCast, prelude::Closure};
    use web_sys::{EventSource, MessageEvent};

    use super::FollowedLog;

    /// An open stream of lines; closed when dropped.
    pub(super) struct LogSource(EventSource);

    impl LogSource {
        /// Lines are gathered for a tenth of a second, so that a fast build does not draw a
        /// thousand times a second.
        pub(super) fn open(address: &str, log: FollowedLog) -> Option<Self> {
            let source = EventSource::new(address).ok()?;
            let waiting: Rc<RefCell<Vec<LogLine>>> = Rc::default();
            let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |message: MessageEvent| {
                let Some(line) = message.data().as_string().and_then(|text| serde_json::from_str(&text).ok()) else {
                    return;
                };
                let first = waiting.borrow().is_empty();
                waiting.borrow_mut().push(line);
                if first {
                    let waiting = Rc::clone(&waiting);
                    set_timeout(move || log.append(waiting.take()), Duration::from_millis(100));
                }
            });
            source.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
            on_message.forget();
            let ended = source.clone();
            let on_end = Closure::<dyn FnMut()>::new(move || ended.close());
            let _ = source.add_event_listener_with_callback("end", on_end.as_ref().unchecked_ref());
            on_end.forget();
            Some(Self(source))
        }
    }

    impl Drop for LogSource {
        fn drop(&mut self) {
            self.0.close();
        }
    }
}
