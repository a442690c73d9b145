//! A name on its way from one way in to the other: both serve until the new one has answered.

use serde::{Deserialize, Serialize};

use super::rehearsal::{PartState, RehearsalPart, RehearsalStep, Seen, answer, certificate, public, state_of};
use crate::{time::Timestamp, tunnel::TunnelState};

/// A name on its way to the other way in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Switching {
    /// To the tunnel, and not to this server's own ports.
    pub to_tunnel: bool,
    /// What it waits for.
    pub steps: Vec<RehearsalStep>,
    /// Whether only the public answer is missing, without which an owner may finish it.
    pub may_finish: bool,
}

/// What the new way in still waits for.
#[must_use]
pub fn switch(seen: &Seen, to_tunnel: bool, tunnel: &TunnelState, now: Timestamp) -> Vec<RehearsalStep> {
    let heard = match &seen.heard {
        Some(heard) => public(RehearsalPart::Public, heard, to_tunnel),
        None => RehearsalStep::new(RehearsalPart::Public, PartState::Waiting, "It is asked every few seconds."),
    };
    if to_tunnel {
        return vec![connected(tunnel), heard];
    }
    let certificate = certificate(seen, now);
    let answer = answer(seen, &certificate);
    vec![certificate, answer, heard]
}

fn connected(tunnel: &TunnelState) -> RehearsalStep {
    let step = |state, words: String| RehearsalStep::new(RehearsalPart::Tunnel, state, words);
    match tunnel {
        TunnelState::Connected { .. } => step(PartState::Good, format!("The tunnel is {}.", tunnel.words())),
        TunnelState::Starting | TunnelState::Connecting { .. } => {
            step(PartState::Waiting, format!("The tunnel is {}.", tunnel.words()))
        }
        TunnelState::None => {
            step(PartState::Bad, "There is no tunnel. Set one up in Settings, under Tunnel.".to_owned())
        }
        TunnelState::Stopped | TunnelState::Trouble { .. } => {
            step(PartState::Bad, format!("The tunnel is {}. Look at it in Settings, under Tunnel.", tunnel.words()))
        }
    }
}

/// Whether the new way in has answered, so that the old one can go.
#[must_use]
pub fn is_switched(steps: &[RehearsalStep]) -> bool {
    steps.iter().all(|step| step.state == PartState::Good)
}

/// Whether an owner may let the old way go who says that they came in by the new one: only what cannot be
/// seen from here is missing. Without a connection or a certificate nobody comes in.
#[must_use]
pub fn may_finish(steps: &[RehearsalStep]) -> bool {
    let fits = |step: &RehearsalStep| match step.part {
        RehearsalPart::Public => true,
        RehearsalPart::Certificate => matches!(step.state, PartState::Good | PartState::Unseen),
        _ => step.state == PartState::Good,
    };
    state_of(steps, RehearsalPart::Public).is_some() && steps.iter().all(fits)
}

#[cfg(test)]
mod tests {
    use super::{
        super::rehearsal::{Heard, SeenCertificate},
        *,
    };
    use crate::certificate::CertificateSource;

    const NOW: Timestamp = Timestamp::from_ms(1_000_000);
    const CONNECTED: TunnelState = TunnelState::Connected { connections: 4 };

    fn done(seen: &Seen, to_tunnel: bool, tunnel: &TunnelState) -> (bool, bool) {
        let steps = switch(seen, to_tunnel, tunnel, NOW);
        (is_switched(&steps), may_finish(&steps))
    }

    #[test]
    fn the_tunnel_takes_a_name_over_once_it_is_connected_and_the_name_came_in_by_it() {
        let mut seen = Seen::default();
        let connecting = TunnelState::Connecting { said: None };
        for tunnel in [&TunnelState::None, &TunnelState::Starting, &connecting, &TunnelState::Stopped] {
            seen.heard = Some(Heard::Here { by_tunnel: true });
            assert_eq!(done(&seen, true, tunnel), (false, false), "{tunnel:?}");
        }
        assert_eq!(done(&seen, true, &CONNECTED), (true, true));
        for heard in
            [None, Some(Heard::Here { by_tunnel: false }), Some(Heard::Guarded), Some(Heard::Otherwise("x".into()))]
        {
            seen.heard = heard;
            assert_eq!(done(&seen, true, &CONNECTED), (false, true), "{:?}", seen.heard);
        }
    }

    #[test]
    fn this_servers_ports_take_it_over_once_there_is_a_certificate_and_it_came_in_there() {
        let direct = Some(Heard::Here { by_tunnel: false });
        let mut seen = Seen { heard: direct.clone(), answer: Some(Ok(())), ..Seen::default() };
        assert_eq!(done(&seen, false, &CONNECTED), (false, false), "nobody forces it without a certificate");
        let certificate = |source, trusted| {
            Some(SeenCertificate { until: NOW.plus_ms(1), source, covers: true, trusted: Some(trusted) })
        };
        seen.certificate = certificate(CertificateSource::SelfSigned, false);
        assert_eq!(done(&seen, false, &CONNECTED), (false, false));
        seen.certificate = certificate(CertificateSource::Uploaded, false);
        assert_eq!(done(&seen, false, &CONNECTED), (false, true));
        seen.certificate = certificate(CertificateSource::Acme, true);
        assert_eq!(done(&seen, false, &TunnelState::None), (true, true), "the tunnel need not be there");
        seen.heard = Some(Heard::Here { by_tunnel: true });
        assert_eq!(done(&seen, false, &CONNECTED), (false, true));
        seen.answer = Some(Err("Nobody answers.".into()));
        assert_eq!(done(&seen, false, &CONNECTED), (false, false));
    }
}
