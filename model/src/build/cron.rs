//! The `cron` entries of `app.json` (dokku-contract.md, 2.9).

use serde::{Deserialize, Serialize};

use super::{CommandLine, Mistake, fields::Place};

crate::name::parsed!(
    /// When something is due: five fields (minute, hour, day, month, weekday) or a word like
    /// `@daily`. Only its shape is looked at here; seconds are none of it.
    CronSchedule,
    |text| {
        const WORDS: [&str; 7] = ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];
        if text.starts_with('@') {
            return if WORDS.contains(&text) { Ok(()) } else { Err("a schedule's word is @hourly, @daily, @weekly, @monthly or @yearly.") };
        }
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"*/,-? ".contains(&b);
        if text.len() > 200 || !text.bytes().all(plain) || text.split_ascii_whitespace().count() != 5 {
            return Err("a schedule has five fields: minute, hour, day, month and weekday.");
        }
        Ok(())
    }
);

/// What happens when one run is due while another is still going.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Concurrency {
    /// Both run.
    #[default]
    Allow,
    /// The new one is left out.
    Forbid,
    /// The old one is stopped.
    Replace,
}

/// One entry of `cron`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CronEntry {
    /// What runs, in a container of the current release.
    pub command: CommandLine,
    /// When.
    pub schedule: CronSchedule,
    /// Whether runs may overlap.
    pub concurrency: Concurrency,
    /// Whether it is suspended.
    pub maintenance: bool,
}

impl CronEntry {
    pub(super) fn read(place: &Place<'_>) -> Result<Self, Mistake> {
        let fields = place.fields(&["command", "schedule", "concurrency_policy", "maintenance"])?;
        let concurrency = |at: &Place<'_>| match at.text()? {
            "" | "allow" => Ok(Concurrency::Allow),
            "forbid" => Ok(Concurrency::Forbid),
            "replace" => Ok(Concurrency::Replace),
            _ => Err(at.wrong("a concurrency_policy is allow, forbid or replace.")),
        };
        let missing = |name: &str| place.wrong(format!("a cron entry needs a `{name}`."));
        Ok(Self {
            command: fields.read("command", Place::parsed)?.ok_or_else(|| missing("command"))?,
            schedule: fields.read("schedule", Place::parsed)?.ok_or_else(|| missing("schedule"))?,
            concurrency: fields.read("concurrency_policy", concurrency)?.unwrap_or_default(),
            maintenance: fields.read("maintenance", Place::flag)?.unwrap_or_default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_have_five_fields_or_a_word() {
        for good in ["0 1 * * *", "*/5 * * * MON-FRI", "1,2 3-4 ? JAN 0", "@daily"] {
            assert!(good.parse::<CronSchedule>().is_ok(), "{good}");
        }
        for bad in ["", "0 0 1 * * *", "* * * *", "@reboot", "@every 5m", "0 1 * *\n*", "0 1 * * $(id)", "@Daily"] {
            assert!(bad.parse::<CronSchedule>().is_err(), "{bad:?}");
        }
    }
}
