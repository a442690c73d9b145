//! Volumes and host folders, and where the app sees them.

use homeport_model::app::{Mount, Owner, Storage};
use leptos::{form::ActionForm, prelude::*};

use super::{super::new::FormProblem, Adding, Hidden, RemoveButton};
use crate::{
    api::apps::RemoveNeed,
    ui::{Column, Field, Panel, Submit, Table, Tag, Tone},
};

/// What is mounted.
#[component]
pub fn Mounts(
    /// What is mounted.
    mounts: Vec<Mount>,
    /// Takes one away.
    remove: ServerAction<RemoveNeed>,
) -> impl IntoView {
    if mounts.is_empty() {
        return view! {
            <Panel title="Mounts">
                <div class="empty">
                    <p>"Nothing is mounted. What the app writes is gone with its release; a volume keeps it."</p>
                </div>
            </Panel>
        }
        .into_any();
    }
    let rows = mounts.into_iter().map(|mount| view! { <Row mount=mount remove=remove /> }).collect_view();
    view! {
        <Panel title="Mounts">
            <Table columns=[
                Column::text("In the app"),
                Column::text("What is there"),
                Column::unseen("Actions"),
            ]>{rows}</Table>
        </Panel>
    }
    .into_any()
}

#[component]
fn Row(mount: Mount, remove: ServerAction<RemoveNeed>) -> impl IntoView {
    let (kind, from) = match &mount.from {
        Storage::Volume { name } => ("volume ", name.to_string()),
        Storage::Folder { path } => ("folder of this server ", path.to_string()),
    };
    let owner = (mount.owner != Owner::Image).then(|| format!(" · made for {}", mount.owner));
    let process = mount.process.as_ref().map(|process| format!(" · {process} only"));
    let danger = mount.danger().map(|danger| view! { <p class="muted">{danger}</p> });
    view! {
        <tr>
            <th scope="row" data-cell="name">
                <span class="mono">{mount.to.to_string()}</span>
                " "
                {mount.read_only.then(|| view! { <Tag tone=Tone::Off>"read-only"</Tag> })}
            </th>
            <td data-cell="note">
                <span>{kind} <span class="mono">{from}</span> {owner} {process}</span>
                {danger}
            </td>
            <RemoveButton kind="mount" text=mount.to_string() remove=remove />
        </tr>
    }
    .into_any()
}

/// The form of a mount.
#[component]
pub fn AddMount(
    /// The form's action.
    adding: Adding,
) -> impl IntoView {
    let Adding { action, problem } = adding;
    view! {
        <Panel title="Add a mount">
            <ActionForm action=action>
                <div class="panel-body form">
                    <FormProblem problem=problem />
                    <Hidden kind="mount" />
                    <div class="split" data-variant="even">
                        <Field
                            label="Volume, or folder of this server"
                            name="form[text]"
                            key="mount_text"
                            placeholder="data"
                            hint="A name makes a volume. A path like /srv/media gives the app that folder, and asks for your passkey."
                            problem=problem
                            mono=true
                        />
                        <Field
                            label="Path in the app"
                            name="form[to]"
                            key="mount_to"
                            placeholder="/data"
                            hint="Where the app finds it."
                            problem=problem
                            mono=true
                        />
                    </div>
                    <div class="split" data-variant="even">
                        <Field
                            label="Owner"
                            name="form[owner]"
                            key="mount_owner"
                            placeholder="1000:1000"
                            hint="root, heroku (1000), paketo (2000), herokuish (32767), or user:group. Set when it is made. Empty: as the image has it."
                            problem=problem
                            mono=true
                            optional=true
                        />
                        <Field
                            label="Process"
                            name="form[process]"
                            key="mount_process"
                            placeholder="web"
                            hint="Empty: every process has it."
                            problem=problem
                            mono=true
                            optional=true
                        />
                    </div>
                    <label class="check">
                        <input type="checkbox" name="form[read_only]" value="yes" />
                        "Read-only"
                        <span class="field-hint">"The app cannot change it. Wanted for parts of the server, like /lib/modules."</span>
                    </label>
                    <div class="cluster">
                        <Submit label="Add mount" busy="Adding…" variant="primary" pending=action.pending() />
                    </div>
                </div>
            </ActionForm>
        </Panel>
    }
    .into_any()
}
