//! What the pages ask of logs.

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use homeport_app::backend::{self, Answer, LogFile};
use homeport_model::{
    log::{LogBatch, LogForm, LogPage},
    name::AppName,
    prelude::Actor,
};

use super::Logs;

#[async_trait]
impl backend::Logs for Logs {
    async fn page(&self, actor: &Actor, app: &AppName, form: &LogForm) -> Answer<LogPage> {
        Ok(self.read(actor, app, &form.parse()?).await?)
    }

    async fn follow(&self, actor: &Actor, app: &AppName, form: &LogForm) -> Answer<BoxStream<'static, LogBatch>> {
        Ok(self.follow_lines(actor, app, &form.parse()?).await?)
    }

    async fn file(&self, actor: &Actor, app: &AppName, form: &LogForm) -> Answer<LogFile> {
        Ok(self.take_away(actor, app, &form.parse()?).await?)
    }
}
