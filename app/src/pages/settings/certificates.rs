//! Where certificates are ordered, what is planned for each name, and what was tried.

pub mod form;
pub mod tables;

use homeport_model::{
    certificate::settings::{AcmeView, Agreed, DirectoryFacts},
    event::Topic,
    problem::Problem,
};
use leptos::{form::ActionForm, prelude::*};

use crate::{
    api::certificates::{IssueNow, SetAcme, TryStaging, read_acme},
    live::version,
    pages::apps::{FormProblem, problem_of},
    ui::{Age, Notice, PageHeader, Panel, PanelSkeleton, ProblemNotice, Submit, Tone, loaded, toaster},
};
use form::SettingsForm;
use tables::{Ledger, Names};

/// The page below Settings.
#[component]
pub fn CertificatesPage() -> impl IntoView {
    let set = ServerAction::<SetAcme>::new();
    let issue = ServerAction::<IssueNow>::new();
    let try_it = ServerAction::<TryStaging>::new();
    let live = version(Topic::Host);
    let answer = Resource::new(
        move || (live.get(), set.version().get(), issue.version().get(), try_it.version().get()),
        |_| async move { read_acme().await },
    );
    let toaster = toaster();
    Effect::new(move || {
        if let Some(Ok(())) = set.value().get() {
            toaster.say("The account is there");
        }
    });
    Effect::new(move || {
        if let Some(Ok(_)) = issue.value().get() {
            toaster.say("Ordered; this page follows");
        }
    });
    let kept = problem_of(move || set.value().get());
    let issued = problem_of(move || issue.value().get());
    let tried = problem_of(move || try_it.value().get());
    // A row has no fields to stand beside.
    let of_row = Signal::derive(move || {
        let problem: Option<Problem> = issued.get().or_else(|| tried.get());
        problem.map(|problem| Problem { field: None, ..problem })
    });
    let trial = move || {
        let trial = try_it.value().get().and_then(Result::ok)?;
        let domain = trial.domain;
        Some(match trial.problem {
            None => view! { <Notice tone=Tone::Good title=format!("Staging issued a certificate for {domain}; it was thrown away.") /> }.into_any(),
            Some(problem) => view! { <ProblemNotice problem=problem /> }.into_any(),
        })
    };
    let above = vec![("/settings".to_owned(), "Settings".to_owned())];
    view! {
        <PageHeader title="Certificates" above=above lead=|| "Who issues them, and when the next ones come" />
        <div class="stack">
            <FormProblem problem=of_row />
            {trial}
            {loaded(answer, || view! { <PanelSkeleton rows=4 /> }, move |view| view! { <Loaded view=view set=set issue=issue try_it=try_it problem=kept /> })}
        </div>
    }
    .into_any()
}

#[component]
fn Loaded(
    view: AcmeView,
    set: ServerAction<SetAcme>,
    issue: ServerAction<IssueNow>,
    try_it: ServerAction<TryStaging>,
    problem: Signal<Option<Problem>>,
) -> impl IntoView {
    let AcmeView { form, usual, directory, facts, agreed, account_since, plans, attempts } = view;
    let authority = directory.authority().to_owned();
    let may_order = agreed.is_some();
    let (known, unknown) = match facts {
        Ok(facts) => (facts, None),
        Err(problem) => (DirectoryFacts::default(), Some(problem)),
    };
    let terms = known.terms.clone();
    let needs_binding = known.needs_binding;
    let profiles = known.profiles.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>().join(", ");
    let begin = (!may_order).then(|| view! { <Begin authority=authority.clone() terms=terms.clone() set=set problem=problem needs_binding=needs_binding /> });
    let account = agreed.map(|agreed| {
        view! { <Account authority=authority.clone() host=directory.host().to_owned() agreed=agreed facts=known.clone() since=account_since /> }
    });
    view! {
        {unknown.map(|problem| view! { <ProblemNotice problem=problem /> })}
        {begin}
        {account}
        <Names rows=plans may_order=may_order issue=issue try_it=try_it />
        <Ledger rows=attempts />
        <SettingsForm form=form usual=usual.authority().to_owned() authority=authority terms=terms profiles=profiles set=set problem=problem />
    }
    .into_any()
}

/// Nothing is ordered before somebody agreed.
#[component]
fn Begin(
    authority: String,
    terms: Option<String>,
    set: ServerAction<SetAcme>,
    problem: Signal<Option<Problem>>,
    needs_binding: bool,
) -> impl IntoView {
    let said = format!(
        "Homeport orders a certificate for every public name and renews it by itself, once you agree to the terms of {authority}."
    );
    let button = if needs_binding {
        view! { <p class="muted">"It wants a key of your account there first: type it below."</p> }.into_any()
    } else {
        view! {
            <ActionForm action=set>
                <input type="hidden" name="form[directory]" value="usual" />
                <input type="hidden" name="form[agree]" value="yes" />
                <Submit label="Agree and begin" busy="Making an account…" variant="primary" pending=set.pending() />
            </ActionForm>
        }
        .into_any()
    };
    view! {
        <Panel title="Nothing is ordered yet">
            <div class="panel-body stack">
                <p>{said}</p>
                {terms.map(|terms| view! { <p><a href=terms rel="noreferrer">"Read the terms"</a></p> })}
                <FormProblem problem=problem />
                {button}
            </div>
        </Panel>
    }
    .into_any()
}

#[component]
fn Account(
    authority: String,
    host: String,
    agreed: Agreed,
    facts: DirectoryFacts,
    since: Option<homeport_model::time::Timestamp>,
) -> impl IntoView {
    let fact = |name: &'static str, value: AnyView| view! { <div><dt>{name}</dt><dd>{value}</dd></div> };
    let terms =
        agreed.terms.map(|terms| fact("Terms", view! { <a href=terms rel="noreferrer">"as agreed to"</a> }.into_any()));
    let profiles: Vec<String> = facts.profiles.into_iter().map(|(name, _)| name).collect();
    let profiles = if profiles.is_empty() { "none".to_owned() } else { profiles.join(", ") };
    let renewal =
        if facts.renewal_info { "when it says so; asked twice a day" } else { "with a third of their life left" };
    view! {
        <Panel title="Account">
            <dl class="facts">
                {fact("With", view! { {authority} " " <span class="muted mono">{host}</span> }.into_any())}
                {since.map(|since| fact("Since", view! { <Age at=since /> }.into_any()))}
                {fact("Agreed by", view! { {agreed.by} ", " <Age at=agreed.at /> }.into_any())}
                {terms}
                {fact("Renewed", renewal.into_any())}
                {fact("Profiles", view! { <span class="mono">{profiles}</span> }.into_any())}
            </dl>
        </Panel>
    }
    .into_any()
}
