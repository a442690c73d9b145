use super::*;
use crate::domain::dns::{CaaAnswer, CaaQuestion, DnsCheck, LETS_ENCRYPT};
use crate::time::Timestamp;

fn name(text: &str) -> DomainName {
    text.parse().expect("a name")
}

fn addresses(texts: &[&str]) -> Vec<IpAddr> {
    texts.iter().map(|text| text.parse().expect("an address")).collect()
}

fn answers(texts: &[&str]) -> DnsAnswers {
    let found = addresses(texts);
    let v4: Vec<_> = found.iter().filter_map(|a| if let IpAddr::V4(v4) = a { Some(*v4) } else { None }).collect();
    let v6: Vec<_> = found.iter().filter_map(|a| if let IpAddr::V6(v6) = a { Some(*v6) } else { None }).collect();
    DnsAnswers {
        a: if v4.is_empty() { DnsAnswer::NoRecord } else { DnsAnswer::Found(v4) },
        aaaa: if v6.is_empty() { DnsAnswer::NoRecord } else { DnsAnswer::Found(v6) },
        aliases: Vec::new(),
        caa: CaaAnswer::Nobody,
    }
}

/// What is said of shop.example.com: the sentence, the advice, and whether an order may be spent.
fn said(found: &DnsAnswers, own: &[&str]) -> (String, String, bool) {
    let (shop, own) = (name("shop.example.com"), addresses(own));
    let verdict = DnsVerdict::of(&shop, found, &own);
    let may = verdict.http01(&shop, &own);
    if let Err(problem) = &may {
        assert!(problem.hint.is_some(), "{problem} has no next step");
    }
    (verdict.sentence(&shop), verdict.advice(&shop, &own).unwrap_or_default(), may.is_ok())
}

const BOTH: [&str; 2] = ["203.0.113.7", "2001:db8::7"];

