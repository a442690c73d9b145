//! The git driver against a real Git server.

use std::time::{Duration, Instant};

use homeport_model::name::{CommitSha, GitRef, RelPath};
use homeport_server::drivers::{
    git::{Error, Git, Limits},
    system::{fsroot::FsRoot, procfs},
};
use tokio::time::{sleep, timeout};

use crate::support::{git_server::GitServer, namespace::Ground};

fn branch(name: &str) -> GitRef {
    name.parse().expect("a branch")
}

fn path(text: &str) -> RelPath {
    text.parse().expect("a path")
}

async fn fetch(ground: &Ground, server: &GitServer, name: &str) -> CommitSha {
    ground.git.fetch(&ground.app, &server.url(name), &branch("main"), |_| {}).await.expect("fetched")
}

/// Processes that still work in a mirror of this ground.
fn left(ground: &Ground) -> Vec<u32> {
    let mirror = ground.state().join("git").join(format!("{}.git", ground.app));
    let mirror = mirror.to_string_lossy();
    ["git", "git-remote-http"].iter().flat_map(|name| procfs::working_in(&mirror, name).expect("looked")).collect()
}

#[tokio::test]
async fn a_branch_is_fetched_described_and_read() {
    let (ground, server) = (Ground::new(), GitServer::start().await);
    let repository = server.repository("shop");
    let first = repository.write("Dockerfile", "FROM scratch\n").write("docs/index.html", "<h1>").push("first: one");
    let commit = fetch(&ground, &server, "shop").await;
    assert_eq!(commit.as_str(), first);
    let described = ground.git.describe(&ground.app, &commit).await.expect("described");
    assert_eq!((described.subject.as_str(), described.author.as_str()), ("first: one", "Ada"));
    let text = ground.git.read_file(&ground.app, &commit, &path("Dockerfile"), 1024).await.expect("read");
    assert_eq!(text, b"FROM scratch\n");
    let missing = ground.git.read_file(&ground.app, &commit, &path("docs"), 1024).await;
    assert!(matches!(missing, Err(Error::NoSuchFile { .. })), "{missing:?}");
    // The second fetch is incremental and the first commit stays readable.
    let second = repository.write("Dockerfile", "FROM x\n").push("second");
    assert_eq!(fetch(&ground, &server, "shop").await.as_str(), second);
    assert!(ground.git.has(&ground.app, &commit).await);
    // History may be rewritten under us.
    repository.git(&["commit", "--quiet", "--amend", "-m", "rewritten"]);
    let third = repository.push("third");
    assert_eq!(fetch(&ground, &server, "shop").await.as_str(), third);
    repository.git(&["tag", "v1"]);
    repository.git(&["push", "--quiet", "origin", "v1"]);
    let tagged = ground.git.fetch(&ground.app, &server.url("shop"), &branch("v1"), |_| {}).await.expect("fetched");
    assert_eq!(tagged.as_str(), third);
    assert_eq!(ground.git.mirrors().expect("listed"), std::slice::from_ref(&ground.app));
    ground.git.remove(&ground.app).expect("removed");
    assert!(!ground.git.has(&ground.app, &commit).await);
}

#[tokio::test]
async fn what_is_missing_is_said_in_words() {
    let (ground, server) = (Ground::new(), GitServer::start().await);
    server.repository("shop").push("first");
    let missing = ground.git.fetch(&ground.app, &server.url("shop"), &branch("nope"), |_| {}).await;
    assert!(matches!(&missing, Err(Error::NoSuchRef { name }) if name.as_str() == "nope"), "{missing:?}");
    let missing = ground.git.fetch(&ground.app, &server.url("nothing"), &branch("main"), |_| {}).await;
    assert!(matches!(missing, Err(Error::NotFound)), "{missing:?}");
    let away = ground
        .git
        .fetch(&ground.app, &"http://127.0.0.1:1/x.git".parse().expect("an address"), &branch("main"), |_| {})
        .await;
    assert!(matches!(away, Err(Error::HostAway { .. })), "{away:?}");
}

