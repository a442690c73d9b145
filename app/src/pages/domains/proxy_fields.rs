//! The fields of the proxy's form. An empty one is as by default, and says what that is.

use homeport_model::{
    domain::{ErrorStatus, Knob, KnobKind, ProxyForm, ProxySettings},
    problem::Problem,
};
use leptos::prelude::*;

use crate::ui::{Field, Select, TextArea};

/// What belongs together, under one heading.
const GROUPS: [(&str, &[Knob]); 6] = [
    (
        "Size and time",
        &[
            Knob::BodySize,
            Knob::ReadTimeout,
            Knob::ConnectTimeout,
            Knob::SendTimeout,
            Knob::ClientHeaderTimeout,
            Knob::ClientBodyTimeout,
            Knob::ClientSendTimeout,
            Knob::KeepaliveTimeout,
            Knob::LingeringTimeout,
        ],
    ),
    (
        "Buffers and connections to the app",
        &[Knob::Buffering, Knob::BufferSize, Knob::BuffersCount, Knob::BuffersSize, Knob::UpstreamKeepalive],
    ),
    ("https", &[Knob::ForceHttps, Knob::Hsts, Knob::HstsMaxAge, Knob::HstsSubdomains, Knob::HstsPreload, Knob::Http2]),
    ("Compression", &[Knob::Gzip, Knob::Brotli]),
    ("Limits of one address", &[Knob::RateLimit, Knob::RateBurst, Knob::ConnectionLimit]),
    ("Headers of requests", &[Knob::Underscores]),
];

/// All fields.
#[component]
pub fn Fields(
    /// As it would be typed.
    form: ProxyForm,
    /// As it is.
    settings: ProxySettings,
    /// Whether nginx has brotli.
    has_brotli: bool,
    /// Whether HTTP/2 can be off for one app.
    http2_by_app: bool,
    /// What was wrong.
    problem: Signal<Option<Problem>>,
) -> impl IntoView {
    let note = move |knob: Knob| match knob {
        Knob::Brotli if !has_brotli => Some("This nginx has no brotli module: it has no effect yet."),
        Knob::Http2 if !http2_by_app => {
            Some("Before nginx 1.25.1 it is on for all names of a port, whatever is chosen here.")
        }
        _ => None,
    };
    let typed = form.knobs.clone();
    let groups = GROUPS
        .into_iter()
        .enumerate()
        .map(|(at, (title, knobs))| {
            let (keys, typed, settings) = (knobs, typed.clone(), settings.clone());
            let set = knobs.iter().filter(|knob| settings.knobs.is_set(**knob)).count();
            let is_wrong = move || {
                problem.with(|problem| {
                    let field = problem.as_ref().and_then(|problem| problem.field.as_deref());
                    field.is_some_and(|field| keys.iter().any(|knob| knob.key() == field))
                })
            };
            let open = move || at == 0 || set != 0 || is_wrong();
            let fields = knobs
                .iter()
                .map(|knob| {
                    one(*knob, typed.get(knob.key()).cloned().unwrap_or_default(), &settings, note(*knob), problem)
                })
                .collect_view();
            view! {
                <details class="disclosure" open=open>
                    <summary>
                        {title}
                        {(set != 0).then(|| format!(" · {set} set here"))}
                    </summary>
                    <div class="form">{fields}</div>
                </details>
            }
        })
        .collect_view();
    view! {
        {groups}
        <Visitors form=form.clone() problem=problem />
        <Answers form=form problem=problem />
    }
    .into_any()
}

fn one(
    knob: Knob,
    typed: String,
    settings: &ProxySettings,
    note: Option<&'static str>,
    problem: Signal<Option<Problem>>,
) -> AnyView {
    let default = homeport_model::domain::Knobs::default().shown(knob);
    let effective = if settings.knobs.is_set(knob) {
        format!("Now {}, set for this app; by default {default}.", settings.knobs.shown(knob))
    } else {
        format!("Now {default}, by default.")
    };
    let hint = format!("{} {effective}{}", knob.hint(), note.map(|note| format!(" {note}")).unwrap_or_default());
    if knob.kind() == KnobKind::Switch {
        let options = vec![
            ("", if default == "on" { "By default: on" } else { "By default: off" }),
            ("on", "On"),
            ("off", "Off"),
        ];
        let chosen = RwSignal::new(typed);
        return view! { <Select label=knob.label() name=knob.field() options=options chosen=chosen hint=hint /> }
            .into_any();
    }
    let label = match knob.kind() {
        KnobKind::Seconds => format!("{}, in seconds", knob.label()),
        _ => knob.label().to_owned(),
    };
    view! {
        <Field
            label=label
            name=knob.field()
            key=knob.key()
            value=typed
            placeholder=default
            hint=hint
            problem=problem
            mono=true
            optional=true
            size="short"
        />
    }
    .into_any()
}

