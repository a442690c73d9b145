//! The token of a tunnel, as Cloudflare's dashboard shows it: alone, or at the end of a command line.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::TunnelId;
use crate::{
    problem::Problem,
    secret::Secret,
    text::{base64, from_base64},
};

/// The longest text that is read, in bytes; a token has about 200.
const MOST_BYTES: usize = 4_096;
/// How long the secret in a token is, in bytes; Cloudflare makes 32.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 32..=128;

/// What a person types.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TunnelForm {
    /// The token, or the command that has it.
    pub token: String,
}

impl fmt::Debug for TunnelForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TunnelForm { token: … }")
    }
}

/// A token: whoever has it can run the tunnel.
#[derive(Clone)]
pub struct TunnelToken {
    id: TunnelId,
    text: Secret<String>,
}

impl fmt::Debug for TunnelToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TunnelToken({}, …)", self.id)
    }
}

/// What a token says, in `cloudflared`'s own letters.
#[derive(Deserialize)]
struct Said {
    /// The account's tag.
    a: String,
    /// The tunnel's id.
    t: String,
    /// Its secret, in base64.
    s: String,
    /// Which of Cloudflare's networks, where it is not the usual one.
    #[serde(default)]
    e: Option<String>,
}

impl TunnelToken {
    /// Reads what a person typed or pasted: a token, or a command line of `cloudflared` with one in it.
    ///
    /// # Errors
    /// An invalid `token`; what was typed is not in it.
    pub fn parse(typed: &str) -> Result<Self, Problem> {
        let typed = typed.trim();
        if typed.is_empty() {
            return Err(refused("Paste the tunnel's token."));
        }
        if typed.len() > MOST_BYTES {
            return Err(refused("That is too long for a tunnel's token."));
        }
        let words: Vec<&str> = typed.split_whitespace().map(bare).collect();
        let text = match words.as_slice() {
            [only] => *only,
            words if !words.iter().any(|word| word.contains("cloudflared")) => {
                return Err(refused("That is neither a token nor a command of cloudflared."));
            }
            words => {
                let mut found = words.iter().filter(|word| word.starts_with("eyJ"));
                match (found.next(), found.next()) {
                    (Some(only), None) => only,
                    (None, _) => return Err(refused("There is no token in this command.")),
                    (Some(_), Some(_)) => return Err(refused("There is more than one token in this command.")),
                }
            }
        };
        Self::read(text).ok_or_else(|| refused("That is not a tunnel's token, or a part of it is missing."))
    }

    fn read(text: &str) -> Option<Self> {
        let bytes = Secret::new(from_base64(text)?);
        let said: Said = serde_json::from_slice(bytes.expose()).ok()?;
        let secret = Secret::new(said.s);
        let is_tag = said.a.len() == 32 && said.a.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        let has_secret = SECRET_BYTES.contains(&Secret::new(from_base64(secret.expose())?).expose().len());
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.';
        let is_network = said.e.is_none_or(|network| network.len() <= 64 && network.bytes().all(plain));
        if !(is_tag && has_secret && is_network) {
            return None;
        }
        // cloudflared wants the padding that some terminals lose.
        Some(Self { id: said.t.parse().ok()?, text: Secret::new(base64(bytes.expose(), false)) })
    }

    /// The tunnel that it is for.
    #[must_use]
    pub fn id(&self) -> &TunnelId {
        &self.id
    }

    /// The token itself, for the store and for `cloudflared`.
    #[must_use]
    pub fn expose(&self) -> &Secret<String> {
        &self.text
    }
}

/// A word of a command without what may stand around a token.
fn bare(word: &str) -> &str {
    let is_quote = |c: char| matches!(c, '"' | '\'' | '`');
    let word = word.trim_matches(is_quote);
    let value = ["--token=", "TUNNEL_TOKEN="].into_iter().find_map(|name| word.strip_prefix(name));
    value.unwrap_or(word).trim_matches(is_quote)
}

fn refused(why: &str) -> Problem {
    Problem::invalid("token", why).hint(
        "At Cloudflare open Networks, Tunnels, your tunnel, and copy the command that installs cloudflared, or only the token that begins with eyJ.",
    )
}
