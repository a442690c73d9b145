//! Telling the Git host how deploys went.

use homeport_model::webhook::{StatusHost, StatusReportRow, StatusState, StatusView};
use leptos::{form::ActionForm, prelude::*};

use super::{ThisApp, app_name, new::FormProblem, new::problem_of};
use crate::{
    api::statuses::{SetStatuses, UnsetStatuses, find_statuses},
    ui::{Age, Field, Panel, PanelSkeleton, Submit, loaded, loaded::Answer},
};

/// Whom an app's deploys are told to, on its page. It belongs to the page, and outlives what is
/// shown of it.
#[derive(Clone, Copy)]
pub struct Told {
    this: ThisApp,
    set: ServerAction<SetStatuses>,
    unset: ServerAction<UnsetStatuses>,
    answer: Answer<StatusView>,
}

impl Told {
    /// Of the app in the address.
    #[must_use]
    pub fn of(this: ThisApp) -> Self {
        let (set, unset) = (ServerAction::<SetStatuses>::new(), ServerAction::<UnsetStatuses>::new());
        let answer = Resource::new(
            move || (this.name.get(), this.version.get(), set.version().get(), unset.version().get()),
            |(name, ..)| async move { find_statuses(app_name(&name)?).await },
        );
        Self { this, set, unset, answer }
    }
}

/// The panel in an app's settings; nothing for an app that comes from no repository.
#[component]
pub fn StatusPanel(
    /// Whom deploys are told to.
    told: Told,
) -> impl IntoView {
    loaded(
        told.answer,
        || view! { <PanelSkeleton rows=3 /> },
        move |view| {
            let shown = view.possible || view.set.is_some();
            shown.then(|| view! { <Loaded view=view told=told name=told.this.name.get_untracked() /> })
        },
    )
}

#[component]
fn Loaded(view: StatusView, told: Told, name: String) -> impl IntoView {
    let StatusView { guess, set, last, .. } = view;
    let problem = problem_of(move || told.set.value().get());
    let is_set = set.is_some();
    let chosen = set.as_ref().map(|(host, ..)| *host);
    let options = StatusHost::ALL
        .map(|host| {
            view! {
                <option value=host.as_str() selected=chosen.or(guess) == Some(host)>
                    {host.name()}
                </option>
            }
        })
        .into_iter()
        .collect_view();
    let state = match set.as_ref() {
        Some((host, api, since)) => view! {
            <p>
                {host.name()} " at " <span class="mono">{api.clone()}</span> " is told of every deploy of a commit, since "
                <Age at=*since /> "."
            </p>
        }
        .into_any(),
        None => view! { <p>"With a token, the Git host shows beside each commit whether its deploy waits, is live or failed."</p> }
            .into_any(),
    };
    let api = set.map(|(_, api, _)| api).unwrap_or_default();
    let last = last.map(|last| view! { <Last last=last /> });
    let token = if is_set { "Another token" } else { "Token" };
    let app = name.clone();
    let stop = is_set.then(|| {
        view! {
            <ActionForm action=told.unset>
                <input type="hidden" name="app" value=app />
                <Submit label="Tell nobody any more" busy="Removing…" variant="quiet" pending=told.unset.pending() />
            </ActionForm>
        }
    });
    view! {
        <Panel title="Status on the Git host">
            <ActionForm action=told.set>
                <div class="panel-body form">
                    <FormProblem problem=problem />
                    {state}
                    {last}
                    <input type="hidden" name="app" value=name.clone() />
                    <div class="field">
                        <label for="status_host">"Kind of Git host"</label>
                        <select id="status_host" name="form[host]">
                            <option value="" selected=chosen.or(guess).is_none()>
                                "Choose…"
                            </option>
                            {options}
                        </select>
                    </div>
                    <Field
                        label="Address of its interface"
                        name="form[api]"
                        key="status_api"
                        value=api
                        optional=true
                        mono=true
                        placeholder="the usual one"
                        problem=problem
                    />
                    <Field label=token name="form[token]" key="status_token" optional=is_set mono=true problem=problem />
                </div>
                <footer>
                    <Submit label="Save and tell" busy="Saving…" variant="primary" pending=told.set.pending() />
                    <p class="muted">"It needs to write commit statuses, and nothing else."</p>
                </footer>
            </ActionForm>
            {stop}
        </Panel>
    }
    .into_any()
}

#[component]
fn Last(last: StatusReportRow) -> impl IntoView {
    let what = match last.state {
        StatusState::Pending => "on its way",
        StatusState::Success => "live",
        StatusState::Failure => "failed",
    };
    let tone = if last.problem.is_some() { "bad" } else { "good" };
    let next = match (&last.problem, last.next_at) {
        (None, _) => None,
        (Some(_), Some(at)) => Some(view! { " Tried again " <Age at=at /> "." }.into_any()),
        (Some(_), None) => Some(view! { " It is not tried again." }.into_any()),
    };
    view! {
        <p class="muted" data-state=tone>
            "Last: release " {last.release} ", " {what} ", " <Age at=last.at /> ". " {last.problem} {next}
        </p>
    }
    .into_any()
}
