//! The panel's own names: how a new one is rehearsed before anybody depends on it.
//!
//! A passkey belongs to the host name where it was made, for ever (WebAuthn's relying party id). So a
//! panel is never renamed; it gets a further name, somebody makes a passkey there, and only then do the
//! links that leave the panel carry the new name. The name of the configuration stays, for whoever
//! stands at the host.

use serde::{Deserialize, Serialize};

use crate::{
    name::{HostName, Refused},
    problem::Problem,
    time::Timestamp,
    tunnel::WayIn,
};

/// At most so many names beside the configured one: each has a certificate that is renewed.
pub const MOST_NAMES: usize = 5;

/// What stands between a new name and its use, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RehearsalPart {
    /// The name leads to this server.
    Dns,
    /// There is a certificate for it.
    Certificate,
    /// The panel is what answers under it, with that certificate.
    Answer,
    /// Somebody has a passkey there.
    Passkey,
}

/// How far a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartState {
    /// As it should be.
    Good,
    /// On its way, or it waits for what stands before it.
    Waiting,
    /// Something has to be done.
    Bad,
}

/// One part of a rehearsal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RehearsalStep {
    /// Which.
    pub part: RehearsalPart,
    /// How far it is.
    pub state: PartState,
    /// What was seen, or what to do.
    pub words: String,
}

/// What is known of a name that is being rehearsed.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// Whether DNS leads here: `Ok` in words, `Err` with what to do; `None` before it was asked.
    pub dns: Option<Result<String, String>>,
    /// Until when the certificate in use is good.
    pub certificate_until: Option<Timestamp>,
    /// Why there is none yet.
    pub certificate_problem: Option<String>,
    /// Whether the panel answered by https under the name, and else why not.
    pub answer: Option<Result<(), String>>,
    /// Whether the name comes in by the tunnel.
    pub by_tunnel: bool,
    /// When somebody made a passkey there.
    pub answered_at: Option<Timestamp>,
}

/// The rehearsal of a name, as far as it is.
#[must_use]
pub fn rehearse(seen: &Seen, now: Timestamp) -> Vec<RehearsalStep> {
    let step = |part, state, words: &str| RehearsalStep { part, state, words: words.to_owned() };
    let dns = match &seen.dns {
        Some(Ok(words)) => step(RehearsalPart::Dns, PartState::Good, words),
        Some(Err(words)) => step(RehearsalPart::Dns, PartState::Bad, words),
        None => step(RehearsalPart::Dns, PartState::Waiting, "Not asked yet."),
    };
    let certificate = match (seen.certificate_until, &seen.certificate_problem) {
        _ if seen.by_tunnel => step(
            RehearsalPart::Certificate,
            PartState::Good,
            "None is needed: visitors see Cloudflare's, and the tunnel is encrypted.",
        ),
        (Some(until), _) if until > now => {
            step(RehearsalPart::Certificate, PartState::Good, "There is one, and it is renewed by itself.")
        }
        (Some(_), _) => step(RehearsalPart::Certificate, PartState::Bad, "The certificate has expired."),
        (None, Some(problem)) => step(RehearsalPart::Certificate, PartState::Bad, problem),
        (None, None) => step(RehearsalPart::Certificate, PartState::Waiting, "It is ordered once DNS leads here."),
    };
    let answer = match &seen.answer {
        _ if certificate.state != PartState::Good => {
            step(RehearsalPart::Answer, PartState::Waiting, "It is asked once there is a certificate.")
        }
        Some(Ok(())) => step(RehearsalPart::Answer, PartState::Good, "The panel answers under this name."),
        Some(Err(words)) => step(RehearsalPart::Answer, PartState::Bad, words),
        None => step(RehearsalPart::Answer, PartState::Waiting, "Not asked yet."),
    };
    let passkey = match seen.answered_at {
        Some(_) => step(RehearsalPart::Passkey, PartState::Good, "Somebody signs in there with a passkey."),
        None => step(
            RehearsalPart::Passkey,
            PartState::Waiting,
            "Go there with a one-time link and make a passkey; the passkeys of other names do not work there.",
        ),
    };
    vec![dns, certificate, answer, passkey]
}

