//! Push webhooks: whose shape a delivery has, what it says was pushed, and what that means for an
//! app.

mod decide;
mod payload;
mod provider;
mod status;

pub use decide::{Decision, decide, same_repository};
pub use payload::{Pushed, read};
pub use provider::{Auth, Provider};
pub use status::{
    ApiUrl, Status, StatusForm, StatusHost, StatusReportRow, StatusRequest, StatusSpec, StatusState, StatusView,
    next_try_ms, request as status_request,
};

use serde::{Deserialize, Serialize};

use crate::{id::DeliveryId, job::JobState, name::AppName, time::Timestamp};

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It asked for a deploy and got one.
    Deployed,
    /// Its signature was good, and there was nothing to do.
    Ignored,
    /// Its signature was missing or wrong.
    Refused,
}

impl Verdict {
    /// The word in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deployed => "deployed",
            Self::Ignored => "ignored",
            Self::Refused => "refused",
        }
    }
}

/// A received delivery, as the inbox shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryRow {
    /// Its id here.
    pub id: DeliveryId,
    /// For which app.
    pub app: AppName,
    /// Whose shape it has.
    pub provider: Provider,
    /// The provider's name for the event: `push`.
    pub event: String,
    /// What was pushed, in words: "main at 3f9c2e1 by Ada".
    pub what: String,
    /// What became of it.
    pub verdict: Verdict,
    /// Why, in a sentence.
    pub reason: String,
    /// The release it made.
    pub release: Option<u32>,
    /// How that release's job stands.
    pub state: Option<JobState>,
    /// The headers that were sent, without secrets, as `name: value`.
    pub headers: Vec<String>,
    /// Whether it can be decided anew: its signature was good when it came.
    pub replays: bool,
    /// When it came.
    pub at: Timestamp,
}

/// An app's webhook, as its settings show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookRow {
    /// Where deliveries are sent.
    pub url: String,
    /// Since when there is a secret; without one nothing is accepted.
    pub secret_since: Option<Timestamp>,
    /// The newest delivery.
    pub last: Option<DeliveryRow>,
}

/// A new secret, shown this once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewSecret {
    /// Where deliveries are sent.
    pub url: String,
    /// The secret.
    pub secret: String,
}

/// What a delivery is answered with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Reply {
    /// 202: the release that is on its way, and its page.
    Deploy {
        /// Its number.
        deploy: u32,
        /// Its page.
        url: String,
    },
    /// 200: why nothing happens.
    Ignored {
        /// In a sentence.
        ignored: String,
    },
}
