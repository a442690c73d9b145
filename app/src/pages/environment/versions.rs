//! Every version: who changed which variables, and the way back.

use homeport_model::environment::EnvVersion;
use leptos::{form::ActionForm, prelude::*};

use super::{
    super::{
        apps::{FormProblem, problem_of},
        deploys::change_word,
    },
    AppInput, Whose,
    paste::Differences,
};
use crate::{
    api::environments::{BringBack, environment_difference, environment_versions},
    ui::{Age, Column, Panel, PanelSkeleton, ProblemNotice, Submit, Table, figures::count, loaded, toaster},
};

/// How many names a row shows.
const SHOWN: usize = 4;

/// The list, newest first.
#[component]
pub fn Versions() -> impl IntoView {
    let whose = Whose::current();
    let bring_back = ServerAction::<BringBack>::new();
    let answer = Resource::new(
        move || (whose.app.get(), whose.changes.get(), whose.page.get().is_some()),
        |(app, ..)| async move { environment_versions(Whose::parsed(&app)?).await },
    );
    let compared = RwSignal::new(None::<(u32, u32)>);
    let difference = Resource::new(
        move || (whose.app.get(), compared.get()),
        |(app, compared)| async move {
            let Some((from, to)) = compared else { return Ok(None) };
            environment_difference(Whose::parsed(&app)?, from, to).await.map(Some)
        },
    );
    let toaster = toaster();
    Effect::new(move || {
        if let Some(Ok(changed)) = bring_back.value().get() {
            toaster.say(format!("{} brought back", count(changed as usize, "variable", "variables")));
            compared.set(None);
            whose.changed();
        }
    });
    let problem = problem_of(move || bring_back.value().get());
    let shown = move || {
        let (from, to) = compared.get()?;
        Some(match difference.get()? {
            Ok(rows) => {
                let title = format!("From version {from} to version {to}:");
                rows.map(|rows| view! { <div class="panel-body"><p class="muted">{title}</p><Differences rows=rows /></div> }).into_any()
            }
            Err(error) => view! { <ProblemNotice problem=error.0 /> }.into_any(),
        })
    };
    let part = move |versions: Vec<EnvVersion>| {
        let newest = versions.first().map_or(0, |version| version.number);
        if versions.is_empty() {
            return view! {
                <div class="empty">
                    <p>"No version yet: every change makes one, and each can be brought back."</p>
                </div>
            }
            .into_any();
        }
        let row = |version| view! { <Row version=version newest=newest compared=compared bring_back=bring_back /> };
        let rows = versions.into_iter().map(row).collect_view();
        view! {
            <Table columns=[
                Column::text("Version"),
                Column::text("Changed"),
                Column::unseen("Actions"),
            ]>{rows}</Table>
        }
        .into_any()
    };
    view! {
        <Panel title="Versions">
            <FormProblem problem=problem />
            <Suspense>{shown}</Suspense>
            {loaded(answer, || view! { <PanelSkeleton rows=3 /> }, part)}
        </Panel>
    }
    .into_any()
}

#[component]
fn Row(
    version: EnvVersion,
    newest: u32,
    compared: RwSignal<Option<(u32, u32)>>,
    bring_back: ServerAction<BringBack>,
) -> impl IntoView {
    let number = version.number;
    let more = version.changes.len().saturating_sub(SHOWN);
    let changes = version.changes.into_iter().take(SHOWN).map(|(key, change)| {
        view! {
            <li>
                <span class="mono">{key.to_string()}</span>
                " "
                <span class="muted">{change_word(change)}</span>
            </li>
        }
    });
    let before = number.saturating_sub(1);
    let acts = (number != newest).then(|| {
        view! {
            <button
                class="button"
                type="button"
                data-variant="quiet"
                data-size="small"
                on:click=move |_| compared.set(Some((number, newest)))
            >
                "Compare with now"
                <span class="visually-hidden">" version " {number}</span>
            </button>
            <ActionForm action=bring_back>
                <AppInput />
                <input type="hidden" name="number" value=number.to_string() />
                <Submit label=format!("Bring back version {number}") size="small" pending=bring_back.pending() />
            </ActionForm>
        }
    });
    let values = (number == newest).then(|| {
        view! {
            <button
                class="button"
                type="button"
                data-variant="quiet"
                data-size="small"
                on:click=move |_| compared.set(Some((before, number)))
            >
                "See the change"
            </button>
        }
    });
    view! {
        <tr>
            <th scope="row" data-cell="name">
                <span class="figure">{number}</span>
                " "
                <span class="muted">
                    {version.by} ", " <Age at=version.at />
                    {version.brought_back.map(|from| format!(", version {from} again"))}
                </span>
            </th>
            <td data-cell="note">
                <ul>{changes.collect_view()} {(more > 0).then(|| view! { <li class="muted">"and " {more} " more"</li> })}</ul>
            </td>
            <td data-cell="act">
                <div class="cluster" data-gap="1" data-align="end">
                    {values}
                    {acts}
                </div>
            </td>
        </tr>
    }
    .into_any()
}