/// Whether somebody may be sent there: there is a certificate and the panel was seen to answer.
#[must_use]
pub fn may_move(steps: &[RehearsalStep]) -> bool {
    let is_good = |part| steps.iter().any(|step| step.part == part && step.state == PartState::Good);
    is_good(RehearsalPart::Certificate) && is_good(RehearsalPart::Answer)
}

/// One of the panel's names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PanelNameRow {
    /// The host name.
    pub host: String,
    /// The address that people type.
    pub url: String,
    /// Links that leave the panel carry it.
    pub primary: bool,
    /// It is the one of the configuration, which stays.
    pub configured: bool,
    /// Who gave it, and when; none for the configured one.
    pub added: Option<(String, Timestamp)>,
    /// How many passkeys of all people belong to it.
    pub passkeys: u32,
    /// The rehearsal; empty for the configured one.
    pub steps: Vec<RehearsalStep>,
    /// Whether a link to it can be made.
    pub ready: bool,
    /// Which way people come in.
    pub way: WayIn,
}

/// What is typed to give the panel a name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PanelNameForm {
    /// The host name.
    #[serde(default)]
    pub name: String,
    /// `tunnel`, where people come in by it.
    #[serde(default)]
    pub way: String,
}

impl PanelNameForm {
    /// The name.
    ///
    /// # Errors
    /// An invalid `panel_name`.
    pub fn parse(&self) -> Result<HostName, Problem> {
        let typed = self.name.trim().trim_end_matches('.').to_ascii_lowercase();
        let name: HostName = typed
            .parse()
            .map_err(|Refused(why)| Problem::invalid("panel_name", why).hint("Like panel.example.com."))?;
        if name.as_str().ends_with(".localhost") {
            return Err(Problem::invalid("panel_name", "Other machines cannot reach a name under localhost."));
        }
        Ok(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_ms(1_000_000);

    fn states(seen: &Seen) -> Vec<PartState> {
        rehearse(seen, NOW).into_iter().map(|step| step.state).collect()
    }

    #[test]
    fn a_rehearsal_goes_from_dns_to_a_passkey() {
        use PartState::{Bad, Good, Waiting};
        let mut seen = Seen::default();
        assert_eq!(states(&seen), [Waiting, Waiting, Waiting, Waiting]);
        seen.dns = Some(Err("Add an A record.".into()));
        assert_eq!(states(&seen), [Bad, Waiting, Waiting, Waiting]);
        seen.dns = Some(Ok("It leads here.".into()));
        seen.certificate_problem = Some("The authority is away.".into());
        seen.answer = Some(Ok(()));
        assert_eq!(states(&seen), [Good, Bad, Waiting, Waiting], "an answer without a certificate is none");
        seen.certificate_until = Some(NOW.plus_ms(1));
        assert_eq!(states(&seen), [Good, Good, Good, Waiting]);
        assert!(may_move(&rehearse(&seen, NOW)));
        seen.answer = Some(Err("Nobody answers.".into()));
        assert!(!may_move(&rehearse(&seen, NOW)));
        seen.certificate_until = Some(NOW);
        assert_eq!(states(&seen)[1], Bad);
    }

    #[test]
    fn hostile_names_are_refused_with_their_field() {
        let form = |name: &str| PanelNameForm { name: name.into(), ..PanelNameForm::default() };
        assert_eq!(form(" Panel.Example.com. ").parse().expect("a name").as_str(), "panel.example.com");
        for text in [
            "",
            "panel",
            "203.0.113.7",
            "*.example.com",
            "a.localhost",
            "a..b",
            "-a.com",
            "a.com:443",
            "https://a.com",
            "a.com; } server {",
            "a.com\nload_module x;",
            "$host",
            "a b.com",
            "é.com",
        ] {
            assert_eq!(form(text).parse().expect_err(text).field.as_deref(), Some("panel_name"), "{text}");
        }
    }
}
