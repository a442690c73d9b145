//! A panel with all its services on the real engines, without HTTP: apps are created and deployed
//! as the pages do it.

use std::{net::SocketAddr, time::Duration};

use homeport_app::backend::Backend;
use homeport_model::{
    account::TokenForm,
    app::AppForm,
    deploy::{DeployDetail, plan::Patience},
    environment::ScopeChoice,
    job::JobState,
    name::AppName,
    prelude::{Actor, Problem, Timestamp},
};
use homeport_server::{
    ambient::Clock,
    compose::{Base, Services},
    config::Config,
    db::Db,
    http,
    jobs::Faults,
    panel_domain::Outside,
    state::StateFolder,
};
use tokio_util::sync::CancellationToken;

use super::{images, namespace::Ground, recording::Recording, web};

/// A panel at work.
pub struct Running {
    pub ground: Ground,
    pub services: Services,
    pub backend: Backend,
    pub faults: Faults,
    pub db: Db,
    pub actor: Actor,
    /// What people type to reach it, when it is online.
    pub origin: String,
    /// Where it takes pushes over SSH, when it is online.
    pub ssh_port: u16,
    state: Option<StateFolder>,
    online: CancellationToken,
}

impl Drop for Running {
    /// Reconcilers that go on would bring back what the ground takes away.
    fn drop(&mut self) {
        self.online.cancel();
        self.services.stop_looking();
    }
}

impl Running {
    /// A panel that has just started, with an image to deploy.
    pub async fn start() -> Self {
        let ground = Ground::new();
        images::web(&ground.namespace).await;
        Self::on(ground).await
    }

    /// A panel whose engine is not there.
    pub async fn without_docker() -> Self {
        let ground = Ground::new();
        let socket = ground.state().join("no-engine.sock");
        let config = Config { docker_socket: socket, ..config(&ground) };
        Self::with(ground, config).await
    }

    /// A panel whose calls to the engine are written down.
    pub async fn recorded() -> (Self, Recording) {
        let ground = Ground::new();
        images::web(&ground.namespace).await;
        let recording = Recording::start(ground.state());
        let config = Config { docker_socket: recording.socket.clone(), ..config(&ground) };
        (Self::with(ground, config).await, recording)
    }

    /// A panel whose engine answers `call` with this status and body.
    pub async fn with_answer(call: &'static str, status: u16, body: &'static str) -> (Self, Recording) {
        let ground = Ground::new();
        images::web(&ground.namespace).await;
        let recording = Recording::instead(ground.state(), Some((call, status, body)));
        let config = Config { docker_socket: recording.socket.clone(), ..config(&ground) };
        (Self::with(ground, config).await, recording)
    }

    /// A panel that is reached over HTTP, through its nginx, as people reach it.
    pub async fn online() -> Self {
        let ground = Ground::new();
        images::web(&ground.namespace).await;
        Self::online_on(ground).await
    }

    /// The same, where `address` stands in for what public DNS gives for its names.
    pub async fn online_asked_at(ground: Ground, address: SocketAddr) -> Self {
        Self::online_with(ground, Outside { instead: Some(address) }).await
    }

    async fn online_on(ground: Ground) -> Self {
        Self::online_with(ground, Outside::default()).await
    }

    async fn online_with(ground: Ground, outside: Outside) -> Self {
        let origin = format!("http://localhost:{}", ground.http_port);
        let listen = format!("127.0.0.1:{}", super::namespace::free_port());
        let config = Config {
            origin: origin.parse().expect("an origin"),
            listen: listen.parse().expect("an address"),
            ssh_port: super::namespace::free_port().get(),
            ..config(&ground)
        };
        let panel = Self::compose(ground, config.clone(), Clock::default(), outside).await;
        let router = http::router(http::Panel::new(config.clone(), &panel.services), http::table());
        let online = panel.online.clone();
        tokio::spawn(async move { http::listen(router, &config.listen, online).await.expect("listens") });
        panel
    }

    /// Like [`restart`](Self::restart), for one that is online.
    pub async fn restart_online(self) -> Self {
        Self::online_on(self.end().await).await
    }

    /// Somebody with a role, and with a fresh passkey.
    pub async fn person(&self, role: &str) -> Actor {
        let user = format!("00000000-0000-4000-8000-{:012x}", homeport_server::ambient::random_u32());
        let mut tx = self.db.write().await.expect("writes");
        sqlx::query("INSERT INTO users (id, name, role, created_at) VALUES (?, 'Ada', ?, 1)")
            .bind(&user)
            .bind(role)
            .execute(&mut *tx)
            .await
            .expect("a user");
        tx.commit().await.expect("committed");
        let role = serde_json::from_value(role.into()).expect("a role");
        Actor { user, name: "Ada".into(), role, ..self.actor.clone() }
    }

    /// A new API token of somebody's.
    pub async fn token(&self, actor: &Actor, scope: &str, app: &str) -> String {
        let form = TokenForm { name: "git".into(), scope: scope.into(), app: app.into(), days: "1".into() };
        self.backend.tokens.create(actor, form).await.expect("made")
    }

    /// A panel on a state folder that may have been used before.
    pub async fn on(ground: Ground) -> Self {
        let config = config(&ground);
        Self::with(ground, config).await
    }

    /// A panel of this configuration.
    pub async fn with(ground: Ground, config: Config) -> Self {
        Self::at(ground, config, Clock::default()).await
    }

    /// The same with a clock of the test's.
    pub async fn at(ground: Ground, config: Config, clock: Clock) -> Self {
        Self::compose(ground, config, clock, Outside::default()).await
    }

