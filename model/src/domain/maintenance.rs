//! An app that answers with a page of ours while somebody works on it.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

crate::name::parsed!(
    /// What a page of ours says in a person's words: 1 to 500 characters in lines, at most 2000 bytes, none
    /// that controls anything or turns the direction of reading. It is shown as text, never as markup.
    PageText,
    |text| {
        if text.trim().is_empty() {
            return Err("Say something, or leave it empty for the usual words.");
        }
        // One word of nginx's language has less than 4096 bytes.
        if text.chars().count() > 500 || text.len() > 2_000 {
            return Err("The text has at most 500 characters.");
        }
        let turning = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if text.chars().any(|c| (c.is_control() && c != '\n') || turning(c)) {
            return Err("The text has no control characters.");
        }
        Ok(())
    }
);

/// Since when, by whom, and what visitors read meanwhile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Maintenance {
    /// The words on the page; the usual ones without.
    pub text: Option<PageText>,
    /// Who switched it on.
    pub by: String,
    /// When.
    pub since: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_text() {
        for text in ["Back at 9.", "two\nlines", "<b>$uri</b> \"\\;{}#", "Zurück um neun", &"é".repeat(500)] {
            assert!(text.parse::<PageText>().is_ok(), "{text}");
        }
        for text in ["", " ", "\n", "a\0", "a\r\nb", "\u{202e}x", &"a".repeat(501), &"€".repeat(700)] {
            assert!(text.parse::<PageText>().is_err(), "{text:?}");
        }
    }
}
