//! CAA records: who may issue certificates for a name (RFC 8659, with the parameters of RFC 8657).

use serde::{Deserialize, Serialize};

use super::DnsTrouble;
use crate::{
    name::DomainName,
    problem::{Code, Problem},
};

/// Tags that every authority understands; of others, only critical ones matter.
const KNOWN: [&str; 7] = ["issue", "issuewild", "iodef", "contactemail", "contactphone", "issuemail", "issuevmc"];

/// One CAA record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaaRecord {
    /// Who does not understand it must not issue.
    pub critical: bool,
    /// `issue`, `issuewild`, `iodef`, or something else.
    pub tag: String,
    /// As it stands there: `letsencrypt.org; validationmethods=dns-01`.
    pub value: String,
}

/// The CAA records that count for a name: those of the nearest name at or above it that has any.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum CaaAnswer {
    /// There are none: everybody may issue.
    Nobody,
    /// There are some.
    Found {
        /// Whose they are.
        at: String,
        /// The records.
        records: Vec<CaaRecord>,
    },
    /// A name could not be asked. Authorities issue nothing then.
    Failed {
        /// Which name.
        at: String,
        /// Why.
        why: DnsTrouble,
    },
}

/// Who wants to issue, and how.
#[derive(Debug, Clone, Copy)]
pub struct CaaQuestion<'a> {
    /// The authority's names in CAA records: `caaIdentities` of its directory. It need not say them; then
    /// nothing can be said about records that name authorities.
    pub issuers: &'a [&'a str],
    /// `http-01` or `dns-01`.
    pub method: &'a str,
    /// The account's address at the authority, once there is one.
    pub account: Option<&'a str>,
}

impl CaaAnswer {
    /// Whether the records let an authority issue for `name`.
    ///
    /// # Errors
    /// Which record is against it, and what to add.
    pub fn allows(&self, name: &DomainName, question: &CaaQuestion<'_>) -> Result<(), Problem> {
        let (at, records) = match self {
            Self::Nobody => return Ok(()),
            Self::Found { at, records } => (at, records),
            Self::Failed { at, why } => {
                let title = format!("Whether a CAA record of {at} is against it could not be asked.");
                let hint = format!("{}. Authorities issue nothing until it can.", why.words());
                return Err(Problem::new(Code::Unavailable, title).hint(hint));
            }
        };
        if let Some(odd) = records.iter().find(|record| record.critical && !is_known(&record.tag)) {
            let title =
                format!("A CAA record of {at} has the critical tag {}, which no authority knows.", shown(&odd.tag));
            return Err(forbidden(title, format!("Remove the CAA record with {} from {at}.", shown(&odd.tag))));
        }
        if question.issuers.is_empty() {
            return Ok(());
        }
        let with = |tag: &str| records.iter().filter(|r| r.tag.eq_ignore_ascii_case(tag)).collect::<Vec<_>>();
        let wild = with("issuewild");
        let (tag, counting) =
            if name.is_wildcard() && !wild.is_empty() { ("issuewild", wild) } else { ("issue", with("issue")) };
        if counting.is_empty() {
            return Ok(());
        }
        let own: Vec<Value<'_>> = counting.iter().map(|record| Value::read(&record.value)).collect();
        let ours: Vec<&Value<'_>> = own
            .iter()
            .filter(|value| question.issuers.iter().any(|issuer| issuer.eq_ignore_ascii_case(value.issuer)))
            .collect();
        if ours.iter().any(|value| value.lets(question)) {
            return Ok(());
        }
        let issuer = question.issuers.first().copied().unwrap_or_default();
        let add = format!("Add a CAA record for {at}: 0 {tag} \"{issuer}\".");
        if ours.is_empty() {
            let others: Vec<String> = own.iter().filter(|v| !v.issuer.is_empty()).map(|v| shown(v.issuer)).collect();
            let who = if others.is_empty() { "nobody".to_owned() } else { format!("only {}", others.join(", ")) };
            let what = if name.is_wildcard() { "certificates for wildcards" } else { "certificates" };
            return Err(forbidden(format!("The CAA records of {at} let {who} issue {what}."), add));
        }
        let title = format!(
            "The CAA records of {at} let {issuer} issue, but not by {} or not for this panel's account.",
            question.method
        );
        let hint = match question.account {
            Some(account) => format!(
                "Add a CAA record for {at}: 0 {tag} \"{issuer}; validationmethods={}; accounturi={account}\".",
                question.method
            ),
            None => format!("Add a CAA record for {at}: 0 {tag} \"{issuer}; validationmethods={}\".", question.method),
        };
        Err(forbidden(title, hint))
    }
}

fn forbidden(title: String, hint: String) -> Problem {
    Problem::new(Code::Conflict, title).hint(hint)
}

fn is_known(tag: &str) -> bool {
    KNOWN.iter().any(|known| known.eq_ignore_ascii_case(tag))
}

/// What a stranger wrote into DNS, made fit for a sentence.
fn shown(text: &str) -> String {
    text.chars().filter(char::is_ascii_graphic).take(80).collect()
}

/// `issuer; name=value; …`.
struct Value<'a> {
    issuer: &'a str,
    parameters: Vec<(&'a str, &'a str)>,
}

