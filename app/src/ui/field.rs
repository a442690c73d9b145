//! One thing to type: its label, a hint, and next to it what is wrong with it.

use homeport_model::problem::Problem;
use leptos::{html, prelude::*};

/// What is wrong with the field `key`, if anything.
fn wrong(problem: Signal<Option<Problem>>, key: &'static str) -> Memo<Option<Problem>> {
    Memo::new(move |_| problem.get().filter(|problem| problem.field.as_deref() == Some(key)))
}

fn described_by(id: &str, hint: bool, wrong: bool) -> Option<String> {
    match (hint, wrong) {
        (false, false) => None,
        (true, false) => Some(format!("{id}-hint")),
        (false, true) => Some(format!("{id}-wrong")),
        (true, true) => Some(format!("{id}-hint {id}-wrong")),
    }
}

/// Leptos sends what stands in a text area as it is, so that a `</textarea>` somebody typed would end it.
#[cfg(feature = "ssr")]
fn in_a_text_area(value: String) -> String {
    value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// In the browser it is a text node already.
#[cfg(not(feature = "ssr"))]
const fn in_a_text_area(value: String) -> String {
    value
}

#[component]
fn Wrong(id: String, wrong: Memo<Option<Problem>>) -> impl IntoView {
    move || {
        let id = id.clone();
        wrong.get().map(|problem| {
            view! {
                <p class="field-error" id=format!("{id}-wrong")>
                    <span>{problem.title} {problem.hint.map(|hint| format!(" {hint}"))}</span>
                </p>
            }
        })
    }
}

/// A line to type.
#[component]
pub fn Field(
    /// What it is called.
    #[prop(into)]
    label: String,
    /// Its name in the form.
    name: &'static str,
    /// Its name in a problem, when that is another.
    #[prop(optional)]
    key: Option<&'static str>,
    /// What it starts with.
    #[prop(optional, into)]
    value: String,
    /// Said before typing.
    #[prop(optional, into)]
    hint: Option<String>,
    /// An example.
    #[prop(optional, into)]
    placeholder: Option<String>,
    /// The form's problem; shown here when it is about this field.
    #[prop(optional, into)]
    problem: Signal<Option<Problem>>,
    /// Whether it may stay empty; says so beside the label.
    #[prop(optional)]
    optional: bool,
    /// A machine's word: fixed width, no correction.
    #[prop(optional)]
    mono: bool,
    /// `short` for figures.
    #[prop(optional)]
    size: Option<&'static str>,
    /// `numeric`, `url`, …
    #[prop(optional)]
    inputmode: Option<&'static str>,
    /// `password` for what nobody should read over the shoulder.
    #[prop(optional)]
    kind: Option<&'static str>,
    /// What the browser may fill in.
    #[prop(default = "off")]
    autocomplete: &'static str,
) -> impl IntoView {
    let key = key.unwrap_or(name);
    let id = key.replace('_', "-");
    let wrong = wrong(problem, key);
    let input = NodeRef::<html::Input>::new();
    Effect::new(move || {
        if let (Some(_), Some(input)) = (wrong.get(), input.get()) {
            let _ = input.focus();
        }
    });
    let hint_id = format!("{id}-hint");
    let described = {
        let (id, hinted) = (id.clone(), hint.is_some());
        move || described_by(&id, hinted, wrong.with(Option::is_some))
    };
    view! {
        <div class="field">
            <label for=id.clone()>
                {label} {optional.then(|| view! { <span class="muted">" optional"</span> })}
            </label>
            {hint.map(|hint| view! { <p class="field-hint" id=hint_id>{hint}</p> })}
            <input
                node_ref=input
                id=id.clone()
                name=name
                type=kind
                value=value
                placeholder=placeholder
                inputmode=inputmode
                autocomplete=autocomplete
                autocapitalize=mono.then_some("none")
                spellcheck=mono.then_some("false")
                required=!optional
                data-mono=mono
                data-size=size
                aria-invalid=move || wrong.with(Option::is_some).then_some("true")
                aria-describedby=described
            />
            <Wrong id=id wrong=wrong />
        </div>
    }
    .into_any()
}

/// Several lines to type.
#[component]
pub fn TextArea(
    /// What it is called.
    #[prop(into)]
    label: String,
    /// Its name in the form.
    name: &'static str,
    /// Its name in a problem, when that is another.
    #[prop(optional)]
    key: Option<&'static str>,
    /// What it starts with.
    #[prop(optional, into)]
    value: String,
    /// Said before typing.
    #[prop(optional, into)]
    hint: Option<String>,
    /// An example.
    #[prop(optional, into)]
    placeholder: Option<String>,
    /// The form's problem; shown here when it is about this field.
    #[prop(optional, into)]
    problem: Signal<Option<Problem>>,
    /// Whether it may stay empty; says so beside the label.
    #[prop(optional)]
    optional: bool,
    /// `few` for a list of names.
    #[prop(optional)]
    lines: Option<&'static str>,
    /// The element, to empty it after it was sent.
    #[prop(optional)]
    node_ref: NodeRef<html::Textarea>,
) -> impl IntoView {
    let key = key.unwrap_or(name);
    let id = key.replace('_', "-");
    let wrong = wrong(problem, key);
    let hint_id = format!("{id}-hint");
    let described = {
        let (id, hinted) = (id.clone(), hint.is_some());
        move || described_by(&id, hinted, wrong.with(Option::is_some))
    };
    view! {
        <div class="field">
            <label for=id.clone()>
                {label} {optional.then(|| view! { <span class="muted">" optional"</span> })}
            </label>
            {hint.map(|hint| view! { <p class="field-hint" id=hint_id>{hint}</p> })}
            <textarea
                node_ref=node_ref
                id=id.clone()
                name=name
                placeholder=placeholder
                data-lines=lines
                autocomplete="off"
                autocapitalize="none"
                spellcheck="false"
                required=!optional
                aria-invalid=move || wrong.with(Option::is_some).then_some("true")
                aria-describedby=described
            >
                {in_a_text_area(value)}
            </textarea>
            <Wrong id=id wrong=wrong />
        </div>
    }
    .into_any()
}
