//! Bulk paste, with what it would change before it is saved.

use homeport_model::environment::{EnvDifference, EnvScope, ScopeChoice, summary};
use leptos::{form::ActionForm, html, prelude::*};

use super::{
    super::{
        apps::{FormProblem, problem_of},
        deploys::change_word,
    },
    AppInput, Whose,
};
use crate::{
    api::environments::{PreviewEnvironment, SetEnvironment},
    ui::{Panel, Select, Submit, TextArea, figures::count, toaster},
};

const SCOPES: [(&str, &str); 4] = [
    ("keep", "as before; new ones for the running app"),
    ("run", "the running app"),
    ("build", "the build"),
    ("both", "build and running app"),
];

fn scope_of(word: &str) -> ScopeChoice {
    match word {
        "run" => ScopeChoice::Run,
        "build" => ScopeChoice::Build,
        "both" => ScopeChoice::Both,
        _ => ScopeChoice::Keep,
    }
}

/// The form.
#[component]
pub fn Paste() -> impl IntoView {
    let whose = Whose::current();
    let set = ServerAction::<SetEnvironment>::new();
    let preview = ServerAction::<PreviewEnvironment>::new();
    let text = NodeRef::<html::Textarea>::new();
    let scope = RwSignal::new(String::from("keep"));
    let toaster = toaster();
    Effect::new(move || {
        if let Some(Ok(changed)) = set.value().get() {
            toaster.say(format!("{} changed", count(changed as usize, "variable", "variables")));
            if let Some(text) = text.get_untracked() {
                text.set_value("");
            }
            preview.value().set(None);
            whose.changed();
        }
    });
    let look = move |_| {
        let Some(text) = text.get_untracked() else { return };
        let Ok(app) = Whose::parsed(&whose.app.get_untracked()) else { return };
        preview.dispatch(PreviewEnvironment { app, text: text.value(), scope: scope_of(&scope.get_untracked()) });
    };
    let problem = problem_of(move || {
        let refused = set.value().get().and_then(Result::err);
        refused.or_else(|| preview.value().get()?.err()).map(Err::<(), _>)
    });
    let differences =
        move || preview.value().get().and_then(Result::ok).map(|rows| view! { <Differences rows=rows /> });
    view! {
        <Panel title="Add or change">
            <ActionForm action=set>
                <div class="panel-body form">
                    <FormProblem problem=problem />
                    <AppInput />
                    <TextArea
                        label="Lines as in a .env file"
                        name="text"
                        hint="KEY=value, one a line. Values arrive byte for byte; quote those that span lines. What looks like a secret is masked."
                        placeholder="DATABASE_URL=postgres://…"
                        problem=problem
                        node_ref=text
                    />
                    <Select
                        label="For"
                        name="scope"
                        options=SCOPES.to_vec()
                        chosen=scope
                        hint="Build variables reach a Dockerfile as build args, which whoever has the image can read. A secret is never one: mount it (RUN --mount=type=secret,id=KEY)."
                    />
                    {differences}
                    <div class="cluster">
                        <Submit label="Save variables" busy="Saving…" variant="primary" pending=set.pending() />
                        <button class="button" type="button" on:click=look aria-busy=move || preview.pending().get().then_some("true")>
                            "See what changes"
                        </button>
                    </div>
                </div>
            </ActionForm>
        </Panel>
    }
    .into_any()
}

/// What differs, secrets masked.
#[component]
pub fn Differences(
    /// The differences.
    rows: Vec<EnvDifference>,
) -> impl IntoView {
    let title = format!("{}.", summary(&rows));
    let rows = rows.into_iter().map(|row| {
        let scope = row.scope.map(|scope| match scope {
            EnvScope::Run => "for the running app",
            EnvScope::Build => "for the build",
            EnvScope::Both => "for build and running app",
        });
        let values = match (row.secret, row.before, row.after) {
            (true, ..) => "secret".to_owned(),
            (false, Some(before), Some(after)) if before == after => String::new(),
            (false, Some(before), Some(after)) => format!("{before} → {after}"),
            (false, before, after) => after.or(before).unwrap_or_default(),
        };
        let word = change_word(row.change);
        view! {
            <li data-change=word>
                <span>
                    <span class="mono">{row.key.to_string()}</span>
                    <span class="visually-hidden">" " {word}</span>
                    " "
                    <span class="env-value">{values}</span>
                </span>
                <span>{scope}</span>
            </li>
        }
    });
    view! {
        <div role="status">
            <p>{title}</p>
            <ul class="diff" aria-label="What changes">{rows.collect_view()}</ul>
        </div>
    }
    .into_any()
}