    async fn compose(ground: Ground, config: Config, clock: Clock, outside: Outside) -> Self {
        let state = StateFolder::lock(&config.state).expect("the lock");
        let (db, sealer) = Db::open(&state).await.expect("the store");
        let faults = Faults::default();
        let patience = Patience { drain_s: 3, stop_grace_s: 2, check_s: 3 };
        let usual = Base::new(db.clone(), sealer);
        let base = Base { faults: faults.clone(), patience, clock, announce: |_| {}, outside, ..usual };
        let services = Services::compose(&config, base).expect("composed");
        services.start().await.expect("started");
        let backend = services.backend();
        let actor = Actor { step_up_until: Some(Timestamp::from_ms(i64::MAX)), ..Actor::host() };
        let origin = config.origin.to_string();
        let online = CancellationToken::new();
        let ssh_port = config.ssh_port;
        Self { ground, services, backend, faults, db, actor, origin, ssh_port, state: Some(state), online }
    }

    /// Stops this panel and starts another on the same state, as after a crash: jobs get no time.
    pub async fn restart(self) -> Self {
        Self::on(self.end().await).await
    }

    /// Stops this panel as a crash would; its state is left.
    pub async fn end(self) -> Ground {
        let mut old = self;
        old.online.cancel();
        old.services.stop(Duration::ZERO).await;
        old.db.close().await;
        old.state = None;
        std::mem::replace(&mut old.ground, Ground::new())
    }

    /// The form of an app that runs the test image.
    pub fn form(&self, name: &str) -> AppForm {
        let image = images::name(&self.ground.namespace).to_string();
        AppForm { name: name.into(), kind: "image".into(), image, ..AppForm::default() }
    }

    /// Creates an app and waits until nginx knows its name.
    pub async fn create(&self, form: AppForm) -> AppName {
        let app = self.backend.apps.create(&self.actor, form).await.expect("created");
        for _ in 0..500 {
            if self.visit(&app).await.0 == 502 {
                return app;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("nginx was never told of {app}");
    }

    pub async fn set(&self, app: &AppName, text: &str) {
        let keep = ScopeChoice::Keep;
        self.backend.environments.set(&self.actor, Some(app), text, keep).await.expect("set");
    }

    /// Deploys and waits for the end.
    pub async fn deploy(&self, app: &AppName) -> DeployDetail {
        let number = self.backend.deploys.deploy(&self.actor, app).await.expect("queued");
        self.ended(app, number).await
    }

    /// Waits until a release's job has ended.
    pub async fn ended(&self, app: &AppName, number: u32) -> DeployDetail {
        for _ in 0..3_000 {
            let detail = self.detail(app, number).await;
            if detail.release.job.state.is_final() {
                return detail;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("release {number} never ended: {:#?}", self.detail(app, number).await.steps);
    }

    pub async fn detail(&self, app: &AppName, number: u32) -> DeployDetail {
        self.backend.deploys.find(&self.actor, app, number).await.expect("found")
    }

    /// What a visitor sees at the app's first host name: status and body.
    pub async fn visit(&self, app: &AppName) -> (u16, String) {
        let answer = web::get(self.ground.http_port, &format!("{app}.apps.localhost"), "/").await.expect("an answer");
        (answer.status, answer.body().trim().to_owned())
    }

    /// The log of a release's job as one text.
    pub async fn log(&self, app: &AppName, number: u32) -> String {
        let job = self.detail(app, number).await.release.job.id;
        let lines = self.backend.deploys.log(&self.actor, &job, 0).await.expect("a log");
        lines.into_iter().map(|line| line.text + "\n").collect()
    }
}

/// Says why a deploy did not succeed.
pub fn succeeded(detail: &DeployDetail) {
    assert_eq!(detail.release.job.state, JobState::Succeeded, "{:#?}", (&detail.release.job.problem, &detail.steps));
}

/// The problem of a deploy that failed.
pub fn problem(detail: &DeployDetail) -> &Problem {
    assert_eq!(detail.release.job.state, JobState::Failed, "{:#?}", detail.steps);
    detail.release.job.problem.as_ref().expect("a reason")
}

/// The configuration of a panel there.
pub fn config(ground: &Ground) -> Config {
    use clap::Parser;
    use homeport_server::cli::{Cli, Command};
    let state = ground.state().display().to_string();
    let port = ground.http_port.to_string();
    let namespace = ground.namespace.to_string();
    let https = ground.https_port.to_string();
    let (tunnel, metrics) = (ground.tunnel_ports.0.to_string(), ground.tunnel_ports.1.to_string());
    let connector = images::connector_name(&ground.namespace).to_string();
    let flags = [
        "homeport",
        "serve",
        "--state",
        &state,
        "--http-port",
        &port,
        "--https-port",
        &https,
        "--bind",
        "127.0.0.1",
        "--namespace",
        &namespace,
        "--allow-local-git",
        "true",
        "--ssh-port",
        "0",
        "--tunnel-port",
        &tunnel,
        "--tunnel-metrics-port",
        &metrics,
        "--tunnel-image",
        &connector,
    ];
    match Cli::try_parse_from(flags).expect("good flags").command {
        Command::Serve(config) => *config,
        other => panic!("not serve: {other:?}"),
    }
}

/// A Dockerfile on the test image with one more line.
pub fn dockerfile(panel: &Running, line: &str) -> String {
    format!("FROM {}\nENV VERSION=built\n{line}\n", images::name(&panel.ground.namespace))
}
