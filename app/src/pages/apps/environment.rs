//! The environment: what is set, pasted in bulk, masked where it is secret.

use homeport_model::app::EnvRow;
use leptos::{form::ActionForm, html, prelude::*};

use super::{ThisApp, frame::app_name, new::FormProblem, new::problem_of};
use crate::{
    api::{
        apps::{SetEnvironment, SetSecret, UnsetVariable, environment},
        deploys::Restart,
    },
    ui::{Notice, Panel, PanelSkeleton, Submit, Tag, TextArea, Tone, ask_for_passkey, figures::count, loaded, toaster},
};

/// The third tab.
#[component]
pub fn Environment() -> impl IntoView {
    let this = ThisApp::current();
    let set = ServerAction::<SetEnvironment>::new();
    let unset = ServerAction::<UnsetVariable>::new();
    let mask = ServerAction::<SetSecret>::new();
    let restart = ServerAction::<Restart>::new();
    let written = move || (set.version().get(), unset.version().get(), mask.version().get());
    let answer = Resource::new(
        move || (this.name.get(), this.version.get(), written()),
        |(name, ..)| async move { environment(app_name(&name)?).await },
    );
    let text = NodeRef::<html::Textarea>::new();
    let toaster = toaster();
    Effect::new(move || {
        if let Some(Ok(changed)) = set.value().get() {
            toaster.say(format!("{} changed", count(changed as usize, "variable", "variables")));
            if let Some(text) = text.get_untracked() {
                text.set_value("");
            }
            this.detail.refetch();
        }
    });
    Effect::new(move || {
        if let Some(Ok(())) = unset.value().get() {
            toaster.say("Variable removed");
            this.detail.refetch();
        }
    });
    let refused = ask_for_passkey(mask);
    let answered = problem_of(move || {
        let refused = unset.value().get().and_then(Result::err).or_else(|| mask.value().get()?.err());
        refused.or_else(|| restart.value().get()?.err()).map(Err::<(), _>)
    });
    let row_problem = Signal::derive(move || refused.get().or_else(|| answered.get()));
    let problem = problem_of(move || set.value().get());
    view! {
        <FormProblem problem=row_problem />
        {loaded(answer, || view! { <PanelSkeleton rows=4 /> }, move |rows| view! { <Variables rows=rows unset=unset mask=mask restart=restart /> })}
        <Panel title="Add or change">
            <ActionForm action=set>
                <div class="panel-body form">
                    <FormProblem problem=problem />
                    <input type="hidden" name="name" value=move || this.name.get() />
                    <TextArea
                        label="Lines as in a .env file"
                        name="text"
                        hint="KEY=value, one a line. Values arrive byte for byte; quote those that span lines. What looks like a secret is masked."
                        placeholder="DATABASE_URL=postgres://…"
                        problem=problem
                        node_ref=text
                    />
                    <div class="cluster">
                        <Submit label="Save variables" busy="Saving…" variant="primary" pending=set.pending() />
                    </div>
                </div>
            </ActionForm>
        </Panel>
    }
    .into_any()
}

#[component]
fn Variables(
    rows: Vec<EnvRow>,
    unset: ServerAction<UnsetVariable>,
    mask: ServerAction<SetSecret>,
    restart: ServerAction<Restart>,
) -> impl IntoView {
    let app = ThisApp::current().name;
    let waiting = rows.iter().filter(|row| row.pending).count();
    let notice = (waiting > 0).then(|| {
        let title = format!("{} to be applied.", count(waiting, "variable waits", "variables wait"));
        view! {
            <Notice tone=Tone::Warning title=title>
                <p>"The running release keeps the environment that it was started with. A restart builds nothing and loses no request."</p>
                <ActionForm action=restart>
                    <input type="hidden" name="app" value=move || app.get() />
                    <Submit label="Restart to apply" busy="Restarting…" pending=restart.pending() />
                </ActionForm>
            </Notice>
        }
    });
    if rows.is_empty() {
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
    let total = view! { <span class="muted figure">{rows.len()}</span> }.into_any();
    let rows = rows.into_iter().map(|row| view! { <Variable row=row unset=unset mask=mask /> }).collect_view();
    view! {
        {notice}
        <Panel title="Variables" aside=Some(total)>
            <table class="table">
                <thead>
                    <tr>
                        <th scope="col">"Name"</th>
                        <th scope="col">"Value"</th>
                        <th scope="col">
                            <span class="visually-hidden">"Actions"</span>
                        </th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </Panel>
    }
    .into_any()
}

#[component]
fn Variable(row: EnvRow, unset: ServerAction<UnsetVariable>, mask: ServerAction<SetSecret>) -> impl IntoView {
    let app = ThisApp::current().name;
    let key = row.key.to_string();
    let (to_mask, to_remove) = (key.clone(), key.clone());
    let value = match row.value {
        Some(value) => view! { <span class="env-value">{value}</span> }.into_any(),
        None => view! {
            <span class="env-mask" aria-hidden="true">
                "••••••••"
            </span>
            <span class="visually-hidden">"secret"</span>
        }
        .into_any(),
    };
    let (turn, to) = if row.secret { ("Show", "false") } else { ("Mask", "true") };
    view! {
        <tr>
            <th scope="row" data-cell="name">
                <span class="mono">{key}</span>
                " "
                {row.pending.then(|| view! { <Tag tone=Tone::Warning>"pending"</Tag> })}
            </th>
            <td data-cell="note">{value}</td>
            <td data-cell="act">
                <div class="cluster" data-gap="1" data-align="end">
                    <ActionForm action=mask>
                        <input type="hidden" name="name" value=move || app.get() />
                        <input type="hidden" name="key" value=to_mask.clone() />
                        <input type="hidden" name="secret" value=to />
                        <RowButton verb=turn key=to_mask />
                    </ActionForm>
                    <ActionForm action=unset>
                        <input type="hidden" name="name" value=move || app.get() />
                        <input type="hidden" name="key" value=to_remove.clone() />
                        <RowButton verb="Remove" key=to_remove />
                    </ActionForm>
                </div>
            </td>
        </tr>
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
