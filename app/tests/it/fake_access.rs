//! The fake's keys and sign-ins.

use async_trait::async_trait;
use homeport_app::backend::{Access, Answer, Registries};
use homeport_model::{
    access::{
        AccessView, HostRow, KeyRow, PollRow, RegistryForm, RegistryHost, RegistryRow, SignInForm, SignInRow, Tried,
        Way,
    },
    name::AppName,
    prelude::{Actor, Code, Problem},
};

use super::{DAY, Fake, NOW, ago, parsed};

fn host() -> HostRow {
    HostRow {
        host: parsed("[git.example.com]:2222"),
        fingerprint: "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU".into(),
        since: Some(ago(DAY)),
    }
}

#[async_trait]
impl Access for Fake {
    /// The shop comes over https with a token, everything else over ssh.
    async fn find(&self, _: &Actor, app: &AppName) -> Answer<AccessView> {
        let shop = app.as_str() == "shop";
        let key = KeyRow {
            public: format!("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{} homeport-{app}", "A".repeat(43)),
            fingerprint: "SHA256:mIlxA9k46MmM6qdJOdMnAQpzGxF4WIVVL+fj+wZbw0g".into(),
            created_at: ago(DAY),
        };
        let sign_in =
            SignInRow { origin: parsed("https://git.example.com"), user: parsed("<b>ada</b>"), created_at: ago(DAY) };
        let poll = PollRow {
            tip: Some(parsed("3f9c2e1d4b5a69788796a5b4c3d2e1f001234567")),
            asked_at: ago(60_000),
            next_at: ago(-240_000),
            problem: Some(Problem::new(Code::Engine, "There is no repository at <i>this</i> address.")),
        };
        Ok(if shop {
            let way = Way::Https { origin: parsed("https://git.example.com") };
            AccessView { way, key: None, sign_in: Some(sign_in), host: None, poll: Some(poll) }
        } else if app.as_str() != "api" {
            AccessView { way: Way::Nothing, key: None, sign_in: None, host: None, poll: None }
        } else {
            AccessView {
                way: Way::Ssh { host: host().host },
                key: Some(key),
                sign_in: None,
                host: Some(host()),
                poll: None,
            }
        })
    }

    async fn make_key(&self, _: &Actor, _: &AppName) -> Answer<()> {
        Ok(())
    }

    async fn remove_key(&self, _: &Actor, _: &AppName) -> Answer<()> {
        Ok(())
    }

    async fn set_sign_in(&self, _: &Actor, _: &AppName, form: SignInForm) -> Answer<()> {
        form.parse().map(|_| ())
    }

    async fn remove_sign_in(&self, _: &Actor, _: &AppName) -> Answer<()> {
        Ok(())
    }

    async fn try_it(&self, _: &Actor, _: &AppName) -> Answer<Tried> {
        let commit = parsed("3f9c2e1d4b5a69788796a5b4c3d2e1f001234567");
        Ok(Tried::Works { branch: parsed("main"), commit, met: Some(HostRow { since: Some(NOW), ..host() }) })
    }

    async fn trust_host(&self, _: &Actor, _: &AppName, _: &str) -> Answer<()> {
        Ok(())
    }
}

#[async_trait]
impl Registries for Fake {
    async fn list(&self, _: &Actor) -> Answer<Vec<RegistryRow>> {
        let row = RegistryRow { host: parsed("ghcr.io"), user: parsed("ada"), created_at: ago(DAY) };
        Ok(if self.empty { Vec::new() } else { vec![row] })
    }

    async fn keep(&self, _: &Actor, form: RegistryForm) -> Answer<()> {
        form.parse().map(|_| ())
    }

    async fn forget(&self, _: &Actor, _: &RegistryHost) -> Answer<()> {
        Ok(())
    }

    async fn try_it(&self, _: &Actor, _: &RegistryHost) -> Answer<()> {
        Ok(())
    }
}
