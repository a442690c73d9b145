//! The panel's own names: the one in use, and how far a new one is.

use homeport_model::{
    event::Topic,
    panel_domain::{PanelNameRow, PartState, RehearsalPart, RehearsalStep},
    tunnel::WayIn,
};
use leptos::{form::ActionForm, prelude::*};

use crate::{
    api::panel_domain::{GoToPanelName, LeavePanelName, SetPanelWayIn, TryPanelName, list_panel_names},
    live::version,
    pages::{
        apps::{FormProblem, problem_of},
        domains::tab::WAYS,
    },
    ui::{
        Age, Code, Field, Notice, PageHeader, Panel, PanelSkeleton, Select, State, Submit, Tag, Tone, ask_for_passkey,
        loaded,
    },
};

/// The page below Settings.
#[component]
pub fn PanelDomainPage() -> impl IntoView {
    let try_name = ServerAction::<TryPanelName>::new();
    let go_to = ServerAction::<GoToPanelName>::new();
    let leave = ServerAction::<LeavePanelName>::new();
    let set_way = ServerAction::<SetPanelWayIn>::new();
    let (account, host) = (version(Topic::Account), version(Topic::Host));
    let rows = Resource::new(
        move || (account.get(), host.get(), try_name.version().get(), leave.version().get(), set_way.version().get()),
        |_| async move { list_panel_names().await },
    );
    let refused = [ask_for_passkey(try_name), ask_for_passkey(go_to), ask_for_passkey(leave), ask_for_passkey(set_way)];
    let tried = problem_of(move || try_name.value().get());
    let went = problem_of(move || go_to.value().get());
    let left = problem_of(move || leave.value().get());
    let switched = problem_of(move || set_way.value().get());
    let way = RwSignal::new("direct".to_owned());
    let of_rows = Signal::derive(move || {
        refused
            .iter()
            .find_map(|refused| refused.get())
            .or_else(|| went.get())
            .or_else(|| left.get())
            .or_else(|| switched.get())
    });
    let link = move || {
        let link = go_to.value().get().and_then(Result::ok)?;
        Some(view! {
            <Notice tone=Tone::Good title="Open this link within 15 minutes. It works once.">
                <Code text=link what="the link" />
                <p class="muted">"You make a passkey there; from then on the panel's links carry the new name."</p>
            </Notice>
        })
    };
    let above = vec![("/settings".to_owned(), "Settings".to_owned())];
    view! {
        <PageHeader title="Panel domain" above=above lead=|| "Under which names this panel is opened" />
        <div class="stack narrow">
            <FormProblem problem=of_rows />
            {link}
            {loaded(rows, || view! { <PanelSkeleton rows=4 /> }, move |rows| {
                rows.into_iter().map(|row| view! { <Name row=row go_to=go_to leave=leave set_way=set_way /> }).collect_view()
            })}
            <Panel title="Give the panel a name">
                <ActionForm action=try_name>
                    <div class="panel-body form">
                        <FormProblem problem=tried />
                        <Field
                            label="Host name"
                            name="form[name]"
                            key="panel_name"
                            placeholder="panel.example.com"
                            hint="One of its own, not one of an app: apps on the same name could ask for its passkeys."
                            problem=tried
                            mono=true
                        />
                        <Select label="Way in" name="form[way]" options=WAYS.into() chosen=way />
                    </div>
                    <footer>
                        <Submit label="Rehearse it" busy="Asking…" variant="primary" pending=try_name.pending() />
                        <p class="muted">
                            "A passkey belongs to the name where it was made, for ever: everybody makes a new one under a new name. The names of now go on working."
                        </p>
                    </footer>
                </ActionForm>
            </Panel>
        </div>
    }
    .into_any()
}

#[component]
fn Name(
    row: PanelNameRow,
    go_to: ServerAction<GoToPanelName>,
    leave: ServerAction<LeavePanelName>,
    set_way: ServerAction<SetPanelWayIn>,
) -> impl IntoView {
    let PanelNameRow { host, url, primary, configured, added, passkeys, steps, ready, way } = row;
    let counted = match passkeys {
        0 => "no passkey belongs to it".to_owned(),
        1 => "1 passkey belongs to it".to_owned(),
        many => format!("{many} passkeys belong to it"),
    };
    let origin = match added {
        Some((by, at)) => view! { "given by " {by} " " <Age at=at /> }.into_any(),
        None => "from the configuration; it stays".into_any(),
    };
    let steps = (!steps.is_empty()).then(|| {
        let rows = steps.into_iter().map(|step| view! { <Step step=step /> }).collect_view();
        view! {
            <table class="table">
                <caption class="visually-hidden">"Rehearsal"</caption>
                <tbody>{rows}</tbody>
            </table>
        }
    });
    let (there, gone, switched) = (host.clone(), host.clone(), host.clone());
    let (other_way, on) = match way {
        WayIn::Tunnel => ("Let it come in directly", None),
        _ => ("Let it come in through the tunnel only", Some("on")),
    };
    let actions = (!configured).then(|| {
        let go = ready.then(|| {
            view! {
                <ActionForm action=go_to>
                    <input type="hidden" name="name" value=there />
                    <Submit label="Make a link to go there" busy="Making…" variant="primary" pending=go_to.pending() />
                </ActionForm>
            }
        });
        view! {
            <footer>
                {go}
                <ActionForm action=set_way>
                    <input type="hidden" name="name" value=switched />
                    {on.map(|on| view! { <input type="hidden" name="tunnel" value=on /> })}
                    <Submit label=other_way busy="Switching…" variant="quiet" pending=set_way.pending() />
                </ActionForm>
                <ActionForm action=leave>
                    <input type="hidden" name="name" value=gone />
                    <Submit label="Give the name up" variant="quiet" pending=leave.pending() />
                </ActionForm>
            </footer>
        }
    });
    view! {
        <Panel title=host>
            <div class="panel-body">
                <p>
                    <a class="mono" href=url.clone() rel="external">{url.clone()}</a>
                    " "
                    {primary.then(|| view! { <Tag tone=Tone::Good>"links carry it"</Tag> })}
                </p>
                <p class="muted">{counted} "; " {origin} "."</p>
                {(!configured).then(|| view! { <p class="muted">"Way in: " {way.words()}</p> })}
            </div>
            {steps}
            {actions}
        </Panel>
    }
    .into_any()
}

#[component]
fn Step(step: RehearsalStep) -> impl IntoView {
    let name = match step.part {
        RehearsalPart::Dns => "DNS",
        RehearsalPart::Certificate => "Certificate",
        RehearsalPart::Answer => "Answer",
        RehearsalPart::Passkey => "Passkey",
    };
    let (tone, word) = match step.state {
        PartState::Good => (Tone::Good, "Good"),
        PartState::Waiting => (Tone::Unknown, "Waiting"),
        PartState::Bad => (Tone::Bad, "To do"),
    };
    view! {
        <tr>
            <th scope="row" data-cell="name">
                {name}
            </th>
            <td data-cell="state">
                <State tone=tone word=word />
            </td>
            <td data-cell="note">{step.words}</td>
        </tr>
    }
    .into_any()
}
