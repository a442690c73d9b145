//! The server of a static site: its files, where its paths lead, and its headers.
//!
//! Rules become maps, not locations: one map finds the first rule that fits the decoded path, others
//! know by its number what it does, and `try_files` goes to one of a handful of named locations. So
//! a site of 2 000 rules has as many locations as one without. Text of the repository stands only
//! in the maps, as a regular expression whose every special character is escaped or as a value
//! whose `$` are not nginx's. A redirect puts together what the request line said, still encoded:
//! a decoded path could hold a line end (security.md, C-06).

use super::{DOLLAR, write::Writer};
use crate::{
    build::{
        Redirect, SiteHeader,
        site_path::{FromPath, HeaderPath, Piece, ToPath},
    },
    deploy::SiteRules,
    id::AppId,
};

/// What a browser may keep without asking again: nothing, as the next release has other files at
/// the same paths. Asking is cheap: the answer is 304.
const CACHING: &str = "public, max-age=0, must-revalidate";
/// Hidden files, those of `/.well-known/` aside.
const HIDDEN: &str = "/\\.(?!well-known/)";
/// No file is ever there: `_redirects` itself is not laid out.
const NOTHING: &str = "/_redirects/none";

/// A site's names for its maps; maps are known to all servers.
pub(super) struct Site<'a> {
    app: &'a AppId,
    rules: &'a SiteRules,
}

impl<'a> Site<'a> {
    pub(super) fn new(app: &'a AppId, rules: &'a SiteRules) -> Self {
        Self { app, rules }
    }

    fn var(&self, name: &str) -> String {
        format!("$homeport_{name}_{}", self.app)
    }

    /// Whether anything depends on the path that was asked for. nginx forgets it when it goes on to
    /// another file, like a folder's index; a map keeps its first value.
    fn asks(&self) -> bool {
        !self.rules.redirects.is_empty() || !self.rules.headers.is_empty()
    }

    /// What stands before the server.
    pub(super) fn maps(&self, w: &mut Writer) {
        let (asked, rule) = (self.var("asked"), self.var("rule"));
        if !self.asks() {
            return;
        }
        w.block("map", &["$uri", &asked], |w| w.line("default", &["$uri"]));
        // Nothing, after looking at what was asked for while that is still known.
        w.block("map", &[&asked, &self.var("look")], |w| w.line("default", &[""]));
        self.header_maps(w, &asked);
        let rules = &self.rules.redirects;
        if rules.is_empty() {
            return;
        }
        let numbered = || (1usize..).zip(rules);
        w.block("map", &[&asked, &rule], |w| {
            w.line("default", &["0"]);
            numbered().for_each(|(number, rule)| w.line(&fits(&rule.from), &[&number.to_string()]));
        });
        let place = |rule: &Redirect| format!("@homeport_{}", rule.status.get());
        w.block("map", &[&rule, &self.var("then")], |w| {
            w.line("default", &["@homeport_missing"]);
            numbered().for_each(|(number, rule)| w.line(&number.to_string(), &[&place(rule)]));
        });
        if self.has_forced() {
            w.block("map", &[&rule, &self.var("first")], |w| {
                w.line("default", &["@homeport_files"]);
                let forced = numbered().filter(|(_, rule)| rule.forced);
                forced.for_each(|(number, rule)| w.line(&number.to_string(), &[&place(rule)]));
            });
        }
        let is_plain = |rule: &Redirect| !rule.to.pieces().iter().any(|piece| !matches!(piece, Piece::Text(_)));
        w.block("map", &["$request_uri", &self.var("sent")], |w| {
            w.line("~^(?<homeport_all>[^?]*)", &["$homeport_all"]);
        });
        w.block("map", &[&rule, &self.var("to")], |w| {
            w.line("default", &[&self.var("moved")]);
            let plain = numbered().filter(|(_, rule)| !rule.status.is_rewrite() && is_plain(rule));
            plain.for_each(|(number, rule)| w.line(&number.to_string(), &[&address(rule)]));
        });
        w.block("map", &[&format!("{rule} {}", self.var("sent")), &self.var("moved")], |w| {
            w.line("default", &["/"]);
            let moved = numbered().filter(|(_, rule)| !rule.status.is_rewrite() && !is_plain(rule));
            moved.for_each(|(number, rule)| w.line(&takes_sent(number, &rule.from), &[&address(rule)]));
        });
        w.block("map", &[&format!("{rule} {asked}"), &self.var("file")], |w| {
            w.line("default", &[NOTHING]);
            let files = numbered().filter(|(_, rule)| rule.status.is_rewrite());
            files.for_each(|(number, rule)| w.line(&takes_asked(number, &rule.from), &[&file(rule)]));
        });
    }

