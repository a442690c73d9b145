//! The engine driver against the real engine.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use futures_util::StreamExt;
use homeport_model::{
    deploy::container::{ImageId, LABEL_APP, network_name},
    id::JobId,
};
use homeport_server::drivers::{
    docker::{BuildRequest, Docker, Error, LogRange, MAX_LINE_BYTES},
    system::tar_stream::TarStream,
};
use tokio::time::{sleep, timeout};

use crate::support::{
    images,
    namespace::{Ground, release},
};

const FOLLOW: LogRange = LogRange { follow: true, ..LogRange::ALL };

fn command(words: &[&str]) -> Option<Vec<String>> {
    Some(words.iter().map(|word| (*word).to_owned()).collect())
}

#[tokio::test]
async fn the_engine_answers_and_the_version_is_negotiated() {
    let info = Ground::new().docker.ping().await.expect("an engine");
    assert!(!info.version.is_empty() && !info.api.is_empty(), "{info:?}");
}

#[tokio::test]
async fn a_missing_engine_and_a_silent_one_are_said() {
    let ground = Ground::new();
    let missing = Docker::connect(ground.namespace.clone(), "/nowhere/docker.sock");
    assert!(matches!(missing.ping().await, Err(error @ Error::Unreachable(_)) if error.is_away()));
    // One that is refused: a socket that nobody listens on any more.
    let path = ground.state().join("dead.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).expect("a socket"));
    let refused = Docker::connect(ground.namespace.clone(), &path);
    assert!(matches!(refused.ping().await, Err(error) if error.is_away()));
}

#[tokio::test]
async fn an_engine_that_takes_calls_and_never_answers_is_given_up() {
    let ground = Ground::new();
    let path = ground.state().join("silent.sock");
    let listener = tokio::net::UnixListener::bind(&path).expect("a socket");
    let server = tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            kept.push(stream);
        }
    });
    let silent = Docker::connect(ground.namespace.clone(), &path);
    let asked = Instant::now();
    let answer = silent.list_ours().await;
    assert!(matches!(&answer, Err(error @ Error::Silent) if error.is_away()), "{answer:?}");
    assert!(asked.elapsed() < Duration::from_secs(15), "{:?}", asked.elapsed());
    server.abort();
}

#[tokio::test]
async fn garbage_from_the_engine_is_a_typed_error() {
    let ground = Ground::new();
    for answer in [
        "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 17\r\n\r\n{\"message\":\"no!\"}",
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nnot json!",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"Ap",
        "\u{0}\u{1}",
    ] {
        let path = ground.state().join("stub.sock");
        let _ = std::fs::remove_file(&path);
        let listener = tokio::net::UnixListener::bind(&path).expect("a socket");
        let server = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let mut buffer = [0; 4096];
                    let _ = tokio::io::AsyncReadExt::read(&mut stream, &mut buffer).await;
                    let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, answer.as_bytes()).await;
                });
            }
        });
        let docker = Docker::connect(ground.namespace.clone(), &path);
        assert!(docker.ping().await.is_err(), "{answer}");
        server.abort();
    }
}

#[tokio::test]
async fn a_container_lives_and_ends() {
    let ground = Ground::new();
    let image = images::web(&ground.namespace).await;
    ground.docker.ensure_network().await.expect("a bridge");
    let spec = ground.spec(&image, 1, "one");
    assert_eq!(ground.docker.find_container(&spec).await.expect("asked"), None);
    let (id, address) = ground.run(&spec).await;
    // Each step may be repeated.
    assert_eq!(ground.docker.ensure_container(&spec).await.expect("again"), id);
    ground.docker.start(&id).await.expect("again");
    let state = ground.docker.inspect(&id).await.expect("asked").expect("there");
    assert!(state.running && !state.oom_killed && state.exit_code.is_none() && state.pid.is_some(), "{state:?}");
    assert_eq!(state.image, Some(image));
    assert_eq!(state.address, Some(*address.ip()));
    assert_eq!(state.name, format!("{}-shop-r1-web-1", ground.namespace));
    let listening = ground.docker.listening_ports(&id).await.expect("asked");
    assert_eq!(listening.iter().map(|l| (l.port.get(), l.loopback_only)).collect::<Vec<_>>(), [(5000, false)]);
    let ours = ground.docker.list_ours().await.expect("listed");
    assert_eq!(ours.len(), 1);
    assert_eq!((ours[0].app(), ours[0].running), (Some(ground.app.as_str()), true));
    ground.docker.stop(&id, 5).await.expect("stopped");
    ground.docker.stop(&id, 5).await.expect("again");
    let state = ground.docker.inspect(&id).await.expect("asked").expect("there");
    assert!(!state.running && state.exit_code.is_some(), "{state:?}");
    assert_eq!(ground.docker.listening_ports(&id).await.expect("asked"), []);
    ground.docker.remove(&id).await.expect("removed");
    ground.docker.remove(&id).await.expect("again");
    ground.docker.stop(&id, 1).await.expect("gone is stopped");
    assert_eq!(ground.docker.list_ours().await.expect("listed"), []);
}

