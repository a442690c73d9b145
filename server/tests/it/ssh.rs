//! `git push` over SSH, with the real git and ssh clients.

use homeport_model::{
    app::AppForm,
    job::JobState,
    problem::Code,
    pushes::{SshKeyForm, SshServer},
};
use homeport_server::ambient;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    process::Command,
};

use crate::support::{
    git_client::GitClient,
    running::{Running, dockerfile, succeeded},
};

/// A key pair that ssh-keygen made, and a client that uses it.
struct Key {
    public: String,
    env: (String, String),
}

async fn key(git: &GitClient, name: &str, kind: &str) -> Key {
    let file = git.work.parent().expect("a folder").join(name);
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", kind, "-N", "", "-C", "ada@laptop", "-f"])
        .arg(&file)
        .status()
        .await
        .expect("ssh-keygen");
    assert!(made.success());
    let hosts = file.with_extension("hosts");
    let command = format!(
        "ssh -F none -i {} -o IdentitiesOnly=yes -o StrictHostKeyChecking=accept-new -o UserKnownHostsFile={}",
        file.display(),
        hosts.display()
    );
    let public = std::fs::read_to_string(file.with_extension("pub")).expect("the public half");
    Key { public, env: ("GIT_SSH_COMMAND".into(), command) }
}

fn remote(panel: &Running, app: &str) -> String {
    format!("ssh://git@127.0.0.1:{}/{app}", panel.ssh_port)
}

