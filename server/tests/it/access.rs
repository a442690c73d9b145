//! Private repositories: a token over https, a deploy key over ssh, and whom both are shown to.

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use homeport_model::{
    access::{SignIn, SignInForm, Tried},
    app::AppForm,
    name::{AppName, RepoUrl},
    prelude::Actor,
    problem::{Code, Problem},
    secret::Secret,
};
use homeport_server::drivers::git::{Access, Error};
use http::StatusCode;

use crate::support::{
    git_server::{GitServer, Repository},
    namespace::Ground,
    panel::Panel,
    running::{Running, problem, succeeded},
    ssh_server::{self, SshServer},
};

/// Longer than anything that is in a process list by chance, and odd.
const TOKEN: &str = "tok3n-'\"$(touch /tmp/pwn-a);*?[]{}~!#&|<>%0a:@/é";

fn sign_in(token: &str) -> SignInForm {
    SignInForm { user: "ada@example.com".into(), token: token.into() }
}

/// A panel with a static site whose repository is at `url`.
async fn site(repo: &RepoUrl) -> (Running, AppName) {
    let panel = Running::start().await;
    let form = AppForm { kind: "static".into(), repo: repo.to_string(), ..panel.form("site") };
    let app = panel.create(form).await;
    (panel, app)
}

fn one_page(git: &GitServer) -> Repository {
    let repository = git.repository("site");
    repository.write("index.html", "one").push("first");
    repository
}

async fn refusal(panel: &Running, app: &AppName) -> Problem {
    match panel.backend.access.try_it(&panel.actor, app).await.expect("asked") {
        Tried::Refused { problem } => problem,
        other => panic!("not refused: {other:?}"),
    }
}

/// Reads what every process shows of itself, until it is told to stop; whether `text` was there.
fn look_for(text: &'static str, stop: Arc<AtomicBool>) -> thread::JoinHandle<bool> {
    thread::spawn(move || {
        let mut found = false;
        while !stop.load(Ordering::Relaxed) {
            for process in fs::read_dir("/proc").expect("proc").flatten() {
                let path = process.path();
                if path.file_name().is_some_and(|name| name.to_string_lossy() == std::process::id().to_string()) {
                    continue;
                }
                for file in ["cmdline", "environ"] {
                    let shown = fs::read(path.join(file)).unwrap_or_default();
                    found |= String::from_utf8_lossy(&shown).contains(text);
                }
            }
            thread::sleep(Duration::from_millis(2));
        }
        found
    })
}

/// Files below a folder that have `text` in them.
fn files_with(folder: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let (path, kind) = (entry.path(), entry.file_type().expect("a kind"));
        if kind.is_dir() {
            found.extend(files_with(&path, text));
        } else if kind.is_file() {
            let bytes = fs::read(&path).unwrap_or_default();
            if bytes.windows(text.len()).any(|piece| piece == text.as_bytes()) {
                found.push(path.display().to_string());
            }
        }
    }
    found
}

