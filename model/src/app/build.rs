//! How a build of an app is done and what it may use.

use serde::{Deserialize, Serialize};

use crate::{
    buildpacks::{Buildpack, MOST_BUILDPACKS},
    name::{EnvKey, ImageRef, Refused},
    problem::Problem,
};

/// How many public arguments a build has at most.
pub const MOST_ARGUMENTS: usize = 50;
/// How long an argument's value may be, in bytes.
const MOST_VALUE_BYTES: usize = 4_096;
/// The time limit of a build that has none of its own, in minutes.
pub const USUAL_MINUTES: u16 = 30;

crate::name::parsed!(
    /// A stage of a Dockerfile: letters, digits and `- _ .`, a letter or digit first.
    StageName,
    |text| {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
        if (1..=128).contains(&text.len()) && text.bytes().all(plain) && text.as_bytes()[0].is_ascii_alphanumeric() {
            Ok(())
        } else {
            Err("A stage has a name of letters, digits and - _ . as after AS in the Dockerfile.")
        }
    }
);

/// A public argument of a build, `ARG` in a Dockerfile. Its value can be read from the image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildArgument {
    /// Its name.
    pub key: EnvKey,
    /// Its value: one line.
    pub value: String,
}

/// What a person decides about an app's builds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct BuildSettings {
    /// The stage that the image is made of; none for the last one.
    #[serde(default)]
    pub target: Option<StageName>,
    /// Public arguments.
    #[serde(default)]
    pub arguments: Vec<BuildArgument>,
    /// The memory it may use, in MiB; without one, three quarters of what is free.
    #[serde(default)]
    pub memory_mib: Option<u32>,
    /// How long it may take, in minutes; without one, [`USUAL_MINUTES`].
    #[serde(default)]
    pub minutes: Option<u16>,
    /// Whether layers of earlier builds are left aside.
    #[serde(default)]
    pub no_cache: bool,
    /// The builder image of Cloud Native Buildpacks; without one,
    /// [`USUAL_BUILDER`](crate::buildpacks::USUAL_BUILDER).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub builder: Option<ImageRef>,
    /// Its buildpacks that build, in this order; without any, those that the builder finds to fit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub buildpacks: Vec<Buildpack>,
}

/// The settings as they are typed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct BuildForm {
    /// A stage; empty means the last.
    #[serde(default)]
    pub target: String,
    /// `KEY=value`, one a line.
    #[serde(default)]
    pub arguments: String,
    /// Memory in MiB; empty means what is free.
    #[serde(default)]
    pub memory: String,
    /// Minutes; empty means the usual.
    #[serde(default)]
    pub minutes: String,
    /// Anything but empty.
    #[serde(default)]
    pub no_cache: String,
    /// A builder image; empty means the usual.
    #[serde(default)]
    pub builder: String,
    /// Buildpacks, one a line.
    #[serde(default)]
    pub buildpacks: String,
}

impl BuildForm {
    /// Reads what was typed.
    ///
    /// # Errors
    /// The first field that is not acceptable.
    pub fn parse(&self) -> Result<BuildSettings, Problem> {
        let target = match self.target.trim() {
            "" => None,
            typed => Some(typed.parse().map_err(|Refused(what)| Problem::invalid("build_target", what))?),
        };
        let number = |field: &str, typed: &str, least: u32, most: u32, what: &str| match typed.trim() {
            "" => Ok(None),
            typed => {
                let plain = typed.bytes().all(|b| b.is_ascii_digit());
                let number = typed.parse::<u32>().ok().filter(|number| plain && (least..=most).contains(number));
                number
                    .map(Some)
                    .ok_or_else(|| Problem::invalid(field, format!("{what} is a number from {least} to {most}.")))
            }
        };
        let memory_mib = number("build_memory", &self.memory, 64, 1 << 20, "Memory in MiB")?;
        let minutes = number("build_minutes", &self.minutes, 1, 24 * 60, "The time limit in minutes")?;
        Ok(BuildSettings {
            target,
            arguments: self.arguments()?,
            memory_mib,
            minutes: minutes.and_then(|minutes| u16::try_from(minutes).ok()),
            no_cache: !self.no_cache.trim().is_empty(),
            builder: match self.builder.trim() {
                "" => None,
                typed => Some(typed.parse().map_err(|Refused(what)| Problem::invalid("build_builder", what))?),
            },
            buildpacks: self.buildpacks()?,
        })
    }

    fn buildpacks(&self) -> Result<Vec<Buildpack>, Problem> {
        let refuse = |what: &str| Problem::invalid("build_buildpacks", what);
        let typed = self.buildpacks.lines().map(str::trim).filter(|line| !line.is_empty());
        let buildpacks: Vec<Buildpack> =
            typed.map(|line| line.parse().map_err(|Refused(what)| refuse(what))).collect::<Result<_, _>>()?;
        if buildpacks.len() > MOST_BUILDPACKS {
            return Err(refuse("A build has at most 20 buildpacks."));
        }
        Ok(buildpacks)
    }

