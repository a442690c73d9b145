//! Packs that git's own client would not send: truncated, changed, incomplete, with names that lead
//! out of a work tree. Each is refused and leaves nothing (security.md, C-10 and C-11).

use std::process::Stdio;

use base64::{Engine, engine::general_purpose::STANDARD};
use homeport_model::pushes::{NO_OBJECT, pkt};
use tokio::io::AsyncWriteExt;

use crate::support::{
    git_client::{GitClient, remote},
    running::Running,
    web,
};

/// A push of `pack` that moves `name` from nothing to `tip`.
fn push(tip: &str, name: &str, pack: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    pkt::line(&mut body, format!("{NO_OBJECT} {tip} {name}\0 report-status\n").as_bytes());
    body.extend_from_slice(pkt::FLUSH);
    body.extend_from_slice(pack);
    body
}

async fn send(panel: &Running, token: &str, app: &str, body: &[u8]) -> web::Answer {
    let credentials = STANDARD.encode(format!("x:{token}"));
    let head = format!(
        "POST /git/{app}/git-receive-pack HTTP/1.1\r\nHost: localhost:{}\r\nConnection: close\r\n\
         Authorization: Basic {credentials}\r\nContent-Type: application/x-git-receive-pack-request\r\n\
         Content-Length: {}\r\n\r\n",
        panel.ground.http_port,
        body.len()
    );
    web::bytes(panel.ground.http_port, &[head.as_bytes(), body].concat()).await.expect("an answer")
}

