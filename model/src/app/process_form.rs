//! What a person types about one process, and how it becomes a value or a problem beside its field.

use serde::{Deserialize, Serialize};

use super::ProcessSettings;
use crate::{
    build::{CommandLine, RestartPolicy, Scale, StopGrace, StopSignal, SwitchOrder},
    deploy::container::{Limits, ProcessName},
    name::Refused,
    problem::Problem,
};

/// The least memory that a process may be given, in MiB; the engine refuses less than 6.
const LEAST_MEMORY_MIB: u64 = 16;
/// The most, in MiB: 1 TiB.
const MOST_MEMORY_MIB: u64 = 1 << 20;

/// The form of a process: every field as it was typed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ProcessForm {
    /// Its type.
    pub process: String,
    /// What it runs; empty means what the files or the image say.
    #[serde(default)]
    pub command: String,
    /// How many of it; empty means the rule.
    #[serde(default)]
    pub scale: String,
    /// Memory of each, in MiB; empty means 512.
    #[serde(default)]
    pub memory: String,
    /// Processor cores of each, like `0.5`; empty means all there are.
    #[serde(default)]
    pub cpu: String,
    /// Processes and threads of each; empty means 1024.
    #[serde(default)]
    pub pids: String,
    /// `no`, `always`, `unless-stopped`, `on-failure` or `on-failure:10`; empty means `unless-stopped`.
    #[serde(default)]
    pub restart: String,
    /// Like `SIGTERM`; empty means that.
    #[serde(default)]
    pub stop_signal: String,
    /// Seconds between that and SIGKILL; empty means 30.
    #[serde(default)]
    pub stop_grace: String,
    /// `start_first` (also when empty) or `stop_first`.
    #[serde(default)]
    pub order: String,
}

impl ProcessForm {
    /// Reads the form.
    ///
    /// # Errors
    /// The first field that is not acceptable, as a problem that names it.
    pub fn parse(&self) -> Result<(ProcessName, ProcessSettings), Problem> {
        let usual = ProcessSettings::default();
        let name: ProcessName = parsed("process", self.process.trim())?;
        if name.as_str() == crate::build::procfile::RELEASE {
            return Err(Problem::invalid("process", "release runs once before a switch; there is nothing to set."));
        }
        let scale = |number: u16| Scale::try_from(number).map_err(|refused| Problem::invalid("scale", refused.0));
        let grace =
            |number: u16| StopGrace::try_from(number).map_err(|refused| Problem::invalid("stop_grace", refused.0));
        let settings = ProcessSettings {
            command: filled(&self.command).map(|text| parsed::<CommandLine>("command", text)).transpose()?,
            scale: filled(&self.scale).map(|text| number::<u16>("scale", text).and_then(scale)).transpose()?,
            limits: self.limits(usual.limits)?,
            restart: match filled(&self.restart) {
                Some(text) => parsed::<RestartPolicy>("restart", text)?,
                None => usual.restart,
            },
            stop_signal: match filled(&self.stop_signal) {
                Some(text) => parsed::<StopSignal>("stop_signal", text)?,
                None => usual.stop_signal,
            },
            stop_grace: match filled(&self.stop_grace) {
                Some(text) => number::<u16>("stop_grace", text).and_then(grace)?,
                None => usual.stop_grace,
            },
            order: match filled(&self.order) {
                None | Some("start_first") => SwitchOrder::StartFirst,
                Some("stop_first") => SwitchOrder::StopFirst,
                Some(_) => {
                    return Err(Problem::invalid("order", "The new one is started first, or the old one stopped."));
                }
            },
        };
        Ok((name, settings))
    }

    fn limits(&self, usual: Limits) -> Result<Limits, Problem> {
        let memory_bytes = match filled(&self.memory) {
            None => usual.memory_bytes,
            Some(text) => match number::<u64>("memory", text)? {
                mib @ LEAST_MEMORY_MIB..=MOST_MEMORY_MIB => mib << 20,
                _ => return Err(Problem::invalid("memory", "A process has 16 MiB to 1 TiB of memory.")),
            },
        };
        let pids = match filled(&self.pids) {
            None => usual.pids,
            Some(text) => match number::<u32>("pids", text)? {
                pids @ 2..=100_000 => pids,
                _ => return Err(Problem::invalid("pids", "A container has 2 to 100000 processes and threads.")),
            },
        };
        let cpu_millis = filled(&self.cpu).map(millis).transpose()?;
        Ok(Limits { memory_bytes, cpu_millis, pids })
    }

