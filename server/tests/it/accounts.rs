//! Claiming, signing in, stepping up (security.md, 3.4, without the browser's half).

use std::collections::HashSet;

use homeport_server::{accounts::Link, state::StateFolder};
use http::StatusCode;
use serde_json::{Value, json};

use crate::support::{
    authenticator::{Assertion, Passkey, flip},
    panel::{Owner, Panel},
};

const MINUTE: i64 = 60_000;

/// What makes an honest assertion a lie.
type Lie = Box<dyn FnOnce(&mut Assertion)>;

#[tokio::test]
async fn claiming_makes_an_owner_a_passkey_ten_codes_and_a_session() {
    let (panel, owner) = Panel::claimed().await;
    assert_eq!(panel.count("users").await, 1);
    assert_eq!(panel.count("passkeys").await, 1);
    assert_eq!(panel.count("recovery_codes").await, 10);
    assert_eq!(owner.codes.iter().collect::<HashSet<_>>().len(), 10);
    let settings = owner.settings().await;
    assert_eq!(settings["me"]["name"], "Ada");
    assert_eq!(settings["me"]["role"], "owner");
    assert_eq!(settings["passkeys"][0]["label"], "Laptop");
    assert_eq!(settings["codes_left"], 10);
    assert!(panel.actions().await.contains(&"panel.claim".to_owned()));
}

#[tokio::test]
async fn options_ask_for_a_discoverable_verified_passkey_of_this_host_only() {
    let panel = Panel::new().await;
    let token = panel.token(Link::Claim).await;
    let begun = panel.browser().post("/passkeys/claim/start", &json!({ "token": token, "name": "Ada" })).await.json();
    let options = &begun["options"];
    assert_eq!(options["authenticatorSelection"]["residentKey"], "required");
    assert_eq!(options["authenticatorSelection"]["requireResidentKey"], true);
    assert_eq!(options["authenticatorSelection"]["userVerification"], "required");
    assert_eq!(options["extensions"]["credProps"], true);
    let host = panel.origin.trim_start_matches("http://").split(':').next().expect("a host");
    assert_eq!(options["rp"]["id"], host);

    let begun = panel.browser().post("/passkeys/sign-in/start", &json!({})).await.json();
    assert_eq!(begun["options"]["userVerification"], "required");
    assert_eq!(begun["options"]["allowCredentials"], json!([]));
}

#[tokio::test]
async fn of_two_hundred_claims_at_once_one_wins() {
    let panel = Panel::new().await;
    let token = panel.token(Link::Claim).await;
    let mut answers = Vec::new();
    for _ in 0..200 {
        let form = serde_json::from_value(json!({ "token": token, "name": "Ada" })).expect("a form");
        let begun = panel.accounts.begin_claim(form, &Default::default()).await.expect("begins");
        let (_, credential) = Passkey::create(&begun.options, &panel.origin);
        answers.push(json!({ "id": begun.id, "credential": credential }));
    }
    let tries = answers.into_iter().map(|answer| {
        let browser = panel.browser();
        tokio::spawn(async move { browser.post("/passkeys/claim/finish", &answer).await.status })
    });
    let mut statuses = Vec::new();
    for one in tries.collect::<Vec<_>>() {
        statuses.push(one.await.expect("no panic"));
    }
    assert_eq!(statuses.iter().filter(|status| **status == StatusCode::CREATED).count(), 1);
    assert_eq!(statuses.iter().filter(|status| **status == StatusCode::NOT_FOUND).count(), 199);
    assert_eq!((panel.count("users").await, panel.count("passkeys").await, panel.count("sessions").await), (1, 1, 1));
}

#[tokio::test]
async fn wrong_tokens_run_into_a_limit_and_replace_the_link() {
    let panel = Panel::new().await;
    let old = panel.token(Link::Claim).await;
    let browser = panel.browser();
    let mut statuses = Vec::new();
    for number in 0..20 {
        let form = json!({ "token": format!("wrong{number}"), "name": "Ada" });
        statuses.push(browser.post("/passkeys/claim/start", &form).await.status.as_u16());
    }
    assert_eq!(statuses[..10], [404; 10]);
    assert_eq!(statuses[10..], [429; 10]);
    let new = panel.announced_token().expect("a new link on the console");
    assert_ne!(new, old);
    let start = async |token: &str| {
        panel.browser().post("/passkeys/claim/start", &json!({ "token": token, "name": "Ada" })).await.status
    };
    assert_eq!(start(&old).await, StatusCode::NOT_FOUND);
    assert_eq!(start(&new).await, StatusCode::OK);
}

