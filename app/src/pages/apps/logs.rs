//! The last lines of what runs.

use homeport_model::job::LogLine;
use leptos::prelude::*;

use super::{ThisApp, frame::app_name};
use crate::{
    api::apps::app_logs,
    ui::{LogView, PanelSkeleton, figures::count, loaded},
};

/// The fourth tab.
#[component]
pub fn Logs() -> impl IntoView {
    let this = ThisApp::current();
    let answer = Resource::new(move || this.name.get(), |name| async move { app_logs(app_name(&name)?).await });
    let again = move |_| answer.refetch();
    let page = move |lines: Vec<LogLine>| {
        let body = if lines.is_empty() {
            view! {
                <div class="empty">
                    <p>"No line. Either nothing runs here, or it has written nothing; nginx serves static sites without a log of their own."</p>
                </div>
            }
            .into_any()
        } else {
            let total = count(lines.len(), "line", "lines");
            view! {
                <LogView lines=Signal::stored(lines) label="Log of the running release" size="tall" />
                <p class="log-tail">"The last " {total}</p>
            }
            .into_any()
        };
        view! {
            <section class="panel" aria-label="Log">
                <header>
                    <h2>"Output of the running release"</h2>
                    <button class="button" type="button" data-size="small" on:click=again>
                        "Refresh"
                    </button>
                </header>
                {body}
            </section>
        }
    };
    loaded(answer, || view! { <PanelSkeleton rows=10 /> }, page)
}
