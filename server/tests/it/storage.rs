//! Storage, ports and options on the real engine: what is asked for is there, what is not is not,
//! and nothing that a person can type reaches past it.

use std::{net::UdpSocket, os::unix::fs::MetadataExt, time::Duration};

use homeport_model::{
    app::{NeedForm, NeedsView},
    deploy::container::{LABEL_APP_NAME, LABEL_NAMESPACE, LABEL_VOLUME},
    job::JobState,
    name::{AppName, Port},
    prelude::{Actor, Code, Problem, Role},
};

use crate::support::{
    git_server::GitServer,
    namespace::free_port,
    running::{Running, dockerfile, problem, succeeded},
    volumes, web,
};

fn mount(from: &str, to: &str) -> NeedForm {
    NeedForm { kind: "mount".into(), text: from.into(), to: to.into(), ..NeedForm::default() }
}

fn read_only(from: &str, to: &str) -> NeedForm {
    NeedForm { read_only: "yes".into(), ..mount(from, to) }
}

fn published(text: &str) -> NeedForm {
    NeedForm { kind: "published".into(), text: text.into(), ..NeedForm::default() }
}

fn option(text: &str) -> NeedForm {
    NeedForm { kind: "option".into(), text: text.into(), ..NeedForm::default() }
}

async fn add(panel: &Running, app: &AppName, form: NeedForm) {
    let shown = format!("{form:?}");
    let added = panel.backend.apps.add_need(&panel.actor, app, form).await;
    added.unwrap_or_else(|problem| panic!("{shown}: {problem}"));
}

async fn refused(panel: &Running, app: &AppName, form: NeedForm) -> Problem {
    let shown = format!("{form:?}");
    panel.backend.apps.add_need(&panel.actor, app, form).await.err().unwrap_or_else(|| panic!("accepted: {shown}"))
}

async fn needs(panel: &Running, app: &AppName) -> NeedsView {
    panel.backend.apps.needs(&panel.actor, app).await.expect("shown")
}

/// An app whose container runs `script` and then serves `/www`.
async fn scripted(panel: &Running, git: &GitServer, name: &str, script: &str) -> AppName {
    let repository = git.repository(name);
    repository.write("run", &format!("#!/bin/sh\n{script}\nexec httpd -f -p \"$PORT\" -h /www\n"));
    let lines = "COPY run /run-it\nRUN [\"/bin/busybox\", \"chmod\", \"755\", \"/run-it\"]\nCMD [\"/run-it\"]";
    repository.write("Dockerfile", &dockerfile(panel, lines)).push("first");
    let mut form = panel.form(name);
    (form.kind, form.repo) = ("dockerfile".into(), git.url(name).to_string());
    panel.create(form).await
}

