//! Pushes: this server as a git remote. What is pushed is checked, kept, deployed, and the pusher
//! sees the deploy in the terminal; the push fails when the deploy does.

mod follow;
mod receive;
mod wire;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use homeport_model::{
    actor::{Actor, Role},
    app::{AppForm, Files, Origin, Source},
    id::AppId,
    name::{AppName, GitRef, HostName},
    problem::{Code, Problem},
    pushes::{NO_OBJECT, Service, Target, pkt},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::Semaphore,
};

use crate::{
    apps::{self, AppRecord, Apps},
    deploys::Deploys,
    drivers::git::{Git, UploadTalk},
    failure::Failure,
    live::LogHub,
    origins::Origins,
};

/// So many packs are unpacked at the same time.
const PACKS_AT_ONCE: usize = 3;
/// So many clients fetch at the same time.
const FETCHES_AT_ONCE: usize = 8;
/// What we understand of git's receive-pack. Not `quiet`: a client without a terminal asks for that,
/// and a CI job's log is where people look for the build's.
const CAPABILITIES: &str = "report-status side-band-64k delete-refs ofs-delta object-format=sha1 agent=homeport";

/// Who pushes or fetches.
#[derive(Debug, Clone)]
pub struct Pusher {
    /// The person, with no more than the role of what they came in with.
    pub actor: Actor,
    /// The only app they may touch.
    pub only: Option<AppId>,
    /// Whether a push to an unknown name creates an app.
    pub creates: bool,
}

/// Where a push or a fetch leads.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    /// An app that is there.
    App(Box<AppRecord>),
    /// One that a push would create.
    New {
        /// Its id to be.
        id: AppId,
        /// Its name.
        name: AppName,
        /// The host name that it was called by.
        host: Option<HostName>,
    },
}

/// The service.
#[derive(Clone)]
pub struct Pushes {
    parts: Arc<Parts>,
}

struct Parts {
    apps: Apps,
    deploys: Deploys,
    git: Git,
    logs: LogHub,
    origins: Origins,
    packs: Semaphore,
    fetches: Semaphore,
    turns: Mutex<HashMap<String, Weak<tokio::sync::Mutex<()>>>>,
}

impl Pushes {
    /// The service beside the apps' and the deploys'; `origin` is the panel's.
    #[must_use]
    pub fn new(apps: Apps, deploys: Deploys, git: Git, logs: LogHub, origins: Origins) -> Self {
        let (packs, fetches) = (Semaphore::new(PACKS_AT_ONCE), Semaphore::new(FETCHES_AT_ONCE));
        Self { parts: Arc::new(Parts { apps, deploys, git, logs, origins, packs, fetches, turns: Mutex::default() }) }
    }

    /// What a client is told first: which references there are.
    ///
    /// # Errors
    /// [`Code::NotFound`], [`Code::Forbidden`], or a conflict in words.
    pub async fn advertise(
        &self,
        who: &Pusher,
        target: &Target,
        service: Service,
        second_version: bool,
    ) -> Result<Vec<u8>, Failure> {
        let place = self.find(who, target, service).await?;
        match service {
            Service::ReceivePack => self.list_for_push(&place).await,
            Service::UploadPack => {
                let talk = UploadTalk { stateless: true, advertise: true, second_version };
                let mut out = Vec::new();
                self.upload(&place, talk, tokio::io::empty(), &mut out).await?;
                Ok(out)
            }
        }
    }

    pub(crate) async fn list_for_push(&self, place: &Place) -> Result<Vec<u8>, Failure> {
        let refs = match place {
            Place::App(app) => self.parts.git.refs(&app.id).await?,
            Place::New { .. } => Vec::new(),
        };
        let mut out = Vec::new();
        match refs.as_slice() {
            [] => pkt::line(&mut out, format!("{NO_OBJECT} capabilities^{{}}\0{CAPABILITIES}\n").as_bytes()),
            [(object, name), rest @ ..] => {
                pkt::line(&mut out, format!("{object} {name}\0{CAPABILITIES}\n").as_bytes());
                for (object, name) in rest {
                    pkt::line(&mut out, format!("{object} {name}\n").as_bytes());
                }
            }
        }
        out.extend_from_slice(pkt::FLUSH);
        Ok(out)
    }

    /// Answers one request of a fetch.
    ///
    /// # Errors
    /// As [`advertise`](Self::advertise).
    pub async fn fetch(
        &self,
        who: &Pusher,
        target: &Target,
        second_version: bool,
        input: impl AsyncRead + Unpin,
        output: impl AsyncWrite + Unpin,
    ) -> Result<(), Failure> {
        let place = self.find(who, target, Service::UploadPack).await?;
        let talk = UploadTalk { stateless: true, advertise: false, second_version };
        self.upload(&place, talk, input, output).await
    }

