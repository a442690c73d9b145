//! JSON that remembers where each value stands, so that a wrong type has a line and a column too.
//!
//! The grammar is that of RFC 8259 with `//` comments (product.md, app.json); what serde_json reads,
//! this reads, and to the same values. Nothing nests deeper than [`MOST_DEPTH`].

/// How deep lists and objects may nest.
pub(super) const MOST_DEPTH: usize = 64;

/// A value and the byte where it begins.
#[derive(Debug, PartialEq)]
pub(super) struct Node<'t> {
    pub(super) at: usize,
    pub(super) value: Value<'t>,
}

#[derive(Debug, PartialEq)]
pub(super) enum Value<'t> {
    Null,
    Bool(bool),
    /// As it is written.
    Number(&'t str),
    Text(String),
    List(Vec<Node<'t>>),
    Object(Vec<Member<'t>>),
}

/// One `"key": value` of an object.
#[derive(Debug, PartialEq)]
pub(super) struct Member<'t> {
    pub(super) key_at: usize,
    pub(super) key: String,
    pub(super) value: Node<'t>,
}

/// What is wrong, and at which byte.
pub(super) type Wrong = (usize, String);

/// Reads one value with nothing but white space and comments around it.
pub(super) fn read(text: &str) -> Result<Node<'_>, Wrong> {
    let mut reader = Reader { text, at: 0, depth: 0 };
    reader.skip_blank()?;
    let node = reader.value()?;
    reader.skip_blank()?;
    match reader.peek() {
        None => Ok(node),
        Some(_) => reader.wrong("there is more text behind the end."),
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
}

impl<'t> Reader<'t> {
    fn value(&mut self) -> Result<Node<'t>, Wrong> {
        let at = self.at;
        let value = match self.peek() {
            Some(b'{') => self.nested(Self::object)?,
            Some(b'[') => self.nested(Self::list)?,
            Some(b'"') => Value::Text(self.text()?),
            Some(b'-' | b'0'..=b'9') => Value::Number(self.number()?),
            Some(_) => self.word()?,
            None => return self.wrong("the file ends where a value should stand."),
        };
        Ok(Node { at, value })
    }

    fn nested(&mut self, inner: fn(&mut Self) -> Result<Value<'t>, Wrong>) -> Result<Value<'t>, Wrong> {
        if self.depth == MOST_DEPTH {
            return self.wrong(format!("lists and objects nest at most {MOST_DEPTH} deep."));
        }
        self.depth += 1;
        let value = inner(self);
        self.depth -= 1;
        value
    }

    fn object(&mut self) -> Result<Value<'t>, Wrong> {
        let mut members = Vec::new();
        self.at += 1;
        self.skip_blank()?;
        if self.take(b'}') {
            return Ok(Value::Object(members));
        }
        loop {
            let key_at = self.at;
            let key = match self.peek() {
                Some(b'"') => self.text()?,
                Some(b'}') => return self.wrong("there is a comma too many before this."),
                Some(_) => return self.wrong("a key in double quotes should stand here."),
                None => return self.wrong("the file ends inside an object."),
            };
            self.skip_blank()?;
            if !self.take(b':') {
                return self.wrong("a colon should stand between a key and its value.");
            }
            self.skip_blank()?;
            members.push(Member { key_at, key, value: self.value()? });
            self.skip_blank()?;
            if self.take(b'}') {
                return Ok(Value::Object(members));
            }
            self.comma("an object")?;
        }
    }

    fn list(&mut self) -> Result<Value<'t>, Wrong> {
        let mut nodes = Vec::new();
        self.at += 1;
        self.skip_blank()?;
        if self.take(b']') {
            return Ok(Value::List(nodes));
        }
        loop {
            if self.peek() == Some(b']') {
                return self.wrong("there is a comma too many before this.");
            }
            nodes.push(self.value()?);
            self.skip_blank()?;
            if self.take(b']') {
                return Ok(Value::List(nodes));
            }
            self.comma("a list")?;
        }
    }

    fn comma(&mut self, of: &str) -> Result<(), Wrong> {
        if self.take(b',') {
            return self.skip_blank();
        }
        match self.peek() {
            Some(_) => self.wrong(format!("a comma should stand between the parts of {of}.")),
            None => self.wrong(format!("the file ends inside {of}.")),
        }
    }

    fn word(&mut self) -> Result<Value<'t>, Wrong> {
        for (word, value) in [("null", Value::Null), ("true", Value::Bool(true)), ("false", Value::Bool(false))] {
            if let Some(rest) = self.rest().strip_prefix(word)
                && !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
            {
                self.at += word.len();
                return Ok(value);
            }
        }
        self.wrong("a value should stand here; text needs double quotes.")
    }

    fn number(&mut self) -> Result<&'t str, Wrong> {
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') && !self.digits() {
            return self.wrong("a number goes on with a digit.");
        }
        if self.take(b'.') && !self.digits() {
            return self.wrong("a digit should stand behind the point.");
        }
        if self.take(b'e') || self.take(b'E') {
            let _sign = self.take(b'+') || self.take(b'-');
            if !self.digits() {
                return self.wrong("a digit should stand in the exponent.");
            }
        }
        match self.peek() {
            Some(b) if b.is_ascii_alphanumeric() || b == b'.' => self.wrong("the number does not end as one does."),
            _ => Ok(&self.text[start..self.at]),
        }
    }

    fn digits(&mut self) -> bool {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        self.at > start
    }

    fn text(&mut self) -> Result<String, Wrong> {
        let start = self.at;
        self.at += 1;
        let mut value = String::new();
        loop {
            let plain = self.rest().find(|c: char| c == '"' || c == '\\' || c < ' ').unwrap_or(self.rest().len());
            value.push_str(&self.rest()[..plain]);
            self.at += plain;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(value);
                }
                Some(b'\\') => value.push(self.escape()?),
                Some(b'\n') | None => return Err((start, "the quote \" is never closed.".into())),
                Some(_) => return self.wrong("a control character in text is written as an escape, like \\t."),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Wrong> {
        let start = self.at;
        let unknown = || (start, "there is no such escape.".to_owned());
        self.at += 1;
        let escaped = match self.peek().ok_or_else(unknown)? {
            plain @ (b'"' | b'\\' | b'/') => char::from(plain),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                self.at += 1;
                return self.unicode(start);
            }
            _ => return Err(unknown()),
        };
        self.at += 1;
        Ok(escaped)
    }

    /// What stands behind `\u`, with its second half if it is a surrogate.
    fn unicode(&mut self, start: usize) -> Result<char, Wrong> {
        let wrong = || (start, "\\u has four hexadecimal digits of a character.".to_owned());
        let first = self.hex().ok_or_else(wrong)?;
        let code = match first {
            0xd800..=0xdbff => {
                let second = if self.take(b'\\') && self.take(b'u') { self.hex() } else { None };
                let low = second.filter(|code| (0xdc00..=0xdfff).contains(code)).ok_or_else(wrong)?;
                0x1_0000 + ((first - 0xd800) << 10) + (low - 0xdc00)
            }
            code => code,
        };
        char::from_u32(code).ok_or_else(wrong)
    }

    fn hex(&mut self) -> Option<u32> {
        let digits = self.rest().get(..4).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
        self.at += 4;
        u32::from_str_radix(digits, 16).ok()
    }

    /// White space and comments; a comment goes to its line's end.
    fn skip_blank(&mut self) -> Result<(), Wrong> {
        loop {
            let blank = self.rest().trim_start_matches([' ', '\t', '\n', '\r']);
            self.at = self.text.len() - blank.len();
            if blank.starts_with("//") {
                self.at += blank.find('\n').unwrap_or(blank.len());
            } else if blank.starts_with("/*") || blank.starts_with('#') {
                return self.wrong("a comment begins with //.");
            } else {
                return Ok(());
            }
        }
    }

    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn wrong<T>(&self, what: impl Into<String>) -> Result<T, Wrong> {
        Err((self.at, what.into()))
    }
}

#[cfg(test)]
mod tests;
