//! This server, as observed.

use serde::{Deserialize, Serialize};

use crate::{app::AppRow, certificate::Outlook, job::JobRow, time::Timestamp};

/// How an engine is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineState {
    /// "Docker", "nginx", "nftables".
    pub name: String,
    /// Whether it does its work.
    pub ok: bool,
    /// Version, or what is wrong.
    pub detail: String,
    /// What to do about it, when something is wrong.
    pub hint: Option<String>,
}

/// The host's figures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostGauges {
    /// Share of all cores in use, in hundredths of a percent, over the time between two looks.
    pub cpu_busy_centipercent: Option<u32>,
    /// Cores.
    pub cores: u32,
    /// Memory that could be given out (`MemAvailable`).
    pub memory_available_bytes: u64,
    /// All memory.
    pub memory_total_bytes: u64,
    /// Space that could be written to on the state folder's file system.
    pub disk_available_bytes: u64,
    /// All of that file system.
    pub disk_total_bytes: u64,
    /// When this was read.
    pub observed_at: Timestamp,
}

/// The first page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Today {
    /// The host's name as people reach it.
    pub host_name: String,
    /// Every app.
    pub apps: Vec<AppRow>,
    /// Running and recent jobs, newest first.
    pub jobs: Vec<JobRow>,
    /// The engines.
    pub engines: Vec<EngineState>,
    /// The host's figures, once read.
    pub gauges: Option<HostGauges>,
    /// Which certificates end next, and what somebody has to see to with them.
    #[serde(default)]
    pub certificates: Outlook,
    /// Where a new app's first host name lies: `<app>.<apps domain>`.
    pub apps_domain: String,
    /// The server's time when this was put together.
    pub now: Timestamp,
}

/// How many things of a kind need somebody's attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Attention {
    /// Apps that are down, in whole or in part.
    pub apps: usize,
    /// Domains that visitors have trouble with.
    pub domains: usize,
}

/// An entry of the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRow {
    /// Its number, from 1, without gaps.
    pub number: i64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// From where.
    pub address: Option<String>,
    /// What: "app.create", "session.sign_in".
    pub action: String,
    /// To what.
    pub object: String,
    /// How it ended, in words.
    pub result: String,
}
