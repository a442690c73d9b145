//! Access to a private source: a deploy key over ssh, a user and a token over https, and a try.

use homeport_model::access::{AccessView, GitOrigin, HostRow, KeyRow, PollRow, SignInRow, SshHost, Tried, Way};
use leptos::{form::ActionForm, prelude::*};

use super::{ThisApp, app_name, new::FormProblem, new::problem_of};
use crate::{
    api::access::{MakeKey, RemoveKey, RemoveSignIn, SetSignIn, TrustHost, TryAccess, find_access},
    ui::{
        Age, Code, Field, Notice, Panel, PanelSkeleton, ProblemNotice, Submit, Tone, loaded, loaded::Answer, toaster,
    },
};

/// An app's access on its page. It belongs to the page, and outlives what is shown of it.
#[derive(Clone, Copy)]
pub struct AccessHere {
    this: ThisApp,
    answer: Answer<AccessView>,
    make: ServerAction<MakeKey>,
    remove: ServerAction<RemoveKey>,
    keep: ServerAction<SetSignIn>,
    forget: ServerAction<RemoveSignIn>,
    try_it: ServerAction<TryAccess>,
    trust: ServerAction<TrustHost>,
}

impl AccessHere {
    /// Of the app in the address.
    #[must_use]
    pub fn of(this: ThisApp) -> Self {
        let (make, remove) = (ServerAction::<MakeKey>::new(), ServerAction::<RemoveKey>::new());
        let (keep, forget) = (ServerAction::<SetSignIn>::new(), ServerAction::<RemoveSignIn>::new());
        let (try_it, trust) = (ServerAction::<TryAccess>::new(), ServerAction::<TrustHost>::new());
        let answer = Resource::new(
            move || {
                let done = [make.version(), remove.version(), keep.version(), forget.version()];
                let done = done.map(|version| version.get());
                (this.name.get(), this.version.get(), done, try_it.version().get(), trust.version().get())
            },
            |(name, ..)| async move { find_access(app_name(&name)?).await },
        );
        let toaster = toaster();
        Effect::new(move || {
            if let Some(Ok(())) = keep.value().get() {
                toaster.say("Sign-in kept");
            }
        });
        Effect::new(move || {
            if let Some(Ok(())) = trust.value().get() {
                toaster.say("The new key is accepted");
                try_it.clear();
            }
        });
        Self { this, answer, make, remove, keep, forget, try_it, trust }
    }
}

/// What asking the host by itself came to.
#[component]
fn Asked(poll: PollRow) -> impl IntoView {
    let PollRow { tip, asked_at, problem, .. } = poll;
    let tip = tip.map(|tip| format!(" The branch stood at {}.", tip.short()));
    view! {
        <div class="panel-body form">
            <p class="muted">"Asked the host by itself " <Age at=asked_at /> "." {tip}</p>
            {problem.map(|problem| view! { <ProblemNotice problem=problem /> })}
        </div>
    }
    .into_any()
}

/// The panel in an app's settings; nothing for an app that is fetched from nowhere.
#[component]
pub fn AccessPanel(
    /// The app's access.
    here: AccessHere,
) -> impl IntoView {
    loaded(here.answer, || view! { <PanelSkeleton rows=3 /> }, move |view| view! { <Loaded view=view here=here /> })
}

#[component]
fn Loaded(view: AccessView, here: AccessHere) -> impl IntoView {
    let name = here.this.name.get_untracked();
    let AccessView { way, key, sign_in, host, poll } = view;
    let part = match way {
        Way::Nothing => return ().into_any(),
        Way::Https { origin } => view! { <Token origin=origin row=sign_in here=here name=name.clone() /> }.into_any(),
        Way::Ssh { host: server } => {
            view! { <Key server=server row=key host=host here=here name=name.clone() /> }.into_any()
        }
    };
    view! {
        <div id="access">
            <Panel title="Access">
                {part}
                {poll.map(|poll| view! { <Asked poll=poll /> })}
                <Try here=here name=name />
            </Panel>
        </div>
    }
    .into_any()
}

#[component]
fn Key(server: SshHost, row: Option<KeyRow>, host: Option<HostRow>, here: AccessHere, name: String) -> impl IntoView {
    let AccessHere { make, remove, .. } = here;
    let made = problem_of(move || make.value().get());
    let removed = problem_of(move || remove.value().get());
    let problem = Signal::derive(move || made.get().or_else(|| removed.get()));
    let known = host.map(|HostRow { fingerprint, since, .. }| {
        let since = match since {
            Some(at) => view! { ", known since " <Age at=at /> "." }.into_any(),
            None => ", as its owner publishes it.".into_any(),
        };
        view! {
            <p class="muted">
                "The server " {server.to_string()} " has the key " <span class="mono">{fingerprint}</span> {since}
                " With any other key nothing is shown to it."
            </p>
        }
    });
    let has_key = row.is_some();
    let shown = match row {
        Some(KeyRow { public, fingerprint, created_at }) => view! {
            <p>"Give this public key to the repository as a deploy key that may read. It was made " <Age at=created_at /> "."</p>
            <Code text=public what="the public key" />
            <p class="muted">"Its fingerprint: " <span class="mono">{fingerprint}</span></p>
        }
        .into_any(),
        None => view! {
            <p>"The repository is reached over ssh, which lets nobody in without a key. Homeport makes one for this app alone; the private half never leaves this server."</p>
        }
        .into_any(),
    };
    let of = name.clone();
    let forget = has_key.then(|| {
        view! {
            <ActionForm action=remove>
                <input type="hidden" name="app" value=of />
                <Submit label="Remove it" busy="Removing…" variant="quiet" pending=remove.pending() />
            </ActionForm>
        }
    });
    let label = if has_key { "Make a new key" } else { "Make a deploy key" };
    view! {
        <div class="panel-body form">
            <FormProblem problem=problem />
            {shown}
            {known}
            <div class="cluster">
                <ActionForm action=make>
                    <input type="hidden" name="app" value=name />
                    <Submit label=label busy="Making…" variant=if has_key { "quiet" } else { "primary" } pending=make.pending() />
                </ActionForm>
                {forget}
            </div>
        </div>
    }
    .into_any()
}

