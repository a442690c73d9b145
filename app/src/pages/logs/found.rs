//! What a search found: how much, and the newest of it with the lines around.

use homeport_model::log::{Found, FoundLine, LogForm, Needle};
use leptos::prelude::*;

use super::lines::{stream_word, text_of};
use crate::ui::figures::count;

/// "12 lines have it", and what else there is to say.
fn sentence(found: &Found) -> String {
    let total = count(usize::try_from(found.total).unwrap_or(usize::MAX), "line has it", "lines have it");
    let read = count(usize::try_from(found.read).unwrap_or(usize::MAX), "line", "lines");
    let shown = match found.shown < found.total {
        true => format!(", the newest {} are shown", found.shown),
        false => String::new(),
    };
    match found.whole {
        true => format!("{total} of {read}{shown}."),
        false => {
            format!("{total} of the first {read} that could be read in time{shown}. Choose less of the log to see all.")
        }
    }
}

/// The page of a search.
#[component]
pub fn FoundLines(
    /// What was found.
    found: Found,
    /// The choice as the address has it.
    form: LogForm,
    /// The tab's address.
    path: String,
) -> impl IntoView {
    let needle: Option<Needle> = form.q.parse().ok();
    let around = LogForm { q: String::new(), ..form.at_end() };
    let summary = sentence(&found);
    let nothing = found.lines.is_empty();
    let single = found.lines.windows(2).all(|pair| pair[0].line.from == pair[1].line.from).then_some("");
    let rows = found
        .lines
        .into_iter()
        .map(|FoundLine { line, hit, gap }| {
            let href = LogForm { around: line.at.ns().to_string(), ..around.clone() }.address(&path);
            let text = text_of(&line, needle.as_ref().filter(|_| hit));
            let time = line.at.clock();
            let stamp = line.at.to_string();
            let time = if hit {
                view! {
                    <a href=href title=format!("{stamp}: show the lines around")>
                        <time datetime=stamp.clone()>{time}</time>
                    </a>
                }
                .into_any()
            } else {
                view! { <time datetime=stamp>{time}</time> }.into_any()
            };
            view! {
                <li data-stream=stream_word(line.stream) data-beside=!hit data-gap=gap>
                    {time}
                    <span class="output-from">{line.from}</span>
                    <span class="output-text">{text}</span>
                </li>
            }
        })
        .collect_view();
    let list = (!nothing).then(|| {
        view! {
            <div class="output-frame">
                <div class="output" role="region" tabindex="0" aria-label="Lines that were found" data-single=single>
                    <ol>{rows}</ol>
                </div>
            </div>
        }
    });
    view! {
        <p class="output-note" role="status">
            {summary}
        </p>
        {list}
    }
    .into_any()
}