    /// The form that would give `settings`; what is as usual is left empty.
    #[must_use]
    pub fn of(name: &ProcessName, settings: &ProcessSettings) -> Self {
        let usual = ProcessSettings::default();
        let unless = |same: bool, text: String| if same { String::new() } else { text };
        let (limits, others) = (settings.limits, usual.limits);
        Self {
            process: name.to_string(),
            command: settings.command.as_ref().map(ToString::to_string).unwrap_or_default(),
            scale: settings.scale.map(|scale| scale.get().to_string()).unwrap_or_default(),
            memory: unless(limits.memory_bytes == others.memory_bytes, (limits.memory_bytes >> 20).to_string()),
            cpu: limits.cpu_millis.map(cores).unwrap_or_default(),
            pids: unless(limits.pids == others.pids, limits.pids.to_string()),
            restart: unless(settings.restart == usual.restart, settings.restart.to_string()),
            stop_signal: unless(settings.stop_signal == usual.stop_signal, settings.stop_signal.as_str().to_owned()),
            stop_grace: unless(settings.stop_grace == usual.stop_grace, settings.stop_grace.seconds().to_string()),
            order: unless(settings.order == usual.order, "stop_first".to_owned()),
        }
    }
}

fn filled(typed: &str) -> Option<&str> {
    Some(typed.trim()).filter(|typed| !typed.is_empty())
}

fn parsed<T: std::str::FromStr<Err = Refused>>(field: &str, typed: &str) -> Result<T, Problem> {
    typed.parse().map_err(|refused: Refused| Problem::invalid(field, refused.0))
}

fn number<T: std::str::FromStr>(field: &str, typed: &str) -> Result<T, Problem> {
    let digits = !typed.is_empty() && typed.bytes().all(|b| b.is_ascii_digit());
    let number = digits.then(|| typed.parse().ok()).flatten();
    number.ok_or_else(|| Problem::invalid(field, "That is not a number."))
}

/// `0.5` of a core as 500 thousandths of one.
fn millis(typed: &str) -> Result<u32, Problem> {
    let refuse = || Problem::invalid("cpu", "A process has 0.01 to 1024 cores, like 0.5 or 2.");
    let (whole, part) = typed.split_once('.').unwrap_or((typed, ""));
    if whole.is_empty() || part.len() > 3 || !typed.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return Err(refuse());
    }
    let whole: u32 = whole.parse().map_err(|_| refuse())?;
    let part: u32 = format!("{part:0<3}").parse().map_err(|_| refuse())?;
    match whole.checked_mul(1_000).map(|millis| millis + part) {
        Some(millis @ 10..=1_024_000) => Ok(millis),
        _ => Err(refuse()),
    }
}

/// 500 thousandths of a core as `0.5`.
fn cores(millis: u32) -> String {
    let text = format!("{}.{:03}", millis / 1_000, millis % 1_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> ProcessForm {
        ProcessForm { process: "worker".into(), ..ProcessForm::default() }
    }

    #[test]
    fn a_form_becomes_settings_and_back() {
        let full = ProcessForm {
            process: "web".into(),
            command: "./serve --port $PORT".into(),
            scale: "3".into(),
            memory: "256".into(),
            cpu: "0.25".into(),
            pids: "64".into(),
            restart: "on-failure:5".into(),
            stop_signal: "SIGQUIT".into(),
            stop_grace: "90".into(),
            order: "stop_first".into(),
        };
        for form in [form(), full] {
            let (name, settings) = form.parse().expect("a form");
            assert_eq!(ProcessForm::of(&name, &settings), form);
        }
        assert_eq!(form().parse().expect("a form").1, ProcessSettings::default());
    }

    #[test]
    fn every_field_refuses_and_says_so() {
        type Change = fn(&mut ProcessForm, &str);
        let cases: [(&str, Change, &[&str]); 10] = [
            ("process", |f, t| f.process = t.into(), &["", "Web", "a b", "$(id)", "release", "-x"]),
            ("command", |f, t| f.command = t.into(), &["a\0b", "\u{202e}x"]),
            ("scale", |f, t| f.scale = t.into(), &["-1", "101", "1.5", "many", "0x1", "99999999999"]),
            ("memory", |f, t| f.memory = t.into(), &["0", "15", "1048577", "512m", "-5"]),
            ("cpu", |f, t| f.cpu = t.into(), &["0", "0.001", ".5", "1.2345", "1e3", "2000", "a", "1.2.3"]),
            ("pids", |f, t| f.pids = t.into(), &["0", "1", "100001", "x"]),
            ("restart", |f, t| f.restart = t.into(), &["never", "on-failure:0", "no; reboot"]),
            ("stop_signal", |f, t| f.stop_signal = t.into(), &["9", "SIGSTOP", "TERM;"]),
            ("stop_grace", |f, t| f.stop_grace = t.into(), &["0", "3601", "soon"]),
            ("order", |f, t| f.order = t.into(), &["both", "stop-first"]),
        ];
        for (field, set, texts) in cases {
            for text in texts {
                let mut form = form();
                set(&mut form, text);
                let problem = form.parse().err().unwrap_or_else(|| panic!("{field} took {text:?}"));
                assert_eq!(problem.field.as_deref(), Some(field), "{text:?}");
            }
        }
    }
}
