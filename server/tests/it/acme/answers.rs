//! What keeps a certificate from coming, in words; and DNS-01.

use std::sync::{Arc, Mutex};

use homeport_model::{
    certificate::{ledger::Outcome, plan::ChallengeKind, refusal::RefusalKind},
    domain::dns_provider::DnsProviderForm,
    name::Port,
    problem::Code,
};
use homeport_server::drivers::{
    acme::{Acme, Error, Reach},
    tls,
};
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt, net::TcpListener};

use super::{AcmeForm, MINUTE, PlanForm, SHOP, Site, name};
use crate::support::pebble;

/// What DNS says of a name that leads elsewhere is said before an order is spent.
#[tokio::test]
async fn what_dns_says_is_said_before_an_order_is_spent() {
    let site = Site::start(&[]).await;
    site.leads_to("192.0.2.7").await;
    site.look().await;
    let problem = site.problem().await;
    assert!(problem.title.contains("192.0.2.7") && problem.hint.is_some(), "{problem}");
    site.leads_to("127.0.0.1").await;

    let caa = json!({ "host": SHOP, "policies": [{ "tag": "issue", "value": "other.example" }] });
    site.pebble.dns_says("add-caa", caa).await;
    site.later(10 * MINUTE);
    site.look().await;
    let problem = site.problem().await;
    assert!(problem.title.contains("CAA"), "{problem}");
    site.pebble.dns_says("clear-caa", json!({ "host": SHOP })).await;

    site.pebble.dns_says("set-servfail", json!({ "host": SHOP })).await;
    site.later(10 * MINUTE);
    site.look().await;
    assert_eq!(site.problem().await.code, Code::Unavailable);
    assert!(site.pebble.gate.orders().is_empty() && site.attempts().await.is_empty());
    assert!(site.minutes_left().await < 10, "it costs nothing to look again");

    site.pebble.dns_says("clear-servfail", json!({ "host": SHOP })).await;
    site.later(10 * MINUTE);
    site.look().await;
    assert_eq!(site.row().await.plan.problem, None);
    site.served().await;
}

/// Whatever the authority finds at the name, it is said, counted, and tried again later and later.
#[tokio::test]
async fn wrong_answers_are_named_and_stop_after_three_within_an_hour() {
    let site = Site::start(&[]).await;
    // Nothing listens at that address of ours.
    site.leads_to("127.0.0.2").await;
    site.look().await;
    let problem = site.problem().await;
    assert!(problem.title.contains("http://shop.example.com/.well-known/acme-challenge/"), "{problem}");
    assert!(problem.hint.as_ref().is_some_and(|hint| hint.contains("port 80")), "{problem}");
    assert!((0..=1).contains(&site.minutes_left().await));

    // Somebody else answers.
    let other = TcpListener::bind(("127.0.0.3", site.panel.ground.http_port.get())).await.expect("a port");
    let server = tokio::spawn(async move {
        while let Ok((mut stream, _)) = other.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello").await;
        }
    });
    site.leads_to("127.0.0.3").await;
    site.later(2 * MINUTE);
    site.look().await;
    let problem = site.problem().await;
    assert!(problem.title.contains("wrong answer"), "{problem}");
    assert!((9..=10).contains(&site.minutes_left().await));
    site.issue_now().await;
    assert_eq!(site.pebble.gate.orders().len(), 3);
    let refused = site
        .panel
        .backend
        .certificates
        .issue_now(&site.panel.actor, &name(SHOP))
        .await
        .expect_err("three within an hour");
    assert!(refused.code == Code::Conflict && refused.to_string().contains("next try is at"), "{refused}");
    assert!(site.attempts().await.iter().all(|row| row.outcome == Outcome::Invalid && row.words.is_some()));
    server.abort();

    // A person mends it and asks again an hour later.
    site.leads_to("127.0.0.1").await;
    site.later(61 * MINUTE);
    site.issue_now().await;
    assert_eq!(site.row().await.plan.problem, None);
    site.served().await;
    assert_eq!(site.answers_left(), 0);
}

