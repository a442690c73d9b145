//! Proofs in DNS, published at a real name server by signed updates and looked for at the zone's own
//! servers.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
};

use homeport_app::backend::DnsProviders;
use homeport_model::{
    domain::dns_provider::{DnsProviderForm, DnsProviderRow},
    prelude::{Actor, Problem},
};
use homeport_server::drivers::dns::Resolver;
use tokio::net::UdpSocket;

use crate::{
    dns::{Asking, LEFT, name},
    support::knot::{Knot, SECRET, SECRET_512},
};

const OWN: &str = "@ NS ns1\nns1 A 127.0.0.1\n";

pub fn form(knot: &Knot, zone: &str) -> DnsProviderForm {
    DnsProviderForm {
        zone: zone.into(),
        kind: "rfc2136".into(),
        token: SECRET.into(),
        server: knot.address.to_string(),
        key_name: "homeport".into(),
        hash: "hmac-sha256".into(),
        ..DnsProviderForm::default()
    }
}

impl Asking {
    async fn with(knot: &Knot) -> Self {
        Self::of(&[knot.address], knot.address.port(), true).await
    }

    async fn keep(&self, form: DnsProviderForm) -> Result<(), Problem> {
        DnsProviders::keep(&self.dns, &Actor::host(), form).await
    }

    async fn rows(&self) -> Vec<DnsProviderRow> {
        DnsProviders::list(&self.dns, &Actor::host()).await.expect("listed")
    }
}

