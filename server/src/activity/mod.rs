//! Activity: the audit log and all jobs, for the page.

use async_trait::async_trait;
use homeport_app::backend::{self, Answer};
use homeport_model::{
    host::AuditRow,
    job::JobRow,
    prelude::{Actor, Role},
};

use crate::{
    audit::{Audit, Entry},
    db::Db,
    failure::Failure,
    jobs,
};

/// How many rows a page has.
const ROWS: u32 = 100;

/// The service.
#[derive(Clone)]
pub struct Activity {
    db: Db,
    audit: Audit,
}

impl Activity {
    /// The service.
    #[must_use]
    pub fn new(db: Db, audit: Audit) -> Self {
        Self { db, audit }
    }
}

#[async_trait]
impl backend::Activity for Activity {
    async fn audit(&self, actor: &Actor, before: Option<i64>) -> Answer<Vec<AuditRow>> {
        actor.require(Role::Viewer)?;
        let entries = self.audit.list(before, ROWS).await.map_err(Failure::from)?;
        Ok(entries.into_iter().map(row).collect())
    }

    async fn jobs(&self, actor: &Actor) -> Answer<Vec<JobRow>> {
        actor.require(Role::Viewer)?;
        Ok(jobs::store::newest(&self.db, None, ROWS).await.map_err(Failure::from)?)
    }
}

fn row(entry: Entry) -> AuditRow {
    let detail = match &entry.detail {
        serde_json::Value::Object(fields) if !fields.is_empty() => entry.detail.to_string(),
        serde_json::Value::String(text) => text.clone(),
        _ => String::new(),
    };
    AuditRow {
        number: entry.seq,
        at: entry.at,
        actor: entry.user_name,
        address: entry.address,
        action: entry.action,
        object: entry.object,
        result: detail,
    }
}
