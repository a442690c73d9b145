//! Cloudflare Tunnel: its token, how its connector is, and what to enter at Cloudflare.

use homeport_model::{
    event::Topic,
    tunnel::{TunnelFacts, TunnelName, TunnelState, TunnelView},
};
use leptos::{form::ActionForm, prelude::*};

use crate::{
    api::tunnel::{KeepTunnel, RemoveTunnel, find_tunnel},
    live::version,
    pages::apps::{FormProblem, problem_of},
    ui::{
        Age, Code, Field, Notice, PageHeader, Panel, PanelSkeleton, ProblemNotice, State, Submit, Tone,
        ask_for_passkey, loaded, toaster,
    },
};

/// The page below Settings.
#[component]
pub fn TunnelPage() -> impl IntoView {
    let (keep, remove) = (ServerAction::<KeepTunnel>::new(), ServerAction::<RemoveTunnel>::new());
    let (host, domains) = (version(Topic::Host), version(Topic::Domains));
    let answer = Resource::new(
        move || (host.get(), domains.get(), keep.version().get(), remove.version().get()),
        |_| async move { find_tunnel().await },
    );
    let passkey = [ask_for_passkey(keep), ask_for_passkey(remove)];
    let removed = problem_of(move || remove.value().get());
    let above_all = Signal::derive(move || passkey.iter().find_map(|problem| problem.get()).or_else(|| removed.get()));
    let toaster = toaster();
    Effect::new(move || {
        if let Some(Ok(())) = keep.value().get() {
            toaster.say("The token is kept: cloudflared starts");
        }
    });
    let above = vec![("/settings".to_owned(), "Settings".to_owned())];
    view! {
        <PageHeader
            title="Tunnel"
            above=above
            lead=|| "Apps and this panel through Cloudflare, with no open port on this server"
        />
        <div class="stack narrow">
            <FormProblem problem=above_all />
            {loaded(answer, || view! { <PanelSkeleton rows=4 /> }, move |view| {
                view! { <Loaded view=view keep=keep remove=remove /> }
            })}
        </div>
    }
    .into_any()
}

#[component]
fn Loaded(view: TunnelView, keep: ServerAction<KeepTunnel>, remove: ServerAction<RemoveTunnel>) -> impl IntoView {
    let TunnelView { tunnel, state, since, service, image, names } = view;
    let has_one = tunnel.is_some();
    let left_behind = (!has_one && !names.is_empty()).then(|| {
        view! {
            <Notice tone=Tone::Warning title="Names still come in by a tunnel that is not there.">
                <p>"They are served nowhere. Set the tunnel up again, or let them come in directly."</p>
            </Notice>
        }
    });
    let facts = tunnel.map(|facts| view! { <Facts facts=facts state=state since=since image=image remove=remove /> });
    let named = (has_one || !names.is_empty()).then(|| view! { <Names names=names /> });
    let steps = has_one.then(|| view! { <AtCloudflare service=service /> });
    view! {
        {left_behind}
        {facts}
        {steps}
        {named}
        <Token has_one=has_one keep=keep />
    }
    .into_any()
}

const fn tone_of(state: &TunnelState) -> (Tone, &'static str) {
    match state {
        TunnelState::None | TunnelState::Stopped => (Tone::Off, "Stopped"),
        TunnelState::Starting => (Tone::Working, "Starting"),
        TunnelState::Connecting { .. } => (Tone::Working, "Connecting"),
        TunnelState::Connected { .. } => (Tone::Good, "Connected"),
        TunnelState::Trouble { .. } => (Tone::Bad, "In trouble"),
    }
}

