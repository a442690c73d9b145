//! Where an app comes from: exactly the commit that was pushed or asked for.

use homeport_model::{
    name::{AppName, CommitRef},
    problem::Code,
    webhook::Reply,
};
use homeport_server::{
    drivers::git::Error,
    webhooks::{Delivery, Received},
};
use http::HeaderMap;

use crate::support::{
    git_server::{GitServer, Repository},
    namespace::Ground,
    running::{Running, problem, succeeded},
};

/// A panel with a static site from a repository that has one commit, live.
async fn site() -> (Running, GitServer, Repository, AppName, String) {
    let (panel, git) = (Running::start().await, GitServer::start().await);
    let repository = git.repository("site");
    let first = repository.write("index.html", "one").push("first");
    let mut form = panel.form("site");
    (form.kind, form.repo) = ("static".into(), git.url("site").to_string());
    let app = panel.create(form).await;
    succeeded(&panel.deploy(&app).await);
    (panel, git, repository, app, first)
}

fn named(commit: &str) -> CommitRef {
    commit.parse().expect("a commit")
}

/// The release that a push that GitLab tells of makes.
async fn pushed(panel: &Running, app: &AppName, secret: &(String, String), commit: &str) -> u32 {
    let (url, secret) = secret;
    let mut headers = HeaderMap::new();
    headers.insert("x-gitlab-event", "Push Hook".parse().expect("a value"));
    headers.insert("x-gitlab-token", secret.parse().expect("a value"));
    let spec = panel.backend.apps.find(&panel.actor, app).await.expect("found").spec;
    let (repo, _) = spec.source.repo().expect("a repository");
    let body = format!(r#"{{"ref":"refs/heads/main","after":"{commit}","project":{{"git_http_url":"{repo}"}}}}"#);
    let id = url.rsplit('/').next().and_then(|id| id.parse().ok()).expect("an id");
    let delivery = Delivery { app: id, headers: &headers, token: None, body: body.as_bytes(), address: None };
    match panel.services.webhooks.receive(delivery).await.expect("taken") {
        Received::Taken(Reply::Deploy { deploy, .. }) => deploy,
        Received::Taken(Reply::Ignored { ignored }) => panic!("ignored: {ignored}"),
        Received::Refused => panic!("refused"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_is_deployed_by_its_id_and_by_its_beginning() {
    let (panel, _git, repository, app, first) = site().await;
    let second = repository.write("index.html", "two").push("second");
    let third = repository.write("index.html", "three").push("third");
    let deploys = &panel.backend.deploys;
    let go = async |commit: &str| {
        let number = deploys.deploy_commit(&panel.actor, &app, &named(commit)).await.expect("queued");
        panel.ended(&app, number).await
    };
    let detail = go(&second).await;
    succeeded(&detail);
    assert_eq!(detail.release.commit.expect("a commit").sha.as_str(), second);
    assert_eq!(panel.visit(&app).await, (200, "two".into()));
    let detail = go(&third[..8]).await;
    succeeded(&detail);
    assert_eq!(panel.visit(&app).await, (200, "three".into()));
    // A person may go back to what is older than what serves.
    succeeded(&go(&first[..7]).await);
    assert_eq!(panel.visit(&app).await, (200, "one".into()));
    let missing = go("0123456789abcdef0123456789abcdef01234567").await;
    assert!(problem(&missing).title.contains("has no commit 0123456789"), "{:?}", problem(&missing));
    assert_eq!(panel.visit(&app).await, (200, "one".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_deploys_the_commit_that_it_names_and_never_an_older_one() {
    let (panel, _git, repository, app, first) = site().await;
    let made = panel.backend.webhooks.renew_secret(&panel.actor, &app).await.expect("made");
    let secret = (made.url, made.secret);
    repository.git(&["config", "user.name", "Ada"]);
    let second = repository.write("index.html", "two").push("second");
    let third = repository.write("index.html", "three").push("third");
    // The branch has moved on; what the delivery names is what is built.
    let number = pushed(&panel, &app, &secret, &second).await;
    succeeded(&panel.ended(&app, number).await);
    assert_eq!(panel.visit(&app).await, (200, "two".into()));
    let number = pushed(&panel, &app, &secret, &third).await;
    succeeded(&panel.ended(&app, number).await);
    assert_eq!(panel.visit(&app).await, (200, "three".into()));
    // A delivery that was held up on the way tells of what has been overtaken.
    let number = pushed(&panel, &app, &secret, &first).await;
    let late = panel.ended(&app, number).await;
    assert!(problem(&late).title.contains("is older than"), "{:?}", problem(&late));
    assert_eq!(panel.visit(&app).await, (200, "three".into()));
    // Whoever moves the branch itself back means it.
    repository.git(&["reset", "--quiet", "--hard", &second]);
    repository.git(&["push", "--quiet", "--force", "origin", "main"]);
    let number = panel.backend.deploys.deploy(&panel.actor, &app).await.expect("queued");
    let back = panel.ended(&app, number).await;
    succeeded(&back);
    assert_eq!(back.release.commit.expect("a commit").sha.as_str(), second);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_of_an_image_has_no_commits() {
    let panel = Running::start().await;
    let app = panel.create(panel.form("shop")).await;
    let refused = panel.backend.deploys.deploy_commit(&panel.actor, &app, &named("0123456")).await;
    let refused = refused.expect_err("no commits");
    assert_eq!((refused.code, refused.field.as_deref()), (Code::Invalid, Some("ref")));
}

#[tokio::test]
async fn a_commit_that_was_force_pushed_away_is_still_fetched_by_its_id_or_said_to_be_gone() {
    let (ground, server) = (Ground::new(), GitServer::start().await);
    let repository = server.repository("shop");
    let first = repository.write("a", "1").push("first");
    repository.git(&["commit", "--quiet", "--amend", "-m", "rewritten"]);
    let second = repository.push("second");
    let (url, branch) = (server.url("shop"), "main".parse().expect("a branch"));
    let fetch = |commit: &str| {
        let wanted = named(commit);
        let (ground, url, branch) = (&ground, &url, &branch);
        async move { ground.git.fetch_commit(&ground.app, url, branch, &wanted, |_| {}).await }
    };
    assert_eq!(fetch(&second).await.expect("fetched").as_str(), second);
    // Not in the mirror, and an abbreviation cannot be asked for.
    assert!(matches!(fetch(&first[..7]).await, Err(Error::NoSuchCommit { .. })));
    assert_eq!(fetch(&first).await.expect("fetched").as_str(), first);
    assert_eq!(fetch(&first[..7]).await.expect("in the mirror now").as_str(), first);
}
