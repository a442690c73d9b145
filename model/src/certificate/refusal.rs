//! What a certificate authority said when it did not issue, in words that name the cause and the next
//! step. Its own words come from outside and are shown as a quotation.

use serde::{Deserialize, Serialize};

use super::plan::ChallengeKind;
use crate::{
    name::DomainName,
    problem::{Code, Problem},
};

/// More of what it said is not shown.
const MOST_CHARS: usize = 300;

/// What was wrong, by the type of its problem (RFC 8555, section 6.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalKind {
    /// It asked DNS for the name and got no answer.
    Dns,
    /// It got no connection to what DNS says.
    Connection,
    /// It got another answer than the one it was to get.
    WrongAnswer,
    /// A CAA record names other authorities.
    Caa,
    /// A handshake went wrong.
    Tls,
    /// It does not issue for such a name.
    RejectedName,
    /// It did not understand the request.
    Malformed,
    /// Its own trouble.
    Server,
    /// It took none of many nonces.
    BadNonce,
    /// Too much was asked of it.
    RateLimited,
    /// It does not know the account any more.
    NoAccount,
    /// It does not let the account do that; one that was deactivated may do nothing.
    Account,
    /// It wants its terms to be agreed to anew, or something else from a person.
    NeedsPerson,
    /// The account has to be bound to one that a person has there.
    NeedsBinding,
    /// It does not take the e-mail address.
    Contact,
    /// The certificate has been replaced already.
    Replaced,
    /// The certificate has been revoked already.
    Revoked,
    /// Anything else.
    Other,
}

impl RefusalKind {
    /// From the type's last part.
    #[must_use]
    pub fn from_type(text: &str) -> Self {
        match text.rsplit(':').next().unwrap_or_default() {
            "dns" => Self::Dns,
            "connection" => Self::Connection,
            "unauthorized" | "incorrectResponse" => Self::WrongAnswer,
            "caa" => Self::Caa,
            "tls" => Self::Tls,
            "rejectedIdentifier" | "unsupportedIdentifier" => Self::RejectedName,
            "malformed" | "badCSR" | "badPublicKey" | "badSignatureAlgorithm" | "orderNotReady" => Self::Malformed,
            "serverInternal" => Self::Server,
            "badNonce" => Self::BadNonce,
            "rateLimited" => Self::RateLimited,
            "accountDoesNotExist" => Self::NoAccount,
            "userActionRequired" => Self::NeedsPerson,
            "externalAccountRequired" => Self::NeedsBinding,
            "invalidContact" | "unsupportedContact" => Self::Contact,
            "alreadyReplaced" => Self::Replaced,
            "alreadyRevoked" => Self::Revoked,
            _ => Self::Other,
        }
    }

    /// Whether it is about the name, so that it counts as a wrong answer.
    #[must_use]
    pub const fn is_about_the_name(self) -> bool {
        matches!(self, Self::Dns | Self::Connection | Self::WrongAnswer | Self::Caa | Self::Tls | Self::RejectedName)
    }
}

/// A certificate authority's refusal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// What kind.
    pub kind: RefusalKind,
    /// What it said, in one line.
    pub said: String,
}

impl Refusal {
    /// From a problem's type and detail.
    #[must_use]
    pub fn new(kind: RefusalKind, detail: &str) -> Self {
        let shown = |c: char| !c.is_control() && !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        let said: String = detail.chars().map(|c| if shown(c) { c } else { ' ' }).take(MOST_CHARS).collect();
        Self { kind, said: said.trim().to_owned() }
    }

