//! Jobs: running and done.

use homeport_model::{event::Topic, job::JobRow};
use leptos::prelude::*;

use super::{super::words, ActivityHeader, Tab};
use crate::{
    api::activity::list_jobs,
    live,
    ui::{Age, Column, Elapsed, PanelSkeleton, State, Table, figures::length_between, loaded, steps::step_name},
};

/// The newest jobs.
#[component]
pub fn JobsPage() -> impl IntoView {
    let version = live::version(Topic::Apps);
    let answer = Resource::new(move || version.get(), |_| list_jobs());
    view! {
        <ActivityHeader tab=Tab::Jobs />
        {loaded(answer, || view! { <PanelSkeleton rows=8 /> }, |jobs| view! { <Rows jobs=jobs /> })}
    }
    .into_any()
}

#[component]
fn Rows(jobs: Vec<JobRow>) -> impl IntoView {
    if jobs.is_empty() {
        return view! {
            <section class="panel" aria-label="Jobs">
                <div class="empty">
                    <p>"No job yet. The first deploy will be the first one here."</p>
                    <a class="button" data-variant="primary" href="/new">
                        "Deploy an app"
                    </a>
                </div>
            </section>
        }
        .into_any();
    }
    view! {
        <section class="panel" aria-label="Jobs">
            <JobTable jobs=jobs />
        </section>
    }
    .into_any()
}

/// How long a job has taken, or takes.
#[component]
fn Took(job: JobRow) -> impl IntoView {
    match (job.started_at, job.finished_at) {
        (Some(from), Some(to)) => length_between(from, to).into_any(),
        (Some(since), None) => view! { <Elapsed since=since /> }.into_any(),
        _ => ().into_any(),
    }
}

/// Jobs in rows, each leading to its page.
#[component]
pub fn JobTable(
    /// The jobs, newest first.
    jobs: Vec<JobRow>,
) -> impl IntoView {
    let rows = jobs
        .into_iter()
        .map(|job| {
            let (tone, word) = words::of_job(&job);
            let name = words::job_name(&job);
            let name = match words::job_href(&job) {
                Some(href) => view! { <a class="row-link" href=href>{name}</a> }.into_any(),
                None => name.into_any(),
            };
            let note = match (&job.problem, words::waiting(&job), &job.step) {
                (Some(problem), ..) => problem.title.clone(),
                (None, Some(waits), _) => waits,
                (None, None, Some(step)) => step_name(step).to_owned(),
                (None, None, None) => job.release.map(|number| format!("release {number}")).unwrap_or_default(),
            };
            view! {
                <tr>
                    <th scope="row" data-cell="name">
                        {name}
                    </th>
                    <td data-cell="side">
                        <State tone=tone word=word />
                    </td>
                    <td data-cell="note">{note}</td>
                    <td class="figure muted">
                        <Took job=job.clone() />
                    </td>
                    <td class="figure" data-cell="end">
                        <Age at=job.created_at />
                    </td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <Table columns=[
            Column::text("Job"),
            Column::text("State"),
            Column::text("About"),
            Column::figure("Took"),
            Column::figure("Asked for"),
        ]>{rows}</Table>
    }
    .into_any()
}
