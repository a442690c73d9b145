//! The way back from a certificate: what follows when it is used no more, and the button for it.

use homeport_model::{
    certificate::{CertificateSource, stop::Stopping},
    name::DomainName,
    problem::Problem,
};
use leptos::{form::ActionForm, prelude::*};

use super::Actions;
use crate::{
    pages::apps::{FormProblem, problem_of},
    ui::{Notice, Panel, Submit, Tone},
};

/// What the button says: whoever gives up an authority's certificate wants http.
const fn label(source: CertificateSource) -> &'static str {
    match source {
        CertificateSource::Acme => "Serve by http only",
        CertificateSource::Uploaded | CertificateSource::SelfSigned => "Stop using it",
    }
}

/// The panel.
#[component]
pub fn StopPanel(
    /// The domain.
    domain: DomainName,
    /// Where its certificate came from.
    source: CertificateSource,
    /// What follows.
    stopping: Stopping,
    /// What the page does.
    actions: Actions,
) -> impl IntoView {
    let stop = actions.stop;
    let answered = problem_of(move || stop.value().get());
    let problem: Signal<Option<Problem>> =
        Signal::derive(move || actions.passkey_to_stop.get().or_else(|| answered.get()));
    let words = stopping.then.words(&domain);
    let hsts = stopping.hsts.map(|words| {
        view! {
            <Notice tone=Tone::Warning title="Visitors of before are held to https">
                <p>{words}</p>
            </Notice>
        }
    });
    view! {
        <Panel title="Without this certificate">
            <div class="panel-body stack">
                <FormProblem problem=problem />
                <p>{words}</p>
                {hsts}
            </div>
            <ActionForm action=stop>
                <input type="hidden" name="domain" value=domain.to_string() />
                <footer>
                    <Submit label=label(source) busy="Stopping…" variant="danger" pending=stop.pending() />
                    <p class="muted">"It is kept among the last certificates."</p>
                </footer>
            </ActionForm>
        </Panel>
    }
    .into_any()
}
