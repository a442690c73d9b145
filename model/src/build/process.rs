//! A process of an app: what it runs, how many of it, what each may use, how it starts over and
//! how it ends.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{CommandLine, Scale};
use crate::{
    deploy::container::{Limits, ProcessName},
    name::Refused,
};

/// What happens when a process ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum RestartPolicy {
    /// Nothing.
    No,
    /// It is started again unless it ended with 0.
    OnFailure {
        /// How often at most; without a number, always.
        most: Option<u16>,
    },
    /// It is started again, also when the engine starts.
    Always,
    /// Like always, but not if it was stopped before the engine.
    UnlessStopped,
}

impl Default for RestartPolicy {
    /// Dokku's (dokku-contract.md, 2.5).
    fn default() -> Self {
        Self::OnFailure { most: Some(10) }
    }
}

impl FromStr for RestartPolicy {
    type Err = Refused;
    fn from_str(text: &str) -> Result<Self, Refused> {
        match text {
            "no" => Ok(Self::No),
            "always" => Ok(Self::Always),
            "unless-stopped" => Ok(Self::UnlessStopped),
            "on-failure" => Ok(Self::OnFailure { most: None }),
            _ => {
                let number = text.strip_prefix("on-failure:").filter(|n| n.bytes().all(|b| b.is_ascii_digit()));
                match number.and_then(|n| n.parse().ok()) {
                    Some(most) if most > 0 => Ok(Self::OnFailure { most: Some(most) }),
                    _ => Err(Refused("A restart policy is no, always, unless-stopped, on-failure or on-failure:10.")),
                }
            }
        }
    }
}

impl fmt::Display for RestartPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::No => f.write_str("no"),
            Self::OnFailure { most: None } => f.write_str("on-failure"),
            Self::OnFailure { most: Some(most) } => write!(f, "on-failure:{most}"),
            Self::Always => f.write_str("always"),
            Self::UnlessStopped => f.write_str("unless-stopped"),
        }
    }
}

impl TryFrom<String> for RestartPolicy {
    type Error = Refused;
    fn try_from(text: String) -> Result<Self, Refused> {
        text.parse()
    }
}

impl From<RestartPolicy> for String {
    fn from(policy: RestartPolicy) -> Self {
        policy.to_string()
    }
}

/// What asks a process to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum StopSignal {
    /// The usual one.
    #[default]
    Term,
    /// As `Ctrl C` does.
    Int,
    /// Gracefully, for nginx, uWSGI and PHP-FPM.
    Quit,
    /// A terminal that is gone.
    Hup,
    /// As the app likes.
    Usr1,
    /// As the app likes.
    Usr2,
    /// Gracefully, for Apache.
    Winch,
    /// At once, without a last word.
    Kill,
    /// Graceful, for systemd in a container.
    RtMin3,
}

impl StopSignal {
    const ALL: [Self; 9] =
        [Self::Term, Self::Int, Self::Quit, Self::Hup, Self::Usr1, Self::Usr2, Self::Winch, Self::Kill, Self::RtMin3];

    /// The name that the engine takes.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Term => "SIGTERM",
            Self::Int => "SIGINT",
            Self::Quit => "SIGQUIT",
            Self::Hup => "SIGHUP",
            Self::Usr1 => "SIGUSR1",
            Self::Usr2 => "SIGUSR2",
            Self::Winch => "SIGWINCH",
            Self::Kill => "SIGKILL",
            Self::RtMin3 => "SIGRTMIN+3",
        }
    }
}

impl FromStr for StopSignal {
    type Err = Refused;
    /// Reads a signal's name, with or without `SIG`.
    fn from_str(text: &str) -> Result<Self, Refused> {
        let is_named = |signal: &&Self| {
            let name = signal.as_str();
            text.eq_ignore_ascii_case(name) || text.eq_ignore_ascii_case(name.trim_start_matches("SIG"))
        };
        Self::ALL
            .iter()
            .find(is_named)
            .copied()
            .ok_or(Refused("A process is stopped by a signal like SIGTERM, SIGINT or SIGQUIT."))
    }
}

impl TryFrom<String> for StopSignal {
    type Error = Refused;
    fn try_from(text: String) -> Result<Self, Refused> {
        text.parse()
    }
}

