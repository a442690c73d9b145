use super::*;

const DAY: i64 = 86_400_000;

fn domain() -> DomainName {
    "shop.example.com".parse().expect("a name")
}

fn facts(serial: &str) -> CertificateFacts {
    CertificateFacts {
        names: vec![domain()],
        issuer: "R11".into(),
        serial: serial.into(),
        not_before: Timestamp::from_ms(0),
        not_after: Timestamp::from_ms(90 * DAY),
    }
}

fn secure() -> Secure {
    Secure {
        facts: facts("4f2a"),
        issuers: vec!["R11".into(), "ISRG Root X1".into()],
        missing: None,
        self_signed: false,
        trusted: true,
        protocol: Protocol::Tls13,
        http2: true,
        status: Some(200),
        hsts: Some("max-age=15724800".into()),
        compression: Some("gzip".into()),
    }
}

fn look(way: Way, secure: Result<Secure, Unseen>) -> Served {
    let plain = Plain { status: 301, location: Some("https://shop.example.com/".into()) };
    Served {
        at: Timestamp::from_ms(30 * DAY),
        way,
        secure,
        plain: Ok(plain),
        ipv6: Some(true),
        ipv6_serial: Some("4f2a".into()),
    }
}

fn outside(address: &str) -> Way {
    Way::Public { address: Some(address.parse().expect("an address")) }
}

/// An address of Cloudflare's.
fn cloudflare() -> Way {
    outside("104.16.1.1")
}

fn of(certificate: &CertificateFacts) -> Meant<'_> {
    Meant { certificate: Some(certificate), expected: Expected::default() }
}

#[test]
fn what_is_as_meant_has_no_differences() {
    let wanted = facts("4f2a");
    let look = look(Way::Loopback, Ok(secure()));
    assert_eq!(differences(&look, &domain(), of(&wanted)), []);
    let (severity, words) = verdict(std::slice::from_ref(&look), &domain(), of(&wanted)).expect("a verdict");
    assert_eq!((severity, words.as_str()), (Severity::Note, "https, a certificate of R11"));
    assert_eq!(verdict(&[], &domain(), of(&wanted)), None);
    assert!(look.says_the_same(&Served { at: Timestamp::from_ms(1), ..look.clone() }));
    assert!(!look.says_the_same(&Served { ipv6: None, ..look.clone() }));
    let (one, other) = (self::look(cloudflare(), Ok(secure())), self::look(outside("104.16.9.9"), Ok(secure())));
    assert!(one.says_the_same(&other), "a CDN's addresses take turns");
}

#[test]
fn each_difference_is_said_with_what_to_do() {
    let wanted = facts("4f2a");
    let other = |change: fn(&mut Secure)| {
        let mut secure = secure();
        change(&mut secure);
        look(Way::Loopback, Ok(secure))
    };
    let plain = Ok(Plain { status: 200, location: None });
    for (look, severity, says) in [
        (
            other(|s| s.facts.serial = "ff".into()),
            Severity::Bad,
            "Another certificate is served (ff) than the one in use (4f2a)",
        ),
        (other(|s| s.facts.names.clear()), Severity::Bad, "not for this name"),
        (other(|s| s.facts.not_after = Timestamp::from_ms(DAY)), Severity::Bad, "has ended"),
        (other(|s| s.facts.not_before = Timestamp::from_ms(31 * DAY)), Severity::Bad, "not good yet"),
        (other(|s| s.self_signed = true), Severity::Warning, "its own issuer"),
        (
            other(|s| (s.missing, s.facts.serial) = (Some("R11".into()), "ff".into())),
            Severity::Bad,
            "The certificate of R11 is missing",
        ),
        (other(|s| s.trusted = false), Severity::Warning, "No browser knows the root behind R11"),
        (
            other(|s| s.facts.issuer = "CloudFlare Origin SSL ECC Certificate Authority".into()),
            Severity::Note,
            "Only Cloudflare",
        ),
        (other(|s| s.http2 = false), Severity::Warning, "HTTP/2 is off"),
        (other(|s| s.hsts = None), Severity::Note, "HSTS"),
        (look(Way::Loopback, Err(Unseen::Rejected)), Severity::Bad, "rejected all the same"),
        (look(Way::Loopback, Err(Unseen::Refused)), Severity::Unknown, "could not be seen: nothing listens"),
        (look(Way::Loopback, Err(Unseen::TimedOut)), Severity::Unknown, "could not be seen"),
        (Served { plain, ..look(Way::Loopback, Ok(secure())) }, Severity::Warning, "does not lead to https"),
        (
            Served { ipv6_serial: Some("ee".into()), ..look(outside("192.0.2.1"), Ok(secure())) },
            Severity::Bad,
            "By IPv6 another certificate is served (ee)",
        ),
        (Served { ipv6: Some(false), ..look(Way::Loopback, Ok(secure())) }, Severity::Warning, "IPv6"),
    ] {
        let found = differences(&look, &domain(), of(&wanted));
        let one = found.iter().find(|one| one.words.contains(says)).unwrap_or_else(|| panic!("{says}: {found:?}"));
        assert_eq!(one.severity, severity, "{says}");
        assert!(one.words.ends_with('.') && one.hint.ends_with('.'), "{one:?}");
        let (worst, _) = verdict(&[look], &domain(), of(&wanted)).expect("a verdict");
        assert!(worst >= severity, "{says}");
    }
}

