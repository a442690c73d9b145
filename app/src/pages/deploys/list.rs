//! Every release of an app; the kept ones can be gone back to.

use homeport_model::deploy::ReleaseRow;
use leptos::{form::ActionForm, prelude::*};

use super::super::{apps::ThisApp, words};
use crate::{
    api::{
        WireError,
        deploys::{DeployWithoutCache, RollBack, list_deploys},
    },
    ui::{Age, Column, PanelSkeleton, ProblemNotice, State, Submit, Table, figures::length_between, loaded},
};

/// The second tab.
#[component]
pub fn DeploysPage() -> impl IntoView {
    let this = ThisApp::current();
    let answer = Resource::new(
        move || (this.name.get(), this.version.get()),
        |(name, _)| async move { list_deploys(super::super::apps::app_name(&name)?).await },
    );
    let afresh = ServerAction::<DeployWithoutCache>::new();
    let refused = move || {
        let problem = afresh.value().get().and_then(Result::err);
        problem.map(|WireError(problem)| view! { <ProblemNotice problem=problem /> })
    };
    let builds = move || match this.detail.get() {
        Some(Ok(detail)) => detail.spec.source.is_built(),
        _ => false,
    };
    let without_cache = move || {
        builds().then(|| {
            view! {
                <footer>
                    <ActionForm action=afresh>
                        <input type="hidden" name="app" value=this.name.get_untracked() />
                        <Submit label="Deploy without the cache" busy="Deploying…" pending=afresh.pending() />
                    </ActionForm>
                    <p class="muted">"For when a build goes wrong because of what an earlier one left."</p>
                </footer>
            }
        })
    };
    let page = move |releases: Vec<ReleaseRow>| {
        let app = this.name.get_untracked();
        let body = if releases.is_empty() {
            view! {
                <div class="empty">
                    <p>"No deploy yet. Press Deploy: the source is fetched and built, and gets visitors once it has answered."</p>
                </div>
            }
            .into_any()
        } else {
            view! { <ReleaseTable app=app releases=releases /> }.into_any()
        };
        view! {
            {refused}
            <section class="panel" aria-label="Deploys">
                {body}
                <Suspense>{without_cache}</Suspense>
            </section>
        }
    };
    loaded(answer, || view! { <PanelSkeleton rows=6 /> }, page)
}

/// Releases in rows, each leading to its deploy.
#[component]
pub fn ReleaseTable(
    /// The app's name.
    app: String,
    /// The releases, newest first.
    releases: Vec<ReleaseRow>,
) -> impl IntoView {
    let roll_back = ServerAction::<RollBack>::new();
    let problem = move || {
        let problem = roll_back.value().get().and_then(Result::err);
        problem.map(|WireError(problem)| view! { <ProblemNotice problem=problem /> })
    };
    let rows = releases
        .into_iter()
        .map(|release| view! { <Row app=app.clone() release=release roll_back=roll_back /> })
        .collect_view();
    view! {
        {problem}
        <Table columns=[
            Column::text("Release"),
            Column::text("State"),
            Column::text("Made from"),
            Column::text("Switch").wide(),
            Column::figure("Took"),
            Column::figure("When"),
            Column::unseen("Actions"),
        ]>{rows}</Table>
    }
    .into_any()
}

#[component]
fn Row(app: String, release: ReleaseRow, roll_back: ServerAction<RollBack>) -> impl IntoView {
    let (tone, word) = words::of_release(&release);
    let (reference, subject) = words::made_from(&release);
    let number = release.number;
    let took = release.job.started_at.zip(release.job.finished_at).map(|(from, to)| length_between(from, to));
    let proof = release.proof.map(|(sent, failed)| format!("{sent} sent, {failed} failed"));
    let href = format!("/apps/{app}/deploys/{number}");
    let back = (release.kept && !release.serving).then(move || {
        view! {
            <ActionForm action=roll_back>
                <input type="hidden" name="app" value=app />
                <input type="hidden" name="to" value=number.to_string() />
                <Submit label=format!("Roll back to {number}") size="small" pending=roll_back.pending() />
            </ActionForm>
        }
    });
    view! {
        <tr>
            <th scope="row" data-cell="name">
                <a class="row-link" href=href>
                    "Release " <span class="figure">{number}</span>
                </a>
            </th>
            <td data-cell="side">
                <State tone=tone word=word />
            </td>
            <td data-cell="note">
                <span class="mono">{reference}</span>
                " "
                {subject}
            </td>
            <td class="muted" data-wide>
                {proof}
            </td>
            <td class="figure muted">{took}</td>
            <td class="figure" data-cell="end">
                <Age at=release.created_at />
            </td>
            <td data-cell="act">{back}</td>
        </tr>
    }
    .into_any()
}