impl From<StopSignal> for String {
    fn from(signal: StopSignal) -> Self {
        signal.as_str().to_owned()
    }
}

/// How long a process has between its stop signal and SIGKILL, in seconds: 1 to 3600.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct StopGrace(u16);

impl StopGrace {
    /// The seconds.
    #[must_use]
    pub const fn seconds(self) -> u16 {
        self.0
    }
}

impl Default for StopGrace {
    /// Dokku's `docker stop -t 30` (dokku-contract.md, 2.4).
    fn default() -> Self {
        Self(30)
    }
}

impl TryFrom<u16> for StopGrace {
    type Error = Refused;
    fn try_from(seconds: u16) -> Result<Self, Refused> {
        if (1..=3_600).contains(&seconds) {
            Ok(Self(seconds))
        } else {
            Err(Refused("A process has 1 to 3600 seconds to stop."))
        }
    }
}

impl From<StopGrace> for u16 {
    fn from(grace: StopGrace) -> Self {
        grace.0
    }
}

/// Which container is first at a switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SwitchOrder {
    /// The new one proves itself, then the old one stops: no failed request, and for a while two.
    #[default]
    StartFirst,
    /// The old one stops, then the new one starts: never two, as a bot or a lone database wants it.
    StopFirst,
}

/// A process of an app, as a release runs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Its type.
    pub name: ProcessName,
    /// What it runs; without one, what the image says.
    pub command: Option<CommandLine>,
    /// How many of it there are.
    pub scale: Scale,
    /// What each may use.
    pub limits: Limits,
    /// What happens when it ends by itself.
    pub restart: RestartPolicy,
    /// What asks it to end.
    pub stop_signal: StopSignal,
    /// How long it has then.
    pub stop_grace: StopGrace,
    /// Which container is first at a switch.
    pub order: SwitchOrder,
    /// How many of it are started and checked at the same time, 1 or more (`formation.max_parallel`).
    #[serde(default = "one_at_once")]
    pub max_parallel: u16,
}

/// Dokku's (dokku-contract.md, 2.2).
const fn one_at_once() -> u16 {
    1
}

impl Process {
    /// A process of which nothing is known but its type and its command.
    #[must_use]
    pub fn new(name: ProcessName, command: Option<CommandLine>, scale: Scale) -> Self {
        Self {
            name,
            command,
            scale,
            limits: Limits::default(),
            restart: RestartPolicy::default(),
            stop_signal: StopSignal::default(),
            stop_grace: StopGrace::default(),
            order: SwitchOrder::default(),
            max_parallel: one_at_once(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn restart_policies_are_written_as_they_are_read() {
        for text in ["no", "always", "unless-stopped", "on-failure", "on-failure:1", "on-failure:65535"] {
            let policy: RestartPolicy = text.parse().expect("a policy");
            assert_eq!(policy.to_string(), text);
        }
        for text in
            ["", "No", "on-failure:", "on-failure:0", "on-failure:-1", "on-failure:+1", "on-failure:70000", "never"]
        {
            assert!(text.parse::<RestartPolicy>().is_err(), "{text}");
        }
    }

    #[test]
    fn signals_have_one_name_out_and_several_in() {
        for signal in StopSignal::ALL {
            let name = signal.as_str();
            for typed in [name.to_owned(), name.to_lowercase(), name["SIG".len()..].to_owned()] {
                assert_eq!(typed.parse(), Ok(signal), "{typed}");
            }
        }
        for text in ["", "SIG", "15", "SIGSTOP", "SIGSIGTERM", "TERM ", "SIGTERM\0"] {
            assert!(text.parse::<StopSignal>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_process_begins_with_what_dokku_gives_it_and_travels() {
        let process = Process::new(ProcessName::web(), "./serve".parse().ok(), Scale::ONE);
        assert_eq!(process.restart.to_string(), "on-failure:10");
        assert_eq!((process.stop_signal.as_str(), process.stop_grace.seconds()), ("SIGTERM", 30));
        assert_eq!(process.order, SwitchOrder::StartFirst);
        let json = serde_json::to_string(&process).expect("writes");
        assert_eq!(serde_json::from_str::<Process>(&json).expect("reads"), process);
        let endless = json.replace(r#""stop_grace":30"#, r#""stop_grace":0"#);
        assert!(serde_json::from_str::<Process>(&endless).is_err());
    }
}
