//! The processes of an app: what its files name and what a person set, put together.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{AppSpec, Health};
use crate::{
    build::{
        CommandLine, Healthcheck, Probe, Process, RestartPolicy, Scale, StopGrace, StopSignal, SwitchOrder, plan_scale,
    },
    deploy::{
        Declared,
        container::{Limits, ProcessName},
    },
};

/// What a person set for one process. What is not set follows from the files or the rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessSettings {
    /// What it runs; without one, what the files or the image say.
    #[serde(default)]
    pub command: Option<CommandLine>,
    /// How many of it there are; without a number, 1 for `web` and 0 for what only files name.
    #[serde(default)]
    pub scale: Option<Scale>,
    /// What each may use.
    #[serde(default)]
    pub limits: Limits,
    /// What happens when it ends by itself.
    pub restart: RestartPolicy,
    /// What asks it to end.
    #[serde(default)]
    pub stop_signal: StopSignal,
    /// How long it has then.
    #[serde(default)]
    pub stop_grace: StopGrace,
    /// Which container is first at a switch.
    #[serde(default)]
    pub order: SwitchOrder,
}

impl Default for ProcessSettings {
    /// Dokku's, but for the restart policy: sites never depend on the panel, and an engine that
    /// starts again starts only what is to run always.
    fn default() -> Self {
        Self {
            command: None,
            scale: None,
            limits: Limits::default(),
            restart: RestartPolicy::UnlessStopped,
            stop_signal: StopSignal::default(),
            stop_grace: StopGrace::default(),
            order: SwitchOrder::default(),
        }
    }
}

impl AppSpec {
    /// The processes that a release of these files runs, `web` first, the others by name; those that
    /// there are none of as well.
    ///
    /// Without a `Procfile` there is one process, `web`, which runs what the image says; a person may
    /// name more by giving them commands.
    #[must_use]
    pub fn processes_of(&self, declared: &Declared) -> Vec<Process> {
        let set: BTreeMap<ProcessName, Scale> =
            self.processes.iter().filter_map(|(name, set)| Some((name.clone(), set.scale?))).collect();
        let plan = plan_scale(declared.procfile.as_ref(), declared.launched(), &declared.app_json, &set);
        let mut scales = plan.scales;
        for (name, settings) in self.processes.iter().filter(|(_, settings)| settings.command.is_some()) {
            let scale = if plan.is_fixed { Scale::ZERO } else { settings.scale.unwrap_or(Scale::ONE) };
            scales.entry(name.clone()).or_insert(scale);
        }
        let mut processes: Vec<Process> =
            scales.into_iter().map(|(name, scale)| self.process(name, scale, declared)).collect();
        processes.sort_by_key(|process| process.name != ProcessName::web());
        processes
    }

    fn process(&self, name: ProcessName, scale: Scale, declared: &Declared) -> Process {
        let settings = self.processes.get(&name).cloned().unwrap_or_default();
        let from_file = declared.procfile.as_ref().and_then(|procfile| procfile.find(name.as_str())).cloned();
        let max_parallel = declared.app_json.formation.get(&name).map_or(1, |formation| formation.max_parallel);
        Process {
            command: settings.command.or(from_file),
            name,
            scale,
            limits: settings.limits,
            restart: settings.restart,
            stop_signal: settings.stop_signal,
            stop_grace: settings.stop_grace,
            order: settings.order,
            max_parallel,
        }
    }

