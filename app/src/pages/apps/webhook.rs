//! Push to deploy: the address and the secret that a Git host or a registry needs.

use homeport_model::webhook::{NewSecret, Verdict, WebhookRow};
use leptos::{form::ActionForm, prelude::*};

use super::{ThisApp, app_name, new::FormProblem, new::problem_of};
use crate::{
    api::webhooks::{RenewSecret, find_webhook},
    ui::{Age, Code, Notice, Panel, PanelSkeleton, Submit, Tone, loaded, loaded::Answer},
};

/// An app's webhook on its page. It belongs to the page, and outlives what is shown of it.
#[derive(Clone, Copy)]
pub struct Hook {
    this: ThisApp,
    renew: ServerAction<RenewSecret>,
    answer: Answer<WebhookRow>,
}

impl Hook {
    /// Of the app in the address.
    #[must_use]
    pub fn of(this: ThisApp) -> Self {
        let renew = ServerAction::<RenewSecret>::new();
        let answer = Resource::new(
            move || (this.name.get(), this.version.get(), renew.version().get()),
            |(name, ..)| async move { find_webhook(app_name(&name)?).await },
        );
        Self { this, renew, answer }
    }
}

/// The panel in an app's settings.
#[component]
pub fn WebhookPanel(
    /// The app's webhook.
    hook: Hook,
) -> impl IntoView {
    let Hook { this, renew, answer } = hook;
    loaded(
        answer,
        || view! { <PanelSkeleton rows=3 /> },
        move |row| view! { <Loaded row=row renew=renew name=this.name.get_untracked() /> },
    )
}

#[component]
fn Loaded(row: WebhookRow, renew: ServerAction<RenewSecret>, name: String) -> impl IntoView {
    let problem = problem_of(move || renew.value().get());
    let fresh = move || {
        renew.value().get().and_then(Result::ok).map(|NewSecret { secret, .. }| {
            view! {
                <Notice tone=Tone::Good title="Give this secret to the sender now; it is not shown again.">
                    <Code text=secret what="the secret" />
                </Notice>
            }
        })
    };
    let has_secret = row.secret_since.is_some();
    let state = match row.secret_since {
        Some(since) => view! { <p>"Its secret was made " <Age at=since /> ". A new one makes it void."</p> }.into_any(),
        None => view! { <p>"It has no secret yet, so nothing is accepted."</p> }.into_any(),
    };
    let last = row.last.map(|last| {
        let (tone, words) = match last.verdict {
            Verdict::Deployed => ("good", "made a deploy"),
            Verdict::Ignored => ("off", "was ignored"),
            Verdict::Refused => ("bad", "was refused"),
        };
        view! {
            <p class="muted" data-state=tone>
                "The last delivery came " <Age at=last.at /> " and " {words} ": " {last.reason} " "
                <a href="/activity/deliveries">"All deliveries"</a>
            </p>
        }
    });
    let label = if has_secret { "Make a new secret" } else { "Make a secret" };
    view! {
        <Panel title="Push to deploy">
            <ActionForm action=renew>
                <div class="panel-body form">
                    <FormProblem problem=problem />
                    <p>
                        "Let the Git host or the registry tell this address of every push: GitHub, GitLab, Gitea, Forgejo, Gogs, Bitbucket, Docker Hub, GHCR, or anything that signs its body with HMAC-SHA256."
                    </p>
                    <Code text=row.url what="the webhook's address" />
                    {state}
                    {fresh}
                    {last}
                    <input type="hidden" name="app" value=name />
                </div>
                <footer>
                    <Submit label=label busy="Making…" variant=if has_secret { "quiet" } else { "primary" } pending=renew.pending() />
                    <p class="muted">"As the content type choose JSON. Docker Hub cannot sign: add ?token= and the secret to the address there."</p>
                </footer>
            </ActionForm>
        </Panel>
    }
    .into_any()
}
