//! A conversation with a provider's interface: find the zone, look at what is there, then add or remove
//! one value. Other values of the same name stay: two orders may be under way at once, and a wildcard
//! is proven beside its domain.

use std::fmt;

use serde_json::Value;

use super::{
    DnsProviderKind, DnsProviderSettings, cloudflare::Cloudflare, desec::Desec, digitalocean::Digitalocean,
    hetzner::Hetzner, http,
};
use crate::{
    problem::{Code, Problem},
    secret::Secret,
};

/// How a request is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Reads.
    Get,
    /// Adds.
    Post,
    /// Changes in part.
    Patch,
    /// Removes.
    Delete,
}

/// A request to an interface.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiRequest {
    /// How.
    pub verb: Verb,
    /// The whole address.
    pub url: String,
    /// Headers by name and value, beside the body's type.
    pub headers: Vec<(&'static str, String)>,
    /// JSON.
    pub body: Option<String>,
}

/// Says nothing of the headers, where the token stands.
impl fmt::Debug for ApiRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiRequest")
            .field("verb", &self.verb)
            .field("url", &self.url)
            .field("body", &self.body)
            .finish_non_exhaustive()
    }
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiAnswer {
    /// The status.
    pub status: u16,
    /// The beginning of the body.
    pub body: String,
    /// After how many seconds to ask again (`Retry-After`).
    pub retry_after_s: Option<u64>,
}

/// What becomes of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TxtChange {
    /// It is added beside others.
    Put,
    /// It alone goes.
    Remove,
}

/// One value of a TXT record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Txt {
    /// The whole name, without a dot at its end.
    pub name: String,
    /// The value, without quotes.
    pub value: String,
}

/// What comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Turn {
    /// Ask this, and hand the answer in.
    Ask(ApiRequest),
    /// It is done.
    Done,
}

/// A zone as an interface knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Zone {
    /// How the interface calls it.
    pub(super) id: String,
    /// Its name.
    pub(super) name: String,
    /// The shortest time that others may keep a record, in seconds.
    pub(super) ttl_s: u64,
}

impl Zone {
    /// The name within the zone; `@` is the zone's own, as zone files spell it.
    pub(super) fn short<'a>(&self, name: &'a str) -> &'a str {
        match name.strip_suffix(&self.name) {
            Some("") => "@",
            Some(rest) => rest.trim_end_matches('.'),
            None => name,
        }
    }
}

/// A value that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kept {
    /// How the interface calls the record; empty where records have no names of their own.
    pub(super) id: String,
    /// The value, without quotes.
    pub(super) value: String,
}

/// A request below an interface's address.
pub(super) struct Call {
    pub(super) verb: Verb,
    pub(super) path: String,
    pub(super) body: Option<Value>,
}

impl Call {
    pub(super) const fn get(path: String) -> Self {
        Self { verb: Verb::Get, path, body: None }
    }
}

/// How one interface says it all.
pub(super) trait Service: Sync {
    fn kind(&self) -> DnsProviderKind;
    fn usual_api(&self) -> &'static str;
    fn sign_in(&self, token: &str) -> String {
        format!("Bearer {token}")
    }
    /// What to ask the interface for, one after the other, until it has such a zone: the name itself, unless
    /// it is no host's, and those above it.
    fn candidates(&self, name: &str) -> Vec<String> {
        let mut rest = name;
        let mut found = Vec::new();
        if name.contains('.') && !name.starts_with('_') {
            found.push(name.to_owned());
        }
        while let Some((_, above)) = rest.split_once('.') {
            if above.contains('.') {
                found.push(above.to_owned());
            }
            rest = above;
        }
        found
    }
    fn find_zone(&self, candidate: &str) -> Call;
    fn read_zone(&self, candidate: &str, answer: &Value) -> Option<Zone>;
    fn look(&self, zone: &Zone, name: &str) -> Call;
    fn read_kept(&self, answer: &Value) -> Vec<Kept>;
    fn put(&self, zone: &Zone, txt: &Txt, kept: &[Kept]) -> Call;
    fn remove(&self, zone: &Zone, txt: &Txt, kept: &[Kept], gone: &Kept) -> Call;
    /// What an answer that is no success says.
    fn complaint(&self, answer: &Value) -> Option<String>;
    /// What an answer says that looks like a success and is none.
    fn hidden_complaint(&self, _answer: &Value) -> Option<String> {
        None
    }
    /// Whether an answer is about the token, although its status is another.
    fn is_about_token(&self, _answer: &Value) -> bool {
        false
    }
    /// Whether an answer says that the value is there already.
    fn is_there_already(&self, _answer: &Value) -> bool {
        false
    }
}

