//! Environments on the real engine: what is set arrives, when it is to, and only there.

use std::collections::BTreeMap;

use homeport_model::{
    app::{EnvChange, EnvVar, env},
    deploy::{Artifact, Trigger},
    environment::{EnvFormat, Length, ScopeChoice, Spelling},
    name::AppName,
    prelude::{Actor, Role},
    problem::Code,
};

use crate::support::{
    git_server::GitServer,
    running::{Running, dockerfile, problem, succeeded},
};

/// The environment of the process that an app's container began with, as the kernel has it.
async fn environ(panel: &Running, app: &AppName) -> BTreeMap<String, String> {
    let id = panel.backend.apps.find(&panel.actor, app).await.expect("found").row.id;
    let ours = panel.ground.docker.list_ours().await.expect("listed");
    let container = ours.iter().find(|container| container.app() == Some(id.as_str())).expect("a container");
    let state = panel.ground.docker.inspect(&container.id).await.expect("answers").expect("is there");
    let bytes = std::fs::read(format!("/proc/{}/environ", state.pid.expect("runs"))).expect("readable");
    let text = String::from_utf8(bytes).expect("UTF-8");
    let pairs = text.split_terminator('\0').map(|pair| pair.split_once('=').expect("a pair"));
    pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

fn hostile() -> Vec<EnvVar> {
    let values = [
        ("LINES", "one\ntwo\r\n\nlast\n".to_owned()),
        ("QUOTES", "it's \"quoted\" `twice`".to_owned()),
        ("DOLLARS", "$HOME ${HOME} $(id) $$ \\$".to_owned()),
        ("HASHES", "# not a comment #neither".to_owned()),
        ("BACKSLASHES", "\\ \\n \\\\ end\\".to_owned()),
        ("UTF8", "Ünï ☃ 漢字 \u{1f600} \u{202e}".to_owned()),
        ("SPACES", "  \t both ends \t ".to_owned()),
        ("EQUALS", "=a=b=".to_owned()),
        ("EMPTY", String::new()),
        ("MARKUP", "<script>alert(1)</script>'; DROP TABLE apps;--".to_owned()),
        ("LONG", "x'\"$#\\\n".repeat(32 * 1024 / 7)),
    ];
    values.map(|(key, value)| EnvVar { key: key.parse().expect("a name"), value }).into()
}

#[tokio::test(flavor = "multi_thread")]
async fn values_arrive_byte_for_byte_and_are_taken_away_so_too() {
    let panel = Running::start().await;
    let app = panel.create(panel.form("shop")).await;
    let vars = hostile();
    panel.set(&app, &env::print(&vars)).await;
    succeeded(&panel.deploy(&app).await);
    let inside = environ(&panel, &app).await;
    for var in &vars {
        assert_eq!(inside.get(var.key.as_str()), Some(&var.value), "{} in the container", var.key);
    }

    let export = |format| panel.backend.environments.export(&panel.actor, Some(&app), format);
    let dotenv = export(EnvFormat::Dotenv).await.expect("exported").text;
    for var in env::parse(&dotenv).expect("our own parser reads it") {
        assert_eq!(inside.get(var.key.as_str()), Some(&var.value), "{} read back", var.key);
    }
    let file = panel.ground.state().join("taken.env");
    std::fs::write(&file, &dotenv).expect("written");
    for var in &vars {
        let script = format!(". \"$1\"; printf '%s' \"${}\"", var.key);
        let output = std::process::Command::new("/bin/sh").arg("-c").arg(script).arg("sh").arg(&file).output();
        let output = output.expect("a shell");
        assert!(output.stdout == var.value.as_bytes(), "{} read by a shell", var.key);
    }
    let json: BTreeMap<String, String> =
        serde_json::from_str(&export(EnvFormat::Json).await.expect("exported").text).expect("JSON");
    assert!(vars.iter().all(|var| json.get(var.key.as_str()) == Some(&var.value)));
    let file = export(EnvFormat::EnvFile).await.expect("exported");
    let left_out: Vec<_> = file.left_out.iter().map(|key| key.as_str()).collect();
    assert_eq!(left_out, ["LINES", "LONG"], "what has a line break cannot stand in such a file");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_needs_the_owner_with_a_fresh_passkey() {
    let panel = Running::start().await;
    let app = panel.create(panel.form("shop")).await;
    panel.set(&app, "SECRET_KEY=hush-hush-hush").await;
    for (actor, code) in [
        (Actor { role: Role::Deployer, ..panel.actor.clone() }, Code::Forbidden),
        (Actor { step_up_until: None, ..panel.actor.clone() }, Code::StepUpRequired),
    ] {
        let refused = panel.backend.environments.export(&actor, Some(&app), EnvFormat::Json).await;
        assert_eq!(refused.expect_err("refused").code, code);
    }
    let deployer = Actor { role: Role::Deployer, ..panel.actor.clone() };
    let environments = &panel.backend.environments;
    let key = "NEW".parse().expect("a name");
    let refusals = [
        environments.set(&deployer, None, "A=1", ScopeChoice::Keep).await.map(|_| ()),
        environments.preview(&deployer, Some(&app), "A=1", ScopeChoice::Keep).await.map(|_| ()),
        environments.generate(&deployer, Some(&app), &key, Length::Usual, Spelling::Hex).await,
        environments.bring_back(&deployer, Some(&app), 1).await.map(|_| ()),
        environments.unset(&deployer, Some(&app), &key).await,
    ];
    for refused in refusals {
        assert_eq!(refused.expect_err("only the owner may").code, Code::Forbidden);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn variables_of_all_apps_reach_every_app_that_has_none_of_the_name() {
    let panel = Running::start().await;
    let app = panel.create(panel.form("shop")).await;
    let environments = &panel.backend.environments;
    let all = |text: &'static str| environments.set(&panel.actor, None, text, ScopeChoice::Keep);
    assert_eq!(all("TZ=Europe/Berlin\nVERSION=of-all").await, Ok(2));
    panel.set(&app, "VERSION=own").await;
    succeeded(&panel.deploy(&app).await);
    assert_eq!(panel.visit(&app).await, (200, "own".into()));
    assert_eq!(environ(&panel, &app).await.get("TZ").map(String::as_str), Some("Europe/Berlin"));
    let page = environments.find(&panel.actor, Some(&app)).await.expect("found");
    let rows: Vec<_> = page.rows.iter().map(|row| (row.key.as_str(), row.of_all, row.pending)).collect();
    assert_eq!(rows, [("TZ", true, false), ("VERSION", false, false)]);

    all("TZ=UTC").await.expect("set");
    let pending = async || panel.backend.apps.find(&panel.actor, &app).await.expect("found").pending_env;
    assert_eq!(pending().await, 1, "a variable of all apps waits, too");
    environments.unset(&panel.actor, Some(&app), &"VERSION".parse().expect("a name")).await.expect("removed");
    assert_eq!(pending().await, 2);
    let number = panel.backend.deploys.restart(&panel.actor, &app).await.expect("queued");
    succeeded(&panel.ended(&app, number).await);
    assert_eq!(panel.visit(&app).await, (200, "of-all".into()));
    assert_eq!(pending().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_is_a_version_that_can_be_brought_back() {
    let panel = Running::start().await;
    let app = panel.create(panel.form("shop")).await;
    let environments = &panel.backend.environments;
    panel.set(&app, "A=one\nAPI_KEY=first-secret").await;
    panel.set(&app, "A=two\nB=new").await;
    panel.set(&app, "A=two").await;
    environments
        .generate(&panel.actor, Some(&app), &"API_KEY".parse().expect("a name"), Length::Long, Spelling::Base64)
        .await
        .expect("made");
    let versions = environments.versions(&panel.actor, Some(&app)).await.expect("listed");
    assert_eq!(versions.iter().map(|version| version.number).collect::<Vec<_>>(), [3, 2, 1], "the same again is none");
    let changes = |at: usize| {
        let changes = versions[at].changes.iter();
        changes.map(|(key, change)| (key.as_str().to_owned(), *change)).collect::<Vec<_>>()
    };
    assert_eq!(changes(1), [("A".into(), EnvChange::Changed), ("B".into(), EnvChange::Added)]);
    assert_eq!(versions[0].by, panel.actor.name);

    let rows = environments.difference(&panel.actor, Some(&app), 1, 3).await.expect("compared");
    let told: Vec<_> = rows.iter().map(|row| (row.key.as_str(), row.before.as_deref(), row.after.as_deref())).collect();
    assert_eq!(told, [("A", Some("one"), Some("two")), ("API_KEY", None, None), ("B", None, Some("new"))]);
    let preview = environments.preview(&panel.actor, Some(&app), "A=3\nAPI_KEY=x", ScopeChoice::Keep).await;
    let preview = serde_json::to_string(&preview.expect("previewed")).expect("JSON");
    assert!(preview.contains("\"two\"") && !preview.contains("\"x\""), "{preview}");

    assert_eq!(environments.bring_back(&panel.actor, Some(&app), 1).await, Ok(3));
    let text = environments.export(&panel.actor, Some(&app), EnvFormat::Dotenv).await.expect("exported").text;
    assert_eq!(text, "A=one\nAPI_KEY=first-secret\n");
    let newest = environments.versions(&panel.actor, Some(&app)).await.expect("listed").remove(0);
    assert_eq!((newest.number, newest.brought_back), (4, Some(1)));
    let gone = environments.bring_back(&panel.actor, Some(&app), 99).await.expect_err("there is none");
    assert_eq!(gone.code, Code::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn app_json_sets_what_it_declares_and_names_what_is_missing() {
    let panel = Running::start().await;
    let git = GitServer::start().await;
    let repository = git.repository("api");
    repository.write("Dockerfile", &dockerfile(&panel, "CMD [\"/start\"]"));
    let file = r#"{"env": {"VERSION": "declared", "SESSION_SECRET": {"generator": "secret"}, "SMTP_URL": {}}}"#;
    repository.write("app.json", file).push("first");
    let mut form = panel.form("api");
    (form.kind, form.repo) = ("dockerfile".into(), git.url("api").to_string());
    let app = panel.create(form).await;
    let failed = panel.deploy(&app).await;
    assert_eq!(problem(&failed).title, "app.json requires SMTP_URL, which is not set.");
    assert!(problem(&failed).hint.as_deref().is_some_and(|hint| hint.contains("/apps/api/environment")));

    panel.set(&app, "SMTP_URL=smtp://mail").await;
    succeeded(&panel.deploy(&app).await);
    assert_eq!(panel.visit(&app).await, (200, "declared".into()), "the release has it at once");
    let inside = environ(&panel, &app).await;
    let made = inside.get("SESSION_SECRET").expect("made").clone();
    assert!(made.len() == 64 && made.bytes().all(|b| b.is_ascii_hexdigit()), "{made}");
    let versions = panel.backend.environments.versions(&panel.actor, Some(&app)).await.expect("listed");
    assert_eq!(versions[0].by, "release 2");
    assert!(!panel.log(&app, 2).await.contains(&made));

    panel.set(&app, "VERSION=mine").await;
    succeeded(&panel.deploy(&app).await);
    assert_eq!(panel.visit(&app).await, (200, "mine".into()), "a value that is there stays");
    assert_eq!(environ(&panel, &app).await.get("SESSION_SECRET"), Some(&made));
}

#[tokio::test(flavor = "multi_thread")]
async fn build_variables_are_build_args_and_secrets_never_are() {
    let panel = Running::start().await;
    let git = GitServer::start().await;
    let repository = git.repository("api");
    let lines =
        "ARG COLOUR=none\nENV VERSION=$COLOUR\nRUN echo key-$COLOUR-of-$(echo open-sesame-now)\nCMD [\"/start\"]";
    repository.write("Dockerfile", &dockerfile(&panel, lines)).push("first");
    let mut form = panel.form("api");
    (form.kind, form.repo) = ("dockerfile".into(), git.url("api").to_string());
    let app = panel.create(form).await;
    let environments = &panel.backend.environments;
    environments.set(&panel.actor, Some(&app), "COLOUR=green", ScopeChoice::Build).await.expect("set");
    environments.set(&panel.actor, Some(&app), "DOOR_TOKEN=open-sesame-now", ScopeChoice::Build).await.expect("set");
    succeeded(&panel.deploy(&app).await);
    assert_eq!(panel.visit(&app).await, (200, "green".into()));
    let inside = environ(&panel, &app).await;
    assert!(!inside.contains_key("COLOUR") && !inside.contains_key("DOOR_TOKEN"), "they are for the build only");
    let log = panel.log(&app, 1).await;
    assert!(log.contains("key-green-of-••••••") && !log.contains("sesame"), "{log}");

    repository.write("Dockerfile", &dockerfile(&panel, "ARG DOOR_TOKEN\nCMD [\"/start\"]")).push("second");
    let refused = panel.deploy(&app).await;
    assert!(problem(&refused).title.contains("DOOR_TOKEN"), "{:?}", problem(&refused));
    assert!(problem(&refused).hint.as_deref().is_some_and(|hint| hint.contains("--mount=type=secret,id=DOOR_TOKEN")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_a_variable_is_refused_in_words() {
    let panel = Running::start().await;
    let app = panel.create(panel.form("shop")).await;
    for (text, says) in [
        ("PORT=80".to_owned(), "PORT is set by Homeport."),
        (format!("A={}", "x".repeat(32 * 1024 + 1)), "The value of A is longer than 32 KiB."),
        ("A='\0'".to_owned(), "Line 1: a value has no zero byte."),
        ("$(reboot)=1".to_owned(), "Line 1: A variable's name begins with a letter or an underscore."),
        ("A B=1".to_owned(), "Line 1: A variable's name has only letters, digits and underscores."),
        ((0..1_001).map(|n| format!("V{n}=1\n")).collect(), "That is too much: at most 1000 variables and 1 MiB."),
    ] {
        for owner in [Some(&app), None] {
            let refused = panel.backend.environments.set(&panel.actor, owner, &text, ScopeChoice::Keep).await;
            let refused = refused.expect_err(says);
            assert_eq!((refused.title.as_str(), refused.field.as_deref()), (says, Some("text")));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_applies_the_environment_without_a_build_and_loses_no_request() {
    let panel = Running::start().await;
    let app = panel.create(panel.form("shop")).await;
    let early = panel.backend.deploys.restart(&panel.actor, &app).await.expect_err("nothing serves yet");
    assert_eq!(early.code, Code::Conflict);
    panel.set(&app, "VERSION=one").await;
    let first = panel.deploy(&app).await;
    succeeded(&first);

    panel.set(&app, "VERSION=two").await;
    assert_eq!(panel.visit(&app).await, (200, "one".into()), "what runs keeps what it was started with");
    let number = panel.backend.deploys.restart(&panel.actor, &app).await.expect("queued");
    let restarted = panel.ended(&app, number).await;
    succeeded(&restarted);
    assert_eq!(panel.visit(&app).await, (200, "two".into()));
    assert_eq!(restarted.release.artifact, first.release.artifact);
    assert!(matches!(restarted.release.artifact, Some(Artifact::Image { .. })));
    assert!(matches!(&restarted.release.trigger, Trigger::Restarted { why, .. } if why == "1 variable changed"));
    assert_eq!(restarted.steps.first().map(|step| step.name.as_str()), Some("start"), "nothing is fetched or built");
    assert_eq!(restarted.proof.map(|proof| proof.failed), Some(0));
    let detail = panel.backend.apps.find(&panel.actor, &app).await.expect("found");
    assert_eq!(detail.pending_env, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_never_takes_the_place_of_a_deploy() {
    let panel = Running::start().await;
    let app = panel.create(panel.form("shop")).await;
    panel.set(&app, "VERSION=one").await;
    succeeded(&panel.deploy(&app).await);
    let number = panel.backend.deploys.deploy(&panel.actor, &app).await.expect("queued");
    let refused = panel.backend.deploys.restart(&panel.actor, &app).await.expect_err("a deploy is under way");
    assert_eq!(refused.code, Code::Conflict);
    succeeded(&panel.ended(&app, number).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn restarts_push_no_older_content_out() {
    let panel = Running::start().await;
    let app = panel.create(panel.form("shop")).await;
    panel.set(&app, "VERSION=one").await;
    succeeded(&panel.deploy(&app).await);
    for _ in 0..6 {
        let number = panel.backend.deploys.restart(&panel.actor, &app).await.expect("queued");
        succeeded(&panel.ended(&app, number).await);
    }
    let releases = panel.backend.deploys.list(&panel.actor, &app).await.expect("listed");
    assert_eq!(releases.len(), 7);
    assert!(releases.iter().all(|release| release.kept), "all have the content that serves");
}
