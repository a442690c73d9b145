//! The fake's tunnel.

use async_trait::async_trait;
use homeport_app::backend::{Answer, Tunnel};
use homeport_model::{
    prelude::{Actor, Problem},
    tunnel::{TunnelFacts, TunnelForm, TunnelName, TunnelState, TunnelToken, TunnelView},
};

use super::{Fake, NOW, parsed};

#[async_trait]
impl Tunnel for Fake {
    async fn find(&self, _: &Actor) -> Answer<TunnelView> {
        let id = parsed("6ff42ae2-765d-4adf-8112-31c55c1551ef");
        let facts = TunnelFacts { id, added_by: "Ada".into(), added_at: NOW };
        let name = |name: &str, app: Option<&str>| TunnelName { name: parsed(name), app: app.map(parsed) };
        Ok(TunnelView {
            tunnel: (!self.empty).then_some(facts),
            state: if self.empty { TunnelState::None } else { TunnelState::Connected { connections: 4 } },
            since: (!self.empty).then_some(NOW),
            service: "http://127.0.0.1:7381".into(),
            image: "cloudflare/cloudflared:2026.9.3".into(),
            names: match self.empty {
                true => Vec::new(),
                false => vec![name("shop.apps.example.com", Some("shop")), name("panel.example.net", None)],
            },
        })
    }

    async fn keep(&self, _: &Actor, form: TunnelForm) -> Answer<()> {
        TunnelToken::parse(&form.token).map(|_| ())
    }

    async fn remove(&self, _: &Actor) -> Answer<()> {
        Err(Problem::not_found("tunnel"))
    }
}
