//! Pushes with the real git client to a panel on the real engines, through its nginx.

use homeport_model::{
    app::{AppForm, Origin, Source},
    deploy::Trigger,
    job::JobState,
    name::AppName,
};

use crate::support::{
    git_client::{GitClient, remote},
    running::{Running, dockerfile, succeeded},
    web,
};

fn name(text: &str) -> AppName {
    text.parse().expect("a name")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_to_a_new_name_creates_the_app_and_shows_its_deploy() {
    let panel = Running::online().await;
    let owner = panel.person("owner").await;
    let token = panel.token(&owner, "deploy", "").await;
    let git = GitClient::new().await;
    git.write("Dockerfile", dockerfile(&panel, "ENV VERSION=one"));
    let first = git.commit("first").await;
    git.must(&["remote", "add", "homeport", &remote(&panel.origin, &token, "shop")]).await;
    let said = git.git(&["push", "homeport", "main"]).await;
    assert!(said.ok, "{}", said.err);
    for words in [
        "remote: -----> Deploy 1 of shop: ",
        "Builder: dockerfile",
        "remote: -----> Live: http://shop.apps.localhost",
        "Step ",
    ] {
        assert!(said.err.contains(words), "{words}: {}", said.err);
    }
    let shop = name("shop");
    assert_eq!(panel.visit(&shop).await, (200, "one".into()));
    let detail = panel.detail(&shop, 1).await;
    succeeded(&detail);
    assert_eq!(detail.release.commit.as_ref().map(|commit| commit.sha.as_str()), Some(first.as_str()));
    assert!(matches!(&detail.release.trigger, Trigger::Pushed { by, .. } if by.starts_with("Ada")));

    git.write("Dockerfile", dockerfile(&panel, "ENV VERSION=two"));
    git.commit("second").await;
    let said = git.git(&["push", "homeport", "main"]).await;
    assert!(said.ok && said.err.contains("main -> main"), "{}", said.err);
    assert_eq!(panel.visit(&shop).await, (200, "two".into()));
    assert!(git.git(&["push", "homeport", "main"]).await.err.contains("Everything up-to-date"));

    // Back by force, and a clone has what was pushed.
    git.must(&["reset", "--quiet", "--hard", &first]).await;
    let said = git.git(&["push", "homeport", "main"]).await;
    assert!(!said.ok && said.err.contains("rejected"), "{}", said.err);
    let said = git.git(&["push", "--force", "homeport", "main"]).await;
    assert!(said.ok, "{}", said.err);
    assert_eq!(panel.visit(&shop).await, (200, "one".into()));
    git.must(&["clone", "--quiet", &remote(&panel.origin, &token, "shop.git"), "../clone"]).await;
    assert_eq!(git.must(&["-C", "../clone", "rev-parse", "HEAD"]).await, first);
    // Pressing Deploy deploys what was pushed last.
    let pressed = panel.deploy(&shop).await;
    succeeded(&pressed);
    assert_eq!(pressed.release.commit.expect("a commit").sha.as_str(), first);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_whose_deploy_fails_fails_with_the_words_and_the_old_release_serves_on() {
    let panel = Running::online().await;
    let owner = panel.person("owner").await;
    let token = panel.token(&owner, "deploy", "").await;
    let git = GitClient::new().await;
    git.must(&["remote", "add", "homeport", &remote(&panel.origin, &token, "site")]).await;
    git.write("index.html", "one").commit("first").await;
    let said = git.git(&["push", "homeport", "main"]).await;
    assert!(said.ok, "{}", said.err);
    let site = name("site");
    assert_eq!(panel.visit(&site).await, (200, "one".into()));

    git.write("Dockerfile", "FROM homeport-test-none:none\n").commit("broken").await;
    let said = git.git(&["push", "homeport", "main"]).await;
    assert!(!said.ok, "{}", said.err);
    let problem = panel.detail(&site, 2).await.release.job.problem.expect("a reason");
    for words in [problem.title.as_str(), problem.hint.as_deref().expect("a hint"), "[remote rejected]"] {
        let words: String = words.split_whitespace().take(4).collect::<Vec<_>>().join(" ");
        assert!(said.err.contains(&words), "{words}: {}", said.err);
    }
    assert_eq!(panel.visit(&site).await, (200, "one".into()));

    // The branch stands where it served, so that the same commit can be pushed again.
    let said = git.git(&["push", "homeport", "main"]).await;
    assert!(!said.ok && !said.err.contains("up-to-date"), "{}", said.err);
    git.must(&["rm", "--quiet", "Dockerfile"]).await;
    git.write("index.html", "two").commit("mended").await;
    let said = git.git(&["push", "homeport", "main"]).await;
    assert!(said.ok, "{}", said.err);
    assert_eq!(panel.visit(&site).await, (200, "two".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_push_is_told_so_and_nothing_comes_to_be() {
    let panel = Running::online().await;
    let (owner, deployer) = (panel.person("owner").await, panel.person("deployer").await);
    let git = GitClient::new().await;
    git.write("index.html", "one").commit("first").await;
    let form = AppForm { name: "shop".into(), kind: "static".into(), origin: "push".into(), ..AppForm::default() };
    panel.backend.apps.create(&panel.actor, form.clone()).await.expect("created");
    panel.backend.apps.create(&panel.actor, AppForm { name: "blog".into(), ..form }).await.expect("created");
    panel.backend.apps.create(&panel.actor, panel.form("image")).await.expect("created");
    let read = panel.token(&owner, "read", "").await;
    let only = panel.token(&owner, "deploy", "shop").await;
    let whole = panel.token(&owner, "deploy", "").await;
    let deploys = panel.token(&deployer, "deploy", "").await;
    for (token, repo, words) in [
        ("hpt_wrong", "shop", "Authentication failed"),
        (read.as_str(), "shop", "403"),
        (read.as_str(), "unknown", "403"),
        (only.as_str(), "blog", "not found"),
        (only.as_str(), "unknown", "not found"),
        (deploys.as_str(), "unknown", "not found"),
        (whole.as_str(), "image", "409"),
        (whole.as_str(), "../x", "not found"),
        (whole.as_str(), "a;b", "not found"),
        (whole.as_str(), "%2e%2e", "not found"),
        (whole.as_str(), "-x", "not found"),
        (whole.as_str(), "A", "not found"),
        (whole.as_str(), "$(id)", "not found"),
    ] {
        let said = git.git(&["push", &remote(&panel.origin, token, repo), "main"]).await;
        assert!(!said.ok && said.err.contains(words), "{repo}: {}", said.err);
    }
    let said = git.git(&["push", &remote(&panel.origin, &whole, "image"), "main"]).await;
    assert!(said.err.contains("remote: image runs the image"), "{}", said.err);
    let said = git.git(&["clone", &remote(&panel.origin, &read, "shop"), "../clone"]).await;
    assert!(!said.ok && said.err.contains("Nothing has been pushed yet"), "{}", said.err);
    assert_eq!(panel.backend.apps.list(&panel.actor).await.expect("listed").len(), 3);
    assert!(panel.ground.git.mirrors().expect("listed").is_empty(), "nothing was left behind");

    // The token for one app pushes there, and a deployer to what there is.
    for token in [&only, &deploys] {
        let said = git.git(&["push", &remote(&panel.origin, token, "shop"), "main"]).await;
        assert!(said.ok, "{}", said.err);
        git.write("index.html", "two").commit("second").await;
    }
    assert_eq!(panel.visit(&name("shop")).await, (200, "two".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_remote_named_like_a_host_gets_that_host_name() {
    let panel = Running::online().await;
    let owner = panel.person("owner").await;
    let token = panel.token(&owner, "deploy", "").await;
    let git = GitClient::new().await;
    git.write("index.html", "one").commit("first").await;
    git.must(&["branch", "--quiet", "topic"]).await;
    git.must(&["remote", "add", "homeport", &remote(&panel.origin, &token, "shop.example.com")]).await;
    let said = git.git(&["push", "homeport", "main", "topic"]).await;
    assert!(said.ok && said.err.contains("Live: http://shop.example.com"), "{}", said.err);
    let shop = name("shop-example-com");
    let app = panel.backend.apps.find(&panel.actor, &shop).await.expect("created");
    let names = panel.backend.domains.of_app(&panel.actor, &shop).await.expect("listed").names;
    assert_eq!(
        names.iter().map(|row| row.name.as_str()).collect::<Vec<_>>(),
        ["shop-example-com.apps.localhost", "shop.example.com"]
    );
    let Source::Files(files) = &app.spec.source else { panic!("{:?}", app.spec.source) };
    assert_eq!(files.origin, Origin::Push { branch: "main".parse().expect("a branch") });
    let answer = web::get(panel.ground.http_port, "shop.example.com", "/").await.expect("an answer");
    assert_eq!((answer.status, answer.body().trim()), (200, "one"));

    // Other branches and tags are kept, say that they deploy nothing, and can go again.
    git.write("index.html", "two").commit("second").await;
    git.must(&["tag", "v1"]).await;
    let said = git.git(&["push", "homeport", "HEAD:topic", "v1"]).await;
    assert!(
        said.ok && said.err.contains("Nothing is deployed: shop-example-com deploys the branch main."),
        "{}",
        said.err
    );
    assert!(git.must(&["ls-remote", "homeport"]).await.contains("refs/tags/v1"));
    let said = git.git(&["push", "homeport", "--delete", "topic"]).await;
    assert!(said.ok, "{}", said.err);
    let said = git.git(&["push", "homeport", "--delete", "main"]).await;
    assert!(!said.ok && said.err.contains("cannot be removed"), "{}", said.err);
    let said = git.git(&["push", "homeport", "HEAD:refs/homeport/pushed"]).await;
    assert!(!said.ok && said.err.contains("only branches and tags"), "{}", said.err);
    assert_eq!(panel.backend.deploys.list(&panel.actor, &shop).await.expect("listed").len(), 1);

    // The app's own name leads there, too; a second host of that name is refused.
    let said = git.git(&["push", &remote(&panel.origin, &token, "shop-example-com"), "main"]).await;
    assert!(said.ok, "{}", said.err);
    panel.backend.apps.create(&panel.actor, panel.form("taken-example-com")).await.expect("created");
    let said = git.git(&["push", &remote(&panel.origin, &token, "taken.example.com"), "main"]).await;
    assert!(!said.ok && said.err.contains("There is already an app named taken-example-com"), "{}", said.err);
    let own = git.git(&["push", &remote(&panel.origin, &token, "other.apps.localhost"), "main"]).await;
    assert!(own.ok, "{}", own.err);
    assert_eq!(panel.visit(&name("other")).await, (200, "two".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deploy_outlives_the_panel_and_the_client_that_pushed() {
    let panel = Running::online().await;
    let owner = panel.person("owner").await;
    let token = panel.token(&owner, "deploy", "").await;
    let git = GitClient::new().await;
    git.write("Dockerfile", dockerfile(&panel, "RUN [\"/bin/sleep\", \"3\"]\nENV VERSION=one"));
    let commit = git.commit("first").await;
    git.must(&["remote", "add", "homeport", &remote(&panel.origin, &token, "shop")]).await;
    let mut pushing = git.command(&["push", "homeport", "main"]).spawn().expect("git");
    let shop = name("shop");
    for _ in 0..1_000 {
        let steps = match panel.backend.deploys.find(&panel.actor, &shop, 1).await {
            Ok(detail) => detail.release.job.step,
            Err(_) => None,
        };
        if steps.as_deref() == Some("build") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let panel = panel.restart_online().await;
    assert!(!pushing.wait().await.expect("ended").success(), "the connection is gone");
    let detail = panel.ended(&shop, 1).await;
    assert_eq!(detail.release.job.state, JobState::Succeeded, "{:?}", detail.release.job.problem);
    assert_eq!(panel.visit(&shop).await, (200, "one".into()));
    assert!(git.must(&["ls-remote", &remote(&panel.origin, &token, "shop")]).await.contains(&commit));
}
