//! Lines of a log, and the ways to those before and after.

use homeport_model::{
    job::LogStream,
    log::{LogForm, LogPage, LogTime, Needle, Segment, Written, segments},
};
use leptos::{html, prelude::*};

use super::follow::{Follow, is_followed};
use crate::ui::{
    code::put_on_clipboard,
    figures::count,
    toast::{Toaster, toaster},
};

/// The sixteen colours, as the style sheet calls them.
const INKS: [&str; 16] = [
    "black",
    "red",
    "green",
    "yellow",
    "blue",
    "magenta",
    "cyan",
    "white",
    "bright-black",
    "bright-red",
    "bright-green",
    "bright-yellow",
    "bright-blue",
    "bright-magenta",
    "bright-cyan",
    "bright-white",
];

fn ink(colour: Option<u8>) -> Option<&'static str> {
    INKS.get(usize::from(colour?)).copied()
}

/// A line's text with its colours, and with what was looked for marked.
pub(super) fn text_of(line: &Written, needle: Option<&Needle>) -> AnyView {
    let hits = needle.map(|needle| needle.places(&line.text)).unwrap_or_default();
    if line.marks.is_empty() && hits.is_empty() {
        return line.text.clone().into_any();
    }
    segments(&line.text, &line.marks, &hits).into_iter().map(part).collect_view().into_any()
}

fn part(Segment { text, mark, hit }: Segment) -> AnyView {
    let text = if hit { view! { <mark>{text}</mark> }.into_any() } else { text.into_any() };
    match mark {
        None => text,
        Some(mark) => view! {
            <span data-ink=ink(mark.ink) data-ground=ink(mark.ground) data-bold=mark.bold>
                {text}
            </span>
        }
        .into_any(),
    }
}

/// The word of a stream that the style sheet knows.
pub(super) const fn stream_word(stream: LogStream) -> &'static str {
    stream.as_str()
}

/// One line.
fn row(line: Written, toaster: Toaster) -> impl IntoView {
    let text = text_of(&line, None);
    let copied = line.text.clone();
    let copy = move |_| {
        put_on_clipboard(&copied);
        toaster.say("Copied");
    };
    let of_app = line.stream != LogStream::Panel;
    view! {
        <li data-stream=stream_word(line.stream)>
            <time datetime=line.at.to_string() title=line.at.to_string()>
                {line.at.clock()}
            </time>
            <span class="output-from">{line.from}</span>
            <span class="output-text">{text}</span>
            {of_app
                .then(|| {
                    view! {
                        <button type="button" tabindex="-1" on:click=copy>
                            "Copy"
                        </button>
                    }
                })}
        </li>
    }
}

/// A part of the log; its end grows while one looks.
#[component]
pub fn Lines(
    /// The choice as the address has it.
    form: LogForm,
    /// What it shows.
    page: LogPage,
    /// The tab's address.
    path: String,
    /// What arrives.
    follow: Follow,
) -> impl IntoView {
    let toaster = toaster();
    let followed = is_followed(&form, &page);
    let lines = follow.lines(page.lines.clone());
    let element = NodeRef::<html::Div>::new();
    let on_scroll = move |_| {
        if let Some(element) = element.get_untracked().filter(|_| followed) {
            follow.set_at_end(element.scroll_height() - element.scroll_top() - element.client_height() < 40);
        }
    };
    Effect::new(move || {
        lines.track();
        if let (Some(element), true) = (element.get(), followed && follow.is_at_end()) {
            request_animation_frame(move || element.set_scroll_top(element.scroll_height()));
        }
    });
    let single = move || lines.with(|lines| lines.windows(2).all(|pair| pair[0].from == pair[1].from)).then_some("");
    let resume = move |_| follow.resume();
    let held = move || {
        let held = follow.held();
        (held > 0).then(|| {
            view! {
                <button class="button output-held" data-size="small" type="button" on:click=resume>
                    {count(usize::try_from(held).unwrap_or(usize::MAX), "new line", "new lines")}
                </button>
            }
        })
    };
    let waiting = move || {
        lines.with(Vec::is_empty).then(|| {
            view! { <p class="output-note">"It runs and has written nothing yet. Lines appear here as they come."</p> }
        })
    };
    let state = move || follow.state_words();
    view! {
        <div class="output-frame">
            {waiting}
            <div
                class="output"
                role="log"
                aria-live="off"
                tabindex="0"
                aria-label="Lines"
                data-single=single
                node_ref=element
                on:scroll=on_scroll
            >
                <ol>
                    <For each=move || lines.get() key=key let(line)>
                        {row(line, toaster)}
                    </For>
                </ol>
            </div>
            {followed.then_some(held)}
        </div>
        <footer>
            <Ways form=form page=page path=path />
            {followed.then(|| view! { <p class="muted" role="status">{state}</p> })}
        </footer>
    }
    .into_any()
}

/// What one line is known by again.
pub(super) fn key(line: &Written) -> (LogTime, String, &'static str) {
    (line.at, line.from.clone(), stream_word(line.stream))
}

/// To older and newer lines.
#[component]
fn Ways(form: LogForm, page: LogPage, path: String) -> impl IntoView {
    let end = form.at_end();
    let is_end = end == form;
    let to = |change: &dyn Fn(&mut LogForm)| {
        let mut form = end.clone();
        change(&mut form);
        form.address(&path)
    };
    let older =
        page.lines.first().filter(|_| page.earlier).map(|line| to(&|form| form.before = line.at.ns().to_string()));
    let newer = page.lines.last().filter(|_| page.later).map(|line| to(&|form| form.after = line.at.ns().to_string()));
    let link = |href: Option<String>, words: &'static str| {
        href.map(|href| {
            view! {
                <a class="button" data-size="small" href=href>
                    {words}
                </a>
            }
        })
    };
    view! {
        {link(older, "Older lines")}
        {link(newer, "Newer lines")}
        {link((!is_end).then(|| to(&|_| {})), "To the end")}
    }
    .into_any()
}

/// Nothing to show, and why.
#[component]
pub fn Empty(
    /// The choice as the address has it.
    form: LogForm,
    /// What it shows.
    page: LogPage,
    /// The tab's address.
    path: String,
) -> impl IntoView {
    let chosen = LogForm { release: String::new(), ..form } != LogForm::default();
    let words = match (chosen, page.release) {
        (true, _) => "No line fits that choice.",
        (false, None) => "Nothing was started yet. What an app writes appears here when it is deployed.",
        (false, Some(_)) => {
            "No line. Either it has written nothing, or it is a static site, which nginx serves without a log of its own."
        }
    };
    let back = chosen.then(|| {
        view! {
            <a class="button" href=path>
                "Show everything"
            </a>
        }
    });
    view! {
        <div class="empty">
            <p>{words}</p>
            {back}
        </div>
    }
    .into_any()
}
