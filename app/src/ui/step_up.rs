//! "Use your passkey once more", wherever a problem says so.

use homeport_model::problem::Problem;
use leptos::{prelude::*, task::spawn_local};

use crate::passkeys;

/// A button that asks for the passkey; what was pressed before then works for five minutes.
#[component]
pub fn StepUp() -> impl IntoView {
    let done = RwSignal::new(false);
    let pending = RwSignal::new(false);
    let problem = RwSignal::new(None::<Problem>);
    let press = move |_| {
        if pending.get_untracked() {
            return;
        }
        pending.set(true);
        spawn_local(async move {
            match passkeys::step_up().await {
                Ok(_) => done.set(true),
                Err(found) => problem.set(Some(found)),
            }
            pending.set(false);
        });
    };
    view! {
        <Show when=move || done.get() fallback=move || view! {
            <div class="cluster">
                <button class="button" type="button" disabled=move || pending.get() on:click=press>
                    "Use your passkey"
                </button>
                {move || problem.get().map(|problem| view! { <span class="muted">{problem.to_string()}</span> })}
            </div>
        }>
            <p role="status">"Thank you. For five minutes it works: press the button once more."</p>
        </Show>
    }
    .into_any()
}