#[tokio::test]
async fn a_link_ends_with_its_time() {
    let panel = Panel::new().await;
    let token = panel.token(Link::Claim).await;
    panel.clock.advance_ms(30 * MINUTE);
    let late = panel.browser().post("/passkeys/claim/start", &json!({ "token": token, "name": "Ada" })).await;
    assert_eq!(late.status, StatusCode::GONE);
    assert!(late.text().contains("homeport claim-token"));
}

#[tokio::test]
async fn setup_never_opens_again() {
    let panel = Panel::new().await;
    let token = panel.token(Link::Claim).await;
    let begun = panel.browser().post("/passkeys/claim/start", &json!({ "token": token, "name": "Eve" })).await.json();
    panel.claim().await;
    // A ceremony begun before the claim comes too late.
    let (_, credential) = Passkey::create(&begun["options"], &panel.origin);
    let late =
        panel.browser().post("/passkeys/claim/finish", &json!({ "id": begun["id"], "credential": credential })).await;
    assert_eq!(late.status, StatusCode::NOT_FOUND);
    assert!(panel.accounts.new_link(Link::Claim).await.is_err());

    let panel = panel.restart().await.expect("starts again");
    assert!(panel.accounts.claim_link_while_unclaimed().await.expect("answers").is_none());
    let used = panel.browser().post("/passkeys/claim/start", &json!({ "token": token, "name": "Eve" })).await;
    assert_eq!(used.status, StatusCode::NOT_FOUND);

    // Not even when the database is gone.
    let folder = panel.folder.clone();
    let state = folder.path().join("state");
    for file in ["homeport.db", "homeport.db-wal", "homeport.db-shm"] {
        let _ = std::fs::remove_file(state.join(file));
    }
    let Err(refusal) = panel.restart().await else { panic!("a panel without its database started") };
    assert_eq!(refusal.exit_code(), 78);
    assert!(refusal.to_string().contains("State missing"), "{refusal}");
    assert!(!state.join("homeport.db").exists());
    // Nor when an empty one lies in its place.
    std::fs::write(state.join("homeport.db"), b"").expect("writes");
    let opened = StateFolder::lock(&state).expect("locks");
    assert_eq!(homeport_server::db::Db::open(&opened).await.err().map(|refusal| refusal.exit_code()), Some(78));
}

#[tokio::test]
async fn a_passkey_that_needs_a_user_name_is_refused() {
    let panel = Panel::new().await;
    let token = panel.token(Link::Claim).await;
    let browser = panel.browser();
    let begun = browser.post("/passkeys/claim/start", &json!({ "token": token, "name": "Ada" })).await.json();
    let (_, mut credential) = Passkey::create(&begun["options"], &panel.origin);
    credential["clientExtensionResults"]["credProps"]["rk"] = false.into();
    let refused = browser.post("/passkeys/claim/finish", &json!({ "id": begun["id"], "credential": credential })).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(refused.json()["field"], "credential");
    assert_eq!((panel.count("users").await, panel.count("passkeys").await), (0, 0));
}

