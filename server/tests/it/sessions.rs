//! What ends a session, what a fresh passkey opens, and getting back in.

use homeport_server::accounts::Link;
use http::{Method, StatusCode};
use serde_json::json;

use crate::support::panel::{Answer, Browser, Owner, Panel};

const MINUTE: i64 = 60_000;

async fn alive(browser: &Browser) -> bool {
    let answer = browser.get("/api/ui/accounts/me").await;
    match answer.status {
        StatusCode::OK => true,
        StatusCode::UNAUTHORIZED => false,
        other => panic!("{other}: {answer:?}"),
    }
}

/// A second browser of the owner, signed in.
async fn second(panel: &Panel, owner: &mut Owner) -> Browser {
    let browser = panel.browser();
    owner.sign_in(browser.clone()).await.enter(browser)
}

#[tokio::test]
async fn a_session_ends_unused_or_old() {
    let (panel, mut owner) = Panel::claimed().await;
    panel.clock.advance_ms(29 * MINUTE);
    assert!(alive(&owner.browser).await);
    panel.clock.advance_ms(30 * MINUTE);
    assert!(!alive(&owner.browser).await, "unused for half an hour");

    owner.browser = second(&panel, &mut owner).await;
    for _ in 0..23 {
        panel.clock.advance_ms(20 * MINUTE);
        assert!(alive(&owner.browser).await);
    }
    panel.clock.advance_ms(20 * MINUTE);
    assert!(!alive(&owner.browser).await, "eight hours old");
}

#[tokio::test]
async fn a_clock_that_goes_back_ends_sessions() {
    let (panel, owner) = Panel::claimed().await;
    panel.clock.advance_ms(-30 * 24 * 60 * MINUTE);
    assert!(!alive(&owner.browser).await);
}

#[tokio::test]
async fn a_restart_keeps_the_living_alive_and_the_dead_dead() {
    let (panel, mut owner) = Panel::claimed().await;
    let mut other = second(&panel, &mut owner).await;
    assert_eq!(other.form("/sign-out", "").await.status, StatusCode::SEE_OTHER);
    let panel = panel.restart().await.expect("starts again");
    owner.browser.router = panel.router.clone();
    other.router = panel.router.clone();
    assert!(alive(&owner.browser).await);
    assert!(!alive(&other).await);
}

#[tokio::test]
async fn signing_out_is_a_plain_form_and_ends_the_session() {
    let (panel, owner) = Panel::claimed().await;
    let answer = owner.browser.form("/sign-out", "").await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/sign-in"));
    assert_eq!(answer.header("set-cookie"), "__Host-sid=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0");
    assert_eq!(answer.header("clear-site-data"), "\"cache\", \"storage\"");
    assert!(!alive(&owner.browser).await);
    assert_eq!(panel.count("sessions").await, 0);
    assert_eq!(owner.browser.form("/sign-out", "").await.status, StatusCode::SEE_OTHER, "once more does no harm");
}

#[tokio::test]
async fn sessions_are_listed_and_ended_one_by_one_or_together() {
    let (panel, mut owner) = Panel::claimed().await;
    let (one, two) = (second(&panel, &mut owner).await, second(&panel, &mut owner).await);
    let settings = owner.settings().await;
    let sessions = settings["sessions"].as_array().expect("a list").clone();
    assert_eq!(sessions.len(), 3);
    assert_eq!(sessions.iter().filter(|session| session["current"] == true).count(), 1);
    let of_one = sessions.iter().find(|session| session["address"] == one.address.to_string()).expect("listed");

    let id = of_one["id"].as_str().expect("an id");
    let ended = owner.browser.form("/api/ui/accounts/end-session", &format!("id={id}")).await;
    assert_eq!(ended.status, StatusCode::OK);
    assert_eq!((alive(&one).await, alive(&two).await, alive(&owner.browser).await), (false, true, true));
    let again = owner.browser.form("/api/ui/accounts/end-session", &format!("id={id}")).await;
    assert_eq!(again.status, StatusCode::NOT_FOUND);

    assert_eq!(owner.browser.form("/api/ui/accounts/end-other-sessions", "").await.status, StatusCode::OK);
    assert_eq!((alive(&two).await, alive(&owner.browser).await), (false, true));
}

