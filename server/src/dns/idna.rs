//! International names (UTS 46, non-transitional, with STD3's rules): what people type becomes the ASCII
//! that DNS knows, and back for reading. A label that looks like another one stays in ASCII.

use homeport_model::{
    name::{DomainName, Refused},
    problem::Problem,
};
use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};

const WILDCARD: &str = "*.";
/// How a label that is not ASCII begins.
const ENCODED: &str = "xn--";
/// More is not read.
const MOST_CHARS: usize = 1_000;

/// Reads a name as people type it: in any script, in capitals, with a full stop of another script, with
/// a dot at its end, with `*.` before it.
///
/// # Errors
/// A problem of the field `domain`.
pub fn to_ascii(typed: &str) -> Result<DomainName, Problem> {
    let refuse = |title: &str| Problem::invalid("domain", title).hint("Type a name like shop.example.com.");
    let typed = typed.trim();
    if typed.is_empty() {
        return Err(refuse("Type a name."));
    }
    if typed.chars().count() > MOST_CHARS {
        return Err(refuse("A name has at most 253 characters."));
    }
    if typed.contains("://") || typed.contains('/') {
        return Err(refuse("Only the name itself belongs here, without https:// and without a path."));
    }
    let whole = typed.strip_suffix(['.', '\u{3002}', '\u{ff0e}', '\u{ff61}']).unwrap_or(typed);
    let (wildcard, base) = whole.strip_prefix(WILDCARD).map_or(("", whole), |base| (WILDCARD, base));
    // Characters that are nothing to the eye are no slip: they make one name look like another.
    if base.chars().any(is_hidden) {
        return Err(refuse("The name has a character that cannot be seen."));
    }
    let ascii = Uts46::new()
        .to_ascii(base.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast, DnsLength::Verify)
        .map_err(|_| refuse("That is no name that DNS can have: a part is empty, too long, or has a character that names do not have."))?;
    format!("{wildcard}{ascii}").parse().map_err(|Refused(why)| refuse(why))
}

/// The name as its owner reads it; none where it is the same, or where a label could be taken for
/// another.
#[must_use]
pub fn to_unicode(name: &DomainName) -> Option<String> {
    let base = name.base();
    if !base.split('.').any(|label| label.starts_with(ENCODED)) {
        return None;
    }
    let shown = |label: &[char], tld: &[char], _| !is_misleading(label, tld);
    let (text, read) =
        Uts46::new().to_user_interface(base.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast, shown);
    let wildcard = if name.is_wildcard() { WILDCARD } else { "" };
    (read.is_ok() && text != base).then(|| format!("{wildcard}{text}"))
}

/// White space, joiners, direction marks and other signs without a shape of their own.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || c.is_whitespace()
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffd}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// Scripts whose letters are taken for one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Script {
    Latin,
    Greek,
    Cyrillic,
    Armenian,
    Cherokee,
    Other,
}

fn script(c: char) -> Option<Script> {
    Some(match c {
        '0'..='9' | '-' => return None,
        'a'..='z' | '\u{c0}'..='\u{24f}' | '\u{250}'..='\u{2af}' | '\u{1e00}'..='\u{1eff}' => Script::Latin,
        '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}' => Script::Greek,
        '\u{400}'..='\u{52f}' | '\u{1c80}'..='\u{1c8f}' | '\u{2de0}'..='\u{2dff}' | '\u{a640}'..='\u{a69f}' => {
            Script::Cyrillic
        }
        '\u{530}'..='\u{58f}' => Script::Armenian,
        '\u{13a0}'..='\u{13ff}' | '\u{ab70}'..='\u{abbf}' => Script::Cherokee,
        _ => Script::Other,
    })
}

/// Cyrillic letters with the shape of a Latin one.
const LIKE_LATIN: &str = "асԁеһіјӏорԛѕԝхуъЬҽпгѵѡ";

