//! The session cookie: `__Host-sid`, which no sibling host can set and no script can read.

use homeport_model::secret::Secret;
use http::{HeaderMap, HeaderValue, header};

const NAME: &str = "__Host-sid";
const ATTRIBUTES: &str = "Path=/; Secure; HttpOnly; SameSite=Strict";

/// The cookie's value. Two of that name are none: one of them is not ours.
pub(super) fn read(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().strip_prefix(NAME)?.strip_prefix('='));
    let value = values.next()?;
    if values.next().is_some() { None } else { Some(value) }
}

/// Whether a cookie of that name came along, good or not.
pub(super) fn present(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::COOKIE)
        .iter()
        .any(|line| line.as_bytes().windows(NAME.len()).any(|part| part == NAME.as_bytes()))
}

/// Sets it.
pub(super) fn set(token: &Secret<String>) -> HeaderValue {
    let text = format!("{NAME}={}; {ATTRIBUTES}", token.expose());
    let mut value = HeaderValue::try_from(text).unwrap_or_else(|_| clear());
    value.set_sensitive(true);
    value
}

/// Ends it.
pub(super) fn clear() -> HeaderValue {
    HeaderValue::from_static("__Host-sid=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[&str]) -> HeaderMap {
        lines.iter().map(|line| (header::COOKIE, HeaderValue::try_from(*line).expect("a value"))).collect()
    }

    #[test]
    fn one_cookie_of_the_name_counts() {
        assert_eq!(read(&headers(&["a=b; __Host-sid=x; c=d"])), Some("x"));
        assert_eq!(read(&headers(&["__Host-sid=x; __Host-sid=y"])), None);
        assert_eq!(read(&headers(&["__Host-sid=x", "__Host-sid=y"])), None);
        assert_eq!(read(&headers(&["__Host-sidx=x; x__Host-sid=y"])), None);
        assert!(present(&headers(&["__Host-sid=x; __Host-sid=y"])));
        assert!(!present(&headers(&["sid=x"])));
    }
}