/// Quotes, as zone files have them around a TXT record's value.
pub(super) fn quoted(value: &str) -> String {
    format!("\"{value}\"")
}

/// A value without the quotes that an interface may put around it.
pub(super) fn unquoted(value: &str) -> String {
    value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value).to_owned()
}

/// What an interface calls a thing, when it can stand in an address.
pub(super) fn id(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let plain = !text.is_empty() && text.len() <= 64 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    plain.then_some(text)
}

enum State {
    FindZone { left: std::vec::IntoIter<String>, candidate: String },
    Look { zone: Zone },
    Write,
}

/// The conversation.
pub struct Talk {
    service: Option<&'static dyn Service>,
    kind: DnsProviderKind,
    api: String,
    sign_in: Secret<String>,
    txt: Txt,
    change: TxtChange,
    state: State,
}

impl Talk {
    /// Begins; none for a provider that is not spoken to over HTTP.
    #[must_use]
    pub fn begin(
        settings: &DnsProviderSettings,
        token: &Secret<String>,
        txt: Txt,
        change: TxtChange,
    ) -> Option<(Self, ApiRequest)> {
        let (service, api): (&'static dyn Service, _) = match settings {
            DnsProviderSettings::Cloudflare { api } => (&Cloudflare, api),
            DnsProviderSettings::Desec { api } => (&Desec, api),
            DnsProviderSettings::Hetzner { api } => (&Hetzner, api),
            DnsProviderSettings::Digitalocean { api } => (&Digitalocean, api),
            DnsProviderSettings::Rfc2136 { .. } => return None,
            DnsProviderSettings::Http { url } => {
                let request = http::request(url, token, &txt, change);
                let sign_in = Secret::new(String::new());
                let (kind, state) = (DnsProviderKind::Http, State::Write);
                return Some((Self { service: None, kind, api: String::new(), sign_in, txt, change, state }, request));
            }
        };
        let mut left = service.candidates(&txt.name).into_iter();
        let candidate = left.next()?;
        let first = service.find_zone(&candidate);
        let talk = Self {
            service: Some(service),
            kind: service.kind(),
            api: api.as_ref().map_or_else(|| service.usual_api().to_owned(), ToString::to_string),
            sign_in: Secret::new(service.sign_in(token.expose())),
            txt,
            change,
            state: State::FindZone { left, candidate },
        };
        let request = talk.request(first);
        Some((talk, request))
    }

