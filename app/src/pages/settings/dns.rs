//! Who publishes DNS records for a zone, so that wildcards and servers that nobody reaches can prove
//! their names.

use homeport_model::{
    domain::dns_provider::{DnsProviderKind, DnsProviderRow, TsigHash},
    event::Topic,
    problem::Problem,
};
use leptos::{form::ActionForm, prelude::*};
use leptos_router::hooks::use_query_map;

use crate::{
    api::dns_providers::{ForgetDnsProvider, KeepDnsProvider, TryDnsProvider, list_dns_providers},
    live::version,
    pages::apps::{FormProblem, problem_of},
    ui::{Age, Column, Field, Notice, PageHeader, Panel, PanelSkeleton, Submit, Table, Tone, loaded, toaster},
};

/// The page below Settings.
#[component]
pub fn DnsProvidersPage() -> impl IntoView {
    let query = use_query_map();
    let kind = Memo::new(move |_| {
        let word = query.read().get("kind").unwrap_or_default();
        DnsProviderKind::from_word(&word).unwrap_or(DnsProviderKind::Cloudflare)
    });
    let keep = ServerAction::<KeepDnsProvider>::new();
    let forget = ServerAction::<ForgetDnsProvider>::new();
    let try_it = ServerAction::<TryDnsProvider>::new();
    let live = version(Topic::Account);
    let rows = Resource::new(
        move || (live.get(), keep.version().get(), forget.version().get(), try_it.version().get()),
        |_| async move { list_dns_providers().await },
    );
    let toaster = toaster();
    Effect::new(move || {
        if let Some(Ok(())) = keep.value().get() {
            toaster.say("It publishes records");
        }
    });
    let kept = problem_of(move || keep.value().get());
    let tried = problem_of(move || try_it.value().get());
    let forgotten = problem_of(move || forget.value().get());
    // A row has no fields to stand beside.
    let of_row = Signal::derive(move || {
        let problem: Option<Problem> = tried.get().or_else(|| forgotten.get());
        problem.map(|problem| Problem { field: None, ..problem })
    });
    let works = move || {
        let zone = try_it.value().get().and_then(Result::ok)?;
        Some(view! { <Notice tone=Tone::Good title=format!("A record of {zone} was published and taken back.") /> })
    };
    let choices = DnsProviderKind::ALL
        .map(|choice| {
            view! {
                <li>
                    <a
                        href=format!("/settings/dns?kind={}", choice.as_str())
                        aria-current=move || (kind.get() == choice).then_some("true")
                    >
                        <b>{choice.name()}</b>
                    </a>
                </li>
            }
        })
        .into_iter()
        .collect_view();
    let above = vec![("/settings".to_owned(), "Settings".to_owned())];
    view! {
        <PageHeader title="DNS providers" above=above lead=|| "Who publishes the record that proves a name" />
        <div class="stack narrow">
            <FormProblem problem=of_row />
            {works}
            {loaded(rows, || view! { <PanelSkeleton rows=2 /> }, move |rows| view! { <List rows=rows forget=forget try_it=try_it /> })}
            <nav aria-label="Who answers for the zone">
                <ul class="choices">{choices}</ul>
            </nav>
            <Panel title="Add a provider">
                <ActionForm action=keep>
                    <div class="panel-body form">
                        <FormProblem problem=kept />
                        <input type="hidden" name="form[kind]" value=move || kind.get().as_str() />
                        <Field
                            label="Zone"
                            name="form[zone]"
                            key="zone"
                            placeholder="example.com"
                            hint="The domain as the provider has it. It serves every name in it."
                            problem=kept
                            mono=true
                        />
                        {move || view! { <KindFields kind=kind.get() problem=kept /> }}
                    </div>
                    <footer>
                        <Submit label="Try and keep it" busy="Asking…" variant="primary" pending=keep.pending() />
                        <p class="muted">"Kept once it has published a harmless record, _homeport-test, and taken it back."</p>
                    </footer>
                </ActionForm>
            </Panel>
        </div>
    }
    .into_any()
}

