//! How many of each process there are, and who says so.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{AppJson, Mistake, Procfile, fields::Place, procfile::RELEASE};
use crate::{deploy::container::ProcessName, name::Refused};

/// How many containers a process has: 0 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Scale(u16);

impl Scale {
    /// None.
    pub const ZERO: Self = Self(0);
    /// One.
    pub const ONE: Self = Self(1);
    /// The most.
    pub const MOST: Self = Self(100);

    /// The number.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl TryFrom<u16> for Scale {
    type Error = Refused;
    fn try_from(number: u16) -> Result<Self, Refused> {
        if number <= Self::MOST.0 { Ok(Self(number)) } else { Err(Refused("A process has 0 to 100 containers.")) }
    }
}

impl From<Scale> for u16 {
    fn from(scale: Scale) -> Self {
        scale.0
    }
}

/// What `app.json` says about the number of a process's containers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Formation {
    /// How many there are.
    pub quantity: Option<Scale>,
    /// How many are switched at once, 1 or more.
    pub max_parallel: u16,
}

impl Formation {
    pub(super) fn read(place: &Place<'_>) -> Result<Self, Mistake> {
        let fields = place.fields(&["autoscaling", "max_parallel", "quantity", "service"])?;
        for name in ["autoscaling", "service"] {
            if let Some(ignored) = fields.find(name) {
                ignored.warn("this is ignored on one server, as in Dokku.");
            }
        }
        let quantity = |at: &Place<'_>| {
            let number = at.whole()?;
            let scale = u16::try_from(number).ok().and_then(|number| Scale::try_from(number).ok());
            scale.ok_or_else(|| at.wrong("a process has 0 to 100 containers."))
        };
        let parallel = |at: &Place<'_>| {
            let number = at.whole()?;
            if number < 1 {
                at.warn("fewer than one at once is not possible, so it is one.");
            }
            // More at once than there can be is all at once.
            Ok(u16::try_from(number.clamp(1, i64::from(Scale::MOST.0))).unwrap_or(1))
        };
        Ok(Self {
            quantity: fields.read("quantity", quantity)?,
            max_parallel: fields.read("max_parallel", parallel)?.unwrap_or(1),
        })
    }
}

/// How many of each process a release runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScalePlan {
    /// Each process that there is, with its number.
    pub scales: BTreeMap<ProcessName, Scale>,
    /// Whether `app.json` fixes the numbers, so that nobody else sets them.
    pub is_fixed: bool,
    /// Processes that a number is given for and that there are none of: a warning each.
    pub skipped: Vec<ProcessName>,
}

/// Settles how many of each process there are (dokku-contract.md, 2.2). A quantity anywhere in
/// `app.json` fixes them all, and what it does not name is 0. Else they are as they were set, and
/// what was never set is 1 for `web` and 0 for the others. `release` is never scaled.
///
/// Without a `Procfile` there are those that the image names, of `buildpacks`; else there is one,
/// `web`, which runs what the image says.
#[must_use]
pub fn plan_scale(
    procfile: Option<&Procfile>,
    buildpacks: &[ProcessName],
    app_json: &AppJson,
    set: &BTreeMap<ProcessName, Scale>,
) -> ScalePlan {
    let web = ProcessName::web();
    let names: Vec<ProcessName> = match procfile {
        Some(procfile) => procfile.processes().map(|entry| entry.name.clone()).collect(),
        None if buildpacks.is_empty() => vec![web.clone()],
        None => buildpacks.iter().filter(|name| name.as_str() != RELEASE).cloned().collect(),
    };
    let is_fixed = app_json.fixes_scale();
    let given: BTreeMap<&ProcessName, Scale> = if is_fixed {
        app_json.formation.iter().filter_map(|(name, formation)| Some((name, formation.quantity?))).collect()
    } else {
        set.iter().map(|(name, scale)| (name, *scale)).collect()
    };
    let unset = |name: &ProcessName| if !is_fixed && *name == web { Scale::ONE } else { Scale::ZERO };
    let skipped = given.keys().filter(|name| name.as_str() == RELEASE || !names.contains(name));
    ScalePlan {
        skipped: skipped.map(|name| (*name).clone()).collect(),
        scales: names
            .iter()
            .map(|name| (name.clone(), given.get(name).copied().unwrap_or_else(|| unset(name))))
            .collect(),
        is_fixed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Scales = &'static [(&'static str, u16)];

    fn scales(pairs: &[(&str, u16)]) -> BTreeMap<ProcessName, Scale> {
        let pair =
            |(name, number): &(&str, u16)| (name.parse().expect("a name"), Scale::try_from(*number).expect("a scale"));
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn numbers_come_from_the_file_or_the_person_or_the_rule() {
        let three = "web: a\nworker: b\nclock: c\nrelease: d\n";
        let cases: [(&str, &str, Scales, Scales, &[&str]); 8] = [
            (three, "{}", &[], &[("clock", 0), ("web", 1), ("worker", 0)], &[]),
            (three, "{}", &[("worker", 3)], &[("clock", 0), ("web", 1), ("worker", 3)], &[]),
            (three, "{}", &[("web", 0), ("gone", 2)], &[("clock", 0), ("web", 0), ("worker", 0)], &["gone"]),
            (three, "{}", &[("release", 2)], &[("clock", 0), ("web", 1), ("worker", 0)], &["release"]),
            (
                three,
                r#"{"formation": {"worker": {"quantity": 2}, "gone": {"quantity": 1}}}"#,
                &[("web", 4)],
                &[("clock", 0), ("web", 0), ("worker", 2)],
                &["gone"],
            ),
            (
                three,
                r#"{"formation": {"web": {"max_parallel": 2}}}"#,
                &[("web", 4)],
                &[("clock", 0), ("web", 4), ("worker", 0)],
                &[],
            ),
            ("worker: b", "{}", &[], &[("worker", 0)], &[]),
            ("release: d", r#"{"formation": {"release": {"quantity": 1}}}"#, &[], &[], &["release"]),
        ];
        for (procfile, app_json, set, expected, skipped) in cases {
            let procfile = Procfile::parse(procfile).expect("a Procfile");
            let app_json = AppJson::parse(app_json).expect("an app.json").value;
            let plan = plan_scale(Some(&procfile), &[ProcessName::web()], &app_json, &scales(set));
            assert_eq!(plan.scales, scales(expected));
            assert_eq!(plan.is_fixed, app_json.fixes_scale());
            assert_eq!(plan.skipped.iter().map(ProcessName::as_str).collect::<Vec<_>>(), skipped);
        }
    }

    #[test]
    fn an_image_without_a_procfile_is_a_web_process() {
        let plan = plan_scale(None, &[], &AppJson::default(), &BTreeMap::new());
        assert_eq!(plan.scales, scales(&[("web", 1)]));
        let named = ["web", "worker", "release"].map(|name| name.parse().expect("a name"));
        let plan = plan_scale(None, &named, &AppJson::default(), &BTreeMap::new());
        assert_eq!(plan.scales, scales(&[("web", 1), ("worker", 0)]));
    }
}
