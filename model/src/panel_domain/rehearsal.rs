//! What stands between a name and its use.

use serde::{Deserialize, Serialize};

use crate::{certificate::CertificateSource, time::Timestamp};

/// What is looked at, for a new name in the order of the first four.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RehearsalPart {
    /// The name leads to this server.
    Dns,
    /// There is a certificate for it that browsers believe.
    Certificate,
    /// The panel is what answers under it.
    Answer,
    /// Somebody has a passkey there.
    Passkey,
    /// The tunnel has a connection.
    Tunnel,
    /// Asked as everybody asks it, the name comes in by the way that it is to come in by.
    Public,
}

/// How far a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartState {
    /// As it should be.
    Good,
    /// On its way, or it waits for what stands before it.
    Waiting,
    /// It cannot be seen from here; a person may know.
    Unseen,
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

impl RehearsalStep {
    pub(super) fn new(part: RehearsalPart, state: PartState, words: impl Into<String>) -> Self {
        Self { part, state, words: words.into() }
    }
}

/// The certificate in use for a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeenCertificate {
    /// Until when it is good.
    pub until: Timestamp,
    /// Where it comes from.
    pub source: CertificateSource,
    /// Whether it is good for the name.
    pub covers: bool,
    /// Whether browsers believe what visitors are served; `None` before anybody looked.
    pub trusted: Option<bool>,
}

/// What came back when the panel asked for itself under a public name, as everybody asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// The question arrived here.
    Here {
        /// By the tunnel, and not at this server's own ports.
        by_tunnel: bool,
    },
    /// Cloudflare Access wanted somebody to sign in before.
    Guarded,
    /// Something else; the sentence says what.
    Otherwise(String),
}

/// What is known of a name that is being rehearsed.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// Whether DNS leads here: `Ok` in words, `Err` with what to do; `None` before it was asked.
    pub dns: Option<Result<String, String>>,
    /// The certificate in use.
    pub certificate: Option<SeenCertificate>,
    /// Why there is none yet.
    pub certificate_problem: Option<String>,
    /// Whether the panel answered by https under the name on this server, and else why not.
    pub answer: Option<Result<(), String>>,
    /// The same where the tunnel leads to; `None` for a name that does not come in there.
    pub at_tunnel: Option<Result<(), String>>,
    /// What came back under the public name; `None` before it was asked.
    pub heard: Option<Heard>,
    /// Whether the name comes in by the tunnel.
    pub by_tunnel: bool,
    /// When somebody made a passkey there.
    pub answered_at: Option<Timestamp>,
}

/// The rehearsal of a name, as far as it is.
#[must_use]
pub fn rehearse(seen: &Seen, now: Timestamp) -> Vec<RehearsalStep> {
    use PartState::{Bad, Good, Waiting};
    let step = RehearsalStep::new;
    let dns = match &seen.dns {
        Some(Ok(words)) => step(RehearsalPart::Dns, Good, words.as_str()),
        Some(Err(words)) => step(RehearsalPart::Dns, Bad, words.as_str()),
        None => step(RehearsalPart::Dns, Waiting, "Not asked yet."),
    };
    let (certificate, answer) = match seen.by_tunnel {
        true => {
            let words = "None is needed: visitors see Cloudflare's, and the tunnel is encrypted.";
            (step(RehearsalPart::Certificate, Good, words), answer_by_tunnel(seen))
        }
        false => {
            let certificate = certificate(seen, now);
            let answer = answer(seen, &certificate);
            (certificate, answer)
        }
    };
    let passkey = match seen.answered_at {
        Some(_) => step(RehearsalPart::Passkey, Good, "Somebody signs in there with a passkey."),
        None => step(
            RehearsalPart::Passkey,
            Waiting,
            "Go there with a one-time link and make a passkey; the passkeys of other names do not work there.",
        ),
    };
    vec![dns, certificate, answer, passkey]
}