#[tokio::test]
async fn plain_http_is_for_this_machine_and_only_when_allowed() {
    let ground = Ground::new();
    let url = "http://git.example.com/x.git".parse().expect("an address");
    assert!(matches!(ground.git.fetch(&ground.app, &url, &branch("main"), |_| {}).await, Err(Error::PlainHttp)));
    let strict = Git::open(ground.state(), false, Limits::default()).expect("a folder");
    let url = "http://127.0.0.1:1/x.git".parse().expect("an address");
    assert!(matches!(strict.fetch(&ground.app, &url, &branch("main"), |_| {}).await, Err(Error::PlainHttp)));
}

#[tokio::test]
async fn a_server_that_hangs_is_given_up_and_leaves_no_process() {
    let ground = Ground::new();
    let (url, server) = GitServer::silent().await;
    let limits = Limits { time: Duration::from_secs(2), ..Limits::default() };
    let git = Git::open(ground.state(), true, limits).expect("a folder");
    let before = Instant::now();
    let answer = git.fetch(&ground.app, &url, &branch("main"), |_| {}).await;
    assert!(matches!(answer, Err(Error::TimedOut { limit_s: 2 })), "{answer:?}");
    assert!(before.elapsed() < Duration::from_secs(8));
    // And one that is cancelled.
    let app = ground.app.clone();
    let fetch = async { ground.git.fetch(&app, &url, &branch("main"), |_| {}).await };
    assert!(timeout(Duration::from_millis(700), fetch).await.is_err());
    for _ in 0..100 {
        if left(&ground).is_empty() {
            server.abort();
            return;
        }
        sleep(Duration::from_millis(20)).await;
    }
    panic!("left: {:?}", left(&ground));
}

#[tokio::test]
async fn a_fetch_after_a_killed_one_works() {
    let (ground, server) = (Ground::new(), GitServer::start().await);
    server.repository("shop").push("first");
    fetch(&ground, &server, "shop").await;
    let mirror = ground.state().join("git").join(format!("{}.git", ground.app));
    std::fs::write(mirror.join("shallow.lock"), "").expect("a stale lock");
    std::fs::write(mirror.join("refs/homeport/fetched.lock"), "").expect("a stale lock");
    std::fs::write(mirror.join("objects/pack/tmp_pack_x"), "half").expect("half a pack");
    fetch(&ground, &server, "shop").await;
    assert!(!mirror.join("objects/pack/tmp_pack_x").exists());
}

#[tokio::test]
async fn a_repository_that_is_too_large_is_given_up() {
    let (ground, server) = (Ground::new(), GitServer::start().await);
    let repository = server.repository("large");
    // Noise, so that it does not compress: over the ground's 4 MiB.
    let mut state = 1u64;
    let noise: String = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        char::from(33 + u8::try_from(state >> 58).expect("six bits"))
    })
    .take(12 << 20)
    .collect();
    repository.write("noise", &noise).push("large");
    let fetched = ground.git.fetch(&ground.app, &server.url("large"), &branch("main"), |_| {}).await;
    match fetched {
        Err(Error::TooLarge { .. }) => {
            assert!(!ground.state().join("git").join(format!("{}.git", ground.app)).exists())
        }
        // It came between two looks at its size; then nothing of it is read.
        Ok(commit) => {
            let into = FsRoot::create(ground.state().join("out"), 0o755).expect("a folder");
            let exported = ground.git.export(&ground.app, &commit, &RelPath::top(), &into, |_| {}).await;
            assert!(matches!(exported, Err(Error::TooLarge { .. })), "{exported:?}");
        }
        Err(error) => panic!("{error:?}"),
    }
}

