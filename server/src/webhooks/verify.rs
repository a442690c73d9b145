//! Whether a delivery was made by somebody who knows the secret: over the raw bytes, before anything
//! is read, in constant time (security.md, C-31 and C-32).

use hmac::{Hmac, Mac};
use homeport_model::webhook::Auth;
use http::HeaderMap;
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// Checks a delivery. A header that is missing, there twice or misspelt is a wrong one.
pub(super) fn is_signed(auth: Auth, secret: &str, headers: &HeaderMap, in_address: Option<&str>, body: &[u8]) -> bool {
    match auth {
        Auth::Hmac { header, prefix } => {
            let signature = single(headers, header).and_then(|value| value.strip_prefix(prefix)).and_then(bytes_of);
            let Some(signature) = signature else { return false };
            let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return false };
            mac.update(body);
            mac.verify_slice(&signature).is_ok()
        }
        Auth::Token { header } => single(headers, header).is_some_and(|token| same(token, secret)),
        Auth::Address => in_address.is_some_and(|token| same(token, secret)),
    }
}

fn single<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(first)
}

fn same(one: &str, other: &str) -> bool {
    !other.is_empty() && one.as_bytes().ct_eq(other.as_bytes()).into()
}

/// The bytes of lower-case hexadecimal digits.
fn bytes_of(digits: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let digits = digits.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    digits.chunks(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    // RFC 4231, test case 2.
    const KEY: &str = "Jefe";
    const BODY: &[u8] = b"what do ya want for nothing?";
    const MAC: &str = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    const GITHUB: Auth = Auth::Hmac { header: "x-hub-signature-256", prefix: "sha256=" };

    fn signed(values: &[&str]) -> bool {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("x-hub-signature-256", HeaderValue::from_str(value).expect("a value"));
        }
        is_signed(GITHUB, KEY, &headers, None, BODY)
    }

    #[test]
    fn only_the_right_signature_is_right() {
        let right = format!("sha256={MAC}");
        assert!(signed(&[&right]));
        assert!(!is_signed(GITHUB, "Jefé", &HeaderMap::new(), None, BODY));
        for wrong in [
            "",
            "sha256=",
            MAC,
            &right.to_uppercase(),
            &format!("sha1={MAC}"),
            &right[..70],
            &format!("{right}0"),
            &right.replace('5', "6"),
            "sha256=é",
        ] {
            assert!(!signed(&[wrong]), "{wrong}");
        }
        assert!(!signed(&[]));
        assert!(!signed(&[&right, &right]), "there twice");
    }

    #[test]
    fn a_token_is_the_secret_itself() {
        let auth = Auth::Token { header: "x-gitlab-token" };
        let mut headers = HeaderMap::new();
        headers.insert("x-gitlab-token", HeaderValue::from_static("Jefe"));
        assert!(is_signed(auth, KEY, &headers, None, b""));
        assert!(!is_signed(auth, "", &headers, None, b"") && !is_signed(auth, "Jefe2", &headers, None, b""));
        assert!(is_signed(Auth::Address, KEY, &headers, Some("Jefe"), b""));
        assert!(
            !is_signed(Auth::Address, KEY, &headers, None, b"")
                && !is_signed(Auth::Address, "", &headers, Some(""), b"")
        );
    }
}