#[component]
fn KindFields(kind: DnsProviderKind, problem: Signal<Option<Problem>>) -> impl IntoView {
    let token = view! {
        <Field
            label=if kind == DnsProviderKind::Rfc2136 { "Secret" } else { "Token" }
            name="form[token]"
            key="token"
            hint=kind.token_hint()
            problem=problem
            mono=true
            kind="password"
        />
    };
    match kind {
        DnsProviderKind::Rfc2136 => view! {
            <Field
                label="Server"
                name="form[server]"
                key="server"
                placeholder="ns1.example.com"
                hint="The zone's primary server, with a port when it is not 53."
                problem=problem
                mono=true
            />
            <div class="split" data-variant="even">
                <Field label="Key" name="form[key_name]" key="key_name" placeholder="homeport" problem=problem mono=true />
                <div class="field">
                    <label for="hash">"Hash"</label>
                    <select id="hash" name="form[hash]">
                        {TsigHash::ALL.map(|hash| view! { <option value=hash.as_str()>{hash.as_str()}</option> }).collect_view()}
                    </select>
                </div>
            </div>
            {token}
        }
        .into_any(),
        DnsProviderKind::Http => view! {
            <Field
                label="Address"
                name="form[url]"
                key="url"
                placeholder="https://dns.example.net/acme"
                hint="Gets a POST for each change. Only addresses of the internet are asked."
                problem=problem
                mono=true
                inputmode="url"
            />
            {token}
            <p class="muted">
                "It gets " <code>r#"{"action": "present", "fqdn": "_acme-challenge.example.com.", "value": "…"}"#</code>
                ", later the same with " <code>"cleanup"</code> ", and answers with a status from 200 to 299 once that is done. Other values of the name stay."
            </p>
        }
        .into_any(),
        _ => token.into_any(),
    }
}

#[component]
fn List(
    rows: Vec<DnsProviderRow>,
    forget: ServerAction<ForgetDnsProvider>,
    try_it: ServerAction<TryDnsProvider>,
) -> impl IntoView {
    if rows.is_empty() {
        return view! {
            <Panel title="Kept">
                <div class="panel-body">
                    <p class="muted">
                        "None yet. Names that lead to this server need none; certificates for wildcards (*.example.com) do."
                    </p>
                </div>
            </Panel>
        }
        .into_any();
    }
    let rows = rows.into_iter().map(|row| view! { <Row row=row forget=forget try_it=try_it /> }).collect_view();
    view! {
        <Panel title="Kept">
            <Table columns=[
                Column::text("Zone"),
                Column::text("Provider"),
                Column::text("Worked"),
                Column::unseen("Actions"),
            ]>{rows}</Table>
        </Panel>
    }
    .into_any()
}

#[component]
fn Row(
    row: DnsProviderRow,
    forget: ServerAction<ForgetDnsProvider>,
    try_it: ServerAction<TryDnsProvider>,
) -> impl IntoView {
    let DnsProviderRow { zone, settings, last_ok_at, problem, .. } = row;
    let zone = zone.to_string();
    let (tried, forgotten) = (zone.clone(), zone.clone());
    let reached = settings.to_string();
    let reached = (!reached.is_empty()).then(|| view! { <p class="muted">{reached}</p> });
    let problem = problem.map(|problem| view! { <p class="field-error">{problem}</p> });
    view! {
        <tr>
            <th scope="row" data-cell="name" class="mono">
                {zone}
            </th>
            <td data-cell="note">{settings.kind().name()} {reached} {problem}</td>
            <td data-cell="end">
                {match last_ok_at {
                    Some(at) => view! { <Age at=at /> }.into_any(),
                    None => view! { <span class="muted">"never"</span> }.into_any(),
                }}
            </td>
            <td data-cell="act">
                <div class="cluster">
                    <ActionForm action=try_it>
                        <input type="hidden" name="zone" value=tried />
                        <Submit label="Try" variant="quiet" size="small" pending=try_it.pending() />
                    </ActionForm>
                    <ActionForm action=forget>
                        <input type="hidden" name="zone" value=forgotten />
                        <Submit label="Forget" variant="quiet" size="small" pending=forget.pending() />
                    </ActionForm>
                </div>
            </td>
        </tr>
    }
    .into_any()
}
