//! The command line: `homeport serve`, and what root needs on the host.

mod client;
mod deploy;
mod links;
mod logs;

use clap::{Args, Parser, Subcommand};
use std::{
    io::{Write, stdout},
    path::PathBuf,
};

use crate::{
    config::{Config, Origin},
    state::Refusal,
};

pub use deploy::{DeployOptions, deploy};
pub use links::print_link;
pub use logs::{LogsOptions, logs};

/// The control panel for the one server you own.
#[derive(Debug, Parser)]
#[command(name = "homeport", version, about, arg_required_else_help = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the panel.
    Serve(Box<Config>),
    /// Print a link that lets the owner back in; it works once, for five minutes.
    Recover(LinkOptions),
    /// Print a new link to claim this panel, while nobody owns it.
    ClaimToken(LinkOptions),
    /// Deploy an app of a panel, for a CI job: shows its log, and fails when the deploy fails.
    Deploy(DeployOptions),
    /// Show what an app of a panel writes, or what a release of it wrote.
    Logs(LogsOptions),
    /// Print the version.
    Version,
}

/// Where the panel of a link is.
#[derive(Debug, Args)]
pub struct LinkOptions {
    /// The panel's state folder.
    #[arg(long, env = "HOMEPORT_STATE", default_value = "/var/lib/homeport", value_name = "FOLDER")]
    pub state: PathBuf,

    /// The address that people type, as `serve` has it.
    #[arg(long, env = "HOMEPORT_ORIGIN", default_value = "http://localhost:7380", value_name = "URL")]
    pub origin: Origin,

    /// nginx's port for https, as `serve` has it.
    #[arg(long, env = "HOMEPORT_HTTPS_PORT", default_value_t = 443, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub https_port: u16,
}

/// Shows a line to whoever started the program. Links go here and never into the log.
pub fn announce(line: &str) {
    // Nobody may be reading: that is no reason to end what is being told of.
    let _ = writeln!(stdout(), "{line}");
}

/// Says why the program stops and gives its exit code.
#[must_use]
#[expect(clippy::print_stderr, reason = "there is no log yet")]
pub fn explain(refusal: &Refusal) -> u8 {
    eprintln!("homeport: {refusal}");
    refusal.exit_code()
}
