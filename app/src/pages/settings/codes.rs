//! Recovery codes: how many are left, and new ones.

use leptos::prelude::*;

use super::Doing;
use crate::{api::accounts::new_recovery_codes, pages::claim::RecoveryCodes, passkeys::with_fresh_passkey, ui::Panel};

/// How many codes are left, and the button for new ones.
#[component]
pub fn Codes(
    /// How many are left.
    left: u32,
    /// What the page does.
    doing: Doing,
    /// New ones, while they are shown.
    fresh: RwSignal<Option<Vec<String>>>,
) -> impl IntoView {
    let renew = move |_| {
        doing.run("New recovery codes made", with_fresh_passkey(async || new_recovery_codes().await), move |codes| {
            fresh.set(Some(codes));
        });
    };
    let words = match left {
        0 => "None is left.".to_owned(),
        1 => "One is left.".to_owned(),
        _ => format!("{left} are left."),
    };
    view! {
        <Panel title="Recovery codes">
            <div class="panel-body stack">
                <p>{words} " Each gets you in once when your passkeys are lost."</p>
                {move || {
                    fresh
                        .get()
                        .map(|codes| {
                            view! {
                                <p>
                                    <strong>"Keep these now; they are not shown again. The old ones are dead."</strong>
                                </p>
                                <RecoveryCodes codes=codes />
                            }
                        })
                }}
                <div class="cluster">
                    <button class="button" type="button" disabled=move || doing.pending.get() on:click=renew>
                        "Make new codes"
                    </button>
                </div>
            </div>
        </Panel>
    }
}
