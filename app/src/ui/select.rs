//! One of a few to choose.

use leptos::prelude::*;

/// A choice with its label.
#[component]
pub fn Select(
    /// What it is called.
    #[prop(into)]
    label: String,
    /// Its name in the form, and its id.
    name: &'static str,
    /// Value and words of each.
    options: Vec<(&'static str, &'static str)>,
    /// The value that is chosen.
    chosen: RwSignal<String>,
    /// Said before choosing.
    #[prop(optional, into)]
    hint: Option<String>,
) -> impl IntoView {
    let hint_id = format!("{name}-hint");
    let described = hint.is_some().then(|| hint_id.clone());
    let options = options.into_iter().map(|(value, words)| {
        view! {
            <option value=value selected=move || chosen.with(|chosen| chosen == value)>
                {words}
            </option>
        }
    });
    view! {
        <div class="field">
            <label for=name>{label}</label>
            {hint.map(|hint| view! { <p class="field-hint" id=hint_id>{hint}</p> })}
            <select id=name name=name aria-describedby=described on:change=move |event| chosen.set(event_target_value(&event))>
                {options.collect_view()}
            </select>
        </div>
    }
    .into_any()
}
