//! A page of ours in the app's place.

use homeport_model::domain::Maintenance;
use leptos::{form::ActionForm, prelude::*};

use super::tab::Acts;
use crate::{
    pages::apps::{FormProblem, ThisApp, problem_of},
    ui::{Age, Notice, Panel, Submit, TextArea, Tone},
};

/// Whether it is on, since when and by whom; and the form.
#[component]
pub fn MaintenancePanel(
    /// What is on.
    maintenance: Option<Maintenance>,
    /// What the tab can do.
    acts: Acts,
) -> impl IntoView {
    let app = ThisApp::current().name;
    let act = acts.maintenance;
    let problem = problem_of(move || act.value().get());
    let on = maintenance.is_some();
    let text = maintenance.as_ref().and_then(|now| now.text.as_ref()).map(ToString::to_string).unwrap_or_default();
    let notice = maintenance.map(|now| {
        view! {
            <Notice tone=Tone::Warning title="Maintenance is on: visitors get a page of ours, with status 503.">
                <p>"Switched on by " {now.by} ", " <Age at=now.since /> "."</p>
            </Notice>
        }
    });
    let off = on.then(|| {
        view! {
            <ActionForm action=act>
                <input type="hidden" name="app" value=move || app.get() />
                <input type="hidden" name="form[on]" value="" />
                <Submit label="Switch maintenance off" busy="Switching…" variant="primary" pending=act.pending() />
            </ActionForm>
        }
    });
    let label = if on { "Change the words" } else { "Switch maintenance on" };
    view! {
        {notice}
        {off}
        <Panel title="Maintenance">
            <details class="disclosure panel-body" open=on>
                <summary>"Answer with a page in the app's place"</summary>
                <ActionForm action=act>
                    <div class="form">
                        <FormProblem problem=problem />
                        <input type="hidden" name="app" value=move || app.get() />
                        <input type="hidden" name="form[on]" value="on" />
                        <TextArea
                            label="What visitors read"
                            name="form[text]"
                            key="text"
                            value=text
                            placeholder="Back at nine."
                            hint="Shown as text. Empty: the usual words. The app runs on; certificates are renewed."
                            problem=problem
                            optional=true
                            lines="few"
                        />
                        <div class="cluster">
                            <Submit label=label busy="Switching…" pending=act.pending() />
                        </div>
                    </div>
                </ActionForm>
            </details>
        </Panel>
    }
    .into_any()
}
