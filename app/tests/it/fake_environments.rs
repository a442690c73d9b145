//! The fake's environments.

use async_trait::async_trait;
use homeport_app::backend::{Answer, Environments};
use homeport_model::{
    app::{EnvChange, EnvRow, env},
    environment::{EnvDifference, EnvExport, EnvFormat, EnvPage, EnvScope, EnvVersion, Length, ScopeChoice, Spelling},
    name::{AppName, EnvKey},
    prelude::Actor,
    time::Timestamp,
};

use super::{Fake, HOUR, NOW, parsed, people};

fn row(key: &str, value: Option<&str>, pending: bool) -> EnvRow {
    EnvRow {
        key: parsed(key),
        value: value.map(Into::into),
        secret: value.is_none(),
        scope: EnvScope::Run,
        of_all: false,
        pending,
    }
}

fn differences() -> Vec<EnvDifference> {
    vec![EnvDifference {
        key: parsed("PRICE_CACHE_TTL"),
        change: EnvChange::Changed,
        secret: false,
        before: Some("60".into()),
        after: Some("300".into()),
        scope: None,
    }]
}

#[async_trait]
impl Environments for Fake {
    async fn find(&self, _: &Actor, app: Option<&AppName>) -> Answer<EnvPage> {
        if app.is_none() {
            let rows = if self.empty { Vec::new() } else { vec![row("TZ", Some("Europe/Berlin"), false)] };
            return Ok(EnvPage { rows, leaving: Vec::new() });
        }
        let rows = vec![
            row("DATABASE_URL", None, false),
            row("DJANGO_SETTINGS_MODULE", Some("shop.settings.production"), false),
            row("PRICE_CACHE_TTL", Some("300"), true),
            row("SECRET_KEY", None, true),
            EnvRow { of_all: true, ..row("TZ", Some("Europe/Berlin"), false) },
            EnvRow { scope: EnvScope::Build, ..row("NODE_ENV", Some("production"), false) },
        ];
        Ok(EnvPage { rows, leaving: Vec::new() })
    }

    async fn preview(&self, _: &Actor, _: Option<&AppName>, text: &str, _: ScopeChoice) -> Answer<Vec<EnvDifference>> {
        env::parse(text).map(|_| differences())
    }

    async fn set(&self, _: &Actor, _: Option<&AppName>, text: &str, _: ScopeChoice) -> Answer<u32> {
        env::parse(text).map(|vars| u32::try_from(vars.len()).unwrap_or(u32::MAX))
    }

    async fn unset(&self, _: &Actor, _: Option<&AppName>, _: &EnvKey) -> Answer<()> {
        Ok(())
    }

    async fn set_secret(&self, _: &Actor, _: Option<&AppName>, _: &EnvKey, _: bool) -> Answer<()> {
        Ok(())
    }

    async fn generate(&self, _: &Actor, _: Option<&AppName>, _: &EnvKey, _: Length, _: Spelling) -> Answer<()> {
        Ok(())
    }

    async fn versions(&self, _: &Actor, _: Option<&AppName>) -> Answer<Vec<EnvVersion>> {
        let version = |number, by: &str, brought_back| EnvVersion {
            number,
            by: by.into(),
            at: Timestamp::from_ms(NOW.ms() - HOUR * i64::from(4 - number)),
            changes: vec![(parsed("PRICE_CACHE_TTL"), EnvChange::Changed)],
            brought_back,
        };
        let all = vec![version(3, "Ada", Some(1)), version(2, "release 41", None), version(1, "Ada", None)];
        Ok(if self.empty { Vec::new() } else { all })
    }

    async fn difference(&self, _: &Actor, _: Option<&AppName>, _: u32, _: u32) -> Answer<Vec<EnvDifference>> {
        Ok(differences())
    }

    async fn bring_back(&self, _: &Actor, _: Option<&AppName>, _: u32) -> Answer<u32> {
        Ok(1)
    }

    async fn export(&self, _: &Actor, _: Option<&AppName>, _: EnvFormat) -> Answer<EnvExport> {
        Err(people::step_up())
    }
}
