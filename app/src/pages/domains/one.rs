//! One domain: its certificate, and what its visitors are really served.

pub mod bring;
pub mod certificate;
pub mod dns;
pub mod looks;
pub mod plan;
pub mod stop;
pub mod way;

use homeport_model::{
    certificate::{CertificateSource, DomainView, LeadsTo, served::Severity},
    event::Topic,
    name::DomainName,
    problem::Problem,
};
use leptos::{form::ActionForm, prelude::*};
use leptos_router::hooks::use_params_map;

use crate::{
    api::{
        certificates::{KeepOwnCertificate, LookAtDomain, SelfSign, StopUsingCertificate, find_domain},
        domains::SetWayIn,
        error::not_found,
    },
    live::version,
    pages::apps::{FormProblem, problem_of},
    ui::{Age, Notice, PageHeader, PanelSkeleton, State, Submit, Tone, ask_for_passkey, loaded_page, toaster},
};
use bring::{Bring, Files, SelfSigned};
use certificate::{CertificatePanel, EarlierPanel};
use dns::DnsPanel;
use looks::Looks;
use plan::PlanPanel;
use stop::StopPanel;
use way::WayPanel;

/// What the page does.
#[derive(Clone, Copy)]
pub struct Actions {
    look: ServerAction<LookAtDomain>,
    keep: ServerAction<KeepOwnCertificate>,
    sign: ServerAction<SelfSign>,
    stop: ServerAction<StopUsingCertificate>,
    way: ServerAction<SetWayIn>,
    /// What went wrong with the passkey that a certificate of one's own asks for.
    passkey: RwSignal<Option<Problem>>,
    /// The same for using one no more.
    passkey_to_stop: RwSignal<Option<Problem>>,
}

/// The page.
#[component]
pub fn DomainPage() -> impl IntoView {
    let (look, keep, sign, stop) =
        (ServerAction::new(), ServerAction::new(), ServerAction::new(), ServerAction::<StopUsingCertificate>::new());
    let (passkey, passkey_to_stop) = (ask_for_passkey(keep), ask_for_passkey(stop));
    let way = ServerAction::new();
    let actions = Actions { look, keep, sign, stop, way, passkey, passkey_to_stop };
    let params = use_params_map();
    let name = Memo::new(move |_| params.read().get("name").unwrap_or_default());
    let live = version(Topic::Host);
    let done = move || {
        let certificate = (keep.version().get(), sign.version().get(), stop.version().get());
        (look.version().get(), certificate, way.version().get())
    };
    let answer = Resource::new(
        move || (name.get(), live.get(), done()),
        |(name, ..)| async move {
            match DomainName::from_path(&name) {
                Some(domain) => find_domain(domain).await,
                None => not_found("domain"),
            }
        },
    );
    let toaster = toaster();
    Effect::new(move || {
        if let Some(Ok(())) = keep.value().get() {
            toaster.say("The certificate is in use");
        }
    });
    Effect::new(move || {
        if let Some(Ok(())) = sign.value().get() {
            toaster.say("The certificate is made and in use");
        }
    });
    Effect::new(move || {
        if let Some(Ok(())) = stop.value().get() {
            toaster.say("The certificate is used no more");
        }
    });
    loaded_page(answer, || view! { <Skeleton /> }, move |view| view! { <Loaded view=view actions=actions /> })
}

#[component]
fn Skeleton() -> impl IntoView {
    view! {
        <PageHeader title="Domain" lead=|| view! { <span class="skeleton" data-size="medium"></span> } />
        <PanelSkeleton rows=4 />
    }
    .into_any()
}

/// How bad something is, as the pages colour it.
const fn tone_of(severity: Severity) -> Tone {
    match severity {
        Severity::Note => Tone::Off,
        Severity::Unknown => Tone::Unknown,
        Severity::Warning => Tone::Warning,
        Severity::Bad => Tone::Bad,
    }
}

#[component]
fn Loaded(view: DomainView, actions: Actions) -> impl IntoView {
    let DomainView {
        domain,
        leads_to,
        way,
        tunnel,
        certificate,
        note,
        verdict,
        alerts,
        looks,
        stopping,
        earlier,
        dns,
        https_port,
        now,
        ..
    } = view;
    let by_tunnel = tunnel.on;
    let (tone, sentence) = match verdict {
        _ if by_tunnel && tunnel.id.is_none() => (Tone::Bad, "The tunnel that it comes in by is gone".to_owned()),
        _ if by_tunnel => (Tone::Good, "Comes in through the tunnel".to_owned()),
        // What is as meant is good news only where there is a certificate.
        Some((Severity::Note, words)) if certificate.is_some() => (Tone::Good, words),
        Some((severity, words)) => (tone_of(severity), words),
        None => (Tone::Unknown, "Not looked at yet".to_owned()),
    };
    let seen = looks.first().map(|look| look.served.at).filter(|_| !by_tunnel);
    let app = if let LeadsTo::App { name } = &leads_to { Some(name.clone()) } else { None };
    let (href, to) = match &leads_to {
        LeadsTo::Panel => ("/settings/panel".to_owned(), "this panel".to_owned()),
        LeadsTo::App { name } => (format!("/apps/{name}"), name.to_string()),
        LeadsTo::Below { names } => (
            names.first().map_or_else(|| "/apps".to_owned(), |name| format!("/domains/{name}")),
            names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        ),
    };
    let lead = move || {
        view! {
            <State tone=tone word=sentence />
            <span>
                "leads to " <a href=href>{to}</a> {seen.map(|at| view! { " · seen " <Age at=at /> })}
            </span>
        }
    };
    let asked = problem_of(move || actions.look.value().get());
    let shown = domain.to_string();
    let again = view! {
        <ActionForm action=actions.look>
            <input type="hidden" name="domain" value=shown />
            <Submit label="Look again" busy="Looking…" pending=actions.look.pending() />
        </ActionForm>
    };
    let alerts = alerts
        .into_iter()
        .map(|alert| {
            view! {
                <Notice tone=tone_of(alert.severity) title=alert.words>
                    <p>{alert.cause}</p>
                </Notice>
            }
        })
        .collect_view();
    let source = certificate.as_ref().map(|row| row.source);
    let stopping = stopping.zip(source).map(|(stopping, source)| {
        view! { <StopPanel domain=domain.clone() source=source stopping=stopping actions=actions /> }
    });
    let may_sign = certificate.as_ref().is_none_or(|row| row.source == CertificateSource::SelfSigned);
    view! {
        <PageHeader
            title=domain.to_string()
            above=vec![("/domains".to_owned(), "Domains".to_owned())]
            lead=lead
            actions=Some(again.into_any())
        />
        <FormProblem problem=asked />
        {alerts}
        <WayPanel domain=domain.to_string() way=way tunnel=tunnel.clone() app=app act=actions.way />
        {(!by_tunnel).then(|| view! {
            <CertificatePanel domain=domain.clone() row=certificate note=note now=now />
            {stopping}
            <PlanPanel domain=domain.clone() />
        })}
        <DnsPanel check=dns tunnel=tunnel />
        {(!by_tunnel).then(|| view! {
            <Looks looks=looks https_port=https_port now=now />
            <div class="split" data-variant="even">
                <Bring domain=domain.clone() actions=actions />
                <div class="stack">
                    <Files domain=domain.clone() />
                    {may_sign.then(|| view! { <SelfSigned domain=domain.clone() actions=actions /> })}
                    <EarlierPanel earlier=earlier />
                </div>
            </div>
        })}
    }
    .into_any()
}
