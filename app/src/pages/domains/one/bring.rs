//! A certificate of one's own: as text, as files, or made here.

use homeport_model::name::DomainName;
use leptos::{form::ActionForm, html, prelude::*};

use super::Actions;
use crate::{
    pages::apps::{FormProblem, problem_of},
    ui::{Panel, Submit, TextArea, step_up::StepUp},
};

/// The form that takes PEM.
#[component]
pub fn Bring(
    /// The domain.
    domain: DomainName,
    /// What the page does.
    actions: Actions,
) -> impl IntoView {
    let keep = actions.keep;
    let answered = problem_of(move || keep.value().get());
    let problem = Signal::derive(move || actions.passkey.get().or_else(|| answered.get()));
    let key = NodeRef::<html::Textarea>::new();
    // What was taken does not stay on the screen.
    Effect::new(move || {
        if let (Some(Ok(())), Some(key)) = (keep.value().get(), key.get()) {
            key.set_value("");
        }
    });
    view! {
        <Panel title="Bring your own">
            <ActionForm action=keep>
                <div class="panel-body form">
                    <FormProblem problem=problem />
                    <input type="hidden" name="domain" value=domain.to_string() />
                    <TextArea
                        label="Certificate"
                        name="certificate"
                        hint="With those between it and the root, in any order."
                        placeholder="-----BEGIN CERTIFICATE-----"
                        problem=problem
                    />
                    <TextArea
                        label="Private key"
                        name="key"
                        hint="Without a passphrase. It is stored sealed and never shown."
                        placeholder="-----BEGIN PRIVATE KEY-----"
                        problem=problem
                        node_ref=key
                    />
                </div>
                <footer>
                    <Submit label="Check and use it" busy="Checking…" variant="primary" pending=keep.pending() />
                    <p class="muted">"You renew it yourself; Homeport reminds you 21 days before it ends."</p>
                </footer>
            </ActionForm>
        </Panel>
    }
    .into_any()
}

/// The form that takes files; a plain one.
#[component]
pub fn Files(
    /// The domain.
    domain: DomainName,
) -> impl IntoView {
    let action = format!("/domains/{}/certificate", domain.in_path());
    view! {
        <Panel title="Bring it as files">
            <div class="panel-body">
                <p class="muted">"Files are taken for five minutes after your passkey was used."</p>
                <StepUp />
            </div>
            <form method="post" action=action enctype="multipart/form-data">
                <div class="panel-body form">
                    <div class="field">
                        <label for="files">"Files"</label>
                        <p class="field-hint" id="files-hint">
                            "Certificate, chain and key, or the zip or tar that the authority sent with the key in it."
                        </p>
                        <input
                            id="files"
                            type="file"
                            name="files"
                            multiple
                            accept=".pem,.crt,.cer,.key,.txt,.zip,.tar,.tgz,.gz"
                            aria-describedby="files-hint"
                            required
                        />
                    </div>
                </div>
                <footer>
                    <button class="button" type="submit">
                        "Send and use them"
                    </button>
                </footer>
            </form>
        </Panel>
    }
    .into_any()
}

/// One that is made here.
#[component]
pub fn SelfSigned(
    /// The domain.
    domain: DomainName,
    /// What the page does.
    actions: Actions,
) -> impl IntoView {
    let sign = actions.sign;
    let problem = problem_of(move || sign.value().get());
    view! {
        <Panel title="Self-signed, for a start">
            <ActionForm action=sign>
                <div class="panel-body form">
                    <FormProblem problem=problem />
                    <p>
                        "https at once, without an authority: good for a year, and every browser warns of it. For a CDN that asks for any certificate, or until there is another."
                    </p>
                    <input type="hidden" name="domain" value=domain.to_string() />
                </div>
                <footer>
                    <Submit label="Make a self-signed certificate" busy="Making…" pending=sign.pending() />
                </footer>
            </ActionForm>
        </Panel>
    }
    .into_any()
}
