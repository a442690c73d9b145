//! Another authority, an e-mail address, a profile, a key of an account there.

use homeport_model::{certificate::settings::AcmeForm, problem::Problem};
use leptos::{form::ActionForm, prelude::*};

use crate::{
    api::certificates::SetAcme,
    pages::apps::FormProblem,
    ui::{Field, Panel, Submit},
};

/// The settings.
#[component]
pub fn SettingsForm(
    /// What is kept.
    form: AcmeForm,
    /// How the configured authority is called.
    usual: String,
    /// How the chosen one is called.
    authority: String,
    /// Where its terms stand.
    terms: Option<String>,
    /// Its profiles.
    profiles: String,
    /// The action.
    set: ServerAction<SetAcme>,
    /// What is wrong.
    problem: Signal<Option<Problem>>,
) -> impl IntoView {
    let chosen = form.directory.clone();
    let options = [
        ("usual", usual),
        ("staging", "Staging: for trying out; browsers warn".to_owned()),
        ("other", "Another ACME directory".to_owned()),
    ];
    let options = options
        .into_iter()
        .map(|(value, words)| {
            let checked = value == chosen;
            view! {
                <label class="check">
                    <input type="radio" name="form[directory]" value=value checked=checked />
                    <span>{words}</span>
                </label>
            }
        })
        .collect_view();
    let profile_hint = if profiles.is_empty() {
        format!("{authority} has none.")
    } else {
        format!("{authority} has {profiles}. Empty: its usual one.")
    };
    let agreement = terms.map(|terms| view! { " " <a href=terms rel="noreferrer">"Read them."</a> });
    let bound = !form.eab_kid.is_empty();
    view! {
        <Panel title="Settings">
            <ActionForm action=set>
                <div class="panel-body form">
                    <FormProblem problem=problem />
                    <fieldset class="field">
                        <legend>"Certificate authority"</legend>
                        {options}
                    </fieldset>
                    <Field
                        label="Its directory"
                        name="form[url]"
                        key="url"
                        value=form.url
                        placeholder="https://acme.example.com/directory"
                        hint="For another ACME directory only."
                        problem=problem
                        mono=true
                        optional=true
                        inputmode="url"
                    />
                    <div class="split" data-variant="even">
                        <Field
                            label="E-mail"
                            name="form[email]"
                            key="email"
                            value=form.email
                            placeholder="you@example.com"
                            hint="Where the authority may write to."
                            problem=problem
                            optional=true
                            inputmode="email"
                        />
                        <Field
                            label="Profile"
                            name="form[profile]"
                            key="profile"
                            value=form.profile
                            hint=profile_hint
                            problem=problem
                            mono=true
                            optional=true
                        />
                    </div>
                    <details class="disclosure" open=bound>
                        <summary>"A key of an account there (EAB)"</summary>
                        <div class="split" data-variant="even">
                            <Field
                                label="Key id"
                                name="form[eab_kid]"
                                key="eab_kid"
                                value=form.eab_kid
                                hint="Authorities that only serve their customers show one."
                                problem=problem
                                mono=true
                                optional=true
                            />
                            <Field
                                label="HMAC key"
                                name="form[eab_hmac]"
                                key="eab_hmac"
                                hint="Needed when the account is made, and not kept."
                                problem=problem
                                mono=true
                                optional=true
                                kind="password"
                            />
                        </div>
                    </details>
                    <label class="check">
                        <input type="checkbox" name="form[agree]" value="yes" />
                        <span>"I agree to the authority's terms."{agreement}</span>
                    </label>
                </div>
                <footer>
                    <Submit label="Keep" busy="Asking the authority…" variant="primary" pending=set.pending() />
                    <p class="muted">"Kept once the authority has taken the account. Its key is made once and stays in this server's database."</p>
                </footer>
            </ActionForm>
        </Panel>
    }
    .into_any()
}