#[tokio::test]
async fn the_engine_made_what_the_policy_wants() {
    let ground = Ground::new();
    let image = images::web(&ground.namespace).await;
    ground.docker.ensure_network().await.expect("a bridge");
    let id = ground.docker.ensure_container(&ground.spec(&image, 1, "one")).await.expect("created");
    let raw = bollard::Docker::connect_with_local_defaults().expect("the engine");
    let made = raw.inspect_container(id.as_str(), None).await.expect("inspected");
    let host = made.host_config.expect("a configuration");
    assert_eq!(host.network_mode, Some(network_name(&ground.namespace)));
    assert_eq!((host.memory, host.memory_swap, host.pids_limit), (Some(64 << 20), Some(64 << 20), Some(1024)));
    assert_eq!((host.init, host.privileged), (Some(true), Some(false)));
    assert_eq!(host.security_opt, Some(vec!["no-new-privileges".into()]));
    assert!(host.port_bindings.unwrap_or_default().is_empty() && host.binds.unwrap_or_default().is_empty());
    let log = host.log_config.and_then(|log| log.config).expect("log settings");
    assert_eq!(log.get("mode").map(String::as_str), Some("non-blocking"));
}

#[tokio::test]
async fn a_foreign_container_with_our_name_is_left_alone() {
    use bollard::{models::ContainerCreateBody, query_parameters::CreateContainerOptions};
    let ground = Ground::new();
    let image = images::web(&ground.namespace).await;
    ground.docker.ensure_network().await.expect("a bridge");
    let spec = ground.spec(&image, 1, "one");
    let raw = bollard::Docker::connect_with_local_defaults().expect("the engine");
    let options = CreateContainerOptions { name: Some(spec.name(&ground.namespace)), ..Default::default() };
    let body = ContainerCreateBody { image: Some(image.to_string()), ..Default::default() };
    let foreign = raw.create_container(Some(options), body).await.expect("created").id;
    let answer = ground.docker.ensure_container(&spec).await;
    let there = raw.inspect_container(&foreign, None).await.is_ok();
    raw.remove_container(&foreign, None).await.expect("removed");
    assert!(matches!(answer, Err(Error::NameTaken { .. })), "{answer:?}");
    assert!(there);
}

#[tokio::test]
async fn a_container_that_exits_at_once_shows_how() {
    let ground = Ground::new();
    let image = images::web(&ground.namespace).await;
    ground.docker.ensure_network().await.expect("a bridge");
    let mut spec = ground.spec(&image, 1, "one");
    spec.command = command(&["sh", "-c", "echo starting; echo 'no database' >&2; exit 3"]);
    let id = ground.docker.ensure_container(&spec).await.expect("created");
    ground.docker.start(&id).await.expect("started");
    let mut state = None;
    for _ in 0..100 {
        state = ground.docker.inspect(&id).await.expect("asked").filter(|state| state.exit_code == Some(3));
        if state.is_some() {
            break;
        }
        sleep(Duration::from_millis(20)).await;
    }
    assert!(state.is_some());
    let lines = ground.docker.last_lines(&id, 50).await.expect("lines");
    assert!(lines.iter().any(|line| !line.stderr && line.text == "starting"), "{lines:?}");
    assert!(lines.iter().any(|line| line.stderr && line.text == "no database"), "{lines:?}");
}

#[tokio::test]
async fn a_command_that_is_not_there_is_named_in_the_log() {
    let ground = Ground::new();
    let image = images::web(&ground.namespace).await;
    ground.docker.ensure_network().await.expect("a bridge");
    let mut spec = ground.spec(&image, 1, "one");
    spec.command = command(&["/nowhere/app"]);
    let id = ground.docker.ensure_container(&spec).await.expect("created");
    ground.docker.start(&id).await.expect("started");
    let mut log = ground.docker.logs(&id, FOLLOW).await.expect("a stream");
    let said = timeout(Duration::from_secs(20), log.next()).await.expect("in time").expect("a line").expect("read");
    assert!(said.text.contains("/nowhere/app"), "{said:?}");
}

