//! The environment as text to take away, secrets included: the passkey is asked for.

use homeport_model::environment::EnvExport;
use leptos::{form::ActionForm, prelude::*};

use super::{
    super::apps::{FormProblem, problem_of},
    AppInput,
};
use crate::{
    api::environments::ExportEnvironment,
    ui::{Code, Notice, Panel, Select, Submit, Tone, ask_for_passkey},
};

/// The form, and the text once it was asked for.
#[component]
pub fn Export() -> impl IntoView {
    let export = ServerAction::<ExportEnvironment>::new();
    let refused = ask_for_passkey(export);
    let answered = problem_of(move || export.value().get());
    let problem = Signal::derive(move || refused.get().or_else(|| answered.get()));
    let format = RwSignal::new("dotenv".to_owned());
    let text = move || export.value().get().and_then(Result::ok).map(|text| view! { <Text export=text /> });
    view! {
        <Panel title="Take it away">
            <ActionForm action=export>
                <div class="panel-body form">
                    <FormProblem problem=problem />
                    <AppInput />
                    <Select
                        label="As"
                        name="format"
                        options=vec![
                            ("dotenv", ".env, for Homeport and for a shell"),
                            ("json", "JSON"),
                            ("env_file", "file for docker run --env-file"),
                            ("arguments", "arguments for docker run (-e)"),
                        ]
                        chosen=format
                        hint="Every value stands in it, secrets too; Homeport writes down that you took it."
                    />
                    <div class="cluster">
                        <Submit label="Show the text" busy="Writing…" pending=export.pending() />
                    </div>
                </div>
            </ActionForm>
            {text}
        </Panel>
    }
    .into_any()
}

#[component]
fn Text(export: EnvExport) -> impl IntoView {
    let href = format!("data:text/plain;charset=utf-8,{}", percent_encoded(&export.text));
    let file_name = export.file_name.clone();
    let left_out: Vec<String> = export.left_out.iter().map(ToString::to_string).collect();
    let left_out = (!left_out.is_empty()).then(|| {
        view! {
            <Notice tone=Tone::Warning title=format!("Left out: {}.", left_out.join(", "))>
                <p>"Their values have line breaks, which a file for --env-file cannot hold. Use -e arguments for them."</p>
            </Notice>
        }
    });
    view! {
        <div class="panel-body stack">
            {left_out}
            <Code text=export.text what="the environment" />
            <div class="cluster">
                <a class="button" href=href download=file_name>
                    "Download " {export.file_name}
                </a>
            </div>
        </div>
    }
    .into_any()
}

fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
        encoded
    })
}