#[test]
fn a_cdn_is_no_trouble_and_a_stranger_is() {
    let wanted = facts("4f2a");
    let mut cdn = secure();
    cdn.facts.serial = "cd".into();
    cdn.facts.issuer = "WE1".into();
    let found = differences(&look(cloudflare(), Ok(cdn.clone())), &domain(), of(&wanted));
    assert_eq!(found.iter().map(|one| one.severity).collect::<Vec<_>>(), [Severity::Note]);
    assert!(found[0].words.contains("certificate of WE1: a CDN answers"), "{found:?}");
    // Any other server with a certificate that browsers believe: the one that DNS led to before a move.
    let elsewhere = look(outside("192.0.2.1"), Ok(cdn.clone()));
    let found = differences(&elsewhere, &domain(), of(&wanted));
    assert_eq!(found[0].severity, Severity::Warning);
    assert_eq!(found[0].words, "Another server answers at 192.0.2.1, with a certificate of WE1.");
    let proxied = Meant { expected: Expected { proxied: true, ..Expected::default() }, ..of(&wanted) };
    assert_eq!(differences(&elsewhere, &domain(), proxied)[0].severity, Severity::Note, "a CDN that its owner named");
    cdn.facts.names = vec!["other.example.net".parse().expect("a name")];
    let found = differences(&look(outside("192.0.2.1"), Ok(cdn)), &domain(), of(&wanted));
    assert!(found[0].words.contains("Another server answers at 192.0.2.1"), "{found:?}");
    for why in [Unseen::NotPublic, Unseen::NoAddress] {
        assert_eq!(differences(&look(outside("192.0.2.1"), Err(why)), &domain(), of(&wanted)), []);
    }
}

#[test]
fn a_name_without_a_certificate_is_served_by_http() {
    let looks = [look(Way::Loopback, Err(Unseen::Rejected))];
    let (severity, words) = verdict(&looks, &domain(), Meant::default()).expect("a verdict");
    assert_eq!((severity, words.as_str()), (Severity::Note, "http only: there is no certificate yet"));
    let looks = [look(Way::Loopback, Err(Unseen::Refused))];
    assert_eq!(verdict(&looks, &domain(), Meant::default()).expect("a verdict").0, Severity::Unknown);
    let found = differences(&look(Way::Loopback, Ok(secure())), &domain(), Meant::default());
    assert!(found[0].words.contains("Homeport put none there"), "{found:?}");
}

#[test]
fn looks_survive_the_store() {
    for look in [
        look(Way::Loopback, Ok(secure())),
        look(outside("192.0.2.1"), Err(Unseen::Broken("x".into()))),
        look(Way::Public { address: None }, Err(Unseen::NoAddress)),
    ] {
        let text = serde_json::to_string(&look).expect("text");
        assert_eq!(serde_json::from_str::<Served>(&text).expect("reads"), look, "{text}");
    }
}

#[test]
fn what_a_person_chose_is_no_trouble() {
    let wanted = facts("4f2a");
    let chosen = |plain, http2| Meant { expected: Expected { plain, http2, proxied: false }, ..of(&wanted) };
    let with = |location: Option<&str>, status, http2| Served {
        plain: Ok(Plain { status, location: location.map(str::to_owned) }),
        ..look(Way::Loopback, Ok(Secure { http2, ..secure() }))
    };
    let worst = |look: &Served, meant| differences(look, &domain(), meant).iter().map(|one| one.severity).max();
    let away = with(Some("http://www.example.com/"), 301, true);
    assert_eq!(worst(&away, chosen(PlainHttp::LeadsToHttps, true)), Some(Severity::Warning));
    assert_eq!(worst(&away, chosen(PlainHttp::LeadsAway, true)), None);
    let answered = with(None, 200, false);
    assert_eq!(worst(&answered, chosen(PlainHttp::LeadsAway, false)), Some(Severity::Warning));
    assert_eq!(worst(&answered, chosen(PlainHttp::Answers, false)), Some(Severity::Note));
    assert_eq!(worst(&answered, chosen(PlainHttp::Answers, true)), Some(Severity::Warning));
}

#[test]
fn looks_of_earlier_releases_are_read() {
    let text = serde_json::to_string(&look(Way::Loopback, Ok(secure()))).expect("text");
    let old = text.replace(r#","ipv6_serial":"4f2a""#, "");
    assert_ne!(old, text);
    assert_eq!(serde_json::from_str::<Served>(&old).expect("reads").ipv6_serial, None);
}
