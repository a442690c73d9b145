//! Where certificates are ordered, and what the page about it shows.

use serde::{Deserialize, Serialize};

use super::{
    ledger::Outcome,
    plan::{CertificatePlan, ChallengeKind, Policy, ProfileName, Why},
};
use crate::{name::DomainName, problem::Problem, secret::Secret, time::Timestamp};

crate::name::parsed!(
    /// The address of a certificate authority's directory: https, a host, at most 300 characters.
    DirectoryUrl,
    |text| {
        const NOT_ONE: &str = "That is not a directory's address, like https://acme.example.com/directory.";
        let rest = text.strip_prefix("https://").ok_or("A directory is asked by https only.")?;
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (host, port) = authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
        let host_is_plain = host.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.');
        let path_is_plain = path.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~/?=&%".contains(&b));
        let port_is_one = port.is_none_or(|port| port.parse::<crate::name::Port>().is_ok());
        if text.len() > 300 || host.is_empty() || host.starts_with('.') || !host_is_plain || !path_is_plain || !port_is_one {
            return Err(NOT_ONE);
        }
        Ok(())
    }
);

impl DirectoryUrl {
    /// Its host.
    #[must_use]
    pub fn host(&self) -> &str {
        let rest = self.as_str().strip_prefix("https://").unwrap_or_default();
        rest.split(['/', ':']).next().unwrap_or_default()
    }

    /// How the authority is called in sentences.
    #[must_use]
    pub fn authority(&self) -> &str {
        match self.host() {
            "acme-v02.api.letsencrypt.org" => "Let's Encrypt",
            "acme-staging-v02.api.letsencrypt.org" => "Let's Encrypt (staging)",
            "acme.zerossl.com" => "ZeroSSL",
            "dv.acme-v02.api.pki.goog" => "Google Trust Services",
            "api.buypass.com" => "Buypass",
            host if host == "localhost" || host.starts_with("127.") => "The certificate authority",
            host => host,
        }
    }
}

crate::name::parsed!(
    /// An e-mail address for the authority: `name@host`, without anything that could be a header or a
    /// second address.
    Email,
    |text| {
        const NOT_ONE: &str = "That is not an e-mail address.";
        let (name, host) = text.split_once('@').ok_or(NOT_ONE)?;
        let plain = |b: u8| b.is_ascii_alphanumeric() || b".!#$%&'*+/=^_`{|}~-".contains(&b);
        let name_fits = (1..=64).contains(&name.len()) && name.bytes().all(plain);
        if name_fits && host.contains('.') && host.parse::<crate::name::HostName>().is_ok() { Ok(()) } else { Err(NOT_ONE) }
    }
);

/// The key of an account that a person has with the authority.
#[derive(Clone)]
pub struct Binding {
    /// Its id.
    pub key_id: String,
    /// The key, as the authority shows it: base64url.
    pub hmac: Secret<String>,
}

/// Where to order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum DirectoryChoice {
    /// The configured one; Let's Encrypt unless the host's administrator chose another.
    #[default]
    Usual,
    /// The one for trying things out; browsers do not trust it.
    Staging,
    /// Another one.
    Other(DirectoryUrl),
}

/// What a person types.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AcmeForm {
    /// `usual`, `staging` or `other`.
    pub directory: String,
    /// The other one's address.
    pub url: String,
    /// An e-mail address, or nothing.
    pub email: String,
    /// `yes` agrees to the authority's terms.
    pub agree: String,
    /// The profile to ask for, or nothing.
    pub profile: String,
    /// The id of an external account's key, or nothing.
    pub eab_kid: String,
    /// That key.
    pub eab_hmac: String,
}

/// The form, read.
#[derive(Clone)]
pub struct AcmeWish {
    /// Where to order.
    pub directory: DirectoryChoice,
    /// The e-mail address.
    pub email: Option<Email>,
    /// Whether the terms are agreed to.
    pub agree: bool,
    /// The profile for names that have none of their own.
    pub profile: Option<ProfileName>,
    /// The id of an external account's key.
    key_id: Option<String>,
    /// That key.
    hmac: Option<Secret<String>>,
}

impl AcmeWish {
    /// The external account that an account is to be bound to anew; none where nothing was typed, or only an
    /// id that is `known`: forms come filled in with the one that an account is bound to already.
    ///
    /// # Errors
    /// [`Code::Invalid`](crate::problem::Code::Invalid) at the field, for one without the other.
    pub fn binding(&self, known: &[String]) -> Result<Option<Binding>, Problem> {
        match (&self.key_id, &self.hmac) {
            (None, None) => Ok(None),
            (Some(key_id), None) if known.contains(key_id) => Ok(None),
            (Some(key_id), Some(hmac)) => Ok(Some(Binding { key_id: key_id.clone(), hmac: hmac.clone() })),
            (Some(_), None) => Err(Problem::invalid("eab_hmac", COPY_HMAC)),
            (None, Some(_)) => Err(Problem::invalid("eab_kid", COPY_KEY_ID)),
        }
    }
}

