//! Claiming a new panel: a one-time link printed on the host leads to a passkey, which makes the
//! owner, their recovery codes and a session in one transaction. Afterwards there is no way back.

use homeport_model::{
    account::{
        CLAIM_LINK_MS, Ceremony, CeremonyAnswer, ClaimForm, Finished, LINK_ATTEMPTS, MOVE_LINK_MS, RECOVER_LINK_MS,
    },
    actor::{Actor, Role},
    name::Label,
    problem::{Code, Problem},
    secret::Secret,
};
use serde_json::json;

use super::{Accounts, Opened, Visit, ceremony::Purpose, hash, label_of, not_accepted, store, user_of};
use crate::{ambient, config::Origin, failure::Failure};

/// What the token of a link to another name of the panel begins with, so that it counts as nothing else.
pub(super) const MOVE_PREFIX: &str = "move.";

/// What a one-time link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// Making the owner.
    Claim,
    /// Getting back in.
    Recover,
    /// Getting in at a new name of the panel, to make a passkey there.
    Move,
}

impl Link {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Claim => "claim",
            Self::Recover => "recover",
            Self::Move => "move",
        }
    }

    const fn life_ms(self) -> i64 {
        match self {
            Self::Claim => CLAIM_LINK_MS,
            Self::Recover => RECOVER_LINK_MS,
            Self::Move => MOVE_LINK_MS,
        }
    }
}

impl Accounts {
    /// Makes a one-time link; an older one of its kind is dead from then on. The token stands in the
    /// fragment, which no browser sends to a server.
    ///
    /// # Errors
    /// [`Code::Conflict`] for a claim link of a claimed panel, or a recovery link of an unclaimed one.
    pub async fn new_link(&self, kind: Link) -> Result<Secret<String>, Failure> {
        let mut tx = self.db.write().await?;
        match (kind, store::owner_exists(&mut *tx).await?) {
            (Link::Claim, true) => {
                return Err(Problem::new(Code::Conflict, "This panel has its owner already.")
                    .hint("Locked out? Run: homeport recover")
                    .into());
            }
            (Link::Recover, false) => {
                return Err(Problem::new(Code::Conflict, "This panel has no owner yet.")
                    .hint("Run: homeport claim-token")
                    .into());
            }
            _ => {}
        }
        // Base 32 survives being read aloud and typed.
        let token = base32(&ambient::random_bytes::<32>());
        let now = self.clock.now();
        store::delete_links(&mut tx, kind).await?;
        store::insert_link(&mut tx, &hash(&token), kind, None, now, now.plus_ms(kind.life_ms())).await?;
        let detail = json!({ "expires_in_s": kind.life_ms() / 1_000 });
        self.audit.record(&mut tx, &Actor::host(), "link.create", kind.as_str(), detail).await?;
        self.commit(tx).await?;
        Ok(Secret::new(format!("{}/{}#{token}", self.origins.primary(), kind.as_str())))
    }

    /// Makes a one-time link that lets a signed-in person in at another name of the panel, where they make
    /// a passkey. Their sessions go on.
    ///
    /// # Errors
    /// [`Code::StepUpRequired`] without a fresh passkey.
    pub(crate) async fn move_link(&self, actor: &Actor, to: &Origin) -> Result<Secret<String>, Failure> {
        actor.require_step_up(self.clock.now())?;
        let user = user_of(actor)?.to_string();
        let token = base32(&ambient::random_bytes::<32>());
        let (kind, now) = (Link::Move, self.clock.now());
        let mut tx = self.db.write().await?;
        store::delete_links(&mut tx, kind).await?;
        store::insert_link(&mut tx, &hash(&token), kind, Some(&user), now, now.plus_ms(kind.life_ms())).await?;
        let detail = json!({ "expires_in_s": kind.life_ms() / 1_000 });
        self.audit.record(&mut tx, actor, "link.create", to.as_str(), detail).await?;
        self.commit(tx).await?;
        Ok(Secret::new(format!("{to}/recover#{MOVE_PREFIX}{token}")))
    }

    /// At start: a new claim link while nobody owns the panel.
    ///
    /// # Errors
    /// [`Failure`] of the store.
    pub async fn claim_link_while_unclaimed(&self) -> Result<Option<Secret<String>>, Failure> {
        if store::owner_exists(self.db.reader()).await? {
            return Ok(None);
        }
        self.new_link(Link::Claim).await.map(Some)
    }

