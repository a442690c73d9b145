//! A user and a token, as a person types them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    name::{Refused, parsed},
    problem::Problem,
    secret::Secret,
};

/// Longest token: the JSON keys of cloud registries have some 2 400 characters.
const MOST_TOKEN: usize = 16_384;

parsed!(
    /// A user at a Git server or a registry, as HTTP's Basic scheme allows it: no colon, no control
    /// characters, at most 200 characters.
    UserName,
    |text| {
        if text.is_empty() {
            return Err("Name the user. Many hosts take any name beside a token.");
        }
        if text.chars().count() > 200 {
            return Err("A user's name has at most 200 characters.");
        }
        if text.contains(':') || text.chars().any(char::is_control) {
            return Err("A user's name has no colon and no control characters.");
        }
        Ok(())
    }
);

/// What a person types to sign in somewhere.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SignInForm {
    /// The user.
    #[serde(default)]
    pub user: String,
    /// The token or password.
    #[serde(default)]
    pub token: String,
}

/// Says nothing of the token.
impl fmt::Debug for SignInForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignInForm").field("user", &self.user).finish_non_exhaustive()
    }
}

/// A user with a token. It has no `Debug`: it holds a secret.
#[derive(Clone)]
pub struct SignIn {
    /// The user.
    pub user: UserName,
    /// The token or password.
    pub token: Secret<String>,
}

impl SignInForm {
    /// Reads the form.
    ///
    /// # Errors
    /// The first field that is not acceptable. The token is not repeated.
    pub fn parse(&self) -> Result<SignIn, Problem> {
        let user = self.user.trim().parse().map_err(|Refused(why)| Problem::invalid("user", why))?;
        let token = read_token(&self.token).map_err(|Refused(why)| Problem::invalid("token", why))?;
        Ok(SignIn { user, token })
    }
}

/// Reads a token or password; white space around it is a slip of the mouse.
///
/// # Errors
/// When it is empty, too long, or has control characters.
pub fn read_token(typed: &str) -> Result<Secret<String>, Refused> {
    let token = typed.trim();
    if token.is_empty() {
        return Err(Refused("Paste the token."));
    }
    if token.len() > MOST_TOKEN {
        return Err(Refused("A token has at most 16384 characters."));
    }
    if token.chars().any(char::is_control) {
        return Err(Refused("A token is one line without control characters."));
    }
    Ok(Secret::new(token.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(user: &str, token: &str) -> SignInForm {
        SignInForm { user: user.into(), token: token.into() }
    }

    #[test]
    fn odd_tokens_are_taken_as_they_are() {
        for token in ["hunter2", "'\"`$(touch /tmp/pwn);*?[]{}~!#&|<>", "p:w@/?#%20", "é", "-x", "{\"a\": 1}"] {
            let read = form(" ada ", &format!(" {token}\n")).parse().unwrap_or_else(|problem| panic!("{problem}"));
            assert_eq!((read.user.as_str(), read.token.expose().as_str()), ("ada", token));
        }
    }

    #[test]
    fn what_would_break_a_header_or_a_line_is_refused_and_not_repeated() {
        for (user, token, field) in [
            ("", "t0ken-secret", "user"),
            ("a:b", "t0ken-secret", "user"),
            ("a\nb", "t0ken-secret", "user"),
            ("ada", "", "token"),
            ("ada", "t0ken-secret\r\nHost: x", "token"),
            ("ada", "t0ken-secret\0", "token"),
            ("ada", &"t0ken-secret".repeat(2_000), "token"),
        ] {
            let problem = form(user, token).parse().err().unwrap_or_else(|| panic!("{user:?} was accepted"));
            assert_eq!(problem.field.as_deref(), Some(field));
            assert!(!problem.to_string().contains("t0ken"), "{problem}");
        }
        assert!(!format!("{:?}", form("ada", "t0ken-secret")).contains("t0ken"));
    }
}
