//! Parts of a host that other apps answer.

use homeport_model::{domain::PrefixRow, name::AppName};
use leptos::{form::ActionForm, prelude::*};

use super::tab::Acts;
use crate::{
    pages::apps::{FormProblem, ThisApp, problem_of},
    ui::{Column, Field, Panel, Submit, Table, Tag},
};

/// The parts, and the form.
#[component]
pub fn PartsPanel(
    /// Parts of this app's hosts.
    prefixes: Vec<PrefixRow>,
    /// Parts of others' hosts that this app answers.
    elsewhere: Vec<(String, AppName)>,
    /// Every other app.
    others: Vec<AppName>,
    /// This app's hosts.
    hosts: Vec<String>,
    /// What the tab can do.
    acts: Acts,
) -> impl IntoView {
    let app = ThisApp::current().name;
    let act = acts.add_prefix;
    let problem = problem_of(move || act.value().get());
    let rows = prefixes.into_iter().map(|row| view! { <Row row=row acts=acts /> }).collect_view();
    let none = rows.is_empty();
    let table = (!none).then(|| {
        view! {
            <Table columns=[
                Column::text("Paths"),
                Column::text("Answered by"),
                Column::unseen("Actions"),
            ]>{rows}</Table>
        }
    });
    let elsewhere = (!elsewhere.is_empty()).then(|| {
        let all =
            elsewhere.into_iter().map(|(place, owner)| format!("{place} (of {owner})")).collect::<Vec<_>>().join(", ");
        view! { <p class="muted">"This app also answers " {all} "."</p> }
    });
    let choice = |id: &'static str, name: &'static str, label: &'static str, all: Vec<String>| {
        let options = all.into_iter().map(|value| view! { <option value=value.clone()>{value.clone()}</option> });
        view! {
            <div class="field">
                <label for=id>{label}</label>
                <select id=id name=name>
                    {options.collect_view()}
                </select>
            </div>
        }
    };
    let others: Vec<String> = others.iter().map(ToString::to_string).collect();
    let form = if others.is_empty() {
        view! { <p class="muted">"With a second app, /api of this one's host can lead there."</p> }.into_any()
    } else {
        view! {
            <details class="disclosure" open=move || problem.with(Option::is_some)>
                <summary>"Lead a part to another app"</summary>
                <ActionForm action=act>
                    <div class="form">
                        <FormProblem problem=problem />
                        <input type="hidden" name="app" value=move || app.get() />
                        {choice("part-host", "form[host]", "Host", hosts)}
                        <Field
                            label="Paths that begin with"
                            name="form[path]"
                            key="path"
                            placeholder="/api"
                            hint="Whole segments: /api is not /apix. The longest that fits decides. The other app's own limits, passwords and headers count there."
                            problem=problem
                            mono=true
                        />
                        {choice("part-app", "form[app]", "App", others)}
                        <label class="check">
                            <input type="checkbox" name="form[strip]" value="yes" />
                            "Leave the beginning out"
                            <span class="field-hint">"The app is asked for /users where the visitor asked for /api/users."</span>
                        </label>
                        <div class="cluster">
                            <Submit label="Lead it there" busy="Adding…" pending=act.pending() />
                        </div>
                    </div>
                </ActionForm>
            </details>
        }
        .into_any()
    };
    view! {
        <Panel title="Parts answered by other apps">
            {table}
            <div class="panel-body stack">
                {none.then(|| view! { <p class="muted">"None: every path of these names leads to this app."</p> })}
                {elsewhere}
                {form}
            </div>
        </Panel>
    }
    .into_any()
}

#[component]
fn Row(row: PrefixRow, acts: Acts) -> impl IntoView {
    let app = ThisApp::current().name;
    let (host, path, to) = (row.host.to_string(), row.path.to_string(), row.app.to_string());
    let shown = format!("{host}{path}");
    view! {
        <tr>
            <th scope="row" data-cell="name">
                <span class="mono">{shown.clone()}</span>
                " "
                {row.strip.then(|| view! { <Tag>"left out"</Tag> })}
            </th>
            <td data-cell="note">
                <a href=format!("/apps/{to}")>{to.clone()}</a>
            </td>
            <td data-cell="act">
                <ActionForm action=acts.remove_prefix>
                    <input type="hidden" name="app" value=move || app.get() />
                    <input type="hidden" name="host" value=host />
                    <input type="hidden" name="path" value=path />
                    <button class="button" type="submit" data-variant="quiet" data-size="small">
                        "Remove"
                        <span class="visually-hidden">" " {shown}</span>
                    </button>
                </ActionForm>
            </td>
        </tr>
    }
    .into_any()
}
