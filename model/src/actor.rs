//! Who is asking, and what they may do.

use serde::{Deserialize, Serialize};

use crate::{
    id::SessionId,
    problem::{Code, Problem},
    time::Timestamp,
};

/// What a person may do; each role may do all that the ones before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Looks at everything, changes nothing.
    Viewer,
    /// Deploys and rolls back.
    Deployer,
    /// May do everything.
    Owner,
}

/// Who is asking: one signed-in person in one session, or the host's administrator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The user's id (a UUID, which is the passkey's user handle), or `host` for the command line.
    pub user: String,
    /// The name that the audit log shows.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// The session, when there is one.
    pub session: Option<SessionId>,
    /// The address the request came from, as our own nginx or the socket saw it.
    pub address: Option<String>,
    /// Until when a fresh passkey assertion of this session counts.
    pub step_up_until: Option<Timestamp>,
}

impl Actor {
    /// The host's administrator, by the command line or at start.
    #[must_use]
    pub fn host() -> Self {
        Self {
            user: "host".into(),
            name: "host".into(),
            role: Role::Owner,
            session: None,
            address: None,
            step_up_until: None,
        }
    }

    /// Refuses whoever has less than `role`.
    ///
    /// # Errors
    /// [`Code::Forbidden`].
    pub fn require(&self, role: Role) -> Result<(), Problem> {
        if self.role >= role {
            Ok(())
        } else {
            Err(Problem::new(Code::Forbidden, "Your role does not allow this.").hint("Ask the owner of this server."))
        }
    }

    /// Refuses unless a passkey was used in this session within the last minutes.
    ///
    /// # Errors
    /// [`Code::StepUpRequired`].
    pub fn require_step_up(&self, now: Timestamp) -> Result<(), Problem> {
        match self.step_up_until {
            Some(until) if now < until => Ok(()),
            _ => Err(Problem::new(Code::StepUpRequired, "Use your passkey once more to do this.")),
        }
    }
}
