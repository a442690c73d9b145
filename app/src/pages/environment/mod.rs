//! Environments: of one app, on a tab of its own, and of all apps, below Settings.

pub mod export;
pub mod generate;
pub mod paste;
pub mod variables;
pub mod versions;

use leptos::prelude::*;

use super::apps::{ThisApp, app_name};
use crate::{
    api::WireError,
    live::Live,
    ui::{PageHeader, loaded::Answer},
};
use homeport_model::{environment::EnvPage, event::Topic, name::AppName};

/// Whose environment the page shows; shared by its parts.
#[derive(Clone, Copy)]
struct Whose {
    /// The app's name; empty for all apps.
    app: Memo<String>,
    /// Grows with every change.
    changes: RwSignal<u32>,
    /// The variables.
    page: Answer<EnvPage>,
}

impl Whose {
    fn current() -> Self {
        expect_context::<Self>()
    }

    /// The app as server functions take it.
    fn parsed(app: &str) -> Result<Option<AppName>, WireError> {
        if app.is_empty() { Ok(None) } else { app_name(app).map(Some) }
    }

    fn provide(app: Memo<String>, version: Memo<(u64, u64)>) {
        let changes = RwSignal::new(0);
        let page = Resource::new(
            move || (app.get(), version.get(), changes.get()),
            |(app, ..)| async move { crate::api::environments::find_environment(Self::parsed(&app)?).await },
        );
        provide_context(Self { app, changes, page });
    }

    /// Says that something has been changed here.
    fn changed(self) {
        self.changes.update(|changes| *changes += 1);
    }
}

/// The hidden field that names the app; there is none for all apps.
#[component]
fn AppInput() -> impl IntoView {
    let app = Whose::current().app;
    move || {
        let app = app.get();
        (!app.is_empty()).then(|| view! { <input type="hidden" name="app" value=app /> })
    }
}

/// The third tab of an app.
#[component]
pub fn Environment() -> impl IntoView {
    let this = ThisApp::current();
    Whose::provide(this.name, this.version);
    let whose = Whose::current();
    // The badge on the tab counts, too.
    Effect::new(move |before: Option<u32>| {
        let changes = whose.changes.get();
        if before.is_some_and(|before| before != changes) {
            this.detail.refetch();
        }
        changes
    });
    view! { <Parts /> }
}

/// The variables of all apps.
#[component]
pub fn SharedEnvironment() -> impl IntoView {
    let live = use_context::<Live>();
    let version = Memo::new(move |_| (live.map_or(0, |live| live.version(&Topic::Apps)), 0));
    Whose::provide(Memo::new(|_| String::new()), version);
    let lead = || "Every app has these, unless it has one of the same name itself.";
    view! {
        <PageHeader
            title="Environment of all apps"
            above=vec![("/settings".to_owned(), "Settings".to_owned())]
            lead=lead
        />
        <Parts />
    }
}

#[component]
fn Parts() -> impl IntoView {
    view! {
        <variables::Variables />
        <paste::Paste />
        <div class="split">
            <div class="stack">
                <versions::Versions />
            </div>
            <div class="stack">
                <generate::Generate />
                <export::Export />
            </div>
        </div>
    }
    .into_any()
}