#[tokio::test]
async fn removing_a_passkey_ends_its_sessions_and_the_last_one_stays() {
    let (panel, mut owner) = Panel::claimed().await;
    owner.step_up().await;
    let (added, answer) = owner.add_passkey("Phone").await;
    assert_eq!(answer.status, StatusCode::OK);
    let mut with_phone = Owner { passkey: added, browser: panel.browser(), codes: Vec::new() };
    let phone = with_phone.sign_in(panel.browser()).await.enter(panel.browser());
    assert!(alive(&phone).await);

    let id_of = async |label: &str| {
        let settings = owner.settings().await;
        let keys = settings["passkeys"].as_array().expect("a list").clone();
        keys.iter().find(|key| key["label"] == label).map(|key| key["id"].as_str().expect("an id").to_owned())
    };
    let (laptop_id, phone_id) = (id_of("Laptop").await.expect("listed"), id_of("Phone").await.expect("listed"));
    let remove = async |id: &str| owner.browser.form("/api/ui/accounts/remove-passkey", &format!("id={id}")).await;
    assert_eq!(remove(&phone_id).await.status, StatusCode::OK);
    assert!(!alive(&phone).await);
    assert_eq!(with_phone.sign_in(panel.browser()).await.status, StatusCode::UNAUTHORIZED);
    let last = remove(&laptop_id).await;
    assert_eq!((last.status, last.code()), (StatusCode::CONFLICT, "conflict".to_owned()));
    assert!(alive(&owner.browser).await);
}

/// Asks for new recovery codes, which needs a fresh passkey.
async fn dangerous(browser: &Browser) -> Answer {
    browser.form("/api/ui/accounts/new-recovery-codes", "").await
}

#[tokio::test]
async fn dangerous_things_need_a_fresh_passkey_of_this_session() {
    let (panel, mut owner) = Panel::claimed().await;
    let before = panel.dump().await;
    let refused = dangerous(&owner.browser).await;
    assert_eq!((refused.status, refused.code()), (StatusCode::FORBIDDEN, "step_up_required".to_owned()));
    assert_eq!(panel.dump().await, before);

    assert_eq!(owner.step_up().await.status, StatusCode::OK);
    let renewed = dangerous(&owner.browser).await;
    assert_eq!(renewed.status, StatusCode::OK);
    assert_eq!(renewed.json().as_array().map(Vec::len), Some(10));

    let other = second(&panel, &mut owner).await;
    assert_eq!(dangerous(&other).await.code(), "step_up_required", "another session's does not count");
    panel.clock.advance_ms(5 * MINUTE);
    assert_eq!(dangerous(&owner.browser).await.code(), "step_up_required", "five minutes old");
    let add = owner.browser.post("/passkeys/add/start", &json!({})).await;
    assert_eq!(add.code(), "step_up_required");

    // An answer to another session's ceremony is nobody's.
    let begun = other.post("/passkeys/step-up/start", &json!({})).await.json();
    let credential = owner.passkey.assert(&begun["options"]);
    let stolen =
        owner.browser.post("/passkeys/step-up/finish", &json!({ "id": begun["id"], "credential": credential })).await;
    assert_eq!(stolen.status, StatusCode::UNAUTHORIZED);
    assert_eq!(dangerous(&owner.browser).await.code(), "step_up_required");
}

#[tokio::test]
async fn a_recovery_code_works_once_and_leads_to_a_new_passkey() {
    let (panel, mut owner) = Panel::claimed().await;
    let browser = panel.browser();
    let recovered = browser.post("/recovery/code", &json!({ "secret": owner.codes[0].to_uppercase() })).await;
    assert_eq!((recovered.status, recovered.json()["next"].as_str()), (StatusCode::OK, Some("/settings")));
    assert!(!alive(&owner.browser).await, "all other sessions end");
    let inside = recovered.enter(browser.clone());
    assert_eq!(inside.get("/api/ui/accounts/me").await.json()["must_add_passkey"], true);

    // It can do nothing but add a passkey.
    assert_eq!(inside.get("/apps").await.header("location"), "/settings");
    assert_eq!(inside.get("/api/ui/apps/list").await.code(), "step_up_required");
    assert_eq!(dangerous(&inside).await.code(), "step_up_required");
    assert_eq!(inside.post("/passkeys/step-up/start", &json!({})).await.code(), "step_up_required");

    owner.browser = inside.clone();
    let (passkey, added) = owner.add_passkey("New phone").await;
    assert_eq!(added.status, StatusCode::OK);
    assert!(!alive(&inside).await, "under a new cookie");
    owner.browser = added.enter(inside);
    owner.passkey = passkey;
    assert_eq!(owner.settings().await["me"]["must_add_passkey"], false);
    assert_eq!(owner.settings().await["codes_left"], 9);
    assert_eq!(owner.step_up().await.status, StatusCode::OK);

    let again = panel.browser().post("/recovery/code", &json!({ "secret": owner.codes[0] })).await;
    assert_eq!(again.status, StatusCode::UNAUTHORIZED, "used");
    assert!(panel.actions().await.contains(&"session.recover".to_owned()));
}

