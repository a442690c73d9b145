//! Shows what a server function answers: a skeleton first, then the answer or the problem. When
//! the answer is asked for again, the old one stays until the new one is here.

use leptos::prelude::*;

use super::ProblemNotice;
use crate::api::WireError;

/// What a page waits for.
pub type Answer<T> = Resource<Result<T, WireError>>;

/// Shows `answer` with `page`, `skeleton` until it is here.
pub fn loaded<T, S, V>(
    answer: Answer<T>,
    skeleton: impl Fn() -> S + Send + Sync + 'static,
    page: impl Fn(T) -> V + Clone + Send + Sync + 'static,
) -> impl IntoView
where
    T: Clone + Send + Sync + 'static,
    S: IntoView + 'static,
    V: IntoView + 'static,
{
    view! {
        <Transition fallback=skeleton>
            {move || {
                let page = page.clone();
                Suspend::new(async move {
                    match answer.await {
                        Ok(value) => page(value).into_any(),
                        Err(WireError(problem)) => view! { <ProblemNotice problem=problem /> }.into_any(),
                    }
                })
            }}
        </Transition>
    }
    .into_any()
}
