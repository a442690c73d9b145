//! What of the log to show: an ordinary form whose fields become the address.

use homeport_model::log::{LogForm, LogPage};
use leptos::prelude::*;

/// The form above the lines.
#[component]
pub fn Choice(
    /// The choice as the address has it.
    form: LogForm,
    /// What it shows.
    page: LogPage,
    /// The tab's address.
    path: String,
) -> impl IntoView {
    let chosen = page.release;
    let newest = page.releases.first().map(|release| release.number);
    let serving = page.releases.iter().find(|release| release.serving).map(|release| release.number);
    let releases = page
        .releases
        .iter()
        .map(|release| {
            let number = release.number;
            let what = match (release.serving, release.never_served) {
                (true, _) => " (serves)",
                (_, true) if newest == Some(number) && serving != newest => " (not live)",
                (_, true) => " (failed)",
                _ => "",
            };
            // What serves is the choice of no choice, so that a page that is left open goes on with the next.
            let value = if release.serving { String::new() } else { number.to_string() };
            view! {
                <option value=value selected=chosen == Some(number)>
                    {format!("{number}{what}")}
                </option>
            }
        })
        .collect_view();
    let of_release = page.releases.iter().find(|release| Some(release.number) == chosen);
    let mut processes = of_release.map(|release| release.processes.clone()).unwrap_or_default();
    if !form.process.is_empty() && !processes.contains(&form.process) {
        processes.push(form.process.clone());
    }
    let processes = processes
        .into_iter()
        .map(|process| {
            view! {
                <option value=process.clone() selected=form.process == process>
                    {process.clone()}
                </option>
            }
        })
        .collect_view();
    let stream = |value: &'static str, words: &'static str| {
        view! {
            <option value=value selected=form.stream == value>
                {words}
            </option>
        }
    };
    let timed = !form.from.is_empty() || !form.until.is_empty();
    view! {
        <form class="log-choice" method="get" action=path role="search">
            <div class="field">
                <label for="log-release">"Release"</label>
                <select id="log-release" name="release">
                    {releases}
                </select>
            </div>
            <div class="field">
                <label for="log-process">"Process"</label>
                <select id="log-process" name="process">
                    <option value="">"all"</option>
                    {processes}
                </select>
            </div>
            <div class="field">
                <label for="log-stream">"Output"</label>
                <select id="log-stream" name="stream">
                    {stream("", "both")}
                    {stream("out", "standard")}
                    {stream("err", "errors")}
                </select>
            </div>
            <div class="field" data-wide>
                <label for="log-q">"Search"</label>
                <input
                    id="log-q"
                    type="search"
                    name="q"
                    value=form.q.clone()
                    maxlength="200"
                    placeholder="Text in any line"
                    autocomplete="off"
                    spellcheck="false"
                />
            </div>
            <button class="button" type="submit">
                "Show"
            </button>
            <details class="disclosure" open=timed>
                <summary>"From, until"</summary>
                <div class="log-times">
                    <div class="field">
                        <label for="log-from">"From" <span class="muted">" UTC"</span></label>
                        <input id="log-from" type="datetime-local" name="from" value=form.from.clone() />
                    </div>
                    <div class="field">
                        <label for="log-until">"Until" <span class="muted">" UTC"</span></label>
                        <input id="log-until" type="datetime-local" name="until" value=form.until.clone() />
                    </div>
                </div>
            </details>
        </form>
    }
    .into_any()
}
