//! The tables `acme_settings` and `acme_accounts`, and who issued what.

use homeport_model::{
    certificate::{
        CertificateSource,
        plan::ProfileName,
        settings::{DirectoryChoice, DirectoryUrl, Email},
    },
    id::CertificateId,
    name::DomainName,
    time::Timestamp,
};

use super::{Certificate, Columns};
use crate::db::{Conn, Db, Error, Result};

/// Where certificates are ordered, once an owner agreed.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) choice: DirectoryChoice,
    pub(crate) directory: DirectoryUrl,
    pub(crate) contact: Option<Email>,
    pub(crate) profile: Option<ProfileName>,
    pub(crate) terms: Option<String>,
    pub(crate) agreed_at: Timestamp,
    pub(crate) agreed_by: String,
}

/// An account at a directory.
pub(crate) struct Account {
    pub(crate) directory: DirectoryUrl,
    pub(crate) sealed: Vec<u8>,
    pub(crate) contact: Option<Email>,
    pub(crate) eab_kid: Option<String>,
    pub(crate) created_at: Timestamp,
}

pub(crate) async fn settings(db: &Db) -> Result<Option<Settings>> {
    let row = sqlx::query!(
        "SELECT choice, directory, contact, profile, terms, agreed_at, agreed_by FROM acme_settings WHERE one = 1"
    )
    .fetch_optional(db.reader())
    .await?;
    let Some(row) = row else { return Ok(None) };
    let bad = |column, text: &str| Error::bad_row("acme_settings", column, "1", text);
    let directory: DirectoryUrl = row.directory.parse().map_err(|_| bad("directory", &row.directory))?;
    Ok(Some(Settings {
        choice: match row.choice.as_str() {
            "usual" => DirectoryChoice::Usual,
            "staging" => DirectoryChoice::Staging,
            _ => DirectoryChoice::Other(directory.clone()),
        },
        directory,
        contact: row.contact.map(|text| text.parse().map_err(|_| bad("contact", &text))).transpose()?,
        profile: row.profile.map(|text| text.parse().map_err(|_| bad("profile", &text))).transpose()?,
        terms: row.terms,
        agreed_at: Timestamp::from_ms(row.agreed_at),
        agreed_by: row.agreed_by,
    }))
}

