//! Accounts at certificate authorities. One for each directory, made once and kept for ever.

use homeport_model::certificate::{
    refusal::RefusalKind,
    settings::{Binding, DirectoryUrl, Email},
};

use super::{Certificates, store::acme, words};
use crate::{
    drivers::acme::{Account, Error, Reach},
    failure::Failure,
};

impl Certificates {
    /// Whom a directory may lead to: whatever the host's administrator configured, else what is public.
    pub(super) fn reach(&self, directory: &DirectoryUrl) -> Reach {
        let ordering = &self.ordering;
        let configured = *directory == ordering.usual || *directory == ordering.staging;
        if configured || ordering.local { Reach::Any } else { Reach::Public }
    }

    /// Opens the account at a directory; `None` when there is none.
    pub(super) async fn account(&self, directory: &DirectoryUrl) -> Result<Option<Opened>, Failure> {
        let parts = &self.apps.parts;
        let Some(kept) = acme::account(&parts.db, directory).await? else { return Ok(None) };
        let credentials = parts.sealer.open(&kept.sealed, &context(directory))?;
        let opened = self.ordering.client.account(&credentials, self.reach(directory)).await;
        Ok(Some(opened))
    }

    /// Sees to it that there is an account with this contact; makes one where there is none, or where
    /// somebody binds a new one.
    pub(super) async fn ensure_account(
        &self,
        directory: &DirectoryUrl,
        contact: Option<&Email>,
        binding: Option<&Binding>,
    ) -> Result<(), Failure> {
        let parts = &self.apps.parts;
        let kept = acme::account(&parts.db, directory).await?;
        let is_same = |kept: &acme::Account| binding.is_none_or(|new| kept.eab_kid.as_ref() == Some(&new.key_id));
        let account = match kept.filter(is_same) {
            None => self.make(directory, contact, binding).await?,
            Some(kept) => match self.renew_contact(directory, contact).await {
                Ok(()) => acme::Account { contact: contact.cloned(), ..kept },
                Err(error) if is_lost(&error) => self.make(directory, contact, binding).await?,
                Err(error) => return Err(words::of_directory(&error, directory).into()),
            },
        };
        let mut tx = parts.db.write().await?;
        acme::set_account(&mut tx, &account).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn renew_contact(&self, directory: &DirectoryUrl, contact: Option<&Email>) -> Result<(), Error> {
        match self.account(directory).await {
            Ok(Some(account)) => account?.set_contact(contact).await,
            // Nobody can read it any more.
            Ok(None) | Err(_) => Err(Error::Credentials),
        }
    }

    async fn make(
        &self,
        directory: &DirectoryUrl,
        contact: Option<&Email>,
        binding: Option<&Binding>,
    ) -> Result<acme::Account, Failure> {
        let parts = &self.apps.parts;
        let made = self.ordering.client.create_account(directory, self.reach(directory), contact, binding).await;
        let credentials = made.map_err(|error| Failure::from(words::of_directory(&error, directory)))?;
        Ok(acme::Account {
            directory: directory.clone(),
            sealed: parts.sealer.seal(credentials.expose(), &context(directory)),
            contact: contact.cloned(),
            eab_kid: binding.map(|binding| binding.key_id.clone()),
            created_at: parts.clock.now(),
        })
    }
}

/// An account, or why it cannot be opened now.
pub(super) type Opened = Result<Account, Error>;

fn is_lost(error: &Error) -> bool {
    let is_gone = |kind| matches!(kind, RefusalKind::NoAccount | RefusalKind::Account);
    error.refusal().is_some_and(|refusal| is_gone(refusal.kind)) || matches!(error, Error::Credentials)
}

/// What an account is sealed for.
fn context(directory: &DirectoryUrl) -> String {
    format!("acme/{directory}/account")
}
