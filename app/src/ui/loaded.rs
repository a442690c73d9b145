//! Shows what a server function answers: a skeleton first, then the answer or the problem. When
//! the answer is asked for again, the old one stays until the new one is here.
//!
//! The new view takes the old one's place at once. With `Suspend` it would take it a tick after the
//! signals of the old view were disposed, or a whole request later where another answer is on its way
//! already; whatever the page did meanwhile, such as ending an action, then read them and panicked.

use homeport_model::problem::{Code, Problem};
use leptos::prelude::*;

use super::{PageHeader, ProblemNotice};
use crate::api::WireError;

/// What a page waits for.
pub type Answer<T> = Resource<Result<T, WireError>>;

/// Shows a part of a page: `answer` with `part`, `skeleton` until it is here.
pub fn loaded<T, S, V>(
    answer: Answer<T>,
    skeleton: impl Fn() -> S + Send + Sync + 'static,
    part: impl Fn(T) -> V + Clone + Send + Sync + 'static,
) -> impl IntoView
where
    T: Clone + Send + Sync + 'static,
    S: IntoView + 'static,
    V: IntoView + 'static,
{
    shown(answer, skeleton, part, |problem| view! { <ProblemNotice problem=problem /> }.into_any())
}

/// The same for a whole page, head included; without an answer the problem is the page.
pub fn loaded_page<T, S, V>(
    answer: Answer<T>,
    skeleton: impl Fn() -> S + Send + Sync + 'static,
    page: impl Fn(T) -> V + Clone + Send + Sync + 'static,
) -> impl IntoView
where
    T: Clone + Send + Sync + 'static,
    S: IntoView + 'static,
    V: IntoView + 'static,
{
    shown(answer, skeleton, page, |problem| view! { <Missing problem=problem /> }.into_any())
}

fn shown<T, S, V>(
    answer: Answer<T>,
    skeleton: impl Fn() -> S + Send + Sync + 'static,
    view: impl Fn(T) -> V + Send + Sync + 'static,
    problem_view: fn(Problem) -> AnyView,
) -> impl IntoView
where
    T: Clone + Send + Sync + 'static,
    S: IntoView + 'static,
    V: IntoView + 'static,
{
    view! {
        <Transition fallback=skeleton>
            {move || {
                answer
                    .get()
                    .map(|answer| match answer {
                        Ok(value) => view(value).into_any(),
                        Err(WireError(problem)) => problem_view(problem),
                    })
            }}
        </Transition>
    }
    .into_any()
}

/// A page that has nothing to show; whatever would stand below it is left out by the style sheet.
#[component]
fn Missing(problem: Problem) -> impl IntoView {
    let title = problem.title.trim_end_matches('.').to_owned();
    let hint = problem.hint.unwrap_or_else(|| "The address may be old, or what it names was deleted.".into());
    let sign_in = problem.code == Code::SignInRequired;
    view! {
        <PageHeader title=title lead=move || hint />
        <div class="cluster" data-missing>
            {sign_in
                .then(|| {
                    view! {
                        <a class="button" data-variant="primary" href="/sign-in" rel="external">
                            "Sign in"
                        </a>
                    }
                })}
            <a class="button" href="/">
                "Go to Today"
            </a>
            <a class="button" href="/apps">
                "All apps"
            </a>
        </div>
    }
    .into_any()
}
