//! Webhooks: a delivery is checked over its raw bytes, written into the inbox, decided in words, and
//! may become a deploy.

mod backend;
mod store;
mod verify;

use std::sync::Arc;

use homeport_model::{
    actor::{Actor, Role},
    deploy::Trigger,
    id::{AppId, DeliveryId},
    job::JobState,
    name::{AppName, CommitRef},
    problem::{Code, Problem},
    webhook::{Decision, DeliveryRow, NewSecret, Provider, Pushed, Reply, Verdict, WebhookRow, decide, read},
};
use http::HeaderMap;
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;

use crate::{
    ambient,
    apps::{AppRecord, Apps},
    deploys::Deploys,
    failure::Failure,
    origins::Origins,
    polls,
};
use store::{Known, New};

/// Headers that the inbox shows; none of them is a secret.
const SHOWN: [&str; 14] = [
    "user-agent",
    "content-type",
    "content-length",
    "x-github-event",
    "x-github-delivery",
    "x-github-hook-id",
    "x-gitlab-event",
    "x-gitlab-event-uuid",
    "x-gitea-event",
    "x-gitea-delivery",
    "x-forgejo-event",
    "x-event-key",
    "x-request-uuid",
    "x-homeport-delivery",
];

/// A delivery as it came.
pub struct Delivery<'a> {
    /// To which app's address.
    pub app: AppId,
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// The token in its address, if there was one.
    pub token: Option<&'a str>,
    /// Its body, unread.
    pub body: &'a [u8],
    /// The address it came from.
    pub address: Option<String>,
}

/// What came of it.
pub enum Received {
    /// Nobody who knows the secret made it, or there is no such app. The two are not told apart.
    Refused,
    /// It was good.
    Taken(Reply),
}

/// The service.
#[derive(Clone)]
pub struct Webhooks {
    apps: Apps,
    deploys: Deploys,
    /// The panel's own address, before a path.
    origins: Origins,
    /// One delivery is decided at a time, so that the same one twice makes one deploy.
    deciding: Arc<Mutex<()>>,
}

impl Webhooks {
    /// The service of the panel at `origin`.
    #[must_use]
    pub fn new(apps: Apps, deploys: Deploys, origins: Origins) -> Self {
        Self { apps, deploys, origins, deciding: Arc::default() }
    }

    /// The turn in which what was heard becomes a deploy.
    pub(crate) fn turns(&self) -> Arc<Mutex<()>> {
        self.deciding.clone()
    }

