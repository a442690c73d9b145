//! The fake's comparison of two releases.

use homeport_app::backend::{Answer, Deploys};
use homeport_model::{
    deploy::{Area, Comparison, Difference},
    name::AppName,
    prelude::Actor,
};

use super::{Fake, commit};

pub(super) async fn compare(fake: &Fake, actor: &Actor, app: &AppName, from: u32, to: u32) -> Answer<Comparison> {
    let (older, newer) = (fake.find(actor, app, from).await?, fake.find(actor, app, to).await?);
    let mut change = newer.change;
    let line = |area, name: &str, before: Option<&str>, after: Option<&str>| Difference {
        area,
        name: name.into(),
        before: before.map(str::to_owned),
        after: after.map(str::to_owned),
    };
    change.settings = vec![
        line(Area::Processes, "web: memory", Some("512 MiB"), Some("1024 MiB")),
        line(Area::Storage, "/data", None, Some("data:/data")),
    ];
    Ok(Comparison {
        from: older.release,
        to: newer.release,
        change,
        commits: vec![commit("3f9c2e1", "Show prices with tax")],
        whole: true,
        numbers: vec![43, 42, 41],
    })
}