impl<'a> Value<'a> {
    fn read(text: &'a str) -> Self {
        let mut parts = text.split(';').map(str::trim);
        let issuer = parts.next().unwrap_or_default();
        let parameters =
            parts.filter_map(|part| part.split_once('=')).map(|(name, value)| (name.trim(), value.trim())).collect();
        Self { issuer, parameters }
    }

    fn lets(&self, question: &CaaQuestion<'_>) -> bool {
        self.parameters.iter().all(|(name, value)| {
            if name.eq_ignore_ascii_case("validationmethods") {
                return value.split(',').any(|method| method.trim() == question.method);
            }
            if name.eq_ignore_ascii_case("accounturi") {
                return question.account.is_none_or(|account| account == *value);
            }
            true
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> DomainName {
        text.parse().expect("a name")
    }

    fn found(records: &[(&str, &str)]) -> CaaAnswer {
        let record = |(tag, value): &(&str, &str)| CaaRecord {
            critical: tag.starts_with('!'),
            tag: tag.trim_start_matches('!').to_owned(),
            value: (*value).to_owned(),
        };
        CaaAnswer::Found { at: "example.com".into(), records: records.iter().map(record).collect() }
    }

    #[test]
    fn an_authority_that_does_not_say_its_names_is_not_stopped() {
        let question = CaaQuestion { issuers: &[], ..http() };
        let shop = name("shop.example.com");
        assert_eq!(found(&[("issue", "digicert.com")]).allows(&shop, &question), Ok(()));
        assert!(found(&[("!tbs", "x")]).allows(&shop, &question).is_err(), "nobody knows a critical tag");
    }

    fn http() -> CaaQuestion<'static> {
        CaaQuestion { issuers: &["letsencrypt.org"], method: "http-01", account: Some("https://ca/acct/1") }
    }

    #[test]
    fn records_that_let_it_issue() {
        let shop = name("shop.example.com");
        for records in [
            &[("issue", "letsencrypt.org")][..],
            &[("ISSUE", "LetsEncrypt.org")],
            &[("issue", "digicert.com"), ("issue", " letsencrypt.org ; x=y")],
            &[("iodef", "mailto:a@example.com")],
            &[("issuewild", "digicert.com")],
            &[("later", "x")],
            &[("issue", "letsencrypt.org; validationmethods=dns-01,http-01")],
            &[("issue", "letsencrypt.org; accounturi=https://ca/acct/1")],
        ] {
            assert_eq!(found(records).allows(&shop, &http()), Ok(()), "{records:?}");
        }
        assert_eq!(CaaAnswer::Nobody.allows(&shop, &http()), Ok(()));
        let wild = name("*.example.com");
        for records in [&[("issue", "letsencrypt.org")][..], &[("issue", ";"), ("issuewild", "letsencrypt.org")]] {
            assert_eq!(found(records).allows(&wild, &http()), Ok(()), "{records:?}");
        }
    }

    #[test]
    fn records_that_forbid_say_what_to_add() {
        let said = |records: &[(&str, &str)], of: &str| {
            found(records).allows(&name(of), &http()).expect_err("forbidden").to_string()
        };
        assert_eq!(
            said(&[("issue", "digicert.com"), ("issue", "sectigo.com")], "shop.example.com"),
            "The CAA records of example.com let only digicert.com, sectigo.com issue certificates. \
             Add a CAA record for example.com: 0 issue \"letsencrypt.org\"."
        );
        assert_eq!(
            said(&[("issue", ";")], "shop.example.com"),
            "The CAA records of example.com let nobody issue certificates. \
             Add a CAA record for example.com: 0 issue \"letsencrypt.org\"."
        );
        assert_eq!(
            said(&[("issue", "letsencrypt.org"), ("issuewild", ";")], "*.example.com"),
            "The CAA records of example.com let nobody issue certificates for wildcards. \
             Add a CAA record for example.com: 0 issuewild \"letsencrypt.org\"."
        );
        assert_eq!(
            said(&[("issue", "letsencrypt.org; validationmethods=dns-01")], "shop.example.com"),
            "The CAA records of example.com let letsencrypt.org issue, but not by http-01 or not for this panel's account. \
             Add a CAA record for example.com: 0 issue \"letsencrypt.org; validationmethods=http-01; accounturi=https://ca/acct/1\"."
        );
        let other = said(&[("issue", "letsencrypt.org; accounturi=https://ca/acct/2")], "shop.example.com");
        assert!(other.contains("this panel's account"), "{other}");
        assert_eq!(
            said(&[("!tbs", "x"), ("issue", "letsencrypt.org")], "shop.example.com"),
            "A CAA record of example.com has the critical tag tbs, which no authority knows. \
             Remove the CAA record with tbs from example.com."
        );
        let failed = CaaAnswer::Failed { at: "example.com".into(), why: DnsTrouble::ServerFailure };
        assert_eq!(failed.allows(&name("shop.example.com"), &http()).expect_err("unknown").code, Code::Unavailable);
    }

    #[test]
    fn what_strangers_write_is_shortened() {
        let hostile = "<b>\u{202e}\n".to_owned() + &"x".repeat(500);
        let said = found(&[("issue", &hostile)]).allows(&name("shop.example.com"), &http()).expect_err("forbidden");
        assert!(said.title.len() < 200 && !said.title.contains(['\n', '\u{202e}']), "{said}");
    }
}