    fn has_forced(&self) -> bool {
        self.rules.redirects.iter().any(|rule| rule.forced)
    }

    fn header_maps(&self, w: &mut Writer, asked: &str) {
        let headers = &self.rules.headers;
        for (number, header) in headers.iter().enumerate() {
            w.block("map", &[asked, &self.var(&format!("header{number}"))], |w| {
                w.line("default", &[""]);
                w.line(&covers(&header.path), &[&literal(header.value.as_str())]);
            });
        }
        let caching: Vec<&SiteHeader> = headers.iter().filter(|header| is_caching(header)).collect();
        if !caching.is_empty() {
            w.block("map", &[asked, &self.var("caching")], |w| {
                w.line("default", &[CACHING]);
                let mut paths: Vec<String> = caching.iter().map(|header| covers(&header.path)).collect();
                paths.dedup();
                paths.iter().for_each(|path| w.line(path, &[""]));
            });
        }
    }

    /// What stands in the server; `limits` where a request is met first.
    pub(super) fn server(&self, w: &mut Writer, root: &str, limits: &dyn Fn(&mut Writer)) {
        w.line("root", &[root]);
        // `current` itself is a link; below it none is followed.
        w.line("disable_symlinks", &["on", "from=$document_root"]);
        w.line("index", &["index.html"]);
        w.line("recursive_error_pages", &["on"]);
        w.line("error_page", &["404", "/404.html"]);
        let caching = if self.rules.headers.iter().any(is_caching) { self.var("caching") } else { CACHING.to_owned() };
        w.line("add_header", &["Cache-Control", &caching]);
        for (number, header) in self.rules.headers.iter().enumerate() {
            w.line("add_header", &[header.name.as_str(), &self.var(&format!("header{number}")), "always"]);
        }
        let missing = "@homeport_missing".to_owned();
        let then = if self.rules.redirects.is_empty() { missing } else { self.var("then") };
        let look = if self.asks() { self.var("look") } else { String::new() };
        let files = |w: &mut Writer| {
            w.line("try_files", &[&format!("$uri{look}"), "$uri/", &then]);
            // A folder without an index.
            w.line("error_page", &["403", "=", &then]);
            w.line("error_page", &["404", "/404.html"]);
        };
        if self.has_forced() {
            w.block("location", &["/"], |w| {
                limits(w);
                w.line("try_files", &[NOTHING, &self.var("first")]);
            });
            w.block("location", &["@homeport_files"], files);
        } else {
            w.block("location", &["/"], |w| {
                limits(w);
                files(w);
            });
        }
        self.rule_locations(w);
        w.block("location", &["@homeport_missing"], |w| {
            if self.rules.spa {
                w.line("try_files", &["/index.html", "=404"]);
            } else {
                w.line("return", &["404"]);
            }
        });
        w.block("location", &["=", "/404.html"], |w| {
            w.line("internal", &[]);
            w.line("recursive_error_pages", &["off"]);
        });
        w.block("location", &["~", HIDDEN], |w| w.line("return", &["404"]));
    }

    fn rule_locations(&self, w: &mut Writer) {
        let mut statuses: Vec<_> = self.rules.redirects.iter().map(|rule| rule.status).collect();
        statuses.sort_unstable();
        statuses.dedup();
        for status in statuses {
            let number = status.get().to_string();
            w.block("location", &[&format!("@homeport_{number}")], |w| {
                if status.is_rewrite() {
                    let file = self.var("file");
                    let (index, page) = (format!("{file}/index.html"), format!("{file}.html"));
                    w.line("try_files", &[&file, &index, &page, "@homeport_missing"]);
                } else {
                    w.line("return", &[&number, &self.var("to")]);
                }
            });
        }
    }
}

