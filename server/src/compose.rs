//! Puts the panel together: drivers, services, reconcilers, runner. Tests compose the same.

mod drive;
mod settings;

use std::{collections::HashMap, sync::Arc, time::Duration};

use homeport_app::backend::Backend;
use homeport_model::{
    deploy::{container::Namespace, plan::Patience},
    job::JobKind,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    access::Access,
    accounts::Accounts,
    activity::Activity,
    ambient::{self, Clock},
    apps::{self, Apps, Observations},
    audit::Audit,
    certificates::{self, Certificates},
    config::Config,
    db::Db,
    deploys::{Deploys, Engines, RemoveWork},
    dns::{self, Dns},
    domains::{self, Domains, Names, Routing},
    drivers::{
        acme::Acme,
        archive::{self, Archives},
        dns::Resolver,
        docker::Docker,
        git::{self, Git},
        nat::Nat,
        nginx::Nginx,
        system::fsroot::FsRoot,
    },
    egress::Egress,
    environments::Environments,
    failure::{Failure, chain},
    host::Host,
    jobs::{Faults, Locks, Parts, Runner, Work},
    live::{Hub, LogHub},
    logs::{KeptLogs, Logs},
    origins::Origins,
    panel_domain::{Outside, PanelDomain},
    polls::Polls,
    pushes::Pushes,
    registries::Registries,
    seal::Sealer,
    ssh::{Door, Ssh},
    ssh_keys::SshKeys,
    state::Refusal,
    statuses::Statuses,
    tokens::Tokens,
    traffic::{AnswerTimes, Traffic},
    tunnel::Tunnel,
    uploads::Uploads,
    webhooks::Webhooks,
};
use settings::{apps_domain, panel_vhost, port, tunnel};

