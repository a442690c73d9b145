//! One order for one name, from its challenge to its chain.

use std::time::Duration;

use homeport_model::{
    certificate::{ChallengeToken, plan::ChallengeKind},
    name::DomainName,
    secret::Secret,
};
use instant_acme::{AuthorizationStatus, ChallengeType, OrderStatus, Problem};
use rcgen::{CertificateParams, DistinguishedName, KeyPair, PKCS_ECDSA_P256_SHA256};
use tokio::time::{Instant, sleep};

use super::{Error, error, error::patiently, http::Http};

/// An authority decides within this time, or the order is given up.
const DECIDES_WITHIN: Duration = Duration::from_secs(90);
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What has to be shown for a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// The file's name, for HTTP-01.
    pub token: ChallengeToken,
    /// The file's text, for HTTP-01.
    pub answer: String,
    /// The TXT record's value at `_acme-challenge.<name>`, for DNS-01.
    pub record: String,
}

/// What an order brought.
pub struct Issued {
    /// PEM, the leaf first.
    pub chain: String,
    /// The leaf's key as PEM.
    pub key: Secret<Vec<u8>>,
}

/// An order.
pub struct Order {
    inner: instant_acme::Order,
    http: Http,
}

type Answer<T> = Result<T, instant_acme::Error>;

impl Order {
    pub(super) fn new(inner: instant_acme::Order, http: Http) -> Self {
        Self { inner, http }
    }

    /// What has to be shown; nothing when the authority remembers that the name is ours.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn challenge(&mut self, kind: ChallengeKind) -> Result<Option<Challenge>, Error> {
        match patiently!(self.http, challenge(&mut self.inner, kind))? {
            Offer::Done => Ok(None),
            Offer::None => Err(Error::NoChallenge(kind)),
            Offer::One(token, answer, record) => {
                let token = token.parse().map_err(|_| Error::Nonsense("a token that is none".to_owned()))?;
                Ok(Some(Challenge { token, answer, record }))
            }
        }
    }

    /// Tells the authority to look, and waits for what it says.
    ///
    /// # Errors
    /// [`Error`]; [`Error::Refused`] with the reason when it did not find what it was to find.
    pub async fn ready(&mut self, kind: ChallengeKind) -> Result<(), Error> {
        patiently!(self.http, set_ready(&mut self.inner, kind))?;
        let mut pauses = Pauses::new(&self.http);
        loop {
            match patiently!(self.http, look(&mut self.inner, kind))? {
                Verdict::Pending => pauses.pause().await?,
                Verdict::Valid => return Ok(()),
                Verdict::Invalid(None) => return Err(Error::Nonsense("it says no and not why".to_owned())),
                Verdict::Invalid(Some(problem)) => {
                    return Err(Error::Refused { refusal: error::refusal(&problem), retry_after_s: None });
                }
            }
        }
    }

    /// Asks for the certificate, for a new key (ECDSA, P-256), and waits for it.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn finalise(mut self, domain: &DomainName) -> Result<Issued, Error> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(Error::Key)?;
        let mut params = CertificateParams::new(vec![domain.to_string()]).map_err(Error::Key)?;
        params.distinguished_name = DistinguishedName::new();
        let request = params.serialize_request(&key).map_err(Error::Key)?;
        let mut pauses = Pauses::new(&self.http);
        while patiently!(self.http, self.inner.refresh())?.status == OrderStatus::Pending {
            pauses.pause().await?;
        }
        patiently!(self.http, self.inner.finalize_csr(request.der()))?;
        let chain = loop {
            match patiently!(self.http, self.inner.certificate())? {
                Some(chain) => break chain,
                None => pauses.pause().await?,
            }
        };
        Ok(Issued { chain, key: Secret::new(key.serialize_pem().into_bytes()) })
    }
}

/// Longer and longer pauses, as the authority asks, until the time is over.
struct Pauses<'a> {
    http: &'a Http,
    next: Duration,
    end: Instant,
}

impl<'a> Pauses<'a> {
    fn new(http: &'a Http) -> Self {
        Self { http, next: FIRST_PAUSE, end: Instant::now() + DECIDES_WITHIN }
    }

    async fn pause(&mut self) -> Result<(), Error> {
        if Instant::now() >= self.end {
            return Err(Error::Undecided);
        }
        let asked = self.http.retry_after_s().map_or(Duration::ZERO, Duration::from_secs);
        sleep(self.next.max(asked).min(LONGEST_PAUSE)).await;
        self.next = (self.next * 3 / 2).min(LONGEST_PAUSE);
        Ok(())
    }
}

enum Offer {
    Done,
    None,
    One(String, String, String),
}

enum Verdict {
    Pending,
    Valid,
    Invalid(Option<Problem>),
}

fn spelt(kind: ChallengeKind) -> ChallengeType {
    match kind {
        ChallengeKind::Http01 => ChallengeType::Http01,
        ChallengeKind::Dns01 => ChallengeType::Dns01,
    }
}

const NO_AUTHORISATION: instant_acme::Error = instant_acme::Error::Str("no authorisation");

async fn challenge(order: &mut instant_acme::Order, kind: ChallengeKind) -> Answer<Offer> {
    let mut all = order.authorizations();
    let mut one = all.next().await.ok_or(NO_AUTHORISATION)??;
    if one.status == AuthorizationStatus::Valid {
        return Ok(Offer::Done);
    }
    let Some(challenge) = one.challenge(spelt(kind)) else { return Ok(Offer::None) };
    let key = challenge.key_authorization();
    Ok(Offer::One(challenge.token.clone(), key.as_str().to_owned(), key.dns_value()))
}

async fn set_ready(order: &mut instant_acme::Order, kind: ChallengeKind) -> Answer<()> {
    let mut all = order.authorizations();
    let mut one = all.next().await.ok_or(NO_AUTHORISATION)??;
    match one.challenge(spelt(kind)) {
        Some(mut challenge) => challenge.set_ready().await,
        None => Ok(()),
    }
}

async fn look(order: &mut instant_acme::Order, kind: ChallengeKind) -> Answer<Verdict> {
    let mut all = order.authorizations();
    let mut one = all.next().await.ok_or(NO_AUTHORISATION)??;
    let state = one.refresh().await?;
    Ok(match state.status {
        AuthorizationStatus::Pending => Verdict::Pending,
        AuthorizationStatus::Valid => Verdict::Valid,
        _ => {
            let tried = state.challenges.iter().find(|challenge| challenge.r#type == spelt(kind));
            Verdict::Invalid(tried.and_then(|challenge| challenge.error.clone()))
        }
    })
}
