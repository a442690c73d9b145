//! Certificates as people have them: what is read, what is refused and in which words, and that nothing
//! hostile takes long.

use std::time::Instant;

use homeport_model::{certificate::served::Unseen, name::HostName, prelude::Timestamp};
use homeport_server::drivers::tls::{self, Error, facts, look_plain, look_secure, read_pair, self_signed};
use proptest::prelude::*;
use tokio::io::AsyncWriteExt;

use crate::support::authority::Authority;

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("fixtures/certificates/", $name))
    };
}

fn refused(chain: &str, key: &str) -> Error {
    read_pair(chain, key).err().unwrap_or_else(|| panic!("it was taken:\n{chain}"))
}

#[test]
fn keys_of_every_spelling_belong_to_their_certificate() {
    for (chain, key) in [
        (fixture!("rsa.cert.pem"), fixture!("rsa.pkcs8.pem")),
        (fixture!("rsa.cert.pem"), fixture!("rsa.pkcs1.pem")),
        (fixture!("ec.cert.pem"), fixture!("ec.sec1.pem")),
    ] {
        let pair = read_pair(chain, key).expect("a pair");
        assert!(pair.self_signed && pair.missing.is_none());
        assert_eq!(pair.facts.names[0].as_str(), "shop.example.com");
        assert_eq!(pair.chain, chain);
        assert!(pair.chain.len() < 2_000 && pair.key.expose().starts_with(b"-----BEGIN "));
        // Both in one field, the wrong way round, with Windows line ends, with words around, in one line.
        for text in [
            format!("{key}{chain}"),
            format!("{chain}\n{key}").replace('\n', "\r\n"),
            format!("\u{feff}subject=CN = shop\n  -----\n{chain}some words\n{key}thank you"),
            format!("{chain}{key}").replace('\n', " "),
            format!("{chain}{key}").replace('\n', ""),
        ] {
            let again = read_pair(&text, "").unwrap_or_else(|error| panic!("{error}: {text}"));
            assert_eq!((again.chain.as_str(), &again.facts), (chain, &pair.facts), "{text}");
            assert!(read_pair("", &text).is_ok());
        }
    }
}

#[test]
fn the_chain_is_put_in_order_without_its_root() {
    let root = Authority::root("Root");
    let (upper, other) = (root.below("Upper"), root.below("Other"));
    let lower = upper.below("Lower");
    let leaf = lower.issue("shop.example.com");
    let all =
        [&lower.pem, &root.pem, &leaf.certificate, &other.pem, &upper.pem, &lower.pem].map(String::as_str).concat();
    let pair = read_pair(&all, &leaf.key).expect("a pair");
    assert_eq!(pair.chain, format!("{}{}{}", leaf.certificate, lower.pem, upper.pem));
    assert_eq!((pair.missing, pair.self_signed), (None, false));
    assert_eq!(pair.facts.issuer, "Lower");
    assert_eq!(facts(&all).expect("facts"), pair.facts, "the leaf is found wherever it stands");

    let pair = read_pair(&format!("{}{}", leaf.certificate, lower.pem), &leaf.key).expect("a pair");
    assert_eq!(pair.missing.as_deref(), Some("Upper"));
    let pair = read_pair(&leaf.certificate, &leaf.key).expect("a pair");
    assert_eq!(pair.missing.as_deref(), Some("Lower"));
    // Of that name, and not the one that signed.
    let stranger = Authority::root("Lower");
    let pair = read_pair(&format!("{}{}", leaf.certificate, stranger.pem), &leaf.key).expect("a pair");
    assert_eq!((pair.missing.as_deref(), pair.chain), (Some("Lower"), leaf.certificate.clone()));
    // The newest, when the one before is there, too.
    let old = read_pair(fixture!("ec.cert.pem"), fixture!("ec.sec1.pem")).expect("a pair");
    let both = format!("{}{}{}", leaf.certificate, leaf.key, fixture!("ec.cert.pem"));
    assert_eq!(read_pair(&both, fixture!("ec.sec1.pem")).expect("a pair").facts.serial, old.facts.serial);
}

