//! Two releases beside each other: everything that is restored by going back to one, as lines that
//! have a name and a value.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Declared;
use crate::{
    app::{AppSpec, Builder, Files, Health, Origin, Source},
    build::{Healthcheck, Probe, Process, SwitchOrder},
    name::Port,
};

/// What a line is about, in the order in which pages show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Area {
    /// Where it comes from.
    Source,
    /// How it was built.
    Build,
    /// What runs.
    Processes,
    /// How it proves itself.
    Checks,
    /// Volumes and host folders.
    Storage,
    /// Ports.
    Ports,
    /// Docker options.
    Options,
    /// What nginx does for a static site.
    Site,
}

impl Area {
    /// As pages call it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Source => "Source",
            Self::Build => "Build",
            Self::Processes => "Processes",
            Self::Checks => "Checks",
            Self::Storage => "Storage",
            Self::Ports => "Ports",
            Self::Options => "Options",
            Self::Site => "Site",
        }
    }
}

/// One line that differs: the value before and after; `None` where there is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// What it is about.
    pub area: Area,
    /// Its name: `web: memory`.
    pub name: String,
    /// Its value in the older release.
    pub before: Option<String>,
    /// Its value in the newer one.
    pub after: Option<String>,
}

/// What is compared of a release, beside its commit, its content and its environment.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// The settings that it was made with.
    pub spec: &'a AppSpec,
    /// What its files said.
    pub declared: &'a Declared,
    /// The port that it listens on.
    pub port: Option<Port>,
}

/// The lines that differ, by area and name.
#[must_use]
pub fn compare(before: Side<'_>, after: Side<'_>) -> Vec<Difference> {
    let (before, after) = (lines(before), lines(after));
    let keys: BTreeSet<&(Area, String)> = before.keys().chain(after.keys()).collect();
    keys.into_iter()
        .filter(|key| before.get(*key) != after.get(*key))
        .map(|key| Difference {
            area: key.0,
            name: key.1.clone(),
            before: before.get(key).cloned(),
            after: after.get(key).cloned(),
        })
        .collect()
}

type Lines = BTreeMap<(Area, String), String>;

fn lines(side: Side<'_>) -> Lines {
    let Side { spec, declared, port } = side;
    let mut lines = Lines::new();
    let mut say = |area: Area, name: &str, value: Option<String>| {
        if let Some(value) = value {
            lines.insert((area, name.to_owned()), value);
        }
    };
    match &spec.source {
        Source::Image { image } => say(Area::Source, "image", Some(image.to_string())),
        Source::Files(Files { origin, folder, builder, .. }) => {
            let from = match origin {
                Origin::Repo { repo, .. } => repo.to_string(),
                Origin::Push { .. } => "git push".to_owned(),
                Origin::Archive => "an archive".to_owned(),
            };
            say(Area::Source, "from", Some(from));
            say(Area::Source, "branch", origin.branch().map(ToString::to_string));
            say(Area::Source, "folder", Some(folder.to_string()));
            say(Area::Build, "builder", Some(builder_words(declared.builder.as_ref().unwrap_or(builder))));
        }
    }
    let build = &spec.build;
    say(Area::Build, "stage", build.target.as_ref().map(ToString::to_string));
    for argument in &build.arguments {
        say(Area::Build, &format!("argument {}", argument.key), Some(argument.value.clone()));
    }
    for (when, script) in [
        ("predeploy", &declared.app_json.scripts.predeploy),
        ("postdeploy", &declared.app_json.scripts.postdeploy),
        ("postdeploy, first time", &declared.app_json.scripts.first_postdeploy),
    ] {
        say(Area::Processes, when, script.as_ref().map(ToString::to_string));
    }
    for process in spec.processes_of(declared) {
        for (name, value) in process_lines(&process) {
            say(Area::Processes, &format!("{}: {name}", process.name), Some(value));
        }
        for (number, check) in spec.checks_of(&process.name, declared).iter().enumerate() {
            say(Area::Checks, &format!("{}: check {}", process.name, number + 1), Some(check_words(check)));
        }
    }
    if let Health::Http { path } = &spec.health {
        say(Area::Checks, "path", Some(path.to_string()));
    }
    for mount in &spec.needs.mounts {
        say(Area::Storage, mount.to.as_str(), Some(mount.to_string()));
    }
    say(Area::Ports, "listens on", port.map(|port| port.to_string()));
    for map in &spec.needs.ports {
        say(Area::Ports, &format!("port {}", map.host), Some(map.to_string()));
    }
    for published in &spec.needs.published {
        say(Area::Ports, &format!("published {}", published.host_side()), Some(published.to_string()));
    }
    for option in &spec.needs.options {
        say(Area::Options, &option.key(), Some(option.to_string()));
    }
    let site = &declared.site;
    say(Area::Site, "index.html answers for all", site.spa.then(|| "yes".to_owned()));
    let count = |count: usize| (count > 0).then(|| count.to_string());
    say(Area::Site, "redirects", count(site.redirects.len()));
    say(Area::Site, "headers", count(site.headers.len()));
    lines
}

