//! Confirms what the person just did; everything else is on a page that can be linked.

use leptos::prelude::*;

/// Says things; taken from the context while a component is set up, used in its handlers.
#[derive(Clone, Copy, Default)]
pub struct Toaster {
    shown: RwSignal<Vec<(u64, String)>>,
}

impl Toaster {
    /// Says `text` for four seconds.
    pub fn say(self, text: impl Into<String>) {
        let number = self.shown.with_untracked(|shown| shown.last().map_or(1, |(number, _)| number + 1));
        self.shown.update(|shown| shown.push((number, text.into())));
        #[cfg(feature = "hydrate")]
        set_timeout(
            move || self.shown.update(|shown| shown.retain(|(known, _)| *known != number)),
            std::time::Duration::from_secs(4),
        );
    }
}

/// The page's toaster.
#[must_use]
pub fn toaster() -> Toaster {
    use_context().unwrap_or_default()
}

/// Provides the toaster; once, around all pages.
pub fn provide_toaster() {
    provide_context(Toaster::default());
}

/// Where toasts appear.
#[component]
pub fn Toasts() -> impl IntoView {
    let shown = toaster().shown;
    view! {
        <div class="toast-region" role="status">
            <For each=move || shown.get() key=|(number, _)| *number let((_, text))>
                <p class="toast">{text}</p>
            </For>
        </div>
    }
    .into_any()
}
