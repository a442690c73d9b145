//! A secret that is made on the server and never shown.

use leptos::{form::ActionForm, prelude::*};

use super::{
    super::apps::{FormProblem, problem_of},
    AppInput, Whose,
};
use crate::{
    api::environments::GenerateSecret,
    ui::{Field, Panel, Select, Submit, toaster},
};

/// The form.
#[component]
pub fn Generate() -> impl IntoView {
    let whose = Whose::current();
    let generate = ServerAction::<GenerateSecret>::new();
    let toaster = toaster();
    Effect::new(move || {
        if let Some(Ok(())) = generate.value().get() {
            toaster.say("Secret made");
            whose.changed();
        }
    });
    let problem = problem_of(move || generate.value().get());
    let (length, spelling) = (RwSignal::new("32".to_owned()), RwSignal::new("hex".to_owned()));
    view! {
        <Panel title="Make a secret">
            <ActionForm action=generate>
                <div class="panel-body form">
                    <FormProblem problem=problem />
                    <AppInput />
                    <Field
                        label="Name"
                        name="key"
                        placeholder="SECRET_KEY"
                        hint="A value that is there is replaced; the version before keeps it."
                        problem=problem
                        mono=true
                    />
                    <Select
                        label="Length"
                        name="length"
                        options=vec![("16", "16 bytes"), ("32", "32 bytes"), ("64", "64 bytes")]
                        chosen=length
                    />
                    <Select
                        label="Written as"
                        name="spelling"
                        options=vec![("hex", "hexadecimal digits"), ("base64", "base64 for addresses")]
                        chosen=spelling
                    />
                    <div class="cluster">
                        <Submit label="Make the secret" busy="Making…" pending=generate.pending() />
                    </div>
                </div>
            </ActionForm>
        </Panel>
    }
    .into_any()
}