/// Whether a label mixes scripts that look alike, or is one that looks like Latin below a Latin end.
fn is_misleading(label: &[char], tld: &[char]) -> bool {
    let scripts: Vec<Script> = label.iter().filter_map(|c| script(*c)).collect();
    let alike = |script: &Script| *script != Script::Other;
    let Some(first) = scripts.iter().find(|script| alike(script)) else { return false };
    if scripts.iter().filter(|script| alike(script)).any(|script| script != first) {
        return true;
    }
    let latin_end = tld.iter().all(char::is_ascii);
    let looks_latin = label.iter().filter(|c| script(**c).is_some()).all(|c| LIKE_LATIN.contains(*c));
    match first {
        Script::Cyrillic => latin_end && looks_latin,
        // Few people own such names, and their letters are drawn like Latin ones.
        Script::Cherokee => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_type_becomes_what_dns_knows() {
        for (typed, ascii) in [
            ("shop.example.com", "shop.example.com"),
            (" Shop.Example.COM. ", "shop.example.com"),
            ("münchen.example", "xn--mnchen-3ya.example"),
            ("MÜNCHEN.example", "xn--mnchen-3ya.example"),
            ("mu\u{308}nchen.example", "xn--mnchen-3ya.example"),
            ("straße.example", "xn--strae-oqa.example"),
            ("*.münchen.example", "*.xn--mnchen-3ya.example"),
            ("例え\u{3002}テスト", "xn--r8jz45g.xn--zckzah"),
            ("例え\u{ff0e}テスト\u{3002}", "xn--r8jz45g.xn--zckzah"),
            ("شبكة.example", "xn--ngbc5azd.example"),
            ("shop。example。com", "shop.example.com"),
            ("ｓｈｏｐ.example.com", "shop.example.com"),
            ("☃.example", "xn--n3h.example"),
            ("xn--mnchen-3ya.example", "xn--mnchen-3ya.example"),
            ("a--b.example", "a--b.example"),
        ] {
            assert_eq!(to_ascii(typed).unwrap_or_else(|problem| panic!("{typed}: {problem}")).as_str(), ascii);
        }
    }

    #[test]
    fn hostile_names_are_refused_politely() {
        let long = "ü".repeat(60) + ".example";
        let longer = "a.".repeat(200) + "example";
        let huge = "a".repeat(100_000);
        for typed in [
            "",
            " ",
            ".",
            "..",
            "*",
            "*.",
            "*.*.example.com",
            "a.*.com",
            "shop..example.com",
            ".example.com",
            "localhost",
            "https://shop.example.com",
            "shop.example.com/path",
            "shop.example.com:80",
            "a b.example.com",
            "a_b.example.com",
            "shop\u{202e}.example.com",
            "sh\u{200b}op.example.com",
            "sh\u{200d}op.example.com",
            "shop\u{feff}.example.com",
            "sh\u{ad}op.example.com",
            "shop\u{0}.example.com",
            "shop\n.example.com",
            "shop.example.com\u{e0041}",
            "-a.example.com",
            "a-.example.com",
            "xn--.example.com",
            "xn--a.example.com",
            "xn--0.example",
            "xn--99999999999.example",
            "$(id).example.com",
            "a;b.example.com",
            "a{b.example.com",
            "a\"b.example.com",
            "shop.example.com;",
            "@.example.com",
            "203.0.113.7",
            "０.０.０.０",
            "[::1]",
            "\u{fffd}.example",
            "\u{301}a.example",
            &long,
            &longer,
            &huge,
        ] {
            let problem = to_ascii(typed).err().unwrap_or_else(|| panic!("{typed:?} was accepted"));
            assert_eq!((problem.code.status(), problem.field.as_deref()), (422, Some("domain")), "{typed:?}");
            assert!(problem.hint.is_some());
        }
    }

    #[test]
    fn names_are_shown_both_ways() {
        let shown = |ascii: &str| to_unicode(&ascii.parse().expect("a name"));
        assert_eq!(shown("xn--mnchen-3ya.example").as_deref(), Some("münchen.example"));
        assert_eq!(shown("*.xn--mnchen-3ya.example").as_deref(), Some("*.münchen.example"));
        assert_eq!(shown("xn--r8jz45g.xn--zckzah").as_deref(), Some("例え.テスト"));
        assert_eq!(shown("xn--e1afmkfd.xn--p1ai").as_deref(), Some("пример.рф"));
        assert_eq!(shown("xn--e1afmkfd.com").as_deref(), Some("пример.com"));
        for plain in ["shop.example.com", "*.example.com"] {
            assert_eq!(shown(plain), None);
        }
    }

    #[test]
    fn what_looks_like_another_name_stays_in_ascii() {
        for misleading in ["аррӏе.com", "раураӏ.com", "gооgle.com", "αpple.com", "exаmple.com", "ѕсоре.com"]
        {
            let ascii = to_ascii(misleading).unwrap_or_else(|problem| panic!("{misleading}: {problem}"));
            assert!(ascii.as_str().starts_with("xn--"));
            assert_eq!(to_unicode(&ascii), None, "{misleading}");
        }
        // Under its own script's end it is its owner's word.
        let own = to_ascii("ѕсоре.рф").unwrap_or_else(|problem| panic!("{problem}"));
        assert_eq!(to_unicode(&own).as_deref(), Some("ѕсоре.рф"));
        // One label of two stays.
        let half = to_ascii("münchen.аррӏе.com").unwrap_or_else(|problem| panic!("{problem}"));
        assert_eq!(to_unicode(&half).as_deref(), Some("münchen.xn--80ak6aa92e.com"));
    }
}