#[component]
fn Token(origin: GitOrigin, row: Option<SignInRow>, here: AccessHere, name: String) -> impl IntoView {
    let AccessHere { keep, forget, .. } = here;
    let kept = problem_of(move || keep.value().get());
    let forgotten = problem_of(move || forget.value().get());
    let problem = Signal::derive(move || kept.get().or_else(|| forgotten.get()));
    let user = row.as_ref().map(|row| row.user.to_string()).unwrap_or_default();
    let has_one = row.is_some();
    let elsewhere = row.as_ref().filter(|row| row.origin != origin).map(|row| {
        let title = format!("The token that is kept is for {}, and is not shown to {origin}.", row.origin);
        view! { <Notice tone=Tone::Warning title=title /> }
    });
    let state = match row {
        Some(SignInRow { user, created_at, .. }) => view! {
            <p>"Signs in as " <strong>{user.to_string()}</strong> ", with a token that is kept since " <Age at=created_at /> "."</p>
        }
        .into_any(),
        None => view! { <p>"The repository is asked for without a sign-in, which is enough for a public one."</p> }.into_any(),
    };
    let of = name.clone();
    let forget_it = has_one.then(|| {
        view! {
            <ActionForm action=forget>
                <div class="panel-body">
                    <input type="hidden" name="app" value=of />
                    <Submit label="Forget the token" busy="Forgetting…" variant="quiet" pending=forget.pending() />
                </div>
            </ActionForm>
        }
    });
    view! {
        <ActionForm action=keep>
            <div class="panel-body form">
                <FormProblem problem=problem />
                {elsewhere}
                {state}
                <input type="hidden" name="app" value=name />
                <div class="split" data-variant="even">
                    <Field
                        label="User"
                        name="form[user]"
                        key="user"
                        value=user
                        placeholder="git"
                        hint="Beside an access token most hosts take any name."
                        problem=problem
                        mono=true
                    />
                    <Field
                        label="Token"
                        name="form[token]"
                        key="token"
                        hint=format!("One that may read this repository. Only {origin} ever gets it.")
                        problem=problem
                        mono=true
                        kind="password"
                    />
                </div>
                <Submit label="Keep the token" busy="Keeping…" variant=if has_one { "quiet" } else { "primary" } pending=keep.pending() />
            </div>
        </ActionForm>
        {forget_it}
    }
    .into_any()
}

#[component]
fn Try(here: AccessHere, name: String) -> impl IntoView {
    let AccessHere { try_it, trust, .. } = here;
    let problem = problem_of(move || try_it.value().get());
    let not_trusted = problem_of(move || trust.value().get());
    let of = name.clone();
    let came = move || {
        let tried = try_it.value().get().and_then(Result::ok)?;
        Some(match tried {
            Tried::Works { branch, commit, met } => {
                let met = met.map(|HostRow { host, fingerprint, .. }| {
                    view! {
                        <p>
                            {host.to_string()} " was met for the first time and has the key "
                            <span class="mono">{fingerprint}</span>
                            ". Compare it with what the host publishes; no other is accepted from now on."
                        </p>
                    }
                });
                view! {
                    <Notice tone=Tone::Good title=format!("It works: {branch} stands at {}.", commit.short())>{met}</Notice>
                }
                .into_any()
            }
            Tried::OtherKey { known, offered } => {
                view! { <OtherKey known=known offered=offered trust=trust name=of.clone() /> }.into_any()
            }
            Tried::Refused { problem } => view! { <ProblemNotice problem=problem /> }.into_any(),
        })
    };
    view! {
        <div class="panel-body form" aria-live="polite">
            <FormProblem problem=problem />
            <FormProblem problem=not_trusted />
            {came}
        </div>
        <footer>
            <ActionForm action=try_it>
                <input type="hidden" name="app" value=name />
                <Submit label="Try access" busy="Asking…" pending=try_it.pending() />
            </ActionForm>
            <p class="muted">"Asks the host for the branch and fetches nothing."</p>
        </footer>
    }
    .into_any()
}

#[component]
fn OtherKey(known: HostRow, offered: String, trust: ServerAction<TrustHost>, name: String) -> impl IntoView {
    let title = format!("{} has another key than the one it is known by. Nothing was shown to it.", known.host);
    view! {
        <Notice tone=Tone::Bad title=title>
            <p>"Known: " <span class="mono">{known.fingerprint}</span></p>
            <p>"Now: " <span class="mono">{offered.clone()}</span></p>
            <p>"Somebody may stand between. Accept it only if the host's owner publishes this fingerprint."</p>
            <ActionForm action=trust>
                <input type="hidden" name="app" value=name />
                <input type="hidden" name="fingerprint" value=offered />
                <Submit label="Accept the new key" busy="Accepting…" variant="danger" pending=trust.pending() />
            </ActionForm>
        </Notice>
    }
    .into_any()
}
