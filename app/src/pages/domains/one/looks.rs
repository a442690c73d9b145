//! What visitors are served, by each way of asking.

use homeport_model::{
    certificate::{
        Look, Served,
        served::{Plain, Secure, Way},
    },
    name::Port,
    time::Timestamp,
};
use leptos::prelude::*;

use super::tone_of;
use crate::ui::{Age, Panel, State, Tone};

/// What was seen longer ago fades.
const STALE_MS: i64 = 2 * 3_600_000;

/// A panel for each way.
#[component]
pub fn Looks(
    /// The last look by each.
    looks: Vec<Look>,
    /// nginx's port for https.
    https_port: Option<Port>,
    /// The server's time.
    now: Timestamp,
) -> impl IntoView {
    if looks.is_empty() {
        let words = match https_port {
            Some(_) => "Not looked at yet; that is done within a minute, and then once an hour.",
            None => "This server has no port for https.",
        };
        return view! {
            <Panel title="What visitors are served">
                <div class="panel-body">
                    <p class="muted">{words}</p>
                </div>
            </Panel>
        }
        .into_any();
    }
    let panels = looks.into_iter().map(|look| view! { <One look=look https_port=https_port now=now /> }).collect_view();
    view! {
        <div class="split" data-variant="even">
            {panels}
        </div>
    }
    .into_any()
}

#[component]
fn One(look: Look, https_port: Option<Port>, now: Timestamp) -> impl IntoView {
    let Look { served, differences, since } = look;
    let title = match served.way {
        Way::Loopback => "Served by this server".to_owned(),
        Way::Public { address: Some(address) } => format!("Served through {address}"),
        Way::Public { address: None } => "Served through public DNS".to_owned(),
    };
    let at = served.at;
    let aside = view! {
        <small class="muted">
            "seen " <Age at=at />
        </small>
    };
    let is_stale = (now.since(at) > STALE_MS).then_some("");
    let differences = differences
        .into_iter()
        .map(|one| {
            view! {
                <div>
                    <dt>
                        <State tone=tone_of(one.severity) word=one.severity_word() />
                    </dt>
                    <dd>
                        {one.words} " " <span class="muted">{one.hint}</span>
                    </dd>
                </div>
            }
        })
        .collect_view();
    let seen = match &served.secure {
        Ok(secure) => of_secure(secure),
        Err(why) => fact("https", why.words(), Tone::Unknown),
    };
    view! {
        <Panel title=title aside=Some(aside.into_any())>
            <dl class="facts" data-stale=is_stale>
                {differences} {seen} {of_plain(&served, https_port)}
                <div>
                    <dt>"So since"</dt>
                    <dd>
                        <Age at=since />
                    </dd>
                </div>
            </dl>
        </Panel>
    }
    .into_any()
}

fn fact(name: &'static str, words: String, tone: Tone) -> AnyView {
    let tone = (tone != Tone::Off).then(|| tone.as_str());
    view! {
        <div>
            <dt>{name}</dt>
            <dd data-state=tone>{words}</dd>
        </div>
    }
    .into_any()
}

fn of_secure(secure: &Secure) -> AnyView {
    let facts = &secure.facts;
    let chain = match &secure.missing {
        _ if secure.self_signed => "its own issuer".to_owned(),
        Some(issuer) => format!("{}; that of {issuer} is missing", secure.issuers.join(" ← ")),
        None if secure.trusted => format!("{}; browsers believe it", secure.issuers.join(" ← ")),
        None => format!("{}; browsers do not know its root", secure.issuers.join(" ← ")),
    };
    let chain_tone = if secure.trusted { Tone::Off } else { Tone::Warning };
    let http2 = if secure.http2 { "HTTP/2" } else { "HTTP/1.1 only" };
    let answer = match (secure.status, &secure.compression) {
        (Some(status), Some(packed)) => format!("{status}, packed with {packed}"),
        (Some(status), None) => format!("{status}, not packed"),
        (None, _) => "no answer".to_owned(),
    };
    let hsts = secure.hsts.clone().unwrap_or_else(|| "none".to_owned());
    let mono = |name: &'static str, words: String| {
        view! {
            <div>
                <dt>{name}</dt>
                <dd class="mono">{words}</dd>
            </div>
        }
    };
    view! {
        {fact("Issued by", facts.issuer.clone(), Tone::Off)}
        {mono("Serial", facts.serial.clone())}
        {fact("Good until", facts.not_after.to_string(), Tone::Off)}
        {fact("Chain", chain, chain_tone)}
        {fact("Spoken", format!("{}, {http2}", secure.protocol.as_str()), Tone::Off)}
        {fact("Answer to /", answer, Tone::Off)}
        {mono("HSTS", hsts)}
    }
    .into_any()
}

fn of_plain(served: &Served, https_port: Option<Port>) -> AnyView {
    let http = match &served.plain {
        Ok(plain) if plain.leads_to_https() => format!("{} to https", plain.status),
        Ok(Plain { status, location: Some(to) }) => format!("{status} to {to}"),
        Ok(Plain { status, location: None }) => status.to_string(),
        Err(why) => why.words(),
    };
    let ipv6 = served.ipv6.map(|answers| {
        let words = if answers { "answers, too" } else { "does not answer" };
        fact("By IPv6", words.to_owned(), if answers { Tone::Off } else { Tone::Warning })
    });
    let port = https_port.filter(|port| port.get() != 443).map(|port| fact("Port", port.to_string(), Tone::Off));
    view! {
        {fact("http", http, Tone::Off)}
        {ipv6}
        {port}
    }
    .into_any()
}
