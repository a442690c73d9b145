//! Settings: passkeys, sessions, recovery codes, SSH keys, tokens.

pub mod certificates;
pub mod codes;
pub mod dns;
pub mod panel_domain;
pub mod passkeys;
pub mod registries;
pub mod sessions;
pub mod ssh_keys;
pub mod tokens;
pub mod tunnel;

use homeport_model::{account::AccountSettings, event::Topic, problem::Problem};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    api::accounts::read_account,
    live::version,
    passkeys::Outcome,
    ui::{Notice, PageHeader, PanelSkeleton, ProblemNotice, Tone, frame::SignOut, loaded, toast::Toaster, toaster},
};

use codes::Codes;
use passkeys::Passkeys;
use sessions::Sessions;
use ssh_keys::SshKeys;
use tokens::Tokens;

/// Something that a row or a button does: what is wrong with it, and whether it is under way.
#[derive(Clone, Copy)]
pub struct Doing {
    toaster: Toaster,
    problem: RwSignal<Option<Problem>>,
    pending: RwSignal<bool>,
    done: RwSignal<u32>,
}

impl Doing {
    /// Does `work`, one at a time; says `words` when it went well.
    fn run<T: 'static>(
        self,
        words: &'static str,
        work: impl Future<Output = Outcome<T>> + 'static,
        then: impl FnOnce(T) + 'static,
    ) {
        if self.pending.get_untracked() {
            return;
        }
        self.pending.set(true);
        self.problem.set(None);
        let toaster = self.toaster;
        spawn_local(async move {
            match work.await {
                Ok(value) => {
                    toaster.say(words);
                    then(value);
                    self.done.update(|done| *done += 1);
                }
                Err(found) => self.problem.set(Some(found)),
            }
            self.pending.set(false);
        });
    }
}

/// The page.
#[component]
pub fn SettingsPage() -> impl IntoView {
    let doing = Doing {
        toaster: toaster(),
        problem: RwSignal::new(None),
        pending: RwSignal::new(false),
        done: RwSignal::new(0),
    };
    let fresh_codes = RwSignal::new(None::<Vec<String>>);
    let fresh_token = RwSignal::new(None::<String>);
    let live = version(Topic::Account);
    let answer = Resource::new(move || (live.get(), doing.done.get()), |_| read_account());
    view! {
        <PageHeader title="Settings" lead=|| "Who gets in, with what, and from where." />
        {move || doing.problem.get().map(|problem| view! { <ProblemNotice problem=problem /> })}
        {loaded(answer, || view! { <PanelSkeleton rows=4 /> }, move |account| view! { <Account account=account doing=doing fresh_codes=fresh_codes fresh_token=fresh_token /> })}
        <p>
            <a href="/settings/environment">"Environment of all apps"</a>
            " · "
            <a href="/settings/registries">"Image registries"</a>
            " · "
            <a href="/settings/certificates">"Certificates"</a>
            " · "
            <a href="/settings/dns">"DNS providers"</a>
            " · "
            <a href="/settings/panel">"Panel domain"</a>
            " · "
            <a href="/settings/tunnel">"Tunnel"</a>
        </p>
        <div class="on-phone">
            <SignOut />
        </div>
    }
}

#[component]
fn Account(
    account: AccountSettings,
    doing: Doing,
    fresh_codes: RwSignal<Option<Vec<String>>>,
    fresh_token: RwSignal<Option<String>>,
) -> impl IntoView {
    let AccountSettings { me, passkeys, sessions, codes_left, tokens, ssh, now } = account;
    let must_add = me.must_add_passkey.then(|| {
        view! {
            <Notice tone=Tone::Warning title="Add a passkey now.">
                <p>"You came in by recovery. Everything else opens once this panel has a passkey of yours again."</p>
            </Notice>
        }
    });
    let one_only = (me.one_key_only && !me.must_add_passkey).then(|| {
        view! {
            <Notice tone=Tone::Warning title="You have one passkey and no recovery code.">
                <p>"If you lose it, you need the host's console. Add a second passkey or make new codes."</p>
            </Notice>
        }
    });
    view! {
        {must_add}
        {one_only}
        <Passkeys passkeys=passkeys doing=doing reload=me.must_add_passkey />
        {(!me.must_add_passkey).then(|| view! {
            <Codes left=codes_left doing=doing fresh=fresh_codes />
            <Sessions sessions=sessions doing=doing />
            <SshKeys ssh=ssh doing=doing />
            <Tokens tokens=tokens now=now doing=doing fresh=fresh_token />
        })}
    }
}