    /// How a process proves itself before a switch: as `app.json` says, for `web` else as `CHECKS`
    /// or the app's settings say; empty where nothing is declared.
    #[must_use]
    pub fn checks_of(&self, name: &ProcessName, declared: &Declared) -> Vec<Healthcheck> {
        let startup = |check: &&Healthcheck| check.stage == crate::build::Stage::Startup;
        if let Some(checks) = declared.app_json.healthchecks.get(name) {
            return checks.iter().filter(startup).cloned().collect();
        }
        if *name != ProcessName::web() {
            return Vec::new();
        }
        if !declared.checks.is_empty() {
            return declared.checks.clone();
        }
        match &self.health {
            Health::Port => Vec::new(),
            Health::Http { path } => vec![Healthcheck::new(Probe::Http {
                path: path.clone(),
                content: None,
                headers: Vec::new(),
                scheme: crate::build::Scheme::Http,
            })],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        app::AppForm,
        build::{AppJson, Procfile},
    };

    fn spec() -> AppSpec {
        AppForm { name: "bot".into(), kind: "image".into(), image: "bot:1".into(), ..AppForm::default() }
            .parse()
            .expect("a form")
    }

    fn declared(procfile: &str, app_json: &str) -> Declared {
        Declared {
            procfile: (!procfile.is_empty()).then(|| Procfile::parse(procfile).expect("a Procfile")),
            app_json: AppJson::parse(app_json).expect("an app.json").value,
            ..Declared::default()
        }
    }

    fn set(scale: Option<u16>, command: Option<&str>) -> ProcessSettings {
        ProcessSettings {
            scale: scale.map(|scale| scale.try_into().expect("a scale")),
            command: command.map(|command| command.parse().expect("a command")),
            ..ProcessSettings::default()
        }
    }

    fn shown(spec: &AppSpec, declared: &Declared) -> Vec<(String, u16, Option<String>)> {
        let shown = |p: Process| (p.name.to_string(), p.scale.get(), p.command.map(|c| c.to_string()));
        spec.processes_of(declared).into_iter().map(shown).collect()
    }

    #[test]
    fn an_image_runs_web_and_what_a_person_names() {
        let mut spec = spec();
        assert_eq!(shown(&spec, &Declared::default()), [("web".into(), 1, None)]);
        spec.processes.insert("web".parse().expect("a name"), set(Some(0), None));
        spec.processes.insert("bot".parse().expect("a name"), set(None, Some("./bot")));
        spec.processes.insert("gone".parse().expect("a name"), set(Some(3), None));
        let expected = [("web".into(), 0, None), ("bot".into(), 1, Some("./bot".into()))];
        assert_eq!(shown(&spec, &Declared::default()), expected);
    }

    #[test]
    fn a_procfile_names_the_processes_and_a_person_scales_them() {
        let mut spec = spec();
        let files = declared("worker: ./work\nweb: ./serve\nrelease: ./migrate\n", "{}");
        let expected = [("web".into(), 1, Some("./serve".into())), ("worker".into(), 0, Some("./work".into()))];
        assert_eq!(shown(&spec, &files), expected);
        spec.processes.insert("worker".parse().expect("a name"), set(Some(2), None));
        spec.processes.insert("web".parse().expect("a name"), set(None, Some("./other")));
        let expected = [("web".into(), 1, Some("./other".into())), ("worker".into(), 2, Some("./work".into()))];
        assert_eq!(shown(&spec, &files), expected);
        let fixed = declared("worker: ./work\nweb: ./serve\n", r#"{"formation": {"worker": {"quantity": 1}}}"#);
        let scales: Vec<u16> = shown(&spec, &fixed).into_iter().map(|(_, scale, _)| scale).collect();
        assert_eq!(scales, [0, 1]);
    }

    #[test]
    fn how_many_start_at_once_is_the_files_word_and_one_without_it() {
        let files = declared("worker: ./work\nweb: ./serve\n", r#"{"formation": {"web": {"max_parallel": 3}}}"#);
        let at_once: Vec<(String, u16)> =
            spec().processes_of(&files).into_iter().map(|p| (p.name.to_string(), p.max_parallel)).collect();
        assert_eq!(at_once, [("web".into(), 3), ("worker".into(), 1)]);
        let kept = serde_json::to_string(&files).expect("written");
        let kept: Declared = serde_json::from_str(&kept).expect("read");
        assert_eq!(spec().processes_of(&kept)[0].max_parallel, 3, "a release that is brought back starts so, too");
    }

    #[test]
    fn checks_come_from_app_json_then_the_checks_file_then_the_settings() {
        let web = ProcessName::web();
        let mut spec = spec();
        assert!(spec.checks_of(&web, &Declared::default()).is_empty());
        spec.health = Health::Http { path: "/up".parse().expect("a path") };
        let by_settings = spec.checks_of(&web, &Declared::default());
        assert!(matches!(&by_settings[0].probe, Probe::Http { path, .. } if path.as_str() == "/up"));
        let files = declared(
            "",
            r#"{"healthchecks": {"web": [{"type": "startup", "uptime": 3}, {"type": "liveness", "uptime": 9}]}}"#,
        );
        let by_file = spec.checks_of(&web, &files);
        assert_eq!(by_file.len(), 1, "only those before the switch");
        assert_eq!(by_file[0].probe, Probe::Uptime { seconds: 3 });
        assert!(spec.checks_of(&"worker".parse().expect("a name"), &files).is_empty());
    }
}