#[tokio::test]
async fn links_never_lead_out() {
    let (ground, server) = (Ground::new(), GitServer::start().await);
    let repository = server.repository("links");
    repository.write("real", "x").link("Dockerfile", "/etc/shadow").link("conf", "/etc").push("links");
    let commit = fetch(&ground, &server, "links").await;
    for file in ["Dockerfile", "conf/shadow"] {
        let read = ground.git.read_file(&ground.app, &commit, &path(file), 1 << 20).await;
        assert!(matches!(read, Err(Error::Symlink { .. })), "{file}: {read:?}");
    }
    let into = |name: &str| FsRoot::create(ground.state().join(name), 0o755).expect("a folder");
    let out = into("out");
    let exported = ground.git.export(&ground.app, &commit, &RelPath::top(), &out, |_| {}).await;
    assert!(matches!(&exported, Err(Error::SymlinkOut { target, .. }) if target.starts_with("/etc")), "{exported:?}");
    // Links that stay inside are left out, and the log says so.
    repository.git(&["rm", "--quiet", "Dockerfile", "conf"]);
    repository
        .link("sub/ok", "../real")
        .write("sub/page.html", "p")
        .write(".gitignore", "y")
        .link("loop", "loop")
        .push("fewer");
    let commit = fetch(&ground, &server, "links").await;
    let out = into("out2");
    let mut said = Vec::new();
    let exported =
        ground.git.export(&ground.app, &commit, &RelPath::top(), &out, |line| said.push(line.to_owned())).await;
    assert_eq!(exported.expect("exported").files, 2);
    assert_eq!(out.names(".").expect("names"), ["real", "sub"]);
    assert_eq!(out.names("sub").expect("names"), ["page.html"]);
    assert_eq!(said.len(), 2, "{said:?}");
    let out = into("out3");
    let exported = ground.git.export(&ground.app, &commit, &path("sub"), &out, |_| {}).await;
    assert!(matches!(exported, Err(Error::SymlinkOut { .. })), "out of the published folder: {exported:?}");
    let exported = ground.git.export(&ground.app, &commit, &path("nope"), &out, |_| {}).await;
    assert!(matches!(exported, Err(Error::NoSuchFolder { .. })), "{exported:?}");
}

#[tokio::test]
async fn an_archive_has_every_byte() {
    use futures_util::TryStreamExt;
    let (ground, server) = (Ground::new(), GitServer::start().await);
    let large = "0123456789abcdef\n".repeat(20_000);
    let long = format!("{}/end.txt", "directory".repeat(20));
    server
        .repository("archive")
        .write("app/large", &large)
        .write(&format!("app/{long}"), "end")
        .link("app/l", "large")
        .push("a");
    let commit = fetch(&ground, &server, "archive").await;
    let stream = ground.git.archive(&ground.app, &commit, &path("app"), &path("Dockerfile")).await.expect("an archive");
    let pieces: Vec<_> = stream.into_pieces().try_collect().await.expect("all pieces");
    let bytes = pieces.concat();
    let found = unpack(&bytes);
    let file = |name: &str, text: &str| (name.to_owned(), text.to_owned(), None);
    assert_eq!(found, [file(&long, "end"), ("l".into(), String::new(), Some("large".into())), file("large", &large)]);
}

type Unpacked = (String, String, Option<String>);

fn unpack(bytes: &[u8]) -> Vec<Unpacked> {
    let mut found = Vec::new();
    for entry in tar::Archive::new(bytes).entries().expect("entries") {
        let mut entry = entry.expect("an entry");
        let mut text = String::new();
        std::io::Read::read_to_string(&mut entry, &mut text).expect("a text");
        let name = entry.path().expect("a path").to_string_lossy().into_owned();
        let link = entry.link_name().expect("a link").map(|link| link.to_string_lossy().into_owned());
        found.push((name, text, link));
    }
    found
}

#[tokio::test]
async fn what_dockerignore_names_stays_out() {
    use futures_util::TryStreamExt;
    let (ground, server) = (Ground::new(), GitServer::start().await);
    let repository = server.repository("ignore");
    repository
        .write(".dockerignore", "*\n!src\n")
        .write("Dockerfile", "FROM x")
        .write(".env", "SECRET=1")
        .write("src/a", "a");
    repository.push("first");
    let commit = fetch(&ground, &server, "ignore").await;
    let archive =
        async |commit: &CommitSha| ground.git.archive(&ground.app, commit, &RelPath::top(), &path("Dockerfile")).await;
    let pieces: Vec<_> = archive(&commit).await.expect("an archive").into_pieces().try_collect().await.expect("pieces");
    let names: Vec<String> = unpack(&pieces.concat()).into_iter().map(|(name, _, _)| name).collect();
    assert_eq!(names, [".dockerignore", "Dockerfile", "src/a"]);
    repository.git(&["rm", "--quiet", ".dockerignore"]);
    repository.link(".dockerignore", "/etc/passwd").push("second");
    let commit = fetch(&ground, &server, "ignore").await;
    assert!(matches!(archive(&commit).await.map(|_| ()), Err(Error::Symlink { .. })));
}