pub(crate) async fn set_settings(tx: &mut Conn, settings: &Settings) -> Result<()> {
    let choice = match settings.choice {
        DirectoryChoice::Usual => "usual",
        DirectoryChoice::Staging => "staging",
        DirectoryChoice::Other(_) => "other",
    };
    let directory = settings.directory.as_str();
    let (contact, profile) =
        (settings.contact.as_ref().map(Email::as_str), settings.profile.as_ref().map(ProfileName::as_str));
    let at = settings.agreed_at.ms();
    sqlx::query!(
        "INSERT INTO acme_settings (one, choice, directory, contact, profile, terms, agreed_at, agreed_by)
         VALUES (1, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (one) DO UPDATE SET choice = excluded.choice, directory = excluded.directory,
             contact = excluded.contact, profile = excluded.profile, terms = excluded.terms,
             agreed_at = excluded.agreed_at, agreed_by = excluded.agreed_by",
        choice,
        directory,
        contact,
        profile,
        settings.terms,
        at,
        settings.agreed_by
    )
    .execute(tx)
    .await?;
    Ok(())
}

pub(crate) async fn account(db: &Db, directory: &DirectoryUrl) -> Result<Option<Account>> {
    let url = directory.as_str();
    let row = sqlx::query!("SELECT sealed, contact, eab_kid, created_at FROM acme_accounts WHERE directory = ?", url)
        .fetch_optional(db.reader())
        .await?;
    let Some(row) = row else { return Ok(None) };
    let bad = |text: &str| Error::bad_row("acme_accounts", "contact", url, text);
    Ok(Some(Account {
        directory: directory.clone(),
        sealed: row.sealed,
        contact: row.contact.map(|text| text.parse().map_err(|_| bad(&text))).transpose()?,
        eab_kid: row.eab_kid,
        created_at: Timestamp::from_ms(row.created_at),
    }))
}

pub(crate) async fn set_account(tx: &mut Conn, account: &Account) -> Result<()> {
    let (directory, contact) = (account.directory.as_str(), account.contact.as_ref().map(Email::as_str));
    let at = account.created_at.ms();
    sqlx::query!(
        "INSERT INTO acme_accounts (directory, sealed, contact, eab_kid, created_at) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (directory) DO UPDATE SET sealed = excluded.sealed, contact = excluded.contact,
             eab_kid = excluded.eab_kid, created_at = excluded.created_at",
        directory,
        account.sealed,
        contact,
        account.eab_kid,
        at
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Who issued certificates in use, and which of them were revoked.
pub(crate) struct Issued {
    pub(crate) id: CertificateId,
    pub(crate) directory: Option<DirectoryUrl>,
    pub(crate) revoked: bool,
}

pub(crate) async fn issued(db: &Db) -> Result<Vec<Issued>> {
    let rows = sqlx::query!("SELECT id, directory, revoked_at FROM certificates").fetch_all(db.reader()).await?;
    rows.into_iter()
        .map(|row| {
            let bad = |column| Error::bad_row("certificates", column, &row.id, "unreadable");
            Ok(Issued {
                directory: row.directory.map(|text| text.parse().map_err(|_| bad("directory"))).transpose()?,
                revoked: row.revoked_at.is_some(),
                id: row.id.parse().map_err(|_| Error::bad_row("certificates", "id", &row.id, "no id"))?,
            })
        })
        .collect()
}

pub(crate) async fn set_directory(tx: &mut Conn, id: &CertificateId, directory: &DirectoryUrl) -> Result<()> {
    let (id, directory) = (id.as_str(), directory.as_str());
    sqlx::query!("UPDATE certificates SET directory = ? WHERE id = ?", directory, id).execute(tx).await?;
    Ok(())
}

pub(crate) async fn set_revoked(tx: &mut Conn, id: &CertificateId, at: Timestamp) -> Result<()> {
    let (id, at) = (id.as_str(), at.ms());
    sqlx::query!("UPDATE certificates SET revoked_at = ? WHERE id = ?", at, id).execute(tx).await?;
    Ok(())
}

/// The newest certificate of a domain that an authority issued and that is not in use, unless it was
/// revoked.
pub(crate) async fn spare(db: &Db, domain: &DomainName) -> Result<Option<Certificate>> {
    let domain = domain.as_str();
    let row = sqlx::query_as!(
        Columns,
        "SELECT id, domain, source, chain, sealed, facts, created_at FROM certificates
         WHERE domain = ? AND source = 'acme' AND in_use = 0 AND revoked_at IS NULL
         ORDER BY created_at DESC, id DESC LIMIT 1",
        domain
    )
    .fetch_optional(db.reader())
    .await?;
    let found: Option<Certificate> = row.map(Certificate::try_from).transpose()?;
    Ok(found.filter(|found| found.source == CertificateSource::Acme))
}

/// Puts a certificate to use that is stored already; `None` puts none to use.
pub(crate) async fn use_stored(tx: &mut Conn, domain: &DomainName, id: Option<&CertificateId>) -> Result<()> {
    let (domain, id) = (domain.as_str(), id.map(CertificateId::as_str));
    sqlx::query!("UPDATE certificates SET in_use = 0 WHERE domain = ? AND in_use = 1", domain)
        .execute(&mut *tx)
        .await?;
    sqlx::query!("UPDATE certificates SET in_use = 1 WHERE domain = ? AND id = ?", domain, id).execute(tx).await?;
    Ok(())
}

/// Forgets old certificates: the one in use stays, and the newest two.
pub(crate) async fn prune(tx: &mut Conn) -> Result<()> {
    sqlx::query!(
        "DELETE FROM certificates WHERE in_use = 0 AND id NOT IN (
            SELECT c.id FROM certificates c WHERE (
                SELECT count(*) FROM certificates newer
                WHERE newer.domain = c.domain
                  AND (newer.created_at > c.created_at OR (newer.created_at = c.created_at AND newer.id > c.id))
            ) < 2)"
    )
    .execute(tx)
    .await?;
    Ok(())
}
