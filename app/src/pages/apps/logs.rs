//! The last lines of what runs, and those that come while one looks.

use homeport_model::job::LogLine;
use leptos::prelude::*;

use super::{ThisApp, frame::app_name};
use crate::{
    api::apps::app_logs,
    ui::{FollowedLog, LogView, PanelSkeleton, figures::count, loaded},
};

/// The fourth tab.
#[component]
pub fn Logs() -> impl IntoView {
    let this = ThisApp::current();
    let answer = Resource::new(move || this.name.get(), |name| async move { app_logs(app_name(&name)?).await });
    let live = FollowedLog::of_app(move || this.name.get());
    let page = move |first: Vec<LogLine>| {
        let lines = live.all(first);
        let is_empty = Memo::new(move |_| lines.with(Vec::is_empty));
        let body = move || {
            if is_empty.get() {
                view! {
                <div class="empty">
                    <p>"No line. Either nothing runs here, or it has written nothing; nginx serves static sites without a log of their own."</p>
                </div>
            }
            .into_any()
            } else {
                let total = move || count(lines.with(Vec::len), "line", "lines");
                view! {
                    <LogView lines=lines label="Log of the running release" size="tall" />
                    <p class="log-tail">"The last " {total}</p>
                }
                .into_any()
            }
        };
        view! {
            <section class="panel" aria-label="Log">
                <header>
                    <h2>"Output of the running release"</h2>
                </header>
                {body}
            </section>
        }
    };
    loaded(answer, || view! { <PanelSkeleton rows=10 /> }, page)
}
