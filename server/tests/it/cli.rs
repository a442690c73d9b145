//! The program itself, as a process.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use tempfile::TempDir;

fn homeport(arguments: &[&str]) -> Output {
    command(arguments).output().expect("runs")
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_homeport"));
    command.args(arguments);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("HOMEPORT_")) {
        command.env_remove(name);
    }
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A panel that runs until the test ends.
struct Running {
    child: Child,
    link: String,
}

impl Running {
    fn start(state: &Path) -> Self {
        let socket = state.join("panel.sock");
        let (state, socket) = (state.display().to_string(), socket.display().to_string());
        let mut child = command(&[
            "serve",
            "--state",
            &state,
            "--listen",
            &socket,
            "--http-port",
            "18999",
            "--https-port",
            "18998",
            "--bind",
            "127.0.0.1",
            "--namespace",
            "hp-cli-test",
            "--docker-socket",
            "/nonexistent.sock",
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("starts");
        let mut link = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut link).expect("a line");
        Self { child, link }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn help_lists_every_flag_and_its_variable() {
    let help = text(&homeport(&["serve", "--help"]).stdout);
    for flag in [
        "state",
        "listen",
        "origin",
        "http-port",
        "https-port",
        "bind",
        "namespace",
        "docker-socket",
        "apps-domain",
        "allow-local-git",
        "site",
        "log",
    ] {
        assert!(help.contains(&format!("--{flag}")), "--{flag}: {help}");
        let variable = format!("HOMEPORT_{}", flag.replace('-', "_").to_uppercase());
        assert!(help.contains(&format!("[env: {variable}=")), "{variable}: {help}");
    }
    let help = text(&homeport(&["--help"]).stdout);
    for command in ["serve", "recover", "claim-token", "version"] {
        assert!(help.contains(command), "{command}: {help}");
    }
}

#[test]
fn the_version_is_the_packages() {
    assert_eq!(text(&homeport(&["version"]).stdout), format!("homeport {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn bad_values_are_named_and_start_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let state = folder.path().join("state");
    let state_text = state.display().to_string();
    for (flag, value) in [
        ("--listen", "0.0.0.0:80"),
        ("--origin", "http://panel.example.com"),
        ("--origin", "https://203.0.113.7"),
        ("--namespace", "a;b"),
        ("--http-port", "0"),
        ("--http-port", "70000"),
        ("--apps-domain", "$(id).example.com"),
        ("--bind", "example.com"),
    ] {
        let done = homeport(&["serve", "--state", &state_text, flag, value]);
        assert_eq!(done.status.code(), Some(2), "{flag} {value}");
        assert!(text(&done.stderr).contains(flag), "{flag} {value}: {}", text(&done.stderr));
    }
    assert!(!state.exists());
}

#[test]
fn a_deploy_without_cache_builds_from_a_repository() {
    for other in [["--image", "ada/shop:2"], ["--archive", "shop.tar"]] {
        let words = ["deploy", "shop", "--panel", "http://localhost:1", "--no-cache", other[0], other[1]];
        let done = homeport(&words);
        assert_eq!(done.status.code(), Some(2), "{other:?}");
        assert!(text(&done.stderr).contains("--no-cache"), "{}", text(&done.stderr));
    }
}

#[test]
fn links_need_a_panel() {
    let folder = tempfile::tempdir().expect("a folder");
    let state = folder.path().display().to_string();
    for command in ["recover", "claim-token"] {
        let done = homeport(&[command, "--state", &state]);
        assert_eq!(done.status.code(), Some(78), "{command}");
        assert!(text(&done.stderr).contains("no panel"), "{}", text(&done.stderr));
    }
    assert!(!folder.path().join("homeport.db").exists());
}

#[test]
fn a_first_start_prints_a_claim_link_and_a_second_panel_is_turned_away() {
    let folder: TempDir = tempfile::tempdir().expect("a folder");
    let state = folder.path().join("state");
    let running = Running::start(&state);
    let (before, token) = running.link.trim().rsplit_once('#').expect("a token");
    assert_eq!(before, "Claim this panel within 30 minutes: http://localhost:7380/claim");
    assert_eq!(token.len(), 52);

    let state_text = state.display().to_string();
    let second = homeport(&["serve", "--state", &state_text]);
    assert_eq!(second.status.code(), Some(75));
    let expected = format!("locked by pid {}", running.child.id());
    assert!(text(&second.stderr).contains(&expected), "{}", text(&second.stderr));

    // Beside the running panel: a new claim link, and no recovery of what nobody owns.
    let renewed = homeport(&["claim-token", "--state", &state_text, "--origin", "https://panel.example.com"]);
    assert_eq!(renewed.status.code(), Some(0), "{}", text(&renewed.stderr));
    assert!(text(&renewed.stdout).starts_with("https://panel.example.com/claim#"));
    let recover = homeport(&["recover", "--state", &state_text]);
    assert_eq!(recover.status.code(), Some(78));
    assert!(text(&recover.stderr).contains("no owner yet"), "{}", text(&recover.stderr));

    drop(running);
    std::fs::remove_file(state.join("homeport.db")).expect("removes");
    let lost = homeport(&["serve", "--state", &state_text]);
    assert_eq!(lost.status.code(), Some(78));
    assert!(text(&lost.stderr).contains("State missing"), "{}", text(&lost.stderr));
}
