//! How a request reaches the app, what runs, and what happened lately.

use homeport_model::{
    app::{AppDetail, AppState, Builder, Files, Health, Origin, Source},
    deploy::{Artifact, ReleaseRow},
};
use leptos::prelude::*;

use super::{super::deploys::ReleaseTable, super::words, ThisApp, origin::UploadPanel};
use crate::ui::{Age, Notice, Panel, PanelSkeleton, Picture, Tone, figures::size_of, loaded};

/// The first tab.
#[component]
pub fn Overview() -> impl IntoView {
    let this = ThisApp::current();
    let skeleton = || {
        view! {
            <PanelSkeleton rows=2 />
            <PanelSkeleton rows=4 />
        }
    };
    loaded(this.detail, skeleton, |app| view! { <Loaded app=app /> })
}

/// What is wrong, when something is: the sentence, and what still holds.
fn trouble(app: &AppDetail) -> Option<(Tone, String, &'static str)> {
    match (&app.row.state, &app.row.last_failure) {
        (AppState::Down { why, .. }, _) => Some((Tone::Bad, why.clone(), "Visitors get a page that says so.")),
        (AppState::Partly { why, .. }, _) => Some((Tone::Warning, why.clone(), "The rest of it runs.")),
        (AppState::Serving { .. }, Some(failure)) => Some((
            Tone::Warning,
            format!("The last deploy failed: {failure}"),
            "The release before it still serves; nobody saw this.",
        )),
        (AppState::Removing, Some(failure)) => Some((
            Tone::Bad,
            format!("Removing it failed: {failure}"),
            "Its host names answer no more. Remove it again in its settings.",
        )),
        (AppState::Removing, None) => None,
        (_, Some(failure)) => Some((Tone::Bad, format!("The last deploy failed: {failure}"), "Nothing serves yet.")),
        (AppState::Unknown { why }, None) => Some((Tone::Warning, why.clone(), "What was last seen is shown.")),
        _ => None,
    }
}

#[component]
fn Loaded(app: AppDetail) -> impl IntoView {
    let newest = app.releases.first().map(|release| format!("/apps/{}/deploys/{}", app.row.name, release.number));
    let notice = trouble(&app).map(|(tone, title, then)| {
        view! {
            <Notice tone=tone title=title>
                <p>{then}</p>
                {newest.map(|href| view! {
                    <div class="cluster">
                        <a class="button" href=href>
                            "Open the last deploy"
                        </a>
                    </div>
                })}
            </Notice>
        }
    });
    let seen = app.row.observed_at.map(|at| {
        view! {
            <small class="muted">
                "seen " <Age at=at />
            </small>
        }
        .into_any()
    });
    let hops = app.picture.clone();
    let picture = (!hops.is_empty()).then(move || {
        view! {
            <Panel title="How a request reaches it" aside=seen>
                <div class="panel-body">
                    <Picture hops=hops />
                </div>
            </Panel>
        }
    });
    let serving = app.releases.iter().find(|release| release.serving).cloned();
    let name = app.row.name.to_string();
    let latest: Vec<ReleaseRow> = app.releases.iter().take(5).cloned().collect();
    let releases = if latest.is_empty() {
        view! {
            <div class="empty">
                <p>"Nothing deployed yet. Deploy fetches the source, builds it, and sends visitors to it once it has answered."</p>
            </div>
        }
        .into_any()
    } else {
        view! { <ReleaseTable app=name.clone() releases=latest /> }.into_any()
    };
    let all = view! { <a href=format!("/apps/{name}/deploys")>"All deploys"</a> }.into_any();
    let uploads = app.spec.source.files().is_some_and(|files| files.origin == Origin::Archive);
    let upload = uploads.then(|| view! { <UploadPanel app=name.clone() /> });
    view! {
        {notice}
        {upload}
        {picture}
        <div class="split">
            <Panel title="Latest deploys" aside=Some(all)>
                {releases}
            </Panel>
            <Panel title="What runs">
                <Facts app=app serving=serving />
            </Panel>
        </div>
    }
    .into_any()
}

#[component]
fn Facts(app: AppDetail, serving: Option<ReleaseRow>) -> impl IntoView {
    let (kind, from, where_from) = match &app.spec.source {
        Source::Files(Files { origin, folder, builder, .. }) => {
            let kind = match builder {
                Builder::Auto => "Files",
                Builder::Static { .. } => "Static files",
                Builder::Dockerfile { .. } => "Dockerfile",
                Builder::Buildpacks => "Buildpacks",
            };
            let from = match origin {
                Origin::Repo { repo, .. } => repo.to_string(),
                Origin::Push { .. } => {
                    format!("git push to /git/{} of this panel, with a token as the password", app.row.name)
                }
                Origin::Archive => "an uploaded archive".to_owned(),
            };
            let what = match builder {
                Builder::Dockerfile { dockerfile } => dockerfile.to_string(),
                Builder::Static { .. } | Builder::Buildpacks | Builder::Auto => format!("folder {folder}"),
            };
            let parts = origin.branch().map(ToString::to_string).into_iter().chain([what]);
            (kind, from, Some(parts.collect::<Vec<_>>().join(", ")))
        }
        Source::Image { image } => ("Image", image.to_string(), None),
    };
    let health = match &app.spec.health {
        Health::Port => "The port answers and it stays up".to_owned(),
        Health::Http { path } => format!("{path} answers 2xx"),
    };
    let is_static = app.spec.source.is_static();
    let artifact = serving.as_ref().and_then(|release| release.artifact.clone()).map(|artifact| match artifact {
        Artifact::Image { id } => {
            view! { <span class="mono">{id.chars().take(19).collect::<String>()}</span> }.into_any()
        }
        Artifact::Site { files, size_bytes, .. } => format!("{files} files, {}", size_of(size_bytes)).into_any(),
    });
    let proof = serving
        .as_ref()
        .and_then(|release| release.proof)
        .map(|(sent, failed)| format!("{sent} requests, {failed} failed"));
    let commit = serving.as_ref().map(words::made_from);
    let addresses = app
        .urls
        .iter()
        .map(|url| {
            view! {
                <li>
                    <a href=url.clone() rel="external noopener" target="_blank">
                        {url.clone()}
                    </a>
                </li>
            }
        })
        .collect_view();
    view! {
        <dl class="facts">
            <Fact name="Address">
                <ul>{addresses}</ul>
            </Fact>
            <Fact name=kind>
                <span class="mono">{from}</span>
            </Fact>
            {where_from.map(|where_from| view! { <Fact name="From">{where_from}</Fact> })}
            {commit.map(|(reference, subject)| {
                view! {
                    <Fact name="Made from">
                        <span class="mono">{reference}</span>
                        " "
                        {subject}
                    </Fact>
                }
            })}
            {artifact.map(|artifact| view! { <Fact name="Runs">{artifact}</Fact> })}
            {(!is_static).then(|| view! { <Fact name="Check">{health}</Fact> })}
            {proof.map(|proof| view! { <Fact name="Last switch">{proof}</Fact> })}
            <Fact name="Created">
                <Age at=app.created_at />
            </Fact>
        </dl>
    }
    .into_any()
}

/// A name and its value.
#[component]
pub(crate) fn Fact(#[prop(into)] name: String, children: Children) -> impl IntoView {
    view! {
        <div>
            <dt>{name}</dt>
            <dd>{children()}</dd>
        </div>
    }
    .into_any()
}
