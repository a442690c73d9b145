//! Claiming: the link's token, a name, a passkey; then the recovery codes, once.

pub mod codes;

use homeport_model::problem::Problem;
use leptos::{ev, prelude::*, task::spawn_local};
use leptos_meta::Title;

use crate::{
    pages::sign_in::{Gate, NoScript},
    passkeys,
    ui::{Field, Notice, ProblemNotice, Submit, Tone},
};

pub use codes::RecoveryCodes;

/// The page behind the claim link.
#[component]
pub fn ClaimPage() -> impl IntoView {
    let token = RwSignal::new(None::<String>);
    let looked = RwSignal::new(false);
    let codes = RwSignal::new(None::<Vec<String>>);
    Effect::new(move || {
        token.set(passkeys::take_token());
        looked.set(true);
    });
    let missing = move || looked.get() && token.with(Option::is_none);
    view! {
        <Title text="Claim this panel" />
        <Gate wide=true>
            {move || match codes.get() {
                Some(codes) => view! { <Kept codes=codes /> }.into_any(),
                None => view! { <Claim token=token codes=codes missing=Signal::derive(missing) /> }.into_any(),
            }}
        </Gate>
    }
}

#[component]
fn Claim(
    token: RwSignal<Option<String>>,
    codes: RwSignal<Option<Vec<String>>>,
    #[prop(into)] missing: Signal<bool>,
) -> impl IntoView {
    let problem = RwSignal::new(None::<Problem>);
    let pending = RwSignal::new(false);
    let name = RwSignal::new("Owner".to_owned());
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let Some(token) = token.get_untracked() else { return };
        if pending.get_untracked() {
            return;
        }
        pending.set(true);
        problem.set(None);
        let typed = field_of(&event, "name").unwrap_or_else(|| name.get_untracked());
        spawn_local(async move {
            match passkeys::claim(token, typed, String::new()).await {
                Ok(finished) => codes.set(Some(finished.codes)),
                Err(found) => problem.set(Some(found)),
            }
            pending.set(false);
        });
    };
    view! {
        <h1>"Claim this panel"</h1>
        <p>"It has no owner yet. Your passkey makes you the owner; there is no password."</p>
        <NoScript />
        <Show when=move || missing.get()>
            <Notice tone=Tone::Warning title="This page needs the link from the console.">
                <p>"On the host, run " <code>"homeport claim-token"</code> " and open the link that it prints."</p>
            </Notice>
        </Show>
        <GeneralProblem problem=problem />
        <form class="form" on:submit=submit>
            <Field
                label="Your name"
                name="name"
                value=name.get_untracked()
                hint="The activity log shows it."
                problem=problem
                autocomplete="name"
            />
            <div class="cluster">
                <Submit
                    label="Create a passkey"
                    busy="Waiting for your passkey…"
                    variant="primary"
                    pending=pending
                    disabled=Signal::derive(move || token.with(Option::is_none))
                />
            </div>
        </form>
    }
}

#[component]
fn Kept(codes: Vec<String>) -> impl IntoView {
    view! {
        <h1>"Keep these recovery codes"</h1>
        <p>
            "Each gets you in once when your passkey is lost. They are shown now and never again; print them or put them into your password manager."
        </p>
        <RecoveryCodes codes=codes />
        <div class="cluster">
            <a class="button" data-variant="primary" href="/" rel="external">
                "I have kept them"
            </a>
        </div>
    }
}

/// A problem that belongs to no field.
#[component]
pub fn GeneralProblem(
    /// The page's problem.
    problem: RwSignal<Option<Problem>>,
) -> impl IntoView {
    let general =
        move || problem.get().filter(|problem| !matches!(problem.field.as_deref(), Some("name" | "code" | "label")));
    move || general().map(|problem| view! { <ProblemNotice problem=problem /> })
}

/// What was typed into a field of the form that sends itself.
#[cfg(feature = "hydrate")]
#[must_use]
pub fn field_of(event: &ev::SubmitEvent, name: &str) -> Option<String> {
    use wasm_bindgen::JsCast;
    let form: web_sys::Element = event.target()?.dyn_into().ok()?;
    let input = form.query_selector(&format!("[name={name}]")).ok()??;
    Some(input.dyn_into::<web_sys::HtmlInputElement>().ok()?.value())
}

/// On the server no form sends itself.
#[cfg(not(feature = "hydrate"))]
#[must_use]
pub const fn field_of(_event: &ev::SubmitEvent, _name: &str) -> Option<String> {
    None
}
