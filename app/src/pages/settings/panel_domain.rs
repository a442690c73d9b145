//! The panel's own names: the one in use, and how far a new one is.

use homeport_model::{
    event::Topic,
    panel_domain::{PanelNameRow, PartState, RehearsalPart, RehearsalStep, Switching},
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
    let PanelNameRow { host, unicode, url, primary, configured, added, passkeys, way, .. } = row.clone();
    let counted = match passkeys {
        0 => "no passkey belongs to it".to_owned(),
        1 => "1 passkey belongs to it".to_owned(),
        many => format!("{many} passkeys belong to it"),
    };
    let origin = match added {
        Some((by, at)) => view! { "given by " {by} " " <Age at=at /> }.into_any(),
        None => "from the configuration; it stays".into_any(),
    };
    let steps = (!row.steps.is_empty()).then(|| view! { <Steps caption="Rehearsal" steps=row.steps.clone() /> });
    let switching = row.switching.clone().map(|switching| {
        view! { <OnItsWay host=host.clone() switching=switching set_way=set_way /> }
    });
    let actions = (!configured).then(|| view! { <Actions row=row go_to=go_to leave=leave set_way=set_way /> });
    view! {
        <Panel title=host>
            <div class="panel-body">
                <p>
                    <a class="mono" href=url.clone() rel="external">{url.clone()}</a>
                    " "
                    {primary.then(|| view! { <Tag tone=Tone::Good>"links carry it"</Tag> })}
                </p>
                {unicode.map(|unicode| view! { <p class="muted">"It reads: " {unicode}</p> })}
                <p class="muted">{counted} "; " {origin} "."</p>
                {(!configured).then(|| view! { <p class="muted">"Way in: " {way.words()}</p> })}
            </div>
            {steps}
            {switching}
            {actions}
        </Panel>
    }
    .into_any()
}

/// What can be done with a name that was given.
#[component]
fn Actions(
    row: PanelNameRow,
    go_to: ServerAction<GoToPanelName>,
    leave: ServerAction<LeavePanelName>,
    set_way: ServerAction<SetPanelWayIn>,
) -> impl IntoView {
    let PanelNameRow { host, ready, ready_anyway, way, switching, cautions, .. } = row;
    let (there, gone, switched) = (host.clone(), host.clone(), host);
    let anyway = !ready && ready_anyway;
    let go = (ready || ready_anyway).then(|| {
        let (label, variant) = match anyway {
            true => ("Make a link all the same", "quiet"),
            false => ("Make a link to go there", "primary"),
        };
        view! {
            <ActionForm action=go_to>
                <input type="hidden" name="name" value=there />
                {anyway.then(|| view! { <input type="hidden" name="anyway" value="on" /> })}
                <Submit label=label busy="Making…" variant=variant pending=go_to.pending() />
            </ActionForm>
        }
    });
    let (other_way, on) = match way {
        WayIn::Tunnel => ("Let it come in directly", None),
        _ => ("Let it come in through the tunnel only", Some("on")),
    };
    let switch = switching.is_none().then(|| {
        view! {
            <ActionForm action=set_way>
                <input type="hidden" name="name" value=switched />
                {on.map(|on| view! { <input type="hidden" name="tunnel" value=on /> })}
                <Submit label=other_way busy="Switching…" variant="quiet" pending=set_way.pending() />
            </ActionForm>
        }
    });
    let note = anyway.then(|| {
        view! {
            <p class="muted">
                "This server cannot see that visitors of this name reach it. A link works for whoever answers there: make one only if you know that it is this panel."
            </p>
        }
    });
    let leaves = |confirm: Option<AnyView>| {
        view! {
            <ActionForm action=leave>
                <input type="hidden" name="name" value=gone />
                <div class="cluster">
                    <Submit label="Give the name up" variant="quiet" pending=leave.pending() />
                    {confirm}
                </div>
            </ActionForm>
        }
    };
    let words = (!cautions.is_empty()).then(|| cautions.join(" "));
    let (beside, below) = match words {
        None => (Some(leaves(None)), None),
        Some(words) => {
            let confirm = view! {
                <label class="check">
                    <input type="checkbox" name="anyway" value="on" required />
                    "Give it up all the same"
                </label>
                <span class="muted">{words}</span>
            };
            (None, Some(view! { <footer>{leaves(Some(confirm.into_any()))}</footer> }))
        }
    };
    view! {
        <footer>
            {go}
            {switch}
            {beside}
            {note}
        </footer>
        {below}
    }
    .into_any()
}

/// A name that comes in both ways until the new one has answered.
#[component]
fn OnItsWay(host: String, switching: Switching, set_way: ServerAction<SetPanelWayIn>) -> impl IntoView {
    let Switching { to_tunnel, steps, may_finish } = switching;
    let (words, stay) = match to_tunnel {
        true => (
            "On its way to the tunnel. It comes in directly as well until all of this is good; then only through the tunnel.",
            "Leave it to come in directly",
        ),
        false => (
            "On its way to this server's own ports. It comes in through the tunnel as well until all of this is good; then only directly.",
            "Leave it to the tunnel",
        ),
    };
    let named = host.clone();
    let (back, on) = ((!to_tunnel).then_some("on"), to_tunnel.then_some("on"));
    let finish = may_finish.then(|| {
        view! {
            <ActionForm action=set_way>
                <input type="hidden" name="name" value=named />
                {on.map(|on| view! { <input type="hidden" name="tunnel" value=on /> })}
                <input type="hidden" name="anyway" value="on" />
                <Submit label="Switch without an answer" busy="Switching…" variant="quiet" pending=set_way.pending() />
            </ActionForm>
            <p class="muted">
                "Only the answer from outside is missing. Switch without it if you have opened the panel by the new way yourself: the old one ends at once."
            </p>
        }
    });
    view! {
        <div class="panel-body">
            <p>{words}</p>
        </div>
        <Steps caption="What the switch waits for" steps=steps />
        <footer>
            <ActionForm action=set_way>
                <input type="hidden" name="name" value=host />
                {back.map(|on| view! { <input type="hidden" name="tunnel" value=on /> })}
                <Submit label=stay busy="Switching…" variant="quiet" pending=set_way.pending() />
            </ActionForm>
            {finish}
        </footer>
    }
    .into_any()
}

#[component]
fn Steps(caption: &'static str, steps: Vec<RehearsalStep>) -> impl IntoView {
    let rows = steps.into_iter().map(|step| view! { <Step step=step /> }).collect_view();
    view! {
        <table class="table told">
            <caption class="visually-hidden">{caption}</caption>
            <tbody>{rows}</tbody>
        </table>
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
        RehearsalPart::Tunnel => "Tunnel",
        RehearsalPart::Public => "From outside",
    };
    let (tone, word) = match step.state {
        PartState::Good => (Tone::Good, "Good"),
        PartState::Waiting => (Tone::Unknown, "Waiting"),
        PartState::Unseen => (Tone::Unknown, "Cannot be seen"),
        PartState::Bad => (Tone::Bad, "To do"),
    };
    view! {
        <tr>
            <th scope="row" data-cell="name">
                {name}
            </th>
            <td data-cell="side">
                <State tone=tone word=word />
            </td>
            <td data-cell="note">{step.words}</td>
        </tr>
    }
    .into_any()
}
