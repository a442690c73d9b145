//! The browser's entry point: takes over the page that the server has sent.

use homeport_app::routes::App;
use leptos::{mount::hydrate_from_async, prelude::document, tachys::dom::body};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::spawn_local;

/// Makes the page live, once its part of the program is here. The generated script calls it once.
#[wasm_bindgen]
pub fn hydrate() {
    spawn_local(async {
        hydrate_from_async(body(), App).await.forget();
        // Whoever drives the page from outside sees from when on a press is answered by it.
        if let Some(page) = document().document_element() {
            let _ = page.set_attribute("data-live", "");
        }
    });
}