/// The certificate of a name at this server's own ports.
pub(super) fn certificate(seen: &Seen, now: Timestamp) -> RehearsalStep {
    use CertificateSource::{Acme, SelfSigned, Uploaded};
    use PartState::{Bad, Good, Unseen, Waiting};
    let step = |state, words: &str| RehearsalStep::new(RehearsalPart::Certificate, state, words);
    let Some(certificate) = seen.certificate else {
        return match &seen.certificate_problem {
            Some(problem) => step(Bad, problem),
            None => step(Waiting, "It is ordered once DNS leads here."),
        };
    };
    if certificate.until <= now {
        return step(Bad, "The certificate has expired.");
    }
    if !certificate.covers {
        return step(Bad, "The certificate is not good for this name.");
    }
    match (certificate.source, certificate.trusted) {
        (SelfSigned, _) => step(
            Bad,
            "It was made on this server. Browsers do not believe it, and make no passkey there: have one issued, or bring one.",
        ),
        (_, None) => step(Waiting, "There is one. What visitors are served is looked at in a moment."),
        (Acme, Some(true)) => step(Good, "There is one, and it is renewed by itself."),
        (Uploaded, Some(true)) => {
            step(Good, &format!("There is one that somebody brought. Bring the next one before {}.", certificate.until))
        }
        (_, Some(false)) => step(
            Unseen,
            "There is one, and this server does not know its authority. A browser that does not know it either makes no passkey there.",
        ),
    }
}

/// Whether the panel answers at this server's own ports.
pub(super) fn answer(seen: &Seen, certificate: &RehearsalStep) -> RehearsalStep {
    let step = |state, words: &str| RehearsalStep::new(RehearsalPart::Answer, state, words);
    match &seen.answer {
        _ if !matches!(certificate.state, PartState::Good | PartState::Unseen) => {
            step(PartState::Waiting, "It is asked once there is a certificate.")
        }
        Some(Ok(())) => step(PartState::Good, "The panel answers under this name."),
        Some(Err(words)) => step(PartState::Bad, words),
        None => step(PartState::Waiting, "Not asked yet."),
    }
}

/// Whether it answers to those who come in by the tunnel: on this server first, then through Cloudflare.
fn answer_by_tunnel(seen: &Seen) -> RehearsalStep {
    let step = |state, words: &str| RehearsalStep::new(RehearsalPart::Answer, state, words);
    match (&seen.at_tunnel, &seen.heard) {
        (None, _) => step(PartState::Waiting, "Not asked yet."),
        (Some(Err(words)), _) => step(PartState::Bad, words),
        (_, None) => step(PartState::Waiting, "It is being asked through Cloudflare."),
        (_, Some(Heard::Here { by_tunnel: true })) => {
            step(PartState::Good, "The panel answers under this name, through Cloudflare.")
        }
        (_, Some(other)) => public(RehearsalPart::Answer, other, true),
    }
}

/// What follows from what came back under the public name.
pub(super) fn public(part: RehearsalPart, heard: &Heard, to_tunnel: bool) -> RehearsalStep {
    let step = |state, words: &str| RehearsalStep::new(part, state, words);
    match (heard, to_tunnel) {
        (Heard::Here { by_tunnel: true }, true) => {
            step(PartState::Good, "Asked under its public name, the panel answered through the tunnel.")
        }
        (Heard::Here { by_tunnel: false }, false) => {
            step(PartState::Good, "Asked under its public name, the panel answered at this server's own ports.")
        }
        (Heard::Here { .. }, true) => step(
            PartState::Bad,
            "It still comes in at this server's own ports. At Cloudflare, add it to the tunnel as a public host name.",
        ),
        (Heard::Here { .. }, false) => {
            step(PartState::Bad, "It still comes in by the tunnel. Have its record in DNS lead to this server.")
        }
        (Heard::Guarded, _) => step(
            PartState::Unseen,
            "Cloudflare Access asks for a sign-in before, so it cannot be seen from here whether the panel answers behind it.",
        ),
        (Heard::Otherwise(words), _) => step(PartState::Bad, words),
    }
}

pub(super) fn state_of(steps: &[RehearsalStep], part: RehearsalPart) -> Option<PartState> {
    steps.iter().find(|step| step.part == part).map(|step| step.state)
}

/// Whether somebody may be sent there: DNS leads here, browsers believe the certificate, and the panel was
/// seen to answer.
#[must_use]
pub fn may_move(steps: &[RehearsalStep]) -> bool {
    let parts = [RehearsalPart::Dns, RehearsalPart::Certificate, RehearsalPart::Answer];
    parts.into_iter().all(|part| state_of(steps, part) == Some(PartState::Good))
}

