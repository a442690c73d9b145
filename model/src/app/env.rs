//! An app's environment: reading and writing `.env` texts, and comparing two environments.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{environment::EnvScope, name::EnvKey, problem::Problem};

/// One variable with its value, on its way in. It has no `Debug`: the value may be a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct EnvVar {
    /// The name.
    pub key: EnvKey,
    /// The value, byte for byte.
    pub value: String,
}

/// One variable as the page shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvRow {
    /// The name.
    pub key: EnvKey,
    /// The value, unless it is a secret.
    pub value: Option<String>,
    /// Whether the value is masked.
    pub secret: bool,
    /// When it is there.
    pub scope: EnvScope,
    /// Whether it comes from the variables of all apps.
    pub of_all: bool,
    /// Whether the serving release runs with another value or without it.
    pub pending: bool,
}

/// How one variable differs between two environments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EnvChange {
    /// It is new.
    Added,
    /// Its value is another.
    Changed,
    /// It is gone.
    Removed,
}

/// Compares two environments by the values' fingerprints; only names come out.
#[must_use]
pub fn diff(before: &BTreeMap<EnvKey, String>, after: &BTreeMap<EnvKey, String>) -> Vec<(EnvKey, EnvChange)> {
    let mut changes = Vec::new();
    for (key, value) in after {
        match before.get(key) {
            None => changes.push((key.clone(), EnvChange::Added)),
            Some(old) if old != value => changes.push((key.clone(), EnvChange::Changed)),
            Some(_) => {}
        }
    }
    let removed = before.keys().filter(|key| !after.contains_key(*key));
    changes.extend(removed.map(|key| (key.clone(), EnvChange::Removed)));
    changes
}

/// Whether a variable with this name is masked unless the person says otherwise.
#[must_use]
pub fn looks_secret(key: &EnvKey) -> bool {
    const WORDS: [&str; 9] =
        ["SECRET", "PASSWORD", "PASSWD", "TOKEN", "KEY", "CREDENTIAL", "PRIVATE", "DSN", "DATABASE_URL"];
    let name = key.as_str().to_ascii_uppercase();
    WORDS.iter().any(|word| name.contains(word))
}

/// Reads a `.env` text: `KEY=value` lines, `#` comments, an optional `export `, values plain, in
/// single quotes (literal, may span lines) or in double quotes (`\n \r \t \" \\ \$` escapes, may
/// span lines). Nothing is expanded: what stands there arrives.
///
/// # Errors
/// A problem on the field `text` that names the line.
pub fn parse(text: &str) -> Result<Vec<EnvVar>, Problem> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut vars: Vec<EnvVar> = Vec::new();
    let mut rest = text;
    let mut line_number = 0;
    while !rest.is_empty() {
        line_number += 1;
        let (line, after) = split_line(rest);
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            rest = after;
            continue;
        }
        let number = line_number;
        let refuse = |what: &str| Problem::invalid("text", format!("Line {number}: {what}"));
        let start = line.len() - line.trim_start().len();
        let body = line[start..].strip_prefix("export ").map_or(&line[start..], str::trim_start);
        let Some(equals) = body.find('=') else {
            return Err(refuse("there is no = after the name."));
        };
        let key: EnvKey = body[..equals].trim().parse().map_err(|refused: crate::name::Refused| refuse(refused.0))?;
        // Offsets are counted in `rest`, because a quoted value may run past this line.
        let value_at = (line.len() - body.len()) + equals + 1;
        let raw = &rest[value_at..];
        let lead = raw.len() - raw.trim_start_matches([' ', '\t']).len();
        let (value, used) = match raw[lead..].chars().next() {
            Some('\'') => single_quoted(&raw[lead..]).ok_or_else(|| refuse("the quote ' is never closed."))?,
            Some('"') => double_quoted(&raw[lead..]).ok_or_else(|| refuse("the quote \" is never closed."))?,
            _ => plain(&line[value_at..]),
        };
        let consumed = if matches!(raw[lead..].chars().next(), Some('\'' | '"')) {
            let end = value_at + lead + used;
            let (tail, _) = split_line(&rest[end..]);
            let tail_trimmed = tail.trim();
            if !tail_trimmed.is_empty() && !tail_trimmed.starts_with('#') {
                return Err(refuse("there is more text after the closing quote."));
            }
            line_number += rest[..end].matches('\n').count();
            end
        } else {
            value_at
        };
        if value.contains('\0') {
            return Err(refuse("a value has no zero byte."));
        }
        rest = split_line(&rest[consumed..]).1;
        if let Some(earlier) = vars.iter_mut().find(|var| var.key == key) {
            earlier.value = value;
        } else {
            vars.push(EnvVar { key, value });
        }
    }
    Ok(vars)
}

