//! Measures a release build on the real engines and prints each figure beside its budget
//! (performance.md, Budgets). It prints and asserts only that what was measured was right: the body
//! is the new version, every app is on the page. Nothing here is a test.
//!
//! `script/bench [NAME…]` runs it. Everything is made in a namespace and a state folder of its own,
//! on loopback, and goes away with it, also when it fails.

#![expect(clippy::disallowed_methods, reason = "a bench makes folders, starts programs and reads clocks freely")]
#![expect(clippy::print_stdout, reason = "a bench prints")]
#![expect(unreachable_pub, reason = "nothing here is read from outside")]

mod by_hand;
mod client;
mod control;
mod crowd;
mod deploy;
mod first_load;
mod hook;
mod hundred;
mod idle;
mod load;
mod mixed;
mod panel;
mod program;
mod site;
mod stage;
mod today;
mod vhosts;
mod visitors;
mod write;

/// What the tests stand on serves here too.
#[expect(dead_code, reason = "a bench needs less of it than the tests do")]
#[path = "../../tests/it/support"]
mod support {
    pub mod authenticator;
    pub mod images;
    pub mod namespace;
    pub mod volumes;
}

use std::process::ExitCode;

use stage::Stage;

/// Anything that keeps a figure from being taken.
pub type Result<T, E = Box<dyn std::error::Error + Send + Sync>> = std::result::Result<T, E>;

/// The benches in the order in which they run: the panel is idle first and has its hundred apps last.
const NAMES: [&str; 9] = ["first-load", "idle", "vhosts", "deploy", "load", "hundred", "webhook", "today", "program"];

#[tokio::main]
async fn main() -> ExitCode {
    // Cargo adds `--bench`.
    let mut words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    if words.first().is_some_and(|word| word == crowd::CHILD) {
        return crowd::child(&words[1..]).await;
    }
    if words.first().is_some_and(|word| word == site::CHILD) {
        return site::child().await;
    }
    if let Some(unknown) = words.iter().find(|word| !NAMES.contains(&word.as_str())) {
        println!("bench: there is no {unknown}; there are: {}", NAMES.join(" "));
        return ExitCode::from(2);
    }
    if words.is_empty() {
        words = NAMES.map(str::to_owned).to_vec();
    }
    let done = tokio::select! {
        done = run(&words) => done,
        () = told_to_stop() => Err("stopped; everything is cleared away".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Ctrl-C or SIGTERM; what was made is cleared away all the same.
async fn told_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}

async fn run(names: &[String]) -> Result<()> {
    write::host();
    let mut stage = Stage::set().await?;
    for name in NAMES.into_iter().filter(|name| names.iter().any(|wanted| wanted == name)) {
        match name {
            "first-load" => first_load::bench(&mut stage).await?,
            "idle" => idle::bench(&mut stage).await?,
            "vhosts" => vhosts::bench(&mut stage).await?,
            "deploy" => deploy::bench(&mut stage).await?,
            "load" => load::bench(&mut stage).await?,
            "hundred" => hundred::bench(&mut stage).await?,
            "webhook" => hook::bench(&mut stage).await?,
            "today" => today::bench(&mut stage).await?,
            _ => program::bench(&mut stage).await?,
        }
    }
    Ok(())
}
