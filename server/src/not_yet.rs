//! Answers for the nouns whose services are not composed yet.

use async_trait::async_trait;
use homeport_app::backend::{Activity, Answer, Apps, Deploys};
use homeport_model::{
    app::{AppDetail, AppForm, AppRow, EnvRow},
    deploy::{DeployDetail, ReleaseRow},
    host::{AuditRow, Today},
    id::JobId,
    job::{JobRow, LogLine},
    name::{AppName, EnvKey},
    prelude::{Actor, Code, Problem},
};

/// Says to everything that it is not there yet.
#[derive(Debug, Clone, Copy)]
pub struct NotYet;

fn not_yet<T>() -> Answer<T> {
    Err(Problem::new(Code::Unavailable, "This part of the panel is not running."))
}

#[async_trait]
impl Apps for NotYet {
    async fn today(&self, _actor: &Actor) -> Answer<Today> {
        not_yet()
    }
    async fn list(&self, _actor: &Actor) -> Answer<Vec<AppRow>> {
        not_yet()
    }
    async fn find(&self, _actor: &Actor, _name: &AppName) -> Answer<AppDetail> {
        not_yet()
    }
    async fn create(&self, _actor: &Actor, _form: AppForm) -> Answer<AppName> {
        not_yet()
    }
    async fn change(&self, _actor: &Actor, _name: &AppName, _form: AppForm) -> Answer<()> {
        not_yet()
    }
    async fn delete(&self, _actor: &Actor, _name: &AppName, _typed: &str) -> Answer<JobId> {
        not_yet()
    }
    async fn environment(&self, _actor: &Actor, _name: &AppName) -> Answer<Vec<EnvRow>> {
        not_yet()
    }
    async fn set_environment(&self, _actor: &Actor, _name: &AppName, _text: String) -> Answer<u32> {
        not_yet()
    }
    async fn unset_variable(&self, _actor: &Actor, _name: &AppName, _key: &EnvKey) -> Answer<()> {
        not_yet()
    }
    async fn set_secret(&self, _actor: &Actor, _name: &AppName, _key: &EnvKey, _secret: bool) -> Answer<()> {
        not_yet()
    }
    async fn logs(&self, _actor: &Actor, _name: &AppName) -> Answer<Vec<LogLine>> {
        not_yet()
    }
}

#[async_trait]
impl Deploys for NotYet {
    async fn deploy(&self, _actor: &Actor, _app: &AppName) -> Answer<u32> {
        not_yet()
    }
    async fn roll_back(&self, _actor: &Actor, _app: &AppName, _to: u32) -> Answer<u32> {
        not_yet()
    }
    async fn list(&self, _actor: &Actor, _app: &AppName) -> Answer<Vec<ReleaseRow>> {
        not_yet()
    }
    async fn find(&self, _actor: &Actor, _app: &AppName, _number: u32) -> Answer<DeployDetail> {
        not_yet()
    }
    async fn cancel(&self, _actor: &Actor, _job: &JobId) -> Answer<()> {
        not_yet()
    }
    async fn log(&self, _actor: &Actor, _job: &JobId, _after: u64) -> Answer<Vec<LogLine>> {
        not_yet()
    }
}

#[async_trait]
impl Activity for NotYet {
    async fn audit(&self, _actor: &Actor, _before: Option<i64>) -> Answer<Vec<AuditRow>> {
        not_yet()
    }
    async fn jobs(&self, _actor: &Actor) -> Answer<Vec<JobRow>> {
        not_yet()
    }
}
