//! Whole apps as people have them, unchanged: the folders of `fixtures/apps`, each with a Dockerfile,
//! a `Procfile` and the code of a small real program, on an image with a real Python.

mod django;
mod flask;
mod published;
mod site;
mod small;

use std::time::Duration;

use homeport_model::{
    app::{AppForm, AppState, NeedForm, ProcessForm},
    deploy::{DeployDetail, container::LABEL_PROCESS},
    domain::DomainForm,
    name::AppName,
};
use homeport_server::drivers::docker::OurContainer;

use crate::support::{
    git_server::{GitServer, Repository},
    python,
    running::Running,
    web::{self, Answer},
};

/// An app of the fixtures in a repository, on a panel of its own. Its name is that of its folder.
struct Whole {
    panel: Running,
    repository: Repository,
    form: AppForm,
    app: AppName,
    _server: GitServer,
}

impl Whole {
    /// Pushes the app and creates it; nothing is deployed yet.
    async fn start(name: &str) -> Self {
        let (panel, server, image) = (Running::start().await, GitServer::start().await, python::image().await);
        let repository = server.repository(name);
        repository.copy(&python::app(name)).push("first");
        let mut form = AppForm {
            name: name.into(),
            kind: "auto".into(),
            repo: server.url(name).to_string(),
            ..AppForm::default()
        };
        // The one thing that differs from a server that reaches a registry.
        form.build.arguments = format!("PYTHON={image}");
        let app = panel.create(form.clone()).await;
        let domain = DomainForm { name: format!("{name}.example.com"), ..DomainForm::default() };
        panel.backend.domains.add(&panel.actor, &app, domain).await.expect("added");
        Self { panel, repository, form, app, _server: server }
    }

    async fn deploy(&self) -> DeployDetail {
        self.panel.deploy(&self.app).await
    }

    async fn scale(&self, process: &str, scale: &str) {
        let form = ProcessForm { process: process.into(), scale: scale.into(), ..ProcessForm::default() };
        self.panel.backend.apps.set_process(&self.panel.actor, &self.app, form).await.expect("set");
    }

    async fn get(&self, path: &str) -> Answer {
        let host = format!("{}.apps.localhost", self.app);
        web::get(self.panel.ground.http_port, &host, path).await.expect("an answer")
    }

    async fn containers(&self) -> Vec<OurContainer> {
        let mut all = self.panel.ground.docker.list_ours().await.expect("listed");
        all.sort_by(|one, other| one.labels[LABEL_PROCESS].cmp(&other.labels[LABEL_PROCESS]));
        all
    }

    /// The processes that have containers, each as often as it has.
    async fn processes(&self) -> Vec<String> {
        self.containers().await.iter().map(|container| container.labels[LABEL_PROCESS].clone()).collect()
    }

    async fn state(&self) -> AppState {
        state(&self.panel, &self.app).await
    }
}

async fn state(panel: &Running, app: &AppName) -> AppState {
    panel.services.apps.reconcile(panel.services.locks()).await.expect("looked");
    panel.backend.apps.find(&panel.actor, app).await.expect("found").row.state
}

async fn need(panel: &Running, app: &AppName, form: NeedForm) {
    let shown = format!("{form:?}");
    let added = panel.backend.apps.add_need(&panel.actor, app, form).await;
    added.unwrap_or_else(|problem| panic!("{shown}: {problem}"));
}

/// A volume, and whose it is.
fn volume(name: &str, to: &str, owner: &str) -> NeedForm {
    NeedForm { kind: "mount".into(), text: name.into(), to: to.into(), owner: owner.into(), ..NeedForm::default() }
}

/// Waits until `look` sees something.
async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, look: impl Fn() -> F) -> T {
    for _ in 0..200 {
        if let Some(seen) = look().await {
            return seen;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("never: {what}");
}