#[tokio::test]
async fn wrong_codes_run_into_a_limit_that_spares_passkeys() {
    let (panel, mut owner) = Panel::claimed().await;
    let mut browser = panel.browser();
    let mut statuses = Vec::new();
    for _ in 0..6 {
        let wrong = json!({ "secret": "0000-0000-0000-0000-0000" });
        statuses.push(browser.post("/recovery/code", &wrong).await.status.as_u16());
    }
    assert_eq!(statuses, [401, 401, 401, 401, 401, 429]);
    let right = browser.post("/recovery/code", &json!({ "secret": owner.codes[1] })).await;
    assert_eq!(right.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(right.header("retry-after").parse::<u32>().is_ok_and(|wait_s| (1..=900).contains(&wait_s)), "{right:?}");
    assert_eq!(owner.sign_in(browser.clone()).await.status, StatusCode::OK, "a passkey still gets in");
    // What a client says about its address changes nothing.
    for header in ["x-forwarded-for", "x-real-ip", "forwarded", "true-client-ip"] {
        browser.cookie = None;
        let request = browser.request(Method::POST, "/recovery/code").header("content-type", "application/json");
        let request = request.header(header, "203.0.113.99").body("{\"secret\":\"x\"}".into()).expect("a request");
        assert_eq!(browser.send(request).await.status, StatusCode::TOO_MANY_REQUESTS, "{header}");
    }
}

#[tokio::test]
async fn of_fifty_uses_of_one_code_at_once_one_wins() {
    let (panel, owner) = Panel::claimed().await;
    let code = owner.codes[3].clone();
    let tries = (0..50).map(|number: u8| {
        let (mut browser, body) = (panel.browser(), json!({ "secret": code }));
        // Four addresses stay under the limit of all together.
        browser.address = [192, 0, 2, number % 4].into();
        tokio::spawn(async move { browser.post("/recovery/code", &body).await.status.as_u16() })
    });
    let mut statuses = Vec::new();
    for one in tries.collect::<Vec<_>>() {
        statuses.push(one.await.expect("no panic"));
    }
    let count = |status| statuses.iter().filter(|one| **one == status).count();
    assert_eq!((count(200), count(401), count(429)), (1, 19, 30), "{statuses:?}");
    assert_eq!(panel.count("sessions").await, 1);
}

#[tokio::test]
async fn a_link_from_the_host_gets_back_in_once_and_in_time() {
    let (panel, owner) = Panel::claimed().await;
    let open = async |token: &str| panel.browser().post("/recovery/link", &json!({ "secret": token })).await;
    let token = panel.token(Link::Recover).await;
    panel.clock.advance_ms(5 * MINUTE);
    assert_eq!(open(&token).await.status, StatusCode::GONE);

    let (old, new) = (panel.token(Link::Recover).await, panel.token(Link::Recover).await);
    assert_eq!(open(&old).await.status, StatusCode::NOT_FOUND, "replaced");
    let opened = open(&new).await;
    assert_eq!(opened.status, StatusCode::OK);
    assert_eq!(open(&new).await.status, StatusCode::NOT_FOUND, "used");
    assert!(!alive(&owner.browser).await);
    let claim = panel.browser().post("/passkeys/claim/start", &json!({ "token": new, "name": "Eve" })).await;
    assert_eq!(claim.status, StatusCode::NOT_FOUND, "it claims nothing");
}

#[tokio::test]
async fn codes_are_stored_as_argon2id_and_tokens_as_hashes() {
    let (panel, mut owner) = Panel::claimed().await;
    let signed_in = second(&panel, &mut owner).await;
    let stored: Vec<String> =
        sqlx::query_scalar("SELECT hash FROM recovery_codes").fetch_all(panel.db.reader()).await.expect("rows");
    assert_eq!(stored.len(), 10);
    assert!(stored.iter().all(|hash| hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$")), "{stored:?}");
    panel.db.checkpoint().await.expect("folds");
    let file = std::fs::read(panel.folder.path().join("state/homeport.db")).expect("reads");
    let cookie = signed_in.cookie.expect("a cookie");
    let secrets = owner.codes.iter().map(String::as_str).chain([cookie.as_str()]);
    for secret in secrets {
        assert!(!file.windows(secret.len()).any(|part| part == secret.as_bytes()), "a secret lies in the file");
    }
}
