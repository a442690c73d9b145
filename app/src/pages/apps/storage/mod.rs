//! Storage & ports: volumes and host folders, published ports, and what the typed settings lack.

pub mod mounts;
pub mod options;
pub mod ports;
pub mod volumes;

pub use volumes::{DeleteVolumes, Kept};

use homeport_model::{app::NeedsView, problem::Problem};
use leptos::{form::ActionForm, prelude::*};

use super::{ThisApp, frame::app_name, new::FormProblem, new::problem_of};
use crate::{
    api::apps::{AddNeed, RemoveNeed, RemoveVolume, app_needs},
    ui::{Notice, PanelSkeleton, Tone, ask_for_passkey, loaded, loaded::Answer, toaster},
};

/// A form that adds a need, with what was wrong with it.
#[derive(Clone, Copy)]
pub struct Adding {
    action: ServerAction<AddNeed>,
    /// Its fields carry the form's name before theirs, so that no two of the page are called alike.
    problem: Signal<Option<Problem>>,
}

impl Adding {
    fn new(form: &'static str) -> Self {
        let action = ServerAction::<AddNeed>::new();
        let refused = ask_for_passkey(action);
        let answered = problem_of(move || action.value().get());
        let problem = Signal::derive(move || {
            let problem = refused.get().or_else(|| answered.get())?;
            let field = problem.field.as_ref().map(|field| format!("{form}_{field}"));
            Some(Problem { field, ..problem })
        });
        Self { action, problem }
    }
}

/// The app's needs as the server has them, asked for again whenever something changed.
pub(super) fn needs_of(this: ThisApp, written: impl Fn() -> usize + Send + Sync + 'static) -> Answer<NeedsView> {
    Resource::new(
        move || (this.name.get(), this.version.get(), written()),
        |(name, ..)| async move { app_needs(app_name(&name)?).await },
    )
}

/// The tab.
#[component]
pub fn StoragePage() -> impl IntoView {
    let this = ThisApp::current();
    let (mount, port, option) = (Adding::new("mount"), Adding::new("port"), Adding::new("option"));
    let remove = ServerAction::<RemoveNeed>::new();
    let remove_volume = ServerAction::<RemoveVolume>::new();
    let refused = ask_for_passkey(remove_volume);
    let written = move || {
        let added = [mount, port, option].map(|adding| adding.action.version().get()).iter().sum::<usize>();
        added + remove.version().get() + remove_volume.version().get()
    };
    let answer = needs_of(this, written);
    let toaster = toaster();
    for adding in [mount, port, option] {
        Effect::new(move || {
            if let Some(Ok(())) = adding.action.value().get() {
                toaster.say("Added for the next deploy or restart");
                this.detail.refetch();
            }
        });
    }
    Effect::new(move || {
        if let Some(Ok(())) = remove.value().get() {
            toaster.say("Removed for the next deploy or restart");
            this.detail.refetch();
        }
    });
    let answered = problem_of(move || {
        remove.value().get().and_then(Result::err).or_else(|| remove_volume.value().get()?.err()).map(Err::<(), _>)
    });
    let row_problem = Signal::derive(move || refused.get().or_else(|| answered.get()));
    view! {
        <FormProblem problem=row_problem />
        {loaded(
            answer,
            || view! { <PanelSkeleton rows=4 /> },
            move |view| {
                let NeedsView { needs, pending, volumes } = view;
                let notice = pending.then(|| view! {
                    <Notice tone=Tone::Warning title="These wait for the next deploy or restart.">
                        <p>"A running container keeps what it was started with."</p>
                    </Notice>
                });
                view! {
                    {notice}
                    <mounts::Mounts mounts=needs.mounts remove=remove />
                    <volumes::Volumes volumes=volumes remove=remove_volume />
                    <ports::Ports published=needs.published remove=remove />
                    <options::Options options=needs.options remove=remove />
                }
            },
        )}
        <mounts::AddMount adding=mount />
        <ports::AddPort adding=port />
        <options::AddOptions adding=option />
    }
    .into_any()
}

/// The hidden fields that every form of this page begins with.
#[component]
fn Hidden(kind: &'static str) -> impl IntoView {
    let app = ThisApp::current().name;
    view! {
        <input type="hidden" name="name" value=move || app.get() />
        <input type="hidden" name="form[kind]" value=kind />
    }
}

/// The button that takes a need away.
#[component]
fn RemoveButton(kind: &'static str, text: String, remove: ServerAction<RemoveNeed>) -> impl IntoView {
    let app = ThisApp::current().name;
    view! {
        <td data-cell="act">
            <ActionForm action=remove>
                <input type="hidden" name="name" value=move || app.get() />
                <input type="hidden" name="kind" value=kind />
                <input type="hidden" name="text" value=text.clone() />
                <button class="button" type="submit" data-variant="quiet" data-size="small">
                    "Remove"
                    <span class="visually-hidden">" " {text}</span>
                </button>
            </ActionForm>
        </td>
    }
    .into_any()
}
