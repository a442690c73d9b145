//! `homeport logs`, as a process that asks a panel over HTTP.

use std::process::{Output, Stdio};

use homeport_model::{app::ProcessForm, name::AppName, prelude::Actor};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::{Duration, timeout},
};

use crate::support::running::{Running, succeeded};

/// A panel with an app of two processes, and whoever may ask it.
struct Bot {
    panel: Running,
    app: AppName,
    owner: Actor,
}

async fn bot(first: &str, second: &str) -> Bot {
    let panel = Running::online().await;
    let owner = panel.person("owner").await;
    let app = panel.create(panel.form("bot")).await;
    let bot = Bot { panel, app, owner };
    bot.set("web", "0", "").await;
    bot.set("bot", "1", first).await;
    bot.set("other", "1", second).await;
    succeeded(&bot.panel.deploy(&bot.app).await);
    bot
}

impl Bot {
    async fn set(&self, process: &str, scale: &str, command: &str) {
        let form = ProcessForm {
            process: process.into(),
            scale: scale.into(),
            command: command.into(),
            stop_grace: "1".into(),
            ..ProcessForm::default()
        };
        self.panel.backend.apps.set_process(&self.panel.actor, &self.app, form).await.expect("set");
    }

    fn command(&self, token: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_homeport"));
        command.arg("logs").args(arguments).args(["--panel", &self.panel.origin]);
        command.env("HOMEPORT_TOKEN", token).stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    /// Its exit code, what it showed and what it complained of.
    async fn logs(&self, token: &str, arguments: &[&str]) -> (Option<i32>, String, String) {
        said(&self.command(token, arguments).output().await.expect("runs"))
    }

    fn follow(&self, token: &str, arguments: &[&str]) -> (Child, Lines<BufReader<ChildStdout>>) {
        let mut child = self.command(token, arguments).stdout(Stdio::piped()).spawn().expect("starts");
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        (child, lines)
    }
}

fn said(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

async fn next(lines: &mut Lines<BufReader<ChildStdout>>) -> String {
    let line = timeout(Duration::from_secs(20), lines.next_line()).await.expect("in time");
    line.expect("read").expect("a line")
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_are_shown_of_all_processes_or_of_one_and_of_releases_that_are_gone() {
    let bot = bot("echo first words; echo oops >&2; sleep 1000", "echo another; sleep 1000").await;
    let token = bot.panel.token(&bot.owner, "read", "").await;
    let (code, out, err) = bot.logs(&token, &["bot"]).await;
    assert_eq!((code, err.as_str()), (Some(0), ""));
    for words in [" bot.1 first words\n", " bot.1 oops\n", " other.1 another\n"] {
        assert!(out.contains(words), "{words}: {out}");
    }
    assert!(out.lines().all(|line| line.starts_with("20") && line.split(' ').nth(1).is_some()), "moment first: {out}");
    let (code, out, _) = bot.logs(&token, &["bot", "--process", "other"]).await;
    assert!(code == Some(0) && out.ends_with(" other.1 another\n") && out.lines().count() == 1, "{out}");
    let (code, out, _) = bot.logs(&token, &["bot", "--process", "nobody"]).await;
    assert_eq!((code, out.as_str()), (Some(0), ""), "a process that never was has written nothing");

    bot.set("bot", "1", "echo second words; sleep 1000").await;
    succeeded(&bot.panel.deploy(&bot.app).await);
    let (code, out, _) = bot.logs(&token, &["bot", "--process", "bot"]).await;
    assert!(code == Some(0) && out.contains("second words") && !out.contains("first words"), "what serves: {out}");
    let (code, out, _) = bot.logs(&token, &["bot", "--release", "1"]).await;
    assert!(code == Some(0) && out.contains("first words") && !out.contains("second words"), "{out}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_shown_ends_in_words_and_in_a_code_of_its_own() {
    let bot = bot("echo secret words; sleep 1000", "sleep 1000").await;
    bot.panel.create(bot.panel.form("shop")).await;
    let token = bot.panel.token(&bot.owner, "read", "").await;
    let for_shop = bot.panel.token(&bot.owner, "deploy", "shop").await;
    for (token, arguments, code, says) in [
        (token.as_str(), &["bot", "--release", "9"][..], 1, "release"),
        (&token, &["nobody"], 1, "app"),
        (&for_shop, &["bot"], 1, "app"),
        ("hpt_wrong", &["bot"], 1, "token"),
        ("", &["bot"], 1, "token"),
        (&token, &["bot", "--release", "0"], 2, "--release"),
        (&token, &["bot", "--release", "-1"], 2, "'-1'"),
        (&token, &["../bot"], 2, "<APP>"),
        (&token, &["$(id)"], 2, "<APP>"),
        (&token, &["bot", "--process", "Web Site"], 2, "--process"),
        (&token, &[], 2, "<APP>"),
    ] {
        let (ended, out, err) = bot.logs(token, arguments).await;
        assert_eq!((ended, out.as_str()), (Some(code), ""), "{arguments:?}: {err}");
        assert!(err.contains(says) && !err.contains("secret words"), "{arguments:?}: {err}");
    }
    let without = bot.command("", &["bot"]).env_remove("HOMEPORT_TOKEN").output().await.expect("runs");
    let (code, _, err) = said(&without);
    assert!(code == Some(77) && err.contains("HOMEPORT_TOKEN is not set"), "{code:?} {err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn following_shows_every_line_once_over_a_release_and_ends_when_nobody_reads() {
    let count = |from: &str| format!("n={from}; while true; do n=$((n+1)); echo line $n; sleep 0.1; done");
    let bot = bot(&count("0"), "sleep 1000").await;
    let token = bot.panel.token(&bot.owner, "read", "bot").await;
    let (_child, mut lines) = bot.follow(&token, &["bot", "--process", "bot", "--follow"]);
    for number in 1..=20 {
        let line = next(&mut lines).await;
        assert!(line.ends_with(&format!(" bot.1 line {number}")), "{number}: {line}");
    }
    bot.set("bot", "1", &count("1000")).await;
    succeeded(&bot.panel.deploy(&bot.app).await);
    // The rest of the first, then the second from its first line, which it wrote before it served.
    let mut number = 20;
    while number != 1_010 {
        let line = next(&mut lines).await;
        let now: u32 = line.rsplit(' ').next().and_then(|number| number.parse().ok()).expect("a number");
        assert!(now == number + 1 || now == 1_001 && number < 1_000, "{now} after {number}");
        number = now;
    }

    // As with `| head`: nobody reads any more.
    let (mut child, mut lines) = bot.follow(&token, &["bot", "--follow"]);
    next(&mut lines).await;
    drop(lines);
    let status = timeout(Duration::from_secs(20), child.wait()).await.expect("it ends").expect("ended");
    assert_eq!(status.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panel_that_does_not_answer_is_waited_for_and_then_given_up() {
    let nowhere = format!("http://localhost:{}", crate::support::namespace::free_port());
    let ran = Command::new(env!("CARGO_BIN_EXE_homeport"))
        .args(["logs", "bot", "--panel", &nowhere])
        .env("HOMEPORT_TOKEN", "hpt_x")
        .output();
    let (code, out, err) = said(&timeout(Duration::from_secs(60), ran).await.expect("in time").expect("runs"));
    assert_eq!((code, out.as_str()), (Some(69), ""), "{err}");
    assert!(err.contains(&format!("{nowhere} does not answer")), "{err}");
}
