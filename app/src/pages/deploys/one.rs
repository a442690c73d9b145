//! One deploy: its outcome in a sentence, its proof, its steps with their log, what changed.

use homeport_model::{
    deploy::DeployDetail,
    event::Topic,
    id::JobId,
    job::{JobState, LogLine},
};
use leptos::{form::ActionForm, prelude::*};
use leptos_router::hooks::use_params_map;

use super::{
    super::{apps::app_name, words},
    change::ChangePanel,
    outcome::Outcome,
    proof::ProofPanel,
};
use crate::{
    api::{
        WireError,
        deploys::{CancelJob, Deploy, FixDeploy, RollBack, find_deploy, job_log},
        error::not_found,
    },
    live::Live,
    ui::{
        Age, Elapsed, FollowedLog, PageHeader, Panel, PanelSkeleton, ProblemNotice, State, Steps, Submit,
        figures::length_between, loaded_page,
    },
};

/// How many lines of a long log the page begins with.
const FIRST_LINES: u64 = 1_000;

/// A deploy and the lines that its page begins with.
type Found = (DeployDetail, Vec<LogLine>);

async fn find(name: String, number: Option<u32>) -> Result<DeployDetail, WireError> {
    match number {
        Some(number) => find_deploy(app_name(&name)?, number).await,
        None => not_found("deploy"),
    }
}

async fn find_with_log(name: String, number: Option<u32>) -> Result<Found, WireError> {
    let deploy = find(name, number).await?;
    let lines = job_log(deploy.release.job.id.clone(), deploy.log_lines.saturating_sub(FIRST_LINES)).await?;
    Ok((deploy, lines))
}

/// One deploy.
#[component]
pub fn DeployPage() -> impl IntoView {
    let params = use_params_map();
    let name = Memo::new(move |_| params.read().get("name").unwrap_or_default());
    let number = Memo::new(move |_| params.read().get("number").and_then(|number| number.parse::<u32>().ok()));
    // Asked for once with the log; what changes later is asked for without it, the log streams.
    let first = Resource::new(move || (name.get(), number.get()), |(name, number)| find_with_log(name, number));
    let shown = RwSignal::new(None::<Shown>);
    Effect::new(move || shown.set(first.get().and_then(Result::ok).map(Shown::of)));
    let job = Memo::new(move |_| shown.read().as_ref().map(|shown| shown.job.clone()));
    let live = use_context::<Live>();
    let version = Memo::new(move |_| match (live, job.get()) {
        (Some(live), Some(job)) => live.version(&Topic::Job(job)),
        _ => 0,
    });
    let newer = RwSignal::new(None::<DeployDetail>);
    Effect::new(move |before: Option<u64>| {
        let version = version.get();
        if before.is_some_and(|before| before != version) {
            leptos::task::spawn_local(async move {
                if let Ok(deploy) = find(name.get_untracked(), number.get_untracked()).await {
                    newer.set(Some(deploy));
                }
            });
        }
        version
    });
    let log =
        FollowedLog::new(move || shown.get().filter(|shown| !shown.over).map(|shown| (shown.job, shown.last_line)));
    let actions = Actions {
        cancel: ServerAction::new(),
        deploy: ServerAction::new(),
        roll_back: ServerAction::new(),
        fix: ServerAction::new(),
    };
    let page = move |(deploy, lines): Found| {
        let current = Memo::new(move |_| {
            let id = &deploy.release.id;
            newer.get().filter(|newer| newer.release.id == *id).unwrap_or_else(|| deploy.clone())
        });
        move || view! { <Loaded deploy=current.get() lines=lines.clone() log=log actions=actions /> }
    };
    loaded_page(first, || view! { <DeploySkeleton /> }, page)
}

/// What the page began with, for what comes after.
#[derive(Clone, PartialEq, Eq)]
struct Shown {
    job: JobId,
    over: bool,
    last_line: u64,
}

impl Shown {
    fn of((deploy, lines): Found) -> Self {
        let job = deploy.release.job;
        Self { job: job.id, over: job.state.is_final(), last_line: lines.last().map_or(0, |line| line.number) }
    }
}

#[component]
fn DeploySkeleton() -> impl IntoView {
    view! {
        <PageHeader title="Deploy" lead=|| view! { <span class="skeleton" data-size="medium"></span> } />
        <PanelSkeleton rows=8 />
    }
    .into_any()
}

/// What can be done on the page; outlives its redrawing.
#[derive(Clone, Copy)]
struct Actions {
    cancel: ServerAction<CancelJob>,
    deploy: ServerAction<Deploy>,
    roll_back: ServerAction<RollBack>,
    fix: ServerAction<FixDeploy>,
}