fn builder_words(builder: &Builder) -> String {
    match builder {
        Builder::Dockerfile { dockerfile } => format!("Dockerfile {dockerfile}"),
        other => other.kind().as_str().to_owned(),
    }
}

fn process_lines(process: &Process) -> Vec<(&'static str, String)> {
    let limits = &process.limits;
    let cpu = limits.cpu_millis.map(|millis| ("processor", format!("{:.2} cores", f64::from(millis) / 1_000.0)));
    let command = process.command.as_ref().map(|command| ("command", command.to_string()));
    let order = match process.order {
        SwitchOrder::StartFirst => "new one starts first",
        SwitchOrder::StopFirst => "old one stops first",
    };
    let mut lines = vec![
        ("containers", process.scale.get().to_string()),
        ("memory", format!("{} MiB", limits.memory_bytes >> 20)),
        ("processes and threads", limits.pids.to_string()),
        ("restart", process.restart.to_string()),
        ("stop", format!("{}, {} s", process.stop_signal.as_str(), process.stop_grace.seconds())),
        ("order", order.to_owned()),
    ];
    lines.extend(cpu.into_iter().chain(command));
    lines
}

fn check_words(check: &Healthcheck) -> String {
    let probe = match &check.probe {
        Probe::Http { path, content, .. } => match content {
            Some(content) => format!("{path} answers with “{content}”"),
            None => format!("{path} answers"),
        },
        Probe::Command { words } => words.join(" "),
        Probe::Listening => "the port is open".to_owned(),
        Probe::Uptime { seconds } => format!("runs for {seconds} s"),
    };
    let port = check.port.map(|port| format!(" at port {port}")).unwrap_or_default();
    format!("{probe}{port}, {} times, {} s each", check.attempts, check.timeout_s)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::{AppForm, NeedForm};

    fn spec(change: impl FnOnce(&mut AppForm)) -> AppSpec {
        let mut form = AppForm {
            name: "shop".into(),
            kind: "dockerfile".into(),
            repo: "https://git.example.com/ada/shop".into(),
            ..AppForm::default()
        };
        change(&mut form);
        form.parse().expect("a good form")
    }

    fn differences(before: &AppSpec, after: &AppSpec) -> Vec<(Area, String, Option<String>, Option<String>)> {
        let declared = Declared::default();
        let side = |spec| Side { spec, declared: &declared, port: None };
        compare(side(before), side(after)).into_iter().map(|d| (d.area, d.name, d.before, d.after)).collect()
    }

    #[test]
    fn the_same_twice_differs_in_nothing() {
        assert_eq!(differences(&spec(|_| {}), &spec(|_| {})), []);
    }

    #[test]
    fn what_was_changed_is_named_with_both_values() {
        let before = spec(|_| {});
        let mut after = spec(|form| form.branch = "next".into());
        let data = NeedForm { kind: "mount".into(), text: "data".into(), to: "/data".into(), ..NeedForm::default() };
        after.needs = after.needs.with(&data).expect("a mount");
        assert_eq!(
            differences(&before, &after),
            [
                (Area::Source, "branch".to_owned(), Some("main".to_owned()), Some("next".to_owned())),
                (Area::Storage, "/data".to_owned(), None, Some(after.needs.mounts[0].to_string())),
            ]
        );
        // Backwards, the sides change places.
        let back = differences(&after, &before);
        assert_eq!(back[1].3, None);
    }

    #[test]
    fn ports_processes_and_checks_are_told_apart() {
        let (before, mut after) = (spec(|_| {}), spec(|_| {}));
        let mut settings = crate::app::ProcessSettings::default();
        settings.limits.memory_bytes = 1 << 30;
        after.processes.insert("web".parse().expect("a name"), settings);
        after.health = Health::Http { path: "/healthz".parse().expect("a path") };
        let (port, declared) = (5_000_u16.try_into().expect("a port"), Declared::default());
        let found = compare(
            Side { spec: &before, declared: &declared, port: Some(port) },
            Side { spec: &after, declared: &declared, port: None },
        );
        let names: Vec<(Area, &str)> = found.iter().map(|d| (d.area, d.name.as_str())).collect();
        assert!(names.contains(&(Area::Processes, "web: memory")), "{names:?}");
        assert!(names.contains(&(Area::Ports, "listens on")), "{names:?}");
        assert!(names.contains(&(Area::Checks, "path")), "{names:?}");
        assert!(names.iter().all(|(area, _)| *area != Area::Source), "{names:?}");
    }
}
