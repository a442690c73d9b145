//! A panel gets a further name: it is rehearsed, somebody makes a passkey there, and links move.

use homeport_model::certificate::{
    CertificateFacts, Served,
    served::{Plain, Protocol, Secure, Way},
};
use http::StatusCode;
use serde_json::json;

use crate::support::{
    authenticator::Passkey,
    panel::{Answer, Browser, Owner, Panel},
    running::Running,
    web::get,
};

const NAME: &str = "panel.home.example";
const TRY: &str = "/api/ui/panel-domain/try-name";
const GO: &str = "/api/ui/panel-domain/go-to";
const LEAVE: &str = "/api/ui/panel-domain/leave";
const LIST: &str = "/api/ui/panel-domain/list";

async fn try_name(owner: &Owner, name: &str) -> Answer {
    owner.browser.form(TRY, &format!("form[name]={name}")).await
}

/// A browser that opened the panel under the new name.
fn there(panel: &Panel) -> Browser {
    Browser { authority: NAME.into(), ..panel.browser() }
}

/// As if a certificate had come and nginx had been seen to serve it.
async fn becomes_ready(panel: &Panel) {
    let now = panel.clock.now();
    let facts = CertificateFacts {
        names: vec![NAME.parse().expect("a name")],
        issuer: "Test".into(),
        serial: "2a".into(),
        not_before: now,
        not_after: now.plus_ms(86_400_000),
    };
    let secure = Secure {
        facts: facts.clone(),
        issuers: vec!["Test".into()],
        missing: None,
        self_signed: false,
        trusted: true,
        protocol: Protocol::Tls13,
        http2: true,
        status: Some(303),
        hsts: None,
        compression: None,
    };
    let plain = Plain { status: 301, location: Some(format!("https://{NAME}/")) };
    let seen =
        Served { at: now, way: Way::Loopback, secure: Ok(secure), plain: Ok(plain), ipv6: None, ipv6_serial: None };
    let (facts, seen) = (serde_json::to_string(&facts).expect("json"), serde_json::to_string(&seen).expect("json"));
    let mut tx = panel.db.write().await.expect("writes");
    sqlx::query(
        "INSERT INTO certificates (id, domain, source, chain, sealed, facts, in_use, created_at)
         VALUES ('0123456789abcdef', ?, 'uploaded', '', x'00', ?, 1, 1)",
    )
    .bind(NAME)
    .bind(facts)
    .execute(&mut *tx)
    .await
    .expect("a certificate");
    sqlx::query("INSERT INTO served (domain, way, at, seen, since) VALUES (?, 'loopback', 1, ?, 1)")
        .bind(NAME)
        .bind(seen)
        .execute(&mut *tx)
        .await
        .expect("a look");
    tx.commit().await.expect("committed");
}

