//! Builds by Cloud Native Buildpacks on the real engine. The builder is a stand-in
//! (`fixtures/creator.sh`), which refuses whatever the platform's specification does not promise it:
//! no registry can be reached from the tests, and no real builder is small.

use std::{fs, time::Duration};

use bollard::Docker;
use homeport_model::{
    app::{AppForm, BuildForm},
    environment::ScopeChoice,
    job::JobState,
    name::AppName,
    problem::Code,
};
use sha2::{Digest, Sha256};

use crate::{
    docker_surface::ALLOWED,
    support::{
        git_server::{GitServer, Repository},
        images,
        running::{Running, problem, succeeded},
        web,
    },
};

const VALUE: &str = "open-sesame '\"`\\$(touch /tmp/pwn);\\n*?[]{}~!#&|<>% \u{e9}";

struct Shop {
    panel: Running,
    _git: GitServer,
    repository: Repository,
    app: AppName,
    form: AppForm,
}

/// An app whose files call for buildpacks.
async fn shop(fill: impl FnOnce(&Repository)) -> Shop {
    shop_on(Running::start().await, fill).await
}

async fn shop_on(panel: Running, fill: impl FnOnce(&Repository)) -> Shop {
    images::builder(&panel.ground.namespace).await;
    let git = GitServer::start().await;
    let repository = git.repository("shop");
    repository.write("package.json", "{}").write("deep/er/file", "deep");
    fill(&repository);
    repository.push("first");
    let builder = images::builder_name(&panel.ground.namespace).to_string();
    let form = AppForm {
        kind: "auto".into(),
        repo: git.url("shop").to_string(),
        build: BuildForm { builder, ..BuildForm::default() },
        ..panel.form("shop")
    };
    let app = panel.create(form.clone()).await;
    Shop { panel, _git: git, repository, app, form }
}

impl Shop {
    async fn served(&self, path: &str) -> String {
        let answer = web::get(self.panel.ground.http_port, "shop.apps.localhost", path).await.expect("an answer");
        answer.body().to_owned()
    }

    async fn change(&mut self, form: AppForm) {
        self.form = form.clone();
        self.panel.backend.apps.change(&self.panel.actor, &self.app, form).await.expect("changed");
    }

    async fn set_for_builds(&self, text: &str) {
        let environments = &self.panel.backend.environments;
        environments.set(&self.panel.actor, Some(&self.app), text, ScopeChoice::Build).await.expect("set");
    }

    /// Nothing of a build is left: no container, no image; the cache is the app's.
    async fn nothing_is_left(&self) {
        let docker = &self.panel.ground.docker;
        assert!(docker.list_ours().await.expect("listed").is_empty());
        assert!(docker.list_our_images().await.expect("listed").is_empty());
    }
}

