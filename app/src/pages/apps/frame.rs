//! What stands above every tab of one app: its name, its state, what can be done, the tabs.

use homeport_model::{
    app::{AppDetail, AppState, HopKind},
    event::Topic,
    id::AppId,
    name::AppName,
};
use leptos::{form::ActionForm, prelude::*};
use leptos_router::{
    components::Outlet,
    hooks::{use_location, use_params_map},
};

use super::{super::words, new::FormProblem, new::problem_of};
use crate::{
    api::{
        WireError,
        apps::find_app,
        deploys::{Deploy, Restart},
        error::not_found,
    },
    live::Live,
    ui::{Age, PageHeader, State, Submit, Tag, Tone, loaded::Answer, loaded_page},
};

/// The app that the address names; shared by its tabs.
#[derive(Clone, Copy)]
pub struct ThisApp {
    /// The name in the address.
    pub name: Memo<String>,
    /// Grows whenever the server says that it changed.
    pub version: Memo<(u64, u64)>,
    /// What is known of it.
    pub detail: Answer<AppDetail>,
}

impl ThisApp {
    /// The app of the tab.
    #[must_use]
    pub fn current() -> Self {
        expect_context::<Self>()
    }

    fn from_address() -> Self {
        let params = use_params_map();
        let name = Memo::new(move |_| params.read().get("name").unwrap_or_default());
        let live = use_context::<Live>();
        let id = RwSignal::new(None::<AppId>);
        let version = Memo::new(move |_| {
            let of = |topic: &Topic| live.map_or(0, |live| live.version(topic));
            (of(&Topic::Apps), id.get().map_or(0, |id| of(&Topic::App(id))))
        });
        let detail = Resource::new(move || (name.get(), version.get()), |(name, _)| find(name));
        Effect::new(move || {
            if let Some(Ok(detail)) = detail.get() {
                id.set(Some(detail.row.id));
            }
        });
        Self { name, version, detail }
    }
}

/// The name in an address, or that there is no such app.
pub(crate) fn app_name(typed: &str) -> Result<AppName, WireError> {
    typed.parse().or_else(|_| not_found("app"))
}

async fn find(name: String) -> Result<AppDetail, WireError> {
    find_app(app_name(&name)?).await
}

/// The head and the tabs of one app.
#[component]
pub fn AppFrame() -> impl IntoView {
    let this = ThisApp::from_address();
    provide_context(this);
    let deploy = ServerAction::<Deploy>::new();
    let restart = ServerAction::<Restart>::new();
    let problem = problem_of(move || {
        let refused = deploy.value().get().and_then(Result::err);
        refused.or_else(|| restart.value().get()?.err()).map(Err::<u32, _>)
    });
    let skeleton = move || {
        view! {
            <PageHeader
                title=this.name.get_untracked()
                above=vec![("/apps".to_owned(), "Apps".to_owned())]
                lead=|| view! { <span class="skeleton" data-size="medium"></span> }
            />
        }
    };
    view! {
        {loaded_page(this.detail, skeleton, move |app| view! { <Head app=app deploy=deploy restart=restart /> })}
        <FormProblem problem=problem />
        <Tabs this=this />
        <Outlet />
    }
    .into_any()
}

#[component]
fn Head(app: AppDetail, deploy: ServerAction<Deploy>, restart: ServerAction<Restart>) -> impl IntoView {
    let (tone, word) = words::of_app(&app.row);
    let release = words::release_of(&app.row);
    let version = app.row.version.clone();
    let since = match app.row.state {
        AppState::Serving { since, .. } => Some(since),
        _ => None,
    };
    let lead = move || {
        view! {
            <State tone=tone word=word />
            {release.map(|number| view! { <span>{format!("release {number}")}</span> })}
            {version.map(|version| view! { <span class="mono">{version}</span> })}
            {since.map(|since| view! { <Age at=since /> })}
        }
    };
    let serving = matches!(app.row.state, AppState::Serving { .. } | AppState::Partly { .. });
    let open = serving.then(|| {
        view! {
            <a class="button" href=app.row.url.clone() rel="external noopener" target="_blank">
                "Open"
            </a>
        }
    });
    let running = app.row.job.as_ref().filter(|job| !job.state.is_final()).and_then(words::job_href);
    let name = app.row.name.to_string();
    let named = name.clone();
    let of_restart = name.clone();
    // A site is files: there is nothing to start.
    let runs = app.picture.iter().any(|hop| hop.kind == HopKind::Process);
    let again = (running.is_none() && runs).then(|| {
        view! {
            <ActionForm action=restart>
                <input type="hidden" name="app" value=of_restart />
                <Submit label="Restart" busy="Restarting…" pending=restart.pending() />
            </ActionForm>
        }
    });
    let main = match running {
        Some(href) => view! {
            <a class="button" data-variant="primary" href=href>
                "Watch the deploy"
            </a>
        }
        .into_any(),
        None if app.row.state == AppState::Removing => ().into_any(),
        None => view! {
            <ActionForm action=deploy>
                <input type="hidden" name="app" value=named />
                <Submit label="Deploy" busy="Deploying…" variant="primary" pending=deploy.pending() />
            </ActionForm>
        }
        .into_any(),
    };
    let actions = view! {
        {open}
        {again}
        {main}
    }
    .into_any();
    view! {
        <PageHeader
            title=name
            above=vec![("/apps".to_owned(), "Apps".to_owned())]
            lead=lead
            actions=Some(actions)
        />
    }
    .into_any()
}

#[component]
fn Tabs(this: ThisApp) -> impl IntoView {
    let path = use_location().pathname;
    let pending = move || match this.detail.get() {
        Some(Ok(detail)) if detail.pending_env > 0 => Some(detail.pending_env),
        _ => None,
    };
    let tab = move |below: &'static str, name: &'static str| {
        let href = move || format!("/apps/{}{below}", this.name.get());
        let current = move || (path.get().trim_end_matches('/') == href()).then_some("page");
        let badge = move || {
            (below == "/environment").then(pending).flatten().map(|count| {
                view! { <Tag tone=Tone::Warning>{count} <span>" pending"</span></Tag> }
            })
        };
        view! {
            <li>
                <a href=href aria-current=current>
                    {name}
                    <Suspense>{badge}</Suspense>
                </a>
            </li>
        }
    };
    view! {
        <nav class="tabs" aria-label="App">
            <ul>
                {tab("", "Overview")} {tab("/deploys", "Deploys")} {tab("/processes", "Processes")}
                {tab("/environment", "Environment")} {tab("/domains", "Domains")} {tab("/proxy", "Proxy")}
                {tab("/storage", "Storage & ports")} {tab("/logs", "Logs")} {tab("/traffic", "Traffic")}
                {tab("/settings", "Settings")}
            </ul>
        </nav>
    }
    .into_any()
}