    /// Takes a delivery.
    ///
    /// # Errors
    /// When the store does not answer; the sender may try again.
    pub async fn receive(&self, delivery: Delivery<'_>) -> Result<Received, Failure> {
        let parts = &self.apps.parts;
        let Some(hook) = store::hook(&parts.db, &delivery.app).await? else { return Ok(Received::Refused) };
        let header = |name: &str| delivery.headers.get(name).and_then(|value| value.to_str().ok());
        let provider = Provider::of(header);
        let event = homeport_model::text::clean_line(provider.event(header));
        let event = event.chars().take(60).collect::<String>();
        let headers = shown(delivery.headers);
        let secret = parts.sealer.open(&hook.sealed, &context(&delivery.app))?;
        let secret = std::str::from_utf8(secret.expose()).map_err(Failure::internal)?;
        let signed = verify::is_signed(provider.auth(header), secret, delivery.headers, delivery.token, delivery.body);
        let id = DeliveryId::new(parts.clock.now().ms(), ambient::random_u32());
        let new = New {
            id: &id,
            app: &delivery.app,
            provider,
            event: &event,
            dedupe: None,
            pushed: None,
            headers: &headers,
            verdict: Verdict::Refused,
            reason: "Its signature is missing or wrong: the secret here and there differ.",
            at: parts.clock.now(),
        };
        if !signed {
            self.write_down(&new).await?;
            return Ok(Received::Refused);
        }
        // A sender without ids of its own is known by what it sends.
        let dedupe = provider.delivery(header).map_or_else(|| digest(delivery.body), str::to_owned);
        let pushed = read(provider, &event, delivery.body);
        let _turn = self.deciding.lock().await;
        if let Some(known) = store::known(&parts.db, &delivery.app, &dedupe).await? {
            return Ok(Received::Taken(self.again(known, delivery.address).await?));
        }
        let Some(app) = crate::apps::store::find_id(&parts.db, &delivery.app).await? else {
            return Ok(Received::Refused);
        };
        let new = New { dedupe: Some(&dedupe), pushed: pushed.as_ref(), ..new };
        let decision = pushed.as_ref().map_or_else(
            || Decision::Ignore("Its body does not read as JSON.".to_owned()),
            |pushed| decide(&app.spec, pushed),
        );
        let decision = match (decision, pushed.as_ref()) {
            (Decision::Deploy(reason), Some(Pushed::Branch { commit: Some(commit), .. })) => {
                match polls::made(&parts.db, &delivery.app, commit).await? {
                    Some(number) => {
                        Decision::Ignore(format!("Asking the host had found it already: release {number}."))
                    }
                    None => Decision::Deploy(reason),
                }
            }
            (decision, _) => decision,
        };
        Ok(Received::Taken(match (decision, pushed.as_ref()) {
            (Decision::Deploy(reason), Some(pushed)) => {
                // Written first: a panel that dies here finds it unfinished when it is sent again.
                self.write_down(&New { verdict: Verdict::Deployed, reason: &reason, ..new }).await?;
                let actor = sender(provider, delivery.address);
                self.reply(&app, self.deploy(&actor, &app, &id, provider, pushed, &reason).await?)
            }
            (Decision::Ignore(reason) | Decision::Deploy(reason), _) => {
                self.write_down(&New { verdict: Verdict::Ignored, reason: &reason, ..new }).await?;
                Reply::Ignored { ignored: reason }
            }
        }))
    }

    /// The same delivery once more: nothing happens, unless what came of it did not work.
    async fn again(&self, known: Known, address: Option<String>) -> Result<Reply, Failure> {
        let worked = match (known.verdict, known.release, known.state) {
            (Verdict::Deployed, None, _) | (_, _, Some(JobState::Failed | JobState::Cancelled)) => false,
            (Verdict::Deployed | Verdict::Ignored | Verdict::Refused, ..) => true,
        };
        let app = crate::apps::store::find_id(&self.apps.parts.db, &known.app).await?;
        match (worked, app, &known.pushed) {
            (false, Some(app), Some(pushed)) => {
                let actor = sender(known.provider, address);
                let number = self.deploy(&actor, &app, &known.id, known.provider, pushed, &known.reason).await?;
                Ok(self.reply(&app, number))
            }
            _ => Ok(Reply::Ignored {
                ignored: match known.release {
                    Some(release) => format!("It came before and made release {release}."),
                    None => format!("It came before. {}", known.reason),
                },
            }),
        }
    }

    async fn deploy(
        &self,
        actor: &Actor,
        app: &AppRecord,
        id: &DeliveryId,
        provider: Provider,
        pushed: &Pushed,
        reason: &str,
    ) -> Result<u32, Failure> {
        let (by, commit) = match pushed {
            Pushed::Branch { by, commit, .. } => (by.clone(), commit.clone()),
            Pushed::Image { by, .. } => (by.clone(), None),
            Pushed::Deleted { .. } | Pushed::OtherRef { .. } | Pushed::Ping | Pushed::Other => (String::new(), None),
        };
        let trigger = Trigger::Pushed { by, through: provider.name().to_owned() };
        let number = self.deploys.deploy_wanted(actor, &app.spec.name, trigger, commit.map(CommitRef::from)).await?;
        let parts = &self.apps.parts;
        let mut tx = parts.db.write().await?;
        store::set_outcome(&mut tx, id, Verdict::Deployed, reason, Some(number)).await?;
        tx.commit().await?;
        self.apps.announce(&app.id);
        Ok(number)
    }

