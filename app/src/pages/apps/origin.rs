//! Where an app's files come from, and the form that uploads them.

use leptos::prelude::*;

use crate::ui::Panel;

/// The ways, as the form's words and as people read them.
const WAYS: [(&str, &str); 3] = [
    ("repo", "A git repository, fetched from there"),
    ("push", "git push to this server"),
    ("archive", "An archive, uploaded here"),
];

/// Which way the files come.
#[component]
pub fn OriginField(
    /// The word of the chosen one.
    origin: RwSignal<String>,
) -> impl IntoView {
    let options = WAYS
        .map(|(word, words)| {
            view! {
                <option value=word selected=move || origin.get() == word>
                    {words}
                </option>
            }
        })
        .into_iter()
        .collect_view();
    view! {
        <div class="field">
            <label for="origin">"Files"</label>
            <select id="origin" name="form[origin]" on:change=move |event| origin.set(event_target_value(&event))>
                {options}
            </select>
        </div>
    }
    .into_any()
}

/// Takes an archive and deploys it; a plain form, so that the browser shows how far it is.
#[component]
pub fn UploadPanel(
    /// The app's name.
    app: String,
) -> impl IntoView {
    view! {
        <Panel title="Upload and deploy">
            <form method="post" action=format!("/apps/{app}/archive") enctype="multipart/form-data">
                <div class="panel-body form">
                    <div class="field">
                        <label for="archive">"Archive"</label>
                        <p class="field-hint" id="archive-hint">
                            "A .tar, .tar.gz or .zip file, at most 512 MiB. One folder around everything is left out."
                        </p>
                        <input
                            id="archive"
                            type="file"
                            name="archive"
                            accept=".tar,.tgz,.gz,.zip"
                            aria-describedby="archive-hint"
                            required
                        />
                    </div>
                </div>
                <footer>
                    <button class="button" data-variant="primary" type="submit">
                        "Upload and deploy"
                    </button>
                </footer>
            </form>
        </Panel>
    }
    .into_any()
}