#[test]
fn every_verdict_in_words() {
    type Case<'a> = (&'a [&'a str], &'a [&'a str], &'a str, &'a str, bool);
    let table: [Case<'_>; 12] = [
        (&BOTH, &BOTH, "shop.example.com leads to this server.", "", true),
        (&["203.0.113.7"], &BOTH, "shop.example.com leads to this server.", "", true),
        (
            &["104.16.1.1", "2606:4700::6810:1"],
            &BOTH,
            "shop.example.com leads to Cloudflare.",
            "Set SSL/TLS to Full (strict) at Cloudflare, else visitors are sent in circles or their traffic comes here unproven. HTTP-01 passes through.",
            true,
        ),
        (
            &["203.0.113.7", "2a00:1450::1"],
            &BOTH,
            "shop.example.com leads here with 203.0.113.7, and elsewhere with 2a00:1450::1.",
            "Let's Encrypt and most visitors prefer IPv6: remove the AAAA record of shop.example.com with 2a00:1450::1, or change it to 2001:db8::7.",
            false,
        ),
        (
            &["203.0.113.7", "2a00:1450::1"],
            &["203.0.113.7"],
            "shop.example.com leads here with 203.0.113.7, and elsewhere with 2a00:1450::1.",
            "Let's Encrypt and most visitors prefer IPv6: remove the AAAA record of shop.example.com with 2a00:1450::1.",
            false,
        ),
        (
            &["8.8.8.8", "2001:db8::7"],
            &BOTH,
            "shop.example.com leads here with 2001:db8::7, and elsewhere with 8.8.8.8.",
            "Visitors on IPv4 end elsewhere: remove the A record of shop.example.com with 8.8.8.8, or change it to 203.0.113.7.",
            true,
        ),
        (
            &["8.8.8.8", "203.0.113.7"],
            &["203.0.113.7"],
            "shop.example.com leads here with 203.0.113.7, and elsewhere with 8.8.8.8.",
            "Visitors on IPv4 end elsewhere: remove the A record of shop.example.com with 8.8.8.8, or change it to 203.0.113.7.",
            false,
        ),
        (
            &["8.8.8.8"],
            &BOTH,
            "shop.example.com leads to 8.8.8.8, which is not this server.",
            "Add an A record for shop.example.com with 203.0.113.7 and an AAAA record with 2001:db8::7, and remove the one with 8.8.8.8. \
             If a proxy or router of yours stands there, start Homeport with --public-address and its address.",
            false,
        ),
        (
            &["192.168.1.5"],
            &["203.0.113.7"],
            "shop.example.com leads to 192.168.1.5, inside a private network.",
            "Add an A record for shop.example.com with 203.0.113.7, or order its certificate with DNS-01, through a DNS provider in Settings.",
            false,
        ),
        (
            &["8.8.8.8"],
            &[],
            "shop.example.com leads to 8.8.8.8; this server does not know its own public address.",
            "Start Homeport with --public-address and the address under which this server is reached.",
            true,
        ),
        (
            &[],
            &["203.0.113.7"],
            "shop.example.com has no address in DNS.",
            "Add an A record for shop.example.com with 203.0.113.7.",
            false,
        ),
        (
            &[],
            &[],
            "shop.example.com has no address in DNS.",
            "Add an A record for shop.example.com with this server's public address.",
            false,
        ),
    ];
    for (found, own, sentence, advice, may) in table {
        assert_eq!(said(&answers(found), own), (sentence.to_owned(), advice.to_owned(), may), "{found:?} {own:?}");
    }
}

#[test]
fn a_private_address_that_is_said_to_be_ours_is_here() {
    assert!(said(&answers(&["10.0.0.5"]), &["10.0.0.5"]).2);
}

#[test]
fn a_cdn_beside_another_address_is_no_cdn() {
    let mixed = answers(&["104.16.1.1", "8.8.8.8"]);
    assert!(!said(&mixed, &["203.0.113.7"]).2);
    let ours = answers(&["104.16.1.1", "203.0.113.7"]);
    assert!(matches!(
        DnsVerdict::of(&name("shop.example.com"), &ours, &addresses(&["203.0.113.7"])),
        DnsVerdict::Partly { .. }
    ));
}

#[test]
fn a_tunnel_is_seen_by_its_alias() {
    let mut found = answers(&["fd10:aec2:5dae::"]);
    found.aliases = vec!["6ff42ae2.cfargotunnel.com".into()];
    let (sentence, advice, may) = said(&found, &["203.0.113.7"]);
    assert_eq!(sentence, "shop.example.com is a CNAME to a Cloudflare Tunnel, without Cloudflare's proxy.");
    assert!(advice.contains("orange cloud") && !may);
}

#[test]
fn half_an_answer_is_none() {
    for trouble in [DnsTrouble::Silent, DnsTrouble::ServerFailure, DnsTrouble::Refused, DnsTrouble::Nonsense] {
        let mut found = answers(&["203.0.113.7"]);
        found.aaaa = DnsAnswer::Failed(trouble);
        let (sentence, _, may) = said(&found, &BOTH);
        assert_eq!((sentence, may), (format!("{}.", trouble.words()), false));
        assert_eq!(DnsTrouble::from_word(trouble.as_str()), Some(trouble));
    }
}

#[test]
fn names_for_private_networks_have_no_public_certificate() {
    for text in
        ["shop.localhost", "nas.local", "a.b.internal", "router.home.arpa", "x.lan", "a.test", "*.corp.internal"]
    {
        let local = name(text);
        let verdict = DnsVerdict::of(&local, &answers(&["203.0.113.7"]), &addresses(&BOTH));
        assert_eq!(verdict, DnsVerdict::Local, "{text}");
        assert!(verdict.http01(&local, &[]).is_err());
    }
    for text in ["example.com", "local.example.com", "notlocal.com", "mylan.org", "arpa.example"] {
        let expected = text == "arpa.example";
        assert_eq!(is_local(&name(text)), expected, "{text}");
    }
}

#[test]
fn wildcards_want_dns_01() {
    let all = name("*.example.com");
    let own = addresses(&BOTH);
    let verdict = DnsVerdict::of(&all, &answers(&BOTH), &own);
    let problem = verdict.http01(&all, &own).expect_err("not by HTTP-01");
    assert_eq!(
        problem.to_string(),
        "A certificate for *.example.com is only given for a record in DNS (DNS-01). \
         Add a DNS provider for example.com in Settings, under DNS providers."
    );
}

#[test]
fn orders_are_not_spent_on_old_answers_nor_against_caa() {
    let question = CaaQuestion { issuers: &[LETS_ENCRYPT], method: "http-01", account: None };
    let mut check = DnsCheck {
        name: name("shop.example.com"),
        answers: answers(&BOTH),
        own: addresses(&BOTH),
        at: Timestamp::from_ms(1),
        asked_at: Timestamp::from_ms(1),
        trouble: None,
    };
    assert_eq!((check.http01(&question), check.dns01(&question)), (Ok(()), Ok(())));
    let elsewhere = DnsCheck { answers: answers(&["8.8.8.8"]), ..check.clone() };
    assert!(elsewhere.http01(&question).is_err() && elsewhere.dns01(&question).is_ok());
    check.trouble = Some((DnsTrouble::Silent, Timestamp::from_ms(2)));
    assert_eq!(check.http01(&question).expect_err("old").code, Code::Unavailable);
    check.trouble = None;
    check.answers.caa = CaaAnswer::Failed { at: "example.com".into(), why: DnsTrouble::ServerFailure };
    assert!(check.http01(&question).is_err() && check.dns01(&question).is_err());
    let text = serde_json::to_string(&check).expect("json");
    assert_eq!(serde_json::from_str::<DnsCheck>(&text).expect("reads back"), check);
    let local = DnsCheck { name: name("nas.local"), ..elsewhere };
    assert!(local.dns01(&question).is_err());
}

#[test]
fn answers_are_shown_in_short() {
    assert_eq!(answers(&["203.0.113.7", "203.0.113.8"]).a.shown(), "203.0.113.7, 203.0.113.8");
    assert_eq!(answers(&[]).a.shown(), "none");
    assert_eq!(DnsAnswer::<IpAddr>::Failed(DnsTrouble::ServerFailure).shown(), "SERVFAIL");
}
