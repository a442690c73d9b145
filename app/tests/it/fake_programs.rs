//! The fake's webhooks, tokens and SSH keys.

use async_trait::async_trait;
use homeport_app::backend::{Answer, SshKeys, Statuses, Tokens, Webhooks};
use homeport_model::{
    account::{TokenForm, TokenRow, TokenScope},
    id::{DeliveryId, SshKeyId, TokenId},
    job::JobState,
    name::AppName,
    prelude::Actor,
    pushes::{Remotes, SshKeyForm, SshKeyRow, SshServer, SshSettings},
    time::Timestamp,
    webhook::{
        DeliveryRow, NewSecret, Provider, StatusForm, StatusHost, StatusReportRow, StatusState, StatusView, Verdict,
        WebhookRow,
    },
};

use super::{DAY, Fake, HOUR, NOW, parsed};

fn delivery() -> DeliveryRow {
    DeliveryRow {
        id: parsed("01jd3k5m7n9p1r3v"),
        app: parsed("shop"),
        provider: Provider::Github,
        event: "push".into(),
        what: "main at 3f9c2e1 by Ada".into(),
        verdict: Verdict::Deployed,
        reason: "main at 3f9c2e1 by Ada was pushed.".into(),
        release: Some(41),
        state: Some(JobState::Succeeded),
        headers: vec!["x-github-event: push".into()],
        replays: true,
        at: Timestamp::from_ms(NOW.ms() - HOUR),
    }
}

#[async_trait]
impl Webhooks for Fake {
    async fn find(&self, _: &Actor, _: &AppName) -> Answer<WebhookRow> {
        let url = "https://panel.example.com/webhooks/01jd3k5m7n9p1r3v".into();
        Ok(WebhookRow { url, secret_since: Some(NOW), last: Some(delivery()) })
    }

    async fn renew_secret(&self, _: &Actor, _: &AppName) -> Answer<NewSecret> {
        Ok(NewSecret { url: "https://panel.example.com/webhooks/01jd3k5m7n9p1r3v".into(), secret: "0".repeat(64) })
    }

    async fn inbox(&self, _: &Actor) -> Answer<Vec<DeliveryRow>> {
        Ok(if self.empty { Vec::new() } else { vec![delivery()] })
    }

    async fn replay(&self, _: &Actor, _: &DeliveryId) -> Answer<u32> {
        Ok(42)
    }
}

#[async_trait]
impl Tokens for Fake {
    async fn list(&self, _: &Actor) -> Answer<Vec<TokenRow>> {
        let row = TokenRow {
            id: parsed("01jd3k5m7n9p1r3v"),
            name: "CI".into(),
            scope: TokenScope::Deploy,
            app: Some(parsed("shop")),
            created_at: Timestamp::from_ms(NOW.ms() - DAY),
            expires_at: Timestamp::from_ms(NOW.ms() + 89 * DAY),
            last_used_at: None,
            last_address: None,
        };
        Ok(if self.empty { Vec::new() } else { vec![row] })
    }

    async fn create(&self, _: &Actor, _: TokenForm) -> Answer<String> {
        Ok("hpt_0".into())
    }

    async fn revoke(&self, _: &Actor, _: &TokenId) -> Answer<()> {
        Ok(())
    }
}

#[async_trait]
impl SshKeys for Fake {
    async fn settings(&self, _: &Actor) -> Answer<SshSettings> {
        let row = SshKeyRow {
            id: parsed("01jd3k5m7n9p1r3v"),
            name: "Laptop".into(),
            fingerprint: "SHA256:uXcW1N5c0f7cJmJ7pQ0o5m0m4G5gQm6Xo2t1a9pD3sE".into(),
            created_at: Timestamp::from_ms(NOW.ms() - DAY),
            last_used_at: None,
            last_address: None,
        };
        let server = SshServer::Listens {
            address: "ssh://git@panel.example.com:2222".into(),
            fingerprint: "SHA256:k1mB0Q5c0f7cJmJ7pQ0o5m0m4G5gQm6Xo2t1a9pD3sE".into(),
        };
        Ok(SshSettings { keys: if self.empty { Vec::new() } else { vec![row] }, server })
    }

    async fn add(&self, _: &Actor, _: SshKeyForm) -> Answer<()> {
        Ok(())
    }

    async fn remove(&self, _: &Actor, _: &SshKeyId) -> Answer<()> {
        Ok(())
    }

    async fn remotes(&self, _: &Actor, app: &AppName) -> Answer<Remotes> {
        Ok(Remotes { https: format!("https://panel.example.com/git/{app}"), ssh: None })
    }
}

#[async_trait]
impl Statuses for Fake {
    async fn find(&self, _: &Actor, _: &AppName) -> Answer<StatusView> {
        let last = StatusReportRow {
            release: 41,
            state: StatusState::Success,
            at: Timestamp::from_ms(NOW.ms() - HOUR),
            problem: Some("The token may not write statuses (403).".into()),
            next_at: Some(NOW),
        };
        let api = "https://git.example.com/api/v1".to_owned();
        let set = Some((StatusHost::Gitea, api, Timestamp::from_ms(NOW.ms() - DAY)));
        Ok(StatusView { possible: true, guess: None, set, last: Some(last) })
    }

    async fn set(&self, _: &Actor, _: &AppName, _: StatusForm) -> Answer<()> {
        Ok(())
    }

    async fn unset(&self, _: &Actor, _: &AppName) -> Answer<()> {
        Ok(())
    }
}