    fn arguments(&self) -> Result<Vec<BuildArgument>, Problem> {
        let refuse = |what: &str| Problem::invalid("build_arguments", what);
        let mut arguments: Vec<BuildArgument> = Vec::new();
        for line in self.arguments.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (key, value) = line.split_once('=').ok_or_else(|| refuse("An argument is a line like KEY=value."))?;
            let key: EnvKey = key.trim().parse().map_err(|Refused(what)| refuse(what))?;
            if value.len() > MOST_VALUE_BYTES || value.chars().any(char::is_control) {
                return Err(refuse("A value is one line of at most 4096 bytes, without control characters."));
            }
            if arguments.iter().any(|other| other.key == key) {
                return Err(refuse("An argument stands there twice."));
            }
            arguments.push(BuildArgument { key, value: value.to_owned() });
        }
        if arguments.len() > MOST_ARGUMENTS {
            return Err(refuse("A build has at most 50 arguments."));
        }
        Ok(arguments)
    }

    /// The form that would give `settings`.
    #[must_use]
    pub fn of(settings: &BuildSettings) -> Self {
        let line = |argument: &BuildArgument| format!("{}={}", argument.key, argument.value);
        Self {
            target: settings.target.as_ref().map(ToString::to_string).unwrap_or_default(),
            arguments: settings.arguments.iter().map(line).collect::<Vec<_>>().join("\n"),
            memory: settings.memory_mib.map(|mib| mib.to_string()).unwrap_or_default(),
            minutes: settings.minutes.map(|minutes| minutes.to_string()).unwrap_or_default(),
            no_cache: if settings.no_cache { "on".to_owned() } else { String::new() },
            builder: settings.builder.as_ref().map(ToString::to_string).unwrap_or_default(),
            buildpacks: settings.buildpacks.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> BuildForm {
        BuildForm {
            target: "release".into(),
            arguments: "A=b\nNODE_ENV=x = $y \"z\"".into(),
            memory: "512".into(),
            minutes: "5".into(),
            no_cache: "on".into(),
            builder: "paketobuildpacks/builder-jammy-base:0.4".into(),
            buildpacks: "heroku/nodejs@5.1.1\nurn:cnb:builder:heroku/procfile".into(),
        }
    }

    #[test]
    fn a_form_becomes_settings_and_back() {
        for form in [form(), BuildForm::default()] {
            let settings = form.parse().unwrap_or_else(|problem| panic!("{problem}"));
            assert_eq!(BuildForm::of(&settings), form);
            let json = serde_json::to_string(&settings).expect("writes");
            assert_eq!(serde_json::from_str::<BuildSettings>(&json).expect("reads"), settings);
        }
        assert_eq!(BuildForm::default().parse(), Ok(BuildSettings::default()));
    }

    #[test]
    fn every_field_refuses_and_says_so() {
        let many: String = (0..=MOST_ARGUMENTS).map(|n| format!("A{n}=b\n")).collect();
        let long = format!("A={}", "b".repeat(MOST_VALUE_BYTES + 1));
        let arguments = |text: &str| BuildForm { arguments: text.into(), ..form() };
        for (field, form) in [
            ("build_target", BuildForm { target: "--x".into(), ..form() }),
            ("build_target", BuildForm { target: "a b".into(), ..form() }),
            ("build_target", BuildForm { target: "x".repeat(129), ..form() }),
            ("build_memory", BuildForm { memory: "0".into(), ..form() }),
            ("build_memory", BuildForm { memory: "+512".into(), ..form() }),
            ("build_memory", BuildForm { memory: "99999999999999".into(), ..form() }),
            ("build_minutes", BuildForm { minutes: "1441".into(), ..form() }),
            ("build_minutes", BuildForm { minutes: "é".into(), ..form() }),
            ("build_arguments", arguments("A")),
            ("build_arguments", arguments("$(id)=b")),
            ("build_arguments", arguments("A=\u{1b}[31m")),
            ("build_arguments", arguments("A=b\nA=c")),
            ("build_arguments", arguments(&many)),
            ("build_arguments", arguments(&long)),
            ("build_builder", BuildForm { builder: "$(id)".into(), ..form() }),
            ("build_builder", BuildForm { builder: "--privileged".into(), ..form() }),
            ("build_builder", BuildForm { builder: "a b".into(), ..form() }),
            ("build_buildpacks", BuildForm { buildpacks: "docker://ghcr.io/a/b".into(), ..form() }),
            ("build_buildpacks", BuildForm { buildpacks: "https://github.com/a/b.git".into(), ..form() }),
            ("build_buildpacks", BuildForm { buildpacks: "../../x".into(), ..form() }),
            ("build_buildpacks", BuildForm { buildpacks: "a/b\n".repeat(MOST_BUILDPACKS + 1), ..form() }),
        ] {
            let problem = form.parse().err().unwrap_or_else(|| panic!("{field} was accepted"));
            assert_eq!(problem.field.as_deref(), Some(field));
        }
    }
}