/// Whether an owner may go there who says that they know better: that DNS leads here where they are, that
/// their browser knows the certificate's authority, that the panel is behind what asks for a sign-in. What is
/// known to be wrong stays wrong.
#[must_use]
pub fn may_move_anyway(steps: &[RehearsalStep]) -> bool {
    let fits = |part| matches!(state_of(steps, part), Some(PartState::Good | PartState::Unseen));
    fits(RehearsalPart::Certificate) && fits(RehearsalPart::Answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_ms(1_000_000);

    fn states(seen: &Seen) -> Vec<PartState> {
        rehearse(seen, NOW).into_iter().map(|step| step.state).collect()
    }

    fn may(seen: &Seen) -> (bool, bool) {
        let steps = rehearse(seen, NOW);
        (may_move(&steps), may_move_anyway(&steps))
    }

    fn certificate(source: CertificateSource, trusted: Option<bool>) -> SeenCertificate {
        SeenCertificate { until: NOW.plus_ms(1), source, covers: true, trusted }
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
        seen.certificate = Some(certificate(CertificateSource::Acme, Some(true)));
        assert_eq!(states(&seen), [Good, Good, Good, Waiting]);
        assert_eq!(may(&seen), (true, true));
        seen.answer = Some(Err("Nobody answers.".into()));
        assert_eq!(may(&seen), (false, false));
        seen.certificate = seen.certificate.map(|seen| SeenCertificate { until: NOW, ..seen });
        assert_eq!(states(&seen)[1], Bad);
    }

    #[test]
    fn nobody_is_sent_to_a_foreign_server_or_to_a_certificate_that_browsers_refuse() {
        use CertificateSource::{Acme, SelfSigned, Uploaded};
        let good = Seen {
            dns: Some(Ok("It leads here.".into())),
            certificate: Some(certificate(Uploaded, Some(true))),
            answer: Some(Ok(())),
            ..Seen::default()
        };
        assert_eq!(may(&good), (true, true));
        // The loopback's answer says nothing about where DNS leads others.
        for dns in [None, Some(Err("It leads elsewhere.".to_owned()))] {
            assert_eq!(may(&Seen { dns, ..good.clone() }), (false, true), "an owner may know better");
        }
        for (source, trusted, expected) in [
            (Acme, Some(true), (true, true)),
            (Acme, Some(false), (false, true)),
            (Uploaded, Some(false), (false, true)),
            (Acme, None, (false, false)),
            (SelfSigned, Some(false), (false, false)),
            (SelfSigned, Some(true), (false, false)),
        ] {
            let seen = Seen { certificate: Some(certificate(source, trusted)), ..good.clone() };
            assert_eq!(may(&seen), expected, "{source:?} {trusted:?}");
        }
        let other = SeenCertificate { covers: false, ..certificate(Acme, Some(true)) };
        assert_eq!(may(&Seen { certificate: Some(other), ..good.clone() }), (false, false));
        // Only one that is ordered here is renewed by itself.
        let words = |source| {
            rehearse(&Seen { certificate: Some(certificate(source, Some(true))), ..good.clone() }, NOW)[1].words.clone()
        };
        assert!(words(Acme).contains("renewed by itself") && !words(Uploaded).contains("renewed by itself"));
        assert!(words(Uploaded).contains("somebody brought") && words(SelfSigned).contains("made on this server"));
    }

    #[test]
    fn by_the_tunnel_only_an_answer_through_cloudflare_counts() {
        let mut seen = Seen { dns: Some(Ok("It leads to Cloudflare.".into())), by_tunnel: true, ..Seen::default() };
        assert_eq!(may(&seen), (false, false));
        seen.at_tunnel = Some(Ok(()));
        assert_eq!(may(&seen), (false, false), "nginx's own listener is not Cloudflare's");
        for (heard, expected) in [
            (Heard::Here { by_tunnel: true }, (true, true)),
            (Heard::Here { by_tunnel: false }, (false, false)),
            (Heard::Guarded, (false, true)),
            (Heard::Otherwise("It answers with 404.".into()), (false, false)),
        ] {
            seen.heard = Some(heard);
            assert_eq!(may(&seen), expected, "{:?}", seen.heard);
        }
        seen.heard = Some(Heard::Here { by_tunnel: true });
        seen.at_tunnel = Some(Err("There is no tunnel.".into()));
        assert_eq!(may(&seen), (false, false));
    }
}
