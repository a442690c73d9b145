//! Takes values out of a tree of JSON or TOML: each with its path, each wrong type a mistake at its place,
//! each oddity that Dokku's Go passes over a warning.

use std::{cell::RefCell, fmt::Display, str::FromStr};

use super::{
    Mistake, RepoFile,
    json::{Node, Value},
    position::quoted,
};

/// The most warnings that are kept; more would bury the deploy's log.
pub(super) const MOST_WARNINGS: usize = 50;

/// The file being taken apart.
pub(super) struct Source<'t> {
    file: RepoFile,
    text: &'t str,
    warnings: RefCell<Vec<Mistake>>,
}

/// A value of the file and the way to it.
#[derive(Clone)]
pub(super) struct Place<'a> {
    source: &'a Source<'a>,
    node: &'a Node<'a>,
    pub(super) path: String,
}

/// One entry of an object whose keys are names that a person chose.
pub(super) struct NamedPlace<'a> {
    pub(super) key: &'a str,
    key_at: usize,
    pub(super) value: Place<'a>,
}

/// An object whose keys have a meaning.
pub(super) struct Fields<'a>(Vec<NamedPlace<'a>>);

impl<'t> Source<'t> {
    pub(super) fn new(file: RepoFile, text: &'t str) -> Self {
        Self { file, text, warnings: RefCell::default() }
    }

    pub(super) fn mistake(&self, at: usize, path: &str, what: impl Into<String>) -> Mistake {
        let path = (!path.is_empty()).then(|| path.to_owned());
        Mistake { path, ..Mistake::new(self.file, self.text, at, what) }
    }

    fn warn(&self, at: usize, path: &str, what: impl Into<String>) {
        let mut warnings = self.warnings.borrow_mut();
        if warnings.len() < MOST_WARNINGS {
            warnings.push(self.mistake(at, path, what));
        }
    }

    /// The warnings so far, in the file's order.
    pub(super) fn warnings(&self) -> Vec<Mistake> {
        let mut warnings = self.warnings.take();
        warnings.sort_by_key(|warning| warning.at);
        warnings
    }
}

impl<'a> Place<'a> {
    pub(super) fn top(source: &'a Source<'a>, node: &'a Node<'a>) -> Self {
        Self { source, node, path: String::new() }
    }

    pub(super) fn is_null(&self) -> bool {
        self.node.value == Value::Null
    }

    pub(super) fn is_object(&self) -> bool {
        matches!(self.node.value, Value::Object(_))
    }

    pub(super) fn wrong(&self, what: impl Into<String>) -> Mistake {
        self.source.mistake(self.node.at, &self.path, what)
    }

    pub(super) fn warn(&self, what: impl Into<String>) {
        self.source.warn(self.node.at, &self.path, what);
    }