    /// Begins the owner's passkey for whoever has the claim link's token.
    ///
    /// # Errors
    /// [`Code::NotFound`] for a wrong or used token, [`Code::Gone`] for the right one too late.
    pub async fn begin_claim(&self, form: ClaimForm, visit: &Visit) -> Result<Ceremony, Failure> {
        let link = hash(form.token.trim());
        self.check_link(&link, Link::Claim).await?;
        let name = Label::try_from(form.name).map_err(|refused| Problem::invalid("name", refused.to_string()))?;
        let user = uuid::Builder::from_random_bytes(ambient::random_bytes()).into_uuid();
        let purpose = Purpose::Claim { link, user, name: name.to_string() };
        self.ceremonies
            .begin_registration(self.origin_of(visit), purpose, user, name.as_str(), Vec::new())
            .map_err(|error| not_accepted(error, visit))
    }

    /// Verifies the passkey and makes the owner, their codes and their session.
    ///
    /// # Errors
    /// [`Code::NotFound`] when the link was used meanwhile.
    pub async fn finish_claim(&self, answer: CeremonyAnswer, visit: &Visit) -> Result<(Opened, Finished), Failure> {
        let label = label_of(&answer, "First passkey")?;
        let (purpose, passkey) = self
            .ceremonies
            .finish_registration(&answer.id, answer.credential)
            .map_err(|error| not_accepted(error, visit))?;
        let Purpose::Claim { link, user, name } = purpose else { return Err(no_such_link()) };

        let _one_at_a_time = self.claiming.lock().await;
        self.check_link(&link, Link::Claim).await?;
        let codes = self.hashed_codes().await?;

        let now = self.clock.now();
        let user = user.to_string();
        let mut tx = self.db.write().await?;
        let consumed = store::consume_link(&mut tx, &link, Link::Claim, now).await?;
        if !consumed || !store::insert_owner(&mut tx, &user, &name, now).await? {
            return Err(no_such_link());
        }
        let id = store::insert_passkey(&mut tx, &user, &passkey, label.as_str(), now).await?;
        store::replace_codes(&mut tx, &user, &codes).await?;
        let opened = self.open_session(&mut tx, &user, Some(&id), visit).await?;
        let owner = Actor {
            user,
            name,
            role: Role::Owner,
            session: Some(opened.id.clone()),
            address: visit.address.clone(),
            step_up_until: None,
        };
        self.audit.record(&mut tx, &owner, "panel.claim", id.as_str(), json!({ "passkey": label })).await?;
        self.commit(tx).await?;
        Ok((opened, Finished { next: "/".into(), codes: codes.shown() }))
    }

    /// Refuses a token that is not live. Wrong ones are counted against the live link of the kind;
    /// too many replace it.
    pub(super) async fn check_link(&self, link: &[u8], kind: Link) -> Result<(), Failure> {
        let now = self.clock.now();
        match store::link(self.db.reader(), link, kind).await? {
            Some(found) if found.used_at.is_none() && now < found.expires_at => Ok(()),
            Some(found) if found.used_at.is_none() => {
                let command = match kind {
                    Link::Claim => "homeport claim-token",
                    Link::Recover => "homeport recover",
                    Link::Move => {
                        return Err(Problem::new(Code::Gone, "This link has expired.")
                            .hint("Make another one in Settings, Panel domain, under the old name.")
                            .into());
                    }
                };
                Err(Problem::new(Code::Gone, "This link has expired.")
                    .hint(format!("On the host, run: {command}"))
                    .into())
            }
            _ => {
                self.count_wrong_token(kind).await?;
                Err(no_such_link())
            }
        }
    }

    async fn count_wrong_token(&self, kind: Link) -> Result<(), Failure> {
        let mut tx = self.db.write().await?;
        let attempts = store::count_attempt(&mut tx, kind, self.clock.now()).await?;
        if attempts.is_some_and(|attempts| attempts >= LINK_ATTEMPTS) {
            store::delete_links(&mut tx, kind).await?;
        }
        self.commit(tx).await?;
        if kind == Link::Claim && attempts.is_some_and(|attempts| attempts >= LINK_ATTEMPTS) {
            let link = self.new_link(kind).await?;
            (self.announce)(&format!("Too many wrong claim tokens; the new link is {}", link.expose()));
        }
        Ok(())
    }
}

/// The one answer to a token that is wrong, used, or of a panel that has its owner.
fn no_such_link() -> Failure {
    Problem::not_found("link").hint("It may have been used or replaced. On the host, run: homeport claim-token").into()
}

/// RFC 4648 base 32 in lower case, without padding.
fn base32(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let mut text = String::new();
    let (mut bits, mut count) = (0_u32, 0);
    for byte in bytes {
        bits = (bits << 8) | u32::from(*byte);
        count += 8;
        while count >= 5 {
            count -= 5;
            text.push(char::from(ALPHABET[((bits >> count) & 31) as usize]));
        }
    }
    if count > 0 {
        text.push(char::from(ALPHABET[((bits << (5 - count)) & 31) as usize]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::base32;

    #[test]
    fn base32_is_rfc_4648() {
        assert_eq!(base32(b"foobar"), "mzxw6ytboi");
        assert_eq!(base32(&[0xff; 32]).len(), 52);
    }
}
