//! Who sees to the certificate of a domain, when the next one comes, and what can be asked for.

use homeport_model::{
    certificate::{
        plan::Why,
        settings::{PlanForm, PlanRow},
    },
    event::Topic,
    name::DomainName,
    problem::Problem,
};
use leptos::{form::ActionForm, prelude::*};

use crate::{
    api::certificates::{IssueNow, RevokeCertificate, SetPlan, TryStaging, read_plan},
    live::version,
    pages::apps::{FormProblem, problem_of},
    ui::{Age, Field, Notice, Panel, PanelSkeleton, ProblemNotice, Select, Submit, Tone, ask_for_passkey, loaded},
};

/// What the panel does.
#[derive(Clone, Copy)]
struct Actions {
    set: ServerAction<SetPlan>,
    issue: ServerAction<IssueNow>,
    try_it: ServerAction<TryStaging>,
    revoke: ServerAction<RevokeCertificate>,
}

/// The panel.
#[component]
pub fn PlanPanel(
    /// The domain.
    domain: DomainName,
) -> impl IntoView {
    let (set, issue, try_it, revoke) =
        (ServerAction::new(), ServerAction::new(), ServerAction::new(), ServerAction::<RevokeCertificate>::new());
    let actions = Actions { set, issue, try_it, revoke };
    let passkey = ask_for_passkey(revoke);
    let live = version(Topic::Host);
    let done = move || {
        (set.version().get(), issue.version().get(), try_it.version().get(), revoke.version().get(), live.get())
    };
    let asked = domain.clone();
    let answer = Resource::new(done, move |_| {
        let domain = asked.clone();
        async move { read_plan(domain).await }
    });
    let kept = problem_of(move || set.value().get());
    let (issued, tried) = (problem_of(move || issue.value().get()), problem_of(move || try_it.value().get()));
    let revoked = problem_of(move || revoke.value().get());
    let of_button = Signal::derive(move || {
        let problem: Option<Problem> = passkey.get().or(issued.get()).or(tried.get()).or(revoked.get());
        problem.map(|problem| Problem { field: None, ..problem })
    });
    let trial = move || {
        let trial = try_it.value().get().and_then(Result::ok)?;
        Some(match trial.problem {
            None => view! { <Notice tone=Tone::Good title="Staging issued a certificate; it was thrown away." /> }
                .into_any(),
            Some(problem) => view! { <ProblemNotice problem=problem /> }.into_any(),
        })
    };
    view! {
        <FormProblem problem=of_button />
        {trial}
        {loaded(answer, || view! { <PanelSkeleton rows=2 /> }, move |row| view! { <Loaded row=row actions=actions problem=kept /> })}
    }
    .into_any()
}

#[component]
fn Loaded(row: PlanRow, actions: Actions, problem: Signal<Option<Problem>>) -> impl IntoView {
    let PlanRow { plan, why_not, next_at, not_after } = row;
    let form = PlanForm {
        policy: plan.policy.as_str().to_owned(),
        profile: plan.profile.as_ref().map(ToString::to_string).unwrap_or_default(),
        challenge: plan.challenge.as_str().to_owned(),
    };
    let (policy, challenge) = (RwSignal::new(form.policy), RwSignal::new(form.challenge));
    let domain = plan.domain.to_string();
    let said = match why_not {
        Some(Why::NotAutomatic) => Some("Homeport orders none for this name."),
        Some(Why::Local) => Some("A name for private networks: no public authority issues for it."),
        Some(Why::Covered) => Some("The certificate of a wildcard serves it."),
        Some(Why::Tunnel) => Some("It comes in by the tunnel: visitors see Cloudflare's certificate."),
        None => None,
    };
    let next = next_at.map(|at| view! { <p class="muted">"The next one: " <Age at=at /></p> });
    let may_order = matches!(why_not, None | Some(Why::Covered));
    let (held, shown) = (not_after.is_some(), domain.clone());
    view! {
        <Panel title="Renewal">
            <div class="panel-body stack">
                {plan.problem.map(|problem| view! { <ProblemNotice problem=problem /> })}
                {said.map(|said| view! { <p class="muted">{said}</p> })}
                {next}
                {may_order.then(|| view! { <Buttons domain=shown actions=actions may_revoke=held /> })}
            </div>
            <ActionForm action=actions.set>
                <div class="panel-body form">
                    <FormProblem problem=problem />
                    <input type="hidden" name="domain" value=domain />
                    <Select
                        label="Who sees to it"
                        name="form[policy]"
                        options=vec![("automatic", "Homeport"), ("own", "I do"), ("none", "Nobody")]
                        chosen=policy
                    />
                    <Select
                        label="Shown to be yours by"
                        name="form[challenge]"
                        options=vec![("http-01", "A file at port 80 (HTTP-01)"), ("dns-01", "A record in DNS (DNS-01)")]
                        chosen=challenge
                        hint="Wildcards need DNS-01, with a DNS provider in Settings."
                    />
                    <Field
                        label="Profile"
                        name="form[profile]"
                        key="profile"
                        value=form.profile
                        hint="Empty: the one of Settings, under Certificates."
                        problem=problem
                        mono=true
                        optional=true
                    />
                </div>
                <footer>
                    <Submit label="Keep" pending=actions.set.pending() />
                    <p class="muted">
                        <a href="/settings/certificates">"The authority and all names"</a>
                    </p>
                </footer>
            </ActionForm>
        </Panel>
    }
    .into_any()
}

#[component]
fn Buttons(domain: String, actions: Actions, may_revoke: bool) -> impl IntoView {
    let (ordered, tried) = (domain.clone(), domain.clone());
    let Actions { issue, try_it, revoke, .. } = actions;
    let reasons = [
        ("superseded", "There is a newer one"),
        ("key_compromise", "Somebody else has its key"),
        ("affiliation_changed", "The name is another's now"),
        ("cessation", "The site is no more"),
    ];
    let reasons = reasons.map(|(value, words)| view! { <option value=value>{words}</option> });
    let revocation = may_revoke.then(|| {
        view! {
            <details class="disclosure">
                <summary>"Revoke it"</summary>
                <ActionForm action=revoke>
                    <input type="hidden" name="domain" value=domain />
                    <div class="field">
                        <label for="reason">"Why"</label>
                        <select id="reason" name="reason">
                            {reasons.collect_view()}
                        </select>
                    </div>
                    <Submit label="Revoke" variant="danger" pending=revoke.pending() />
                </ActionForm>
            </details>
        }
    });
    view! {
        <div class="cluster">
            <ActionForm action=issue>
                <input type="hidden" name="domain" value=ordered />
                <Submit label="Order now" busy="Asking…" pending=issue.pending() />
            </ActionForm>
            <ActionForm action=try_it>
                <input type="hidden" name="domain" value=tried />
                <Submit label="Try with staging" busy="Trying…" variant="quiet" pending=try_it.pending() />
            </ActionForm>
        </div>
        {revocation}
    }
    .into_any()
}
