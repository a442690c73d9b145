//! API tokens: what a program may do in a person's name, for how long.

use serde::{Deserialize, Serialize};

use crate::{
    actor::Role,
    id::TokenId,
    name::{AppName, Label},
    problem::Problem,
    time::Timestamp,
};

/// What stands before a token, so that scanners of leaked secrets know it.
pub const TOKEN_PREFIX: &str = "hpt_";
/// The longest life of a token, in days.
pub const TOKEN_MOST_DAYS: u32 = 366;

const DAY_MS: i64 = 86_400_000;

/// What a token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenScope {
    /// Look.
    Read,
    /// Look, deploy and roll back.
    Deploy,
}

impl TokenScope {
    /// The word in forms and in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Deploy => "deploy",
        }
    }

    /// The role that it gives, never more than its person's.
    #[must_use]
    pub const fn role(self) -> Role {
        match self {
            Self::Read => Role::Viewer,
            Self::Deploy => Role::Deployer,
        }
    }

    /// The scope of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Read, Self::Deploy].into_iter().find(|scope| scope.as_str() == word)
    }
}

/// What a person types about a new token.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TokenForm {
    /// What it is for.
    pub name: String,
    /// `read` or `deploy`.
    pub scope: String,
    /// The only app it may touch; empty for all.
    #[serde(default)]
    pub app: String,
    /// How many days it lives.
    pub days: String,
}

/// A form that reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenSpec {
    /// What it is for.
    pub name: Label,
    /// What it may do.
    pub scope: TokenScope,
    /// The only app it may touch.
    pub app: Option<AppName>,
    /// How long it lives, in ms.
    pub life_ms: i64,
}

impl TokenForm {
    /// Reads the form.
    ///
    /// # Errors
    /// The first field that is not acceptable.
    pub fn parse(&self) -> Result<TokenSpec, Problem> {
        let name = Label::try_from(self.name.trim().to_owned());
        let name = name.map_err(|refused| Problem::invalid("token_name", refused.to_string()))?;
        let scope = TokenScope::from_word(&self.scope);
        let scope = scope.ok_or_else(|| Problem::invalid("scope", "Choose what the token may do."))?;
        let app = match self.app.trim() {
            "" => None,
            app => Some(app.parse::<AppName>().map_err(|refused| Problem::invalid("app", refused.to_string()))?),
        };
        let days = self.days.trim().parse::<u32>().ok().filter(|days| (1..=TOKEN_MOST_DAYS).contains(days));
        let days =
            days.ok_or_else(|| Problem::invalid("days", format!("A token lives for 1 to {TOKEN_MOST_DAYS} days.")))?;
        Ok(TokenSpec { name, scope, app, life_ms: i64::from(days) * DAY_MS })
    }
}

/// A token in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRow {
    /// Its id; not the token.
    pub id: TokenId,
    /// What it is for.
    pub name: String,
    /// What it may do.
    pub scope: TokenScope,
    /// The only app it may touch.
    pub app: Option<AppName>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
    /// From where.
    pub last_address: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> TokenForm {
        TokenForm { name: " CI ".into(), scope: "deploy".into(), app: "shop".into(), days: "90".into() }
    }

    #[test]
    fn a_form_reads_or_names_its_field() {
        let spec = form().parse().expect("reads");
        assert_eq!((spec.name.as_str(), spec.scope, spec.life_ms), ("CI", TokenScope::Deploy, 90 * DAY_MS));
        let wrong = |change: fn(&mut TokenForm)| {
            let mut form = form();
            change(&mut form);
            form.parse().expect_err("refused").field
        };
        assert_eq!(wrong(|form| form.name = "\n".into()).as_deref(), Some("token_name"));
        assert_eq!(wrong(|form| form.scope = "owner".into()).as_deref(), Some("scope"));
        assert_eq!(wrong(|form| form.app = "../shop".into()).as_deref(), Some("app"));
        for days in ["0", "367", "-1", "1.5", "", "9999999999999"] {
            assert!(TokenForm { days: days.into(), ..form() }.parse().is_err(), "{days}");
        }
        assert!(TokenScope::Deploy.role() < Role::Owner);
    }
}