#[tokio::test]
async fn one_that_ignores_sigterm_is_killed_after_its_grace() {
    let ground = Ground::new();
    let image = images::web(&ground.namespace).await;
    ground.docker.ensure_network().await.expect("a bridge");
    let mut spec = ground.spec(&image, 1, "one");
    spec.command = command(&["sh", "-c", "trap '' TERM; while true; do sleep 1; done"]);
    let id = ground.docker.ensure_container(&spec).await.expect("created");
    ground.docker.start(&id).await.expect("started");
    let before = Instant::now();
    ground.docker.stop(&id, 2).await.expect("stopped");
    let took = before.elapsed();
    assert!(took >= Duration::from_millis(1900) && took < Duration::from_secs(12), "{took:?}");
    let state = ground.docker.inspect(&id).await.expect("asked").expect("there");
    assert!(!state.running, "{state:?}");
}

#[tokio::test]
async fn a_creation_that_nobody_waits_for_is_still_seen() {
    let ground = Ground::new();
    let image = images::web(&ground.namespace).await;
    ground.docker.ensure_network().await.expect("a bridge");
    for (number, wait_ms) in [0, 2, 10, 30, 60].into_iter().enumerate() {
        let spec = ground.spec(&image, u32::try_from(number).expect("few"), "one");
        let create = ground.docker.ensure_container(&spec);
        let created = timeout(Duration::from_millis(wait_ms), create).await;
        for container in ground.docker.list_ours().await.expect("listed") {
            ground.docker.remove(&container.id).await.expect("removed");
        }
        sleep(Duration::from_millis(300)).await;
        assert_eq!(ground.docker.list_ours().await.expect("listed"), [], "after {wait_ms} ms: {created:?}");
    }
}

#[tokio::test]
async fn the_log_joins_frames_and_follows() {
    let ground = Ground::new();
    let image = images::web(&ground.namespace).await;
    ground.docker.ensure_network().await.expect("a bridge");
    let mut spec = ground.spec(&image, 1, "one");
    // 60 000 bytes without a line end: four frames of the engine.
    spec.command = command(&["sh", "-c", "yes é | head -c 60000 | busybox tr -d '\\n'; echo; echo after; sleep 60"]);
    let id = ground.docker.ensure_container(&spec).await.expect("created");
    ground.docker.start(&id).await.expect("started");
    let mut lines = ground.docker.logs(&id, FOLLOW).await.expect("a stream");
    let read = async {
        let first = lines.next().await.expect("a line").expect("read");
        let second = lines.next().await.expect("a line").expect("read");
        (first.text, second.text)
    };
    let (first, second) = timeout(Duration::from_secs(20), read).await.expect("in time");
    assert_eq!(first.chars().filter(|c| *c == 'é').count(), 20_000);
    assert_eq!(first.chars().count(), 20_000, "no broken characters");
    assert!(first.len() < MAX_LINE_BYTES);
    assert_eq!(second, "after");
}

#[tokio::test]
async fn events_tell_of_ends() {
    let ground = Ground::new();
    let image = images::web(&ground.namespace).await;
    ground.docker.ensure_network().await.expect("a bridge");
    let mut events = ground.docker.events().await.expect("a stream");
    let seen = tokio::spawn(async move {
        let mut actions = Vec::new();
        while let Some(event) = events.next().await {
            actions.push((event.action.clone(), event.app));
            if event.action == "die" {
                break;
            }
        }
        actions
    });
    sleep(Duration::from_millis(300)).await;
    let (id, _) = ground.run(&ground.spec(&image, 1, "one")).await;
    ground.docker.stop(&id, 1).await.expect("stopped");
    let actions = timeout(Duration::from_secs(10), seen).await.expect("in time").expect("seen");
    let app = Some(ground.app.to_string());
    assert_eq!(actions, [("start".into(), app.clone()), ("die".into(), app)]);
}

