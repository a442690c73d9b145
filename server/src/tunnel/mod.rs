//! Cloudflare Tunnel: keeps its token, and `cloudflared` running with it. Which names come in by it is decided
//! where their other ways are: with an app's names ([`crate::domains`]) and with the panel's.

mod backend;
mod reconcile;
pub(crate) mod store;

use std::sync::Arc;

use homeport_model::{
    name::{DomainName, ImageRef, Port},
    prelude::{Actor, Code, Problem, Role, Topic},
    time::Timestamp,
    tunnel::{self, Connector, TunnelForm, TunnelState, TunnelToken, TunnelUse, TunnelView},
};
use serde_json::json;
use tokio::{
    sync::{Mutex, Notify, watch},
    time::Instant,
};

use crate::{apps::Apps, db, drivers::system::procfs, failure::Failure};

pub use reconcile::EVERY;

/// What a token is sealed for.
const CONTEXT: &str = "tunnel/token";

/// What the configuration says of it.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The image of `cloudflared`.
    pub image: ImageRef,
    /// The port of 127.0.0.1 where nginx takes its visitors.
    pub port: Port,
    /// The port of 127.0.0.1 where it says how it is.
    pub metrics: Port,
}

/// The service.
#[derive(Clone)]
pub struct Tunnel(Arc<Inner>);

struct Inner {
    apps: Apps,
    settings: Settings,
    /// What it was last seen to do, and since when.
    seen: watch::Sender<(TunnelState, Option<Timestamp>)>,
    nudge: Notify,
    /// One look at a time, and what the last one left.
    turn: Mutex<Left>,
}

/// What a look leaves for the next one.
#[derive(Default)]
struct Left {
    /// There is no token and no container: nothing is to be done.
    nothing: bool,
    /// When the image could not be pulled.
    not_pulled: Option<Instant>,
}

impl Tunnel {
    /// The service beside the apps' one.
    #[must_use]
    pub fn new(apps: Apps, settings: Settings) -> Self {
        Self(Arc::new(Inner {
            apps,
            settings,
            seen: watch::Sender::default(),
            nudge: Notify::new(),
            turn: Mutex::default(),
        }))
    }

    async fn view(&self, actor: &Actor) -> Result<TunnelView, Failure> {
        actor.require(Role::Viewer)?;
        let Inner { apps, settings, .. } = &*self.0;
        let db = &apps.parts.db;
        let kept = store::find(db).await?;
        let (state, since) = match (&kept, self.0.seen.borrow().clone()) {
            (None, _) => (TunnelState::None, None),
            // Nobody has looked since the token came.
            (Some(_), (TunnelState::None, _)) => (TunnelState::Starting, None),
            (Some(_), seen) => seen,
        };
        Ok(TunnelView {
            tunnel: kept.map(|kept| kept.facts),
            state,
            since,
            service: tunnel::service(settings.port),
            image: settings.image.to_string(),
            names: store::list_names(db).await?,
        })
    }

    /// Keeps a token, in place of the one before.
    async fn keep(&self, actor: &Actor, form: &TunnelForm) -> Result<(), Failure> {
        actor.require(Role::Owner)?;
        let parts = &self.0.apps.parts;
        let now = parts.clock.now();
        actor.require_step_up(now)?;
        let token = TunnelToken::parse(&form.token)?;
        self.check_port().await?;
        let sealed = parts.sealer.seal(token.expose().expose().as_bytes(), CONTEXT);
        let mut tx = parts.db.write().await?;
        store::keep(&mut tx, token.id(), &sealed, &actor.name, now).await?;
        parts.audit.record(&mut tx, actor, "tunnel.keep", token.id().as_str(), json!({})).await?;
        tx.commit().await?;
        self.changed().await;
        Ok(())
    }

    /// nginx takes nothing new at all while one of its ports is somebody else's, so a listener that it does
    /// not have yet is looked at first.
    async fn check_port(&self) -> Result<(), Failure> {
        let port = self.0.settings.port;
        if store::exists(&self.0.apps.parts.db).await? {
            return Ok(());
        }
        match procfs::holder_of(port.get()).ok().flatten() {
            None => Ok(()),
            Some(holder) => {
                let by = format!("{} (process {})", holder.name, holder.pid);
                Err(Problem::new(
                    Code::Conflict,
                    format!("Port {port}, where nginx takes what comes in, is taken by {by}."),
                )
                .hint("Stop that process, or start Homeport with another --tunnel-port.")
                .into())
            }
        }
    }

    /// What it was last seen to do.
    pub(crate) fn state(&self) -> TunnelState {
        self.0.seen.borrow().0.clone()
    }

    /// Forgets the token. The apps' names that came in by the tunnel stay its own, and are served nowhere
    /// until somebody lets them in another way: nobody is to walk around what stood before them. It stays
    /// while people open the panel by it.
    async fn remove(&self, actor: &Actor) -> Result<(), Failure> {
        actor.require(Role::Owner)?;
        let parts = &self.0.apps.parts;
        actor.require_step_up(parts.clock.now())?;
        let mut tx = parts.db.write().await?;
        let id = store::id(&mut tx).await?.ok_or_else(|| Problem::not_found("tunnel"))?;
        let used = store::used_by_panel(&mut tx).await?;
        if !used.is_empty() {
            return Err(Problem::new(Code::Conflict, format!("The panel is opened by it, under {}.", used.join(", ")))
                .hint("Let the name come in directly first, or give it up: Settings, Panel domain.")
                .into());
        }
        store::turn_back(&mut tx).await?;
        store::remove(&mut tx).await?;
        parts.audit.record(&mut tx, actor, "tunnel.remove", id.as_str(), json!({})).await?;
        tx.commit().await?;
        parts.domains.names().origins().read(&parts.db).await?;
        self.changed().await;
        Ok(())
    }

    /// After a commit: the listener first, so that whoever comes in is answered.
    async fn changed(&self) {
        let parts = &self.0.apps.parts;
        parts.domains.serve_now().await;
        self.0.nudge.notify_one();
        parts.hub.announce(Topic::Activity);
    }

    fn connector(&self) -> Connector {
        Connector { metrics: self.0.settings.metrics }
    }
}

/// What a name has to do with the tunnel.
pub(crate) async fn use_of(db: &db::Db, name: &DomainName) -> Result<TunnelUse, Failure> {
    let id = store::find(db).await?.map(|kept| kept.facts.id);
    Ok(TunnelUse { on: store::names(db).await?.contains(name), id })
}

/// Refuses where there is no tunnel to come in by. The problem is of no field: a choice has no place for one.
pub(crate) async fn require(tx: &mut db::Conn) -> Result<(), Failure> {
    match store::id(tx).await? {
        Some(_) => Ok(()),
        None => Err(Problem::new(Code::Conflict, "There is no tunnel to come in by.")
            .hint("Set one up in Settings, under Tunnel, first.")
            .into()),
    }
}