    /// Hears an answer.
    ///
    /// # Errors
    /// What the provider does not do, in words, beside the field that it is about.
    pub fn hear(&mut self, answer: &ApiAnswer) -> Result<Turn, Problem> {
        let json: Value = serde_json::from_str(&answer.body).unwrap_or_default();
        let Some(service) = self.service else {
            self.check(answer, &json)?;
            return Ok(Turn::Done);
        };
        match &mut self.state {
            State::FindZone { left, candidate } => {
                let missing = answer.status == 404;
                let next = left.next();
                let asked = candidate.clone();
                if !missing {
                    self.check(answer, &json)?;
                    if let Some(zone) = service.read_zone(&asked, &json) {
                        let look = self.request(service.look(&zone, &self.txt.name));
                        self.state = State::Look { zone };
                        return Ok(Turn::Ask(look));
                    }
                }
                let Some(next) = next else { return Err(self.no_zone()) };
                let request = self.request(service.find_zone(&next));
                if let State::FindZone { candidate, .. } = &mut self.state {
                    *candidate = next;
                }
                Ok(Turn::Ask(request))
            }
            State::Look { zone } => {
                let zone = zone.clone();
                let kept = if answer.status == 404 {
                    Vec::new()
                } else {
                    self.check(answer, &json)?;
                    service.read_kept(&json)
                };
                let there = kept.iter().find(|one| one.value == self.txt.value);
                let call = match (self.change, there) {
                    (TxtChange::Put, None) => service.put(&zone, &self.txt, &kept),
                    (TxtChange::Remove, Some(gone)) => service.remove(&zone, &self.txt, &kept, gone),
                    (TxtChange::Put, Some(_)) | (TxtChange::Remove, None) => return Ok(Turn::Done),
                };
                self.state = State::Write;
                Ok(Turn::Ask(self.request(call)))
            }
            State::Write => {
                let gone = self.change == TxtChange::Remove && answer.status == 404;
                let there = self.change == TxtChange::Put && service.is_there_already(&json);
                if !gone && !there {
                    self.check(answer, &json)?;
                }
                Ok(Turn::Done)
            }
        }
    }

    fn request(&self, call: Call) -> ApiRequest {
        ApiRequest {
            verb: call.verb,
            url: format!("{}{}", self.api, call.path),
            headers: vec![("authorization", self.sign_in.expose().clone())],
            body: call.body.map(|body| body.to_string()),
        }
    }

    /// Whether the answer is a success.
    fn check(&self, answer: &ApiAnswer, json: &Value) -> Result<(), Problem> {
        let name = self.kind.subject();
        let said = self.service.and_then(|service| match answer.status {
            200..=299 => service.hidden_complaint(json),
            _ => service.complaint(json),
        });
        let said = said.map(|words| shown(&words)).filter(|words| !words.is_empty());
        let problem = |title: String| Problem::new(Code::Engine, title);
        let about_token = self.service.is_some_and(|service| service.is_about_token(json));
        Err(match answer.status {
            200..=299 if said.is_none() => return Ok(()),
            401 | 403 => self.wrong_token(),
            _ if about_token => self.wrong_token(),
            429 => problem(format!("{name} asks for a pause: too many requests.")).hint(match answer.retry_after_s {
                Some(seconds) => format!("Try again in {seconds} s."),
                None => "Try again in a few minutes.".to_owned(),
            }),
            300..=399 => problem(format!("{name} answers with a redirect, which is not followed."))
                .hint("Type the address that it leads to."),
            500.. => problem(format!("{name} is in trouble (status {}).", answer.status)).hint("Try again later."),
            status => match said {
                Some(words) => problem(format!("{name} refuses: {words}")).hint("Mend that there, then try again."),
                None => problem(format!("{name} refuses (status {status})."))
                    .hint("Look at the zone and the token there, then try again."),
            },
        })
    }

    fn wrong_token(&self) -> Problem {
        Problem::new(Code::Engine, format!("{} does not take the token.", self.kind.subject()))
            .hint(format!("Type a new one. {}", self.kind.token_hint()))
            .at("token")
    }

    fn no_zone(&self) -> Problem {
        let name = self.kind.subject();
        Problem::new(Code::Engine, format!("{name} shows this token no zone that {} lies in.", self.txt.name))
            .hint(format!("Check the zone's name, and what the token may read. {}", self.kind.token_hint()))
            .at("zone")
    }
}

/// What a stranger wrote, made fit for a sentence.
fn shown(words: &str) -> String {
    crate::text::clean_line(words).trim().chars().take(200).collect()
}

#[cfg(test)]
pub(super) mod transcript {
    //! Conversations as texts: `POST https://… {…}`.

    use super::*;

    pub(in crate::domain::dns_provider) const NAME: &str = "_acme-challenge.shop.example.com";

