//! `app.json`: what else a repository says about its app.
//!
//! The fields are those of dokku-contract.md, 2.2 to 2.4 and 2.9, with `//` comments allowed
//! (product.md). Keys that are not Dokku's are ignored, because the file is shared with Heroku and
//! others.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    CommandLine, CronEntry, EnvDeclaration, Formation, Healthcheck, Mistake, Read, RepoFile,
    env::MOST_VARIABLES,
    fields::{Place, Source},
    healthcheck::MOST_CHECKS,
    json,
    position::quoted,
    procfile::MOST_PROCESSES,
};
use crate::deploy::container::ProcessName;

/// How many cron entries an app has at most.
pub const MOST_CRON_ENTRIES: usize = 100;

/// What runs around a deploy.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Scripts {
    /// `scripts.dokku.predeploy`: in the new image before `release`; what it changes is kept.
    pub predeploy: Option<CommandLine>,
    /// `scripts.dokku.postdeploy`: after the switch, in a container of the new release.
    pub postdeploy: Option<CommandLine>,
    /// `scripts.postdeploy`: after the app's first deploy only, as on Heroku.
    pub first_postdeploy: Option<CommandLine>,
}

/// What the file says. Whatever it does not say is empty.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AppJson {
    /// How many of each process there are.
    pub formation: BTreeMap<ProcessName, Formation>,
    /// How each process proves itself.
    pub healthchecks: BTreeMap<ProcessName, Vec<Healthcheck>>,
    /// What runs around a deploy.
    pub scripts: Scripts,
    /// What runs on a schedule.
    pub cron: Vec<CronEntry>,
    /// Which variables the app wants, in the file's order.
    pub env: Vec<EnvDeclaration>,
}

impl AppJson {
    /// Reads a file's text; an empty one says nothing.
    ///
    /// # Errors
    /// The first thing that is no JSON, of a wrong type or out of its range.
    pub fn parse(text: &str) -> Result<Read<Self>, Mistake> {
        let text = RepoFile::AppJson.open(text)?;
        let source = Source::new(RepoFile::AppJson, text);
        if text.trim().is_empty() {
            return Ok(Read { value: Self::default(), warnings: Vec::new() });
        }
        let tree = json::read(text).map_err(|(at, what)| source.mistake(at, "", what))?;
        let value = Self::read(&Place::top(&source, &tree))?;
        Ok(Read { value, warnings: source.warnings() })
    }

    /// Whether the scale follows from the file, so that nobody else sets it.
    #[must_use]
    pub fn fixes_scale(&self) -> bool {
        self.formation.values().any(|formation| formation.quantity.is_some())
    }

    fn read(top: &Place<'_>) -> Result<Self, Mistake> {
        if top.is_null() {
            return Ok(Self::default());
        }
        let fields = top.fields(&["buildpacks", "cron", "env", "formation", "healthchecks", "scripts"])?;
        if let Some(buildpacks) = fields.find("buildpacks") {
            buildpacks.warn("buildpacks are not used; the app is built as its settings say.");
        }
        let cron = |at: &Place<'_>| at.list(MOST_CRON_ENTRIES)?.iter().map(CronEntry::read).collect();
        Ok(Self {
            formation: fields.read("formation", |at| by_process(at, Formation::read))?.unwrap_or_default(),
            healthchecks: fields.read("healthchecks", |at| by_process(at, healthchecks))?.unwrap_or_default(),
            scripts: fields.read("scripts", scripts)?.unwrap_or_default(),
            cron: fields.read("cron", cron)?.unwrap_or_default(),
            env: fields.read("env", env)?.unwrap_or_default(),
        })
    }
}

/// An object with a process type for each key. One that no process can have is left out.
fn by_process<T>(
    at: &Place<'_>,
    read: impl Fn(&Place<'_>) -> Result<T, Mistake>,
) -> Result<BTreeMap<ProcessName, T>, Mistake> {
    let mut processes = BTreeMap::new();
    for entry in at.entries(MOST_PROCESSES)? {
        match entry.key.parse::<ProcessName>() {
            Ok(_) if entry.value.is_null() => {}
            Ok(name) => {
                processes.insert(name, read(&entry.value)?);
            }
            Err(refused) => {
                entry.warn(format!("{} is no process type, so it is ignored. {refused}", quoted(entry.key)))
            }
        }
    }
    Ok(processes)
}

fn healthchecks(at: &Place<'_>) -> Result<Vec<Healthcheck>, Mistake> {
    at.list(MOST_CHECKS)?.iter().map(Healthcheck::read).collect()
}

fn scripts(at: &Place<'_>) -> Result<Scripts, Mistake> {
    let fields = at.fields(&["dokku", "postdeploy"])?;
    let mut scripts = Scripts { first_postdeploy: fields.read("postdeploy", script)?.flatten(), ..Scripts::default() };
    if let Some(dokku) = fields.find("dokku") {
        let fields = dokku.fields(&["predeploy", "postdeploy"])?;
        scripts.predeploy = fields.read("predeploy", script)?.flatten();
        scripts.postdeploy = fields.read("postdeploy", script)?.flatten();
    }
    Ok(scripts)
}

fn script(at: &Place<'_>) -> Result<Option<CommandLine>, Mistake> {
    if at.text()?.trim().is_empty() { Ok(None) } else { at.parsed().map(Some) }
}

fn env(at: &Place<'_>) -> Result<Vec<EnvDeclaration>, Mistake> {
    let entries = at.entries(MOST_VARIABLES)?;
    entries.iter().map(|entry| EnvDeclaration::read(entry.name()?, &entry.value)).collect()
}

#[cfg(test)]
mod tests;
