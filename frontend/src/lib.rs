//! The browser's entry point: takes over the page that the server has sent.

use homeport_app::routes::App;
use leptos::{mount::hydrate_body, prelude::document};
use wasm_bindgen::prelude::wasm_bindgen;

/// Makes the page live. The generated script calls it once.
#[wasm_bindgen]
pub fn hydrate() {
    hydrate_body(App);
    // Whoever drives the page from outside sees from when on a press is answered by it.
    if let Some(page) = document().document_element() {
        let _ = page.set_attribute("data-live", "");
    }
}
