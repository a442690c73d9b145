//! What a repository says about how its app runs: `Procfile`, `app.json` and `CHECKS`; of a static
//! site, `_redirects` and `_headers`; of a build by buildpacks, `project.toml`.
//!
//! Read as Dokku 0.38 reads them (dokku-contract.md, 2.2 to 2.4). Three rules settle what that
//! leaves open:
//! - what Dokku refuses, or fails on during the deploy, is a [`Mistake`] with its line and column;
//! - what Dokku takes and quietly ignores or bends is taken too, with a warning that says so;
//! - keys that neither knows are nobody's business, unless they look like a slip of the finger.
//!
//! The texts come from whoever can push. Every size and count has a limit, no value carries a zero
//! byte, nothing that is shown a control character, and nothing here runs or fetches anything.

pub mod app_json;
pub mod checks_file;
mod command;
mod cron;
mod env;
mod fields;
mod header;
pub mod headers_file;
pub mod healthcheck;
mod json;
mod position;
mod process;
pub mod procfile;
pub mod project_toml;
pub mod redirects_file;
mod scale;
pub mod site_path;

pub use app_json::AppJson;
pub use checks_file::ChecksFile;
pub use command::CommandLine;
pub use cron::{Concurrency, CronEntry, CronSchedule};
pub use env::{EnvDeclaration, EnvDefault};
pub use header::{HeaderName, HeaderValue, HttpHeader};
pub use headers_file::SiteHeader;
pub use healthcheck::{Healthcheck, Probe, Scheme, Stage};
pub use position::{Mistake, Position, Read, RepoFile};
pub use process::{Process, RestartPolicy, StopGrace, StopSignal, SwitchOrder};
pub use procfile::Procfile;
pub use project_toml::{FileChoice, ProjectToml};
pub use redirects_file::Redirect;
pub use scale::{Formation, Scale, ScalePlan, plan_scale};
