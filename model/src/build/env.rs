//! The `env` entries of `app.json`: which variables an app wants, and where their values come from.

use serde::{Deserialize, Serialize};

use super::{Mistake, fields::Place, position::is_unsafe};
use crate::name::EnvKey;

/// How many variables are declared at most.
pub(super) const MOST_VARIABLES: usize = 500;
/// The longest value, in bytes.
pub(super) const MOST_VALUE_BYTES: usize = 32 * 1024;

/// Where a variable's value comes from when nobody has set one.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum EnvDefault {
    /// From a person.
    #[default]
    Asked,
    /// From the file; whoever can read the repository can read it.
    Value {
        /// The value.
        value: String,
    },
    /// It is made: 64 random hexadecimal digits (`"generator": "secret"`).
    Secret,
}

/// A variable that an app wants. It is set at the first deploy, and never over a value that is
/// there, unless it says [`sync`](Self::sync).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvDeclaration {
    /// The name.
    pub key: EnvKey,
    /// What it is for.
    pub description: Option<String>,
    /// Where its value comes from.
    pub default: EnvDefault,
    /// Whether the deploy fails without a value. True unless the file says otherwise.
    pub required: bool,
    /// Whether every deploy sets it again.
    pub sync: bool,
}

impl EnvDeclaration {
    /// Reads an entry of `env`: a value, or an object about it.
    pub(super) fn read(key: EnvKey, place: &Place<'_>) -> Result<Self, Mistake> {
        let plain = Self { key, description: None, default: EnvDefault::Asked, required: true, sync: false };
        if place.is_null() {
            return Ok(plain);
        }
        if !place.is_object() {
            return Ok(Self { default: value(place)?, ..plain });
        }
        let fields = place.fields(&["description", "generator", "required", "sync", "value"])?;
        let generator = |at: &Place<'_>| match at.text()? {
            "" => Ok(false),
            "secret" => Ok(true),
            _ => {
                at.warn("the only generator is `secret`; this one is ignored.");
                Ok(false)
            }
        };
        let is_made = fields.read("generator", generator)?.unwrap_or_default();
        let written = fields.read("value", value)?.unwrap_or_default();
        Ok(Self {
            description: fields.read("description", description)?.flatten(),
            default: if is_made { EnvDefault::Secret } else { written },
            required: fields.read("required", Place::flag)?.unwrap_or(true),
            sync: fields.read("sync", Place::flag)?.unwrap_or_default(),
            ..plain
        })
    }
}

/// A written value; an empty one is none, as in Dokku.
fn value(at: &Place<'_>) -> Result<EnvDefault, Mistake> {
    match at.text()? {
        "" => Ok(EnvDefault::Asked),
        value if value.len() > MOST_VALUE_BYTES => Err(at.wrong("a value has at most 32 KiB.")),
        value if value.contains('\0') => Err(at.wrong("a value has no zero byte.")),
        value => Ok(EnvDefault::Value { value: value.to_owned() }),
    }
}

/// What a person is shown: one line, nothing that moves the cursor, at most 500 characters.
fn description(at: &Place<'_>) -> Result<Option<String>, Mistake> {
    let typed = at.text()?.chars().map(|c| if c.is_whitespace() { ' ' } else { c });
    let shown: String = typed.filter(|c| !is_unsafe(*c)).take(500).collect();
    Ok((!shown.trim().is_empty()).then(|| shown.trim().to_owned()))
}
