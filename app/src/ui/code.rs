//! A command or a value to take away.

use leptos::prelude::*;

use super::toast::toaster;

/// Text with a button that copies it. Without script the text can be selected.
#[component]
pub fn Code(
    /// The text.
    #[prop(into)]
    text: String,
    /// What it is, for the button's name: "Copy the command".
    #[prop(into)]
    what: String,
) -> impl IntoView {
    let toaster = toaster();
    let copy = {
        let text = text.clone();
        move |_| {
            put_on_clipboard(&text);
            toaster.say("Copied");
        }
    };
    view! {
        <div class="code">
            <pre tabindex="0">{text.clone()}</pre>
            <button class="button" type="button" aria-label=format!("Copy {what}") on:click=copy>
                "Copy"
            </button>
        </div>
    }
    .into_any()
}

/// Puts text on the clipboard; nothing happens where the browser does not allow it.
#[cfg(feature = "hydrate")]
pub fn put_on_clipboard(text: &str) {
    let _ = window().navigator().clipboard().write_text(text);
}

/// There is no clipboard on the server.
#[cfg(not(feature = "hydrate"))]
pub const fn put_on_clipboard(_text: &str) {}
