//! What differs from the release before; names only, values never leave the server.

use homeport_model::{
    app::EnvChange,
    deploy::{Difference, ReleaseChange},
};
use leptos::prelude::*;

use crate::ui::Panel;

/// What happened to a variable, in a word.
#[must_use]
pub const fn change_word(change: EnvChange) -> &'static str {
    match change {
        EnvChange::Added => "added",
        EnvChange::Changed => "changed",
        EnvChange::Removed => "removed",
    }
}

/// The list of changes.
#[component]
pub fn ChangePanel(
    /// The app.
    app: String,
    /// The release that changed.
    number: u32,
    /// What differs.
    change: ReleaseChange,
) -> impl IntoView {
    let Some(from) = change.from else {
        return view! {
            <Panel title="What changed">
                <div class="panel-body">
                    <p class="muted">"The first release: there is none to compare it with."</p>
                </div>
            </Panel>
        }
        .into_any();
    };
    let line = |kind: &'static str, what: AnyView, aside: &'static str| {
        view! {
            <li data-change=kind>
                <span>{what}</span>
                <span>{aside}</span>
            </li>
        }
    };
    let commit = change.commit.map(|commit| {
        let short = commit.sha.as_str().chars().take(7).collect::<String>();
        let what = view! {
            "before: "
            <span class="mono">{short}</span>
            " "
            {commit.subject}
        };
        line("changed", what.into_any(), "commit")
    });
    let artifact = change.artifact.then(|| line("changed", "Image or files".into_any(), "content"));
    let settings: Vec<_> = change
        .settings
        .into_iter()
        .map(|Difference { area, name, before, after }| {
            let kind = match (&before, &after) {
                (None, _) => "added",
                (_, None) => "removed",
                _ => "changed",
            };
            let words = match (before, after) {
                (Some(before), Some(after)) => format!("{name}: {before} → {after}"),
                (before, after) => format!("{name}: {}", after.or(before).unwrap_or_default()),
            };
            line(kind, words.into_any(), area.as_str())
        })
        .collect();
    let env: Vec<_> = change
        .env
        .into_iter()
        .map(|(key, change)| {
            let key = view! { <span class="mono">{key.to_string()}</span> };
            line(change_word(change), key.into_any(), "environment")
        })
        .collect();
    let href = format!("/apps/{app}/compare?from={from}&to={number}");
    let compare = view! { <a href=href>"Compare"</a> }.into_any();
    let nothing = commit.is_none() && artifact.is_none() && settings.is_empty() && env.is_empty();
    let nothing = nothing.then(|| line("same", "Nothing".into_any(), ""));
    view! {
        <Panel title=format!("Changed since release {from}") aside=Some(compare)>
            <ul class="diff">{nothing} {commit} {artifact} {settings} {env}</ul>
        </Panel>
    }
    .into_any()
}
