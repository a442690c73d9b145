//! The fake's webhooks and tokens.

use async_trait::async_trait;
use homeport_app::backend::{Answer, Tokens, Webhooks};
use homeport_model::{
    account::{TokenForm, TokenRow, TokenScope},
    id::{DeliveryId, TokenId},
    job::JobState,
    name::AppName,
    prelude::Actor,
    time::Timestamp,
    webhook::{DeliveryRow, NewSecret, Provider, Verdict, WebhookRow},
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