async fn caches(shop: &Shop) -> usize {
    let docker = Docker::connect_with_local_defaults().expect("the engine");
    let all = docker.list_volumes(None::<bollard::query_parameters::ListVolumesOptions>).await.expect("listed");
    let namespace = shop.panel.ground.namespace.as_str();
    let all = all.volumes.unwrap_or_default();
    all.iter().filter(|volume| volume.name.starts_with(namespace) && volume.name.ends_with("-cache")).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn files_without_a_dockerfile_are_built_by_buildpacks_and_served() {
    let shop = shop(|repository| {
        repository.write("show", "DOOR_TOKEN");
        repository.link("link", "deep/er/file");
    })
    .await;
    let escaped = VALUE.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$");
    shop.set_for_builds(&format!("DOOR_TOKEN=\"{escaped}\"\nCOLOUR=green")).await;
    let deployed = shop.panel.deploy(&shop.app).await;
    let log = shop.panel.log(&shop.app, 1).await;
    assert_eq!(deployed.release.job.state, JobState::Succeeded, "{:?}\n{log}", deployed.release.job.problem);
    assert_eq!(shop.panel.visit(&shop.app).await, (200, "the image's web".into()));
    let sum: String = Sha256::digest(VALUE).iter().map(|byte| format!("{byte:02x}")).collect();
    let env = shop.served("/env").await;
    assert!(env.contains(&format!("DOOR_TOKEN {sum}")) && env.contains("COLOUR "), "byte for byte: {env}");
    assert!(log.contains("Builder: buildpacks (package.json found, no Dockerfile)."), "{log}");
    assert!(log.contains("===> BUILDING") && log.contains("Restored from 0 builds"), "{log}");
    assert!(!log.contains("sesame"), "masked, although the build printed it: {log}");
    let detail = shop.panel.backend.apps.find(&shop.panel.actor, &shop.app).await.expect("found");
    assert_eq!(detail.built_by.as_deref(), Some("buildpacks: package.json found, no Dockerfile"));
    let names: Vec<String> = detail.processes.iter().map(|row| row.process.name.to_string()).collect();
    assert_eq!(names, ["web", "worker"], "those that the image names and that can be names here");
    // One container runs, and it has neither the secret nor what was said to the build.
    let docker = Docker::connect_with_local_defaults().expect("the engine");
    let ours = shop.panel.ground.docker.list_ours().await.expect("listed");
    assert_eq!(ours.len(), 1);
    let inside = docker.inspect_container(ours[0].id.as_str(), None).await.expect("there");
    assert!(!format!("{inside:?}").contains("sesame"));
    let image = &shop.panel.ground.docker.list_our_images().await.expect("listed")[0];
    assert_eq!(image.app(), Some(detail.row.id.as_str()), "it is found by its labels");

    // The next one finds what this one left; one that was asked for without does not.
    succeeded(&shop.panel.deploy(&shop.app).await);
    assert!(shop.panel.log(&shop.app, 2).await.contains("Restored from 1 builds"));
    let afresh = shop.panel.backend.deploys.deploy_without_cache(&shop.panel.actor, &shop.app, None).await;
    succeeded(&shop.panel.ended(&shop.app, afresh.expect("queued")).await);
    assert!(shop.panel.log(&shop.app, 3).await.contains("Restored from 0 builds"));
    assert_eq!(caches(&shop).await, 1);
    shop.panel.backend.apps.delete(&shop.panel.actor, &shop.app, "shop").await.expect("queued");
    while !shop.panel.backend.activity.jobs(&shop.panel.actor).await.expect("listed")[0].state.is_final() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(caches(&shop).await, 0, "the cache goes with the app");
    shop.nothing_is_left().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_procfile_counts_before_what_the_image_names() {
    let shop = shop(|repository| {
        let web = "web: sh -c 'echo \"procfile $LAUNCHED\" > /www/index.html; exec httpd -f -p $PORT -h /www'\n";
        repository.write("Procfile", &format!("{web}clock: sleep 1000\nrelease: echo released\n"));
    })
    .await;
    succeeded(&shop.panel.deploy(&shop.app).await);
    assert_eq!(shop.panel.visit(&shop.app).await, (200, "procfile yes".into()), "started by the launcher");
    let log = shop.panel.log(&shop.app, 1).await;
    assert!(log.contains("Builder: buildpacks (Procfile found, no Dockerfile).") && log.contains("released"), "{log}");
    let detail = shop.panel.backend.apps.find(&shop.panel.actor, &shop.app).await.expect("found");
    let names: Vec<String> = detail.processes.iter().map(|row| row.process.name.to_string()).collect();
    assert_eq!(names, ["web", "clock"]);
    // Going back starts it the same way.
    succeeded(&shop.panel.deploy(&shop.app).await);
    let back = shop.panel.backend.deploys.roll_back(&shop.panel.actor, &shop.app, 1).await.expect("queued");
    succeeded(&shop.panel.ended(&shop.app, back).await);
    assert_eq!(shop.panel.visit(&shop.app).await, (200, "procfile yes".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_wants_every_layer_gets_every_layer() {
    let info = r#"{"DriverStatus":[["driver-type","io.containerd.snapshotter.v1"]]}"#;
    let (panel, recording) = Running::with_answer("GET /info", 200, info).await;
    let shop = shop_on(panel, |_: &Repository| ()).await;
    succeeded(&shop.panel.deploy(&shop.app).await);
    assert_eq!(shop.panel.visit(&shop.app).await, (200, "the image's web".into()));
    let calls = recording.calls();
    assert!(calls.contains("GET /images/{}/get") && calls.contains("PUT /containers/{}/archive"), "{calls:?}");
    let unknown: Vec<_> = calls.iter().filter(|call| !ALLOWED.contains(&call.as_str())).collect();
    assert!(unknown.is_empty(), "not on the list: {unknown:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn named_buildpacks_are_those_of_the_builder() {
    let mut shop = shop(|repository| {
        repository.write("Dockerfile", "FROM nowhere");
    })
    .await;
    let named = |buildpacks: &str| BuildForm { buildpacks: buildpacks.into(), ..shop.form.build.clone() };
    let (good, bad) = (named("urn:cnb:builder:test/web@1.0.0"), named("heroku/nodejs"));
    shop.change(AppForm { build: good, ..shop.form.clone() }).await;
    succeeded(&shop.panel.deploy(&shop.app).await);
    assert!(shop.panel.log(&shop.app, 1).await.contains("the app's settings name buildpacks"));
    shop.change(AppForm { build: bad, ..shop.form.clone() }).await;
    let ended = shop.panel.deploy(&shop.app).await;
    assert_eq!(problem(&ended).title, "The builder image has no buildpack heroku/nodejs.");
    assert_eq!(problem(&ended).hint.as_deref(), Some("It has test/web."));
    // Something that is no builder.
    let base = images::name(&shop.panel.ground.namespace).to_string();
    let form = AppForm {
        kind: "buildpacks".into(),
        build: BuildForm { builder: base, ..BuildForm::default() },
        ..shop.form.clone()
    };
    shop.change(form).await;
    let ended = shop.panel.deploy(&shop.app).await;
    assert!(problem(&ended).title.contains("is no builder image"), "{:?}", problem(&ended));
    assert_eq!(problem(&ended).code, Code::Invalid);
}

#[tokio::test(flavor = "multi_thread")]
async fn project_toml_names_the_builder_its_buildpacks_variables_and_files() {
    let shop = shop(|repository| {
        repository.write("docs/secret.md", "not for the image").write("show", "COLOUR");
    })
    .await;
    let project = |rest: &str| {
        let builder = images::builder_name(&shop.panel.ground.namespace);
        format!("[_]\nschema-version = \"0.2\"\n[io.buildpacks]\nbuilder = \"{builder}\"\n{rest}")
    };
    let env = "[[io.buildpacks.build.env]]\nname = \"COLOUR\"\nvalue = \"a 'red' $(id)\"\n";
    let group = "exclude = [\"docs/\"]\n[[io.buildpacks.group]]\nid = \"test/web\"\nversion = \"1.0.0\"\n";
    shop.repository.write("Dockerfile", "FROM nowhere").write("project.toml", &project(&format!("{group}{env}")));
    shop.repository.push("second");
    // Nothing of it stands in the app's settings.
    let form = AppForm { build: BuildForm::default(), ..shop.form.clone() };
    shop.panel.backend.apps.change(&shop.panel.actor, &shop.app, form).await.expect("changed");
    succeeded(&shop.panel.deploy(&shop.app).await);
    let log = shop.panel.log(&shop.app, 1).await;
    assert!(log.contains("Builder: buildpacks (project.toml found)."), "{log}");
    assert!(log.contains("a 'red' $(id)"), "byte for byte: {log}");
    let container = shop.panel.ground.docker.list_ours().await.expect("listed").remove(0).id;
    let list = ["ls", "/workspace", "/workspace/deep"].map(str::to_owned);
    let listed = shop.panel.ground.docker.execute(&container, &list, Duration::from_secs(5)).await.expect("listed");
    assert!(listed.output.contains("package.json") && !listed.output.contains("docs"), "{}", listed.output);

    // What a person set counts before what the file says.
    shop.set_for_builds("COLOUR=green").await;
    succeeded(&shop.panel.deploy(&shop.app).await);
    let log = shop.panel.log(&shop.app, 2).await;
    assert!(!log.contains("'red'"), "{log}");

    for (text, says) in [
        (project("[[io.buildpacks.group]]\nid = \"heroku/nodejs\"\n"), "has no buildpack heroku/nodejs"),
        (project("[[io.buildpacks.group]]\nuri = \"docker://x\"\n"), "project.toml, line 6, column 7: io.buildpacks"),
        (project("include = \n"), "project.toml, line 5"),
        ("[build]\nbuilder = \"$(id)\"".to_owned(), "project.toml, line 2, column 11: build.builder"),
    ] {
        shop.repository.write("project.toml", &text).push("mistake");
        let ended = shop.panel.deploy(&shop.app).await;
        assert!(problem(&ended).title.contains(says), "{text}: {:?}", problem(&ended));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_wrong_in_a_build_is_said_and_leaves_nothing() {
    let mut shop = shop(|repository| {
        repository.write("fail", "yes");
    })
    .await;
    let ended = shop.panel.deploy(&shop.app).await;
    assert_eq!(problem(&ended).title, "The build failed: the lifecycle ended with code 51.");
    assert!(shop.panel.log(&shop.app, 1).await.contains("ERROR: the build broke"));
    shop.nothing_is_left().await;

    shop.repository.git(&["rm", "--quiet", "fail"]);
    shop.repository.write("broken", "yes").push("second");
    let ended = shop.panel.deploy(&shop.app).await;
    assert!(problem(&ended).title.contains("not understood"), "{:?}", problem(&ended));
    shop.nothing_is_left().await;

    shop.repository.git(&["rm", "--quiet", "broken", "package.json"]);
    shop.repository.write("main.c", "int main;").push("third");
    shop.change(AppForm { kind: "buildpacks".into(), ..shop.form.clone() }).await;
    let ended = shop.panel.deploy(&shop.app).await;
    assert_eq!(problem(&ended).title, "No buildpack of the builder fits these files (code 20).");

    shop.repository.write("package.json", "{}").write("big", "yes").push("fourth");
    let build = BuildForm { memory: "64".into(), ..shop.form.build.clone() };
    shop.change(AppForm { build, ..shop.form.clone() }).await;
    let ended = shop.panel.deploy(&shop.app).await;
    assert_eq!(problem(&ended).title, "The build used up its 64 MiB of memory.");
    shop.nothing_is_left().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_that_is_stopped_and_one_whose_panel_dies_leave_nothing() {
    // Each test is a process of its own.
    let seconds = format!("4{}", std::process::id());
    let shop = shop(|repository| {
        repository.write("hang", &seconds);
    })
    .await;
    let number = shop.panel.backend.deploys.deploy(&shop.panel.actor, &shop.app).await.expect("queued");
    wait_until(|| sleeps(&seconds)).await;
    let job = shop.panel.detail(&shop.app, number).await.release.job.id;
    shop.panel.backend.deploys.cancel(&shop.panel.actor, &job).await.expect("asked");
    assert_eq!(shop.panel.ended(&shop.app, number).await.release.job.state, JobState::Cancelled);
    assert!(!sleeps(&seconds));
    shop.nothing_is_left().await;

    // The panel dies in the middle; the next one does the step again, in a container of its own.
    let number = shop.panel.backend.deploys.deploy(&shop.panel.actor, &shop.app).await.expect("queued");
    wait_until(|| sleeps(&seconds)).await;
    let Shop { panel, _git, repository, app, form } = shop;
    let before = panel.ground.docker.list_ours().await.expect("listed").remove(0).id;
    let panel = panel.restart().await;
    let mut again = before.clone();
    for _ in 0..1_000 {
        let ours = panel.ground.docker.list_ours().await.expect("listed");
        if let [only] = ours.as_slice()
            && only.id != before
            && only.running
        {
            again = only.id.clone();
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_ne!(again, before, "the container of the panel that died is gone");
    let shop = Shop { panel, _git, repository, app, form };
    let job = shop.panel.detail(&shop.app, number).await.release.job.id;
    shop.panel.backend.deploys.cancel(&shop.panel.actor, &job).await.expect("asked");
    assert_eq!(shop.panel.ended(&shop.app, number).await.release.job.state, JobState::Cancelled);
    shop.nothing_is_left().await;
}

/// Whether a process of this host is `sleep` with this argument.
fn sleeps(seconds: &str) -> bool {
    let all = fs::read_dir("/proc").expect("the processes");
    let mut lines = all.filter_map(|one| fs::read(one.ok()?.path().join("cmdline")).ok());
    lines.any(|line| line == format!("sleep\0{seconds}\0").as_bytes())
}

async fn wait_until(holds: impl Fn() -> bool) {
    for _ in 0..1_000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it never came true");
}
