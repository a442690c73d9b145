//! Takes the place that an answer will take.

use leptos::prelude::*;

/// A panel with `rows` rows to come.
#[component]
pub fn PanelSkeleton(
    /// How many rows the answer usually has.
    #[prop(default = 3)]
    rows: usize,
) -> impl IntoView {
    view! {
        <section class="panel" aria-busy="true" aria-label="Loading">
            <header>
                <span class="skeleton" data-size="short"></span>
            </header>
            <div class="panel-body">
                {(0..rows).map(|_| view! { <span class="skeleton" data-size="row"></span> }).collect_view()}
            </div>
        </section>
    }
    .into_any()
}
