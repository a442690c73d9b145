//! Recovery codes, shown once.

use leptos::prelude::*;

use crate::ui::{code::put_on_clipboard, toaster};

/// The codes, with buttons to copy and to print them.
#[component]
pub fn RecoveryCodes(
    /// The codes.
    codes: Vec<String>,
) -> impl IntoView {
    let toaster = toaster();
    let copied = RwSignal::new(false);
    let text = codes.join("\n");
    let copy = move |_| {
        put_on_clipboard(&text);
        copied.set(true);
        toaster.say("Copied");
    };
    view! {
        <ol class="recovery-codes" aria-label="Recovery codes">
            {codes.into_iter().map(|code| view! { <li>{code}</li> }).collect_view()}
        </ol>
        <div class="cluster">
            <button class="button" type="button" on:click=copy>
                {move || if copied.get() { "Copied" } else { "Copy the codes" }}
            </button>
        </div>
    }
}
