//! Who did what, and the jobs that followed.

pub mod audit;
pub mod deliveries;
pub mod jobs;

pub use audit::AuditPage;
pub use deliveries::DeliveriesPage;
pub use jobs::{JobTable, JobsPage};

use leptos::prelude::*;

use crate::ui::PageHeader;

/// The lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tab {
    Audit,
    Jobs,
    Deliveries,
}

impl Tab {
    const ALL: [Self; 3] = [Self::Audit, Self::Jobs, Self::Deliveries];

    /// Address, name, the page's title, and what it is.
    const fn words(self) -> [&'static str; 4] {
        match self {
            Self::Audit => ["/activity", "Audit log", "Activity", "Who did what, from where"],
            Self::Jobs => ["/activity/jobs", "Jobs", "Jobs", "Long work, running and done"],
            Self::Deliveries => {
                ["/activity/deliveries", "Deliveries", "Deliveries", "What webhooks received, and what became of it"]
            }
        }
    }
}

/// The head that the lists share.
#[component]
fn ActivityHeader(tab: Tab) -> impl IntoView {
    let [_, _, title, lead] = tab.words();
    let tabs = Tab::ALL.map(|one| {
        let [href, name, ..] = one.words();
        view! {
            <li>
                <a href=href aria-current=(one == tab).then_some("page")>
                    {name}
                </a>
            </li>
        }
    });
    view! {
        <PageHeader title=title lead=move || lead />
        <nav class="tabs" aria-label="Activity">
            <ul>{tabs.into_iter().collect_view()}</ul>
        </nav>
    }
    .into_any()
}
