//! SSH keys: with which a person pushes to this server.

use homeport_model::pushes::{SshKeyForm, SshKeyRow, SshServer, SshSettings};
use leptos::{ev, prelude::*};

use super::Doing;
use crate::{
    api::ssh_keys::{add_ssh_key, remove_ssh_key},
    pages::claim::field_of,
    passkeys::with_fresh_passkey,
    ui::{Age, Code, Column, Field, Panel, Submit, Table},
};

/// The list, a form for one more, and the server that they open.
#[component]
pub fn SshKeys(
    /// What is there.
    ssh: SshSettings,
    /// What the page does.
    doing: Doing,
) -> impl IntoView {
    let add = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let typed = |name: &str| field_of(&event, name).unwrap_or_default();
        let form = SshKeyForm { name: typed("key_name"), key: typed("key") };
        let work = with_fresh_passkey(async move || add_ssh_key(form.clone()).await);
        doing.run("SSH key added", work, |()| ());
    };
    let server = match ssh.server {
        SshServer::Off => view! { <p class="muted">"The SSH server is off: this panel was started with --ssh-port 0."</p> }.into_any(),
        SshServer::Fails { why } => view! {
            <p data-state="bad">"The SSH server does not listen. " {why} " It is tried again every half minute."</p>
        }
        .into_any(),
        SshServer::Listens { address, fingerprint } => view! {
            <p class="muted">"An app is pushed to by its name, like this. At the first contact ssh shows the server's key: " <span class="mono">{fingerprint}</span></p>
            <Code text=format!("git remote add homeport {address}/my-app") what="the command" />
        }
        .into_any(),
    };
    view! {
        <Panel title="SSH keys">
            <List keys=ssh.keys doing=doing />
            <form class="panel-body form" on:submit=add>
                <Field label="Whose it is" name="key_name" placeholder="Laptop" problem=doing.problem />
                <Field label="Public key" name="key" placeholder="ssh-ed25519 AAAA…" mono=true problem=doing.problem />
                <div class="cluster">
                    <Submit label="Add the key" busy="Waiting…" variant="primary" pending=doing.pending />
                </div>
                {server}
            </form>
        </Panel>
    }
}

#[component]
fn List(keys: Vec<SshKeyRow>, doing: Doing) -> impl IntoView {
    if keys.is_empty() {
        return view! {
            <div class="panel-body">
                <p class="muted">"No key yet. With one, git push deploys without a password."</p>
            </div>
        }
        .into_any();
    }
    let rows = keys.into_iter().map(|key| view! { <Row key=key doing=doing /> }).collect_view();
    view! {
        <Table columns=[
            Column::text("Key"),
            Column::text("Fingerprint"),
            Column::text("Last used"),
            Column::unseen("Actions"),
        ]>{rows}</Table>
    }
    .into_any()
}

#[component]
fn Row(key: SshKeyRow, doing: Doing) -> impl IntoView {
    let id = key.id;
    let remove = move |_| {
        let id = id.clone();
        doing.run("SSH key removed", async move { remove_ssh_key(id).await.map_err(|error| error.0) }, |()| ());
    };
    let spoken = key.name.clone();
    view! {
        <tr>
            <th scope="row" data-cell="name">
                {key.name}
            </th>
            <td class="mono" data-cell="note">
                {key.fingerprint}
            </td>
            <td data-cell="end">
                {match key.last_used_at {
                    Some(at) => view! { <Age at=at /> " " {key.last_address} }.into_any(),
                    None => "never".into_any(),
                }}
            </td>
            <td data-cell="act">
                <button class="button" type="button" data-variant="quiet" data-size="small" on:click=remove>
                    "Remove"
                    <span class="visually-hidden">" the key " {spoken}</span>
                </button>
            </td>
        </tr>
    }
    .into_any()
}
