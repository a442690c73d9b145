//! An environment as text to take away.
//!
//! `.env` is read back by [`crate::app::env::parse`] and by a POSIX shell (`set -a; . ./.env`): a
//! value is bare, or in single quotes, where nothing has a meaning, or, where it has a single quote
//! itself, in double quotes with `\` before `"`, `\`, `$` and the backtick. Docker's `--env-file`
//! knows no quotes and ends a value at the line's end: what has a line break cannot stand there.

use serde::{Deserialize, Serialize};

use super::Environment;
use crate::{
    app::{EnvVar, env},
    name::EnvKey,
};

/// Which text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EnvFormat {
    /// Lines for a `.env` file.
    #[default]
    Dotenv,
    /// One JSON object.
    Json,
    /// A file for `docker run --env-file`.
    EnvFile,
    /// Arguments for `docker run`, quoted for a shell.
    Arguments,
}

/// The text, with what it could not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvExport {
    /// The text. It shows secrets.
    pub text: String,
    /// A name for the file.
    pub file_name: String,
    /// Variables that this format cannot carry.
    pub left_out: Vec<EnvKey>,
}

/// Writes an environment; `name` is the app's, for the file's name.
#[must_use]
pub fn write(environment: &Environment, format: EnvFormat, name: &str) -> EnvExport {
    let breaks = |value: &str| value.contains(['\n', '\r']);
    let cannot = |value: &str| format == EnvFormat::EnvFile && breaks(value);
    let left_out = environment.iter().filter(|(_, var)| cannot(&var.value)).map(|(key, _)| key.clone()).collect();
    let carried = || environment.iter().filter(|(_, var)| !cannot(&var.value));
    let (text, ending) = match format {
        EnvFormat::Dotenv => {
            let vars = carried().map(|(key, var)| EnvVar { key: key.clone(), value: var.value.clone() });
            (env::print(&vars.collect::<Vec<_>>()), "env")
        }
        EnvFormat::Json => {
            let object: serde_json::Map<String, serde_json::Value> =
                carried().map(|(key, var)| (key.to_string(), var.value.clone().into())).collect();
            (format!("{:#}\n", serde_json::Value::Object(object)), "json")
        }
        EnvFormat::EnvFile => (carried().map(|(key, var)| format!("{key}={}\n", var.value)).collect(), "docker.env"),
        EnvFormat::Arguments => {
            let argument =
                |(key, var): (&EnvKey, &super::Variable)| format!("-e '{key}={}'", var.value.replace('\'', r"'\''"));
            (carried().map(argument).collect::<Vec<_>>().join(" \\\n") + "\n", "args.txt")
        }
    };
    EnvExport { text, file_name: format!("{name}.{ending}"), left_out }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::{EnvScope, Variable};

    fn one(value: &str) -> Environment {
        let variable = Variable { value: value.to_owned(), secret: true, scope: EnvScope::Run };
        [("KEY".parse().expect("a name"), variable)].into()
    }

    #[test]
    fn every_format_carries_the_value_or_says_that_it_cannot() {
        let hostile = "it's $HOME `x` \"q\" \\n #no\nsecond é";
        assert_eq!(
            write(&one(hostile), EnvFormat::Dotenv, "shop").text,
            "KEY=\"it's \\$HOME \\`x\\` \\\"q\\\" \\\\n #no\nsecond é\"\n"
        );
        let json = write(&one(hostile), EnvFormat::Json, "shop");
        let read: serde_json::Value = serde_json::from_str(&json.text).expect("JSON");
        assert_eq!(read["KEY"], hostile);
        let file = write(&one(hostile), EnvFormat::EnvFile, "shop");
        assert_eq!((file.text.as_str(), file.left_out.len()), ("", 1));
        assert_eq!(write(&one("a 'b' #c"), EnvFormat::EnvFile, "shop").text, "KEY=a 'b' #c\n");
        assert_eq!(write(&one("a'b\nc"), EnvFormat::Arguments, "shop").text, "-e 'KEY=a'\\''b\nc'\n");
        assert_eq!(write(&one("x"), EnvFormat::Json, "shop").file_name, "shop.json");
    }
}