fn is_caching(header: &SiteHeader) -> bool {
    header.name.as_str().eq_ignore_ascii_case("cache-control")
}

/// A regular expression of nginx's for the decoded paths that a rule is about.
fn fits(from: &FromPath) -> String {
    format!("~(?s)^{}", pattern(from, false))
}

/// The same behind the rule's number, which takes what the placeholders stand for.
fn takes_asked(number: usize, from: &FromPath) -> String {
    format!("~(?s)^{number} {}", pattern(from, true))
}

/// A regular expression for the path as it was sent. The rule is known to fit, so only the slashes
/// count. What is taken never begins with a slash and holds no backslash: browsers read both as
/// the beginning of another site's address.
fn takes_sent(number: usize, from: &FromPath) -> String {
    let mut text = format!("~^{number} ");
    for (at, piece) in from.pieces().iter().enumerate() {
        match piece {
            Piece::Text(_) => text.push_str("/++[^/]++"),
            Piece::Placeholder(_) => text.push_str(&format!("/++(?<homeport_p{at}>[^/\\\\]++)")),
            Piece::Splat => text.push_str("(?:/++(?<homeport_splat>[^\\\\]*+))?"),
        }
    }
    text + "/*\\z"
}

fn pattern(from: &FromPath, takes: bool) -> String {
    let pieces = from.pieces();
    let mut text = String::new();
    for (at, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Text(part) => text.push_str(&format!("/{}", escaped(part))),
            Piece::Placeholder(_) if takes => text.push_str(&format!("/(?<homeport_p{at}>[^/]+)")),
            Piece::Placeholder(_) => text.push_str("/[^/]+"),
            Piece::Splat if takes => text.push_str("(?:/(?<homeport_splat>.*))?"),
            Piece::Splat => text.push_str("(?:/.*)?"),
        }
    }
    text + if pieces.last() == Some(&Piece::Splat) { "\\z" } else { "/?\\z" }
}

/// A regular expression for the paths that headers are for.
fn covers(path: &HeaderPath) -> String {
    let mut text = "~(?s)^".to_owned();
    for piece in path.pieces() {
        match piece {
            Piece::Text(part) => {
                let parts: Vec<String> = part.split('*').map(escaped).collect();
                text.push_str(&format!("/{}", parts.join(".*")));
            }
            Piece::Placeholder(_) => text.push_str("/[^/]+"),
            Piece::Splat => text.push_str("(?:/.*)?"),
        }
    }
    text + "/?\\z"
}

/// Where a redirect leads, with the request's query unless it has one of its own.
fn address(rule: &Redirect) -> String {
    let (site, _) = rule.to.site_and_path();
    let filled = |text: &str| format!("{site}{text}");
    let path = put_together(&rule.from, &rule.to, encoded);
    if path.contains('?') {
        return filled(&path);
    }
    match path.split_once('#') {
        Some((before, fragment)) => filled(&format!("{before}$is_args$args#{fragment}")),
        None => filled(&format!("{path}$is_args$args")),
    }
}

/// The file that a rewrite answers with.
fn file(rule: &Redirect) -> String {
    put_together(&rule.from, &rule.to, literal)
}

fn put_together(from: &FromPath, to: &ToPath, text_of: fn(&str) -> String) -> String {
    let from = from.pieces();
    let piece = |piece: Piece| match piece {
        Piece::Text(text) => text_of(&text),
        Piece::Splat => "${homeport_splat}".to_owned(),
        name => {
            from.iter().position(|other| *other == name).map_or_else(String::new, |at| format!("${{homeport_p{at}}}"))
        }
    };
    to.pieces().into_iter().map(piece).collect()
}

/// Text that is not nginx's variable.
pub(super) fn literal(text: &str) -> String {
    text.replace('$', &format!("${{{}}}", &DOLLAR[1..]))
}

/// Text of an address in which everything unusual is encoded.
fn encoded(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~!&'()*+,;=:@/?#%[]".contains(&b);
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

/// Text in a regular expression that stands for itself.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() && !c.is_ascii_alphanumeric() && !matches!(c, '_' | '-') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

#[cfg(test)]
mod tests;
