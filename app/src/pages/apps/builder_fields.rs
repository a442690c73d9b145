//! The fields of what makes a release of files.

use homeport_model::{
    app::{AppForm, BuildForm, SourceKind},
    buildpacks::USUAL_BUILDER,
    problem::Problem,
};
use leptos::prelude::*;

use crate::ui::{Field, TextArea};

/// How the files of an app of `kind` become something that runs or is served.
#[component]
pub fn BuilderFields(
    /// Which source.
    kind: SourceKind,
    /// What stands in the fields.
    form: AppForm,
    /// What was wrong with them.
    problem: Signal<Option<Problem>>,
) -> impl IntoView {
    match kind {
        SourceKind::Static => view! { <StaticFields form=form /> }.into_any(),
        SourceKind::Dockerfile => view! { <DockerfileFields form=form problem=problem /> }.into_any(),
        SourceKind::Buildpacks | SourceKind::Auto => {
            view! { <BuildFields form=form.build kind=kind problem=problem /> }.into_any()
        }
        SourceKind::Image => ().into_any(),
    }
}

#[component]
fn StaticFields(form: AppForm) -> impl IntoView {
    view! {
        <label class="check">
            <input type="checkbox" name="form[spa]" value="on" checked=!form.spa.is_empty() />
            <span>"Answer with index.html where there is no file"</span>
            <span class="field-hint">
                "For an app that makes its pages in the browser. Redirects and headers come from the files "
                <code>"_redirects"</code> " and " <code>"_headers"</code> " in the folder."
            </span>
        </label>
    }
    .into_any()
}

#[component]
fn DockerfileFields(form: AppForm, problem: Signal<Option<Problem>>) -> impl IntoView {
    view! {
        <Field
            label="Dockerfile"
            name="form[dockerfile]"
            key="dockerfile"
            value=form.dockerfile
            placeholder="Dockerfile"
            hint="Seen from that folder."
            problem=problem
            mono=true
            optional=true
        />
        <BuildFields form=form.build kind=SourceKind::Dockerfile problem=problem />
    }
    .into_any()
}

/// How a build is done and what it may use.
#[component]
fn BuildFields(form: BuildForm, kind: SourceKind, problem: Signal<Option<Problem>>) -> impl IntoView {
    let by_buildpacks = matches!(kind, SourceKind::Buildpacks | SourceKind::Auto);
    let (builder, buildpacks) = (form.builder.clone(), form.buildpacks.clone());
    let packs = by_buildpacks.then(|| {
        view! {
            <Field
                label="Builder image"
                name="form[build][builder]"
                key="build_builder"
                value=builder
                placeholder=USUAL_BUILDER
                hint="Of Cloud Native Buildpacks, for files without a Dockerfile."
                problem=problem
                mono=true
                optional=true
            />
            <TextArea
                label="Buildpacks"
                name="form[build][buildpacks]"
                key="build_buildpacks"
                value=buildpacks
                placeholder="heroku/nodejs"
                hint="Of the builder image, one a line, in this order. Empty: those that fit the files."
                problem=problem
                optional=true
                lines="few"
            />
        }
    });
    let target = form.target.clone();
    let stage = (kind != SourceKind::Buildpacks).then(|| {
        view! {
            <Field
                label="Stage"
                name="form[build][target]"
                key="build_target"
                value=target
                placeholder="release"
                hint="Of a Dockerfile. Empty: the last."
                problem=problem
                mono=true
                optional=true
            />
        }
    });
    let arguments_hint = match kind {
        SourceKind::Buildpacks => {
            "KEY=value, one a line, for the buildpacks. No secrets: those belong to the environment."
        }
        _ => "KEY=value, one a line, for ARG in a Dockerfile. Whoever has the image can read them: no secrets.",
    };
    let memory_hint = match kind {
        SourceKind::Buildpacks => "Empty: three quarters of what is free.",
        _ => {
            "Empty: three quarters of what is free. A Dockerfile with RUN --mount is built by BuildKit, which the engine holds to the time only."
        }
    };
    view! {
        {packs}
        <TextArea
            label="Public build arguments"
            name="form[build][arguments]"
            key="build_arguments"
            value=form.arguments
            placeholder="NODE_ENV=production"
            hint=arguments_hint
            problem=problem
            optional=true
            lines="few"
        />
        <div class="split" data-variant="even">
            {stage}
            <Field
                label="Build memory, MiB"
                name="form[build][memory]"
                key="build_memory"
                value=form.memory
                hint=memory_hint
                problem=problem
                mono=true
                optional=true
                inputmode="numeric"
            />
            <Field
                label="Build time, minutes"
                name="form[build][minutes]"
                key="build_minutes"
                value=form.minutes
                placeholder="30"
                problem=problem
                mono=true
                optional=true
                inputmode="numeric"
            />
        </div>
        <label class="check">
            <input type="checkbox" name="form[build][no_cache]" value="on" checked=!form.no_cache.is_empty() />
            <span>"Build without the layers of earlier builds"</span>
        </label>
    }
    .into_any()
}
