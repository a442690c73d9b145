//! What the pages ask of tokens.

use async_trait::async_trait;
use homeport_app::backend::{self, Answer};
use homeport_model::{
    account::{TokenForm, TokenRow},
    id::TokenId,
    prelude::Actor,
};

use super::Tokens;

#[async_trait]
impl backend::Tokens for Tokens {
    async fn list(&self, actor: &Actor) -> Answer<Vec<TokenRow>> {
        Ok(Tokens::list(self, actor).await?)
    }

    async fn create(&self, actor: &Actor, form: TokenForm) -> Answer<String> {
        Ok(self.make(actor, &form).await?)
    }

    async fn revoke(&self, actor: &Actor, id: &TokenId) -> Answer<()> {
        Ok(Tokens::revoke(self, actor, id).await?)
    }
}
