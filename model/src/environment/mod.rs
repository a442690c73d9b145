//! Environments: the variables of one app or of all apps, what each is for, how two of them differ.
//!
//! An app's own variable wins over the one of all apps (dokku-contract.md, 2.9). Nothing here that
//! can be sent to a page carries the value of a secret.

pub mod build_args;
pub mod declared;
pub mod dockerfile;
pub mod export;
pub mod generate;

pub use export::{EnvExport, EnvFormat};
pub use generate::{Length, Spelling};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    app::{EnvChange, EnvRow},
    name::EnvKey,
    time::Timestamp,
};

/// The longest value, in bytes. The kernel takes at most 128 KiB for one, name included.
pub const MOST_VALUE_BYTES: usize = 32 * 1024;

/// When a variable is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EnvScope {
    /// While the app runs.
    #[default]
    Run,
    /// While it is built.
    Build,
    /// Both.
    Both,
}

impl EnvScope {
    /// The word in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Build => "build",
            Self::Both => "both",
        }
    }

    /// Reads the store's word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Run, Self::Build, Self::Both].into_iter().find(|scope| scope.as_str() == word)
    }

    /// Whether it is there while the app runs.
    #[must_use]
    pub const fn at_run(self) -> bool {
        matches!(self, Self::Run | Self::Both)
    }

    /// Whether it is there while the app is built.
    #[must_use]
    pub const fn at_build(self) -> bool {
        matches!(self, Self::Build | Self::Both)
    }
}

/// What a person chose for pasted variables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScopeChoice {
    /// Known ones keep theirs; new ones are for the running app.
    #[default]
    Keep,
    /// All become [`EnvScope::Run`].
    Run,
    /// All become [`EnvScope::Build`].
    Build,
    /// All become [`EnvScope::Both`].
    Both,
}

impl ScopeChoice {
    /// The scope of a variable that had `before`.
    #[must_use]
    pub fn over(self, before: Option<EnvScope>) -> EnvScope {
        match self {
            Self::Keep => before.unwrap_or_default(),
            Self::Run => EnvScope::Run,
            Self::Build => EnvScope::Build,
            Self::Both => EnvScope::Both,
        }
    }
}

/// A variable without its name. It has no `Debug` and no `Serialize`: the value may be a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Variable {
    /// The value, byte for byte.
    pub value: String,
    /// Whether pages mask it.
    pub secret: bool,
    /// When it is there.
    pub scope: EnvScope,
}

/// Variables by name.
pub type Environment = BTreeMap<EnvKey, Variable>;

/// What an app gets: its own variables over those of all apps.
#[must_use]
pub fn effective(of_all: &Environment, own: &Environment) -> Environment {
    let mut merged = of_all.clone();
    merged.extend(own.iter().map(|(key, variable)| (key.clone(), variable.clone())));
    merged
}

/// The environment page.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct EnvPage {
    /// The variables, by name; those of all apps are among an app's where it has none of that name.
    pub rows: Vec<EnvRow>,
    /// What the serving release still has and the next one will not.
    pub leaving: Vec<EnvKey>,
}

/// How one variable differs between two environments, values masked where either is a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvDifference {
    /// The name.
    pub key: EnvKey,
    /// How.
    pub change: EnvChange,
    /// Whether the values are secret.
    pub secret: bool,
    /// The value before, unless it is secret or there was none.
    pub before: Option<String>,
    /// The value after, unless it is secret or there is none.
    pub after: Option<String>,
    /// When it is there after the change, if that is another than before.
    pub scope: Option<EnvScope>,
}

/// One version of an environment: who changed what, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvVersion {
    /// Its number, from 1.
    pub number: u32,
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// What differs from the version before.
    pub changes: Vec<(EnvKey, EnvChange)>,
    /// The version that it repeats.
    pub brought_back: Option<u32>,
}

/// Compares two environments. A value that was or becomes secret does not come out.
#[must_use]
pub fn difference(before: &Environment, after: &Environment) -> Vec<EnvDifference> {
    let keys: std::collections::BTreeSet<&EnvKey> = before.keys().chain(after.keys()).collect();
    let row = |key: &EnvKey| {
        let (old, new) = (before.get(key), after.get(key));
        let change = match (old, new) {
            (None, Some(_)) => EnvChange::Added,
            (Some(_), None) => EnvChange::Removed,
            (Some(old), Some(new)) if old != new => EnvChange::Changed,
            _ => return None,
        };
        let secret = old.is_some_and(|old| old.secret) || new.is_some_and(|new| new.secret);
        let shown = |variable: Option<&Variable>| variable.filter(|_| !secret).map(|variable| variable.value.clone());
        let scope = new.map(|new| new.scope).filter(|scope| Some(*scope) != old.map(|old| old.scope));
        Some(EnvDifference {
            key: key.clone(),
            change,
            secret,
            before: shown(old),
            after: shown(new),
            scope: scope.filter(|scope| old.is_some() || *scope != EnvScope::Run),
        })
    };
    keys.into_iter().filter_map(row).collect()
}

/// "3 change, 1 is new", for what is about to be saved.
#[must_use]
pub fn summary(differences: &[EnvDifference]) -> String {
    let count = |change: EnvChange| differences.iter().filter(|row| row.change == change).count();
    let part = |count: usize, one: &str, more: &str| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        more_than_one => Some(format!("{more_than_one} {more}")),
    };
    let parts: Vec<String> = [
        part(count(EnvChange::Changed), "changes", "change"),
        part(count(EnvChange::Added), "is new", "are new"),
        part(count(EnvChange::Removed), "goes", "go"),
    ]
    .into_iter()
    .flatten()
    .collect();
    if parts.is_empty() { "Nothing changes".to_owned() } else { parts.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(vars: &[(&str, &str, bool)]) -> Environment {
        let variable = |(key, value, secret): &(&str, &str, bool)| {
            let variable = Variable { value: (*value).to_owned(), secret: *secret, scope: EnvScope::Run };
            (key.parse().expect("a name"), variable)
        };
        vars.iter().map(variable).collect()
    }

    #[test]
    fn an_apps_own_variable_wins_over_the_one_of_all_apps() {
        let merged = effective(&env(&[("A", "all", true), ("B", "all", false)]), &env(&[("A", "own", false)]));
        let values: Vec<_> = merged.values().map(|variable| (variable.value.as_str(), variable.secret)).collect();
        assert_eq!(values, [("own", false), ("all", false)]);
    }

    #[test]
    fn differences_tell_no_secret_not_even_one_that_was() {
        let before = env(&[("GONE", "1", false), ("OPEN", "old", false), ("WAS", "hush", true), ("SAME", "x", true)]);
        let after = env(&[("NEW", "n", true), ("OPEN", "new", false), ("WAS", "now open", false), ("SAME", "x", true)]);
        let rows = difference(&before, &after);
        let told: Vec<_> = rows
            .iter()
            .map(|row| (row.key.as_str(), row.change, row.before.as_deref(), row.after.as_deref()))
            .collect();
        assert_eq!(
            told,
            [
                ("GONE", EnvChange::Removed, Some("1"), None),
                ("NEW", EnvChange::Added, None, None),
                ("OPEN", EnvChange::Changed, Some("old"), Some("new")),
                ("WAS", EnvChange::Changed, None, None),
            ]
        );
        assert_eq!(summary(&rows), "2 change, 1 is new, 1 goes");
        assert_eq!(summary(&[]), "Nothing changes");
    }
}
