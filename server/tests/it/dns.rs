//! Where names lead: asked of a real name server, told apart, kept.

use std::net::SocketAddr;

use homeport_model::{
    domain::dns::{CaaQuestion, Cdn, DnsAnswer, DnsCheck, DnsTrouble, DnsVerdict, LETS_ENCRYPT, LOCAL},
    name::DomainName,
    problem::Code,
};
use homeport_server::{
    ambient::Clock,
    audit::Audit,
    db::Db,
    dns::{Dns, Parts, Patience},
    drivers::dns::Resolver,
    egress::Egress,
    live::Hub,
    state::StateFolder,
};
use tempfile::TempDir;
use tokio::net::UdpSocket;

use crate::support::knot::Knot;

/// How long a published record stays at most.
pub const LEFT: std::time::Duration = std::time::Duration::from_secs(3);

/// The service with a store of its own.
pub struct Asking {
    pub dns: Dns,
    pub clock: Clock,
    pub audit: Audit,
    _state: StateFolder,
    _folder: TempDir,
}

impl Asking {
    /// Asks `resolvers`, and zones' own servers at `zone_port`.
    pub async fn of(resolvers: &[SocketAddr], zone_port: u16, local: bool) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let state = StateFolder::lock(&folder.path().join("state")).expect("locks");
        let (db, sealer) = Db::open(&state).await.expect("opens");
        let clock = Clock::default();
        let audit = Audit::new(db.clone(), clock.clone());
        let every = std::time::Duration::from_millis(100);
        let dns = Dns::new(Parts {
            db,
            clock: clock.clone(),
            audit: audit.clone(),
            sealer,
            hub: Hub::default(),
            resolver: Resolver::new(resolvers.to_vec(), zone_port),
            egress: Egress::new(local),
            public: vec!["203.0.113.7".parse().expect("one"), "2001:db8::7".parse().expect("one")],
            local,
            patience: Patience { limit: std::time::Duration::from_secs(1), every, left: LEFT },
        });
        Self { dns, clock, audit, _state: state, _folder: folder }
    }

    async fn at(knot: &Knot) -> Self {
        Self::of(&[knot.address], knot.address.port(), true).await
    }

    async fn check(&self, text: &str) -> DnsCheck {
        self.dns.check(&name(text)).await.expect("a check")
    }
}

pub fn name(text: &str) -> DomainName {
    text.parse().expect("a name")
}

const LETS: CaaQuestion<'static> = CaaQuestion { issuers: &[LETS_ENCRYPT], method: "http-01", account: None };

const ZONE: &str = "
@        NS    ns1
ns1      A     127.0.0.1
here     A     203.0.113.7
         AAAA  2001:db8::7
four     A     203.0.113.7
other    A     8.8.8.8
cdn      A     104.16.1.1
         AAAA  2606:4700::6810:101
partly   A     203.0.113.7
         AAAA  2a00:1450::1
private  A     192.168.1.5
words    TXT   \"hello\" \" there\"
tunnel   CNAME 6ff42ae2.cfargotunnel.com.
one      CNAME two
two      CNAME here
far      CNAME shop.example.net.
gone     CNAME nowhere
round    CNAME again
again    CNAME round
*.wild   A     203.0.113.7
strict   A     203.0.113.7
strict   CAA   0 issue \"digicert.com\"
below.strict A 203.0.113.7
by-dns   A     203.0.113.7
by-dns   CAA   0 issue \"letsencrypt.org; validationmethods=dns-01\"
";

