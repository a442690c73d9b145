//! Getting back in: a recovery code, or a link that root printed on the host.

use homeport_model::problem::{Code, Problem};
use leptos::{ev, prelude::*, task::spawn_local};
use leptos_meta::Title;

use super::{Gate, NoScript};
use crate::{
    pages::claim::{GeneralProblem, field_of},
    passkeys,
    ui::{Field, Submit},
};

/// The page for whoever has no passkey at hand.
#[component]
pub fn RecoverPage() -> impl IntoView {
    let token = RwSignal::new(None::<String>);
    let problem = RwSignal::new(None::<Problem>);
    let pending = RwSignal::new(false);
    Effect::new(move || token.set(passkeys::take_token()));
    let moves = move || token.with(|token| token.as_deref().is_some_and(|token| token.starts_with("move.")));
    let enter = move |secret: String, by_link: bool| {
        if pending.get_untracked() {
            return;
        }
        pending.set(true);
        problem.set(None);
        spawn_local(async move {
            match passkeys::recover(secret, by_link).await {
                Ok(finished) => passkeys::go_to(&finished.next),
                Err(mut found) => {
                    if found.code == Code::SignInRequired {
                        found = found.at("code");
                    }
                    problem.set(Some(found));
                    pending.set(false);
                }
            }
        });
    };
    let with_code = move |event: ev::SubmitEvent| {
        event.prevent_default();
        enter(field_of(&event, "code").unwrap_or_default(), false);
    };
    let with_link = move |event: ev::SubmitEvent| {
        event.prevent_default();
        enter(token.get_untracked().unwrap_or_default(), true);
    };
    view! {
        <Title text="Get back in" />
        <Gate wide=true>
            <h1>"Get back in"</h1>
            <NoScript />
            <GeneralProblem problem=problem />
            <Show
                when=move || token.with(Option::is_some)
                fallback=move || {
                    view! {
                        <p>"A recovery code works once. All other sessions end, and you add a new passkey."</p>
                        <form class="form" on:submit=with_code>
                            <Field
                                label="Recovery code"
                                name="code"
                                placeholder="xxxx-xxxx-xxxx-xxxx-xxxx"
                                problem=problem
                                mono=true
                            />
                            <div class="cluster">
                                <Submit label="Use this code" busy="Checking…" variant="primary" pending=pending />
                            </div>
                        </form>
                        <p class="gate-trouble">
                            "No code either? On the host, root runs " <code>"homeport recover"</code>
                            " and opens the link that it prints."
                        </p>
                    }
                }
            >
                <p>
                    {move || if moves() {
                        "This link lets you in here once. You make a passkey for this name; under the old name everything stays as it is."
                    } else {
                        "This link from the host lets you in once. All other sessions end, and you add a new passkey."
                    }}
                </p>
                <form class="form" on:submit=with_link>
                    <div class="cluster">
                        <Submit label="Get back in" busy="Checking…" variant="primary" pending=pending />
                    </div>
                </form>
            </Show>
            <p class="gate-trouble">
                <a href="/sign-in" rel="external">
                    "Sign in with a passkey instead"
                </a>
            </p>
        </Gate>
    }
}
