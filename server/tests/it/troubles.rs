//! What goes wrong in the world: repositories, Dockerfiles, containers, engines. Each ends in the
//! old release still serving, and a page that says what happened and what to do.

use std::time::Duration;

use homeport_model::{
    app::{AppForm, AppState},
    job::JobState,
    name::AppName,
    problem::{Code, Problem},
};

use crate::support::{
    git_server::{GitServer, Repository},
    running::{Running, dockerfile, problem, succeeded},
};

struct FromGit {
    panel: Running,
    git: GitServer,
    repository: Repository,
    app: AppName,
}

/// An app of a kind whose first release, `says`, serves.
async fn from_git(kind: &str, says: &str) -> FromGit {
    let panel = Running::start().await;
    let git = GitServer::start().await;
    let repository = git.repository("app");
    match kind {
        "static" => repository.write("index.html", says),
        _ => repository.write("Dockerfile", &dockerfile(&panel, &format!("ENV VERSION={says}"))),
    };
    repository.push("first");
    let form = AppForm { kind: kind.into(), repo: git.url("app").to_string(), ..panel.form("app") };
    let app = panel.create(form).await;
    succeeded(&panel.deploy(&app).await);
    assert_eq!(panel.visit(&app).await, (200, says.into()));
    FromGit { panel, git, repository, app }
}

impl FromGit {
    /// Deploys something that must fail, and says how. The old release serves on, and nothing of
    /// the new one is left.
    async fn fails(&self) -> Problem {
        let before = self.panel.ground.docker.list_our_images().await.expect("listed").len();
        let ended = self.panel.deploy(&self.app).await;
        let problem = problem(&ended).clone();
        assert!(problem.hint.is_some(), "{problem:?} does not say what to do");
        assert_eq!(self.panel.visit(&self.app).await.0, 200);
        assert!(self.panel.ground.docker.list_ours().await.expect("listed").len() <= 1);
        assert_eq!(self.panel.ground.docker.list_our_images().await.expect("listed").len(), before);
        problem
    }