async fn delete(panel: &Running, app: &AppName, volumes: bool) {
    let job = if volumes {
        panel.backend.apps.delete_with_volumes(&panel.actor, app, app.as_str()).await
    } else {
        panel.backend.apps.delete(&panel.actor, app, app.as_str()).await
    };
    let job = job.expect("queued");
    for _ in 0..1_500 {
        let state = panel.backend.deploys.job(&panel.actor, &job).await.expect("found").state;
        if state.is_final() {
            assert_eq!(state, JobState::Succeeded);
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{app} was never removed");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_app_writes_to_its_volume_outlives_releases_and_the_app() {
    let panel = Running::start().await;
    let git = GitServer::start().await;
    let script = "echo \"$VERSION\" >> /data/log\ncat /data/log > /www/index.html";
    let app = scripted(&panel, &git, "diary", script).await;
    add(&panel, &app, mount("pages", "/data")).await;
    assert!(!needs(&panel, &app).await.volumes.expect("volumes")[0].exists, "made with the next deploy");
    panel.set(&app, "VERSION=one").await;
    succeeded(&panel.deploy(&app).await);
    assert_eq!(panel.visit(&app).await, (200, "one".into()));
    panel.set(&app, "VERSION=two").await;
    succeeded(&panel.deploy(&app).await);
    assert_eq!(panel.visit(&app).await, (200, "one\ntwo".into()));
    let view = needs(&panel, &app).await;
    assert!(!view.pending);
    let volume = &view.volumes.expect("volumes")[0];
    assert!(volume.exists && volume.mounted);
    assert_eq!(volume.name, format!("{}-diary.pages", panel.ground.namespace));

    let name = "pages".parse().expect("a name");
    let mounted = panel.backend.apps.remove_volume(&panel.actor, &app, &name).await.expect_err("it is mounted");
    assert_eq!(mounted.code, Code::Conflict);

    delete(&panel, &app, false).await;
    assert_eq!(volumes::all(&panel.ground.namespace).await.len(), 1, "kept unless it was ticked");
    let app = panel.create(panel.form("diary")).await;
    let kept = needs(&panel, &app).await.volumes.expect("volumes");
    assert!(kept[0].exists && !kept[0].mounted);
    add(&panel, &app, mount("pages", "/www")).await;
    succeeded(&panel.deploy(&app).await);
    let answer = web::get(panel.ground.http_port, "diary.apps.localhost", "/log").await.expect("an answer");
    assert_eq!(answer.body().trim(), "one\ntwo", "an app of the same name finds them");

    delete(&panel, &app, true).await;
    assert!(volumes::all(&panel.ground.namespace).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_volume_and_a_folder_belong_to_their_owner_from_the_start() {
    let panel = Running::start().await;
    let git = GitServer::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let inner = folder.path().join("media");
    let script = "{ busybox stat -c %u:%g /data /media /kept; touch /mods/x || echo read-only; touch /media/new; } > /www/index.html 2>&1";
    let app = scripted(&panel, &git, "media", script).await;
    add(&panel, &app, NeedForm { owner: "herokuish".into(), ..mount("data", "/data") }).await;
    add(&panel, &app, NeedForm { owner: "1234:567".into(), ..mount(inner.to_str().expect("text"), "/media") }).await;
    let kept = folder.path().join("kept");
    std::fs::create_dir(&kept).expect("made");
    add(&panel, &app, NeedForm { owner: "7:7".into(), ..mount(kept.to_str().expect("text"), "/kept") }).await;
    add(&panel, &app, read_only("/usr/share/zoneinfo", "/mods")).await;
    succeeded(&panel.deploy(&app).await);
    let (_, body) = panel.visit(&app).await;
    assert!(body.starts_with("32767:32767\n1234:567\n0:0\n"), "what was there stays whose it was: {body}");
    assert!(body.contains("Read-only file system") && body.ends_with("read-only"), "{body}");
    assert!(inner.join("new").exists(), "it is the server's own folder");
    assert_eq!(std::fs::metadata(&inner).expect("there").uid(), 1234);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_leads_into_the_server_is_refused_when_it_is_given() {
    let panel = Running::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let link = folder.path().join("link");
    let path = link.to_str().expect("text");
    let state = panel.ground.state().to_str().expect("text").to_owned();
    let app = panel.create(panel.form("thief")).await;
    for target in ["/etc", "/var/run/docker.sock", "/proc/self/root", "/var/lib/docker", &state] {
        let _ = std::fs::remove_file(&link);
        std::os::unix::fs::symlink(target, &link).expect("linked");
        add(&panel, &app, mount(path, "/loot")).await;
        let ended = panel.deploy(&app).await;
        assert!(problem(&ended).title.contains("leads to"), "{target}: {:?}", problem(&ended));
        let spelt = format!("{path}:/loot");
        panel.backend.apps.remove_need(&panel.actor, &app, "mount", &spelt).await.expect("removed");
    }
    add(&panel, &app, mount(&format!("{state}/nginx"), "/loot")).await;
    assert!(problem(&panel.deploy(&app).await).title.contains("what is theirs"));
    assert!(panel.ground.docker.list_ours().await.expect("listed").is_empty(), "nothing was ever started");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_volume_that_stands_for_a_folder_of_the_server_is_never_mounted() {
    let panel = Running::start().await;
    let app = panel.create(panel.form("shop")).await;
    let namespace = panel.ground.namespace.as_str();
    let name = format!("{namespace}-shop.data");
    let labels = [(LABEL_NAMESPACE, namespace), (LABEL_APP_NAME, "shop"), (LABEL_VOLUME, "data")];
    volumes::plant(&name, "/etc", &labels).await;
    add(&panel, &app, mount("data", "/data")).await;
    let ended = panel.deploy(&app).await;
    assert!(problem(&ended).title.contains(&name), "{:?}", problem(&ended));
    assert!(needs(&panel, &app).await.volumes.expect("volumes").iter().all(|volume| !volume.exists));
    panel.backend.apps.remove_need(&panel.actor, &app, "mount", "data:/data").await.expect("removed");
    let kept = "data".parse().expect("a name");
    panel.backend.apps.remove_volume(&panel.actor, &app, &kept).await.expect("nothing to do");
    assert_eq!(volumes::all(&panel.ground.namespace).await.len(), 1, "what is not ours is left");
}

/// A game server: a published port and a data folder.
#[tokio::test(flavor = "multi_thread")]
async fn a_game_server_answers_on_its_published_port_and_gives_it_up() {
    let panel = Running::start().await;
    let git = GitServer::start().await;
    let script = "echo world > /data/world\n(while sleep 0.2; do cat /proc/net/snmp > /www/snmp; done) &\necho game > /www/index.html";
    let app = scripted(&panel, &git, "game", script).await;
    let (tcp, udp) = (free_port(), free_port());
    add(&panel, &app, mount("world", "/data")).await;
    add(&panel, &app, published(&format!("127.0.0.1:{tcp}:5000/tcp"))).await;
    add(&panel, &app, published(&format!("{udp}:19132/udp"))).await;
    succeeded(&panel.deploy(&app).await);
    let direct = web::get(tcp, "anything", "/").await.expect("an answer");
    assert_eq!(direct.body().trim(), "game");
    // Nobody listens in the container, and its kernel says that the datagrams came.
    let lost = |text: &str| {
        let line = text.lines().filter(|line| line.starts_with("Udp:")).nth(1).unwrap_or_default().to_owned();
        line.split(' ').nth(2).and_then(|count| count.parse::<u32>().ok()).unwrap_or(0)
    };
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let mut arrived = 0;
    for _ in 0..50 {
        socket.send_to(b"hello", ("127.0.0.1", udp.get())).expect("sent");
        tokio::time::sleep(Duration::from_millis(100)).await;
        arrived = lost(&web::get(tcp, "anything", "/snmp").await.expect("an answer").text);
        if arrived > 0 {
            break;
        }
    }
    assert!(arrived > 0, "no datagram came");

    let other = panel.create(panel.form("other")).await;
    let taken = refused(&panel, &other, published(&format!("{tcp}:5000"))).await;
    assert_eq!((taken.code, taken.field.as_deref()), (Code::Conflict, Some("text")));
    assert!(taken.title.contains("the app game"), "{taken}");
    delete(&panel, &app, false).await;
    assert!(web::get(tcp, "anything", "/").await.is_err(), "it is closed");
    add(&panel, &other, published(&format!("{tcp}:5000"))).await;
    succeeded(&panel.deploy(&other).await);
    assert_eq!(web::get(tcp, "anything", "/").await.expect("an answer").status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_something_else_has_is_refused_when_saved_and_named_when_deployed() {
    let panel = Running::start().await;
    let app = panel.create(panel.form("shop")).await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let held: Port = listener.local_addr().expect("an address").port().try_into().expect("a port");
    let datagrams = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let held_udp = datagrams.local_addr().expect("an address").port();
    for text in [format!("{held}:5000"), format!("127.0.0.1:{held}:5000"), format!("{held_udp}:5000/udp")] {
        assert_eq!(refused(&panel, &app, published(&text)).await.code, Code::Conflict, "{text}");
    }
    let nginx = refused(&panel, &app, published(&format!("{}:5000", panel.ground.http_port))).await;
    assert!(nginx.title.contains("nginx"), "{nginx}");

    let later = free_port();
    add(&panel, &app, published(&format!("127.0.0.1:{later}:5000"))).await;
    let squatter = std::net::TcpListener::bind(("127.0.0.1", later.get())).expect("free");
    let ended = panel.deploy(&app).await;
    assert_eq!(problem(&ended).title, format!("Port 127.0.0.1:{later}/tcp is taken on this server."));
    drop(squatter);
    succeeded(&panel.deploy(&app).await);
}

/// A VPN: capabilities, sysctls, a device and the server's kernel modules; and the harmless options.
#[tokio::test(flavor = "multi_thread")]
async fn a_vpn_has_what_it_was_given_and_nothing_more() {
    let panel = Running::start().await;
    let git = GitServer::start().await;
    let script = "{ busybox grep CapBnd /proc/self/status; cat /proc/sys/net/ipv4/conf/all/src_valid_mark; \
                  busybox df -k /dev/shm | tail -n 1; ulimit -n; busybox grep ' /scratch ' /proc/mounts; \
                  busybox grep ' /lib/modules ' /proc/mounts; busybox grep db.internal /etc/hosts; \
                  busybox ls -l /dev/net/tun; } > /www/index.html 2>&1";
    let app = scripted(&panel, &git, "vpn", script).await;
    let modules = if std::path::Path::new("/lib/modules").exists() { "/lib/modules" } else { "/usr/share/zoneinfo" };
    add(&panel, &app, read_only(modules, "/lib/modules")).await;
    let mut options =
        "--cap-add NET_ADMIN --cap-drop MKNOD --sysctl net.ipv4.conf.all.src_valid_mark=1 --shm-size 32m \
                       --ulimit nofile=4242:5000 --tmpfs /scratch:size=1m --add-host db.internal:10.0.0.9"
            .to_owned();
    let has_tun = std::path::Path::new("/dev/net/tun").exists();
    if has_tun {
        options.push_str(" --device /dev/net/tun");
    }
    add(&panel, &app, option(&options)).await;
    succeeded(&panel.deploy(&app).await);
    let (_, body) = panel.visit(&app).await;
    let line = |word: &str| body.lines().find(|line| line.contains(word)).unwrap_or_else(|| panic!("{word}: {body}"));
    let bounds = line("CapBnd").split_whitespace().nth(1).and_then(|hex| u64::from_str_radix(hex, 16).ok());
    // The engine's usual ones are 00000000a80425fb: with NET_ADMIN (12), without MKNOD (27).
    assert_eq!(bounds, Some((0xa804_25fb | 1 << 12) & !(1 << 27)), "{body}");
    assert_eq!(body.lines().nth(1), Some("1"), "{body}");
    assert_eq!(line("shm").split_whitespace().nth(1), Some("32768"), "{body}");
    assert_eq!(body.lines().nth(3), Some("4242"), "{body}");
    assert!(line("/scratch").contains("noexec") && line("/scratch").contains("size=1024k"), "{body}");
    assert!(line(" /lib/modules ").contains(" ro,"), "{body}");
    line("10.0.0.9");
    assert!(!has_tun || line("/dev/net/tun").starts_with('c'), "{body}");

    let plain = scripted(&panel, &git, "plain", script).await;
    succeeded(&panel.deploy(&plain).await);
    let (_, body) = panel.visit(&plain).await;
    assert!(body.contains("00000000a80425fb") && !body.contains("/scratch tmpfs"), "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn going_back_brings_back_what_the_release_had() {
    let panel = Running::start().await;
    let app = panel.create(panel.form("shop")).await;
    add(&panel, &app, mount("data", "/data")).await;
    succeeded(&panel.deploy(&app).await);
    panel.backend.apps.remove_need(&panel.actor, &app, "mount", "data:/data").await.expect("removed");
    assert!(needs(&panel, &app).await.pending);
    succeeded(&panel.deploy(&app).await);
    assert!(!needs(&panel, &app).await.pending);
    let back = panel.backend.deploys.roll_back(&panel.actor, &app, 1).await.expect("queued");
    succeeded(&panel.ended(&app, back).await);
    let volume = "data".parse().expect("a name");
    let used = panel.backend.apps.remove_volume(&panel.actor, &app, &volume).await.expect_err("it is used again");
    assert_eq!(used.code, Code::Conflict);
    let form = panel.form("shop");
    panel.backend.apps.change(&panel.actor, &app, form).await.expect("changed");
    add(&panel, &app, mount("data", "/data")).await;
    panel.backend.apps.change(&panel.actor, &app, panel.form("shop")).await.expect("changed");
    assert_eq!(needs(&panel, &app).await.needs.mounts.len(), 1, "the settings' form leaves them alone");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_owner_gives_and_only_with_a_fresh_passkey_what_is_dangerous() {
    let panel = Running::start().await;
    let app = panel.create(panel.form("shop")).await;
    let owner = Actor { step_up_until: None, ..panel.actor.clone() };
    let deployer = Actor { role: Role::Deployer, ..panel.actor.clone() };
    let apps = &panel.backend.apps;
    let volume = "data".parse().expect("a name");
    for form in [mount("data", "/data"), published("25565"), option("--shm-size 64m")] {
        assert_eq!(apps.add_need(&deployer, &app, form.clone()).await.expect_err("no owner").code, Code::Forbidden);
        apps.add_need(&owner, &app, form).await.expect("nothing dangerous");
    }
    for form in [
        mount("/srv", "/srv"),
        read_only("/lib/modules", "/lib/modules"),
        option("--cap-add SYS_NICE"),
        option("--device /dev/fuse"),
        option("--sysctl net.core.somaxconn=1024"),
        option("--add-host me:host-gateway"),
    ] {
        let problem = apps.add_need(&owner, &app, form.clone()).await.expect_err("it is dangerous");
        assert_eq!(problem.code, Code::StepUpRequired, "{form:?}");
        add(&panel, &app, form).await;
    }
    let taken = apps.remove_need(&deployer, &app, "option", "--shm-size=64m").await;
    assert_eq!(taken.expect_err("no owner").code, Code::Forbidden);
    apps.remove_need(&owner, &app, "option", "--cap-add=SYS_NICE").await.expect("taking away is harmless");
    let none = apps.remove_need(&owner, &app, "option", "--cap-add=SYS_NICE").await;
    assert_eq!(none.expect_err("it is gone").code, Code::NotFound);
    for (actor, code) in [(&deployer, Code::Forbidden), (&owner, Code::StepUpRequired)] {
        assert_eq!(apps.remove_volume(actor, &app, &volume).await.expect_err("refused").code, code);
    }
    let audit = panel.backend.activity.audit(&panel.actor, None).await.expect("rows");
    assert_eq!(audit.iter().filter(|row| row.action == "app.set_needs").count(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_had_is_refused_and_changes_nothing() {
    let panel = Running::start().await;
    let app = panel.create(panel.form("shop")).await;
    for form in [
        mount("/", "/host"),
        mount("/etc", "/host"),
        mount("/var/run/docker.sock", "/host"),
        mount("/lib/modules", "/lib/modules"),
        mount("../x", "/x"),
        mount("a;b", "/x"),
        mount("data", "/proc"),
        mount("data", "x"),
        mount("data", "/a:/b"),
        NeedForm { owner: "$(id)".into(), ..mount("data", "/x") },
        NeedForm { process: "--x".into(), ..mount("data", "/x") },
        published("0"),
        published("65536"),
        published("22-80"),
        published("80:80/sctp"),
        published("$(id):1"),
        published(&"1".repeat(100_000)),
        option("--privileged"),
        option("--network=host"),
        option("--pid host"),
        option("--security-opt apparmor=unconfined"),
        option("--volumes-from x"),
        option("--cgroup-parent x"),
        option("--runtime x"),
        option("-v /:/host"),
        option("--cap-add=ALL"),
        option("--device=/dev/sda"),
        option("--sysctl=kernel.panic=1"),
        option("--shm-size=64m\n--privileged"),
        NeedForm { kind: "port".into(), text: "http:8080:".into(), ..NeedForm::default() },
        NeedForm { kind: "port".into(), text: "grpcs:443:0".into(), ..NeedForm::default() },
        NeedForm { kind: "x".into(), ..NeedForm::default() },
        NeedForm::default(),
    ] {
        let problem = refused(&panel, &app, form.clone()).await;
        assert_eq!(problem.code, Code::Invalid, "{form:?}");
        assert!(problem.field.is_some() && problem.title.ends_with('.'), "{problem:?}");
    }
    assert!(needs(&panel, &app).await.needs.is_empty());

    let mut form = panel.form("site");
    (form.kind, form.repo) = ("static".into(), "https://git.example.com/me/site".into());
    let site = panel.create(form).await;
    assert_eq!(refused(&panel, &site, mount("data", "/data")).await.field.as_deref(), Some("kind"));
}