#[component]
fn Facts(
    facts: TunnelFacts,
    state: TunnelState,
    since: Option<homeport_model::time::Timestamp>,
    image: String,
    remove: ServerAction<RemoveTunnel>,
) -> impl IntoView {
    let (tone, word) = tone_of(&state);
    let more = match state {
        TunnelState::Connected { connections: 1 } => {
            view! { <p class="muted">"1 connection to Cloudflare; usually there are 4."</p> }.into_any()
        }
        TunnelState::Connected { connections } => {
            view! { <p class="muted">{format!("{connections} connections to Cloudflare.")}</p> }.into_any()
        }
        TunnelState::Connecting { said: Some(words) } => {
            view! { <p>"cloudflared says: " <span class="mono">{words}</span></p> }.into_any()
        }
        TunnelState::Trouble { problem } => view! { <ProblemNotice problem=problem /> }.into_any(),
        _ => ().into_any(),
    };
    view! {
        <Panel title="Tunnel">
            <div class="panel-body stack">
                <p class="cluster">
                    <State tone=tone word=word />
                    {since.map(|since| view! { <span class="muted">"since " <Age at=since /></span> })}
                </p>
                {more}
            </div>
            <dl class="facts">
                <div>
                    <dt>"Tunnel"</dt>
                    <dd class="mono">{facts.id.to_string()}</dd>
                </div>
                <div>
                    <dt>"Token"</dt>
                    <dd>"kept sealed; given by " {facts.added_by} " " <Age at=facts.added_at /></dd>
                </div>
                <div>
                    <dt>"Runs"</dt>
                    <dd class="mono">{image}</dd>
                </div>
            </dl>
            <footer>
                <ActionForm action=remove>
                    <Submit label="Remove the tunnel" busy="Removing…" variant="quiet" pending=remove.pending() />
                </ActionForm>
                <p class="muted">"Names that come in by it are then served nowhere, until you let them come in directly. It stays while people open this panel by it."</p>
            </footer>
        </Panel>
    }
    .into_any()
}

/// What is left to do there.
#[component]
fn AtCloudflare(service: String) -> impl IntoView {
    view! {
        <Panel title="At Cloudflare">
            <div class="panel-body stack">
                <ol class="stack">
                    <li>"Open Networks, Tunnels, this tunnel, Public hostnames, and add the name that people type."</li>
                    <li>
                        "Give it this service. It is the same for every name:"
                        <Code text=service what="the service" />
                    </li>
                    <li>
                        "Under SSL/TLS, Edge Certificates, switch on Always Use HTTPS. Without it Cloudflare takes visitors by http, too; Homeport leads them to https, and what they sent with the first request has been in clear."
                    </li>
                    <li>
                        "Here, on the name's own page (for the panel itself: " <a href="/settings/panel">"Panel domain"</a>
                        "), let the name come in through the tunnel."
                    </li>
                </ol>
                <p class="muted">
                    "A name that comes in through the tunnel is not answered at this server's own ports, so that nobody walks around Cloudflare Access. Other names of the same app still are, until you switch them, too."
                </p>
            </div>
        </Panel>
    }
    .into_any()
}

#[component]
fn Names(names: Vec<TunnelName>) -> impl IntoView {
    if names.is_empty() {
        return view! {
            <Panel title="Names">
                <div class="panel-body">
                    <p class="muted">"No name comes in by it yet."</p>
                </div>
            </Panel>
        }
        .into_any();
    }
    let rows = names
        .into_iter()
        .map(|TunnelName { name, app }| {
            let (href, whose) = match app {
                Some(app) => (format!("/apps/{app}/domains"), app.to_string()),
                None => ("/settings/panel".to_owned(), "this panel".to_owned()),
            };
            view! {
                <tr>
                    <th scope="row" data-cell="name">
                        <a class="mono" href=format!("/domains/{}", name.in_path())>
                            {name.to_string()}
                        </a>
                    </th>
                    <td data-cell="end">
                        <a href=href>{whose}</a>
                    </td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <Panel title="Names">
            <table class="table">
                <caption class="visually-hidden">"Names that come in through the tunnel"</caption>
                <tbody>{rows}</tbody>
            </table>
        </Panel>
    }
    .into_any()
}

#[component]
fn Token(has_one: bool, keep: ServerAction<KeepTunnel>) -> impl IntoView {
    // What the passkey dialog asks about is no problem of the field.
    let problem = problem_of(move || keep.value().get());
    let (title, label) =
        if has_one { ("Another token", "Replace the token") } else { ("Set up the tunnel", "Keep it and connect") };
    let empty = (!has_one).then(|| {
        view! {
            <p>
                "At Cloudflare, open Networks, Tunnels, create a tunnel with the connector cloudflared, and copy the command that it shows. Do not run it: Homeport runs cloudflared itself."
            </p>
        }
    });
    view! {
        <Panel title=title>
            <ActionForm action=keep>
                <div class="panel-body form">
                    {empty}
                    <FormProblem problem=problem />
                    <Field
                        label="Token"
                        name="form[token]"
                        key="token"
                        placeholder="eyJ…"
                        hint="The token, or the whole command with it. It is kept sealed and not shown again."
                        problem=problem
                        mono=true
                        kind="password"
                    />
                </div>
                <footer>
                    <Submit label=label busy="Keeping…" variant="primary" pending=keep.pending() />
                </footer>
            </ActionForm>
        </Panel>
    }
    .into_any()
}
