//! A question in front of the page.

use leptos::{html, prelude::*};

/// A modal dialog that is open while `open` is true; Escape closes it.
#[component]
pub fn Dialog(
    /// Whether it is open.
    open: RwSignal<bool>,
    /// What it is about, for its accessible name.
    #[prop(into)]
    label: String,
    /// What it asks.
    children: Children,
) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    Effect::new(move || {
        let Some(dialog) = dialog.get() else { return };
        match (open.get(), dialog.open()) {
            (true, false) => drop(dialog.show_modal()),
            (false, true) => dialog.close(),
            _ => {}
        }
    });
    view! {
        <dialog class="dialog" node_ref=dialog aria-label=label on:close=move |_| open.set(false)>
            <div class="dialog-body">{children()}</div>
        </dialog>
    }
    .into_any()
}