#[tokio::test]
async fn an_open_connection_is_counted_until_it_ends() {
    let ground = Ground::new();
    let image = images::web(&ground.namespace).await;
    ground.docker.ensure_network().await.expect("a bridge");
    let spec = ground.spec(&image, 1, "one");
    let (id, address) = ground.run(&spec).await;
    let count = async || ground.docker.established(&id, spec.port).await.expect("counted");
    let open = tokio::net::TcpStream::connect(std::net::SocketAddr::from(address)).await.expect("connected");
    assert_eq!(count().await, 1);
    drop(open);
    for _ in 0..100 {
        if count().await == 0 {
            return;
        }
        sleep(Duration::from_millis(20)).await;
    }
    panic!("the connection never ended");
}

/// Builds `dockerfile` on the ground's image.
async fn build(
    ground: &Ground,
    dockerfile: &str,
    memory_bytes: u64,
    lines: &Arc<Mutex<Vec<String>>>,
) -> Result<ImageId, Error> {
    let (mut writer, context) = TarStream::pair();
    let text = format!("FROM {}\n{dockerfile}", images::name(&ground.namespace));
    let feed = tokio::spawn(async move {
        writer.file("Dockerfile", false, text.len() as u64).await?;
        writer.data(text.as_bytes()).await?;
        let long = format!("{}/file.txt", "deep/".repeat(40));
        writer.file(&long, false, 5).await?;
        writer.data(b"hello").await?;
        writer.link("link", &long).await?;
        writer.finish().await
    });
    let lines = lines.clone();
    let on_line = move |line: &str| lines.lock().expect("lines").push(line.to_owned());
    let built = ground.docker.build(request(ground, context, memory_bytes), on_line).await;
    let _ = feed.await;
    built
}

fn request(ground: &Ground, context: TarStream, memory_bytes: u64) -> BuildRequest {
    BuildRequest {
        context,
        dockerfile: "Dockerfile".parse().expect("a path"),
        app: ground.app.clone(),
        app_name: "shop".parse().expect("a name"),
        release: release(1),
        release_number: 1,
        job: JobId::new(1, 1),
        target: None,
        arguments: Vec::new(),
        no_cache: false,
        build_args: Vec::new(),
        memory_bytes,
        cpu_percent: 100,
        limit: Duration::from_secs(60),
        registries: Vec::new(),
        buildkit: None,
    }
}

#[tokio::test]
async fn a_context_that_breaks_off_says_why() {
    let ground = Ground::new();
    let (mut writer, context) = TarStream::pair();
    let feed = tokio::spawn(async move {
        writer.file("Dockerfile", false, 1 << 20).await.expect("begun");
        writer.data(&[b'#'; 100_000]).await.expect("written");
        writer.fail("the disk is on fire").await;
    });
    let failed = ground.docker.build(request(&ground, context, 64 << 20), |_| {}).await;
    feed.await.expect("fed");
    assert!(matches!(&failed, Err(Error::Context(reason)) if reason.contains("on fire")), "{failed:?}");
}

#[tokio::test]
async fn a_build_streams_its_output_and_is_found_by_label() {
    let ground = Ground::new();
    images::web(&ground.namespace).await;
    let lines = Arc::default();
    let id = build(&ground, "COPY . /src\nRUN cat /src/link && echo built > /www/x\n", 64 << 20, &lines)
        .await
        .expect("built");
    let said = lines.lock().expect("lines").join("\n");
    assert!(said.contains("Step 1/") && said.contains("hello"), "{said}");
    let image = ground.docker.inspect_image(&id).await.expect("asked").expect("there");
    assert_eq!(image.exposed_ports.iter().map(|port| port.get()).collect::<Vec<_>>(), [5000]);
    assert!(!image.exposes_udp);
    let ours = ground.docker.list_our_images().await.expect("listed");
    assert_eq!(ours.len(), 1, "{ours:?}");
    assert_eq!(
        (ours[0].id.clone(), ours[0].labels.get(LABEL_APP).cloned()),
        (id.clone(), Some(ground.app.to_string()))
    );
    assert_eq!(ours[0].tags, [format!("homeport-{}/shop:r1", ground.namespace)]);
    // What a container runs is not taken from under it.
    ground.docker.ensure_network().await.expect("a bridge");
    let container = ground.docker.ensure_container(&ground.spec(&id, 1, "one")).await.expect("created");
    assert!(matches!(ground.docker.remove_image(&id).await, Err(Error::Conflict { .. })));
    ground.docker.remove(&container).await.expect("removed");
    ground.docker.remove_image(&id).await.expect("removed");
    ground.docker.remove_image(&id).await.expect("again");
    assert_eq!(ground.docker.inspect_image(&id).await.expect("asked"), None);
}

