//! Image references.

super::parsed!(
    /// An image by the grammar of the OCI distribution spec: `[registry[:port]/]path[:tag][@sha256:…]`.
    ImageRef,
    |text| {
        const NOT_ONE: &str = "That is not an image's name, like nginx:1.27 or ghcr.io/you/app@sha256:….";
        if text.is_empty() {
            return Err("Name an image.");
        }
        if text.len() > 255 {
            return Err("An image's name has at most 255 characters.");
        }
        let (name_tag, digest) = match text.split_once('@') {
            None => (text, None),
            Some((name, digest)) => (name, Some(digest)),
        };
        if let Some(digest) = digest {
            let hex = digest.strip_prefix("sha256:").ok_or(NOT_ONE)?;
            if hex.len() != 64 || !hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
                return Err(NOT_ONE);
            }
        }
        let (name, tag) = match name_tag.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
            _ => (name_tag, None),
        };
        if let Some(tag) = tag {
            let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
            let first = tag.bytes().next().ok_or(NOT_ONE)?;
            if tag.len() > 128 || !word(first) || !tag.bytes().all(|b| word(b) || b == b'.' || b == b'-') {
                return Err(NOT_ONE);
            }
        }
        let parts: Vec<&str> = name.split('/').collect();
        let has_registry = parts.len() > 1 && (parts[0].contains(['.', ':']) || parts[0] == "localhost");
        let path = if has_registry {
            let host = parts[0];
            let (host, port) = host.split_once(':').map_or((host, None), |(h, p)| (h, Some(p)));
            let plain = |label: &str| {
                !label.is_empty()
                    && !label.starts_with('-')
                    && !label.ends_with('-')
                    && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            };
            if !host.split('.').all(plain) {
                return Err(NOT_ONE);
            }
            if let Some(port) = port {
                port.parse::<super::Port>().map_err(|_| NOT_ONE)?;
            }
            &parts[1..]
        } else {
            &parts[..]
        };
        if path.iter().all(|part| is_component(part)) { Ok(()) } else { Err(NOT_ONE) }
    }
);

impl ImageRef {
    /// Its name without tag and digest: `ghcr.io/you/app`.
    #[must_use]
    pub fn repository(&self) -> &str {
        self.name_and_tag().0
    }

    /// Its tag, `latest` where none is said; `None` when it is pinned by digest.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        let is_pinned = self.as_str().contains('@');
        (!is_pinned).then(|| self.name_and_tag().1.unwrap_or("latest"))
    }

    fn name_and_tag(&self) -> (&str, Option<&str>) {
        let name = self.as_str().split_once('@').map_or(self.as_str(), |(name, _)| name);
        match name.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
            _ => (name, None),
        }
    }
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`
fn is_component(part: &str) -> bool {
    let edge = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    if !edge(part.bytes().next()) || !edge(part.bytes().last()) {
        return false;
    }
    if part.contains("..") || part.contains("___") {
        return false;
    }
    let mut separators = part.split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    separators.all(|between| matches!(between, "" | "." | "_" | "__") || between.bytes().all(|b| b == b'-'))
}
