//! `_headers`: headers that a static site is answered with, as Netlify and Cloudflare Pages read it:
//! a path, and below it, indented, `Name: value` lines.

use serde::{Deserialize, Serialize};

use super::{HeaderName, HeaderValue, Mistake, Read, RepoFile, position::quoted, site_path::HeaderPath};
use crate::name::Refused;

/// How many headers a file has at most, over all its paths.
pub const MOST_HEADERS: usize = 200;
/// How long a line may be, in bytes.
pub const MOST_LINE_BYTES: usize = 2_000;

/// Headers that the server itself decides; another value would break the answer.
const OURS: [&str; 13] = [
    "accept-ranges",
    "age",
    "allow",
    "alt-svc",
    "content-encoding",
    "content-range",
    "date",
    "etag",
    "keep-alive",
    "last-modified",
    "location",
    "proxy-authenticate",
    "server",
];

/// One header for the paths that fit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteHeader {
    /// The paths.
    pub path: HeaderPath,
    /// Its name.
    pub name: HeaderName,
    /// Its value.
    pub value: HeaderValue,
}

/// Reads a file's text.
///
/// # Errors
/// The first line that is neither a path, nor a header below one, nor a comment.
pub fn parse(text: &str) -> Result<Read<Vec<SiteHeader>>, Mistake> {
    let text = RepoFile::Headers.open(text)?;
    let (mut headers, mut warnings) = (Vec::new(), Vec::new());
    let mut path: Option<HeaderPath> = None;
    let mut offset = 0;
    for whole in text.split_inclusive('\n') {
        let start = offset + (whole.len() - whole.trim_start_matches([' ', '\t']).len());
        let indented = start > offset;
        offset += whole.len();
        let line = whole.trim_matches([' ', '\t', '\r', '\n']);
        let at = |at: usize, what: String| Mistake::new(RepoFile::Headers, text, start + at, what);
        if line.len() > MOST_LINE_BYTES {
            return Err(at(MOST_LINE_BYTES, format!("a line has at most {MOST_LINE_BYTES} bytes.")));
        }
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if !indented {
            let read = line.parse().map_err(|Refused(what)| at(0, format!("{}: {what}", quoted(line))))?;
            path = Some(read);
            continue;
        }
        let Some(path) = &path else {
            return Err(at(0, "a header stands below the path that it is for.".to_owned()));
        };
        let (name, value) = header(line).map_err(|(place, what)| at(place, what))?;
        if name.as_str().eq_ignore_ascii_case("content-type") {
            warnings.push(at(0, "a file's type follows from its ending; this line does nothing.".to_owned()));
            continue;
        }
        if headers.len() == MOST_HEADERS {
            return Err(at(0, format!("a site has at most {MOST_HEADERS} headers.")));
        }
        headers.push(SiteHeader { path: path.clone(), name, value });
    }
    Ok(Read { value: headers, warnings })
}

fn header(line: &str) -> Result<(HeaderName, HeaderValue), (usize, String)> {
    if line.starts_with('!') {
        return Err((0, "Homeport takes no header away again; leave it out where it does not belong.".to_owned()));
    }
    let Some((name, value)) = line.split_once(':') else {
        return Err((0, "this is no line like `Name: value`.".to_owned()));
    };
    let value_at = name.len() + 1;
    let name = name.trim_end();
    let parsed: HeaderName = name.parse().map_err(|Refused(what)| (0, format!("{}: {what}", quoted(name))))?;
    if OURS.iter().any(|ours| ours.eq_ignore_ascii_case(name)) {
        return Err((0, format!("{} is the server's own to say.", quoted(name))));
    }
    if name.eq_ignore_ascii_case("basic-auth") {
        return Err((0, "passwords do not belong into a file of the site.".to_owned()));
    }
    let value = value.trim().parse().map_err(|Refused(what)| (value_at, what.to_owned()))?;
    Ok((parsed, value))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_file_is_read_path_by_path() {
        let text = "# ours\n/*\n  X-Frame-Options: DENY\n\n  # a remark\n  Link: </a.css>; rel=preload\r\n/assets/*\n\tCache-Control: max-age=1";
        let read = parse(text).unwrap_or_else(|mistake| panic!("{mistake}"));
        let said: Vec<_> = read.value.iter().map(|h| (h.path.as_str(), h.name.as_str(), h.value.as_str())).collect();
        assert_eq!(
            said,
            [
                ("/*", "X-Frame-Options", "DENY"),
                ("/*", "Link", "</a.css>; rel=preload"),
                ("/assets/*", "Cache-Control", "max-age=1"),
            ]
        );
    }

    #[test]
    fn a_mistake_has_its_place() {
        for (text, says) in [
            ("  A: b", "_headers, line 1, column 3: a header stands below"),
            ("/*\n  A b", "line 2, column 3: this is no line"),
            ("/*\n  ! A", "line 2, column 3: Homeport takes no header away"),
            ("/*\n  Server: x", "`Server` is the server's own"),
            ("/*\n  Content-Length: 1", "`Content-Length`"),
            ("/*\n  Basic-Auth: a:b", "passwords do not belong"),
            ("/*\n  A: x\u{7}", "plain text"),
            ("/*\n  A: é", "plain text"),
            ("https://a.example/*\n  A: b", "a path begins with a slash"),
            ("/*/*\n  A: b", "one `*`"),
        ] {
            let mistake = parse(text).expect_err(text).to_string();
            assert!(mistake.contains(says), "{mistake}");
        }
        let read = parse("/x\n  Content-Type: text/plain").expect("reads");
        assert_eq!((read.value.len(), read.warnings.len()), (0, 1));
    }

    #[test]
    fn limits_hold() {
        let line = "  A: b\n";
        assert_eq!(parse(&format!("/*\n{}", line.repeat(MOST_HEADERS))).expect("reads").value.len(), MOST_HEADERS);
        assert!(parse(&format!("/*\n{}", line.repeat(MOST_HEADERS + 1))).is_err());
        assert!(parse(&format!("/*\n  A: {}", "b".repeat(MOST_LINE_BYTES))).is_err());
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,200}") {
            let _ = parse(&text);
        }
    }
}