/// The running parts of a panel.
#[derive(Clone)]
pub struct Services {
    /// The clock.
    pub clock: Clock,
    /// Where changes are announced.
    pub hub: Hub,
    /// Where growing logs are announced.
    pub logs: LogHub,
    /// The addresses that the panel answers to.
    pub origins: Origins,
    /// People.
    pub accounts: Arc<Accounts>,
    /// The panel's own names.
    pub panel_domain: PanelDomain,
    /// Apps.
    pub apps: Apps,
    /// What apps write.
    pub app_logs: Logs,
    /// Environments.
    pub environments: Environments,
    /// Deploys.
    pub deploys: Deploys,
    /// Audit log and jobs.
    pub activity: Activity,
    /// Webhooks.
    pub webhooks: Webhooks,
    /// Uploaded archives.
    pub uploads: Uploads,
    /// API tokens.
    pub tokens: Tokens,
    /// Pushes.
    pub pushes: Pushes,
    /// Keys and sign-ins for private repositories.
    pub access: Access,
    /// SSH keys.
    pub ssh_keys: SshKeys,
    /// Deploys' statuses on Git hosts.
    pub statuses: Statuses,
    /// Sign-ins to image registries.
    pub registries: Registries,
    /// Certificates.
    pub certificates: Certificates,
    /// What visitors ask of apps.
    pub traffic: Traffic,
    /// Asking hosts for branches.
    pub polls: Polls,
    /// Host names and nginx.
    pub domains: Domains,
    /// Where names lead, and zones' providers.
    pub dns: Dns,
    /// Cloudflare Tunnel.
    pub tunnel: Tunnel,
    /// The host.
    pub host: Host,
    /// Jobs.
    pub runner: Runner,
    db: Db,
    locks: Locks,
    engines: Engines,
    ssh: Arc<Ssh>,
    patience: Patience,
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// What a panel is made of beside its configuration.
pub struct Base {
    /// The store.
    pub db: Db,
    /// Seals secrets.
    pub sealer: Sealer,
    /// The clock.
    pub clock: Clock,
    /// Planted faults; empty in a running panel.
    pub faults: Faults,
    /// How long the steps of a deploy may take.
    pub patience: Patience,
    /// Shows one-time links to whoever started the program.
    pub announce: fn(&str),
    /// Where the panel's names are asked from outside.
    pub outside: Outside,
}

impl Base {
    /// What a running panel has: the host's clock, no faults, the usual patience, the console.
    #[must_use]
    pub fn new(db: Db, sealer: Sealer) -> Self {
        Self {
            db,
            sealer,
            clock: Clock::default(),
            faults: Faults::default(),
            patience: Patience::default(),
            announce: crate::cli::announce,
            outside: Outside::default(),
        }
    }
}

impl Services {
    /// Puts everything together; nothing runs yet.
    ///
    /// # Errors
    /// [`Refusal`] when the configuration or the state folder does not allow it.
    pub fn compose(config: &Config, base: Base) -> Result<Self, Refusal> {
        let Base { db, sealer, clock, faults, patience, announce, outside } = base;
        let (hub, logs, locks) = (Hub::default(), LogHub::default(), Locks::default());
        let audit = Audit::new(db.clone(), clock.clone());
        let origins = Origins::new(config.origin.clone(), config.https_port);
        let accounts = Accounts::new(db.clone(), clock.clone(), audit.clone(), hub.clone(), origins.clone(), announce)?;
        let accounts = Arc::new(accounts);
        let namespace: Namespace = config
            .namespace
            .as_str()
            .parse()
            .map_err(|refused| Refusal::Config(format!("The namespace: {refused}")))?;
        let docker = Docker::connect(namespace.clone(), &config.docker_socket);
        let nginx = Nginx::open(&config.state).map_err(|error| Refusal::Config(format!("{error}.")))?;
        let nat = Nat::new(&namespace);
        let git = Git::open(&config.state, config.allow_local_git, git::Limits::default())
            .map_err(|error| Refusal::Config(format!("{error}.")))?;
        let state = FsRoot::open(&config.state).map_err(|error| Refusal::Io(error.to_string()))?;
        let host = Host::new(clock.clone(), hub.clone(), docker.clone(), nginx.clone(), nat.clone(), state);
        let runner = Runner::new(Parts {
            db: db.clone(),
            clock: clock.clone(),
            hub: hub.clone(),
            logs: logs.clone(),
            locks: locks.clone(),
            faults: faults.clone(),
            owner: format!("{:016x}", u64::from_le_bytes(ambient::random_bytes())),
        });
        let names = Names::new(origins.clone(), apps_domain(config)?, config.allow_local_git);
        let tunnel = tunnel(config)?;
        let domains = Domains::new(domains::Parts {
            tunnel_port: tunnel.port,
            db: db.clone(),
            clock: clock.clone(),
            hub: hub.clone(),
            sealer: sealer.clone(),
            docker: docker.clone(),
            host: nginx.host(config.bind.clone(), port(config.http_port)?, Some(port(config.https_port)?)),
            panel: Some(panel_vhost(config)?),
            nginx,
            nat,
            names,
        });
        let kept_bytes = u64::from(config.kept_logs_mib) << 20;
        let kept = KeptLogs::open(&config.state, db.clone(), docker.clone(), clock.clone(), kept_bytes)
            .map_err(|error| Refusal::Io(error.to_string()))?;
        let dns = Dns::new(dns::Parts {
            db: db.clone(),
            clock: clock.clone(),
            audit: audit.clone(),
            sealer: sealer.clone(),
            hub: hub.clone(),
            resolver: Resolver::new(config.dns_resolver.iter().map(|server| server.0).collect(), config.dns_zone_port),
            egress: Egress::new(config.allow_local_git),
            public: config.public_address.clone(),
            local: config.allow_local_git,
            patience: dns::Patience::default(),
        });
        let times = AnswerTimes::default();
        let apps = Apps::new(apps::Parts {
            kept,
            db: db.clone(),
            clock: clock.clone(),
            audit: audit.clone(),
            sealer,
            hub: hub.clone(),
            observations: Observations::default(),
            domains: domains.clone(),
            docker: docker.clone(),
            host: host.clone(),
            runner: runner.clone(),
            times: times.clone(),
        });
        let traffic = Traffic::new(apps.clone(), domains.nginx().clone(), times);
        let tunnel = Tunnel::new(apps.clone(), tunnel);
        let deploys = Deploys::new(apps.clone(), git.clone());
        let archives = Archives::open(&config.state, archive::Limits::default())
            .map_err(|error| Refusal::Io(error.to_string()))?;
        let uploads = Uploads::new(apps.clone(), deploys.clone(), archives.clone());
        let webhooks = Webhooks::new(apps.clone(), deploys.clone(), origins.clone());
        let tokens = Tokens::new(apps.clone());
        let access = Access::new(apps.clone(), git.clone());
        let registries = Registries::new(apps.clone());
        let client = Acme::new(config.acme_root.as_deref()).map_err(|error| Refusal::Config(format!("{error}.")))?;
        let ordering = certificates::Parts {
            dns: dns.clone(),
            client,
            usual: config.acme_directory.clone(),
            staging: config.acme_staging.clone(),
            local: config.allow_local_git,
            faults,
        };
        let certificates = Certificates::new(apps.clone(), ordering);
        let panel_domain = PanelDomain::new(
            apps.clone(),
            accounts.clone(),
            certificates.clone(),
            dns.clone(),
            tunnel.clone(),
            origins.clone(),
            outside,
        );
        let polls = Polls::new(apps.clone(), access.clone(), deploys.clone(), locks.clone(), webhooks.turns());
        let pushes = Pushes::new(apps.clone(), deploys.clone(), git.clone(), logs.clone(), origins.clone());
        let door = Door::default();
        let ssh_keys = SshKeys::new(apps.clone(), door.clone(), origins.clone());
        let statuses = Statuses::new(apps.clone(), Egress::new(config.allow_local_git), origins.clone());
        let ssh = Ssh {
            keys: ssh_keys.clone(),
            pushes: pushes.clone(),
            state: FsRoot::open(&config.state).map_err(|error| Refusal::Io(error.to_string()))?,
            bind: config.bind.clone(),
            port: config.ssh_port,
            host: config.origin.host().to_owned(),
            door,
        };
        Ok(Self {
            accounts,
            origins,
            panel_domain,
            environments: Environments::new(apps.clone()),
            app_logs: Logs::new(apps.clone()),
            deploys,
            webhooks,
            uploads,
            tokens,
            pushes,
            access: access.clone(),
            ssh_keys,
            statuses,
            ssh: Arc::new(ssh),
            registries: registries.clone(),
            certificates,
            traffic,
            polls,
            activity: Activity::new(db.clone(), audit),
            db,
            engines: Engines {
                docker,
                git,
                access,
                registries,
                archives,
                builds_at_once: config.builds_at_once.into(),
            },
            patience,
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            clock,
            hub,
            logs,
            apps,
            domains,
            dns,
            tunnel,
            host,
            runner,
            locks,
        })
    }

