//! What the pages ask of apps.

use async_trait::async_trait;
use homeport_app::backend::{self, Answer};
use homeport_model::{
    app::{AppDetail, AppForm, AppRow, NeedForm, NeedsView, ProcessForm, VolumeName},
    host::Today,
    id::JobId,
    name::AppName,
    prelude::{Actor, Role},
};

use super::Apps;

#[async_trait]
impl backend::Apps for Apps {
    async fn today(&self, actor: &Actor) -> Answer<Today> {
        Ok(self.today_page(actor).await?)
    }

    async fn troubled(&self, actor: &Actor) -> Answer<usize> {
        actor.require(Role::Viewer)?;
        Ok(self.parts.observations.troubled())
    }

    async fn list(&self, actor: &Actor) -> Answer<Vec<AppRow>> {
        Ok(self.rows(actor).await?)
    }

    async fn find(&self, actor: &Actor, name: &AppName) -> Answer<AppDetail> {
        Ok(self.detail(actor, name).await?)
    }

    async fn create(&self, actor: &Actor, form: AppForm) -> Answer<AppName> {
        Ok(self.create_app(actor, &form).await?)
    }

    async fn change(&self, actor: &Actor, name: &AppName, form: AppForm) -> Answer<()> {
        Ok(self.change_app(actor, name, &form).await?)
    }

    async fn set_process(&self, actor: &Actor, name: &AppName, form: ProcessForm) -> Answer<()> {
        Ok(self.set_process(actor, name, &form).await?)
    }

    async fn delete(&self, actor: &Actor, name: &AppName, typed: &str) -> Answer<JobId> {
        Ok(self.delete_app(actor, name, typed, false).await?)
    }

    async fn delete_with_volumes(&self, actor: &Actor, name: &AppName, typed: &str) -> Answer<JobId> {
        Ok(self.delete_app(actor, name, typed, true).await?)
    }

    async fn needs(&self, actor: &Actor, name: &AppName) -> Answer<NeedsView> {
        Ok(self.needs_view(actor, name).await?)
    }

    async fn add_need(&self, actor: &Actor, name: &AppName, form: NeedForm) -> Answer<()> {
        Ok(Self::add_need(self, actor, name, &form).await?)
    }

    async fn remove_need(&self, actor: &Actor, name: &AppName, kind: &str, text: &str) -> Answer<()> {
        Ok(Self::remove_need(self, actor, name, kind, text).await?)
    }

    async fn remove_volume(&self, actor: &Actor, name: &AppName, volume: &VolumeName) -> Answer<()> {
        Ok(self.remove_kept_volume(actor, name, volume).await?)
    }
}
