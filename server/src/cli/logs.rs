//! `homeport logs`: what an app's containers wrote, and what they write.

use std::{
    io::{Write, stdout},
    thread::sleep,
};

use clap::Args;
use homeport_model::{api::ApiOutput, deploy::container::ProcessName, log::LogForm, name::AppName};

use super::client::{LOOK_EVERY, NO_PERMISSION, Panel, Trouble, ended};
use crate::config::Origin;

/// Whose lines, and where.
#[derive(Debug, Args)]
pub struct LogsOptions {
    /// The app's name.
    pub app: AppName,

    /// One process, like `web`; else all.
    #[arg(long, value_name = "NAME")]
    pub process: Option<ProcessName>,

    /// A release's number; else the one that serves. Those whose containers are gone are there, too.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    pub release: Option<u32>,

    /// Go on with what is written from now on.
    #[arg(long)]
    pub follow: bool,

    /// The panel's address. The token is taken from the variable HOMEPORT_TOKEN, so that no list of
    /// processes shows it.
    #[arg(long, env = "HOMEPORT_PANEL", value_name = "URL")]
    pub panel: Origin,
}

/// Shows the last 500 lines, and with `--follow` those that come; returns the exit code.
#[must_use]
pub fn logs(options: &LogsOptions) -> u8 {
    let Some(panel) = Panel::of_environment(&options.panel, &options.app) else { return NO_PERMISSION };
    ended(show(&panel, options), &options.panel)
}

fn show(panel: &Panel, options: &LogsOptions) -> Result<u8, Trouble> {
    let mut form = LogForm {
        release: options.release.map(|number| number.to_string()).unwrap_or_default(),
        process: options.process.as_ref().map(ToString::to_string).unwrap_or_default(),
        ..LogForm::default()
    };
    let mut followed: Option<u32> = None;
    loop {
        let page: ApiOutput = panel.get(&form.address("/logs"))?;
        let rest = followed.filter(|before| page.release.is_some_and(|now| now != *before));
        let lines = match rest {
            // Another release serves now: what the one before wrote last, then all of the new one,
            // which wrote before it served.
            Some(before) => {
                let rest = LogForm { release: before.to_string(), ..form.clone() };
                form.after.clear();
                panel.get::<ApiOutput>(&rest.address("/logs"))?.lines
            }
            None => page.lines,
        };
        followed = page.release.or(followed);
        for line in lines {
            // Whoever reads this may have seen enough, as `head` does.
            if writeln!(stdout(), "{} {} {}", line.at, line.from, line.text).is_err() {
                return Ok(0);
            }
            if rest.is_none() {
                form.after = line.at;
            }
        }
        if !options.follow {
            return Ok(0);
        }
        if !page.later && rest.is_none() {
            sleep(LOOK_EVERY);
        }
    }
}
