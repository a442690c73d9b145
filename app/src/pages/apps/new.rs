//! A new app: where it comes from, what it is called, and off it goes.

use homeport_model::app::{AppForm, SourceKind};
use leptos::{form::ActionForm, prelude::*};
use leptos_router::hooks::use_query_map;

use super::form::{ServeFields, SourceFields};
use crate::{
    api::{WireError, apps::CreateApp},
    ui::{Field, PageHeader, Panel, ProblemNotice, Submit},
};

const KINDS: [(SourceKind, &str, &str); 5] = [
    (SourceKind::Auto, "Detect", "What the files call for"),
    (SourceKind::Static, "Static files", "A folder in a git repository"),
    (SourceKind::Dockerfile, "Dockerfile", "In a git repository, built here"),
    (SourceKind::Buildpacks, "Buildpacks", "For Node, Python, Ruby, Go and more"),
    (SourceKind::Image, "Image", "Present, or pulled from a registry"),
];

fn kind_of(word: Option<&str>) -> SourceKind {
    KINDS.into_iter().map(|(kind, ..)| kind).find(|kind| Some(kind.as_str()) == word).unwrap_or(SourceKind::Dockerfile)
}

/// What went wrong with an action, if its last try did.
pub(crate) fn problem_of<T: Clone + Send + Sync + 'static>(
    value: impl Fn() -> Option<Result<T, WireError>> + Send + Sync + 'static,
) -> Signal<Option<homeport_model::problem::Problem>> {
    Signal::derive(move || value().and_then(Result::err).map(|WireError(problem)| problem))
}

/// A problem that belongs to no field, above the form.
#[component]
pub(crate) fn FormProblem(problem: Signal<Option<homeport_model::problem::Problem>>) -> impl IntoView {
    move || {
        let problem = problem.get().filter(|problem| problem.field.is_none());
        problem.map(|problem| view! { <ProblemNotice problem=problem /> })
    }
}

/// The form of a new app.
#[component]
pub fn NewApp() -> impl IntoView {
    let query = use_query_map();
    let kind = Memo::new(move |_| kind_of(query.read().get("kind").as_deref()));
    let create = ServerAction::<CreateApp>::new();
    let problem = problem_of(move || create.value().get());
    let choices = KINDS
        .map(|(choice, name, what)| {
            view! {
                <li>
                    <a
                        href=format!("/new?kind={}", choice.as_str())
                        aria-current=move || (kind.get() == choice).then_some("true")
                    >
                        <b>{name}</b>
                        <span>{what}</span>
                    </a>
                </li>
            }
        })
        .into_iter()
        .collect_view();
    let above = vec![("/apps".to_owned(), "Apps".to_owned())];
    view! {
        <PageHeader title="Deploy an app" above=above lead=|| "It gets visitors once it has answered" />
        <nav class="narrow" aria-label="Where it comes from">
            <ul class="choices">{choices}</ul>
        </nav>
        <ActionForm action=create>
            <div class="stack narrow">
                <FormProblem problem=problem />
                <input type="hidden" name="form[kind]" value=move || kind.get().as_str() />
                <Panel title="The app">
                    <div class="panel-body form">
                        <Field
                            label="Name"
                            name="form[name]"
                            key="name"
                            placeholder="shop"
                            hint="Lower-case letters, digits and hyphens. It becomes the first host name."
                            problem=problem
                            mono=true
                        />
                        {move || view! { <SourceFields kind=kind.get() form=AppForm::default() problem=problem /> }}
                        {move || (kind.get() != SourceKind::Image).then(|| view! { <PrivateFields problem=problem /> })}
                    </div>
                </Panel>
                <Panel title="How it is reached">
                    <div class="panel-body form">
                        {move || view! { <ServeFields kind=kind.get() form=AppForm::default() problem=problem /> }}
                    </div>
                    <footer>
                        <Submit label="Deploy" busy="Deploying…" name="deploy" variant="primary" pending=create.pending() />
                        <Submit label="Create without deploying" pending=create.pending() />
                    </footer>
                </Panel>
            </div>
        </ActionForm>
    }
    .into_any()
}

/// What a private repository wants, folded away as most are public.
#[component]
fn PrivateFields(problem: Signal<Option<homeport_model::problem::Problem>>) -> impl IntoView {
    let wrong = move || {
        problem.with(|problem| {
            let field = problem.as_ref().and_then(|problem| problem.field.as_deref());
            matches!(field, Some("user" | "token"))
        })
    };
    view! {
        <details class="disclosure" open=wrong>
            <summary>"The repository is private"</summary>
            <div class="form">
                <p class="muted">
                    "With an https address: a user and a token that may read it. With an ssh address leave both empty: the app gets a deploy key, which its settings show you for the Git host, and is deployed after that."
                </p>
                <div class="split" data-variant="even">
                    <Field
                        label="User"
                        name="access[user]"
                        key="user"
                        placeholder="git"
                        problem=problem
                        mono=true
                        optional=true
                    />
                    <Field
                        label="Token"
                        name="access[token]"
                        key="token"
                        problem=problem
                        mono=true
                        optional=true
                        kind="password"
                    />
                </div>
            </div>
        </details>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_kind_is_the_usual_one() {
        assert_eq!(kind_of(Some("image")), SourceKind::Image);
        assert_eq!(kind_of(Some("compose")), SourceKind::Dockerfile);
        assert_eq!(kind_of(None), SourceKind::Dockerfile);
    }
}
