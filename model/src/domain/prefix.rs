//! A part of a host's paths.

crate::name::parsed!(
    /// The beginning of paths that another app answers: `/api`, `/v1/files`. It stands for whole segments,
    /// so that `/api` is not `/apix`. nginx compares it with the decoded path.
    PathPrefix,
    |text| {
        const SHAPE: &str = "A path begins with a slash and has letters, digits and - _ . ~ between slashes, like /api.";
        if text == "/" {
            return Err("The whole host is its app's own; name a path below it, like /api.");
        }
        if text.len() > 100 {
            return Err("A path has at most 100 characters.");
        }
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.~".contains(&b);
        let segment = |part: &str| !matches!(part, "" | "." | "..") && part.bytes().all(plain);
        if !text.strip_prefix('/').is_some_and(|rest| rest.split('/').all(segment)) {
            return Err(SHAPE);
        }
        if text.split('/').nth(1) == Some(".well-known") {
            return Err("Certificates are asked for below /.well-known; it stays where it is.");
        }
        Ok(())
    }
);

impl PathPrefix {
    /// How much it says: the longest one that fits decides.
    #[must_use]
    pub fn length(&self) -> usize {
        self.as_str().len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_whole_segments() {
        for text in ["/api", "/v1/files", "/~ada", "/a.b/c_d", "/.hidden"] {
            assert!(text.parse::<PathPrefix>().is_ok(), "{text}");
        }
        for text in [
            "",
            "/",
            "api",
            "//",
            "/api/",
            "/a//b",
            "/a/../b",
            "/.",
            "/a b",
            "/a;",
            "/a{",
            "/$uri",
            "/a\n",
            "/é",
            "/%61",
            "/a*",
            "/a?b",
            "/a#b",
            "/\"",
            "/\\",
            "/.well-known",
            "/.well-known/acme-challenge",
        ] {
            assert!(text.parse::<PathPrefix>().is_err(), "{text}");
        }
        assert!(format!("/{}", "a".repeat(100)).parse::<PathPrefix>().is_err());
    }
}
