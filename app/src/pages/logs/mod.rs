//! What an app's containers write: the end of it and what comes, any part of it, what a search finds.
//!
//! The address holds the whole choice, so that every view is a link and works without script. The
//! browser holds a bounded number of lines, however long the log is.

pub mod choice;
pub mod follow;
pub mod found;
pub mod lines;

use homeport_model::log::{LogForm, LogPage};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::apps::{ThisApp, app_name};
use crate::{
    api::{WireError, logs::read_log},
    ui::{PanelSkeleton, loaded},
};

use choice::Choice;
use follow::Follow;
use found::FoundLines;
use lines::{Empty, Lines};

/// A choice, and what it shows.
type Answer = (String, LogForm, LogPage);

async fn load(name: String, form: LogForm) -> Result<Answer, WireError> {
    let page = read_log(app_name(&name)?, form.clone()).await?;
    Ok((name, form, page))
}

/// The tab.
#[component]
pub fn Logs() -> impl IntoView {
    let this = ThisApp::current();
    let query = use_query_map();
    let form = Memo::new(move |_| {
        let query = query.read();
        let field = |name: &str| query.get(name).unwrap_or_default();
        LogForm {
            release: field("release"),
            process: field("process"),
            stream: field("stream"),
            from: field("from"),
            until: field("until"),
            q: field("q"),
            before: field("before"),
            after: field("after"),
            around: field("around"),
        }
    });
    let answer = Resource::new(move || (this.name.get(), form.get()), |(name, form)| load(name, form));
    let follow = Follow::of(move || {
        let (name, form, page) = answer.get()?.ok()?;
        follow::address(&name, &form, &page)
    });
    loaded(
        answer,
        || view! { <PanelSkeleton rows=10 /> },
        move |(name, form, page)| view! { <Shown name=name form=form page=page follow=follow /> },
    )
}

#[component]
fn Shown(name: String, form: LogForm, page: LogPage, follow: Follow) -> impl IntoView {
    let path = format!("/apps/{name}/logs");
    let title = match page.release {
        None => "Log".to_owned(),
        Some(number) => match page.releases.iter().find(|release| release.number == number) {
            Some(release) if release.serving => format!("Release {number}, which serves"),
            Some(release) if release.never_served => format!("Release {number}, which never served"),
            _ => format!("Release {number}"),
        },
    };
    let download = form.at_end().address(&format!("{path}/download"));
    let trouble = page.trouble.clone().map(|trouble| view! { <p class="output-note" role="status">{trouble}</p> });
    let cut = page.cut && page.found.is_none() && !page.earlier;
    let cut = cut.then(|| view! { <p class="output-note">"What was written before is not kept."</p> });
    let body = match page.found.clone() {
        Some(found) => view! { <FoundLines found=found form=form.clone() path=path.clone() /> }.into_any(),
        None if page.lines.is_empty() && !follow::is_followed(&form, &page) => {
            view! { <Empty form=form.clone() page=page.clone() path=path.clone() /> }.into_any()
        }
        None => view! { <Lines form=form.clone() page=page.clone() path=path.clone() follow=follow /> }.into_any(),
    };
    view! {
        <section class="panel" aria-label="Log">
            <header>
                <h2>{title}</h2>
                <div class="cluster">
                    <label class="check">
                        <input type="checkbox" data-wrap-lines />
                        <span>"Wrap long lines"</span>
                    </label>
                    <a class="button" data-size="small" href=download rel="external" download>
                        "Download"
                    </a>
                </div>
            </header>
            <Choice form=form.clone() page=page.clone() path=path.clone() />
            {trouble}
            {cut}
            {body}
        </section>
    }
    .into_any()
}