    /// What pages and server functions ask.
    #[must_use]
    pub fn backend(&self) -> Backend {
        Backend {
            accounts: self.accounts.clone(),
            apps: Arc::new(self.apps.clone()),
            logs: Arc::new(self.app_logs.clone()),
            environments: Arc::new(self.environments.clone()),
            deploys: Arc::new(self.deploys.clone()),
            activity: Arc::new(self.activity.clone()),
            webhooks: Arc::new(self.webhooks.clone()),
            tokens: Arc::new(self.tokens.clone()),
            access: Arc::new(self.access.clone()),
            ssh_keys: Arc::new(self.ssh_keys.clone()),
            statuses: Arc::new(self.statuses.clone()),
            registries: Arc::new(self.registries.clone()),
            dns_providers: Arc::new(self.dns.clone()),
            certificates: Arc::new(self.certificates.clone()),
            domains: Arc::new(Routing::new(self.apps.clone(), self.certificates.clone(), self.dns.clone())),
            traffic: Arc::new(self.traffic.clone()),
            panel_domain: Arc::new(self.panel_domain.clone()),
            tunnel: Arc::new(self.tunnel.clone()),
        }
    }

    /// Brings nginx up as it was, then lets reconcilers and jobs run. An engine that does not
    /// answer does not keep the panel from starting: the reconcilers go on trying.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn start(&self) -> Result<(), Failure> {
        self.origins.read(&self.db).await?;
        if let Err(failure) = self.domains.reconcile(&self.locks).await {
            tracing::warn!("at the start: {}", chain(&failure));
        }
        self.host.look().await;
        if let Err(failure) = self.apps.reconcile(&self.locks).await {
            tracing::warn!("at the start: {}", chain(&failure));
        }
        let deploy = self.deploys.work(self.engines.clone(), self.patience);
        let remove: Arc<dyn Work> = Arc::new(RemoveWork(deploy.clone()));
        let deploy: Arc<dyn Work> = deploy;
        let work = HashMap::from([
            (JobKind::Deploy, deploy.clone()),
            (JobKind::RollBack, deploy.clone()),
            (JobKind::Restart, deploy),
            (JobKind::DeleteApp, remove),
        ]);
        if let Err(failure) = self.pushes.forget_unborn().await {
            tracing::warn!("at the start: {}", chain(&failure));
        }
        if let Err(failure) = self.certificates.clean_up().await {
            tracing::warn!("at the start: {}", chain(&failure));
        }
        self.runner.start(work).await?;
        self.drive_reconcilers();
        self.ssh.clone().start(&self.tasks, self.stop.clone());
        Ok(())
    }

    /// The apps' locks, for a test that looks after apps itself.
    #[must_use]
    pub fn locks(&self) -> &Locks {
        &self.locks
    }

    /// Tells the reconcilers to stop, without waiting for them.
    pub fn stop_looking(&self) {
        self.stop.cancel();
    }

    /// Stops reconcilers and jobs; jobs get `limit` to end.
    pub async fn stop(&self, limit: Duration) {
        self.stop.cancel();
        self.tasks.close();
        self.runner.stop(limit).await;
        self.tasks.wait().await;
    }
}