    fn written(request: &ApiRequest) -> String {
        let verb = format!("{:?}", request.verb).to_uppercase();
        let body = request.body.as_ref().map(|body| format!(" {body}")).unwrap_or_default();
        format!("{verb} {}{body}", request.url)
    }

    /// Says `answers` one after the other; what was asked, and how it ended.
    pub(in crate::domain::dns_provider) fn play(
        settings: &DnsProviderSettings,
        change: TxtChange,
        answers: &[(u16, &str)],
    ) -> (Vec<String>, Result<(), Problem>) {
        play_at(NAME, settings, change, answers)
    }

    /// The same at another name.
    pub(in crate::domain::dns_provider) fn play_at(
        name: &str,
        settings: &DnsProviderSettings,
        change: TxtChange,
        answers: &[(u16, &str)],
    ) -> (Vec<String>, Result<(), Problem>) {
        let txt = Txt { name: name.into(), value: "v4lue".into() };
        let token = Secret::new("t0ken".to_owned());
        let (mut talk, mut request) = Talk::begin(settings, &token, txt, change).expect("spoken to over HTTP");
        let mut asked = Vec::new();
        let mut answers = answers.iter();
        loop {
            assert!(request.headers.iter().any(|(name, value)| *name == "authorization" && value.ends_with("t0ken")));
            assert!(!format!("{request:?}").contains("t0ken"));
            asked.push(written(&request));
            let (status, body) = answers.next().unwrap_or_else(|| panic!("no answer left for {asked:#?}"));
            match talk.hear(&ApiAnswer { status: *status, body: (*body).to_owned(), retry_after_s: Some(30) }) {
                Ok(Turn::Ask(next)) => request = next,
                Ok(Turn::Done) => {
                    assert_eq!(answers.len(), 0, "answers are left over");
                    return (asked, Ok(()));
                }
                Err(problem) => return (asked, Err(problem)),
            }
        }
    }

    /// The problem that answers end in.
    pub(in crate::domain::dns_provider) fn refused(settings: &DnsProviderSettings, answers: &[(u16, &str)]) -> Problem {
        play(settings, TxtChange::Put, answers).1.expect_err("refused")
    }
}

#[cfg(test)]
mod tests {
    use super::{transcript::refused, *};

    #[test]
    fn troubles_are_told_apart() {
        let settings = DnsProviderSettings::Hetzner { api: None };
        for (status, body, words) in [
            (401, "", "Hetzner does not take the token."),
            (403, "{}", "Hetzner does not take the token."),
            (429, "{}", "Hetzner asks for a pause: too many requests. Try again in 30 s."),
            (301, "", "Hetzner answers with a redirect, which is not followed."),
            (503, "<html>", "Hetzner is in trouble (status 503). Try again later."),
            (422, "nonsense", "Hetzner refuses (status 422)."),
            (422, r#"{"error":{"message":"bad\u0007 zone\u202e"}}"#, "Hetzner refuses: bad zone<U+202E>"),
        ] {
            let problem = refused(&settings, &[(status, body)]);
            assert_eq!(problem.code, Code::Engine);
            assert!(problem.to_string().starts_with(words) && problem.hint.is_some(), "{problem}");
        }
        assert_eq!(refused(&settings, &[(401, "")]).field.as_deref(), Some("token"));
        let none = refused(&settings, &[(404, ""), (404, "")]);
        assert_eq!(none.field.as_deref(), Some("zone"));
        assert!(none.title.contains(transcript::NAME), "{none}");
    }

    #[test]
    fn ids_stand_in_addresses() {
        let of = |text: &str| id(&serde_json::from_str(text).expect("json"));
        assert_eq!((of("12"), of("\"ab-1\"")), (Some("12".into()), Some("ab-1".into())));
        for text in ["\"\"", "\"../x\"", "\"a/b\"", "\"a?b\"", "null", "{}", "\"é\""] {
            assert_eq!(of(text), None, "{text}");
        }
    }
}