#[tokio::test]
async fn signing_in_sets_exactly_this_cookie() {
    let (panel, mut owner) = Panel::claimed().await;
    let answer = owner.sign_in(panel.browser()).await;
    assert_eq!(answer.status, StatusCode::OK);
    let cookies: Vec<_> = answer.headers.get_all("set-cookie").iter().collect();
    assert_eq!(cookies.len(), 1);
    let (value, attributes) = answer.header("set-cookie").split_once("; ").expect("attributes");
    assert_eq!(attributes, "Path=/; Secure; HttpOnly; SameSite=Strict");
    assert_eq!(value.len(), "__Host-sid=".len() + 43);
    assert_eq!(panel.actions().await.last().map(String::as_str), Some("session.sign_in"));
    // The same browser signs in again: its old session ends.
    let browser = answer.enter(panel.browser());
    let again = owner.sign_in(browser.clone()).await;
    assert_eq!(again.status, StatusCode::OK);
    assert_eq!(browser.get("/api/ui/accounts/me").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(again.enter(browser).get("/api/ui/accounts/me").await.status, StatusCode::OK);
}

/// Begins a sign-in and finishes it with what `change` makes of the honest assertion.
async fn sign_in_with(panel: &Panel, owner: &Owner, change: impl FnOnce(&mut Assertion)) -> (u16, Value) {
    let browser = panel.browser();
    let begun = browser.post("/passkeys/sign-in/start", &json!({})).await.json();
    let mut assertion = owner.passkey.prepare(&begun["options"]);
    change(&mut assertion);
    let credential = owner.passkey.sign(&assertion);
    let answer =
        browser.post("/passkeys/sign-in/finish", &json!({ "id": begun["id"], "credential": credential })).await;
    (answer.status.as_u16(), answer.json())
}

#[tokio::test]
async fn a_lie_that_is_properly_signed_is_still_refused_and_leaves_nothing() {
    let (panel, mut owner) = Panel::claimed().await;
    owner.passkey.counter = 7;
    let before = panel.dump().await;
    let port = format!("{}1", panel.origin);
    let https = panel.origin.replace("http:", "https:");
    let below = panel.origin.replace("http://", "http://app.");
    let lies: [(&str, Lie); 9] = [
        ("type", Box::new(|said| said.client_data["type"] = "webauthn.create".into())),
        ("challenge", Box::new(|said| said.client_data["challenge"] = "AAAA".into())),
        ("cross origin", Box::new(|said| said.client_data["crossOrigin"] = true.into())),
        ("other port", Box::new(move |said| said.client_data["origin"] = port.into())),
        ("other scheme", Box::new(move |said| said.client_data["origin"] = https.into())),
        ("host below", Box::new(move |said| said.client_data["origin"] = below.into())),
        ("other relying party", Box::new(|said| said.authenticator_data[0] ^= 1)),
        ("user not verified", Box::new(|said| said.authenticator_data[32] &= !4)),
        ("user not present", Box::new(|said| said.authenticator_data[32] &= !1)),
    ];
    let mut answers = HashSet::new();
    for (lie, change) in lies {
        let (status, body) = sign_in_with(&panel, &owner, change).await;
        assert_eq!(status, 401, "{lie}");
        answers.insert(body.to_string());
        assert_eq!(panel.dump().await, before, "{lie}");
    }
    assert_eq!(answers.len(), 1, "all refusals read the same: {answers:?}");
    let (status, _) = sign_in_with(&panel, &owner, |_| ()).await;
    assert_eq!(status, 200, "the honest one passes");
}

#[tokio::test]
async fn a_flipped_bit_is_refused_and_leaves_nothing() {
    let (panel, owner) = Panel::claimed().await;
    let before = panel.dump().await;
    for field in ["signature", "clientDataJSON", "authenticatorData", "userHandle"] {
        let browser = panel.browser();
        let begun = browser.post("/passkeys/sign-in/start", &json!({})).await.json();
        let mut credential = owner.passkey.sign(&owner.passkey.prepare(&begun["options"]));
        flip(&mut credential, field);
        let answer =
            browser.post("/passkeys/sign-in/finish", &json!({ "id": begun["id"], "credential": credential })).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{field}");
        assert_eq!(panel.dump().await, before, "{field}");
    }
}

#[tokio::test]
async fn an_answer_counts_once_in_time_and_for_its_own_ceremony() {
    let (panel, mut owner) = Panel::claimed().await;
    let browser = panel.browser();
    let finish = async |id: &Value, credential: &Value| {
        browser.post("/passkeys/sign-in/finish", &json!({ "id": id, "credential": credential })).await.status
    };
    let begin = async || browser.post("/passkeys/sign-in/start", &json!({})).await.json();

    let begun = begin().await;
    let credential = owner.passkey.assert(&begun["options"]);
    assert_eq!(finish(&begun["id"], &credential).await, StatusCode::OK);
    assert_eq!(finish(&begun["id"], &credential).await, StatusCode::UNAUTHORIZED, "replayed");

    let begun = begin().await;
    let credential = owner.passkey.assert(&begun["options"]);
    panel.clock.advance_ms(5 * MINUTE);
    assert_eq!(finish(&begun["id"], &credential).await, StatusCode::UNAUTHORIZED, "too late");

    let (one, other) = (begin().await, begin().await);
    let credential = owner.passkey.assert(&one["options"]);
    assert_eq!(finish(&other["id"], &credential).await, StatusCode::UNAUTHORIZED, "of another ceremony");

    // Two tabs, each with its own.
    let (one, other) = (begin().await, begin().await);
    let first = owner.passkey.assert(&one["options"]);
    let second = owner.passkey.assert(&other["options"]);
    assert_eq!(finish(&one["id"], &first).await, StatusCode::OK);
    assert_eq!(finish(&other["id"], &second).await, StatusCode::OK);

    // A step-up's ceremony does not sign in, and a registration's answers nothing else.
    let begun = owner.browser.post("/passkeys/step-up/start", &json!({})).await.json();
    let credential = owner.passkey.assert(&begun["options"]);
    assert_eq!(finish(&begun["id"], &credential).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_restart_in_the_middle_says_try_again() {
    let (panel, mut owner) = Panel::claimed().await;
    let begun = panel.browser().post("/passkeys/sign-in/start", &json!({})).await.json();
    let credential = owner.passkey.assert(&begun["options"]);
    let panel = panel.restart().await.expect("starts again");
    let answer =
        panel.browser().post("/passkeys/sign-in/finish", &json!({ "id": begun["id"], "credential": credential })).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(answer.json()["hint"], "Try again.");
}

#[tokio::test]
async fn a_counter_that_goes_back_freezes_the_passkey() {
    let (panel, mut owner) = Panel::claimed().await;
    owner.passkey.counter = 9;
    assert_eq!(owner.sign_in(panel.browser()).await.status, StatusCode::OK);
    let genuine = owner.passkey.counter;
    owner.passkey.counter = 3;
    assert_eq!(owner.sign_in(panel.browser()).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(panel.actions().await.last().map(String::as_str), Some("passkey.suspect"));
    assert_eq!(owner.settings().await["passkeys"][0]["frozen"], true);
    owner.passkey.counter = genuine;
    assert_eq!(owner.sign_in(panel.browser()).await.status, StatusCode::UNAUTHORIZED, "frozen for good");
}

#[tokio::test]
async fn a_passkey_that_changes_whether_it_is_backed_up_is_refused() {
    let (panel, mut owner) = Panel::claimed().await;
    let stored = owner.settings().await["passkeys"].clone();
    owner.passkey.backup_eligible = true;
    assert_eq!(owner.sign_in(panel.browser()).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(panel.actions().await.last().map(String::as_str), Some("passkey.suspect"));
    assert_eq!(owner.settings().await["passkeys"], stored);
    owner.passkey.backup_eligible = false;
    assert_eq!(owner.sign_in(panel.browser()).await.status, StatusCode::OK, "not frozen");
}

#[tokio::test]
async fn a_passkey_without_a_counter_signs_in_again_and_again() {
    let panel = Panel::new().await;
    let token = panel.token(Link::Claim).await;
    let browser = panel.browser();
    let begun = browser.post("/passkeys/claim/start", &json!({ "token": token, "name": "Ada" })).await.json();
    let (mut passkey, _) = Passkey::create(&begun["options"], &panel.origin);
    passkey.counter = 0;
    let credential = passkey.attest(&begun["options"]);
    let done = browser.post("/passkeys/claim/finish", &json!({ "id": begun["id"], "credential": credential })).await;
    let mut owner = Owner { browser: done.enter(browser), passkey, codes: Vec::new() };
    for _ in 0..3 {
        assert_eq!(owner.sign_in(panel.browser()).await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn a_credential_belongs_to_one_place_only() {
    let (_panel, mut owner) = Panel::claimed().await;
    owner.step_up().await;
    let begun = owner.browser.post("/passkeys/add/start", &json!({})).await.json();
    let known = begun["options"]["excludeCredentials"].as_array().expect("a list");
    assert_eq!(known.len(), 1, "the browser is told which passkeys are here");
    let credential = owner.passkey.attest(&begun["options"]);
    let again =
        owner.browser.post("/passkeys/add/finish", &json!({ "id": begun["id"], "credential": credential })).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn a_thousand_ceremonies_are_kept_and_no_more() {
    let (panel, mut owner) = Panel::claimed().await;
    let first = panel.accounts.begin_sign_in(&Default::default()).expect("begins");
    for _ in 0..1_000 {
        panel.accounts.begin_sign_in(&Default::default()).expect("begins");
    }
    assert_eq!(panel.accounts.ceremonies_under_way(), 1_000);
    let credential = owner.passkey.assert(&first.options);
    let pushed_out =
        panel.browser().post("/passkeys/sign-in/finish", &json!({ "id": first.id, "credential": credential })).await;
    assert_eq!(pushed_out.status, StatusCode::UNAUTHORIZED);
    assert_eq!(owner.sign_in(panel.browser()).await.status, StatusCode::OK, "the next one gets in");
}

#[tokio::test]
async fn bodies_that_do_not_read_are_refused() {
    let (panel, owner) = Panel::claimed().await;
    let before = panel.dump().await;
    let deep = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
    let bodies =
        ["", "{", "[]", "null", "{\"id\":1}", "{\"id\":\"x\"}", "{\"id\":\"x\",\"credential\":{},\"more\":1}", &deep];
    for route in ["claim/start", "claim/finish", "sign-in/finish", "step-up/finish", "add/finish"] {
        for body in bodies {
            let path = format!("/passkeys/{route}");
            let request = owner.browser.request(http::Method::POST, &path).header("content-type", "application/json");
            let answer = owner.browser.send(request.body(body.to_owned().into()).expect("a request")).await;
            assert!(matches!(answer.status.as_u16(), 422 | 429), "{route} {body:.20}: {}", answer.status);
        }
    }
    let plain =
        owner.browser.request(http::Method::POST, "/passkeys/sign-in/finish").header("content-type", "text/plain");
    let answer = owner.browser.send(plain.body("{}".into()).expect("a request")).await;
    assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(panel.dump().await, before);
}

#[tokio::test]
async fn hostile_names_are_named_by_their_field() {
    let panel = Panel::new().await;
    for name in ["", "   ", "a\nb", "a\r\nSet-Cookie: x", "a\0b", "\u{202e}gnp", "\u{1b}]52;c;x\u{7}", &"x".repeat(65)]
    {
        let token = panel.token(Link::Claim).await;
        let refused = panel.browser().post("/passkeys/claim/start", &json!({ "token": token, "name": name })).await;
        assert_eq!((refused.status.as_u16(), refused.json()["field"].as_str()), (422, Some("name")), "{name:?}");
    }
    let mut owner = panel.claim().await;
    owner.step_up().await;
    for label in ["a\nb", "a\0b", "\u{2066}x", &"x".repeat(65)] {
        let (_, refused) = owner.add_passkey(label).await;
        assert_eq!((refused.status.as_u16(), refused.json()["field"].as_str()), (422, Some("label")), "{label:?}");
    }
    // What is odd but printable is kept as it is.
    let odd = "<img src=x onerror=alert(1)> '; DROP TABLE users; -- $(id)";
    let (_, added) = owner.add_passkey(odd).await;
    assert_eq!(added.status, StatusCode::OK);
    assert_eq!(owner.settings().await["passkeys"][1]["label"], odd);
}

#[tokio::test]
async fn hostile_arguments_of_server_functions_are_refused_and_leave_nothing() {
    let (panel, mut owner) = Panel::claimed().await;
    owner.step_up().await;
    let key = owner.settings().await["passkeys"][0]["id"].as_str().expect("an id").to_owned();
    let before = panel.dump().await;
    let hostile = [
        "",
        "$(id)",
        "../../etc/passwd",
        "' OR 1=1 --",
        "%00",
        "%0d%0aSet-Cookie: a=b",
        "0123456789abcdef0",
        "ABCDEF0123456789",
    ];
    for name in ["remove-passkey", "end-session"] {
        for id in hostile {
            let refused = owner.browser.form(&format!("/api/ui/accounts/{name}"), &format!("id={id}")).await;
            assert_eq!((refused.status.as_u16(), refused.code().as_str()), (422, "invalid"), "{name} {id}");
        }
        let refused = owner.browser.form(&format!("/api/ui/accounts/{name}"), "").await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}");
    }
    for label in ["", "%20", "a%0ab", "a%00b", "%E2%80%AEgnp", &"x".repeat(65)] {
        let refused = owner.browser.form("/api/ui/accounts/rename-passkey", &format!("id={key}&label={label}")).await;
        assert_eq!((refused.status.as_u16(), refused.json()["field"].as_str()), (422, Some("label")), "{label:?}");
    }
    assert_eq!(panel.dump().await, before);
    let renamed = owner.browser.form("/api/ui/accounts/rename-passkey", &format!("id={key}&label=Desk")).await;
    assert_eq!(renamed.status, StatusCode::OK);
    assert_eq!(owner.settings().await["passkeys"][0]["label"], "Desk");
}