fn papers(panel: &Running) -> Vec<String> {
    let names = fs::read_dir(panel.ground.state().join("git")).expect("a folder").flatten();
    names
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with("access-"))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_opens_a_repository_and_is_seen_by_nobody() {
    let git = GitServer::start().await;
    one_page(&git);
    git.lock("ada@example.com", TOKEN);
    let (panel, app) = site(&git.url("site")).await;
    let access = &panel.backend.access;
    let wanted = panel.deploy(&app).await;
    assert!(problem(&wanted).title.contains("wants a sign-in"), "{:?}", problem(&wanted));
    assert!(problem(&wanted).hint.as_ref().is_some_and(|hint| hint.contains("user and a token")));

    access.set_sign_in(&panel.actor, &app, sign_in("wrong-token-of-mine")).await.expect("kept");
    let wrong = refusal(&panel, &app).await;
    assert!(wrong.title.contains("refuses this user and token"), "{wrong}");

    access.set_sign_in(&panel.actor, &app, sign_in(TOKEN)).await.expect("kept");
    let stop = Arc::new(AtomicBool::new(false));
    let watch = look_for("tok3n-", stop.clone());
    let tried = access.try_it(&panel.actor, &app).await.expect("asked");
    assert!(matches!(&tried, Tried::Works { met: None, .. }), "{tried:?}");
    let detail = panel.deploy(&app).await;
    stop.store(true, Ordering::Relaxed);
    assert!(!watch.join().expect("looked"), "the token stood in a process list");
    succeeded(&detail);
    assert_eq!(panel.visit(&app).await, (200, "one".into()));
    assert!(!panel.log(&app, detail.release.number).await.contains("tok3n"));
    assert_eq!(files_with(panel.ground.state(), "tok3n-"), Vec::<String>::new(), "it is kept in the open");
    assert_eq!(papers(&panel), Vec::<String>::new());

    let view = access.find(&panel.actor, &app).await.expect("found");
    assert_eq!(view.sign_in.as_ref().map(|row| row.user.as_str()), Some("ada@example.com"));
    assert!(!serde_json::to_string(&view).expect("text").contains("tok3n"));
    access.remove_sign_in(&panel.actor, &app).await.expect("forgotten");
    assert!(refusal(&panel, &app).await.title.contains("wants a sign-in"));
    assert_eq!(access.remove_sign_in(&panel.actor, &app).await.expect_err("gone").code, Code::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_shown_to_its_origin_only() {
    let (own, other) = (GitServer::start().await, GitServer::start().await);
    one_page(&own);
    one_page(&other);
    own.lock("ada@example.com", TOKEN);
    let (panel, app) = site(&own.url("site")).await;
    panel.backend.access.set_sign_in(&panel.actor, &app, sign_in(TOKEN)).await.expect("kept");
    succeeded(&panel.deploy(&app).await);
    // The app moves to another server: the token stays behind.
    let form = AppForm { kind: "static".into(), repo: other.url("site").to_string(), ..panel.form("site") };
    panel.backend.apps.change(&panel.actor, &app, form).await.expect("changed");
    other.lock("eve", "x");
    assert!(refusal(&panel, &app).await.title.contains("wants a sign-in"));
    assert_eq!(other.seen(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_takes_no_token_along() {
    let (own, other) = (GitServer::start().await, GitServer::start().await);
    one_page(&own);
    let sha = other.repository("site").write("index.html", "theirs").push("theirs");
    own.send_on(&other);
    let ground = Ground::new();
    let url = own.url("site");
    let sign_in = SignIn { user: "ada@example.com".parse().expect("a user"), token: Secret::new(TOKEN.into()) };
    let access = Access::signing_in(url.origin().expect("an origin"), sign_in);
    let git = ground.git.with_access(access);
    let main = "main".parse().expect("a branch");
    // Sent on to an open server: that is served, without the token.
    let fetched = git.fetch(&ground.app, &url, &main, |_| {}).await.expect("fetched");
    assert_eq!(fetched.as_str(), sha);
    assert_eq!(other.seen(), Vec::<String>::new());
    // Sent on to one that asks for it.
    other.lock("ada@example.com", TOKEN);
    let refused = git.fetch(&ground.app, &url, &main, |_| {}).await;
    assert!(matches!(refused, Err(Error::SignInRefused | Error::SignInWanted)), "{refused:?}");
    assert_eq!((own.seen(), other.seen()), (Vec::new(), Vec::<String>::new()));
    // Sent on only after the token was shown.
    own.lock("ada@example.com", TOKEN);
    let refused = git.fetch(&ground.app, &url, &main, |_| {}).await;
    assert!(refused.is_err(), "{refused:?}");
    assert!(!own.seen().is_empty());
    assert_eq!(other.seen(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deploy_key_opens_a_repository_over_ssh_and_a_host_is_known_by_its_key() {
    let (git, mut ssh) = (GitServer::start().await, SshServer::start().await);
    one_page(&git);
    let (panel, app) = site(&ssh.url(&git.path("site"))).await;
    let access = &panel.backend.access;
    let wanted = refusal(&panel, &app).await;
    assert!(wanted.title.contains("nobody in without a key"), "{wanted}");

    access.make_key(&panel.actor, &app).await.expect("made");
    let view = access.find(&panel.actor, &app).await.expect("found");
    let key = view.key.expect("a key");
    assert_eq!(view.host.expect("met").fingerprint, ssh.fingerprint(), "met when it was asked first");
    let file = panel.ground.state().join("shown.pub");
    fs::write(&file, &key.public).expect("written");
    assert_eq!(ssh_server::fingerprint(&file), key.fingerprint);
    let unknown = refusal(&panel, &app).await;
    assert!(unknown.title.contains("does not know the app's deploy key"), "{unknown}");

    ssh.let_in(&key.public);
    let tried = access.try_it(&panel.actor, &app).await.expect("asked");
    assert!(matches!(&tried, Tried::Works { met: None, .. }), "{tried:?}: {}", ssh.log());
    let detail = panel.deploy(&app).await;
    succeeded(&detail);
    assert_eq!(panel.visit(&app).await, (200, "one".into()));
    assert_eq!(files_with(panel.ground.state(), "PRIVATE KEY"), Vec::<String>::new());
    assert_eq!(papers(&panel), Vec::<String>::new());

    // Somebody else stands there now.
    ssh.renew().await;
    let before = ssh.log().len();
    let refused = panel.deploy(&app).await;
    assert!(problem(&refused).title.contains("another key than the one it is known by"), "{:?}", problem(&refused));
    let shown = ssh.log()[before..].to_owned();
    assert!(!shown.contains("publickey") && !shown.contains("Accepted"), "a key was shown: {shown}");
    let tried = access.try_it(&panel.actor, &app).await.expect("asked");
    let Tried::OtherKey { known, offered } = tried else { panic!("{tried:?}") };
    assert_eq!(offered, ssh.fingerprint());
    let not_that = access.trust_host(&panel.actor, &app, &known.fingerprint).await.expect_err("refused");
    assert_eq!(not_that.code, Code::Conflict);
    access.trust_host(&panel.actor, &app, &offered).await.expect("accepted");
    succeeded(&panel.deploy(&app).await);

    // A new key makes the old one void here, though its host still lets that one in.
    access.make_key(&panel.actor, &app).await.expect("made");
    assert!(refusal(&panel, &app).await.title.contains("does not know"));
    access.remove_key(&panel.actor, &app).await.expect("removed");
    assert!(refusal(&panel, &app).await.title.contains("without a key"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_contact_is_told_in_the_log() {
    let (git, ssh) = (GitServer::start().await, SshServer::start().await);
    one_page(&git);
    let (panel, app) = site(&ssh.url(&git.path("site"))).await;
    panel.backend.access.make_key(&panel.actor, &app).await.expect("made");
    let key = panel.backend.access.find(&panel.actor, &app).await.expect("found").key.expect("a key");
    ssh.let_in(&key.public);
    let detail = panel.deploy(&app).await;
    succeeded(&detail);
    let log = panel.log(&app, detail.release.number).await;
    let told = format!("was met for the first time. Its key is {}", ssh.fingerprint());
    assert!(log.contains(&told), "{log}");
    assert!(!log.contains("PRIVATE"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_host_refuses_is_told_in_words() {
    let git = GitServer::start().await;
    one_page(&git);
    let ground = Ground::new();
    let main = "main".parse().expect("a branch");
    let ask = async |url: &RepoUrl| ground.git.ask(url, &main).await;
    let sha = ask(&git.url("site")).await.expect("answers");
    assert_eq!(sha.as_str().len(), 40);
    let none = ground.git.ask(&git.url("site"), &"nothing".parse().expect("a branch")).await;
    assert!(matches!(none, Err(Error::NoSuchRef { .. })), "{none:?}");
    let absent = ask(&git.url("nothing")).await;
    assert!(matches!(absent, Err(Error::NotFound)), "{absent:?}");
    git.say("403 Forbidden");
    let forbidden = ask(&git.url("site")).await;
    assert!(matches!(forbidden, Err(Error::NoRight)), "{forbidden:?}");
    for away in
        ["https://nowhere.invalid/a", "ssh://git@nowhere.invalid/a", "ssh://git@127.0.0.1:1/a", "https://127.0.0.1:1/a"]
    {
        let away = ask(&away.parse().expect("an address")).await;
        assert!(matches!(away, Err(Error::HostAway { .. })), "{away:?}");
    }
}

#[tokio::test]
async fn only_an_owner_changes_access_and_hostile_fields_are_refused_politely() {
    let (panel, owner) = Panel::claimed().await;
    let form = AppForm {
        name: "shop".into(),
        kind: "static".into(),
        repo: "https://git.example.com/ada/shop".into(),
        ..AppForm::default()
    };
    panel.parts.backend.apps.create(&Actor::host(), form).await.expect("created");
    let set = |user: &str, token: &str| {
        let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        format!("app=shop&form[user]={}&form[token]={}", encode(user), encode(token))
    };
    for (user, token, field) in [
        ("", "t", "user"),
        ("a:b", "t", "user"),
        ("a\nb", "t", "user"),
        ("a\0b", "t", "user"),
        ("ada", "", "token"),
        ("ada", "a\r\nX: y", "token"),
        ("ada", "a\0b", "token"),
        ("ada", "a\u{1b}[2J", "token"),
    ] {
        let answer = owner.browser.form("/api/ui/access/set-sign-in", &set(user, token)).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{user:?} {token:?}: {answer:?}");
        assert_eq!(answer.json()["field"], field, "{answer:?}");
    }
    let answer = owner.browser.form("/api/ui/access/set-sign-in", &set("ada", TOKEN)).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let view = owner.browser.get("/api/ui/access/find?app=shop").await;
    assert!(view.text().contains("ada") && !view.text().contains("tok3n"), "{view:?}");
    let actions = panel.actions().await;
    assert_eq!(actions.last().map(String::as_str), Some("access.set_sign_in"));
    // A key is for ssh, a token for https; there is nothing to compare without a server.
    let trusted = owner.browser.form("/api/ui/access/trust-host", "app=shop&fingerprint=SHA256:x").await;
    assert_eq!(trusted.status, StatusCode::CONFLICT, "{trusted:?}");
    for app in ["nothing", "..", "a;b", "%00"] {
        let answer = owner.browser.form("/api/ui/access/make-key", &format!("app={app}")).await;
        assert!(matches!(answer.status.as_u16(), 404 | 422 | 400), "{app}: {answer:?}");
    }
}
