//! Signing in: the host's name, one button, one line for trouble.

pub mod recover;

use homeport_model::problem::Problem;
use leptos::{prelude::*, task::spawn_local};
use leptos_meta::Title;

use crate::{
    passkeys,
    ui::{Mark, Notice, ProblemNotice, Tone, visitor::Visitor},
};

pub use recover::RecoverPage;

/// What stands around a page that comes before one is in.
#[component]
pub fn Gate(
    /// Room for more than a button.
    #[prop(optional)]
    wide: bool,
    /// The page.
    children: Children,
) -> impl IntoView {
    view! {
        <div class="gate">
            <main id="main" data-size=wide.then_some("wide")>
                <div class="gate-mark">
                    <Mark />
                </div>
                {children()}
            </main>
        </div>
    }
}

/// What a browser without script is told. It is one text without markup: to a browser with script,
/// whatever stands in here is text, and the page would not be what it takes over.
#[component]
pub fn NoScript() -> impl IntoView {
    view! {
        <noscript class="notice" data-variant="warning">
            "Passkeys need JavaScript: allow it for this page. On the host, root gets in with homeport recover."
        </noscript>
    }
}

/// The page before everything else.
#[component]
pub fn SignInPage() -> impl IntoView {
    let host = Visitor::current().host_name;
    let problem = RwSignal::new(None::<Problem>);
    let pending = RwSignal::new(false);
    let unsupported = RwSignal::new(false);
    Effect::new(move || unsupported.set(!passkeys::supported()));
    let press = move |_| {
        if pending.get_untracked() {
            return;
        }
        pending.set(true);
        problem.set(None);
        spawn_local(async move {
            match passkeys::sign_in(false).await {
                Ok(finished) => passkeys::go_to(&finished.next),
                Err(found) => {
                    problem.set(Some(found.clone_without_sign_in()));
                    pending.set(false);
                }
            }
        });
    };
    let offer = move |_| {
        if pending.get_untracked() {
            return;
        }
        spawn_local(async move {
            // Not picking one is no problem, and neither is pressing the button instead.
            if let Ok(finished) = passkeys::sign_in(true).await {
                passkeys::go_to(&finished.next);
            }
        });
    };
    view! {
        <Title text="Sign in" />
        <Gate>
            <h1 class="gate-host">{host}</h1>
            <NoScript />
            <Show when=move || unsupported.get()>
                <Notice tone=Tone::Warning title="This browser knows no passkeys.">
                    <p>"Use a current browser, or on the host " <code>"homeport recover"</code> "."</p>
                </Notice>
            </Show>
            {move || problem.get().map(|problem| view! { <ProblemNotice problem=problem /> })}
            <button
                class="button"
                type="button"
                data-variant="primary"
                data-size="large"
                disabled=move || pending.get()
                aria-busy=move || pending.get().then_some("true")
                on:click=press
            >
                {move || if pending.get() { "Waiting for your passkey…" } else { "Sign in with a passkey" }}
            </button>
            <label class="visually-hidden">
                "Passkey from autofill"
                <input type="text" name="username" autocomplete="username webauthn" on:focus=offer />
            </label>
            <p class="gate-trouble">
                <a href="/recover" rel="external">
                    "Lost your passkey?"
                </a>
            </p>
        </Gate>
    }
}

/// A problem as the sign-in page shows it: pressing "Sign in" is what it is about already.
trait OnThisPage {
    fn clone_without_sign_in(&self) -> Self;
}

impl OnThisPage for Problem {
    fn clone_without_sign_in(&self) -> Self {
        use homeport_model::problem::Code;
        let code = if self.code == Code::SignInRequired { Code::Forbidden } else { self.code };
        Self { code, ..self.clone() }
    }
}