    pub(super) fn text(&self) -> Result<&'a str, Mistake> {
        match &self.node.value {
            Value::Text(text) => Ok(text),
            Value::Number(_) | Value::Bool(_) => Err(self.wrong("this is text; put it in double quotes.")),
            _ => Err(self.not("text")),
        }
    }

    /// Text that a parser takes; its refusal is the mistake.
    pub(super) fn parsed<T: FromStr<Err: Display>>(&self) -> Result<T, Mistake> {
        self.text()?.parse().map_err(|refused: T::Err| self.wrong(refused.to_string()))
    }

    pub(super) fn flag(&self) -> Result<bool, Mistake> {
        match &self.node.value {
            Value::Bool(flag) => Ok(*flag),
            _ => Err(self.not("true or false")),
        }
    }

    /// A whole number as Go reads one: no point, no exponent.
    pub(super) fn whole(&self) -> Result<i64, Mistake> {
        match &self.node.value {
            Value::Number(number) => match number.parse() {
                Ok(whole) => Ok(whole),
                Err(_) if number.bytes().all(|b| b.is_ascii_digit() || b == b'-') => {
                    Err(self.wrong("the number is too big."))
                }
                Err(_) => Err(self.wrong("this is a whole number.")),
            },
            Value::Text(text) if text.parse::<i64>().is_ok() => {
                Err(self.wrong("this is a number; leave the quotes away."))
            }
            _ => Err(self.not("a whole number")),
        }
    }

    /// A whole number from 0 to `most`.
    pub(super) fn up_to(&self, most: u32) -> Result<u32, Mistake> {
        match u32::try_from(self.whole()?) {
            Ok(number) if number <= most => Ok(number),
            _ => Err(self.wrong(format!("this is a number from 0 to {most}."))),
        }
    }

    /// The parts of a list.
    pub(super) fn list(&self, most: usize) -> Result<Vec<Self>, Mistake> {
        let Value::List(nodes) = &self.node.value else { return Err(self.not("a list")) };
        if nodes.len() > most {
            return Err(self.wrong(format!("this list has at most {most} parts.")));
        }
        let part = |(index, node)| Self { source: self.source, node, path: format!("{}[{index}]", self.path) };
        Ok(nodes.iter().enumerate().map(part).collect())
    }

    /// The entries of an object whose keys are names; of two with one name, the later.
    pub(super) fn entries(&self, most: usize) -> Result<Vec<NamedPlace<'a>>, Mistake> {
        let Value::Object(members) = &self.node.value else { return Err(self.not("an object in braces")) };
        if members.len() > most {
            return Err(self.wrong(format!("this object has at most {most} entries.")));
        }
        let mut entries: Vec<NamedPlace<'a>> = Vec::with_capacity(members.len());
        for member in members {
            let entry = NamedPlace {
                key: &member.key,
                key_at: member.key_at,
                value: Self { source: self.source, node: &member.value, path: self.below(&member.key) },
            };
            if let Some(earlier) = entries.iter_mut().find(|earlier| earlier.key == entry.key) {
                entry.warn("this stands here for a second time, and the later one counts.");
                *earlier = entry;
            } else {
                entries.push(entry);
            }
        }
        Ok(entries)
    }

    /// The fields of an object. Keys outside `known` are left alone, but one that is nearly a known
    /// one gets a warning.
    pub(super) fn fields(&self, known: &[&str]) -> Result<Fields<'a>, Mistake> {
        // More entries than any object of ours needs, and few enough to compare each with each.
        let mut entries = self.entries(500)?;
        for entry in &entries {
            let nearly = known.iter().find(|name| plain(name) == plain(entry.key) && **name != entry.key);
            match nearly {
                Some(name) if name.eq_ignore_ascii_case(entry.key) => {
                    entry.warn(format!("the key is written `{name}`."));
                }
                Some(name) => entry.warn(format!("the key is written `{name}`; this one is ignored.")),
                None => {}
            }
        }
        entries.retain(|entry| !entry.value.is_null());
        Ok(Fields(entries))
    }

    fn below(&self, key: &str) -> String {
        let is_word = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
        let key = if is_word && key.len() <= 64 { key.to_owned() } else { quoted(key) };
        if self.path.is_empty() { key } else { format!("{}.{key}", self.path) }
    }

    fn not(&self, expected: &str) -> Mistake {
        let found = match &self.node.value {
            Value::Null => "null",
            Value::Bool(_) => "true or false",
            Value::Number(_) => "a number",
            Value::Text(_) => "text",
            Value::List(_) => "a list",
            Value::Object(_) => "an object",
        };
        self.wrong(format!("this is {found}; {expected} should stand here."))
    }
}

impl NamedPlace<'_> {
    /// Reads the key itself.
    pub(super) fn name<T: FromStr<Err: Display>>(&self) -> Result<T, Mistake> {
        let refuse = |refused: T::Err| self.value.source.mistake(self.key_at, &self.value.path, refused.to_string());
        self.key.parse().map_err(refuse)
    }

    pub(super) fn warn(&self, what: impl Into<String>) {
        self.value.source.warn(self.key_at, &self.value.path, what);
    }
}

impl<'a> Fields<'a> {
    /// A field that is there and not null. As in Go, the case of its letters does not count, and of
    /// two the later one does.
    pub(super) fn find(&self, name: &str) -> Option<&Place<'a>> {
        let mut found = self.0.iter().rev().filter(|entry| entry.key.eq_ignore_ascii_case(name));
        found.next().map(|entry| &entry.value)
    }

    /// A field read by `read`, if it is there.
    pub(super) fn read<T>(
        &self,
        name: &str,
        read: impl FnOnce(&Place<'a>) -> Result<T, Mistake>,
    ) -> Result<Option<T>, Mistake> {
        self.find(name).map(read).transpose()
    }
}

fn plain(key: &str) -> String {
    key.chars().filter(|c| !matches!(c, '_' | '-')).flat_map(char::to_lowercase).collect()
}