/// The values that a server has.
pub async fn values(address: SocketAddr, name: &str) -> Vec<String> {
    let answer = Resolver::new(Vec::new(), address.port()).texts_at(address.ip(), name).await;
    let mut values = answer.records().to_vec();
    values.sort();
    values
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_is_published_beside_others_and_taken_back_alone() {
    let knot = Knot::start(&[("example.com", OWN)]);
    let asking = Asking::with(&knot).await;
    asking.keep(form(&knot, "example.com")).await.expect("kept");
    assert_eq!(values(knot.address, "_homeport-test.example.com").await, [""; 0], "the try left nothing");
    let (base, wild) = (name("example.com"), name("*.example.com"));
    // Both prove themselves at the same name, at the same time.
    let (first, second) = tokio::join!(asking.dns.put_challenge(&base, "one"), asking.dns.put_challenge(&wild, "two"));
    let (first, second) = (first.expect("published"), second.expect("published"));
    assert_eq!(
        (first.name.as_str(), second.name.as_str()),
        ("_acme-challenge.example.com", "_acme-challenge.example.com")
    );
    assert_eq!(values(knot.address, &first.name).await, ["one", "two"]);
    // Once more is the same.
    asking.dns.put_challenge(&base, "one").await.expect("published");
    asking.dns.remove_challenge(first.clone()).await.expect("removed");
    assert_eq!(values(knot.address, &first.name).await, ["two"]);
    asking.dns.remove_challenge(first).await.expect("it is gone already");
    // A challenge outlives the panel as text.
    let text = serde_json::to_string(&second).expect("json");
    asking.dns.remove_challenge(serde_json::from_str(&text).expect("reads back")).await.expect("removed");
    assert_eq!(values(knot.address, &second.name).await, [""; 0]);
    let row = &asking.rows().await[0];
    assert!(row.last_ok_at.is_some() && row.problem.is_none(), "{row:?}");
    // The key of the other hash.
    let other = DnsProviderForm {
        token: SECRET_512.into(),
        key_name: "homeport-512".into(),
        hash: "hmac-sha512".into(),
        ..form(&knot, "example.com")
    };
    asking.keep(other).await.expect("kept");
    let challenge = asking.dns.put_challenge(&name("a.b.example.com"), "three").await.expect("published");
    assert_eq!(values(knot.address, "_acme-challenge.a.b.example.com").await, ["three"]);
    DnsProviders::forget(&asking.dns, &Actor::host(), &challenge.zone).await.expect("forgotten");
    asking.dns.remove_challenge(challenge).await.expect("nobody is left to ask");
    let problem = Problem::from(asking.dns.put_challenge(&base, "x").await.expect_err("no provider"));
    assert!(problem.title.contains("No DNS provider is kept for example.com"), "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_refuses_is_said_beside_its_field() {
    let knot = Knot::start(&[("example.com", OWN), ("fixed.com", OWN)]);
    let asking = Asking::with(&knot).await;
    let good = form(&knot, "example.com");
    for (form, field, words) in [
        (DnsProviderForm { key_name: "nobody".into(), ..good.clone() }, Some("key_name"), "does not know this key"),
        (DnsProviderForm { token: SECRET_512.into(), ..good.clone() }, Some("token"), "finds the signature wrong"),
        (DnsProviderForm { hash: "hmac-sha512".into(), ..good.clone() }, Some("key_name"), "does not know this key"),
        (DnsProviderForm { zone: "unserved.com".into(), ..good.clone() }, Some("zone"), "has no such zone"),
        (DnsProviderForm { zone: "fixed.com".into(), ..good.clone() }, Some("key_name"), "does not know this key"),
        (DnsProviderForm { server: "127.0.0.1:9".into(), ..good.clone() }, Some("server"), "does not answer"),
        (
            DnsProviderForm { server: "nowhere.example.com".into(), ..good.clone() },
            Some("server"),
            "has no address in DNS",
        ),
    ] {
        let problem = asking.keep(form.clone()).await.expect_err("refused");
        assert!(problem.title.contains(words) && problem.hint.is_some(), "{problem}");
        assert_eq!(problem.field.as_deref(), field, "{problem}");
    }
    assert!(asking.rows().await.is_empty(), "what does not work is not kept");
    // A server by its name, with the panel's clock beside its own.
    let port = knot.address.port();
    let named = DnsProviderForm { server: format!("ns1.example.com:{port}"), ..good };
    asking.keep(named).await.expect("kept");
    asking.clock.advance_ms(3_600_000);
    let zone = asking.rows().await[0].zone.clone();
    let problem = DnsProviders::try_it(&asking.dns, &Actor::host(), &zone).await.expect_err("an hour apart");
    assert!(problem.title.contains("disagree about the time"), "{problem}");
    assert_eq!(asking.rows().await[0].problem.as_deref(), Some(problem.to_string().as_str()));
    // Outside tests a server of this network is not asked.
    let outside = Asking::of(&[knot.address], port, false).await;
    let problem = outside.keep(form(&knot, "example.com")).await.expect_err("refused");
    assert!(problem.title.contains("not public") && problem.field.as_deref() == Some("server"), "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_told_and_a_success_without_a_signature_is_none() {
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
    let address = socket.local_addr().expect("an address");
    let code = Arc::new(AtomicU8::new(0));
    let says = code.clone();
    tokio::spawn(async move {
        let mut question = [0; 2_048];
        while let Ok((_, from)) = socket.recv_from(&mut question).await {
            // Its number, an answer to an update, the code, and nothing more.
            let answer = [question[0], question[1], 0xa8, says.load(Ordering::Relaxed), 0, 0, 0, 0, 0, 0, 0, 0];
            socket.send_to(&answer, from).await.expect("sent");
        }
    });
    let knot = Knot::start(&[("example.com", OWN)]);
    let asking = Asking::with(&knot).await;
    let form = DnsProviderForm { server: address.to_string(), ..form(&knot, "example.com") };
    for (says, words) in [
        (0, "answers without this key's signature"),
        (5, "does not let this key change the record"),
        (9, "has no such zone to change"),
        (2, "answers with an error"),
    ] {
        code.store(says, Ordering::Relaxed);
        let problem = asking.keep(form.clone()).await.expect_err("refused");
        assert!(problem.title.contains(words) && problem.hint.is_some(), "{problem}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_of_a_zones_servers_must_have_it() {
    const TWO: &str = "@ NS ns1\n@ NS ns2\nns1 A 127.0.0.1\nns2 A 127.0.0.2\n";
    let knot = Knot::start(&[("example.com", TWO)]);
    let asking = Asking::with(&knot).await;
    asking.keep(form(&knot, "example.com")).await.expect("kept");
    let shop = name("shop.example.com");
    // The second does not answer: the first is enough.
    let challenge = asking.dns.put_challenge(&shop, "one").await.expect("published");
    asking.dns.remove_challenge(challenge).await.expect("removed");
    // The second answers and does not get updates.
    let second = SocketAddr::new(IpAddr::from([127, 0, 0, 2]), knot.address.port());
    let _lagging = Knot::at(second, &[("example.com", TWO)]);
    let problem = Problem::from(asking.dns.put_challenge(&shop, "two").await.expect_err("not everywhere"));
    assert_eq!(
        problem.title,
        "The record _acme-challenge.shop.example.com was written but not seen within 1 s: ns2.example.com still without it."
    );
    assert_eq!(values(knot.address, "_acme-challenge.shop.example.com").await, [""; 0], "it was taken back");
    assert!(asking.rows().await[0].problem.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_may_be_sent_on_to_another_zone() {
    let main = "@ NS ns1\nns1 A 127.0.0.1\n_acme-challenge.shop CNAME shop.proofs.net.\n";
    let knot = Knot::start(&[("example.com", main), ("proofs.net", OWN)]);
    let asking = Asking::with(&knot).await;
    let shop = name("shop.example.com");
    let problem = Problem::from(asking.dns.put_challenge(&shop, "one").await.expect_err("no provider"));
    assert!(problem.title.contains("_acme-challenge.shop.example.com is a CNAME to shop.proofs.net"), "{problem}");
    asking.keep(form(&knot, "proofs.net")).await.expect("kept");
    let challenge = asking.dns.put_challenge(&shop, "one").await.expect("published");
    assert_eq!((challenge.zone.as_str(), challenge.name.as_str()), ("proofs.net", "shop.proofs.net"));
    assert_eq!(values(knot.address, "shop.proofs.net").await, ["one"]);
    asking.dns.remove_challenge(challenge).await.expect("removed");
    assert_eq!(values(knot.address, "shop.proofs.net").await, [""; 0]);
}

/// `*.example.com CNAME example.com` matches the proof's name as well, until that has a record of its own.
#[tokio::test(flavor = "multi_thread")]
async fn a_wildcards_cname_sends_no_proof_on() {
    let main = format!("{OWN}@ TXT \"v=spf1 -all\"\n* CNAME @\n_acme-challenge.sent CNAME proofs.net.\n");
    let knot = Knot::start(&[("example.com", &main), ("proofs.net", OWN)]);
    let asking = Asking::with(&knot).await;
    asking.keep(form(&knot, "example.com")).await.expect("kept");
    for domain in ["example.com", "*.example.com", "shop.example.com"] {
        let domain = name(domain);
        let challenge = asking.dns.put_challenge(&domain, "one").await.expect("published");
        assert_eq!(challenge.name, format!("_acme-challenge.{}", domain.base()));
        assert_eq!(values(knot.address, &challenge.name).await, ["one"]);
        asking.dns.remove_challenge(challenge).await.expect("removed");
    }
    assert_eq!(values(knot.address, "example.com").await, ["v=spf1 -all"], "nothing of the zone's own is touched");
    // One that stands there is followed, to a zone's own name as well.
    asking.keep(form(&knot, "proofs.net")).await.expect("kept");
    let challenge = asking.dns.put_challenge(&name("sent.example.com"), "two").await.expect("published");
    assert_eq!((challenge.zone.as_str(), challenge.name.as_str()), ("proofs.net", "proofs.net"));
    asking.dns.remove_challenge(challenge).await.expect("removed");
    assert_eq!(values(knot.address, "proofs.net").await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zone_is_typed_in_any_script() {
    let knot = Knot::start(&[("xn--mnchen-3ya.com", OWN)]);
    let asking = Asking::with(&knot).await;
    asking.keep(form(&knot, "München.com")).await.expect("kept");
    assert_eq!(asking.rows().await[0].zone.as_str(), "xn--mnchen-3ya.com");
    let problem = asking.keep(form(&knot, "mün chen.com")).await.expect_err("no name");
    assert_eq!(problem.field.as_deref(), Some("zone"));
}

#[tokio::test(flavor = "multi_thread")]
async fn long_answers_come_over_a_stream() {
    let many: String = (0..40).map(|n| format!("big TXT \"{n:02}-{}\"\n", "x".repeat(100))).collect();
    let knot = Knot::start(&[("example.com", &format!("{OWN}{many}"))]);
    assert_eq!(values(knot.address, "big.example.com").await.len(), 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_order_left_in_a_zone_is_taken_back_once_that_can_be() {
    let knot = Knot::start(&[("example.com", OWN)]);
    let asking = Asking::with(&knot).await;
    asking.keep(form(&knot, "example.com")).await.expect("kept");
    let base = name("example.com");
    // The panel died before it took this one back; an order that is under way has its time.
    let left = asking.dns.put_challenge(&base, "left").await.expect("published");
    asking.dns.reconcile(&[]).await.expect("looked");
    assert_eq!(values(knot.address, &left.name).await, ["left"]);
    let later = || tokio::time::sleep(LEFT);
    later().await;
    asking.dns.reconcile(&[]).await.expect("looked");
    assert_eq!(values(knot.address, &left.name).await, [""; 0], "it is gone");
    // One that was taken back in time is nobody's business any more: others may publish the same.
    let kept = asking.dns.put_challenge(&base, "again").await.expect("published");
    asking.dns.remove_challenge(kept.clone()).await.expect("removed");
    asking.dns.put_challenge(&base, "again").await.expect("published");
    asking.dns.reconcile(&[]).await.expect("looked");
    assert_eq!(values(knot.address, &kept.name).await, ["again"]);
    // A provider that is away stops nothing else.
    drop(knot);
    later().await;
    asking.dns.reconcile(&[]).await.expect("looked");
    assert!(asking.rows().await[0].problem.is_some(), "its row says so");
}
