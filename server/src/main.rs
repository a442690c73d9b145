//! The program: parse arguments, then ask the library.

use std::process::ExitCode;

use clap::Parser;
use homeport_server::{
    accounts::Link,
    cli::{self, Cli, Command},
    drivers::process::settle_allocator,
};

fn main() -> ExitCode {
    let cli = Cli::parse();
    if matches!(cli.command, Command::Serve(_)) {
        settle_allocator();
    }
    if let Command::Deploy(options) = &cli.command {
        return ExitCode::from(cli::deploy(options));
    }
    if let Command::Logs(options) = &cli.command {
        return ExitCode::from(cli::logs(options));
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(_) => return ExitCode::from(71),
    };
    let done = runtime.block_on(async {
        match cli.command {
            Command::Serve(config) => homeport_server::serve(*config).await,
            Command::Recover(options) => cli::print_link(options, Link::Recover).await,
            Command::ClaimToken(options) => cli::print_link(options, Link::Claim).await,
            // Done above, without a runtime.
            Command::Deploy(_) | Command::Logs(_) => Ok(()),
            Command::Version => {
                cli::announce(concat!("homeport ", env!("CARGO_PKG_VERSION")));
                Ok(())
            }
        }
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(refusal) => ExitCode::from(cli::explain(&refusal)),
    }
}
