use proptest::prelude::*;

use super::*;

const SHA: &str = "3f9c2e1d4b5a69788796a5b4c3d2e1f001234567";

/// Repositories, branch, commit, message, who, paths.
type Branch = (Vec<String>, String, Option<CommitSha>, String, String, Option<Vec<String>>);

fn branch(pushed: Pushed) -> Branch {
    match pushed {
        Pushed::Branch { repositories, branch, commit, message, by, paths } => {
            (repositories, branch, commit, message, by, paths)
        }
        other => panic!("not a branch: {other:?}"),
    }
}

fn read_json(provider: Provider, event: &str, body: &Value) -> Pushed {
    read(provider, event, body.to_string().as_bytes()).expect("reads")
}

fn github_push() -> Value {
    serde_json::json!({
        "ref": "refs/heads/main", "before": "0".repeat(40), "after": SHA, "deleted": false, "forced": false,
        "repository": {
            "full_name": "ada/shop", "clone_url": "https://github.com/ada/shop.git",
            "ssh_url": "git@github.com:ada/shop.git", "html_url": "https://github.com/ada/shop",
        },
        "pusher": { "name": "ada", "email": "ada@example.com" },
        "commits": [{ "id": SHA, "message": "Fix it\n\nWith a body", "added": ["b"], "modified": ["a"], "removed": [] }],
        "head_commit": { "id": SHA, "message": "Fix it\n\nWith a body" },
    })
}

#[test]
fn github() {
    let (repositories, name, commit, message, by, paths) = branch(read_json(Provider::Github, "push", &github_push()));
    assert!(repositories.contains(&"git@github.com:ada/shop.git".to_owned()));
    assert_eq!((name.as_str(), message.as_str(), by.as_str()), ("main", "Fix it", "ada"));
    assert_eq!(commit.map(|sha| sha.to_string()).as_deref(), Some(SHA));
    assert_eq!(paths, Some(vec!["a".into(), "b".into()]));

    let mut forced = github_push();
    forced["forced"] = true.into();
    assert_eq!(branch(read_json(Provider::Github, "push", &forced)).5, None);
    let mut deleted = github_push();
    deleted["deleted"] = true.into();
    assert_eq!(read_json(Provider::Github, "push", &deleted), Pushed::Deleted { branch: "main".into() });
    let mut tag = github_push();
    tag["ref"] = "refs/tags/v1".into();
    assert_eq!(read_json(Provider::Github, "push", &tag), Pushed::OtherRef { name: "refs/tags/v1".into() });
    assert_eq!(read_json(Provider::Github, "ping", &serde_json::json!({ "zen": "x" })), Pushed::Ping);
    assert_eq!(read_json(Provider::Github, "issues", &serde_json::json!({})), Pushed::Other);
    let unnamed = serde_json::json!({ "ref": "refs/heads/main", "after": SHA });
    assert_eq!(branch(read_json(Provider::Github, "push", &unnamed)).0, ["an unnamed repository"]);
}

#[test]
fn github_as_a_form() {
    let encoded: String = github_push().to_string().bytes().map(|byte| format!("%{byte:02X}")).collect();
    let pushed = read(Provider::Github, "push", format!("payload={encoded}&more=1").as_bytes()).expect("reads");
    assert_eq!(branch(pushed).1, "main");
    assert_eq!(read(Provider::Github, "push", b"payload=%7"), None);
    assert_eq!(read(Provider::Github, "push", b"payload=%zz"), None);
}

#[test]
fn github_packages() {
    let body = serde_json::json!({
        "action": "published",
        "registry_package": {
            "name": "Shop", "namespace": "Ada", "package_version": { "container_metadata": { "tag": { "name": "live", "digest": "sha256:0" } } },
        },
        "sender": { "login": "ada" },
    });
    let expected = Pushed::Image { name: "ghcr.io/ada/shop".into(), tag: "live".into(), by: "ada".into() };
    assert_eq!(read_json(Provider::Github, "registry_package", &body), expected);
    assert_eq!(read_json(Provider::Github, "package", &serde_json::json!({ "action": "deleted" })), Pushed::Other);
}