    fn reply(&self, app: &AppRecord, deploy: u32) -> Reply {
        Reply::Deploy { deploy, url: format!("{}/apps/{}/deploys/{deploy}", self.origins.primary(), app.spec.name) }
    }

    async fn write_down(&self, new: &New<'_>) -> Result<(), Failure> {
        let mut tx = self.apps.parts.db.write().await?;
        store::insert(&mut tx, new).await?;
        tx.commit().await?;
        self.apps.announce(new.app);
        Ok(())
    }

    async fn of_app(&self, actor: &Actor, name: &AppName) -> Result<WebhookRow, Failure> {
        actor.require(Role::Viewer)?;
        let app = self.apps.get(name).await?;
        let db = &self.apps.parts.db;
        Ok(WebhookRow {
            url: self.url(&app.id),
            secret_since: store::hook(db, &app.id).await?.map(|hook| hook.created_at),
            last: store::newest(db, Some(&app.id), 1).await?.into_iter().next(),
        })
    }

    async fn renew(&self, actor: &Actor, name: &AppName) -> Result<NewSecret, Failure> {
        actor.require(Role::Owner)?;
        let app = self.apps.get(name).await?;
        let parts = &self.apps.parts;
        let secret: String = ambient::random_bytes::<32>().iter().map(|byte| format!("{byte:02x}")).collect();
        let sealed = parts.sealer.seal(secret.as_bytes(), &context(&app.id));
        let mut tx = parts.db.write().await?;
        store::set_secret(&mut tx, &app.id, &sealed, parts.clock.now()).await?;
        parts.audit.record(&mut tx, actor, "webhook.renew", name.as_str(), json!({})).await?;
        tx.commit().await?;
        self.apps.announce(&app.id);
        Ok(NewSecret { url: self.url(&app.id), secret })
    }

    async fn inbox(&self, actor: &Actor) -> Result<Vec<DeliveryRow>, Failure> {
        actor.require(Role::Viewer)?;
        Ok(store::newest(&self.apps.parts.db, None, 100).await?)
    }

    /// Decides a delivery anew, for the app as it is now.
    async fn replay(&self, actor: &Actor, id: &DeliveryId) -> Result<u32, Failure> {
        actor.require(Role::Deployer)?;
        let known = store::find(&self.apps.parts.db, id).await?.ok_or_else(|| Problem::not_found("delivery"))?;
        let app = crate::apps::store::find_id(&self.apps.parts.db, &known.app).await?;
        let app = app.ok_or_else(|| Problem::not_found("app"))?;
        let pushed = known.pushed.filter(|_| known.verdict != Verdict::Refused);
        let pushed = pushed.ok_or_else(|| Problem::new(Code::Conflict, "This delivery cannot be replayed."))?;
        match decide(&app.spec, &pushed) {
            Decision::Ignore(reason) => Err(Problem::new(Code::Conflict, reason).into()),
            Decision::Deploy(reason) => {
                let reason = format!("{reason} Replayed by {}.", actor.name);
                self.deploy(actor, &app, id, known.provider, &pushed, &reason).await
            }
        }
    }

    fn url(&self, app: &AppId) -> String {
        format!("{}/webhooks/{}", self.origins.primary(), app.as_str())
    }
}

/// Who deploys when a delivery asks for it.
fn sender(provider: Provider, address: Option<String>) -> Actor {
    let name = match provider {
        Provider::Generic => "Webhook".to_owned(),
        provider => format!("{} webhook", provider.name()),
    };
    Actor { user: "webhook".into(), name, role: Role::Deployer, address, session: None, step_up_until: None }
}

fn context(app: &AppId) -> String {
    format!("webhook:{}", app.as_str())
}

fn digest(body: &[u8]) -> String {
    Sha256::digest(body).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn shown(headers: &HeaderMap) -> Vec<String> {
    let line = |name: &&str| {
        let value = headers.get(*name)?.to_str().ok()?;
        Some(format!("{name}: {}", homeport_model::text::clean_line(value).chars().take(200).collect::<String>()))
    };
    SHOWN.iter().filter_map(line).collect()
}
