//! The one place that starts programs.

use std::time::{Duration, Instant};

use homeport_model::secret::Secret;
use homeport_server::drivers::{
    process::{Error, Invocation, Program},
    system::procfs,
};
use tokio::time::{sleep, timeout};

#[tokio::test]
async fn the_environment_starts_empty() {
    // `git var` with an alias of git's own prints what a child would see, without a shell of ours.
    let output = Invocation::new(Program::Git).args(["-c", "alias.e=!env", "e"]).env("SHOWN", "yes").run().await;
    let text = String::from_utf8(output.expect("run").stdout).expect("text");
    assert!(text.contains("SHOWN=yes"));
    for inherited in ["HOME=", "CARGO", "USER=", "NEXTEST"] {
        assert!(!text.lines().any(|line| line.starts_with(inherited)), "{inherited} in {text}");
    }
}

#[tokio::test]
async fn arguments_stay_words_and_secrets_stay_secret() {
    let hostile = "$(touch /tmp/pwn); `id` 'x' \"y\"";
    let run = Invocation::new(Program::Git).arg("ls-remote").arg("--").arg(hostile).secret(Secret::new("touch".into()));
    let Err(Error::Failed { stderr, .. }) = run.run().await else { panic!("it worked") };
    assert!(stderr.contains("$([secret] /tmp/pwn); `id`"), "{stderr}");
    assert!(!std::path::Path::new("/tmp/pwn").exists());
}

#[tokio::test]
async fn too_long_and_too_much_are_ended_with_everything_started() {
    let marker = format!("sleep 37{}", std::process::id());
    let alias = format!("alias.w=!{marker} & {marker}");
    let run = || Invocation::new(Program::Git).args(["-c", &alias, "w"]).limit(Duration::from_secs(1));
    let before = Instant::now();
    assert!(matches!(run().run().await, Err(Error::TimedOut { limit_s: 1, .. })));
    assert!(before.elapsed() < Duration::from_secs(5));
    assert!(timeout(Duration::from_millis(300), run().limit(Duration::from_secs(60)).run()).await.is_err());
    let much = Invocation::new(Program::Git).args(["-c", "alias.y=!yes", "y"]).limit_bytes(1000).run().await;
    assert!(matches!(much, Err(Error::TooMuchOutput { limit_bytes: 1000, .. })), "{much:?}");
    sleep(Duration::from_millis(200)).await;
    let alive = |pid: &u32| procfs::command_line(*pid).is_some_and(|line| line == marker);
    let here = std::env::current_dir().expect("a folder");
    let left: Vec<u32> = procfs::working_in(&here.to_string_lossy(), "sleep").expect("looked");
    assert_eq!(left.iter().filter(|pid| alive(pid)).count(), 0);
}

#[tokio::test]
async fn input_is_fed_and_output_piped() {
    let run = || Invocation::new(Program::Git).args(["hash-object", "--stdin"]).stdin("hi\n");
    let output = run().run().await.expect("run");
    assert_eq!(output.stdout, b"45b983be36b73c0788dc9cbcb76cbb80fc7bb057\n");
    let mut pipe = run().pipe().expect("started");
    let mut buffer = [0; 100];
    assert_eq!(pipe.read(&mut buffer).await.expect("read"), 41);
    assert_eq!(pipe.read(&mut buffer).await.expect("ended"), 0);
    let mut pipe = Invocation::new(Program::Git)
        .args(["rev-parse", "--nonsense-of-ours", "-x"])
        .folder("/")
        .pipe()
        .expect("started");
    let ended = loop {
        match pipe.read(&mut buffer).await {
            Ok(0) => break Ok(()),
            Ok(_) => {}
            Err(error) => break Err(error),
        }
    };
    assert!(matches!(ended, Err(Error::Failed { .. })), "{ended:?}");
}
