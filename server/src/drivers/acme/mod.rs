//! Certificate authorities that speak ACME (RFC 8555). Keys and certificates go through here as values;
//! nothing is kept. The authority's own certificate is checked always.

mod error;
mod http;
mod order;
mod retry_after;

pub use error::Error;
pub use order::{Challenge, Issued, Order};

use std::path::Path;

use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD},
};
use homeport_model::{
    certificate::{
        plan::ProfileName,
        renewal::AriWindow,
        settings::{Binding, DirectoryFacts, DirectoryUrl, Email},
    },
    name::DomainName,
    secret::Secret,
    time::Timestamp,
};
use instant_acme::{
    AccountCredentials, CertificateIdentifier, ExternalAccountKey, Identifier, NewAccount, NewOrder, RevocationReason,
    RevocationRequest,
};
use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use serde::Deserialize;

use error::patiently;
use http::{Http, Trust};

/// Why a certificate is revoked (RFC 5280, section 5.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// None is given.
    Unspecified,
    /// Somebody else has the key.
    KeyCompromise,
    /// The name belongs to somebody else now.
    AffiliationChanged,
    /// There is a newer one.
    Superseded,
    /// The site is no more.
    CessationOfOperation,
}

/// Whom to reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Public addresses only: a person typed the directory's.
    Public,
    /// Any: the host's administrator configured it.
    Any,
}

/// Opens accounts at directories.
#[derive(Clone)]
pub struct Acme {
    trust: Trust,
}

/// The parts of a directory that instant-acme keeps to itself.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Directory {
    #[serde(rename = "newOrder")]
    _new_order: String,
    renewal_info: Option<String>,
    #[serde(default)]
    meta: Meta,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Meta {
    terms_of_service: Option<String>,
    external_account_required: bool,
    caa_identities: Vec<String>,
    profiles: std::collections::BTreeMap<String, String>,
}

impl Acme {
    /// Trusts whom browsers trust, and the authorities in `root`, a PEM file.
    ///
    /// # Errors
    /// [`Error::Root`] for a file that cannot be read or has no certificate.
    pub fn new(root: Option<&Path>) -> Result<Self, Error> {
        Ok(Self { trust: Trust::new(root)? })
    }

    /// What a directory says of itself.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn directory(&self, url: &DirectoryUrl, reach: Reach) -> Result<DirectoryFacts, Error> {
        let body = Http::new(&self.trust, reach).get(url.as_str()).await?;
        let Directory { renewal_info, meta, .. } =
            serde_json::from_slice(&body).map_err(|_| Error::NoDirectory(url.host().to_owned()))?;
        let is_page = |url: &String| url.len() <= 500 && (url.starts_with("https://") || url.starts_with("http://"));
        let profiles = meta.profiles.into_iter().filter(|(name, _)| name.parse::<ProfileName>().is_ok()).take(20);
        Ok(DirectoryFacts {
            terms: meta.terms_of_service.filter(is_page),
            profiles: profiles.map(|(name, about)| (name, about.chars().take(200).collect())).collect(),
            renewal_info: renewal_info.is_some(),
            caa: meta.caa_identities.into_iter().filter(|name| name.len() <= 253).take(10).collect(),
            needs_binding: meta.external_account_required,
        })
    }

    /// Makes an account with a new key, agreeing to the terms. The answer opens it again.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn create_account(
        &self,
        url: &DirectoryUrl,
        reach: Reach,
        contact: Option<&Email>,
        binding: Option<&Binding>,
    ) -> Result<Secret<Vec<u8>>, Error> {
        let key = binding.map(external_key).transpose()?;
        let contact = contact.map(|email| format!("mailto:{email}"));
        let contact: Vec<&str> = contact.iter().map(String::as_str).collect();
        let new = NewAccount { contact: &contact, terms_of_service_agreed: true, only_return_existing: false };
        let http = Http::new(&self.trust, reach);
        let create = || async {
            let builder = instant_acme::Account::builder_with_http(Box::new(http.clone()));
            builder.create(&new, url.as_str().to_owned(), key.as_ref()).await
        };
        let (_, credentials) = patiently!(http, create())?;
        Ok(Secret::new(serde_json::to_vec(&credentials).map_err(|_| Error::Credentials)?))
    }

    /// Opens an account that was made before.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn account(&self, credentials: &Secret<Vec<u8>>, reach: Reach) -> Result<Account, Error> {
        let credentials: AccountCredentials =
            serde_json::from_slice(credentials.expose()).map_err(|_| Error::Credentials)?;
        let http = Http::new(&self.trust, reach);
        let builder = instant_acme::Account::builder_with_http(Box::new(http.clone()));
        let inner = builder.from_credentials(credentials).await.map_err(|error| http.said(error))?;
        Ok(Account { inner, http })
    }
}

