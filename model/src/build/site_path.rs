//! Paths as `_redirects` and `_headers` write them: literal text, `:placeholder` segments, `*`.
//!
//! A pattern is kept as it was typed and read piece by piece; whoever renders it escapes each piece
//! for its own language. Nothing here is nginx's.

use super::position::is_unsafe;

/// How many placeholders a path has at most.
const MOST_PLACEHOLDERS: usize = 8;

/// A piece of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Text as it is, decoded: `%20` is a space here.
    Text(String),
    /// One segment, by its name.
    Placeholder(String),
    /// Whatever follows.
    Splat,
}

crate::name::parsed!(
    /// The path that a redirect begins at: `/blog/*`, `/user/:id`. A `*` stands at the end and is a
    /// whole segment, so that what it takes never begins in the middle of a name.
    FromPath,
    |text| {
        let pieces = segments(text)?;
        if pieces.iter().rev().skip(1).any(|piece| *piece == Piece::Splat) {
            return Err("a `*` stands at the end only.");
        }
        if pieces.iter().any(|piece| matches!(piece, Piece::Text(text) if text.contains('*'))) {
            return Err("a `*` is a segment of its own, like `/blog/*`.");
        }
        distinct(&pieces)
    }
);

crate::name::parsed!(
    /// The path that headers are for: `/*`, `/assets/*`, `/*.js`; one `*` takes anything.
    HeaderPath,
    |text| {
        let pieces = segments(text)?;
        if text.matches('*').count() > 1 {
            return Err("there is one `*` at most.");
        }
        distinct(&pieces)
    }
);

crate::name::parsed!(
    /// Where a redirect leads: a path of the site or a whole address; `:splat` and `:placeholder`
    /// stand for what the path took. They stand in the path only, never in a host name.
    ToPath,
    |text| {
        if text.chars().any(|c| is_unsafe(c) || c.is_whitespace() || c == '\\') {
            return Err("an address has no spaces, backslashes or control characters.");
        }
        match split_address(text) {
            Some((site, path)) => {
                let host = site.rsplit('/').next().unwrap_or_default();
                let plain = |b: u8| b.is_ascii_alphanumeric() || b"-.:[]".contains(&b);
                let named = host.split_once(':').is_some_and(|(_, port)| !port.bytes().all(|b| b.is_ascii_digit()));
                if host.is_empty() || host.starts_with(':') || (named && !host.starts_with('[')) || !host.bytes().all(plain) {
                    return Err("the host name has only letters, digits, dots and hyphens.");
                }
                if !path.is_empty() && !path.starts_with(['/', '?', '#']) {
                    return Err("what follows the host name begins with a slash.");
                }
                Ok(())
            }
            None if text.starts_with("//") || !text.starts_with('/') => {
                Err("it leads to a path like `/new` or to an address like `https://example.com/new`.")
            }
            None => Ok(()),
        }
    }
);

impl FromPath {
    /// Its segments, without the slashes between them.
    #[must_use]
    pub fn pieces(&self) -> Vec<Piece> {
        segments(self.as_str()).unwrap_or_default()
    }

    /// The names that a target may use.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let name = |piece| match piece {
            Piece::Placeholder(name) => Some(name),
            Piece::Splat => Some("splat".to_owned()),
            Piece::Text(_) => None,
        };
        self.pieces().into_iter().filter_map(name).collect()
    }
}

impl HeaderPath {
    /// Its segments; a `*` inside one is part of its text.
    #[must_use]
    pub fn pieces(&self) -> Vec<Piece> {
        segments(self.as_str()).unwrap_or_default()
    }
}

impl ToPath {
    /// Scheme and host, for an address of another site, and what follows them.
    #[must_use]
    pub fn site_and_path(&self) -> (&str, &str) {
        split_address(self.as_str()).unwrap_or(("", self.as_str()))
    }

    /// The pieces of what follows the host, slashes included, as typed.
    #[must_use]
    pub fn pieces(&self) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let mut text = String::new();
        let mut rest = self.site_and_path().1;
        while let Some(c) = rest.chars().next() {
            let name = rest.strip_prefix(':').map_or("", name_at);
            if name.is_empty() {
                text.push(c);
                rest = &rest[c.len_utf8()..];
                continue;
            }
            if !text.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut text)));
            }
            pieces.push(if name == "splat" { Piece::Splat } else { Piece::Placeholder(name.to_owned()) });
            rest = &rest[1 + name.len()..];
        }
        if !text.is_empty() {
            pieces.push(Piece::Text(text));
        }
        pieces
    }
}

/// `https://host` and the rest.
fn split_address(text: &str) -> Option<(&str, &str)> {
    let scheme = ["https://", "http://"].into_iter().find(|scheme| text.starts_with(scheme))?;
    let end = text[scheme.len()..].find(['/', '?', '#']).map_or(text.len(), |at| scheme.len() + at);
    Some(text.split_at(end))
}