    /// What the person is told about an order for `domain` at `authority` ("Let's Encrypt").
    #[must_use]
    pub fn problem(&self, authority: &str, domain: &DomainName, challenge: ChallengeKind) -> Problem {
        let (base, by_dns) = (domain.base(), challenge == ChallengeKind::Dns01);
        let file = format!("http://{base}/.well-known/acme-challenge/…");
        let (title, hint) = match self.kind {
            RefusalKind::Dns if by_dns => (
                format!("{authority} found no TXT record at _acme-challenge.{base}."),
                "Check that the DNS provider in Settings serves this zone; new records may take minutes.".to_owned(),
            ),
            RefusalKind::Dns => (
                format!("{authority} asked DNS for {base} and found no address."),
                format!("Add an A record for {base} that leads to this server. New records may take an hour."),
            ),
            RefusalKind::Connection => (
                format!("{authority} asked {file} and got no answer."),
                "Open port 80 in the firewall and at the provider. If there is an AAAA record, it has to lead here, too.".to_owned(),
            ),
            RefusalKind::WrongAnswer if by_dns => (
                format!("{authority} found another TXT record at _acme-challenge.{base} than the one it asked for."),
                "Remove old _acme-challenge records, and check that the DNS provider in Settings serves this zone.".to_owned(),
            ),
            RefusalKind::WrongAnswer => (
                format!("{authority} asked {file} and got a wrong answer."),
                "Another server answered, or something in front of this one. Check that A and AAAA records lead here only.".to_owned(),
            ),
            RefusalKind::Caa => (
                format!("A CAA record does not let {authority} issue for {base}."),
                format!("Add a CAA record that names {authority}, or remove those that name others. They may stand at a parent domain."),
            ),
            RefusalKind::Tls => (
                format!("{authority} was led to https at {base}, and the handshake failed."),
                "Something in front of this server redirects /.well-known/acme-challenge/ to https. Let it pass by http.".to_owned(),
            ),
            RefusalKind::RejectedName => (
                format!("{authority} does not issue certificates for {domain}."),
                "Use another name, bring a certificate of your own, or choose another authority in Settings.".to_owned(),
            ),
            RefusalKind::Malformed => (
                format!("{authority} did not take the request."),
                "Try again. If it stays, choose another profile or authority in Settings.".to_owned(),
            ),
            RefusalKind::Server => {
                (format!("{authority} has trouble of its own."), "Homeport tries again by itself.".to_owned())
            }
            RefusalKind::BadNonce => (
                format!("{authority} took none of many nonces."),
                "Homeport tries again by itself. A proxy that caches its answers would do this.".to_owned(),
            ),
            RefusalKind::RateLimited => (
                format!("{authority} wants a pause: too many orders, or too many that failed."),
                "Homeport tries again when it may.".to_owned(),
            ),
            RefusalKind::NoAccount => (
                format!("{authority} does not know this server's account any more."),
                "Agree to its terms in Settings, under Certificates, once more: that makes a new one.".to_owned(),
            ),
            RefusalKind::Account => (
                format!("{authority} does not let this server's account do that."),
                "It may have been deactivated there. Agree to the terms in Settings, under Certificates, once more: that makes a new one in its place.".to_owned(),
            ),
            RefusalKind::NeedsPerson => (
                format!("{authority} wants something from the account's owner first."),
                "Its terms may have changed. Agree to them in Settings, under Certificates, once more.".to_owned(),
            ),
            RefusalKind::NeedsBinding => (
                format!("{authority} makes accounts only for its customers."),
                "Copy the key id and the HMAC key from your account there into Settings, under Certificates.".to_owned(),
            ),
            RefusalKind::Contact => (
                format!("{authority} does not take the e-mail address."),
                "Change it, or leave it empty, in Settings, under Certificates.".to_owned(),
            ),
            RefusalKind::Replaced => (
                format!("{authority} says that this certificate has been replaced already."),
                "Homeport orders one anew.".to_owned(),
            ),
            RefusalKind::Revoked => (
                format!("{authority} has revoked that certificate already."),
                "Homeport orders another one.".to_owned(),
            ),
            RefusalKind::Other => {
                (format!("{authority} did not do what was asked for {domain}."), "Try again later.".to_owned())
            }
        };
        let hint = if self.said.is_empty() { hint } else { format!("{hint} It said: “{}”", self.said) };
        let code = if self.kind == RefusalKind::RateLimited { Code::TooMany } else { Code::Engine };
        Problem::new(code, title).hint(hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPES: [&str; 22] = [
        "dns",
        "connection",
        "unauthorized",
        "incorrectResponse",
        "caa",
        "tls",
        "rejectedIdentifier",
        "unsupportedIdentifier",
        "malformed",
        "badCSR",
        "serverInternal",
        "badNonce",
        "rateLimited",
        "accountDoesNotExist",
        "userActionRequired",
        "externalAccountRequired",
        "invalidContact",
        "unsupportedContact",
        "alreadyReplaced",
        "alreadyRevoked",
        "compound",
        "",
    ];

    #[test]
    fn every_reason_has_a_cause_and_a_next_step() {
        let mut titles = std::collections::BTreeSet::new();
        for (text, domain) in [("shop.example.com", ChallengeKind::Http01), ("*.example.com", ChallengeKind::Dns01)]
            .map(|(domain, kind)| (kind, domain.parse::<DomainName>().expect("a name")))
        {
            for kind in TYPES.map(|last| RefusalKind::from_type(&format!("urn:ietf:params:acme:error:{last}"))) {
                let problem = Refusal::new(kind, "because").problem("Let's Encrypt", &domain, text);
                assert!(problem.title.contains("Let's Encrypt") && problem.title.ends_with('.'), "{problem}");
                assert!(problem.hint.as_ref().is_some_and(|hint| hint.contains("“because”")), "{problem}");
                titles.insert(problem.title);
            }
        }
        assert!(titles.len() >= 18, "{titles:#?}");
    }

    #[test]
    fn what_an_account_may_not_is_no_wrong_answer() {
        assert!(!RefusalKind::Account.is_about_the_name());
        let name = "shop.example.com".parse().expect("a name");
        let problem = Refusal::new(RefusalKind::Account, "deactivated").problem("It", &name, ChallengeKind::Http01);
        assert!(problem.title.contains("account") && !problem.to_string().contains("well-known"), "{problem}");
    }

    #[test]
    fn what_it_said_is_one_short_line() {
        let hostile = format!("a\nb\u{1b}[2J\u{202e}<script>{}", "x".repeat(10_000));
        let refusal = Refusal::new(RefusalKind::Connection, &hostile);
        assert!(refusal.said.chars().count() <= MOST_CHARS && refusal.said.starts_with("a b [2J <script>"));
        let empty = Refusal::new(RefusalKind::Other, " \n ");
        assert!(
            !empty
                .problem("It", &"a.example.com".parse().expect("a name"), ChallengeKind::Http01)
                .to_string()
                .contains("said")
        );
    }

    #[test]
    fn wrong_answers_are_about_the_name() {
        for last in TYPES {
            let about = [
                "dns",
                "connection",
                "unauthorized",
                "incorrectResponse",
                "caa",
                "tls",
                "rejectedIdentifier",
                "unsupportedIdentifier",
            ];
            assert_eq!(RefusalKind::from_type(last).is_about_the_name(), about.contains(&last), "{last}");
        }
    }
}
