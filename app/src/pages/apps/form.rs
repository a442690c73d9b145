//! The fields of an app: of a new one and, without the name, of its settings.

use homeport_model::{
    app::{AppForm, SourceKind},
    problem::Problem,
};
use leptos::prelude::*;

use super::builder_fields::BuilderFields;
use super::origin::OriginField;
use crate::ui::{Field, TextArea};

/// Where an app of `kind` comes from.
#[component]
pub fn SourceFields(
    /// Which source.
    kind: SourceKind,
    /// What stands in the fields.
    form: AppForm,
    /// What was wrong with them.
    problem: Signal<Option<Problem>>,
) -> impl IntoView {
    if kind == SourceKind::Image {
        return view! {
            <Field
                label="Image"
                name="form[image]"
                key="image"
                value=form.image
                placeholder="ghcr.io/you/app:1.4"
                hint="As you would type it after docker pull. Homeport pins what it finds by its digest."
                problem=problem
                mono=true
            />
        }
        .into_any();
    }
    let folder_label = match kind {
        SourceKind::Static => "Folder to serve",
        SourceKind::Dockerfile | SourceKind::Buildpacks => "Folder to build",
        SourceKind::Auto | SourceKind::Image => "Folder",
    };
    let origin = match form.origin.as_str() {
        "" => "repo".to_owned(),
        origin => origin.to_owned(),
    };
    let origin = RwSignal::new(origin);
    let (typed_repo, typed_branch) = (form.repo.clone(), form.branch.clone());
    let repo = move || {
        (origin.get() == "repo").then(|| {
            view! {
                <Field
                    label="Repository"
                    name="form[repo]"
                    key="repo"
                    value=typed_repo.clone()
                    placeholder="https://git.example.com/you/app"
                    hint="An https or ssh address that this server can reach."
                    problem=problem
                    mono=true
                    inputmode="url"
                />
            }
        })
    };
    let branch = move || {
        (origin.get() != "archive").then(|| {
            view! {
                <Field
                    label="Branch"
                    name="form[branch]"
                    key="branch"
                    value=typed_branch.clone()
                    placeholder="main"
                    problem=problem
                    mono=true
                    optional=true
                />
            }
        })
    };
    let (typed_watch, typed_poll, submodules) = (form.watch.clone(), form.poll.clone(), !form.submodules.is_empty());
    let watch = move || {
        (origin.get() == "repo").then(|| {
            view! {
                <TextArea
                    label="Watched paths"
                    name="form[watch]"
                    key="watch"
                    value=typed_watch.clone()
                    placeholder="api"
                    hint="One a line, like api or **/*.py. A push that changes none of them is not deployed. Empty: every push is."
                    problem=problem
                    optional=true
                    lines="few"
                />
                <Field
                    label="Ask the host every … minutes"
                    name="form[poll]"
                    key="poll"
                    value=typed_poll.clone()
                    placeholder="5"
                    hint="Deploys when the branch moved and no webhook told of it. Empty: never."
                    problem=problem
                    mono=true
                    optional=true
                    inputmode="numeric"
                    size="short"
                />
                <label class="check">
                    <input type="checkbox" name="form[submodules]" value="on" checked=submodules />
                    <span>"Fetch submodules, too"</span>
                    <span class="field-hint">"Those on the same host are fetched with the same sign-in."</span>
                </label>
            }
        })
    };
    view! {
        <OriginField origin=origin />
        {repo}
        <div class="split" data-variant="even">
            {branch}
            <Field
                label=folder_label
                name="form[folder]"
                key="folder"
                value=form.folder.clone()
                placeholder="."
                problem=problem
                mono=true
                optional=true
            />
        </div>
        {watch}
        <BuilderFields kind=kind form=form problem=problem />
    }
    .into_any()
}

/// How an app is reached and checked.
#[component]
pub fn ServeFields(
    /// Which source.
    kind: SourceKind,
    /// What stands in the fields.
    form: AppForm,
    /// What was wrong with them.
    problem: Signal<Option<Problem>>,
) -> impl IntoView {
    let checks = (kind != SourceKind::Static).then(|| {
        view! {
            <div class="split" data-variant="even">
                <Field
                    label="Port"
                    name="form[port]"
                    key="port"
                    value=form.port
                    placeholder="5000"
                    hint="Where it listens; told to it as PORT. Empty: what the image exposes."
                    problem=problem
                    mono=true
                    optional=true
                    inputmode="numeric"
                    size="short"
                />
                <Field
                    label="Health path"
                    name="form[health_path]"
                    key="health_path"
                    value=form.health_path
                    placeholder="/healthz"
                    hint="Must answer 2xx before visitors come. Empty: the port answers and it stays up."
                    problem=problem
                    mono=true
                    optional=true
                />
            </div>
        }
    });
    checks.into_any()
}