#[component]
fn Loaded(deploy: DeployDetail, lines: Vec<LogLine>, log: FollowedLog, actions: Actions) -> impl IntoView {
    let over = deploy.release.job.state.is_final();
    let job = deploy.release.job.clone();
    let steps_took = match (job.started_at, job.finished_at) {
        (Some(from), Some(to)) => view! { <span class="figure muted">{length_between(from, to)}</span> }.into_any(),
        (Some(since), None) => view! { <Elapsed since=since /> }.into_any(),
        _ => ().into_any(),
    };
    let omitted = lines.first().map_or(0, |line| line.number.saturating_sub(1));
    let omitted = (omitted > 0).then(|| view! { <p class="log-tail">{omitted} " earlier lines are not shown."</p> });
    let broken = (job.state == JobState::Failed).then_some("bad");
    let proof = deploy.proof.clone().filter(|proof| proof.sent > 0);
    let change = deploy.change.clone();
    view! {
        <Head deploy=deploy.clone() actions=actions />
        <Refusals actions=actions />
        <Outcome deploy=deploy.clone() fix=actions.fix />
        <div class="split">
            <div class="stack">
                {proof.map(|proof| view! { <ProofPanel proof=proof /> })}
                <section class="panel" aria-label="Steps" data-variant=broken>
                    <header>
                        <h2>"Steps"</h2>
                        {steps_took}
                    </header>
                    {omitted}
                    <Steps steps=deploy.steps.clone() over=over lines=lines log=log />
                </section>
            </div>
            <div class="stack">
                <ChangePanel app=deploy.app.to_string() number=deploy.release.number change=change /> <ReleasePanel deploy=deploy />
            </div>
        </div>
    }
    .into_any()
}

#[component]
fn Head(deploy: DeployDetail, actions: Actions) -> impl IntoView {
    let app = deploy.app.to_string();
    let number = deploy.release.number;
    let (tone, word) = words::of_release(&deploy.release);
    let who = words::by(&deploy.release.trigger).to_owned();
    let at = deploy.release.created_at;
    let above = vec![
        ("/apps".to_owned(), "Apps".to_owned()),
        (format!("/apps/{app}"), app.clone()),
        (format!("/apps/{app}/deploys"), "Deploys".to_owned()),
    ];
    let lead = move || {
        view! {
            <State tone=tone word=word />
            <span>"asked for by " {who} " " <Age at=at /></span>
        }
    };
    let buttons = view! { <Buttons deploy=deploy actions=actions /> }.into_any();
    view! { <PageHeader title=format!("{app}: release {number}") above=above lead=lead actions=Some(buttons) /> }
}

/// Cancel while it runs; roll back when it is live; deploy again when it failed.
#[component]
fn Buttons(deploy: DeployDetail, actions: Actions) -> impl IntoView {
    let app = deploy.app.to_string();
    let job = deploy.release.job.id.to_string();
    let state = deploy.release.job.state;
    let back = |to: u32| {
        let app = app.clone();
        view! {
            <ActionForm action=actions.roll_back>
                <input type="hidden" name="app" value=app />
                <input type="hidden" name="to" value=to.to_string() />
                <Submit label=format!("Roll back to {to}") busy="Rolling back…" pending=actions.roll_back.pending() />
            </ActionForm>
        }
        .into_any()
    };
    let open = || {
        view! {
            <a class="button" href=deploy.url.clone() rel="external noopener" target="_blank">
                "Open"
            </a>
        }
    };
    match state {
        state if !state.is_final() => view! {
            <ActionForm action=actions.cancel>
                <input type="hidden" name="job" value=job />
                <Submit label="Cancel deploy" busy="Cancelling…" variant="danger" pending=actions.cancel.pending() />
            </ActionForm>
        }
        .into_any(),
        JobState::Succeeded if deploy.release.serving => view! {
            {open()}
            {deploy.previous.map(back)}
        }
        .into_any(),
        JobState::Succeeded if deploy.release.kept => back(deploy.release.number),
        JobState::Failed | JobState::Cancelled => view! {
            <ActionForm action=actions.deploy>
                <input type="hidden" name="app" value=app />
                <Submit label="Deploy again" busy="Deploying…" variant="primary" pending=actions.deploy.pending() />
            </ActionForm>
        }
        .into_any(),
        _ => ().into_any(),
    }
}

/// What was refused when something was pressed.
#[component]
fn Refusals(actions: Actions) -> impl IntoView {
    move || {
        let refused = actions.cancel.value().get().and_then(Result::err);
        let refused = refused.or_else(|| actions.deploy.value().get().and_then(Result::err));
        let refused = refused.or_else(|| actions.roll_back.value().get().and_then(Result::err));
        let refused = refused.or_else(|| actions.fix.value().get().and_then(Result::err));
        refused.map(|WireError(problem)| view! { <ProblemNotice problem=problem /> })
    }
}

#[component]
fn ReleasePanel(deploy: DeployDetail) -> impl IntoView {
    use super::super::apps::Fact;
    let (reference, subject) = words::made_from(&deploy.release);
    let author = deploy.release.commit.as_ref().map(|commit| commit.author.clone());
    let switched = deploy.release.switched_at;
    view! {
        <Panel title=format!("Release {}", deploy.release.number)>
            <dl class="facts">
                <Fact name="Made from">
                    <span class="mono">{reference}</span>
                </Fact>
                {subject.map(|subject| view! { <Fact name="Says">{subject}</Fact> })}
                {author.map(|author| view! { <Fact name="Written by">{author}</Fact> })}
                <Fact name="Made">
                    <Age at=deploy.release.created_at />
                </Fact>
                {switched.map(|at| view! {
                    <Fact name="Switched">
                        <Age at=at />
                    </Fact>
                })}
            </dl>
        </Panel>
    }
    .into_any()
}
