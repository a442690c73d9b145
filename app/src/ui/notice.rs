//! A sentence and a next step; also how a problem is shown.

use homeport_model::problem::{Code, Problem};
use leptos::prelude::*;

use super::{state::Tone, step_up::StepUp};

/// Something to know on this page.
#[component]
pub fn Notice(
    /// What it means.
    tone: Tone,
    /// The sentence.
    #[prop(into)]
    title: String,
    /// What follows from it.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let role = if matches!(tone, Tone::Bad) { "alert" } else { "status" };
    view! {
        <div class="notice" data-variant=tone.as_str() role=role>
            <strong>{title}</strong>
            {children.map(|children| children())}
        </div>
    }
    .into_any()
}

/// A problem with its next step.
#[component]
pub fn ProblemNotice(
    /// What is wrong.
    problem: Problem,
) -> impl IntoView {
    let sign_in = (problem.code == Code::SignInRequired).then(|| {
        view! {
            <div class="cluster">
                <a class="button" href="/sign-in" rel="external">
                    "Sign in"
                </a>
            </div>
        }
    });
    let step_up = (problem.code == Code::StepUpRequired).then(|| view! { <StepUp /> });
    view! {
        <Notice tone=Tone::Bad title=problem.title>
            {problem.hint.map(|hint| view! { <p>{hint}</p> })}
            {sign_in}
            {step_up}
        </Notice>
    }
    .into_any()
}
