//! Cloudflare Tunnel on the real engines, with a stand-in for `cloudflared`: its container, the listener on
//! loopback, and names that come in there and nowhere else.

mod names;
mod panel;

use std::{fs, time::Duration};

use bollard::{
    models::{ContainerCreateBody, HostConfig, RestartPolicyNameEnum},
    query_parameters::{CreateContainerOptions, RemoveContainerOptions},
};
use homeport_model::{
    prelude::Code,
    text::base64,
    tunnel::{SIDECAR, TunnelForm, TunnelState, TunnelView},
};
use homeport_server::{config::Config, drivers::docker::ContainerState};
use http::StatusCode;

use crate::{
    docker_surface::ALLOWED,
    support::{
        images,
        namespace::Ground,
        panel::Panel,
        recording::Recording,
        running::{Running, config},
    },
};

const ID: &str = "6ff42ae2-765d-4adf-8112-31c55c1551ef";

/// A token as Cloudflare makes them; another `secret` makes another one of the same tunnel.
fn token(secret: u8) -> String {
    let secret = base64(&[secret; 32], false);
    base64(format!(r#"{{"a":"699d98642c564d2e855e9661899b7252","t":"{ID}","s":"{secret}"}}"#).as_bytes(), false)
}

async fn keep(panel: &Running, secret: u8) {
    let typed = format!("sudo cloudflared service install {}", token(secret));
    panel.backend.tunnel.keep(&panel.actor, TunnelForm { token: typed }).await.expect("kept");
}

async fn view(panel: &Running) -> TunnelView {
    panel.backend.tunnel.find(&panel.actor).await.expect("shown")
}

/// Waits until the tunnel is as it should be.
async fn becomes(panel: &Running, wanted: impl Fn(&TunnelState) -> bool) -> TunnelView {
    for _ in 0..400 {
        let view = view(panel).await;
        if wanted(&view.state) {
            return view;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it never came to that: {:?}", view(panel).await);
}

async fn connects(panel: &Running) -> TunnelView {
    becomes(panel, |state| *state == TunnelState::Connected { connections: 4 }).await
}

async fn container(panel: &Running) -> Option<ContainerState> {
    panel.ground.docker.find_sidecar(SIDECAR).await.expect("asked")
}

/// A panel whose stand-in for `cloudflared` has four connections.
async fn with_connector() -> Running {
    let panel = Running::start().await;
    images::connector(&panel.ground.namespace, "serve \"$@\"", 4).await;
    panel
}

#[tokio::test(flavor = "multi_thread")]
async fn the_connector_is_hardened_and_its_token_is_nowhere_to_be_read() {
    let ground = Ground::new();
    let image = images::connector(&ground.namespace, "echo \"$@\"; serve \"$@\"", 4).await;
    let recording = Recording::start(ground.state());
    let config = Config { docker_socket: recording.socket.clone(), ..config(&ground) };
    let panel = Running::with(ground, config).await;
    assert_eq!(view(&panel).await.state, TunnelState::None);
    keep(&panel, 7).await;
    let shown = connects(&panel).await;
    assert_eq!(shown.tunnel.as_ref().expect("a tunnel").id.as_str(), ID);
    assert_eq!(shown.service, format!("http://127.0.0.1:{}", panel.ground.tunnel_ports.0));
    assert!(shown.since.is_some());

    let there = container(&panel).await.expect("a container");
    assert_eq!(there.name, format!("{}-tunnel", panel.ground.namespace));
    let raw = bollard::Docker::connect_with_local_defaults().expect("the engine");
    let made = raw.inspect_container(there.id.as_str(), None).await.expect("inspected");
    let host: HostConfig = made.host_config.expect("a configuration");
    assert_eq!(host.network_mode.as_deref(), Some("host"));
    assert_eq!((host.readonly_rootfs, host.privileged, host.init), (Some(true), Some(false), Some(true)));
    assert_eq!(host.cap_drop, Some(vec!["ALL".into()]));
    assert!(host.cap_add.unwrap_or_default().is_empty() && host.binds.unwrap_or_default().is_empty());
    assert!(host.mounts.unwrap_or_default().is_empty() && host.port_bindings.unwrap_or_default().is_empty());
    assert_eq!(host.security_opt, Some(vec!["no-new-privileges".into()]));
    assert_eq!((host.memory, host.memory_swap, host.pids_limit), (Some(256 << 20), Some(256 << 20), Some(256)));
    assert_eq!(host.restart_policy.and_then(|policy| policy.name), Some(RestartPolicyNameEnum::UNLESS_STOPPED));
    let of_image = made.config.expect("a configuration");
    let metrics = format!("127.0.0.1:{}", panel.ground.tunnel_ports.1);
    let words = ["tunnel", "--no-autoupdate", "--metrics", &metrics, "run"].map(str::to_owned);
    assert_eq!((of_image.user.as_deref(), of_image.cmd), (Some("65532:65532"), Some(words.to_vec())));
    assert_eq!(made.image.as_deref(), Some(image.as_str()));
    // The image would say how it is to everybody, and be asked by the engine at an address of its own.
    assert!(of_image.env.expect("variables").contains(&format!("TUNNEL_METRICS={metrics}")));
    assert_eq!(of_image.healthcheck.and_then(|check| check.test), Some(vec!["NONE".to_owned()]));

    // Neither arguments, nor its log, nor labels, nor answers, nor the audit, nor the store show the token.
    let token = token(7);
    for process in fs::read_dir("/proc").expect("listed").filter_map(Result::ok) {
        let words = fs::read(process.path().join("cmdline")).unwrap_or_default();
        assert!(!String::from_utf8_lossy(&words).contains(&token), "{process:?}");
    }
    let lines = panel.ground.docker.last_lines(&there.id, 20).await.expect("lines");
    assert!(lines.iter().any(|line| line.text.contains("--no-autoupdate")), "{lines:?}");
    let shown = serde_json::to_string(&shown).expect("json");
    let audit = serde_json::to_string(&panel.backend.activity.audit(&panel.actor, None).await.expect("listed"));
    let texts = [format!("{lines:?} {:?}", there.labels), shown, audit.expect("json")];
    assert!(texts.iter().all(|text| !text.contains("eyJ") && !text.contains(&token[20..60])), "{texts:?}");
    assert!(texts[2].contains("tunnel.keep"));
    let sealed: Vec<u8> =
        sqlx::query_scalar("SELECT sealed FROM tunnel").fetch_one(panel.db.reader()).await.expect("kept");
    assert!(!sealed.windows(20).any(|part| part == &token.as_bytes()[..20]));

    panel.backend.tunnel.remove(&panel.actor).await.expect("removed");
    becomes(&panel, |state| *state == TunnelState::None).await;
    let calls = recording.calls();
    let unknown: Vec<_> = calls.iter().filter(|call| !ALLOWED.contains(&call.as_str())).collect();
    assert!(!calls.is_empty() && unknown.is_empty(), "not on the list: {unknown:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_connector_outlives_the_panel_and_goes_with_its_token() {
    let panel = with_connector().await;
    keep(&panel, 7).await;
    connects(&panel).await;
    let first = container(&panel).await.expect("a container");
    let ground = panel.end().await;
    let meanwhile = ground.docker.find_sidecar(SIDECAR).await.expect("asked").expect("it lives");
    assert!(meanwhile.running && meanwhile.id == first.id);
    let panel = Running::on(ground).await;
    connects(&panel).await;
    assert_eq!(container(&panel).await.expect("a container").id, first.id, "it was taken as it was");
    // Whoever stops it by hand does not keep it stopped.
    panel.ground.docker.stop(&first.id, 1).await.expect("stopped");
    panel.services.tunnel.reconcile().await.expect("looked");
    assert!(container(&panel).await.expect("a container").running);
    keep(&panel, 8).await;
    for _ in 0..400 {
        if container(&panel).await.is_some_and(|there| there.id != first.id && there.running) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let second = container(&panel).await.expect("a container");
    assert_ne!(second.id, first.id, "another token is another container");
    connects(&panel).await;

    panel.backend.tunnel.remove(&panel.actor).await.expect("removed");
    becomes(&panel, |state| *state == TunnelState::None).await;
    for _ in 0..400 {
        if container(&panel).await.is_none() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the container stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_keeps_it_from_connecting_is_said_in_words() {
    // No image, and nobody who has it.
    let ground = Ground::new();
    let image = "127.0.0.1:1/none/cloudflared:1";
    let config = Config { tunnel_image: image.parse().expect("an image"), ..config(&ground) };
    let panel = Running::with(ground, config).await;
    keep(&panel, 7).await;
    let shown = becomes(&panel, |state| matches!(state, TunnelState::Trouble { .. })).await;
    let TunnelState::Trouble { problem } = shown.state else { panic!("{shown:?}") };
    assert!(problem.code == Code::Engine && problem.title.contains(image), "{problem}");
    assert!(problem.hint.is_some_and(|hint| hint.contains("--tunnel-image")));
    drop(panel);

    // It has no connection, and speaks of why; it ends, and its words may hold what it was given.
    for (script, connections, wanted) in [
        ("echo '2026-11-28T10:00:00Z ERR Unable to reach the edge'; serve \"$@\"", 0, "Unable to reach the edge"),
        ("echo \"2026-11-28T10:00:00Z ERR Unauthorized: $TUNNEL_TOKEN\"; exit 1", 0, "Unauthorized: ••••••"),
    ] {
        let panel = Running::start().await;
        images::connector(&panel.ground.namespace, script, connections).await;
        keep(&panel, 7).await;
        let shown = becomes(&panel, |state| format!("{state:?}").contains(wanted)).await;
        match shown.state {
            TunnelState::Connecting { said } => assert_eq!(said.as_deref(), Some(wanted)),
            TunnelState::Trouble { problem } => {
                assert!(problem.title.contains("with code 1") || problem.title.contains("again"), "{problem}");
            }
            other => panic!("{other:?}"),
        }
        assert!(!serde_json::to_string(&view(&panel).await).expect("json").contains("eyJ"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_somebody_has_is_said_before_nginx_stumbles_over_it() {
    let panel = with_connector().await;
    let holder = std::net::TcpListener::bind(("127.0.0.1", panel.ground.tunnel_ports.0.get())).expect("free");
    let form = TunnelForm { token: token(7) };
    let refused = panel.backend.tunnel.keep(&panel.actor, form).await.expect_err("taken");
    assert!(refused.code == Code::Conflict && refused.title.contains(&std::process::id().to_string()), "{refused}");
    assert!(view(&panel).await.tunnel.is_none());
    drop(holder);
    keep(&panel, 7).await;
    connects(&panel).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_container_of_that_name_is_left_alone() {
    let panel = with_connector().await;
    let image = images::connector_name(&panel.ground.namespace);
    let name = format!("{}-tunnel", panel.ground.namespace);
    let raw = bollard::Docker::connect_with_local_defaults().expect("the engine");
    let options = CreateContainerOptions { name: Some(name.clone()), ..Default::default() };
    let body = ContainerCreateBody { image: Some(image.to_string()), ..Default::default() };
    let foreign = raw.create_container(Some(options), body).await.expect("created").id;
    keep(&panel, 7).await;
    let shown = becomes(&panel, |state| matches!(state, TunnelState::Trouble { .. })).await;
    panel.backend.tunnel.remove(&panel.actor).await.expect("removed");
    panel.services.tunnel.reconcile().await.expect("looked");
    let there = raw.inspect_container(&foreign, None).await.is_ok();
    let options = RemoveContainerOptions { force: true, ..Default::default() };
    raw.remove_container(&foreign, Some(options)).await.expect("removed");
    assert!(there);
    assert!(format!("{:?}", shown.state).contains(&name), "{:?}", shown.state);
}

#[tokio::test]
async fn only_an_owner_with_a_fresh_passkey_keeps_a_token_and_nothing_else_is_one() {
    let (panel, mut owner) = Panel::claimed().await;
    let keep = |token: &str| format!("form[token]={token}");
    let early = owner.browser.form("/api/ui/tunnel/keep", &keep(&token(7))).await;
    assert_eq!(early.status, StatusCode::FORBIDDEN);
    assert_eq!(owner.browser.form("/api/ui/tunnel/remove", "").await.status, StatusCode::FORBIDDEN);
    owner.step_up().await;
    for typed in [
        "",
        "eyJ",
        "--config%3D/etc/passwd",
        "%24(touch+/tmp/pwn-t)",
        "a%0D%0ASet-Cookie:+a%3Db",
        "x%00y",
        "cloudflared%3B+id",
        "cloudflared+tunnel+login",
        "%7B%22a%22%3A1%7D",
        &"A".repeat(5_000),
    ] {
        let answer = owner.browser.form("/api/ui/tunnel/keep", &keep(typed)).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{typed}: {answer:?}");
        assert_eq!(answer.json()["field"], "token", "{typed}");
    }
    assert_eq!(owner.browser.form("/api/ui/tunnel/remove", "").await.status, StatusCode::NOT_FOUND);
    let found = owner.browser.get("/api/ui/tunnel/find").await.json();
    assert_eq!((&found["tunnel"], &found["state"]["kind"]), (&serde_json::Value::Null, &"none".into()));
    // A name of the panel comes in by a tunnel only where there is one.
    let refused =
        owner.browser.form("/api/ui/panel-domain/try-name", "form[name]=in.home.example&form[way]=tunnel").await;
    assert!(refused.status == StatusCode::CONFLICT && refused.text().contains("no tunnel"), "{refused:?}");
    assert_eq!(
        owner.browser.form("/api/ui/panel-domain/try-name", "form[name]=in.home.example").await.status,
        StatusCode::OK
    );
    let refused = owner.browser.form("/api/ui/panel-domain/set-way", "name=in.home.example&tunnel=on").await;
    assert!(refused.status == StatusCode::CONFLICT && refused.text().contains("no tunnel"), "{refused:?}");
    for name in ["other.example.com", "localhost.example"] {
        let refused = owner.browser.form("/api/ui/panel-domain/set-way", &format!("name={name}&tunnel=on")).await;
        assert_eq!(refused.status, StatusCode::NOT_FOUND, "{name}");
    }
    assert!(!panel.actions().await.iter().any(|action| action.starts_with("tunnel.")));
}