fn zones() -> Vec<(&'static str, &'static str)> {
    vec![
        ("example.com", ZONE),
        ("example.net", "@ NS ns1\nns1 A 127.0.0.1\nshop A 203.0.113.7\n@ CAA 0 issue \"sectigo.com\"\n"),
        ("example.org", ""),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_becomes_its_verdict() {
    let knot = Knot::start(&zones());
    let asking = Asking::at(&knot).await;
    let cdn = DnsVerdict::Cdn { cdn: Cdn::Cloudflare };
    for (text, verdict, may) in [
        ("here.example.com", DnsVerdict::Here, true),
        ("four.example.com", DnsVerdict::Here, true),
        ("one.example.com", DnsVerdict::Here, true),
        ("far.example.com", DnsVerdict::Here, true),
        ("cdn.example.com", cdn, true),
        ("a.wild.example.com", DnsVerdict::Here, true),
        ("*.wild.example.com", DnsVerdict::Here, false),
        ("tunnel.example.com", DnsVerdict::Tunnel, false),
        ("words.example.com", DnsVerdict::NoRecord, false),
        ("missing.example.com", DnsVerdict::NoRecord, false),
        ("gone.example.com", DnsVerdict::NoRecord, false),
        ("round.example.com", DnsVerdict::Unknown { why: DnsTrouble::Nonsense }, false),
        ("shop.example.org", DnsVerdict::Unknown { why: DnsTrouble::ServerFailure }, false),
        ("shop.unserved.com", DnsVerdict::Unknown { why: DnsTrouble::Refused }, false),
        ("nas.local", DnsVerdict::Local, false),
        ("by-dns.example.com", DnsVerdict::Here, false),
    ] {
        let check = asking.check(text).await;
        assert_eq!(check.verdict(), verdict, "{text}: {check:?}");
        assert_eq!(check.http01(&LETS).is_ok(), may, "{text}: {:?}", check.http01(&LETS));
    }
    assert!(matches!(asking.check("other.example.com").await.verdict(), DnsVerdict::Elsewhere { .. }));
    assert!(matches!(asking.check("partly.example.com").await.verdict(), DnsVerdict::Partly { .. }));
    assert!(matches!(asking.check("private.example.com").await.verdict(), DnsVerdict::Private { .. }));
    // A missing record and a missing name are not the same.
    assert_eq!(asking.check("words.example.com").await.answers.a, DnsAnswer::NoRecord);
    assert_eq!(asking.check("missing.example.com").await.answers.a, DnsAnswer::NoName);
    let one = asking.check("one.example.com").await;
    assert_eq!(one.answers.aliases, ["two.example.com", "here.example.com"]);
    // CAA records: at the name, above it, and at what an alias leads to.
    for (text, at) in [
        ("strict.example.com", "strict.example.com"),
        ("below.strict.example.com", "strict.example.com"),
        ("*.below.strict.example.com", "strict.example.com"),
        ("shop.example.net", "example.net"),
    ] {
        let question = CaaQuestion { method: "dns-01", ..LETS };
        let problem = asking.check(text).await.dns01(&question).expect_err("forbidden");
        assert!(
            problem.to_string().contains(&format!("Add a CAA record for {at}: 0 issue \"letsencrypt.org\"")),
            "{problem}"
        );
    }
    let by_dns = asking.check("by-dns.example.com").await;
    assert_eq!(by_dns.dns01(&CaaQuestion { method: "dns-01", ..LETS }), Ok(()));
    let problem = asking.check("missing.example.com").await.http01(&LETS).expect_err("no address");
    assert_eq!(
        problem.to_string(),
        "missing.example.com has no address in DNS. \
         Add an A record for missing.example.com with 203.0.113.7 and an AAAA record with 2001:db8::7."
    );
}

/// Authorities look above the domain that somebody registered, too (RFC 8659, section 3).
#[tokio::test(flavor = "multi_thread")]
async fn caa_records_count_up_to_the_last_label() {
    let zone = "@ NS ns1\nns1 A 127.0.0.1\nme A 203.0.113.7\n@ CAA 0 issue \"sectigo.com\"\n";
    let knot = Knot::start(&[("duckdns.org", zone)]);
    let asking = Asking::at(&knot).await;
    assert_eq!(asking.dns.registered_domain("me.duckdns.org"), "me.duckdns.org");
    let problem = asking.check("me.duckdns.org").await.http01(&LETS).expect_err("forbidden");
    assert!(problem.title.contains("duckdns.org let only sectigo.com"), "{problem}");
}

/// A real top-level domain's names can have certificates.
#[test]
fn names_for_private_networks_are_no_top_level_domains() {
    for local in LOCAL {
        let suffix = psl::suffix(local.as_bytes()).expect("a suffix");
        let reserved = ["onion", "home.arpa"].contains(&local);
        assert_eq!(suffix.is_known(), reserved, "{local}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resolver_that_is_gone_leaves_the_last_answer_with_its_age() {
    let mut knot = Knot::start(&zones());
    let asking = Asking::at(&knot).await;
    let here = name("here.example.com");
    assert_eq!(asking.dns.last_check(&here).await.expect("a look"), None);
    let first = asking.dns.check(&here).await.expect("a check");
    knot.stop();
    asking.clock.advance_ms(60_000);
    let second = asking.dns.check(&here).await.expect("a check");
    assert_eq!((second.verdict(), second.at), (DnsVerdict::Here, first.at));
    let (why, since) = second.trouble.expect("in trouble");
    assert_eq!((why, second.asked_at), (DnsTrouble::Silent, since));
    assert!(since.since(first.at) >= 60_000);
    // No order is spent on an old answer.
    assert_eq!(second.http01(&LETS).expect_err("old").code, Code::Unavailable);
    asking.clock.advance_ms(60_000);
    let third = asking.dns.check(&here).await.expect("a check");
    assert_eq!(third.trouble, Some((DnsTrouble::Silent, since)), "since the first time");
    assert_eq!(asking.dns.last_check(&here).await.expect("a look"), Some(third));
    let never = asking.check("other.example.com").await;
    assert_eq!(never.verdict(), DnsVerdict::Unknown { why: DnsTrouble::Silent });
    // The next resolver of the list is asked when the first is silent.
    let knot = Knot::start(&zones());
    let two = Asking::of(&["127.0.0.1:9".parse().expect("an address"), knot.address], 53, true).await;
    assert_eq!(two.check("here.example.com").await.verdict(), DnsVerdict::Here);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_in_use_are_asked_once_an_hour_and_others_forgotten() {
    let mut knot = Knot::start(&zones());
    let asking = Asking::at(&knot).await;
    let (here, other) = (name("here.example.com"), name("other.example.com"));
    asking.dns.reconcile(&[here.clone(), other.clone()]).await.expect("asked");
    let first = asking.dns.last_checks().await.expect("checks");
    assert_eq!(first.iter().map(|check| check.name.clone()).collect::<Vec<_>>(), [here.clone(), other.clone()]);
    asking.clock.advance_ms(59 * 60_000);
    asking.dns.reconcile(&[here.clone(), other.clone()]).await.expect("nothing is due");
    assert_eq!(asking.dns.last_checks().await.expect("checks"), first);
    asking.clock.advance_ms(60_000);
    asking.dns.reconcile(std::slice::from_ref(&here)).await.expect("asked");
    let second = asking.dns.last_checks().await.expect("checks");
    assert_eq!(second.len(), 1);
    assert!(second[0].at > first[0].at);
    // In trouble it is asked more often, and not on every call.
    knot.stop();
    asking.clock.advance_ms(60 * 60_000);
    for (wait_ms, asked) in [(0, true), (60_000, false), (5 * 60_000, true)] {
        asking.clock.advance_ms(wait_ms);
        let before = asking.dns.last_checks().await.expect("checks");
        asking.dns.reconcile(std::slice::from_ref(&here)).await.expect("asked");
        assert_eq!(asking.dns.last_checks().await.expect("checks") != before, asked, "{wait_ms}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_late_and_broken_answers_are_not_believed() {
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
    let address = socket.local_addr().expect("an address");
    tokio::spawn(async move {
        let mut buffer = [0; 2_048];
        while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
            let question = buffer[..length].to_vec();
            let broken = question.windows(6).any(|word| word == b"broken");
            let mut answer = question.clone();
            answer[2] |= 0x80;
            answer[3] = 5;
            // Another number; another name; then its own answer, a refusal or something cut off.
            let mut number = answer.clone();
            number[0] ^= 1;
            number[3] = 0;
            let mut other = answer.clone();
            other[13] ^= 1;
            other[3] = 0;
            let own = if broken { answer[..length - 3].to_vec() } else { answer };
            for datagram in [&number[..], &other, &own] {
                socket.send_to(datagram, from).await.expect("sent");
            }
        }
    });
    let asking = Asking::of(&[address], 53, true).await;
    for (text, why) in [("shop.example.com", DnsTrouble::Refused), ("broken.example.com", DnsTrouble::Nonsense)] {
        assert_eq!(asking.check(text).await.verdict(), DnsVerdict::Unknown { why }, "{text}");
    }
}

#[tokio::test]
async fn limits_count_by_the_domain_that_was_registered() {
    let asking = Asking::of(&[], 53, true).await;
    for (host, domain) in [
        ("shop.example.com", "example.com"),
        ("example.com", "example.com"),
        ("a.b.example.co.uk", "example.co.uk"),
        ("ada.github.io", "ada.github.io"),
        ("xn--bcher-kva.example.de", "example.de"),
        ("co.uk", "co.uk"),
        ("nas.fritz.lan", "fritz.lan"),
    ] {
        assert_eq!(asking.dns.registered_domain(host), domain, "{host}");
    }
    let own = asking.dns.public_addresses();
    assert_eq!(own[..2].iter().map(ToString::to_string).collect::<Vec<_>>(), ["203.0.113.7", "2001:db8::7"]);
}
