//! What the pages ask of access.

use async_trait::async_trait;
use homeport_app::backend::{self, Answer};
use homeport_model::{
    access::{AccessView, SignInForm, Tried},
    name::AppName,
    prelude::Actor,
};

use super::Access;

#[async_trait]
impl backend::Access for Access {
    async fn find(&self, actor: &Actor, app: &AppName) -> Answer<AccessView> {
        Ok(self.view(actor, app).await?)
    }

    async fn make_key(&self, actor: &Actor, app: &AppName) -> Answer<()> {
        Ok(Access::make_key(self, actor, app).await?)
    }

    async fn remove_key(&self, actor: &Actor, app: &AppName) -> Answer<()> {
        Ok(Access::remove_key(self, actor, app).await?)
    }

    async fn set_sign_in(&self, actor: &Actor, app: &AppName, form: SignInForm) -> Answer<()> {
        Ok(Access::set_sign_in(self, actor, app, &form).await?)
    }

    async fn remove_sign_in(&self, actor: &Actor, app: &AppName) -> Answer<()> {
        Ok(Access::remove_sign_in(self, actor, app).await?)
    }

    async fn try_it(&self, actor: &Actor, app: &AppName) -> Answer<Tried> {
        Ok(Access::try_it(self, actor, app).await?)
    }

    async fn trust_host(&self, actor: &Actor, app: &AppName, fingerprint: &str) -> Answer<()> {
        Ok(Access::trust_host(self, actor, app, fingerprint).await?)
    }
}
