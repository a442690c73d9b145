//! The fake's person: passkeys, sessions, codes.

use async_trait::async_trait;
use homeport_app::backend::{Accounts, Answer, PanelDomain};
use homeport_model::{
    account::{AccountSettings, Me, PasskeyRow, SessionRow, SignInMethod},
    certificate::CertificateSource,
    id::{PasskeyId, SessionId},
    name::{HostName, Refused},
    panel_domain::{
        PanelNameForm, PanelNameRow, Seen, SeenCertificate, Switching, may_finish, may_move, may_move_anyway,
        panel_name, rehearse, switch,
    },
    prelude::{Actor, Code, Problem, Role},
    time::Timestamp,
    tunnel::{TunnelState, WayIn},
};

use super::{DAY, Fake, HOUR, NOW, ago};

fn me() -> Me {
    Me {
        name: "Ada".into(),
        role: Role::Owner,
        host_name: "host.example.com".into(),
        must_add_passkey: false,
        step_up_until: None,
        one_key_only: false,
    }
}

pub(super) fn step_up() -> Problem {
    Problem::new(Code::StepUpRequired, "Use your passkey once more to do this.")
}

#[async_trait]
impl Accounts for Fake {
    async fn me(&self, _: &Actor) -> Answer<Me> {
        Ok(me())
    }

    async fn settings(&self, _: &Actor) -> Answer<AccountSettings> {
        let passkey = |number, label: &str, used_ms, current| PasskeyRow {
            id: PasskeyId::new(NOW.ms(), number),
            label: label.into(),
            host: "panel.example.com".into(),
            created_at: ago(12 * DAY),
            last_used_at: Some(ago(used_ms)),
            frozen: false,
            current,
        };
        let session = |number, agent: &str, seen_ms, current| SessionRow {
            id: SessionId::new(NOW.ms(), number),
            method: SignInMethod::Passkey,
            passkey: Some("MacBook".into()),
            created_at: ago(3 * DAY),
            seen_at: ago(seen_ms),
            address: Some("203.0.113.9".into()),
            agent: Some(agent.into()),
            current,
        };
        Ok(AccountSettings {
            me: me(),
            passkeys: vec![passkey(1, "MacBook", HOUR, true), passkey(2, "Phone", DAY, false)],
            sessions: vec![session(1, "Firefox on Linux", 0, true), session(2, "Safari on iPhone", DAY, false)],
            codes_left: 8,
            tokens: Vec::new(),
            ssh: homeport_model::pushes::SshSettings::default(),
            now: NOW,
        })
    }

    async fn rename_passkey(&self, _: &Actor, _: &PasskeyId, _: String) -> Answer<()> {
        Ok(())
    }

    async fn remove_passkey(&self, _: &Actor, _: &PasskeyId) -> Answer<()> {
        Err(step_up())
    }

    async fn end_session(&self, _: &Actor, _: &SessionId) -> Answer<()> {
        Ok(())
    }

    async fn end_other_sessions(&self, _: &Actor) -> Answer<()> {
        Ok(())
    }

    async fn new_recovery_codes(&self, _: &Actor) -> Answer<Vec<String>> {
        Err(step_up())
    }
}

#[async_trait]
impl PanelDomain for Fake {
    async fn list(&self, _: &Actor) -> Answer<Vec<PanelNameRow>> {
        let row = |host: &str, added, seen: Option<Seen>| {
            let steps = seen.map(|seen| rehearse(&seen, NOW)).unwrap_or_default();
            PanelNameRow {
                host: host.into(),
                url: format!("https://{host}"),
                primary: added,
                configured: added,
                added: (!added).then(|| ("Ada".to_owned(), NOW)),
                passkeys: if added { 2 } else { 0 },
                unicode: None,
                ready: may_move(&steps),
                ready_anyway: may_move_anyway(&steps),
                steps,
                way: if added { WayIn::Direct } else { WayIn::Tunnel },
                switching: (!added).then(|| {
                    let steps = switch(&Seen::default(), false, &TunnelState::None, NOW);
                    Switching { to_tunnel: false, may_finish: may_finish(&steps), steps }
                }),
                cautions: if added { Vec::new() } else { vec!["Grace signs in under this name only.".into()] },
            }
        };
        let seen = Seen {
            dns: Some(Ok("It leads here.".into())),
            certificate: Some(SeenCertificate {
                until: Timestamp::from_ms(NOW.ms() + DAY),
                source: CertificateSource::Acme,
                covers: true,
                trusted: Some(true),
            }),
            answer: Some(Ok(())),
            ..Seen::default()
        };
        let configured = row("panel.example.com", true, None);
        Ok(if self.empty { vec![configured] } else { vec![configured, row("home.example.net", false, Some(seen))] })
    }

    async fn try_name(&self, _: &Actor, form: PanelNameForm) -> Answer<()> {
        let name = form.name.parse().map_err(|Refused(why)| Problem::invalid("panel_name", why))?;
        panel_name(&name).map(|_| ())
    }

    async fn go_to(&self, _: &Actor, name: &HostName, _: bool) -> Answer<String> {
        Ok(format!("https://{name}/recover#move.mzxw6ytboi"))
    }

    async fn set_way(&self, _: &Actor, _: &HostName, _: bool, _: bool) -> Answer<()> {
        Ok(())
    }

    async fn leave(&self, _: &Actor, _: &HostName, _: bool) -> Answer<()> {
        Ok(())
    }
}
