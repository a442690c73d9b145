//! Homeport's mark: a house with a port.

use leptos::prelude::*;

/// The mark, in the colour of its surroundings.
#[component]
pub fn Mark() -> impl IntoView {
    view! {
        <svg class="mark" viewBox="0 0 32 32" width="32" height="32" aria-hidden="true">
            <path
                fill="currentColor"
                fill-rule="evenodd"
                d="M16 1 1 13.2V28a3 3 0 0 0 3 3h24a3 3 0 0 0 3-3V13.2ZM16 13a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13Z"
            />
        </svg>
    }
    .into_any()
}