/// Writes variables so that [`parse`] reads the same values back, and a POSIX shell too (see
/// [`crate::environment::export`]).
#[must_use]
pub fn print(vars: &[EnvVar]) -> String {
    let mut text = String::new();
    for var in vars {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@,+%=".contains(c);
        text.push_str(var.key.as_str());
        text.push('=');
        if var.value.chars().all(plain) {
            text.push_str(&var.value);
        } else if !var.value.contains('\'') {
            text.extend(["'", &var.value, "'"]);
        } else {
            text.push('"');
            for c in var.value.chars() {
                if matches!(c, '"' | '\\' | '$' | '`') {
                    text.push('\\');
                }
                text.push(c);
            }
            text.push('"');
        }
        text.push('\n');
    }
    text
}

fn split_line(text: &str) -> (&str, &str) {
    match text.find('\n') {
        None => (text, ""),
        Some(end) => (text[..end].strip_suffix('\r').unwrap_or(&text[..end]), &text[end + 1..]),
    }
}

/// A value without quotes ends at the line's end or at ` #`.
fn plain(raw: &str) -> (String, usize) {
    let cut = raw.find(" #").or_else(|| raw.find("\t#")).unwrap_or(raw.len());
    (raw[..cut].trim().to_owned(), raw.len())
}

fn single_quoted(raw: &str) -> Option<(String, usize)> {
    let end = raw[1..].find('\'')?;
    Some((raw[1..=end].to_owned(), end + 2))
}

fn double_quoted(raw: &str) -> Option<(String, usize)> {
    let mut value = String::new();
    let mut chars = raw.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, at + 1)),
            '\\' => match chars.next()?.1 {
                'n' => value.push('\n'),
                'r' => value.push('\r'),
                't' => value.push('\t'),
                escaped @ ('"' | '\\' | '$' | '`') => value.push(escaped),
                other => value.extend(['\\', other]),
            },
            _ => value.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Vec<(String, String)> {
        let vars = parse(text).unwrap_or_else(|problem| panic!("{problem}"));
        vars.into_iter().map(|var| (var.key.into(), var.value)).collect()
    }

    #[test]
    fn reads_what_people_paste() {
        let text = "# comment\n\nA=1\r\nexport B = two words # note\nC='lit $HOME #x'\nD=\"line\\nnext \\$5\"\nE=a#b\nF=\nG=\"multi\nline\" # ok\nH=last";
        let expected = [
            ("A", "1"),
            ("B", "two words"),
            ("C", "lit $HOME #x"),
            ("D", "line\nnext $5"),
            ("E", "a#b"),
            ("F", ""),
            ("G", "multi\nline"),
            ("H", "last"),
        ];
        assert_eq!(read(text), expected.map(|(k, v)| (k.to_owned(), v.to_owned())));
    }

    #[test]
    fn a_later_line_wins() {
        assert_eq!(read("A=1\nA=2"), [("A".to_owned(), "2".to_owned())]);
    }

    #[test]
    fn mistakes_name_their_line() {
        for (text, line) in
            [("A=1\nnonsense", "Line 2"), ("1A=x", "Line 1"), ("A='open", "Line 1"), ("A=\"x\" y", "Line 1")]
        {
            let problem = parse(text).err().unwrap_or_else(|| panic!("{text:?} was read"));
            assert!(problem.title.starts_with(line), "{text:?}: {}", problem.title);
            assert_eq!(problem.field.as_deref(), Some("text"));
        }
    }

    proptest! {
        #[test]
        fn printing_and_reading_gives_the_value_back(value in "[^\0]{0,60}") {
            let var = EnvVar { key: "K".parse().expect("a name"), value: value.clone() };
            let back = parse(&print(&[var])).expect("reads back");
            prop_assert_eq!(&back[0].value, &value);
        }
    }
}