#[test]
fn gitlab() {
    let body = serde_json::json!({
        "object_kind": "push", "ref": "refs/heads/main", "after": SHA, "checkout_sha": SHA, "user_name": "Ada",
        "project": { "git_http_url": "https://gitlab.com/ada/shop.git", "git_ssh_url": "git@gitlab.com:ada/shop.git", "web_url": "https://gitlab.com/ada/shop" },
        "commits": [{ "id": SHA, "message": "Fix\n", "added": [], "modified": ["web/a"], "removed": [] }],
        "total_commits_count": 1,
    });
    let (repositories, name, commit, message, by, paths) = branch(read_json(Provider::Gitlab, "Push Hook", &body));
    assert_eq!(repositories.len(), 3);
    assert_eq!((name.as_str(), message.as_str(), by.as_str()), ("main", "Fix", "Ada"));
    assert!(commit.is_some());
    assert_eq!(paths, Some(vec!["web/a".into()]));
    let mut many = body.clone();
    many["total_commits_count"] = 21.into();
    assert_eq!(branch(read_json(Provider::Gitlab, "Push Hook", &many)).5, None, "it leaves commits out");
    let mut deleted = body;
    deleted["after"] = "0".repeat(40).into();
    assert_eq!(read_json(Provider::Gitlab, "Push Hook", &deleted), Pushed::Deleted { branch: "main".into() });
    let tag = serde_json::json!({ "ref": "refs/tags/v1" });
    assert_eq!(read_json(Provider::Gitlab, "Tag Push Hook", &tag), Pushed::OtherRef { name: "refs/tags/v1".into() });
}

#[test]
fn gitea() {
    let body = serde_json::json!({
        "ref": "refs/heads/main", "after": SHA,
        "repository": { "clone_url": "https://git.example.com/ada/shop.git", "ssh_url": "ssh://git@git.example.com/ada/shop.git", "html_url": "https://git.example.com/ada/shop" },
        "pusher": { "login": "ada", "username": "ada" },
        "commits": [{ "id": SHA, "message": "Fix" }], "total_commits": 1,
    });
    let (_, name, _, message, by, paths) = branch(read_json(Provider::Gitea, "push", &body));
    assert_eq!((name.as_str(), message.as_str(), by.as_str(), paths), ("main", "Fix", "ada", None));
}

#[test]
fn bitbucket_pushes() {
    let change = |new: Value, old: Value| {
        serde_json::json!({
            "push": { "changes": [{ "new": new, "old": old }] },
            "repository": { "links": { "html": { "href": "https://bitbucket.org/ada/shop" } } },
            "actor": { "display_name": "Ada" },
        })
    };
    let new = serde_json::json!({ "type": "branch", "name": "main", "target": { "hash": SHA, "message": "Fix\n" } });
    let old = serde_json::json!({ "type": "branch", "name": "main" });
    let (repositories, name, commit, message, by, _) =
        branch(read_json(Provider::Bitbucket, "repo:push", &change(new, Value::Null)));
    assert_eq!(repositories, ["https://bitbucket.org/ada/shop"]);
    assert_eq!((name.as_str(), message.as_str(), by.as_str()), ("main", "Fix", "Ada"));
    assert!(commit.is_some());
    let deleted = read_json(Provider::Bitbucket, "repo:push", &change(Value::Null, old));
    assert_eq!(deleted, Pushed::Deleted { branch: "main".into() });
    assert!(matches!(read_json(Provider::Bitbucket, "repo:push", &serde_json::json!({})), Pushed::OtherRef { .. }));
}

#[test]
fn docker_hub_and_generic() {
    let body = serde_json::json!({ "push_data": { "tag": "live", "pusher": "ada" }, "repository": { "repo_name": "ada/shop" } });
    assert_eq!(
        read_json(Provider::DockerHub, "push", &body),
        Pushed::Image { name: "ada/shop".into(), tag: "live".into(), by: "ada".into() }
    );
    let generic = |body| read_json(Provider::Generic, "push", &body);
    assert_eq!(branch(generic(serde_json::json!({ "branch": "main" }))).1, "main");
    assert_eq!(branch(generic(serde_json::json!({ "ref": "refs/heads/main" }))).1, "main");
    assert_eq!(
        generic(serde_json::json!({ "image": "localhost:5000/shop" })),
        Pushed::Image { name: "localhost:5000/shop".into(), tag: "latest".into(), by: String::new() }
    );
    assert_eq!(generic(serde_json::json!({})), Pushed::Other);
}

#[test]
fn what_others_wrote_is_cut_and_cleaned() {
    let mut body = github_push();
    body["head_commit"]["message"] = format!("\u{1b}[31m{}\u{202e}", "é".repeat(1_000)).into();
    body["pusher"]["name"] = serde_json::json!({ "not": "text" });
    let (_, _, _, message, by, _) = branch(read_json(Provider::Github, "push", &body));
    assert!(message.len() <= 400 && !message.contains('\u{1b}'), "{message}");
    assert_eq!(by, "");
    assert_eq!(read(Provider::Github, "push", b"not json"), None);
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(read(Provider::Github, "push", deep.as_bytes()), None);
}

proptest! {
    #[test]
    fn no_body_makes_it_panic(body in proptest::collection::vec(any::<u8>(), 0..400), provider in 0..6_usize) {
        let all = [Provider::Github, Provider::Gitlab, Provider::Gitea, Provider::Bitbucket, Provider::DockerHub, Provider::Generic];
        for event in ["push", "Push Hook", "repo:push", "package"] {
            let _ = read(all[provider], event, &body);
        }
    }
}