const COPY_KEY_ID: &str = "Copy the key id as the authority shows it.";
const COPY_HMAC: &str = "Copy the HMAC key as the authority shows it.";

impl AcmeForm {
    /// Reads it.
    ///
    /// # Errors
    /// [`Code::Invalid`](crate::problem::Code::Invalid) at the field.
    pub fn parse(&self) -> Result<AcmeWish, Problem> {
        let directory = match self.directory.trim() {
            "" | "usual" => DirectoryChoice::Usual,
            "staging" => DirectoryChoice::Staging,
            "other" => {
                let url = self.url.trim().parse().map_err(|cause| at("url", cause))?;
                DirectoryChoice::Other(url)
            }
            _ => return Err(Problem::invalid("directory", "Choose a certificate authority from the list.")),
        };
        Ok(AcmeWish {
            directory,
            email: optional(&self.email, "email")?,
            agree: self.agree == "yes",
            profile: optional(&self.profile, "profile")?,
            key_id: self.key_id()?,
            hmac: self.hmac()?,
        })
    }

    fn key_id(&self) -> Result<Option<String>, Problem> {
        let key_id = self.eab_kid.trim();
        match key_id.len() <= 512 && key_id.bytes().all(|b| b.is_ascii_graphic()) {
            true => Ok(Some(key_id.to_owned()).filter(|key_id| !key_id.is_empty())),
            false => Err(Problem::invalid("eab_kid", COPY_KEY_ID)),
        }
    }

    fn hmac(&self) -> Result<Option<Secret<String>>, Problem> {
        let hmac = self.eab_hmac.trim();
        let base64 = hmac.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_+/=".contains(&b));
        match hmac.len() {
            0 => Ok(None),
            16..=512 if base64 => Ok(Some(Secret::new(hmac.to_owned()))),
            _ => Err(Problem::invalid("eab_hmac", COPY_HMAC)),
        }
    }
}

fn at(field: &str, cause: crate::name::Refused) -> Problem {
    Problem::invalid(field, cause.to_string())
}

fn optional<T: std::str::FromStr<Err = crate::name::Refused>>(text: &str, field: &str) -> Result<Option<T>, Problem> {
    let text = text.trim();
    if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(|cause| at(field, cause)) }
}

/// What a directory says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DirectoryFacts {
    /// Where its terms can be read.
    pub terms: Option<String>,
    /// Its profiles with their descriptions.
    pub profiles: Vec<(String, String)>,
    /// Whether it says when to renew (ARI).
    pub renewal_info: bool,
    /// Its names in CAA records.
    pub caa: Vec<String>,
    /// Whether accounts have to be bound to one that a person has there.
    pub needs_binding: bool,
}

/// What a person may set for one name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PlanForm {
    /// `automatic`, `own` or `none`.
    pub policy: String,
    /// The profile to ask for, or nothing for the one of the settings.
    pub profile: String,
    /// `http-01` or `dns-01`.
    pub challenge: String,
}

impl PlanForm {
    /// The plan for a name with what was typed.
    ///
    /// # Errors
    /// [`Code::Invalid`](crate::problem::Code::Invalid) at the field.
    pub fn parse(&self, before: CertificatePlan) -> Result<CertificatePlan, Problem> {
        let policy = Policy::from_word(&self.policy)
            .ok_or_else(|| Problem::invalid("policy", "Choose who sees to the certificate."))?;
        let challenge = ChallengeKind::from_word(&self.challenge)
            .ok_or_else(|| Problem::invalid("challenge", "Choose HTTP-01 or DNS-01."))?;
        if before.domain.is_wildcard() && challenge != ChallengeKind::Dns01 {
            let problem = Problem::invalid("challenge", "A wildcard is shown to be yours by DNS only.");
            return Err(problem.hint("Choose DNS-01, and add a DNS provider in Settings."));
        }
        Ok(CertificatePlan { policy, challenge, profile: optional(&self.profile, "profile")?, ..before })
    }
}

/// Who agreed, to what, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreed {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// The terms' address.
    pub terms: Option<String>,
}

/// One name's row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanRow {
    /// What is planned.
    pub plan: CertificatePlan,
    /// Why nothing is ordered for it.
    pub why_not: Option<Why>,
    /// When the next thing happens by itself, unless nothing does.
    pub next_at: Option<Timestamp>,
    /// Until when its certificate is good.
    pub not_after: Option<Timestamp>,
}

/// One attempt, as the ledger shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptRow {
    /// The name.
    pub domain: DomainName,
    /// The directory's host.
    pub directory: String,
    /// When it began.
    pub at: Timestamp,
    /// How it ended.
    pub outcome: Outcome,
    /// Why, when it did not bring a certificate.
    pub words: Option<String>,
}

/// All that the page shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcmeView {
    /// The form with what is kept; secrets are left out.
    pub form: AcmeForm,
    /// The configured directory.
    pub usual: DirectoryUrl,
    /// The one that is chosen.
    pub directory: DirectoryUrl,
    /// What it says of itself, or why that is not known.
    pub facts: Result<DirectoryFacts, Problem>,
    /// Who agreed to its terms; nothing is ordered before.
    pub agreed: Option<Agreed>,
    /// Since when there is an account.
    pub account_since: Option<Timestamp>,
    /// Every name that is served.
    pub plans: Vec<PlanRow>,
    /// The newest attempts.
    pub attempts: Vec<AttemptRow>,
}

