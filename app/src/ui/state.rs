//! A state is a word with a mark, never a mark alone.

use leptos::prelude::*;

/// What a state means to the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// As it should be.
    Good,
    /// Something is going on.
    Working,
    /// Look at it soon.
    Warning,
    /// Broken.
    Bad,
    /// Nobody knows.
    Unknown,
    /// Rightly not running.
    Off,
}

impl Tone {
    /// The word that the style sheet knows.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Working => "working",
            Self::Warning => "warning",
            Self::Bad => "bad",
            Self::Unknown => "unknown",
            Self::Off => "off",
        }
    }
}

/// A state's word with its mark.
#[component]
pub fn State(
    /// What it means.
    tone: Tone,
    /// The word.
    #[prop(into)]
    word: String,
) -> impl IntoView {
    view! { <span class="state" data-state=tone.as_str()>{word}</span> }
}

/// A short fact beside a name.
#[component]
pub fn Tag(
    /// What it means; plain without.
    #[prop(optional)]
    tone: Option<Tone>,
    /// The fact.
    children: Children,
) -> impl IntoView {
    view! { <span class="tag" data-state=tone.map(Tone::as_str)>{children()}</span> }
}