#[test]
fn a_cdns_authority_is_known_by_its_unit() {
    let origin = Authority::cloudflare_origin().issue("*.example.com");
    let pair = read_pair(&origin.certificate, &origin.key).expect("a pair");
    assert_eq!(pair.facts.issuer, "CloudFlare Origin SSL Certificate Authority");
    assert!(homeport_model::certificate::own::is_cdn_origin(&pair.facts));
    assert_eq!(pair.facts.names[0].as_str(), "*.example.com");
}

#[test]
fn what_is_wrong_is_said_with_its_field() {
    let root = Authority::root("Root");
    let (one, two) = (root.issue("one.example.com"), root.issue("two.example.com"));
    let cut = &one.certificate[..one.certificate.len() - 30];
    let damaged = one.certificate.replacen("MII", "M@I", 1);
    let not_der = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for (chain, key, field, says) in [
        ("", "", "certificate", "no certificate"),
        (one.key.as_str(), "", "certificate", "no certificate"),
        ("hello", one.key.as_str(), "certificate", "no certificate"),
        (one.certificate.as_str(), "", "key", "no private key"),
        (one.certificate.as_str(), "hello", "key", "no private key"),
        (one.certificate.as_str(), two.key.as_str(), "key", "does not belong to the certificate for one.example.com"),
        (cut, one.key.as_str(), "certificate", "CERTIFICATE has no end"),
        (damaged.as_str(), one.key.as_str(), "certificate", "CERTIFICATE is damaged"),
        (not_der, one.key.as_str(), "certificate", "certificate 1 in it does not read"),
        (fixture!("request.pem"), fixture!("ec.sec1.pem"), "certificate", "a request for a certificate"),
        (fixture!("bundle.p7b"), fixture!("ec.sec1.pem"), "certificate", "PKCS#7"),
        (fixture!("rsa.cert.pem"), fixture!("rsa.encrypted.pem"), "key", "encrypted with a passphrase"),
        (fixture!("rsa.cert.pem"), fixture!("rsa.old_encrypted.pem"), "key", "encrypted with a passphrase"),
        (fixture!("weak.cert.pem"), fixture!("weak.key.pem"), "certificate", "RSA key of 1024 bits"),
        (fixture!("sha1.cert.pem"), fixture!("rsa.pkcs8.pem"), "certificate", "signed with SHA-1"),
        (
            one.certificate.as_str(),
            "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----",
            "key",
            "for SSH",
        ),
        (
            one.certificate.as_str(),
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
            "key",
            "does not read",
        ),
        (
            one.certificate.as_str(),
            "-----BEGIN DSA PRIVATE KEY-----\nAAAA\n-----END DSA PRIVATE KEY-----",
            "key",
            "of a kind",
        ),
    ] {
        let error = refused(chain, key);
        assert!(error.to_string().contains(says), "{says}: {error}");
        assert_eq!(error.field(), field, "{error}");
        assert!(error.hint().ends_with('.'), "{error}");
    }
    let many = root.pem.repeat(25);
    assert!(matches!(refused(&many, ""), Error::TooMany { .. }));
    assert!(matches!(refused(&"x".repeat(tls::MOST_BYTES + 1), ""), Error::TooLarge { .. }));
}

#[test]
fn a_self_signed_one_is_for_its_name_and_a_year() {
    let now = Timestamp::from_ms(1_795_232_519_000);
    let long = format!("{}.{}.example.com", "a".repeat(60), "b".repeat(60));
    for name in ["shop.example.com", "*.example.com", &long] {
        let pair = self_signed(&name.parse().expect("a name"), now).expect("made");
        assert!(pair.self_signed && pair.facts.covers(&name.parse().expect("a name")));
        assert_eq!(pair.facts.not_after.since(now), homeport_model::certificate::own::SELF_SIGNED_MS);
        assert!(pair.facts.not_before < now);
    }
}

