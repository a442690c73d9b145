//! The passkeys of the person who looks.

use homeport_model::{account::PasskeyRow, id::PasskeyId, problem::Problem};
use leptos::{ev, prelude::*};

use super::Doing;
use crate::{
    api::{
        WireError,
        accounts::{remove_passkey, rename_passkey},
    },
    pages::claim::field_of,
    passkeys::{self, Outcome},
    ui::{Age, Column, Field, Panel, Submit, Table, Tag, Tone, visitor::Visitor},
};

/// The list, and the form for one more.
#[component]
pub fn Passkeys(
    /// What is there.
    passkeys: Vec<PasskeyRow>,
    /// What the page does.
    doing: Doing,
    /// A recovery's session ends with the new passkey: the page is asked for whole.
    reload: bool,
) -> impl IntoView {
    let add = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let label = field_of(&event, "label").unwrap_or_default();
        doing.run("Passkey added", passkeys::add(label), move |finished| {
            if reload {
                passkeys::go_to(&finished.next);
            }
        });
    };
    let removable = passkeys.iter().filter(|passkey| !passkey.frozen).count() > 1;
    let rows = passkeys
        .into_iter()
        .map(|passkey| view! { <Row passkey=passkey removable=removable doing=doing /> })
        .collect_view();
    view! {
        <Panel title="Passkeys">
            <Table columns=[
                Column::text("Name"),
                Column::text("Last used"),
                Column::text("Added"),
                Column::unseen("Actions"),
            ]>{rows}</Table>
            <form class="panel-body form" on:submit=add>
                <div class="cluster" data-align="foot">
                    <Field label="Name of a new passkey" name="label" placeholder="Phone" problem=doing.problem />
                    <Submit label="Add a passkey" busy="Waiting…" variant="primary" pending=doing.pending />
                </div>
            </form>
        </Panel>
    }
}

#[component]
fn Row(passkey: PasskeyRow, removable: bool, doing: Doing) -> impl IntoView {
    let asked = RwSignal::new(false);
    let renaming = RwSignal::new(false);
    let PasskeyRow { id, label, created_at, last_used_at, frozen, current, host } = passkey;
    let rename = {
        let id = id.clone();
        move |event: ev::SubmitEvent| {
            event.prevent_default();
            let typed = field_of(&event, "label").unwrap_or_default();
            doing.run("Passkey renamed", give_name(id.clone(), typed), |()| ());
        }
    };
    let remove = move |_| {
        if !asked.get_untracked() {
            asked.set(true);
            return;
        }
        let id = id.clone();
        doing.run(
            "Passkey removed",
            passkeys::with_fresh_passkey(async move || remove_passkey(id.clone()).await),
            |()| (),
        );
    };
    let spoken = label.clone();
    let rename_label = label.clone();
    let name = label.clone();
    let name = move || {
        if renaming.get() {
            view! {
                <form class="cluster" data-gap="1" on:submit=rename.clone()>
                    <input name="label" value=label.clone() aria-label=format!("New name of {label}") required autocomplete="off" />
                    <button class="button" type="submit" data-size="small">
                        "Save the name"
                    </button>
                </form>
            }
            .into_any()
        } else {
            name.clone().into_any()
        }
    };
    let elsewhere = (!host.is_empty() && host != Visitor::current().host_name)
        .then(|| view! { <Tag tone=Tone::Unknown>"for " {host}</Tag> });
    view! {
        <tr>
            <th scope="row" data-cell="name">
                {name} " " {current.then(|| view! { <Tag tone=Tone::Good>"this session"</Tag> })}
                {frozen.then(|| view! { <Tag tone=Tone::Bad>"frozen: it may have been copied"</Tag> })}
                {elsewhere}
            </th>
            <td data-cell="note">
                {match last_used_at {
                    Some(at) => view! { <Age at=at /> }.into_any(),
                    None => "only when added".into_any(),
                }}
            </td>
            <td data-cell="end">
                <Age at=created_at />
            </td>
            <td data-cell="act">
                <button
                    class="button"
                    type="button"
                    data-variant="quiet"
                    data-size="small"
                    on:click=move |_| renaming.update(|renaming| *renaming = !*renaming)
                >
                    {move || if renaming.get() { "Keep the name" } else { "Rename" }}
                    <span class="visually-hidden">" " {rename_label}</span>
                </button>
                {(removable || frozen)
                    .then(|| {
                        view! {
                            <button class="button" type="button" data-variant="quiet" data-size="small" on:click=remove>
                                {move || if asked.get() { "Really remove" } else { "Remove" }}
                                <span class="visually-hidden">" " {spoken}</span>
                            </button>
                        }
                    })}
            </td>
        </tr>
    }
}

async fn give_name(id: PasskeyId, typed: String) -> Outcome<()> {
    // The form for a new passkey has a field of that name, too, and is not meant.
    let general = |WireError(problem)| Problem { field: None, ..problem };
    rename_passkey(id, typed).await.map_err(general)
}