const BEFORE: [(&str, &str); 3] =
    [("off", "Nobody: visitors come straight"), ("cloudflare", "Cloudflare"), ("ranges", "Proxies at these addresses")];
const HEADERS: [(&str, &str); 2] = [("x_forwarded_for", "X-Forwarded-For"), ("cf_connecting_ip", "CF-Connecting-IP")];

#[component]
fn Visitors(form: ProxyForm, problem: Signal<Option<Problem>>) -> impl IntoView {
    let (before, header) = (RwSignal::new(form.real_ip.clone()), RwSignal::new(form.header.clone()));
    let set = form.real_ip != "off" || !form.allow.is_empty() || !form.deny.is_empty();
    let is_wrong = move || {
        problem.with(|problem| {
            let field = problem.as_ref().and_then(|problem| problem.field.as_deref());
            matches!(field, Some("ranges" | "header" | "real_ip" | "allow" | "deny"))
        })
    };
    view! {
        <details class="disclosure" open=move || set || is_wrong()>
            <summary>"Who may come, and who says who comes"</summary>
            <div class="form">
                <Select
                    label="Before this server stands"
                    name="form[real_ip]"
                    options=BEFORE.into()
                    chosen=before
                    hint="Whoever is named is believed about the visitor's address: limits, lists and logs go by it."
                />
                <TextArea
                    label="Addresses of the proxies"
                    name="form[ranges]"
                    key="ranges"
                    value=form.ranges
                    placeholder="10.0.0.0/8"
                    hint="One a line; for proxies at these addresses."
                    problem=problem
                    optional=true
                    lines="few"
                />
                <Select label="They say it in" name="form[header]" options=HEADERS.into() chosen=header />
                <TextArea
                    label="Allowed addresses"
                    name="form[allow]"
                    key="allow"
                    value=form.allow
                    placeholder="192.0.2.0/24"
                    hint="One a line. As soon as one is named, everybody else gets 403."
                    problem=problem
                    optional=true
                    lines="few"
                />
                <TextArea
                    label="Denied addresses"
                    name="form[deny]"
                    key="deny"
                    value=form.deny
                    placeholder="198.51.100.7"
                    hint="One a line; they get 403, also where they would be allowed."
                    problem=problem
                    optional=true
                    lines="few"
                />
            </div>
        </details>
    }
    .into_any()
}

#[component]
fn Answers(form: ProxyForm, problem: Signal<Option<Problem>>) -> impl IntoView {
    let set = !form.headers.is_empty() || !form.error_pages.is_empty();
    let is_wrong = move || {
        problem.with(|problem| {
            let field = problem.as_ref().and_then(|problem| problem.field.as_deref());
            field.is_some_and(|field| field == "headers" || field.starts_with("page_"))
        })
    };
    let names = |status: u16| match status {
        404 => ("form[error_pages][404]", "page_404", "404: nothing there"),
        500 => ("form[error_pages][500]", "page_500", "500: the app failed"),
        502 => ("form[error_pages][502]", "page_502", "502: the app does not run"),
        503 => ("form[error_pages][503]", "page_503", "503: the app says it cannot"),
        _ => ("form[error_pages][504]", "page_504", "504: the app took too long"),
    };
    let pages = ErrorStatus::ALL
        .into_iter()
        .map(|status| {
            let (name, key, label) = names(status.get());
            let value = form.error_pages.get(&String::from(status)).cloned().unwrap_or_default();
            view! { <TextArea label=label name=name key=key value=value problem=problem optional=true lines="few" /> }
        })
        .collect_view();
    view! {
        <details class="disclosure" open=move || set || is_wrong()>
            <summary>"Headers and pages of your own"</summary>
            <div class="form">
                <TextArea
                    label="Headers of every answer"
                    name="form[headers]"
                    key="headers"
                    value=form.headers.clone()
                    placeholder="X-Frame-Options: DENY"
                    hint="Name: value, one a line, in place of the app's own of that name. A wrong Content-Security-Policy breaks pages."
                    problem=problem
                    optional=true
                    lines="few"
                />
                <p class="muted">"Words of your own in place of the app's page for an answer. With any of them, 502 and 504 of the app itself are replaced as well. Programs that ask the app get them, too. A static site brings its own 404.html."</p>
                {pages}
            </div>
        </details>
    }
    .into_any()
}
