//! What is looked for in a log: plain text, without regard to upper and lower case.

use std::{ops::Range, str::FromStr};

use crate::name::Refused;

/// The longest text that can be looked for, in characters.
const MOST_CHARS: usize = 200;

/// A text to look for; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needle {
    lower: String,
    typed: String,
}

impl FromStr for Needle {
    type Err = Refused;
    fn from_str(text: &str) -> Result<Self, Refused> {
        if text.is_empty() {
            return Err(Refused("Type what to look for."));
        }
        if text.chars().count() > MOST_CHARS {
            return Err(Refused("Look for at most 200 characters."));
        }
        if text.chars().any(|c| c.is_control() && c != '\t') {
            return Err(Refused("Look for text in one line, without control characters."));
        }
        Ok(Self { lower: text.to_lowercase(), typed: text.to_owned() })
    }
}

impl Needle {
    /// As it was typed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.typed
    }

    /// Whether a line has it.
    #[must_use]
    pub fn is_in(&self, line: &str) -> bool {
        if self.lower.is_ascii() && line.is_ascii() {
            return self.first_from(line.as_bytes(), 0).is_some();
        }
        line.to_lowercase().contains(&self.lower)
    }

    /// Where a line has it, in bytes. A letter whose lower case has another length hides what follows
    /// it from view, not from [`is_in`](Self::is_in).
    #[must_use]
    pub fn places(&self, line: &str) -> Vec<Range<usize>> {
        let lower = line.to_lowercase();
        if lower.len() != line.len() {
            return Vec::new();
        }
        lower.match_indices(&self.lower).map(|(at, found)| at..at + found.len()).collect()
    }

    fn first_from(&self, line: &[u8], from: usize) -> Option<usize> {
        let needle = self.lower.as_bytes();
        let (first, rest) = needle.split_first()?;
        let last = line.len().checked_sub(needle.len())?;
        (from..=last).find(|&at| {
            line[at].eq_ignore_ascii_case(first) && line[at + 1..at + needle.len()].eq_ignore_ascii_case(rest)
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn needle(text: &str) -> Needle {
        text.parse().expect("to look for")
    }

    #[test]
    fn case_does_not_matter_and_signs_mean_nothing() {
        for (text, line, places) in [
            ("error", "An ERROR, no Errors", &[(3, 8), (13, 18)][..]),
            ("a.c", "abc a.c", &[(4, 7)]),
            ("(*", "x (* y", &[(2, 4)]),
            ("\\d", "1 \\D", &[(2, 4)]),
            ("größe", "Die GRÖSSE, die GRÖßE", &[(17, 24)]),
            ("x", "", &[]),
            ("long", "lon", &[]),
        ] {
            let needle = needle(text);
            let found: Vec<_> = needle.places(line).into_iter().map(|place| (place.start, place.end)).collect();
            assert_eq!(found, places, "{text} in {line}");
            assert_eq!(needle.is_in(line), !places.is_empty(), "{text} in {line}");
        }
    }

    #[test]
    fn not_everything_can_be_looked_for() {
        for text in ["", "a\nb", "\u{1b}[31m", &"x".repeat(201)] {
            assert!(text.parse::<Needle>().is_err(), "{text:?}");
        }
        assert!(" ".parse::<Needle>().is_ok());
    }

    proptest! {
        #[test]
        fn the_two_ways_to_look_agree(text in "[a-cA-C]{1,3}", line in "[a-cA-C ]{0,20}") {
            let needle = needle(&text);
            prop_assert_eq!(needle.is_in(&line), line.to_lowercase().contains(&text.to_lowercase()));
        }
    }
}