#[tokio::test]
async fn a_build_that_fails_quotes_its_last_lines() {
    let ground = Ground::new();
    images::web(&ground.namespace).await;
    let failed = build(&ground, "RUN echo almost there && exit 7\n", 64 << 20, &Arc::default()).await;
    let Err(Error::Build { message, last_lines, out_of_memory: false, .. }) = failed else { panic!("{failed:?}") };
    assert!(message.ends_with("returned a non-zero code: 7"), "{message}");
    assert!(last_lines.iter().any(|line| line == "almost there"), "{last_lines:?}");
    let failed = build(&ground, "FRUM nothing\n", 64 << 20, &Arc::default()).await;
    assert!(matches!(&failed, Err(Error::Build { message, .. }) if message.contains("FRUM")), "{failed:?}");
}

#[tokio::test]
async fn a_build_without_enough_memory_says_so() {
    let ground = Ground::new();
    images::web(&ground.namespace).await;
    let failed = build(&ground, "RUN dd if=/dev/zero of=/dev/null bs=200M count=1\n", 16 << 20, &Arc::default()).await;
    assert!(matches!(failed, Err(Error::Build { out_of_memory: true, .. })), "{failed:?}");
}

#[tokio::test]
async fn a_dropped_build_stops_and_leaves_no_container() {
    let ground = Ground::new();
    images::web(&ground.namespace).await;
    let lines: Arc<Mutex<Vec<String>>> = Arc::default();
    let marker = format!("sleep 600 # {}", ground.namespace);
    let dockerfile = format!("RUN echo waiting && {marker}\n");
    let raw = bollard::Docker::connect_with_local_defaults().expect("the engine");
    let containers = async || {
        let all = bollard::query_parameters::ListContainersOptions { all: true, ..Default::default() };
        let all = raw.list_containers(Some(all)).await.expect("listed");
        all.into_iter().filter(|c| c.command.as_ref().is_some_and(|command| command.contains(&marker))).count()
    };
    {
        let mut building = std::pin::pin!(build(&ground, &dockerfile, 64 << 20, &lines));
        for _ in 0..200 {
            assert!(timeout(Duration::from_millis(50), &mut building).await.is_err(), "it waits");
            if lines.lock().expect("lines").iter().any(|line| line == "waiting") {
                break;
            }
        }
        assert_eq!(containers().await, 1);
    }
    for _ in 0..200 {
        if containers().await == 0 {
            return;
        }
        sleep(Duration::from_millis(50)).await;
    }
    panic!("the build's container is still there");
}

#[tokio::test]
async fn an_image_that_no_registry_has_is_said() {
    let ground = Ground::new();
    assert_eq!(ground.docker.find_image(&"nowhere.invalid/x:1".parse().expect("a name")).await.expect("asked"), None);
    let pulled = ground.docker.pull(&"127.0.0.1:1/nothing:1".parse().expect("a name"), None, |_| {}).await;
    assert!(matches!(pulled, Err(Error::Pull { .. })), "{pulled:?}");
}

#[tokio::test]
async fn two_namespaces_do_not_see_each_other() {
    let (one, two) = (Ground::new(), Ground::new());
    let image = images::web(&one.namespace).await;
    one.docker.ensure_network().await.expect("a bridge");
    two.docker.ensure_network().await.expect("a bridge");
    let (id, address) = one.run(&one.spec(&image, 1, "one")).await;
    assert_eq!(two.docker.list_ours().await.expect("listed"), []);
    assert_ne!(
        one.docker.ensure_network().await.expect("a bridge").bridge,
        two.docker.ensure_network().await.expect("a bridge").bridge
    );
    // Nor do containers on one bridge reach each other.
    let mut spec = one.spec(&image, 2, "two");
    spec.command = command(&[
        "sh",
        "-c",
        &format!("nc -w 2 {} 5000 </dev/null 2>/dev/null && echo reached || echo refused", address.ip()),
    ]);
    let other = one.docker.ensure_container(&spec).await.expect("created");
    one.docker.start(&other).await.expect("started");
    let mut lines = one.docker.logs(&other, FOLLOW).await.expect("a stream");
    let said = timeout(Duration::from_secs(20), lines.next()).await.expect("in time").expect("a line").expect("read");
    assert_eq!(said.text, "refused");
    one.docker.remove(&id).await.expect("removed");
}
