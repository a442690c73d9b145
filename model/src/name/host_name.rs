//! Host names.

super::parsed!(
    /// A host name in ASCII: labels of letters, digits and hyphens, at least two of them (or one
    /// under `localhost`), at most 253 characters, not an address. Lower case.
    HostName,
    |text| {
        if text.is_empty() {
            return Err("Name a host.");
        }
        if text.len() > 253 {
            return Err("A host name has at most 253 characters.");
        }
        if text.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err("Write the host name in lower case.");
        }
        let label = |part: &str| {
            !part.is_empty()
                && part.len() <= 63
                && !part.starts_with('-')
                && !part.ends_with('-')
                && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        if !text.split('.').all(label) {
            return Err("A host name has only letters, digits, hyphens and dots between its parts.");
        }
        let last = text.rsplit('.').next().unwrap_or_default();
        if !text.contains('.') {
            return Err("A host name has at least two parts, like shop.example.com.");
        }
        if last.bytes().all(|b| b.is_ascii_digit()) {
            return Err("That is an address, not a host name.");
        }
        Ok(())
    }
);
