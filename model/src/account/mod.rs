//! People: passkeys, recovery codes and sessions, as pages see them.

mod rules;
mod token;

use serde::{Deserialize, Serialize};

use crate::{
    actor::Role,
    id::{PasskeyId, SessionId},
    pushes::SshSettings,
    time::Timestamp,
};

pub use token::{TOKEN_MOST_DAYS, TOKEN_PREFIX, TokenForm, TokenRow, TokenScope, TokenSpec};

pub use rules::{
    CEREMONY_MS, CLAIM_LINK_MS, LINK_ATTEMPTS, MOVE_LINK_MS, RECOVER_LINK_MS, RECOVERY_CODES, RecoveryCode,
    SESSION_ABSOLUTE_MS, SESSION_IDLE_MS, STEP_UP_MS, SessionTimes,
};

/// How a session was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignInMethod {
    /// A passkey.
    Passkey,
    /// A recovery code or a link printed on the host. It has to add a passkey before anything else.
    Recovery,
}

/// Who is looking at the page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Me {
    /// The name that the person gave.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// The host name of this panel, which the passkeys belong to.
    pub host_name: String,
    /// The session came from a recovery; a new passkey has to be added first.
    pub must_add_passkey: bool,
    /// Until when a fresh passkey counts.
    pub step_up_until: Option<Timestamp>,
    /// One passkey and no recovery code: losing a device means going to the host.
    pub one_key_only: bool,
}

/// A passkey in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasskeyRow {
    /// Its id.
    pub id: PasskeyId,
    /// The name that the person gave it.
    pub label: String,
    /// The panel's host name that it belongs to; it signs in nowhere else.
    #[serde(default)]
    pub host: String,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it last signed in.
    pub last_used_at: Option<Timestamp>,
    /// It answered with an older counter than before, so it may have been copied; it no longer
    /// signs in.
    pub frozen: bool,
    /// This session was opened with it.
    pub current: bool,
}

/// A session in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionRow {
    /// Its id; not the cookie.
    pub id: SessionId,
    /// How it was opened.
    pub method: SignInMethod,
    /// The passkey's label, when there was one.
    pub passkey: Option<String>,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub seen_at: Timestamp,
    /// From which address it was opened.
    pub address: Option<String>,
    /// What the browser called itself.
    pub agent: Option<String>,
    /// It is the one that asks.
    pub current: bool,
}

/// All that Settings shows about an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountSettings {
    /// Who is looking.
    pub me: Me,
    /// Passkeys, oldest first.
    pub passkeys: Vec<PasskeyRow>,
    /// Live sessions, newest first.
    pub sessions: Vec<SessionRow>,
    /// Recovery codes that have not been used.
    pub codes_left: u32,
    /// API tokens, newest first.
    #[serde(default)]
    pub tokens: Vec<TokenRow>,
    /// SSH keys, newest first, and where they open.
    #[serde(default)]
    pub ssh: SshSettings,
    /// The server's time when this was put together.
    pub now: Timestamp,
}

/// A ceremony that the server has begun; the browser answers with its id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ceremony {
    /// Names it once.
    pub id: String,
    /// What `PublicKeyCredential.parse…OptionsFromJSON` takes.
    pub options: serde_json::Value,
}

/// The browser's answer to a ceremony.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CeremonyAnswer {
    /// The ceremony's id.
    pub id: String,
    /// What `credential.toJSON()` gave.
    pub credential: serde_json::Value,
    /// The new passkey's name, when one was made.
    #[serde(default)]
    pub label: Option<String>,
}

/// What a finished ceremony leads to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finished {
    /// The path to go to.
    pub next: String,
    /// Recovery codes, shown this once.
    pub codes: Vec<String>,
}

/// What the claim page sends first.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimForm {
    /// The token of the link.
    pub token: String,
    /// What the owner wants to be called.
    pub name: String,
}

/// What the recovery page sends: a code or a link's token.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecoveryForm {
    /// A recovery code, or the token of a link.
    pub secret: String,
}
