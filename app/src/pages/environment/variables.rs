//! What is set, masked where it is secret.

use homeport_model::{
    app::EnvRow,
    environment::{EnvPage, EnvScope},
};
use leptos::{form::ActionForm, prelude::*};

use super::{
    super::apps::{FormProblem, problem_of},
    AppInput, Whose,
};
use crate::{
    api::{
        deploys::Restart,
        environments::{SetSecret, UnsetVariable},
    },
    ui::{
        Column, Notice, Panel, PanelSkeleton, Submit, Table, Tag, Tone, ask_for_passkey, figures::count, loaded,
        toaster,
    },
};

/// The table, and what waits for a restart.
#[component]
pub fn Variables() -> impl IntoView {
    let whose = Whose::current();
    let unset = ServerAction::<UnsetVariable>::new();
    let mask = ServerAction::<SetSecret>::new();
    let restart = ServerAction::<Restart>::new();
    let toaster = toaster();
    Effect::new(move || {
        if let Some(Ok(())) = unset.value().get() {
            toaster.say("Variable removed");
            whose.changed();
        }
    });
    Effect::new(move || {
        if let Some(Ok(())) = mask.value().get() {
            whose.changed();
        }
    });
    let refused = ask_for_passkey(mask);
    let answered = problem_of(move || {
        let refused = unset.value().get().and_then(Result::err).or_else(|| mask.value().get()?.err());
        refused.or_else(|| restart.value().get()?.err()).map(Err::<(), _>)
    });
    let problem = Signal::derive(move || refused.get().or_else(|| answered.get()));
    let part = move |page: EnvPage| view! { <Loaded page=page unset=unset mask=mask restart=restart /> };
    view! {
        <FormProblem problem=problem />
        {loaded(whose.page, || view! { <PanelSkeleton rows=4 /> }, part)}
    }
    .into_any()
}

#[component]
fn Loaded(
    page: EnvPage,
    unset: ServerAction<UnsetVariable>,
    mask: ServerAction<SetSecret>,
    restart: ServerAction<Restart>,
) -> impl IntoView {
    let app = Whose::current().app;
    let waiting = page.rows.iter().filter(|row| row.pending).count() + page.leaving.len();
    let leaving = (!page.leaving.is_empty()).then(|| {
        let names: Vec<String> = page.leaving.iter().map(ToString::to_string).collect();
        view! { <p>"Gone with it: " <span class="mono">{names.join(", ")}</span></p> }
    });
    let notice = (waiting > 0).then(|| {
        let title = format!("{} to be applied.", count(waiting, "variable waits", "variables wait"));
        view! {
            <Notice tone=Tone::Warning title=title>
                <p>"The running release keeps the environment that it was started with. A restart builds nothing and loses no request."</p>
                {leaving}
                <ActionForm action=restart>
                    <input type="hidden" name="app" value=move || app.get() />
                    <Submit label="Restart to apply" busy="Restarting…" pending=restart.pending() />
                </ActionForm>
            </Notice>
        }
    });
    if page.rows.is_empty() {
        return view! {
            {notice}
            <Panel title="Variables">
                <div class="empty">
                    <p>"No variable yet. Paste the lines of your .env file below; PORT is set by Homeport."</p>
                </div>
            </Panel>
        }
        .into_any();
    }
    let total = view! { <span class="muted figure">{page.rows.len()}</span> }.into_any();
    let rows = page.rows.into_iter().map(|row| view! { <Variable row=row unset=unset mask=mask /> }).collect_view();
    view! {
        {notice}
        <Panel title="Variables" aside=Some(total)>
            <Table columns=[Column::text("Name"), Column::text("Value"), Column::unseen("Actions")]>{rows}</Table>
        </Panel>
    }
    .into_any()
}

#[component]
fn Variable(row: EnvRow, unset: ServerAction<UnsetVariable>, mask: ServerAction<SetSecret>) -> impl IntoView {
    let key = row.key.to_string();
    let value = match row.value.clone() {
        Some(value) => view! { <span class="env-value">{value}</span> }.into_any(),
        None => view! {
            <span class="env-mask" aria-hidden="true">
                "••••••••"
            </span>
            <span class="visually-hidden">"secret"</span>
        }
        .into_any(),
    };
    let scope = match row.scope {
        EnvScope::Run => None,
        EnvScope::Build => Some("build only"),
        EnvScope::Both => Some("build and run"),
    };
    let acts = if row.of_all {
        view! {
            <a class="button" data-variant="quiet" data-size="small" href="/settings/environment">
                "All apps"
                <span class="visually-hidden">" have " {key.clone()}</span>
            </a>
        }
        .into_any()
    } else {
        view! { <Acts key=key.clone() secret=row.secret unset=unset mask=mask /> }.into_any()
    };
    view! {
        <tr>
            <th scope="row" data-cell="name">
                <span class="mono">{key}</span>
                " "
                {row.pending.then(|| view! { <Tag tone=Tone::Warning>"pending"</Tag> })}
                {scope.map(|scope| view! { <Tag tone=Tone::Off>{scope}</Tag> })}
            </th>
            <td data-cell="note">{value}</td>
            <td data-cell="act">{acts}</td>
        </tr>
    }
    .into_any()
}

#[component]
fn Acts(key: String, secret: bool, unset: ServerAction<UnsetVariable>, mask: ServerAction<SetSecret>) -> impl IntoView {
    let (turn, to) = if secret { ("Show", "false") } else { ("Mask", "true") };
    let (to_mask, to_remove) = (key.clone(), key);
    view! {
        <div class="cluster" data-gap="1" data-align="end">
            <ActionForm action=mask>
                <AppInput />
                <input type="hidden" name="key" value=to_mask.clone() />
                <input type="hidden" name="secret" value=to />
                <RowButton verb=turn key=to_mask />
            </ActionForm>
            <ActionForm action=unset>
                <AppInput />
                <input type="hidden" name="key" value=to_remove.clone() />
                <RowButton verb="Remove" key=to_remove />
            </ActionForm>
        </div>
    }
    .into_any()
}

/// A verb for the eye, verb and variable for the ear.
#[component]
fn RowButton(verb: &'static str, key: String) -> impl IntoView {
    view! {
        <button class="button" type="submit" data-variant="quiet" data-size="small">
            {verb}
            <span class="visually-hidden">" " {key}</span>
        </button>
    }
    .into_any()
}