#[test]
fn nothing_hostile_takes_long_or_panics() {
    let began = Instant::now();
    let root = Authority::root("Root");
    let one = root.issue("shop.example.com");
    // Cut at every byte, with its base64 intact: the DER ends early.
    let blocks: String = one.certificate.lines().filter(|line| !line.starts_with('-')).collect();
    for end in (0..blocks.len()).step_by(4) {
        let text = format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", &blocks[..end]);
        assert!(read_pair(&text, &one.key).is_err());
    }
    for text in [
        "-----BEGIN CERTIFICATE-----".repeat(40_000),
        "-----BEGIN ".repeat(95_000),
        "-----BEGIN CERTIFICATE-----\n".repeat(9_000),
        "-----END CERTIFICATE-----\n".repeat(9_000),
        format!("-----BEGIN {}-----", "A".repeat(200_000)),
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----", "MIIB".repeat(60_000)),
        "-----".repeat(50_000),
    ] {
        assert!(facts(&text).is_err() && read_pair(&text, &text).is_err());
    }
    let mut bytes = vec![0_u8; 100_000];
    let mut state = 0x9e37_79b9_u32;
    for byte in &mut bytes {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *byte = (state >> 24) as u8;
    }
    assert!(facts(&String::from_utf8_lossy(&bytes)).is_err());
    let packed = homeport_model::text::base64(&bytes, false);
    assert!(facts(&format!("-----BEGIN CERTIFICATE-----\n{packed}\n-----END CERTIFICATE-----")).is_err());
    assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    /// A certificate with bytes changed is read or refused, and never believed to have another's key.
    #[test]
    fn changed_bytes_are_no_panic(at in 0_usize..600, byte in any::<u8>()) {
        let text = fixture!("ec.cert.pem");
        let body: String = text.lines().filter(|line| !line.starts_with('-')).collect();
        let mut der = base64_bytes(&body);
        let at = at % der.len();
        der[at] = byte;
        let packed = homeport_model::text::base64(&der, false);
        let changed = format!("-----BEGIN CERTIFICATE-----\n{packed}\n-----END CERTIFICATE-----\n");
        let _ = facts(&changed);
        if let Ok(pair) = read_pair(&changed, fixture!("ec.sec1.pem")) {
            prop_assert!(pair.facts.names.len() <= 1);
        }
    }
}

fn base64_bytes(text: &str) -> Vec<u8> {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.decode(text).expect("base64")
}

#[tokio::test]
async fn what_cannot_be_seen_is_said() {
    let name: HostName = "shop.example.com".parse().expect("a name");
    let now = Timestamp::from_ms(1_795_232_519_000);
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let closed = nobody.local_addr().expect("an address");
    drop(nobody);
    assert_eq!(look_secure(closed, &name, now).await, Err(Unseen::Refused));
    assert_eq!(look_plain(closed, &name).await, Err(Unseen::Refused));

    // One who speaks something else, one who says nothing and leaves, one who never ends his head.
    for says in ["HTTP/1.1 400 Bad Request\r\n\r\n", "", "\u{16}\u{3}\u{1}"] {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let served = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a visitor");
            stream.write_all(says.as_bytes()).await.expect("said");
            stream.shutdown().await.expect("ended");
        });
        assert!(matches!(look_secure(address, &name, now).await, Err(Unseen::Broken(_))), "{says:?}");
        served.await.expect("ended");
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let endless = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a visitor");
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n").await;
        while stream.write_all(b"x-more: and more and more and more\r\n").await.is_ok() {}
    });
    assert!(matches!(look_plain(address, &name).await, Err(Unseen::Broken(_))));
    endless.await.expect("cut off");
}