    async fn point_at(&self, change: impl FnOnce(&mut AppForm)) {
        let spec = self.panel.backend.apps.find(&self.panel.actor, &self.app).await.expect("found").spec;
        let mut form = AppForm::of(&spec);
        change(&mut form);
        self.panel.backend.apps.change(&self.panel.actor, &self.app, form).await.expect("changed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dockerfile_that_fails_says_where() {
    let app = from_git("dockerfile", "one").await;
    app.repository.write("Dockerfile", &dockerfile(&app.panel, "RUN echo the-reason; exit 7")).push("bad");
    let problem = app.fails().await;
    assert!(problem.title.contains("build failed"), "{problem:?}");
    let log = app.panel.log(&app.app, 2).await;
    assert!(log.contains("the-reason"), "{log}");

    app.repository.git(&["rm", "--quiet", "Dockerfile"]);
    app.repository.push("none");
    assert!(app.fails().await.title.contains("no file Dockerfile"));

    app.repository.link("Dockerfile", "/etc/passwd").push("link");
    assert!(app.fails().await.title.contains("symbolic link"));
    assert!(!app.panel.log(&app.app, 4).await.contains("root:"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_that_does_not_serve_says_why() {
    let app = from_git("dockerfile", "one").await;
    let broken = |line: &str| app.repository.write("Dockerfile", &dockerfile(&app.panel, line)).push(line);

    broken("CMD [\"/bin/sh\", \"-c\", \"echo last words; exit 3\"]");
    let problem = app.fails().await;
    assert!(problem.title.contains("exited with code 3"), "{problem:?}");
    assert!(app.panel.log(&app.app, 2).await.contains("last words"));

    broken("CMD [\"/bin/httpd\", \"-f\", \"-p\", \"3000\", \"-h\", \"/www\"]");
    let problem = app.fails().await;
    assert!(problem.title.contains("port 5000"), "{problem:?}");
    assert!(problem.hint.as_deref().unwrap_or_default().contains("listens on 3000"), "{problem:?}");

    broken("CMD [\"/bin/httpd\", \"-f\", \"-p\", \"127.0.0.1:5000\", \"-h\", \"/www\"]");
    assert!(app.fails().await.hint.unwrap_or_default().contains("127.0.0.1 only"));

    broken("CMD [\"/bin/sleep\", \"60\"]");
    assert!(app.fails().await.hint.unwrap_or_default().contains("listens on no port"));

    app.point_at(|form| form.health_path = "/nothing-here".into()).await;
    broken("ENV X=1");
    assert!(app.fails().await.title.contains("answered 404"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_that_gives_nothing_says_why() {
    let app = from_git("static", "one").await;
    app.point_at(|form| form.branch = "missing".into()).await;
    assert!(app.fails().await.title.contains("no branch or tag missing"));
    app.point_at(|form| form.branch = "main".into()).await;

    app.repository.link("leak.html", "/etc/passwd").push("link");
    assert!(app.fails().await.title.contains("symbolic link to /etc/passwd"));
    app.repository.git(&["rm", "--quiet", "leak.html"]);
    app.repository.push("no link");

    app.point_at(|form| form.folder = "no/such/folder".into()).await;
    assert!(app.fails().await.title.contains("no files in no/such/folder"));

    let gone = app.git.url("gone").to_string();
    app.point_at(|form| (form.folder, form.repo) = (".".into(), gone)).await;
    assert!(app.fails().await.title.contains("repository"));

    let (silent, _held) = GitServer::silent().await;
    app.point_at(|form| form.repo = silent.to_string()).await;
    let number = app.panel.backend.deploys.deploy(&app.panel.actor, &app.app).await.expect("queued");
    while app.panel.detail(&app.app, number).await.release.job.step.as_deref() != Some("fetch") {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let job = app.panel.detail(&app.app, number).await.release.job.id;
    app.panel.backend.deploys.cancel(&app.panel.actor, &job).await.expect("asked");
    assert_eq!(app.panel.ended(&app.app, number).await.release.job.state, JobState::Cancelled);
    assert_eq!(app.panel.visit(&app.app).await, (200, "one".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn nginx_killed_and_the_map_flushed_come_back() {
    let panel = Running::start().await;
    let app = panel.create(panel.form("shop")).await;
    panel.set(&app, "VERSION=one").await;
    succeeded(&panel.deploy(&app).await);

    let pid = panel.ground.nginx.running().expect("it runs");
    kill(pid);
    while panel.ground.nginx.running().is_some() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panel.services.domains.reconcile(panel.services.locks()).await.expect("looked");
    assert_eq!(panel.visit(&app).await, (200, "one".into()));

    panel.ground.nat.remove_table().await.expect("flushed");
    panel.services.domains.reconcile(panel.services.locks()).await.expect("looked");
    assert_eq!(panel.visit(&app).await, (200, "one".into()));

    let container = &panel.ground.docker.list_ours().await.expect("listed")[0];
    panel.ground.docker.stop(&container.id, 1).await.expect("stopped");
    let look = || panel.services.apps.reconcile(panel.services.locks());
    look().await.expect("looked");
    look().await.expect("looked again");
    panel.services.domains.reconcile(panel.services.locks()).await.expect("looked");
    let row = &panel.backend.apps.list(&panel.actor).await.expect("listed")[0];
    assert!(matches!(row.state, AppState::Serving { .. }), "{:?}", row.state);
    assert_eq!(panel.visit(&app).await, (200, "one".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_engine_sites_deploy_and_the_page_says_what_is_missing() {
    let panel = Running::without_docker().await;
    let git = GitServer::start().await;
    git.repository("site").write("index.html", "files").push("first");
    let form = AppForm { kind: "static".into(), repo: git.url("site").to_string(), ..panel.form("site") };
    let site = panel.create(form).await;
    succeeded(&panel.deploy(&site).await);
    assert_eq!(panel.visit(&site).await, (200, "files".into()));

    let shop = panel.create(panel.form("shop")).await;
    let ended = panel.deploy(&shop).await;
    assert!(problem(&ended).title.contains("Docker engine cannot be reached"), "{:?}", problem(&ended));
    let today = panel.backend.apps.today(&panel.actor).await.expect("seen");
    let docker = today.engines.iter().find(|engine| engine.name == "Docker").expect("looked at");
    assert!(!docker.ok && docker.hint.is_some(), "{docker:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_is_typed_does_harm() {
    let panel = Running::start().await;
    let payloads = [
        "$(touch /tmp/pwn-1)",
        "`touch /tmp/pwn-2`",
        ";touch /tmp/pwn-3",
        "--upload-pack=touch /tmp/pwn-4",
        "-oProxyCommand=touch /tmp/pwn-5",
        "ext::sh -c touch% /tmp/pwn-6",
        "file:///etc",
        "../../etc/passwd",
        "a.com; } server { listen 80 default_server; location / { alias /; } #",
        "a\nload_module x;",
        "'\"\\{}#",
    ];
    let good = AppForm {
        kind: "dockerfile".into(),
        repo: "https://git.example.com/a".into(),
        dockerfile: "Dockerfile".into(),
        ..panel.form("good")
    };
    let before = panel.ground.nginx.files().expect("read");
    for payload in payloads {
        let with = |field: &str| {
            let mut form = good.clone();
            let slot = match field {
                "name" => &mut form.name,
                "kind" => &mut form.kind,
                "repo" => &mut form.repo,
                "branch" => &mut form.branch,
                "folder" => &mut form.folder,
                "dockerfile" => &mut form.dockerfile,
                "port" => &mut form.port,
                _ => &mut form.health_path,
            };
            *slot = payload.into();
            form
        };
        for field in ["name", "kind", "repo", "branch", "folder", "dockerfile", "port", "health_path"] {
            let problem = panel.backend.apps.create(&panel.actor, with(field)).await.expect_err(payload);
            assert_eq!((problem.code, problem.field.as_deref()), (Code::Invalid, Some(field)), "{payload:?}");
        }
        let image = AppForm { image: payload.into(), ..panel.form("good") };
        let problem = panel.backend.apps.create(&panel.actor, image).await.expect_err(payload);
        assert_eq!(problem.field.as_deref(), Some("image"), "{payload:?}");
    }
    assert!(panel.backend.apps.list(&panel.actor).await.expect("listed").is_empty());
    assert_eq!(panel.ground.nginx.files().expect("read"), before);
    let planted = std::fs::read_dir("/tmp").expect("read").filter_map(Result::ok);
    assert!(!planted.map(|entry| entry.file_name()).any(|name| name.to_string_lossy().starts_with("pwn-")));
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_values_arrive_byte_for_byte_and_never_show() {
    let panel = Running::start().await;
    let app = panel.create(panel.form("shop")).await;
    let odd = "'\"`$(touch /tmp/pwn)`;\\*?[]{}~!#&|<> é";
    panel.set(&app, &format!("VERSION='{}'\nAPI_TOKEN=canary-0123456789", odd.replace('\'', ""))).await;
    succeeded(&panel.deploy(&app).await);
    assert_eq!(panel.visit(&app).await.1, odd.replace('\'', ""));

    let rows = panel.backend.environments.find(&panel.actor, Some(&app)).await.expect("listed").rows;
    let token = rows.iter().find(|row| row.key.as_str() == "API_TOKEN").expect("there");
    assert_eq!((token.secret, &token.value), (true, &None));
    let audit = panel.backend.activity.audit(&panel.actor, None).await.expect("listed");
    assert!(!format!("{audit:?}").contains("canary"));
    assert!(!panel.log(&app, 1).await.contains("canary"));
    let file = std::fs::read(panel.ground.state().join("homeport.db")).expect("read");
    assert!(!file.windows(6).any(|part| part == b"canary"));
}

fn kill(pid: u32) {
    let killed = std::process::Command::new("kill").args(["-9", &pid.to_string()]).status().expect("kill");
    assert!(killed.success());
}
