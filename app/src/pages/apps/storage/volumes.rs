//! An app's volumes: those that are mounted, those that were kept, and what happens to them when
//! their app is removed.

use homeport_model::app::{NeedsView, VolumeRow};
use leptos::{form::ActionForm, prelude::*};

use super::{super::ThisApp, needs_of};
use crate::{
    api::apps::RemoveVolume,
    ui::{Column, Notice, Panel, Table, Tag, Tone, loaded, loaded::Answer},
};

/// The volumes; nothing where there are none.
#[component]
pub fn Volumes(
    /// The volumes; none while the engine is away.
    volumes: Option<Vec<VolumeRow>>,
    /// Takes one away.
    remove: ServerAction<RemoveVolume>,
) -> impl IntoView {
    let Some(volumes) = volumes else {
        return view! {
            <Notice tone=Tone::Warning title="The Docker engine does not answer.">
                <p>"Which volumes there are is not known at the moment."</p>
            </Notice>
        }
        .into_any();
    };
    if volumes.is_empty() {
        return ().into_any();
    }
    let rows = volumes.into_iter().map(|volume| view! { <Row volume=volume remove=remove /> }).collect_view();
    view! {
        <Panel title="Volumes">
            <Table columns=[
                Column::text("Volume"),
                Column::text("In Docker"),
                Column::unseen("Actions"),
            ]>{rows}</Table>
        </Panel>
    }
    .into_any()
}

#[component]
fn Row(volume: VolumeRow, remove: ServerAction<RemoveVolume>) -> impl IntoView {
    let app = ThisApp::current().name;
    let state = match (volume.exists, volume.mounted) {
        (false, _) => Some((Tone::Off, "made with the next deploy")),
        (true, false) => Some((Tone::Warning, "not mounted")),
        (true, true) => None,
    };
    let name = volume.volume.to_string();
    let button = (volume.exists && !volume.mounted).then(|| {
        view! {
            <ActionForm action=remove>
                <input type="hidden" name="name" value=move || app.get() />
                <input type="hidden" name="volume" value=name.clone() />
                <button class="button" type="submit" data-variant="quiet" data-size="small">
                    "Delete with its data"
                    <span class="visually-hidden">" " {name.clone()}</span>
                </button>
            </ActionForm>
        }
    });
    view! {
        <tr>
            <th scope="row" data-cell="name">
                <span class="mono">{volume.volume.to_string()}</span>
                " "
                {state.map(|(tone, word)| view! { <Tag tone=tone>{word}</Tag> })}
            </th>
            <td data-cell="note">
                <span class="mono">{volume.name}</span>
            </td>
            <td data-cell="act">{button}</td>
        </tr>
    }
    .into_any()
}

/// An app's volumes on a page that removes it; it belongs to that page.
#[derive(Clone, Copy)]
pub struct Kept(Answer<NeedsView>);

impl Kept {
    /// Of the app in the address.
    #[must_use]
    pub fn of(this: ThisApp) -> Self {
        Self(needs_of(this, || 0))
    }
}

/// Names the volumes, and asks whether they go with their app.
#[component]
pub fn DeleteVolumes(
    /// The volumes.
    kept: Kept,
) -> impl IntoView {
    loaded(
        kept.0,
        || (),
        |view| {
            let there = view.volumes.unwrap_or_default().into_iter().filter(|volume| volume.exists);
            let names: Vec<String> = there.map(|volume| volume.volume.to_string()).collect();
            if names.is_empty() {
                return ().into_any();
            }
            let names = names.join(", ");
            view! {
                <label class="check">
                    <input type="checkbox" name="volumes" value="yes" />
                    {format!("Delete its volumes too: {names}")}
                    <span class="field-hint">
                        "Everything in them is lost. Otherwise they stay, and an app of the same name finds them again."
                    </span>
                </label>
            }
            .into_any()
        },
    )
}
