//! The button that sends a form.

use leptos::prelude::*;

/// A submit button; while the form is on its way it says so and cannot be pressed again.
#[component]
pub fn Submit(
    /// The verb with its object.
    #[prop(into)]
    label: String,
    /// What it says while it works.
    #[prop(optional, into)]
    busy: Option<String>,
    /// Whether the form is on its way.
    #[prop(optional, into)]
    pending: Signal<bool>,
    /// Whether it cannot be pressed at all: what it needs is not there, or not there yet.
    #[prop(optional, into)]
    disabled: Signal<bool>,
    /// `primary`, `danger`, `destroy`, `quiet`.
    #[prop(optional)]
    variant: Option<&'static str>,
    /// `small` in tables.
    #[prop(optional)]
    size: Option<&'static str>,
    /// Sent along when this button was the one.
    #[prop(optional)]
    name: Option<&'static str>,
) -> impl IntoView {
    let words = {
        let label = label.clone();
        move || match (&busy, pending.get()) {
            (Some(busy), true) => busy.clone(),
            _ => label.clone(),
        }
    };
    view! {
        <button
            class="button"
            type="submit"
            name=name
            value=name.map(|_| "1")
            data-variant=variant
            data-size=size
            disabled=move || pending.get() || disabled.get()
            aria-busy=move || pending.get().then_some("true")
        >
            {words}
        </button>
    }
    .into_any()
}