    pub(crate) async fn upload(
        &self,
        place: &Place,
        talk: UploadTalk,
        input: impl AsyncRead + Unpin,
        output: impl AsyncWrite + Unpin,
    ) -> Result<(), Failure> {
        let Place::App(app) = place else { return Err(Problem::not_found("app").into()) };
        let _turn = self.parts.fetches.acquire().await.map_err(Failure::internal)?;
        let input = wire::Patient::new(input);
        if self.parts.git.last_pushed(&app.id).await?.is_none() {
            return Err(Problem::new(Code::NotFound, "Nothing has been pushed yet.").into());
        }
        Ok(self.parts.git.upload(&app.id, talk, input, output).await?)
    }

    /// Where `target` leads, if `who` may go there for `service`.
    ///
    /// # Errors
    /// [`Code::NotFound`], [`Code::Forbidden`], or a conflict in words.
    pub(crate) async fn find(&self, who: &Pusher, target: &Target, service: Service) -> Result<Place, Failure> {
        who.actor.require(if service == Service::ReceivePack { Role::Deployer } else { Role::Viewer })?;
        let apps = &self.parts.apps;
        let found = match target {
            Target::App(name) => apps::store::find(&apps.parts.db, name).await?,
            Target::Host(host) => match apps.parts.domains.app_of(host) {
                Some(name) => apps::store::find(&apps.parts.db, &name).await?,
                None => {
                    let all = apps::store::list(&apps.parts.db).await?;
                    all.into_iter().find(|app| app.names.iter().any(|name| name.name.host().as_ref() == Some(host)))
                }
            },
        };
        // An app of another token looks like none.
        let found = found.filter(|app| who.only.as_ref().is_none_or(|only| *only == app.id));
        if let Some(app) = found {
            if app.deleting {
                return Err(Problem::new(Code::Conflict, format!("{} is being removed.", app.spec.name)).into());
            }
            branch_of(&app)?;
            return Ok(Place::App(Box::new(app)));
        }
        if service == Service::UploadPack || !who.creates || who.only.is_some() {
            return Err(Problem::not_found("app").into());
        }
        self.new_place(target).await
    }

    async fn new_place(&self, target: &Target) -> Result<Place, Failure> {
        let apps = &self.parts.apps;
        let own = |host: &HostName| apps.parts.domains.app_of(host);
        let (name, host) = match target {
            Target::App(name) => (Some(name.clone()), None),
            Target::Host(host) if own(host).is_some() => (own(host), None),
            Target::Host(host) => (target.name_of_new(), Some(host.clone())),
        };
        let name = name.ok_or_else(|| Problem::new(Code::Invalid, "No app can be named like that."))?;
        if host.is_some() && apps::store::find(&apps.parts.db, &name).await?.is_some() {
            return Err(Problem::new(Code::Conflict, format!("There is already an app named {name}."))
                .hint(format!("Push to /git/{name}, or add {target} to its host names first."))
                .into());
        }
        Ok(Place::New { id: apps.new_id(), name, host })
    }

    /// Removes repositories of apps that a push was about to create when the panel died.
    ///
    /// # Errors
    /// [`Failure`] of the store or the files.
    pub async fn forget_unborn(&self) -> Result<(), Failure> {
        for id in self.parts.git.mirrors()? {
            if apps::store::find_id(&self.parts.apps.parts.db, &id).await?.is_none() {
                self.parts.git.remove(&id)?;
            }
        }
        Ok(())
    }

    /// The form of an app that a push creates.
    fn form_of_new(name: &AppName, branch: &GitRef) -> AppForm {
        AppForm {
            name: name.to_string(),
            kind: "auto".into(),
            origin: "push".into(),
            branch: branch.to_string(),
            ..AppForm::default()
        }
    }

    /// One push at a time works on a repository.
    fn turn(&self, name: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut turns = self.parts.turns.lock().unwrap_or_else(PoisonError::into_inner);
        turns.retain(|_, turn| turn.strong_count() > 0);
        if let Some(turn) = turns.get(name).and_then(Weak::upgrade) {
            return turn;
        }
        let turn = Arc::default();
        turns.insert(name.to_owned(), Arc::downgrade(&turn));
        turn
    }
}

/// The branch that an app deploys of what is pushed.
fn branch_of(app: &AppRecord) -> Result<&GitRef, Problem> {
    let elsewhere = match &app.spec.source {
        Source::Files(Files { origin: Origin::Push { branch }, .. }) => return Ok(branch),
        Source::Files(Files { origin: Origin::Repo { repo, .. }, .. }) => format!("is fetched from {repo}"),
        Source::Files(Files { origin: Origin::Archive, .. }) => "comes from an archive".to_owned(),
        Source::Image { image } => format!("runs the image {image}"),
    };
    Err(Problem::new(Code::Conflict, format!("{} {elsewhere}.", app.spec.name))
        .hint("Choose “git push” as its origin in its settings to push to it."))
}
