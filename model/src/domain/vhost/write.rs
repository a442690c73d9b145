//! Writes directives and blocks, and quotes in one place.

/// A text of nginx in the making.
pub(super) struct Writer {
    text: String,
    depth: usize,
}

impl Writer {
    pub(super) fn new() -> Self {
        Self { text: String::new(), depth: 0 }
    }

    /// A remark on a line of its own. The words are ours; a line end would end the remark.
    pub(super) fn comment(&mut self, words: &str) {
        self.indent();
        self.text.push_str("# ");
        self.text.push_str(&words.replace(['\n', '\r'], " "));
        self.text.push('\n');
    }

    /// `name args…;`
    pub(super) fn line(&mut self, name: &str, args: &[&str]) {
        self.begin(name, args);
        self.text.push_str(";\n");
    }

    /// `name args… { … }`
    pub(super) fn block(&mut self, name: &str, args: &[&str], inside: impl FnOnce(&mut Self)) {
        self.begin(name, args);
        self.text.push_str(" {\n");
        self.depth += 1;
        inside(self);
        self.depth -= 1;
        self.indent();
        self.text.push_str("}\n");
    }

    pub(super) fn finish(self) -> String {
        self.text
    }

    fn begin(&mut self, name: &str, args: &[&str]) {
        self.indent();
        self.text.push_str(&word(name));
        for arg in args {
            self.text.push(' ');
            self.text.push_str(&word(arg));
        }
    }

    fn indent(&mut self) {
        self.text.extend(std::iter::repeat_n(' ', self.depth * 4));
    }
}

/// One word of nginx's language: as it is where that is safe, else between double quotes.
fn word(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_-./:=@$*+,~^|()?![]%".contains(&b);
    if !text.is_empty() && text.bytes().all(plain) {
        return text.to_owned();
    }
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
