//! A page's name, its state in a line, and at most two actions.

use leptos::prelude::*;
use leptos_meta::Title;

/// The head of a page; also sets the tab's title.
#[component]
pub fn PageHeader(
    /// The page's name.
    #[prop(into)]
    title: String,
    /// The pages above it: address and name.
    #[prop(optional)]
    above: Vec<(String, String)>,
    /// The state line.
    #[prop(optional, into)]
    lead: ViewFnOnce,
    /// At most two things to press.
    #[prop(default = None)]
    actions: Option<AnyView>,
) -> impl IntoView {
    let crumbs = (!above.is_empty()).then(|| {
        let links = above.into_iter().map(|(href, name)| view! { <a href=href>{name}</a> }).collect_view();
        view! {
            <nav class="crumb" aria-label="Breadcrumb">
                {links}
            </nav>
        }
    });
    view! {
        <Title text=title.clone() />
        <header class="page-header">
            {crumbs} <h1>{title.clone()}</h1> <p class="lead">{lead.run()}</p>
            {actions.map(|actions| view! { <div class="page-actions">{actions}</div> })}
        </header>
    }
    .into_any()
}
