//! The tab Proxy of an app: what nginx does with its visitors, each with its effective value.

use homeport_model::{
    domain::{ProxyForm, ProxyView, UpstreamPorts, UserName},
    event::Topic,
};
use leptos::{form::ActionForm, prelude::*};

use super::{proxy_fields::Fields, refusal_notice};
use crate::{
    api::{
        apps::{AddNeed, RemoveNeed},
        domains::{RemovePassword, SetPassword, SetProxy, app_proxy},
    },
    live,
    pages::apps::{FormProblem, ThisApp, app_name, problem_of},
    ui::{Field, Panel, PanelSkeleton, Submit, loaded, toaster},
};

/// The tab.
#[component]
pub fn ProxyPage() -> impl IntoView {
    let this = ThisApp::current();
    let live = live::version(Topic::Domains);
    let set = ServerAction::<SetProxy>::new();
    let (password, forget) = (ServerAction::<SetPassword>::new(), ServerAction::<RemovePassword>::new());
    let (port, no_port) = (ServerAction::<AddNeed>::new(), ServerAction::<RemoveNeed>::new());
    let written = move || {
        set.version().get()
            + password.version().get()
            + forget.version().get()
            + port.version().get()
            + no_port.version().get()
    };
    let answer = Resource::new(
        move || (this.name.get(), this.version.get(), live.get(), written()),
        |(name, ..)| async move { app_proxy(app_name(&name)?).await },
    );
    let toaster = toaster();
    Effect::new(move || {
        if let Some(Ok(())) = set.value().get() {
            toaster.say("Saved: nginx does so now");
        }
    });
    loaded(
        answer,
        || view! { <PanelSkeleton rows=8 /> },
        move |view| {
            let ProxyView { settings, users, ports, has_brotli, http2_by_app, is_site, refusal } = view;
            let ports = (!is_site).then(|| view! { <Ports ports=ports add=port remove=no_port /> });
            view! {
                {refusal_notice(refusal)}
                <div class="stack narrow">
                    <Settings form=ProxyForm::of(&settings) settings=settings has_brotli=has_brotli http2_by_app=http2_by_app set=set />
                    <Passwords users=users set=password forget=forget />
                    {ports}
                </div>
            }
        },
    )
}

#[component]
fn Settings(
    form: ProxyForm,
    settings: homeport_model::domain::ProxySettings,
    has_brotli: bool,
    http2_by_app: bool,
    set: ServerAction<SetProxy>,
) -> impl IntoView {
    let app = ThisApp::current().name;
    let problem = problem_of(move || set.value().get());
    view! {
        <Panel title="Proxy">
            <ActionForm action=set>
                <div class="panel-body form">
                    <FormProblem problem=problem />
                    <input type="hidden" name="app" value=move || app.get() />
                    <Fields form=form settings=settings has_brotli=has_brotli http2_by_app=http2_by_app problem=problem />
                </div>
                <footer>
                    <Submit label="Save proxy settings" busy="Saving…" variant="primary" pending=set.pending() />
                    <p class="muted">"Takes effect at once. Whatever is set, certificate authorities reach /.well-known/acme-challenge/."</p>
                </footer>
            </ActionForm>
        </Panel>
    }
    .into_any()
}

#[component]
fn Passwords(
    users: Vec<UserName>,
    set: ServerAction<SetPassword>,
    forget: ServerAction<RemovePassword>,
) -> impl IntoView {
    let app = ThisApp::current().name;
    let problem = problem_of(move || set.value().get());
    let none = users.is_empty();
    let rows = users
        .into_iter()
        .map(|user| {
            let user = user.to_string();
            view! {
                <tr>
                    <th scope="row" data-cell="name" class="mono">
                        {user.clone()}
                    </th>
                    <td data-cell="act">
                        <ActionForm action=forget>
                            <input type="hidden" name="app" value=move || app.get() />
                            <input type="hidden" name="user" value=user.clone() />
                            <button class="button" type="submit" data-variant="quiet" data-size="small">
                                "Remove"
                                <span class="visually-hidden">" " {user}</span>
                            </button>
                        </ActionForm>
                    </td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <Panel title="Password for visitors">
            {(!none).then(|| view! { <table class="table"><tbody>{rows}</tbody></table> })}
            <ActionForm action=set>
                <div class="panel-body form">
                    <p class="muted">
                        {if none {
                            "Nobody is asked. From the first name on, every visitor needs one."
                        } else {
                            "Every visitor is asked. Without https the password can be read on its way."
                        }}
                    </p>
                    <FormProblem problem=problem />
                    <input type="hidden" name="app" value=move || app.get() />
                    <div class="split" data-variant="even">
                        <Field label="User" name="form[user]" key="user" placeholder="ada" problem=problem mono=true />
                        <Field
                            label="Password"
                            name="form[password]"
                            key="password"
                            hint="At least 8 characters. Kept as a hash."
                            problem=problem
                            kind="password"
                            autocomplete="new-password"
                        />
                    </div>
                    <div class="cluster">
                        <Submit label="Set password" busy="Setting…" pending=set.pending() />
                    </div>
                </div>
            </ActionForm>
        </Panel>
    }
    .into_any()
}

#[component]
fn Ports(ports: Vec<UpstreamPorts>, add: ServerAction<AddNeed>, remove: ServerAction<RemoveNeed>) -> impl IntoView {
    let app = ThisApp::current().name;
    let answered = problem_of(move || add.value().get());
    let removed = problem_of(move || remove.value().get());
    let problem = Signal::derive(move || answered.get().or_else(|| removed.get()));
    let none = ports.is_empty();
    let rows = ports
        .into_iter()
        .map(|port| {
            let text = port.map.to_string();
            let words = port.idle.unwrap_or_else(|| {
                format!(
                    "nginx speaks {} at {}, the app listens on {}",
                    port.map.scheme.as_str(),
                    port.map.host,
                    port.map.container
                )
            });
            view! {
                <tr>
                    <th scope="row" data-cell="name" class="mono">
                        {text.clone()}
                    </th>
                    <td data-cell="note">{words}</td>
                    <td data-cell="act">
                        <ActionForm action=remove>
                            <input type="hidden" name="name" value=move || app.get() />
                            <input type="hidden" name="kind" value="port" />
                            <input type="hidden" name="text" value=text.clone() />
                            <button class="button" type="submit" data-variant="quiet" data-size="small">
                                "Remove"
                                <span class="visually-hidden">" " {text}</span>
                            </button>
                        </ActionForm>
                    </td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <Panel title="Ports of nginx">
            {(!none).then(|| view! { <table class="table"><tbody>{rows}</tbody></table> })}
            <ActionForm action=add>
                <div class="panel-body form">
                    {none.then(|| view! { <p class="muted">"The usual ones: 80 for http, and 443 for https once a name has a certificate. Both lead to the app's own port."</p> })}
                    <FormProblem problem=problem />
                    <input type="hidden" name="name" value=move || app.get() />
                    <input type="hidden" name="form[kind]" value="port" />
                    <Field
                        label="Scheme, port of nginx, port of the app"
                        name="form[text]"
                        key="text"
                        placeholder="http:8081:5001"
                        hint="http, https, grpc or grpcs. nginx listens there for this app's names, at once."
                        problem=problem
                        mono=true
                    />
                    <div class="cluster">
                        <Submit label="Add port" busy="Adding…" pending=add.pending() />
                    </div>
                </div>
            </ActionForm>
        </Panel>
    }
    .into_any()
}
