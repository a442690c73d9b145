//! What the typed settings lack, in the engine's own spelling.

use homeport_model::app::DockerOption;
use leptos::{form::ActionForm, html, prelude::*};

use super::{super::new::FormProblem, Adding, Hidden, RemoveButton};
use crate::{
    api::apps::RemoveNeed,
    ui::{Column, Panel, Submit, Table, Tag, TextArea, Tone},
};

/// The options.
#[component]
pub fn Options(
    /// The options.
    options: Vec<DockerOption>,
    /// Takes one away.
    remove: ServerAction<RemoveNeed>,
) -> impl IntoView {
    if options.is_empty() {
        return view! {
            <Panel title="Docker options">
                <div class="empty">
                    <p>"None. An app that needs more than a container usually has says so in its own guide, as --cap-add or --sysctl."</p>
                </div>
            </Panel>
        }
        .into_any();
    }
    let row = |option: DockerOption| {
        let danger = option.danger();
        view! {
            <tr>
                <th scope="row" data-cell="name">
                    <span class="mono">{option.to_string()}</span>
                    " "
                    {danger.map(|_| view! { <Tag tone=Tone::Warning>"reaches further"</Tag> })}
                </th>
                <td data-cell="note">{danger}</td>
                <RemoveButton kind="option" text=option.to_string() remove=remove />
            </tr>
        }
    };
    let rows = options.into_iter().map(row).collect_view();
    view! {
        <Panel title="Docker options">
            <Table columns=[
                Column::text("Option"),
                Column::text("What it means"),
                Column::unseen("Actions"),
            ]>{rows}</Table>
        </Panel>
    }
    .into_any()
}

/// The field to paste options into.
#[component]
pub fn AddOptions(
    /// The form's action.
    adding: Adding,
) -> impl IntoView {
    let Adding { action, problem } = adding;
    let text = NodeRef::<html::Textarea>::new();
    Effect::new(move || {
        if let (Some(Ok(())), Some(text)) = (action.value().get(), text.get_untracked()) {
            text.set_value("");
        }
    });
    view! {
        <Panel title="Add options">
            <ActionForm action=action>
                <div class="panel-body form">
                    <FormProblem problem=problem />
                    <Hidden kind="option" />
                    <TextArea
                        label="Options as for docker run"
                        name="form[text]"
                        key="option_text"
                        placeholder="--cap-add NET_ADMIN --sysctl net.ipv4.ip_forward=1"
                        hint="cap-add, cap-drop, device, sysctl, shm-size, ulimit, init, tmpfs, add-host, dns, read-only. What reaches further than a container usually does asks for your passkey."
                        problem=problem
                        lines="few"
                        node_ref=text
                    />
                    <div class="cluster">
                        <Submit label="Add options" busy="Adding…" variant="primary" pending=action.pending() />
                    </div>
                </div>
            </ActionForm>
        </Panel>
    }
    .into_any()
}