/// The name that a text begins with.
fn name_at(text: &str) -> &str {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let end = text.find(|c| !plain(c)).unwrap_or(text.len());
    if text.starts_with(|c: char| c.is_ascii_alphabetic()) { &text[..end] } else { "" }
}

fn segments(text: &str) -> Result<Vec<Piece>, &'static str> {
    let Some(path) = text.strip_prefix('/') else {
        return Err("a path begins with a slash; Homeport has no rules for other host names.");
    };
    if text.contains(['?', '#', '\\']) {
        return Err("a path has no `?`, `#` or backslash here.");
    }
    let path = path.strip_suffix('/').unwrap_or(path);
    if path.is_empty() {
        return Ok(Vec::new());
    }
    let mut pieces = Vec::new();
    for segment in path.split('/') {
        pieces.push(match segment.strip_prefix(':') {
            Some(name) if !name.is_empty() && name_at(name) == name => match name {
                "splat" => return Err("`:splat` stands on the right only; write `*` here."),
                name if name.len() > 32 => return Err("a placeholder's name has at most 32 characters."),
                name => Piece::Placeholder(name.to_owned()),
            },
            Some(_) => return Err("a placeholder is a segment of its own, like `/user/:id`."),
            None if segment == "*" => Piece::Splat,
            None => Piece::Text(decoded(segment)?),
        });
    }
    Ok(pieces)
}

fn distinct(pieces: &[Piece]) -> Result<(), &'static str> {
    let names: Vec<&str> = pieces
        .iter()
        .filter_map(|piece| if let Piece::Placeholder(name) = piece { Some(name.as_str()) } else { None })
        .collect();
    if names.len() > MOST_PLACEHOLDERS {
        return Err("a path has at most 8 placeholders.");
    }
    if names.iter().enumerate().any(|(at, name)| names[..at].contains(name)) {
        return Err("a placeholder stands there twice.");
    }
    Ok(())
}

/// A segment without its percent signs.
fn decoded(segment: &str) -> Result<String, &'static str> {
    const BAD: &str = "after a `%` stand two digits of a character.";
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let [first, more @ ..] = rest {
        rest = more;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digits = more.get(..2).and_then(|digits| std::str::from_utf8(digits).ok()).ok_or(BAD)?;
        let plain = digits.bytes().all(|b| b.is_ascii_hexdigit());
        bytes.push(u8::from_str_radix(digits, 16).ok().filter(|_| plain).ok_or(BAD)?);
        rest = &more[2..];
    }
    let text = String::from_utf8(bytes).map_err(|_| BAD)?;
    if text.is_empty() || text == "." || text == ".." || text.contains(['/', '\\']) || text.chars().any(is_unsafe) {
        return Err("a path has no empty segment, does not climb, and has no control characters.");
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Piece {
        Piece::Text(text.to_owned())
    }

    #[test]
    fn a_path_is_read_segment_by_segment() {
        let path: FromPath = "/a%20b/:year/*".parse().expect("a path");
        assert_eq!(path.pieces(), [text("a b"), Piece::Placeholder("year".into()), Piece::Splat]);
        assert_eq!(path.names(), ["year", "splat"]);
        assert_eq!("/".parse::<FromPath>().expect("a path").pieces(), []);
        assert_eq!("/x/".parse::<FromPath>().expect("a path").pieces(), [text("x")]);
    }

    #[test]
    fn hostile_paths_are_refused() {
        for bad in [
            "",
            "x",
            "https://a.b/x",
            "//x",
            "/a//b",
            "/../x",
            "/%2e%2e/x",
            "/a%2fb",
            "/%",
            "/%zz",
            "/%+1",
            "/%ff",
            "/x?y",
            "/x#y",
            "/x\\y",
            "/%5c",
            "/a*",
            "/*/a",
            "/:a/:a",
            "/:",
            "/:a-b",
            "/:splat",
            "/\u{202e}",
            "/%0a",
        ] {
            assert!(bad.parse::<FromPath>().is_err(), "{bad:?}");
        }
        for bad in [
            "x",
            "//evil.example",
            "/a b",
            "/a\\b",
            "https://",
            "https://:splat/x",
            "https://a$b/",
            "https://a:b/",
            "javascript:x",
        ] {
            assert!(bad.parse::<ToPath>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_target_names_what_the_path_took() {
        let to: ToPath = "https://a.example:8080/x/:id:8/:splat?y=:id".parse().expect("a target");
        assert_eq!(to.site_and_path().0, "https://a.example:8080");
        let id = || Piece::Placeholder("id".into());
        assert_eq!(to.pieces(), [text("/x/"), id(), text(":8/"), Piece::Splat, text("?y="), id()]);
    }
}