#[tokio::test]
async fn a_name_is_rehearsed_and_links_move_once_a_passkey_is_made_there() {
    let (panel, mut owner) = Panel::claimed().await;
    assert_eq!(try_name(&owner, NAME).await.status, StatusCode::FORBIDDEN, "it wants a fresh passkey");
    owner.step_up().await;
    assert_eq!(there(&panel).get("/sign-in").await.status, StatusCode::MISDIRECTED_REQUEST);
    assert_eq!(try_name(&owner, NAME).await.status, StatusCode::OK);
    // It answers there, and nobody is sent there before it is seen to.
    assert_eq!(there(&panel).get("/sign-in").await.status, StatusCode::OK);
    let too_early = owner.browser.form(GO, &format!("name={NAME}")).await;
    assert_eq!((too_early.status, too_early.code()), (StatusCode::CONFLICT, "conflict".to_owned()));
    becomes_ready(&panel).await;
    // No public DNS has such a name: whoever goes there says that they know where it leads.
    let unsure = owner.browser.form(GO, &format!("name={NAME}")).await;
    assert_eq!((unsure.status, unsure.code()), (StatusCode::CONFLICT, "conflict".to_owned()));
    let link = owner.browser.form(GO, &format!("name={NAME}&anyway=on")).await.json();
    let link = link.as_str().expect("a link");
    let (address, token) = link.split_once('#').expect("a fragment");
    assert_eq!(address, format!("https://{NAME}/recover"));

    // The link lets its person in there, once, and ends nobody's session.
    let browser = there(&panel);
    let entered = browser.post("/recovery/link", &json!({ "secret": token })).await;
    assert_eq!(entered.status, StatusCode::OK, "{entered:?}");
    let inside = entered.enter(browser);
    assert_eq!(owner.browser.get("/api/ui/accounts/me").await.status, StatusCode::OK);
    let again = there(&panel).post("/recovery/link", &json!({ "secret": token })).await;
    assert_eq!(again.status, StatusCode::NOT_FOUND);
    assert_ne!(inside.get("/api/ui/apps/list").await.status, StatusCode::OK, "a passkey comes first");

    let begun = inside.post("/passkeys/add/start", &json!({})).await.json();
    assert_eq!(begun["options"]["rp"]["id"], NAME);
    let (mut passkey, credential) = Passkey::create(&begun["options"], &format!("https://{NAME}"));
    let answer = json!({ "id": begun["id"], "credential": credential, "label": "Phone" });
    let made = inside.post("/passkeys/add/finish", &answer).await;
    assert_eq!(made.status, StatusCode::OK, "{made:?}");
    let names = owner.browser.get(LIST).await.json();
    assert_eq!(names[1]["host"], NAME);
    assert_eq!((&names[0]["primary"], &names[1]["primary"]), (&json!(false), &json!(true)));
    assert_eq!((&names[0]["passkeys"], &names[1]["passkeys"]), (&json!(1), &json!(1)));
    let actions = panel.actions().await;
    for action in ["panel.try_name", "session.come_over", "panel.move"] {
        assert!(actions.iter().any(|known| known == action), "{action}");
    }

    // Each passkey signs in under its own name only, and both names go on.
    let at_new = there(&panel);
    let begun = at_new.post("/passkeys/sign-in/start", &json!({})).await.json();
    let credential = passkey.assert(&begun["options"]);
    let answer = json!({ "id": begun["id"], "credential": credential });
    assert_eq!(at_new.post("/passkeys/sign-in/finish", &answer).await.status, StatusCode::OK);
    let elsewhere = panel.browser();
    let begun = elsewhere.post("/passkeys/sign-in/start", &json!({})).await.json();
    let credential = passkey.assert(&begun["options"]);
    let answer = json!({ "id": begun["id"], "credential": credential });
    assert_eq!(elsewhere.post("/passkeys/sign-in/finish", &answer).await.status, StatusCode::UNAUTHORIZED);
    let at_old = panel.browser();
    assert_eq!(owner.sign_in(at_old).await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_there_again_after_a_restart_and_nginx_leads_them_to_the_panel() {
    let panel = Running::start().await;
    let mut tx = panel.db.write().await.expect("writes");
    sqlx::query("INSERT INTO panel_names (name, added_by, added_at) VALUES (?, 'Ada', 1)")
        .bind(NAME)
        .execute(&mut *tx)
        .await
        .expect("a name");
    tx.commit().await.expect("committed");
    let panel = panel.restart().await;
    assert!(panel.services.origins.has_host(NAME));
    let answer = get(panel.ground.http_port, NAME, "/").await.expect("an answer");
    assert_eq!(answer.status, 503);
    assert!(answer.text.contains("No certificate yet"), "{}", answer.text);
}

#[tokio::test]
async fn names_that_cannot_be_are_refused_and_a_name_is_given_up() {
    let (panel, mut owner) = Panel::claimed().await;
    owner.step_up().await;
    for (name, status) in [
        ("a+b", 422),
        ("%24host%3B", 422),
        ("203.0.113.7", 422),
        ("x.localhost", 422),
        ("shop.apps.localhost", 422),
        (NAME, 200),
        (NAME, 409),
    ] {
        let answer = try_name(&owner, name).await;
        assert_eq!(answer.status.as_u16(), status, "{name}: {answer:?}");
        if status != 200 {
            assert_eq!(answer.json()["field"], "panel_name", "{name}");
        }
    }
    for number in 0..4 {
        assert_eq!(try_name(&owner, &format!("p{number}.home.example")).await.status, StatusCode::OK);
    }
    assert_eq!(try_name(&owner, "one-too-many.home.example").await.status, StatusCode::CONFLICT);
    assert_eq!(owner.browser.form(LEAVE, "name=other.example.com").await.status, StatusCode::NOT_FOUND);
    assert_eq!(owner.browser.form(LEAVE, &format!("name={NAME}")).await.status, StatusCode::OK);
    assert_eq!(there(&panel).get("/sign-in").await.status, StatusCode::MISDIRECTED_REQUEST);
}

/// Writes to the store.
async fn write(panel: &Panel, statements: &[&'static str]) {
    let mut tx = panel.db.write().await.expect("writes");
    for statement in statements {
        sqlx::query(*statement).execute(&mut *tx).await.expect(statement);
    }
    tx.commit().await.expect("committed");
}

#[tokio::test]
async fn a_name_is_not_given_up_under_its_owners_and_others_are_named() {
    const ADD_PEOPLE: [&str; 2] = [
        "INSERT INTO users (id, name, role, created_at) VALUES
             ('00000000-0000-4000-8000-000000000001', 'Vera', 'viewer', 1),
             ('00000000-0000-4000-8000-000000000002', 'Grace', 'owner', 1)",
        "INSERT INTO passkeys (id, user_id, credential_id, credential, label, created_at, host)
         SELECT '0000000000000001', '00000000-0000-4000-8000-000000000001', x'01', credential, 'Key', 1, NULL FROM passkeys",
    ];
    let (panel, mut owner) = Panel::claimed().await;
    owner.step_up().await;
    let leave = async |more: &str| owner.browser.form(LEAVE, &format!("name={NAME}{more}")).await;
    assert_eq!(try_name(&owner, NAME).await.status, StatusCode::OK);
    write(&panel, &ADD_PEOPLE).await;
    // A viewer who gets in elsewhere is no help to an owner who does not.
    write(&panel, &["UPDATE passkeys SET host = 'panel.home.example' WHERE label <> 'Key'"]).await;
    for more in ["", "&anyway=on"] {
        let last = leave(more).await;
        assert_eq!((last.status, last.code()), (StatusCode::CONFLICT, "conflict".to_owned()));
        assert!(last.text().contains("Every passkey of yours"), "{last:?}");
    }
    // Nor is another owner.
    write(&panel, &["UPDATE passkeys SET user_id = '00000000-0000-4000-8000-000000000002' WHERE label = 'Key'"]).await;
    assert!(leave("&anyway=on").await.text().contains("Every passkey of yours"));
    // The other way round the one who loses their last is named, and it has to be confirmed.
    write(
        &panel,
        &["UPDATE passkeys SET host = CASE label WHEN 'Key' THEN 'panel.home.example' ELSE 'second.home.example' END"],
    )
    .await;
    assert_eq!(try_name(&owner, "second.home.example").await.status, StatusCode::OK);
    let asked = leave("").await;
    assert!(asked.status == StatusCode::CONFLICT && asked.text().contains("Grace"), "{asked:?}");
    let rows = owner.browser.get(LIST).await.json();
    let row = rows.as_array().expect("rows").iter().find(|row| row["host"] == NAME).expect("there").clone();
    assert!(row["cautions"][0].as_str().expect("a sentence").contains("Grace"), "{row}");
    assert_eq!(leave("&anyway=on").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_name_in_any_script_is_taken_and_shown_both_ways() {
    let (panel, mut owner) = Panel::claimed().await;
    owner.step_up().await;
    assert_eq!(try_name(&owner, "M%C3%BCnchen.Example.").await.status, StatusCode::OK);
    let rows = owner.browser.get(LIST).await.json();
    assert_eq!((&rows[1]["host"], &rows[1]["unicode"]), (&json!("xn--mnchen-3ya.example"), &json!("münchen.example")));
    assert_eq!(rows[1]["url"], "https://xn--mnchen-3ya.example");
    for wrong in [
        "*.example.com",
        "a..b",
        "-a.com",
        "a.com:443",
        "https://a.com",
        "a.com%3B+%7D+server+%7B",
        "panel",
        "",
        "%24host",
    ] {
        let refused = try_name(&owner, wrong).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}: {refused:?}");
        assert_eq!(refused.json()["field"], "panel_name", "{wrong}");
    }
    drop(panel);
}
