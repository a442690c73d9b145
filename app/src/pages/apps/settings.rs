//! An app's settings, and its end.

use homeport_model::{
    app::{AppDetail, AppForm, SourceKind},
    problem::Problem,
};
use leptos::{form::ActionForm, prelude::*};

use super::{
    ThisApp,
    access::{AccessHere, AccessPanel},
    form::{ServeFields, SourceFields},
    new::{FormProblem, problem_of},
    statuses::{StatusPanel, Told},
    storage::{DeleteVolumes, Kept},
    webhook::{Hook, WebhookPanel},
};
use crate::{
    api::apps::{ChangeApp, DeleteApp},
    ui::{Field, Panel, PanelSkeleton, Select, Submit, ask_for_passkey, figures::count, loaded, toaster},
};

/// The last tab.
#[component]
pub fn AppSettings() -> impl IntoView {
    let this = ThisApp::current();
    let (hook, told, access) = (Hook::of(this), Told::of(this), AccessHere::of(this));
    let change = ServerAction::<ChangeApp>::new();
    let delete = ServerAction::<DeleteApp>::new();
    let refused = ask_for_passkey(delete);
    let kept = Kept::of(this);
    let toaster = toaster();
    Effect::new(move || {
        if let Some(Ok(())) = change.value().get() {
            toaster.say("Settings saved");
            this.detail.refetch();
        }
    });
    loaded(
        this.detail,
        || view! { <PanelSkeleton rows=5 /> },
        move |app| {
            view! {
                <div class="stack narrow">
                    <Change app=app.clone() change=change />
                    <AccessPanel here=access />
                    <WebhookPanel hook=hook />
                    <StatusPanel told=told />
                    <Delete app=app delete=delete refused=refused kept=kept />
                </div>
            }
        },
    )
}

/// What makes a release of files, as the form's words and as people read them.
const BUILDERS: [(&str, &str); 4] = [
    ("auto", "What the files call for"),
    ("static", "Nothing: they are served as they are"),
    ("dockerfile", "A Dockerfile"),
    ("buildpacks", "Buildpacks"),
];

#[component]
fn Change(app: AppDetail, change: ServerAction<ChangeApp>) -> impl IntoView {
    let problem = problem_of(move || change.value().get());
    let form = AppForm::of(&app.spec);
    let (was, of_source) = (app.spec.source.kind(), form.clone());
    let chosen = RwSignal::new(form.kind.clone());
    let kind = move || SourceKind::ALL.into_iter().find(|kind| kind.as_str() == chosen.get()).unwrap_or(was);
    // An image stays one: what else there is of the app belongs to it.
    let builder = match was {
        SourceKind::Image => view! { <input type="hidden" name="form[kind]" value=form.kind.clone() /> }.into_any(),
        _ => view! {
            <Select label="Built by" name="form[kind]" options=BUILDERS.into() chosen=chosen />
        }
        .into_any(),
    };
    // What the files called for, where nobody chose.
    let built_by = app.built_by.clone().filter(|_| was == SourceKind::Auto).map(|built_by| {
        view! {
            <p class="muted">"Built last by " {built_by} "."</p>
        }
    });
    view! {
        <Panel title="Source and health">
            <ActionForm action=change>
                <div class="panel-body form">
                    <FormProblem problem=problem />
                    <input type="hidden" name="name" value=form.name.clone() />
                    <input type="hidden" name="form[name]" value=form.name.clone() />
                    {builder}
                    {built_by}
                    {move || view! { <SourceFields kind=kind() form=of_source.clone() problem=problem /> }}
                    {move || view! { <ServeFields kind=kind() form=form.clone() problem=problem /> }}
                </div>
                <footer>
                    <Submit label="Save settings" busy="Saving…" variant="primary" pending=change.pending() />
                    <p class="muted">"Takes effect with the next deploy. Names have a tab of their own."</p>
                </footer>
            </ActionForm>
        </Panel>
    }
    .into_any()
}

#[component]
fn Delete(
    app: AppDetail,
    delete: ServerAction<DeleteApp>,
    refused: RwSignal<Option<Problem>>,
    kept: Kept,
) -> impl IntoView {
    let answered = problem_of(move || delete.value().get());
    let problem = Signal::derive(move || refused.get().or_else(|| answered.get()));
    let name = app.row.name.to_string();
    let title = format!("Delete {name}");
    let releases = count(app.releases.len(), "release", "releases");
    view! {
        <Panel title=title.clone() variant="bad">
            <ActionForm action=delete>
                <div class="panel-body form">
                    <FormProblem problem=problem />
                    <p>
                        "Removes its containers, images and folders, "
                        {releases}
                        " and its environment. "
                        <strong>{app.row.host_name.to_string()} " stops answering."</strong>
                        " There is no way back; your passkey is asked for."
                    </p>
                    <DeleteVolumes kept=kept />
                    <input type="hidden" name="name" value=name.clone() />
                    <div class="cluster" data-align="foot">
                        <Field label=format!("Type {name} to confirm") name="typed" problem=problem mono=true />
                        <Submit label=title busy="Deleting…" variant="destroy" pending=delete.pending() />
                    </div>
                </div>
            </ActionForm>
        </Panel>
    }
    .into_any()
}
