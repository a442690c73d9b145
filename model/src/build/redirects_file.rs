//! `_redirects`: where the paths of a static site lead, one rule a line, as Netlify and Cloudflare
//! Pages read it: `/from /to [status]`.
//!
//! The first rule that fits counts. A file at the path wins, unless the rule's status ends in `!`.
//! What the format has and Homeport does not (other host names, query parameters, conditions by
//! country or language, proxying to another server) is a mistake and not silently another rule.

use serde::{Deserialize, Serialize};

use super::{
    Mistake, Read, RepoFile,
    position::{is_unsafe, quoted},
    site_path::{FromPath, Piece, ToPath},
};
use crate::name::Refused;

/// How many rules a file has at most.
pub const MOST_RULES: usize = 2_000;
/// How long a line may be, in bytes.
pub const MOST_LINE_BYTES: usize = 2_000;

/// What a rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Status(u16);

impl Status {
    /// All that a rule may have.
    pub const ALL: [Self; 6] = [Self(200), Self(301), Self(302), Self(303), Self(307), Self(308)];

    /// The number.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }

    /// Whether another file is answered with at the same address.
    #[must_use]
    pub const fn is_rewrite(self) -> bool {
        self.0 == 200
    }
}

impl TryFrom<u16> for Status {
    type Error = Refused;
    fn try_from(number: u16) -> Result<Self, Refused> {
        let status = Self(number);
        if Self::ALL.contains(&status) {
            Ok(status)
        } else {
            Err(Refused("a status is 200, 301, 302, 303, 307 or 308."))
        }
    }
}

impl From<Status> for u16 {
    fn from(status: Status) -> Self {
        status.0
    }
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redirect {
    /// The paths that it is about.
    pub from: FromPath,
    /// Where they lead; a file of the site for 200.
    pub to: ToPath,
    /// How.
    pub status: Status,
    /// Whether it counts although there is a file.
    pub forced: bool,
}

/// Reads a file's text: rules in their order, blank lines, comments that begin with `#`.
///
/// # Errors
/// The first line that is none of these, with what is wrong about it.
pub fn parse(text: &str) -> Result<Read<Vec<Redirect>>, Mistake> {
    let text = RepoFile::Redirects.open(text)?;
    let (mut rules, mut warnings) = (Vec::new(), Vec::new());
    let mut offset = 0;
    for whole in text.split_inclusive('\n') {
        let start = offset;
        offset += whole.len();
        let line = whole.trim_end_matches(['\n', '\r']);
        let at = |at: usize, what: String| Mistake::new(RepoFile::Redirects, text, start + at, what);
        if line.len() > MOST_LINE_BYTES {
            return Err(at(MOST_LINE_BYTES, format!("a line has at most {MOST_LINE_BYTES} bytes.")));
        }
        let words = words(line);
        if words.is_empty() {
            continue;
        }
        let rule = rule(&words).map_err(|(place, what)| at(place, what))?;
        if rules.len() == MOST_RULES {
            return Err(at(0, format!("a site has at most {MOST_RULES} rules.")));
        }
        if is_hidden(&rule.from) {
            warnings.push(at(words[0].0, "hidden files are never served, so this rule never counts.".to_owned()));
        }
        rules.push(rule);
    }
    Ok(Read { value: rules, warnings })
}

/// The words of a line with their places, without a trailing comment.
fn words(line: &str) -> Vec<(usize, &str)> {
    let words = line.split([' ', '\t']).scan(0, |next, word| {
        let at = *next;
        *next += word.len() + 1;
        Some((at, word))
    });
    words.filter(|(_, word)| !word.is_empty()).take_while(|(_, word)| !word.starts_with('#')).collect()
}

fn rule(words: &[(usize, &str)]) -> Result<Redirect, (usize, String)> {
    let refused = |at: usize, word: &str, Refused(what): Refused| (at, format!("{}: {what}", quoted(word)));
    let &(from_at, from_word) = &words[0];
    if let Some((at, word)) = words.iter().find(|(_, word)| word.chars().any(is_unsafe)) {
        return Err((*at, format!("{} has a control character.", quoted(word))));
    }
    let from: FromPath = from_word.parse().map_err(|why| refused(from_at, from_word, why))?;
    let Some(&(to_at, to_word)) = words.get(1) else {
        return Err((
            from_at,
            format!("{} leads nowhere; a line is `/from /to`, perhaps with a status.", quoted(from_word)),
        ));
    };
    if to_word.contains('=') && !to_word.starts_with('/') && !to_word.contains("://") {
        return Err((to_at, "Homeport has no rules by query parameter.".to_owned()));
    }
    let to: ToPath = to_word.parse().map_err(|why| refused(to_at, to_word, why))?;
    let mut status = Status(301);
    let mut forced = false;
    if let Some(&(at, word)) = words.get(2) {
        let number = word.strip_suffix('!').unwrap_or(word);
        forced = number.len() < word.len();
        let plain = number.bytes().all(|b| b.is_ascii_digit());
        let known = number.parse::<u16>().ok().filter(|_| plain).and_then(|number| Status::try_from(number).ok());
        status = known.ok_or_else(|| (at, format!("{}: a status is 200, 301, 302, 303, 307 or 308.", quoted(word))))?;
    }
    if let Some((at, word)) = words.get(3) {
        return Err((*at, format!("{}: Homeport has no conditions by country, language or role.", quoted(word))));
    }
    let taken = from.names();
    for piece in to.pieces() {
        let name = match &piece {
            Piece::Splat => "splat",
            Piece::Placeholder(name) => name,
            Piece::Text(_) => continue,
        };
        if !taken.iter().any(|taken| taken == name) {
            return Err((to_at, format!("`:{name}` stands for nothing on the left.")));
        }
    }
    lands_here(&to).map_err(|what| (to_at, what.to_owned()))?;
    if status.is_rewrite() {
        is_file(&to).map_err(|what| (to_at, what.to_owned()))?;
    }
    Ok(Redirect { from, to, status, forced })
}

/// A splat may be empty; a path that then begins with two slashes would be another site's address.
fn lands_here(to: &ToPath) -> Result<(), &'static str> {
    let (site, _) = to.site_and_path();
    let pieces = to.pieces();
    let opens = matches!(pieces.as_slice(), [Piece::Text(slash), Piece::Splat, _, ..] if slash == "/");
    if site.is_empty() && opens { Err("nothing may follow a `:splat` that comes first.") } else { Ok(()) }
}

/// Whether a target is a file that a site may serve.
fn is_file(to: &ToPath) -> Result<(), &'static str> {
    let (site, path) = to.site_and_path();
    if !site.is_empty() {
        return Err("Homeport does not fetch pages from another server; use a redirect, like 302.");
    }
    if path.contains(['?', '#', '%']) {
        return Err("with 200 it is a file's path, without `?`, `#` and `%`.");
    }
    let bad = |part: &str| part == "." || part == ".." || (part.starts_with('.') && part != ".well-known");
    if path.contains("//") || path.split('/').any(bad) || path.split('/').any(|part| part.starts_with(".:")) {
        return Err("hidden files are never served.");
    }
    let glued = |pair: &[Piece]| matches!(pair, [Piece::Splat, Piece::Text(next)] if !next.starts_with('/'));
    if to.pieces().windows(2).any(glued) { Err("a `:splat` ends its segment.") } else { Ok(()) }
}

fn is_hidden(from: &FromPath) -> bool {
    let hidden = |piece: Piece| matches!(piece, Piece::Text(text) if text.starts_with('.') && text != ".well-known");
    from.pieces().into_iter().any(hidden)
}

#[cfg(test)]
mod tests;
