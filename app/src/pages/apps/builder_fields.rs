//! The fields of what makes a release of files.

use homeport_model::{
    app::{AppForm, SourceKind},
    problem::Problem,
};
use leptos::prelude::*;

use crate::ui::Field;

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
        SourceKind::Auto | SourceKind::Image => ().into_any(),
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
    }
    .into_any()
}
