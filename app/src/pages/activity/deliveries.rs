//! The inbox of webhooks: what came, what was decided, and why.

use homeport_model::{
    event::Topic,
    webhook::{DeliveryRow, Verdict},
};
use leptos::{form::ActionForm, prelude::*};

use super::{
    super::apps::new::{FormProblem, problem_of},
    ActivityHeader, Tab,
};
use crate::{
    api::webhooks::{Replay, list_deliveries},
    live,
    ui::{Age, Column, PanelSkeleton, State, Table, Tone, loaded},
};

/// The newest deliveries.
#[component]
pub fn DeliveriesPage() -> impl IntoView {
    let version = live::version(Topic::Activity);
    let replay = ServerAction::<Replay>::new();
    let problem = problem_of(move || replay.value().get());
    let answer = Resource::new(move || version.get(), |_| list_deliveries());
    view! {
        <ActivityHeader tab=Tab::Deliveries />
        <FormProblem problem=problem />
        {loaded(answer, || view! { <PanelSkeleton rows=8 /> }, move |rows| view! { <Rows rows=rows replay=replay /> })}
    }
    .into_any()
}

const fn words_of(verdict: Verdict) -> (Tone, &'static str) {
    match verdict {
        Verdict::Deployed => (Tone::Good, "Deployed"),
        Verdict::Ignored => (Tone::Off, "Ignored"),
        Verdict::Refused => (Tone::Bad, "Refused"),
    }
}

#[component]
fn Rows(rows: Vec<DeliveryRow>, replay: ServerAction<Replay>) -> impl IntoView {
    if rows.is_empty() {
        return view! {
            <section class="panel" aria-label="Deliveries">
                <div class="empty">
                    <p>"Nothing has been received yet. Each app's settings have the address and the secret for its webhook."</p>
                    <a class="button" href="/apps">
                        "All apps"
                    </a>
                </div>
            </section>
        }
        .into_any();
    }
    let rows = rows.into_iter().map(|row| view! { <Row row=row replay=replay /> }).collect_view();
    view! {
        <section class="panel" aria-label="Deliveries">
            <Table columns=[
                Column::text("Pushed"),
                Column::text("What became of it"),
                Column::figure("When"),
                Column::unseen("Actions"),
            ]>{rows}</Table>
        </section>
    }
    .into_any()
}

#[component]
fn Row(row: DeliveryRow, replay: ServerAction<Replay>) -> impl IntoView {
    let (tone, word) = words_of(row.verdict);
    let app = row.app.to_string();
    let name = format!("{app}, {} {}", row.provider.name(), row.event);
    let name = match row.release {
        Some(release) => {
            view! { <a class="row-link" href=format!("/apps/{app}/deploys/{release}")>{name}</a> }.into_any()
        }
        None => name.into_any(),
    };
    let again = row.replays.then(|| {
        let spoken = format!(" {}", row.what);
        view! {
            <ActionForm action=replay>
                <input type="hidden" name="id" value=row.id.to_string() />
                <input type="hidden" name="app" value=app.clone() />
                <button class="button" type="submit" data-size="small">
                    "Replay"
                    <span class="visually-hidden">{spoken}</span>
                </button>
            </ActionForm>
        }
    });
    let headers = row.headers.join("\n");
    view! {
        <tr>
            <th scope="row" data-cell="name">
                {name} " " <small class="muted mono">{row.what}</small>
            </th>
            <td data-cell="note">
                <details class="disclosure">
                    <summary>
                        <State tone=tone word=word />
                        <span>{row.reason}</span>
                    </summary>
                    <pre class="mono">{headers}</pre>
                </details>
            </td>
            <td class="figure" data-cell="end">
                <Age at=row.at />
            </td>
            <td data-cell="act">{again}</td>
        </tr>
    }
    .into_any()
}