/// The key as authorities show it: base64url, some of them in the other alphabet or padded.
fn external_key(binding: &Binding) -> Result<ExternalAccountKey, Error> {
    let text = binding.hmac.expose().trim_end_matches('=');
    let key = BASE64_URL_SAFE_NO_PAD.decode(text).or_else(|_| BASE64_STANDARD_NO_PAD.decode(text));
    let key = Secret::new(key.map_err(|_| Error::Binding)?);
    Ok(ExternalAccountKey::new(binding.key_id.clone(), key.expose()))
}

/// An account, open for one piece of work.
pub struct Account {
    inner: instant_acme::Account,
    http: Http,
}

impl Account {
    /// Its address.
    #[must_use]
    pub fn id(&self) -> &str {
        self.inner.id()
    }

    /// Sets the e-mail address.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn set_contact(&self, contact: Option<&Email>) -> Result<(), Error> {
        let contact = contact.map(|email| format!("mailto:{email}"));
        let contact: Vec<&str> = contact.iter().map(String::as_str).collect();
        patiently!(self.http, self.inner.update_contacts(&contact))
    }

    /// Orders a certificate for one name. `replaces` is the chain of the certificate that this one renews;
    /// only for directories with renewal information.
    ///
    /// # Errors
    /// [`Error`]; [`Error::NoRenewal`] when the authority does not take it as one.
    pub async fn order(
        &self,
        domain: &DomainName,
        profile: Option<&ProfileName>,
        replaces: Option<&str>,
    ) -> Result<Order, Error> {
        let names = [Identifier::Dns(domain.to_string())];
        let plain = || {
            let order = NewOrder::new(&names);
            match profile {
                Some(profile) => order.profile(profile.as_str()),
                None => order,
            }
        };
        let leaf = replaces.map(leaf).transpose()?;
        if let Some(id) = leaf.as_ref().and_then(|leaf| CertificateIdentifier::try_from(leaf).ok()) {
            let order = plain().replaces(id);
            return match patiently!(self.http, self.inner.new_order(&order)) {
                Ok(inner) => Ok(Order::new(inner, self.http.clone())),
                Err(error) if error.is_about_replacing() => Err(Error::NoRenewal(error.to_string())),
                Err(error) => Err(error),
            };
        }
        let order = plain();
        let inner = patiently!(self.http, self.inner.new_order(&order))?;
        Ok(Order::new(inner, self.http.clone()))
    }

    /// When the authority would like a certificate to be renewed, and in how many milliseconds to ask again.
    ///
    /// # Errors
    /// [`Error`], also when what it answers makes no sense.
    pub async fn renewal_window(&self, chain: &str) -> Result<(AriWindow, i64), Error> {
        let leaf = leaf(chain)?;
        let id = CertificateIdentifier::try_from(&leaf).map_err(|_| Error::Certificate)?;
        let (info, again) = self.inner.renewal_info(&id).await.map_err(|error| self.http.said(error))?;
        let window = &info.suggested_window;
        let ms = |nanoseconds: i128| Timestamp::from_ms(i64::try_from(nanoseconds / 1_000_000).unwrap_or(i64::MAX));
        let (start, end) = (ms(window.start.unix_timestamp_nanos()), ms(window.end.unix_timestamp_nanos()));
        Ok((AriWindow { start, end }, i64::try_from(again.as_millis()).unwrap_or(i64::MAX)))
    }

    /// Has a certificate revoked.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn revoke(&self, chain: &str, reason: Reason) -> Result<(), Error> {
        let leaf = leaf(chain)?;
        let reason = match reason {
            Reason::Unspecified => RevocationReason::Unspecified,
            Reason::KeyCompromise => RevocationReason::KeyCompromise,
            Reason::AffiliationChanged => RevocationReason::AffiliationChanged,
            Reason::Superseded => RevocationReason::Superseded,
            Reason::CessationOfOperation => RevocationReason::CessationOfOperation,
        };
        let request = RevocationRequest { certificate: &leaf, reason: Some(reason) };
        patiently!(self.http, self.inner.revoke(&request))
    }
}

fn leaf(chain: &str) -> Result<CertificateDer<'static>, Error> {
    CertificateDer::from_pem_slice(chain.as_bytes()).map_err(|_| Error::Certificate)
}