/// The driver alone: an authority that finds no address, and a wildcard by a TXT record.
#[tokio::test]
async fn a_missing_address_is_named_and_a_wildcard_is_shown_by_a_record() {
    let site = Site::without_terms(&[]).await;
    let directory = site.pebble.directory();
    let acme = Acme::new(Some(&site.pebble.root())).expect("a client");
    let credentials = acme.create_account(&directory, Reach::Any, None, None).await.expect("an account");
    let account = acme.account(&credentials, Reach::Any).await.expect("opened");

    site.pebble.dns_says("set-servfail", json!({ "host": "away.example.com" })).await;
    let mut order = account.order(&name("away.example.com"), None, None).await.expect("an order");
    order.challenge(ChallengeKind::Http01).await.expect("asked").expect("a challenge");
    let refused = order.ready(ChallengeKind::Http01).await.expect_err("no address");
    let kind = refused.refusal().expect("a refusal").kind;
    assert!(matches!(kind, RefusalKind::Dns | RefusalKind::Connection | RefusalKind::WrongAnswer), "{refused:?}");

    let all = name("*.example.com");
    let mut order = account.order(&all, None, None).await.expect("an order");
    let none = order.challenge(ChallengeKind::Http01).await.expect_err("by DNS only");
    assert!(matches!(none, Error::NoChallenge(ChallengeKind::Http01)));
    let challenge = order.challenge(ChallengeKind::Dns01).await.expect("asked").expect("a challenge");
    let record = json!({ "host": "_acme-challenge.example.com.", "value": challenge.record });
    site.pebble.dns_says("set-txt", record).await;
    order.ready(ChallengeKind::Dns01).await.expect("shown");
    let issued = order.finalise(&all).await.expect("issued");
    let key = String::from_utf8(issued.key.expose().clone()).expect("PEM");
    let pair = tls::read_pair(&issued.chain, &key).expect("a pair");
    assert!(pair.facts.covers(&name("any.example.com")) && pair.facts.covers(&all));

    // A wrong record, and none.
    for value in [Some("nonsense"), None] {
        let name = name("dns.example.com");
        let mut order = account.order(&name, None, None).await.expect("an order");
        order.challenge(ChallengeKind::Dns01).await.expect("asked").expect("a challenge");
        let host = "_acme-challenge.dns.example.com.";
        match value {
            Some(value) => site.pebble.dns_says("set-txt", json!({ "host": host, "value": value })).await,
            None => site.pebble.dns_says("clear-txt", json!({ "host": host })).await,
        }
        let refused = order.ready(ChallengeKind::Dns01).await.expect_err("not shown");
        assert_eq!(refused.refusal().expect("a refusal").kind, RefusalKind::WrongAnswer, "{refused:?}");
    }

    // Somebody who trusts browsers' authorities only does not talk to this one; a typed name does not lead
    // into a private network.
    let strict = Acme::new(None).expect("a client");
    assert!(matches!(strict.directory(&directory, Reach::Any).await, Err(Error::Away(_))));
    assert!(matches!(acme.directory(&directory, Reach::Public).await, Err(Error::NotPublic(_))));
    assert!(Acme::new(Some(site.panel.ground.state())).is_err());
}

/// By a record, through a DNS provider that is kept in Settings; without one it is said where to add it.
#[tokio::test]
async fn a_name_that_nobody_reaches_is_shown_by_a_record_of_its_provider() {
    let site = Site::without_terms(&[]).await;
    // From outside nothing of this server is seen.
    site.leads_to("10.1.2.3").await;
    let form = PlanForm { policy: "automatic".into(), challenge: "dns-01".into(), ..PlanForm::default() };
    site.panel.backend.certificates.set_plan(&site.panel.actor, &name(SHOP), form).await.expect("set");
    site.agree(AcmeForm::default()).await.expect("agreed");
    site.look().await;
    let problem = site.problem().await;
    assert!(problem.to_string().contains("DNS providers"), "{problem}");

    let (url, asked) = provider(site.pebble.tell).await;
    let form = DnsProviderForm {
        zone: "example.com".into(),
        kind: "http".into(),
        token: "t0ken".into(),
        url,
        ..DnsProviderForm::default()
    };
    site.panel.backend.dns_providers.keep(&site.panel.actor, form).await.expect("kept");
    site.later(4 * MINUTE);
    site.look().await;
    assert_eq!(site.row().await.plan.problem, None);
    site.served().await;
    let asked = asked.lock().expect("asked").clone();
    let of_ours: Vec<&(String, String)> =
        asked.iter().filter(|(_, name)| name == "_acme-challenge.shop.example.com.").collect();
    assert_eq!(of_ours.iter().map(|(action, _)| action.as_str()).collect::<Vec<_>>(), ["present", "cleanup"]);
}

/// What a provider was asked: the action and the name.
type Asked = Arc<Mutex<Vec<(String, String)>>>;

/// A provider that tells Pebble's DNS server.
async fn provider(tell: Port) -> (String, Asked) {
    let asked = Asked::default();
    let heard = asked.clone();
    let take = move |body: String| async move {
        let said: Value = serde_json::from_str(&body).expect("JSON");
        let word = |key: &str| said[key].as_str().expect("text").to_owned();
        let (action, host) = (word("action"), word("fqdn"));
        match action.as_str() {
            "present" => pebble::dns_says(tell, "set-txt", json!({ "host": host, "value": said["value"] })).await,
            _ => pebble::dns_says(tell, "clear-txt", json!({ "host": host })).await,
        }
        heard.lock().expect("heard").push((action, host));
    };
    let router = axum::Router::new().fallback(take);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, asked)
}