/// What trying with the staging directory showed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trial {
    /// The name.
    pub domain: DomainName,
    /// Why it failed; nothing when it would have brought a certificate.
    pub problem: Option<Problem>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(form: AcmeForm) -> String {
        match form.parse().and_then(|wish| wish.binding(&["kid-9".to_owned()])) {
            Ok(_) => String::new(),
            Err(problem) => problem.field.unwrap_or_default(),
        }
    }

    #[test]
    fn an_empty_form_is_the_usual_directory() {
        let wish = AcmeForm { agree: "yes".into(), ..AcmeForm::default() }.parse().expect("a wish");
        assert!(wish.agree && wish.directory == DirectoryChoice::Usual);
        assert!(wish.binding(&[]).expect("no account").is_none());
    }

    #[test]
    fn the_id_that_a_form_came_with_binds_nothing_anew() {
        let wish = |kid: &str, hmac: &str| {
            AcmeForm { eab_kid: kid.into(), eab_hmac: hmac.into(), ..AcmeForm::default() }.parse().expect("a wish")
        };
        let known = ["kid-1".to_owned()];
        assert!(wish("kid-1", "").binding(&known).expect("as before").is_none());
        let new = wish("kid-1", "c2VjcmV0LXNlY3JldA").binding(&known).expect("bound").expect("an account");
        assert_eq!(new.key_id, "kid-1");
        for (kid, hmac, field) in [("kid-2", "", "eab_hmac"), ("", "c2VjcmV0LXNlY3JldA", "eab_kid")] {
            let Err(refused) = wish(kid, hmac).binding(&known) else { panic!("{field}") };
            assert_eq!(refused.field.as_deref(), Some(field));
        }
    }

    #[test]
    fn hostile_values_are_refused_beside_their_field() {
        let hostile = [
            "https://",
            "http://a.example/dir",
            "https://a b/",
            "https://a/\nx",
            "https://u@h/",
            "https://a:0/",
            "https://a:99999/",
            "ftp://a/",
            "https://a/$(x)",
            "https://[::1]/",
            "file:///etc/passwd",
            "'",
            "\u{202e}",
        ];
        for url in hostile {
            let form = AcmeForm { directory: "other".into(), url: url.into(), ..AcmeForm::default() };
            assert_eq!(refused(form), "url", "{url}");
        }
        for email in ["a", "a@b", "a@@b.c", "a@b.c\nBcc: x@y.z", "a b@c.d", "mailto:a@b.c?x", "<a@b.c>", "@b.c"] {
            assert_eq!(refused(AcmeForm { email: email.into(), ..AcmeForm::default() }), "email", "{email}");
        }
        assert_eq!(refused(AcmeForm { directory: "mine".into(), ..AcmeForm::default() }), "directory");
        assert_eq!(refused(AcmeForm { profile: "a b".into(), ..AcmeForm::default() }), "profile");
        assert_eq!(refused(AcmeForm { eab_kid: "a b".into(), ..AcmeForm::default() }), "eab_kid");
        for hmac in ["", "short", "with space in it, which no key has", "{\"x\":1}{\"x\":1}"] {
            let form = AcmeForm { eab_kid: "kid-1".into(), eab_hmac: hmac.into(), ..AcmeForm::default() };
            assert_eq!(refused(form), "eab_hmac", "{hmac}");
        }
    }

    #[test]
    fn a_plan_is_typed() {
        let before = |name: &str| CertificatePlan::new(name.parse().expect("a name"));
        let form = |policy: &str, profile: &str, challenge: &str| PlanForm {
            policy: policy.into(),
            profile: profile.into(),
            challenge: challenge.into(),
        };
        let plan = form("own", "shortlived", "dns-01").parse(before("a.example.com")).expect("a plan");
        assert_eq!((plan.policy, plan.challenge), (Policy::Own, ChallengeKind::Dns01));
        for (form, domain, field) in [
            (form("mine", "", "http-01"), "a.example.com", "policy"),
            (form("none", "", "tls-alpn-01"), "a.example.com", "challenge"),
            (form("automatic", "", "http-01"), "*.example.com", "challenge"),
            (form("automatic", "a\"; b", "http-01"), "a.example.com", "profile"),
        ] {
            assert_eq!(form.parse(before(domain)).expect_err("refused").field.as_deref(), Some(field));
        }
    }

    #[test]
    fn authorities_have_names() {
        for (url, name) in [
            ("https://acme-v02.api.letsencrypt.org/directory", "Let's Encrypt"),
            ("https://ca.example.com:9000/acme/acme/directory", "ca.example.com"),
            ("https://127.0.0.1:14000/dir", "The certificate authority"),
        ] {
            assert_eq!(url.parse::<DirectoryUrl>().expect("an address").authority(), name);
        }
    }
}
