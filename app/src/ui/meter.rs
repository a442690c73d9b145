//! How much of something is used.

use leptos::prelude::*;

use super::{figures, state::Tone};

/// A word, a figure and a thin bar.
#[component]
pub fn Meter(
    /// What is measured.
    #[prop(into)]
    label: String,
    /// The figure in words: "612 MiB of 980 MiB".
    #[prop(into)]
    figure: String,
    /// How much is used.
    used: u64,
    /// Of how much.
    all: u64,
) -> impl IntoView {
    let percent = figures::percent(used, all);
    let tone = match percent {
        95.. => Some(Tone::Bad),
        85..=94 => Some(Tone::Warning),
        _ => None,
    };
    view! {
        <div class="meter" data-state=tone.map(Tone::as_str)>
            <span>{label}</span>
            <span class="figure">{figure}</span>
            <svg viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
                <rect width=percent height="4" />
            </svg>
        </div>
    }
    .into_any()
}