async fn listening(panel: &Running) -> SshServer {
    let actor = panel.person("owner").await;
    for _ in 0..200 {
        let state = panel.backend.ssh_keys.settings(&actor).await.expect("settings").server;
        if matches!(state, SshServer::Listens { .. }) {
            return state;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the SSH server does not listen");
}

fn form(name: &str, key: &Key) -> SshKeyForm {
    SshKeyForm { name: name.into(), key: key.public.clone() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_over_ssh_creates_the_app_shows_the_build_and_is_live() {
    let panel = Running::online().await;
    listening(&panel).await;
    let owner = panel.person("owner").await;
    let mut git = GitClient::new().await;
    let laptop = key(&git, "laptop", "ed25519").await;
    panel.backend.ssh_keys.add(&owner, form("Laptop", &laptop)).await.expect("added");
    git.env.push(laptop.env);
    git.write("Dockerfile", dockerfile(&panel, "RUN [\"/bin/echo\", \"built here\"]\nENV VERSION=one"));
    let commit = git.commit("first").await;
    git.must(&["remote", "add", "homeport", &remote(&panel, "shop.git")]).await;
    let said = git.git(&["push", "homeport", "main"]).await;
    assert!(said.ok, "{}", said.err);
    for words in ["-----> Deploy 1 of shop", "built here", "Live: http://shop.apps.localhost"] {
        assert!(said.err.contains(words), "{words}: {}", said.err);
    }
    let shop = "shop".parse().expect("a name");
    assert_eq!(panel.visit(&shop).await, (200, "one".into()));
    let detail = panel.detail(&shop, 1).await;
    succeeded(&detail);
    assert_eq!(detail.release.commit.expect("a commit").sha.as_str(), commit);

    // It can be cloned from here, in both versions of the protocol.
    for (version, folder) in [("2", "../two"), ("0", "../zero")] {
        let protocol = format!("protocol.version={version}");
        git.must(&["-c", &protocol, "clone", "--quiet", &remote(&panel, "shop"), folder]).await;
        assert_eq!(git.must(&["-C", folder, "rev-parse", "HEAD"]).await, commit);
    }

    // A deploy that fails fails the push, with the words; the branch stays where it serves.
    git.write("Dockerfile", "FROM homeport-test-none:none\n").commit("broken").await;
    let said = git.git(&["push", "homeport", "main"]).await;
    assert!(!said.ok && said.err.contains("[remote rejected]"), "{}", said.err);
    assert_eq!(panel.visit(&shop).await, (200, "one".into()));

    // Its use is written down, and what was pushed names the key.
    let row = panel.backend.ssh_keys.settings(&owner).await.expect("settings").keys.remove(0);
    assert!(row.last_used_at.is_some() && row.last_address.as_deref() == Some("127.0.0.1"), "{row:?}");
    let trigger = format!("{:?}", panel.detail(&shop, 1).await.release.trigger);
    assert!(trigger.contains("SSH key Laptop"), "{trigger}");
    let remotes = panel.backend.ssh_keys.remotes(&owner, &shop).await.expect("remotes");
    assert_eq!(remotes.ssh, Some(format!("ssh://git@localhost:{}/shop", panel.ssh_port)));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_key_or_may_not_push_is_refused() {
    let panel = Running::online().await;
    listening(&panel).await;
    let (owner, viewer, deployer) =
        (panel.person("owner").await, panel.person("viewer").await, panel.person("deployer").await);
    let static_app =
        |name: &str| AppForm { name: name.into(), kind: "static".into(), origin: "push".into(), ..AppForm::default() };
    panel.backend.apps.create(&panel.actor, static_app("shop")).await.expect("created");
    panel.backend.apps.create(&panel.actor, panel.form("image")).await.expect("created");
    let mut git = GitClient::new().await;
    git.write("index.html", "one").commit("first").await;

    let stranger = key(&git, "stranger", "ed25519").await;
    git.env = vec![stranger.env.clone()];
    let said = git.git(&["push", &remote(&panel, "shop"), "main"]).await;
    assert!(!said.ok && said.err.contains("Permission denied (publickey)"), "{}", said.err);

    let eyes = key(&git, "eyes", "ecdsa").await;
    panel.backend.ssh_keys.add(&viewer, form("Eyes", &eyes)).await.expect("added");
    git.env = vec![eyes.env.clone()];
    let said = git.git(&["push", &remote(&panel, "shop"), "main"]).await;
    assert!(!said.ok && said.err.contains("Your role does not allow this"), "{}", said.err);

    let hands = key(&git, "hands", "ed25519").await;
    panel.backend.ssh_keys.add(&deployer, form("Hands", &hands)).await.expect("added");
    git.env = vec![hands.env.clone()];
    for (repo, words) in [
        ("unknown", "not"),
        ("image", "image runs the image"),
        ("../x", "not"),
        ("a;b", "not"),
        ("-x", "not"),
        ("A", "not"),
        ("$(id)", "not"),
        ("a'b", "not"),
        ("%2e%2e", "not"),
    ] {
        let said = git.git(&["push", &remote(&panel, repo), "main"]).await;
        assert!(!said.ok && said.err.to_lowercase().contains(words), "{repo}: {}", said.err);
    }
    let said = git.git(&["push", &remote(&panel, "shop"), "main"]).await;
    assert!(said.ok, "{}", said.err);
    assert_eq!(panel.backend.apps.list(&panel.actor).await.expect("listed").len(), 2);

    // Another's key cannot be taken, nor the same twice, nor a private half or a key of another kind.
    let again = panel.backend.ssh_keys.add(&owner, form("Mine", &hands)).await.expect_err("refused");
    assert_eq!((again.code, again.field.as_deref()), (Code::Conflict, Some("key")));
    for bad in ["ssh-ed25519 AAAA", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA==", "ssh-ed25519 not!base64"] {
        let form = SshKeyForm { name: "Bad".into(), key: bad.into() };
        let refused = panel.backend.ssh_keys.add(&owner, form).await.expect_err("refused");
        assert_eq!((refused.code, refused.field.as_deref()), (Code::Invalid, Some("key")), "{bad}");
    }

    // A removed key opens nothing.
    let row = panel.backend.ssh_keys.settings(&deployer).await.expect("settings").keys.remove(0);
    assert_eq!(panel.backend.ssh_keys.remove(&owner, &row.id).await.expect_err("not hers").code, Code::NotFound);
    panel.backend.ssh_keys.remove(&deployer, &row.id).await.expect("removed");
    let said = git.git(&["ls-remote", &remote(&panel, "shop")]).await;
    assert!(!said.ok && said.err.contains("Permission denied"), "{}", said.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_git_s_entrance_and_nothing_else() {
    let panel = Running::online().await;
    listening(&panel).await;
    let owner = panel.person("owner").await;
    let git = GitClient::new().await;
    let laptop = key(&git, "laptop", "ed25519").await;
    panel.backend.ssh_keys.add(&owner, form("Laptop", &laptop)).await.expect("added");
    let file = git.work.parent().expect("a folder").join("laptop");
    let port = panel.ssh_port.to_string();
    let ssh = async |args: &[&str]| {
        let output = Command::new("ssh")
            .args(["-F", "none", "-o", "IdentitiesOnly=yes", "-o", "StrictHostKeyChecking=no", "-o", "BatchMode=yes"])
            .args(["-o", "UserKnownHostsFile=/dev/null", "-o", "ExitOnForwardFailure=yes", "-p", &port, "-i"])
            .arg(&file)
            .args(args)
            .kill_on_drop(true)
            .output();
        let output = tokio::time::timeout(std::time::Duration::from_secs(20), output).await.expect("an end");
        let output = output.expect("ssh");
        let text = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
        (output.status.code(), text)
    };
    for asked in [
        "id",
        "sh",
        "git-upload-archive 'shop'",
        "git-receive-pack",
        "git-receive-pack 'shop'; id",
        "git-upload-pack --help",
        "git-upload-pack '../../etc'",
        "scp -t /",
        "",
    ] {
        let (code, said) = ssh(&["git@127.0.0.1", asked]).await;
        assert_eq!(code, Some(1), "{asked}: {said}");
        assert!(!said.contains("uid="), "{asked}: {said}");
    }
    let (code, said) = ssh(&["git@127.0.0.1"]).await;
    assert!(code == Some(1) && said.contains("Hello, Ada (SSH key Laptop)"), "{said}");
    // No forwarding in either direction, no subsystem, no password.
    let (code, said) = ssh(&["-N", "-R", "0:127.0.0.1:1", "git@127.0.0.1"]).await;
    assert!(code == Some(255), "{said}");
    let (code, said) = ssh(&["-W", "127.0.0.1:22", "git@127.0.0.1"]).await;
    assert!(code == Some(255), "{said}");
    let (code, said) = ssh(&["-s", "git@127.0.0.1", "sftp"]).await;
    assert!(code != Some(0), "{said}");
    let (code, said) = ssh(&["-o", "PubkeyAuthentication=no", "git@127.0.0.1", "id"]).await;
    assert!(code == Some(255) && said.contains("Permission denied (publickey)"), "{said}");

    // Whoever speaks no SSH, or says nothing, harms nobody.
    for noise in [&b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..], b"SSH-2.0-x\r\n\0\0\0\x0cAAAAAAAAAAAA", &[0xff; 4096]] {
        let mut stream = TcpStream::connect(("127.0.0.1", panel.ssh_port)).await.expect("connected");
        stream.write_all(noise).await.expect("written");
        let _ = stream.shutdown().await;
        let mut answer = Vec::new();
        let _ = tokio::time::timeout(std::time::Duration::from_secs(5), stream.read_to_end(&mut answer)).await;
        assert!(answer.is_empty() || answer.starts_with(b"SSH-2.0-Homeport"), "{answer:?}");
    }
    let silent: Vec<TcpStream> = futures_util::future::join_all(
        (0..60).map(|_| async { TcpStream::connect(("127.0.0.1", panel.ssh_port)).await.expect("connected") }),
    )
    .await;
    drop(silent);
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let (code, said) = ssh(&["git@127.0.0.1"]).await;
    assert!(code == Some(1) && said.contains("Hello, Ada"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_host_key_stays_and_a_taken_port_is_said_and_waited_for() {
    let panel = Running::online().await;
    let SshServer::Listens { fingerprint, .. } = listening(&panel).await else { panic!("listens") };
    let mode = std::fs::metadata(panel.ground.state().join("ssh_host_ed25519_key")).expect("the key");
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&mode.permissions()) & 0o777, 0o600);
    let panel = panel.restart_online().await;
    let SshServer::Listens { fingerprint: again, .. } = listening(&panel).await else { panic!("listens") };
    assert_eq!(fingerprint, again);

    // A key file that cannot be read is not replaced.
    let file = panel.ground.state().join("ssh_host_ed25519_key");
    std::fs::write(&file, "broken").expect("written");
    let panel = panel.restart_online().await;
    let actor = panel.person("owner").await;
    let mut why = String::new();
    for _ in 0..200 {
        if let SshServer::Fails { why: found } = panel.backend.ssh_keys.settings(&actor).await.expect("settings").server
        {
            why = found;
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert!(why.contains("cannot be read"), "{why}");
    assert_eq!(std::fs::read_to_string(&file).expect("read"), "broken");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_survives_a_client_that_goes_away_in_the_middle_of_the_build() {
    let panel = Running::online().await;
    listening(&panel).await;
    let owner = panel.person("owner").await;
    let mut git = GitClient::new().await;
    let laptop = key(&git, "laptop", "ed25519").await;
    panel.backend.ssh_keys.add(&owner, form("Laptop", &laptop)).await.expect("added");
    git.env.push(laptop.env);
    git.write("Dockerfile", dockerfile(&panel, "RUN [\"/bin/sleep\", \"2\"]\nENV VERSION=one")).commit("first").await;
    let name = format!("shop{}", ambient::random_u32() % 1000);
    let app = name.parse().expect("a name");
    let mut pushing = git.command(&["push", &remote(&panel, &name), "main"]).spawn().expect("git");
    for _ in 0..1_000 {
        let step =
            panel.backend.deploys.find(&panel.actor, &app, 1).await.ok().and_then(|found| found.release.job.step);
        if step.as_deref() == Some("build") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    pushing.kill().await.expect("killed");
    let detail = panel.ended(&app, 1).await;
    assert_eq!(detail.release.job.state, JobState::Succeeded, "{:?}", detail.release.job.problem);
    assert_eq!(panel.visit(&app).await, (200, "one".into()));
}
