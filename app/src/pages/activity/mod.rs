//! Who did what, and the jobs that followed.

pub mod audit;
pub mod jobs;

pub use audit::AuditPage;
pub use jobs::{JobTable, JobsPage};

use leptos::prelude::*;

use crate::ui::PageHeader;

/// The head that both lists share; `jobs` says which of them is shown.
#[component]
fn ActivityHeader(jobs: bool) -> impl IntoView {
    let title = if jobs { "Jobs" } else { "Activity" };
    let lead = if jobs { "Long work, running and done" } else { "Who did what, from where" };
    view! {
        <PageHeader title=title lead=move || lead />
        <nav class="tabs" aria-label="Activity">
            <ul>
                <li>
                    <a href="/activity" aria-current=(!jobs).then_some("page")>
                        "Audit log"
                    </a>
                </li>
                <li>
                    <a href="/activity/jobs" aria-current=jobs.then_some("page")>
                        "Jobs"
                    </a>
                </li>
            </ul>
        </nav>
    }
    .into_any()
}
