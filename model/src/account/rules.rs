//! How long things last, and the shape of a recovery code (security.md, 3.3).

use crate::time::Timestamp;

/// A session unused for this long is over.
pub const SESSION_IDLE_MS: i64 = 30 * 60_000;
/// A session this old is over, used or not.
pub const SESSION_ABSOLUTE_MS: i64 = 8 * 3_600_000;
/// A fresh passkey counts for this long.
pub const STEP_UP_MS: i64 = 5 * 60_000;
/// A ceremony not finished within this time is forgotten.
pub const CEREMONY_MS: i64 = 5 * 60_000;
/// A claim link lives this long.
pub const CLAIM_LINK_MS: i64 = 30 * 60_000;
/// A recovery link lives this long.
pub const RECOVER_LINK_MS: i64 = 5 * 60_000;
/// A link to another name of the panel lives this long.
pub const MOVE_LINK_MS: i64 = 15 * 60_000;
/// After this many wrong tokens a live claim link is replaced.
pub const LINK_ATTEMPTS: i64 = 10;
/// How many recovery codes a person has.
pub const RECOVERY_CODES: usize = 10;

/// The times of a session, from which its life follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionTimes {
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it was last used.
    pub seen_at: Timestamp,
}

impl SessionTimes {
    /// Whether it is still good at `now`. A clock that went back behind its opening ends it.
    #[must_use]
    pub fn live(self, now: Timestamp) -> bool {
        let age = now.since(self.created_at);
        let idle = now.since(self.seen_at);
        (0..SESSION_ABSOLUTE_MS).contains(&age) && idle < SESSION_IDLE_MS
    }
}

/// Crockford's base 32 in lower case: no i, l, o, u.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const SELECTOR: usize = 4;
const SECRET: usize = 16;

/// A recovery code: four characters that find its row, sixteen (80 bits) that prove it.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryCode {
    selector: String,
    secret: String,
}

impl RecoveryCode {
    /// A code from random bytes; the low five bits of each give a character.
    #[must_use]
    pub fn from_random(bytes: [u8; SELECTOR + SECRET]) -> Self {
        let text: String = bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte & 31)])).collect();
        let (selector, secret) = text.split_at(SELECTOR);
        Self { selector: selector.to_owned(), secret: secret.to_owned() }
    }

    /// A code as typed: case, spaces and hyphens do not matter, and neither do O for 0 and I or L
    /// for 1.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        if typed.len() > 64 {
            return None;
        }
        let text: String = typed
            .chars()
            .filter(|c| !c.is_whitespace() && *c != '-')
            .map(|c| match c.to_ascii_lowercase() {
                'o' => '0',
                'i' | 'l' => '1',
                other => other,
            })
            .collect();
        let good = text.len() == SELECTOR + SECRET && text.bytes().all(|byte| ALPHABET.contains(&byte));
        good.then(|| Self { selector: text[..SELECTOR].to_owned(), secret: text[SELECTOR..].to_owned() })
    }

    /// Finds its row.
    #[must_use]
    pub fn selector(&self) -> &str {
        &self.selector
    }

    /// Proves it.
    #[must_use]
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// As shown once: `7k2m-q9x0-…` in groups of four.
    #[must_use]
    pub fn show(&self) -> String {
        let whole = format!("{}{}", self.selector, self.secret);
        let groups: Vec<_> = (0..whole.len()).step_by(4).map(|at| &whole[at..at + 4]).collect();
        groups.join("-")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_when_unused_old_or_from_the_future() {
        let at = Timestamp::from_ms;
        let times = SessionTimes { created_at: at(0), seen_at: at(0) };
        assert!(times.live(at(SESSION_IDLE_MS - 1)));
        assert!(!times.live(at(SESSION_IDLE_MS)));
        assert!(!times.live(at(-1)));
        let used = SessionTimes { seen_at: at(SESSION_ABSOLUTE_MS - 1), ..times };
        assert!(used.live(at(SESSION_ABSOLUTE_MS - 1)));
        assert!(!used.live(at(SESSION_ABSOLUTE_MS)));
    }

    #[test]
    fn a_code_reads_back_however_it_is_typed() {
        let code = RecoveryCode::from_random([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
        assert_eq!(code.show(), "0123-4567-89ab-cdef-ghjk");
        for typed in
            ["0123-4567-89ab-cdef-ghjk", " 0123 4567 89AB CDEF GHJK ", "o1234567-89abcdefghjk", "0l23456789abcdefghjk"]
        {
            assert!(RecoveryCode::parse(typed) == Some(code.clone()), "{typed}");
        }
        for typed in [
            "",
            "0123",
            "0123-4567-89ab-cdef-ghju",
            "0123-4567-89ab-cdef-ghjk0",
            "' OR 1=1 --",
            "é123-4567-89ab-cdef-ghjk",
        ] {
            assert!(RecoveryCode::parse(typed).is_none(), "{typed}");
        }
    }
}
