//! An address that leads nowhere.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::ui::Mark;

/// Says so, with the status 404, and where to go on.
#[component]
pub fn NotFound() -> impl IntoView {
    #[cfg(feature = "ssr")]
    if let Some(response) = use_context::<leptos_axum::ResponseOptions>() {
        response.set_status(http::StatusCode::NOT_FOUND);
    }
    view! {
        <Title text="No such page" />
        <div class="gate">
            <main id="main">
                <Mark />
                <div class="stack" data-gap="2">
                    <p class="muted figure">"404"</p>
                    <h1>"There is no such page"</h1>
                    <p class="muted">"The address may be old, or the app that it names was deleted."</p>
                </div>
                <div class="cluster">
                    <a class="button" data-variant="primary" href="/">
                        "Go to Today"
                    </a>
                    <a class="button" href="/apps">
                        "All apps"
                    </a>
                </div>
            </main>
        </div>
    }
    .into_any()
}
