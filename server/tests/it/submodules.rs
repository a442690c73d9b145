//! Submodules: in their places when they are wanted, and from nowhere that they should not come from.

use homeport_model::{access::SignInForm, app::AppForm, name::AppName};

use crate::support::{
    git_server::{GitServer, Repository},
    images,
    running::{Running, problem, succeeded},
};

async fn site(panel: &Running, git: &GitServer, submodules: bool) -> AppName {
    let form = AppForm {
        kind: "static".into(),
        repo: git.url("site").to_string(),
        submodules: if submodules { "on".into() } else { String::new() },
        ..panel.form("site")
    };
    panel.create(form).await
}

/// Says that `commit` of `address` stands at `path`.
fn submodule(repository: &Repository, path: &str, address: &str, commit: &str) {
    let file = format!("[submodule \"{path}\"]\n\tpath = {path}\n\turl = {address}\n");
    repository.write(".gitmodules", &file);
    repository.git(&["add", ".gitmodules"]);
    repository.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{commit},{path}")]);
    repository.git(&["commit", "--quiet", "-m", "with a submodule"]);
    repository.git(&["push", "--quiet", "--force", "--all", "origin"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn submodules_are_laid_out_in_their_places_when_they_are_wanted() {
    let (git, panel) = (GitServer::start().await, Running::start().await);
    let deep = git.repository("deep").write("c.txt", "deep").push("deep");
    let library = git.repository("library");
    library.write("b.txt", "library").push("library");
    submodule(&library, "deep", "../deep.git", &deep);
    let commit = library.git(&["rev-parse", "HEAD"]);
    // A later commit of the library must not be taken.
    library.write("b.txt", "later").git(&["commit", "--quiet", "-am", "later"]);
    library.git(&["push", "--quiet", "--force", "--all", "origin"]);
    let repository = git.repository("site");
    repository.write("index.html", "one").push("first");
    submodule(&repository, "assets/library", git.url("library").as_str(), &commit);
    // All of it is private, with one sign-in.
    git.lock("ada", "a-token-for-all");
    let app = site(&panel, &git, true).await;
    let form = SignInForm { user: "ada".into(), token: "a-token-for-all".into() };
    panel.backend.access.set_sign_in(&panel.actor, &app, form).await.expect("kept");
    let detail = panel.deploy(&app).await;
    succeeded(&detail);
    let get = async |path: &str| {
        let host = format!("{app}.apps.localhost");
        crate::support::web::get(panel.ground.http_port, &host, path).await.expect("an answer")
    };
    assert_eq!(get("/assets/library/b.txt").await.body(), "library");
    assert_eq!(get("/assets/library/deep/c.txt").await.body(), "deep");
    assert_eq!(get("/.gitmodules").await.status, 404);
    let log = panel.log(&app, detail.release.number).await;
    assert!(log.contains("Submodules: 2.") && log.contains("Submodule assets/library/deep: "), "{log}");

    let form = AppForm { kind: "static".into(), repo: git.url("site").to_string(), ..panel.form("site") };
    panel.backend.apps.change(&panel.actor, &app, form).await.expect("changed");
    let detail = panel.deploy(&app).await;
    succeeded(&detail);
    assert_eq!(get("/assets/library/b.txt").await.status, 404);
    assert!(panel.log(&app, detail.release.number).await.contains("it is a submodule"));
}

#[tokio::test(flavor = "multi_thread")]
async fn submodules_are_part_of_a_build_context() {
    let (git, panel) = (GitServer::start().await, Running::start().await);
    let library = git.repository("library").write("version", "from the library").push("library");
    let repository = git.repository("api");
    let image = images::name(&panel.ground.namespace);
    let text =
        format!("FROM {image}\nCOPY library/version /version\nRUN test -f /version || exit 3\nENV VERSION=built\n");
    repository
        .write("Dockerfile", &text.replace("RUN test -f /version || exit 3\n", "RUN [\"/bin/cat\", \"/version\"]\n"))
        .push("first");
    submodule(&repository, "library", "../library", &library);
    let form = AppForm {
        kind: "dockerfile".into(),
        repo: git.url("api").to_string(),
        submodules: "on".into(),
        ..panel.form("api")
    };
    let app = panel.create(form).await;
    let detail = panel.deploy(&app).await;
    succeeded(&detail);
    assert!(panel.log(&app, detail.release.number).await.contains("from the library"));
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_submodules_are_refused() {
    let (git, panel) = (GitServer::start().await, Running::start().await);
    let repository = git.repository("site");
    let commit = repository.write("index.html", "one").push("first");
    let app = site(&panel, &git, true).await;
    for address in [
        "file:///etc",
        "/etc",
        "ext::sh -c touch% /tmp/pwn-s",
        "--upload-pack=touch /tmp/pwn-s",
        "ssh://-oProxyCommand=touch/x",
        "../../../x",
        "http://127.0.0.2:1/x",
        "https://169.254.169.254/latest",
    ] {
        submodule(&repository, "x", address, &commit);
        let detail = panel.deploy(&app).await;
        let refused = problem(&detail);
        // git itself refuses some of these while it fetches.
        let words = ["The submodule x cannot be fetched", "Git refuses what was pushed"];
        assert!(words.iter().any(|words| refused.title.starts_with(words)), "{address}: {refused}");
    }
    // One that says nothing of itself.
    repository.write(".gitmodules", "[submodule \"y\"]\n\tpath = y\n\turl = ../y\n");
    // Not all: git would take the missing folder for a submodule that was removed.
    repository.git(&["add", ".gitmodules"]);
    repository.git(&["commit", "--quiet", "-m", "another"]);
    repository.git(&["push", "--quiet", "--force", "--all", "origin"]);
    let detail = panel.deploy(&app).await;
    assert!(problem(&detail).title.contains("does not say where it comes from"), "{:?}", problem(&detail));
    assert!(!std::path::Path::new("/tmp/pwn-s").exists());
}
