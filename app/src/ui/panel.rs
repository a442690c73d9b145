//! A titled area of a page.

use leptos::prelude::*;

/// A panel with its title; the title names the region.
#[component]
pub fn Panel(
    /// The title.
    #[prop(into)]
    title: String,
    /// What stands at the title's end: a link, a count, an age.
    #[prop(default = None)]
    aside: Option<AnyView>,
    /// `bad` draws the edge in the state's colour.
    #[prop(optional)]
    variant: Option<&'static str>,
    /// What it holds.
    children: Children,
) -> impl IntoView {
    view! {
        <section class="panel" aria-label=title.clone() data-variant=variant>
            <header>
                <h2>{title.clone()}</h2>
                {aside}
            </header>
            {children()}
        </section>
    }
    .into_any()
}