/// Runs git with `input` and says what came out.
async fn fed(git: &GitClient, args: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child = git.command(args).stdin(Stdio::piped()).spawn().expect("git");
    let mut stdin = child.stdin.take().expect("an input");
    stdin.write_all(input).await.expect("written");
    drop(stdin);
    let output = child.wait_with_output().await.expect("an end");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// A pack of these objects and of nothing else.
async fn pack(git: &GitClient, objects: &[&str]) -> Vec<u8> {
    fed(git, &["pack-objects", "--stdout", "--quiet"], (objects.join("\n") + "\n").as_bytes()).await
}

/// Writes a tree with one entry whose name is whatever it is; git itself would refuse.
async fn tree(git: &GitClient, mode: &str, name: &str, object: &str) -> String {
    let id: Vec<u8> =
        (0..40).step_by(2).map(|at| u8::from_str_radix(&object[at..at + 2], 16).expect("digits")).collect();
    let content = [mode.as_bytes(), b" ", name.as_bytes(), b"\0", &id].concat();
    let written = fed(git, &["hash-object", "-w", "--literally", "-t", "tree", "--stdin"], &content).await;
    String::from_utf8(written).expect("an id").trim().to_owned()
}

async fn commit_of(git: &GitClient, tree: &str) -> String {
    git.must(&["commit-tree", "-m", "odd", tree]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn packs_that_are_broken_or_incomplete_are_refused_and_leave_nothing() {
    let panel = Running::online().await;
    let owner = panel.person("owner").await;
    let token = panel.token(&owner, "deploy", "").await;
    let git = GitClient::new().await;
    git.write("index.html", "one").write("big.txt", "x".repeat(20_000));
    let tip = git.commit("first").await;
    let all = git.must(&["rev-list", "--objects", "HEAD"]).await;
    let objects: Vec<&str> = all.lines().filter_map(|line| line.split(' ').next()).collect();
    let whole = pack(&git, &objects).await;
    let mut changed = whole.clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 0x55;
    let mut counts = whole.clone();
    counts[8..12].copy_from_slice(&u32::MAX.to_be_bytes());
    let mut future = whole.clone();
    future[4..8].copy_from_slice(&9_u32.to_be_bytes());
    let lonely = pack(&git, &[&tip]).await;
    let cases: [(&str, Vec<u8>); 9] = [
        ("no pack at all", Vec::new()),
        ("no pack but words", b"PACKnonsense and more of it".to_vec()),
        ("half of it", whole[..middle].to_vec()),
        ("without its checksum", whole[..whole.len() - 20].to_vec()),
        ("a changed byte", changed),
        ("four thousand million objects", counts),
        ("another version", future),
        ("a commit without its tree", lonely),
        ("zeros", vec![0; 100_000]),
    ];
    for (what, pack) in &cases {
        let answer = send(&panel, &token, "shop", &push(&tip, "refs/heads/main", pack)).await;
        assert_eq!(answer.status, 200, "{what}: {}", answer.text);
        assert!(answer.text.contains("ng refs/heads/main"), "{what}: {}", answer.text);
        assert!(!answer.text.contains("unpack ok"), "{what}: {}", answer.text);
        assert!(panel.backend.apps.list(&panel.actor).await.expect("listed").is_empty(), "{what}: an app came to be");
        assert!(panel.ground.git.mirrors().expect("listed").is_empty(), "{what}: something was left behind");
    }
    // A tip that the pack does not bring.
    let answer = send(&panel, &token, "shop", &push(&"b".repeat(40), "refs/heads/main", &whole)).await;
    assert!(answer.text.contains("ng refs/heads/main"), "{}", answer.text);
    // The same pack, whole, goes live.
    let answer = send(&panel, &token, "shop", &push(&tip, "refs/heads/main", &whole)).await;
    assert!(answer.text.contains("ok refs/heads/main"), "{}", answer.text);
    assert_eq!(panel.visit(&"shop".parse().expect("a name")).await, (200, "one".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_lead_out_of_the_work_tree_are_refused() {
    let panel = Running::online().await;
    let owner = panel.person("owner").await;
    let token = panel.token(&owner, "deploy", "").await;
    let git = GitClient::new().await;
    git.write("index.html", "one").commit("first").await;
    let blob = git.must(&["rev-parse", "HEAD:index.html"]).await;
    let inner = git.must(&["rev-parse", "HEAD^{tree}"]).await;
    for (mode, name) in [
        ("40000", ".."),
        ("40000", "."),
        ("40000", ".git"),
        ("40000", ".GIT"),
        ("40000", "git~1"),
        ("40000", ".g\u{200c}it"),
        ("100644", "a/b"),
        ("100644", "/etc/passwd"),
        ("120000", ".gitmodules"),
        ("100644", ""),
    ] {
        let object = if mode == "40000" { &inner } else { &blob };
        let odd = tree(&git, mode, name, object).await;
        let tip = commit_of(&git, &odd).await;
        let pack = pack(&git, &[&tip, &odd, &inner, &blob]).await;
        let answer = send(&panel, &token, "shop", &push(&tip, "refs/heads/main", &pack)).await;
        assert!(answer.text.contains("ng refs/heads/main"), "{name:?}: {}", answer.text);
        assert!(panel.backend.apps.list(&panel.actor).await.expect("listed").is_empty(), "{name:?}");
        assert!(panel.ground.git.mirrors().expect("listed").is_empty(), "{name:?}: something was left behind");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guesser_of_tokens_is_slowed_down() {
    let panel = Running::online().await;
    let mut slowed = None;
    for tries in 1..=1_500 {
        let credentials = STANDARD.encode(format!("x:hpt_{tries:064}"));
        let request = format!(
            "GET /git/shop/info/refs?service=git-receive-pack HTTP/1.1\r\nHost: localhost:{}\r\nConnection: close\r\n\
             Authorization: Basic {credentials}\r\n\r\n",
            panel.ground.http_port
        );
        let answer = web::raw(panel.ground.http_port, &request).await.expect("an answer");
        match answer.status {
            401 => {}
            429 => {
                slowed = Some((tries, answer));
                break;
            }
            _ => panic!("{}", answer.text),
        }
    }
    let (tries, answer) = slowed.expect("never slowed down");
    assert!(tries > 5 && answer.text.to_lowercase().contains("retry-after:"), "{tries}: {}", answer.text);
    // A tool without git is told what to do.
    let git = GitClient::new().await;
    let said = git.git(&["ls-remote", &remote(&panel.origin, "hpt_wrong", "shop")]).await;
    assert!(!said.ok, "{}", said.err);
}
