//! Paths below a folder, and paths of a URL.

super::parsed!(
    /// A path below some folder: `/`-separated names, none of them `.`, `..` or beginning with a
    /// hyphen, no leading slash. `.` alone is the folder itself.
    RelPath,
    |text| {
        if text == "." {
            return Ok(());
        }
        if text.is_empty() {
            return Err("Name a folder; a dot is the repository's top.");
        }
        if text.len() > 300 {
            return Err("A path has at most 300 characters.");
        }
        if text.starts_with('/') {
            return Err("The path begins at the repository's top, without a slash.");
        }
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.@+".contains(&b);
        let name = |part: &str| !matches!(part, "" | "." | "..") && !part.starts_with('-') && part.bytes().all(plain);
        if text.split('/').all(name) {
            Ok(())
        } else {
            Err("A path has names of letters, digits and - _ . @ + between slashes, and never climbs up.")
        }
    }
);

impl RelPath {
    /// The folder itself.
    #[must_use]
    pub fn top() -> Self {
        Self(".".into())
    }

    /// Whether this is the folder itself.
    #[must_use]
    pub fn is_top(&self) -> bool {
        self.0 == "."
    }
}

super::parsed!(
    /// The path of a URL, to ask for in a health check: begins with a slash, visible ASCII, no
    /// spaces, quotes or backslashes, at most 300 characters.
    UrlPath,
    |text| {
        if !text.starts_with('/') || text.starts_with("//") {
            return Err("A path begins with one slash.");
        }
        if text.len() > 300 {
            return Err("A path has at most 300 characters.");
        }
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_./~+=&?%,:@".contains(&b);
        if text.bytes().all(plain) {
            Ok(())
        } else {
            Err("A path has no spaces, quotes or control characters.")
        }
    }
);
