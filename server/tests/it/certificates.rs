//! Certificates through the panel: brought, made here, served by the real nginx, and looked at.

use std::{
    fs,
    io::Write,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use flate2::{Compression, write::GzEncoder};
use homeport_model::{
    certificate::{
        CertificateSource, DomainView, Look,
        plan::Policy,
        served::{Secure, Severity, Unseen, Way},
        settings::PlanForm,
    },
    domain::DomainForm,
    name::{DomainName, HostName},
    prelude::{Actor, Code, Problem, Timestamp},
    secret::Secret,
};
use homeport_server::drivers::tls::{facts, look_secure};
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use serde_json::json;

use crate::{
    archives::{zip, zipped},
    support::{
        authority::{Authority, Issued},
        panel::Panel,
        running::{Running, succeeded},
        web,
    },
};

pub const SHOP: &str = "shop.example.com";

pub fn domain(text: &str) -> DomainName {
    text.parse().expect("a name")
}

/// A panel with an app that has a name of its own.
pub async fn with_shop() -> Running {
    let panel = Running::start().await;
    let app = panel.create(panel.form("shop")).await;
    let form = DomainForm { name: SHOP.into(), ..DomainForm::default() };
    panel.backend.domains.add(&panel.actor, &app, form).await.expect("added");
    panel
}

pub async fn keep(panel: &Running, actor: &Actor, name: &str, chain: &str, key: &str) -> Result<(), Problem> {
    panel.backend.certificates.keep_own(actor, &domain(name), chain.to_owned(), Secret::new(key.to_owned())).await
}

async fn keep_files(panel: &Running, files: &[&[u8]]) -> Result<(), Problem> {
    let files = files.iter().map(|bytes| Secret::new(bytes.to_vec())).collect();
    Ok(panel.services.certificates.keep_files(&panel.actor, &domain(SHOP), files).await?)
}

pub async fn view(panel: &Running, name: &str) -> DomainView {
    panel.backend.certificates.domain(&panel.actor, &domain(name)).await.expect("a domain")
}

async fn look(panel: &Running, name: &str) -> Look {
    panel.backend.certificates.look(&panel.actor, &domain(name)).await.expect("looked");
    view(panel, name).await.looks.into_iter().find(|look| look.served.way == Way::Loopback).expect("a look")
}

async fn https(panel: &Running) -> SocketAddr {
    let port = view(panel, SHOP).await.https_port.expect("a port");
    SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port.get())
}

/// What a visitor's handshake gets.
pub async fn served(panel: &Running, name: &str) -> Result<Secure, Unseen> {
    let name: HostName = name.parse().expect("a name");
    look_secure(https(panel).await, &name, Timestamp::from_ms(1_795_232_519_000)).await
}

pub fn serial(issued: &Issued) -> String {
    facts(&issued.certificate).expect("facts").serial
}

pub fn nginx(panel: &Running) -> PathBuf {
    panel.ground.state().join("nginx")
}

/// What nginx has been given.
fn generation(panel: &Running) -> PathBuf {
    fs::read_link(nginx(panel).join("current")).expect("a generation")
}

fn nginx_pid(panel: &Running) -> rustix::process::Pid {
    let text = fs::read_to_string(nginx(panel).join("nginx.pid")).expect("a pid");
    rustix::process::Pid::from_raw(text.trim().parse().expect("a pid")).expect("a pid")
}

/// A browser that knows one root, and believes what it should.
async fn believes(panel: &Running, root: &str, name: &str) -> bool {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(root.as_bytes()).expect("a root")).expect("added");
    let stream = tokio::net::TcpStream::connect(https(panel).await).await.expect("connected");
    let name = ServerName::try_from(name.to_owned()).expect("a name");
    tokio_rustls::TlsConnector::from(web::trusting(roots)).connect(name, stream).await.is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_brings_is_served_and_its_key_never_leaves() {
    let panel = with_shop().await;
    assert_eq!(served(&panel, SHOP).await, Err(Unseen::Rejected), "nothing is there yet");
    let root = Authority::root("Test Root");
    let between = root.below("Test Intermediate");
    let issued = between.issue(SHOP);
    let chain = format!("{}{}{}", root.pem, between.pem, issued.certificate);
    keep(&panel, &panel.actor, SHOP, &chain, &issued.key).await.expect("kept");

    let seen = served(&panel, SHOP).await.expect("https");
    assert_eq!((&seen.facts.serial, seen.http2, seen.trusted), (&serial(&issued), true, false));
    assert_eq!((seen.issuers.len(), seen.missing.as_deref()), (2, Some("Test Root")));
    assert_eq!(seen.status, Some(502), "{seen:?}");
    assert!(believes(&panel, &root.pem, SHOP).await, "who knows the root believes the chain");
    assert!(!believes(&panel, &Authority::root("Test Root").pem, SHOP).await);
    succeeded(&panel.deploy(&"shop".parse().expect("a name")).await);
    let seen = served(&panel, SHOP).await.expect("https");
    assert!(seen.hsts.is_some() && seen.status == Some(200), "{seen:?}");
    let plain = web::get(panel.ground.http_port, SHOP, "/cart?x=1").await.expect("http");
    assert_eq!(plain.status, 301);
    assert!(plain.text.contains(&format!("https://{SHOP}:{}/cart?x=1", https(&panel).await.port())), "{}", plain.text);
    assert_eq!(served(&panel, "shop.apps.localhost").await, Err(Unseen::Rejected), "other names are as they were");

    let page = view(&panel, SHOP).await;
    let row = page.certificate.as_ref().expect("a certificate");
    assert_eq!((row.source, &row.facts.serial), (CertificateSource::Uploaded, &serial(&issued)));
    let inside = page.looks.iter().find(|look| look.served.way == Way::Loopback).expect("looked at once");
    assert_eq!(inside.served.secure.as_ref().expect("https").facts.serial, serial(&issued));
    assert!(inside.served.plain.as_ref().expect("http").leads_to_https());
    assert!(inside.differences.iter().all(|one| one.severity < Severity::Bad || one.words.contains("Test Root")));

    // The next one takes its place; the one before stays in the list, and only there.
    let next = between.issue_for(&["*.example.com", SHOP], -1, 10);
    let chain = format!("{}{}{}", next.certificate, between.pem, root.pem);
    keep(&panel, &panel.actor, SHOP, &chain, &next.key).await.expect("kept");
    assert_eq!(served(&panel, SHOP).await.expect("https").facts.serial, serial(&next));
    let page = view(&panel, SHOP).await;
    assert_eq!(page.earlier.iter().map(|one| one.in_use).collect::<Vec<_>>(), [true, false]);
    assert_eq!(fs::read_dir(nginx(&panel).join("certificates")).expect("a folder").count(), 1);
    let alert = page.alerts.iter().find(|alert| alert.words.contains("ends in")).expect("an alert");
    assert!(alert.cause.contains("bring a new one"), "{alert:?}");
    let outlook = panel.backend.certificates.outlook(&panel.actor).await.expect("an outlook");
    assert!(outlook.alerts.contains(alert) && outlook.endings[0].domain == domain(SHOP), "{outlook:?}");

    let audit = panel.backend.activity.audit(&panel.actor, None).await.expect("a log");
    let actions: Vec<&str> = audit.iter().map(|row| row.action.as_str()).collect();
    assert_eq!(actions.iter().filter(|action| **action == "certificate.keep").count(), 2, "{actions:?}");
    let secret: String = next.key.lines().nth(1).expect("a line").into();
    let list = panel.backend.certificates.list(&panel.actor).await.expect("a list");
    for text in [json!(audit), json!(page), json!(outlook), json!(list)] {
        assert!(!text.to_string().contains(&secret) && !text.to_string().contains("PRIVATE"), "{text}");
    }
    for file in ["homeport.db", "homeport.db-wal"] {
        let stored = fs::read(panel.ground.state().join(file)).expect("stored");
        assert!(memchr::memmem::find(&stored, secret.as_bytes()).is_none(), "{file}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_not_do_is_refused_and_nothing_changes() {
    let panel = with_shop().await;
    let root = Authority::root("Test Root");
    let between = root.below("Test Intermediate");
    let good = root.issue(SHOP);
    let before = generation(&panel);
    let bundle = |issued: &Issued| format!("{}{}", issued.certificate, root.pem);
    let (ended, early) = (root.issue_for(&[SHOP], -90, -2), root.issue_for(&[SHOP], 3, 90));
    let (other, above) = (root.issue("other.example.com"), root.issue("*.shop.example.com"));
    let alone = between.issue(SHOP);
    for (chain, key, field, says) in [
        (bundle(&good), &other.key, "key", "does not belong to the certificate for shop.example.com"),
        (bundle(&ended), &ended.key, "certificate", "The certificate ended 2 d ago"),
        (bundle(&early), &early.key, "certificate", "only, in 3 d"),
        (bundle(&other), &other.key, "certificate", "is for other.example.com, not for shop.example.com"),
        (bundle(&above), &above.key, "certificate", "is for *.shop.example.com, not for"),
        (alone.certificate.clone(), &alone.key, "certificate", "the certificate of “Test Intermediate” is missing"),
        (format!("{}{}", alone.certificate, between.pem), &alone.key, "certificate", "“Test Root” is missing"),
        ("'; DROP TABLE certificates; --".into(), &good.key, "certificate", "no certificate"),
        ("<script>alert(1)</script>".into(), &good.key, "certificate", "no certificate"),
    ] {
        let problem = keep(&panel, &panel.actor, SHOP, &chain, key).await.expect_err(says);
        assert_eq!((problem.code, problem.field.as_deref()), (Code::Invalid, Some(field)), "{problem}");
        assert!(problem.title.contains(says) && problem.hint.is_some(), "{says}: {problem}");
    }
    for name in ["nowhere.example.com", "*.nowhere.example.com", "panel.example.com", "com.example.shop"] {
        let problem = keep(&panel, &panel.actor, name, &bundle(&good), &good.key).await.expect_err("unknown");
        assert_eq!(problem.code, Code::NotFound, "{name}");
        let sign = panel.backend.certificates.self_sign(&panel.actor, &domain(name)).await.expect_err("unknown");
        assert_eq!(sign.code, Code::NotFound);
        let page = panel.backend.certificates.domain(&panel.actor, &domain(name)).await.expect_err("unknown");
        assert_eq!(page.code, Code::NotFound);
    }
    for role in ["viewer", "deployer"] {
        let actor = panel.person(role).await;
        let problem = keep(&panel, &actor, SHOP, &bundle(&good), &good.key).await.expect_err("not theirs");
        assert_eq!(problem.code, Code::Forbidden);
        let problem = panel.backend.certificates.self_sign(&actor, &domain(SHOP)).await.expect_err("not theirs");
        assert_eq!(problem.code, Code::Forbidden);
        assert!(panel.backend.certificates.domain(&actor, &domain(SHOP)).await.is_ok());
    }
    let stale = Actor { step_up_until: None, ..panel.actor.clone() };
    let problem = keep(&panel, &stale, SHOP, &bundle(&good), &good.key).await.expect_err("no passkey");
    assert_eq!(problem.code, Code::StepUpRequired);
    assert_eq!(generation(&panel), before);
    assert!(panel.backend.certificates.list(&panel.actor).await.expect("a list").is_empty());
    assert_eq!(served(&panel, SHOP).await, Err(Unseen::Rejected));
}

fn tar(files: &[(&str, &str)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o600);
        tar.append_data(&mut header, path, content.as_bytes()).expect("written");
    }
    tar.into_inner().expect("ended")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(bytes).expect("packed");
    gzip.finish().expect("packed")
}

#[tokio::test(flavor = "multi_thread")]
async fn files_and_archives_are_taken_as_authorities_send_them() {
    let panel = with_shop().await;
    let root = Authority::root("Test Root");
    let between = root.below("Test Intermediate");
    for packed in ["files", "tar", "tar.gz", "zip"] {
        let issued = between.issue(SHOP);
        let bundle = format!("{}{}", root.pem, between.pem);
        let files = [
            ("shop_example_com/README.txt", "Thank you for your order."),
            ("shop_example_com/My_CA_Bundle.ca-bundle", bundle.as_str()),
            ("shop_example_com/shop_example_com.crt", &issued.certificate),
            ("shop_example_com/private.key", &issued.key),
        ];
        let archive = tar(&files);
        match packed {
            "files" => keep_files(&panel, &files.map(|(_, text)| text.as_bytes())).await,
            "tar" => keep_files(&panel, &[archive.as_slice()]).await,
            "zip" => {
                let files = files.map(|(path, text)| zipped(path, text.as_bytes()));
                keep_files(&panel, &[zip(&files).as_slice()]).await
            }
            _ => keep_files(&panel, &[gzip(&archive).as_slice()]).await,
        }
        .unwrap_or_else(|problem| panic!("{packed}: {problem}"));
        assert_eq!(served(&panel, SHOP).await.expect("https").facts.serial, serial(&issued), "{packed}");
    }

    let issued = between.issue(SHOP);
    let before = generation(&panel);
    let link = {
        let mut tar = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        tar.append_link(&mut header, "private.key", "/etc/shadow").expect("written");
        tar.into_inner().expect("ended")
    };
    let mut out = tar(&[("private.key", "x")]);
    out[..14].copy_from_slice(b"../private.key");
    let fixed = {
        // The header's sum, over the new name.
        out[148..156].copy_from_slice(b"        ");
        let sum: u32 = out[..512].iter().map(|byte| u32::from(*byte)).sum();
        out[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        out
    };
    let zeros = "\0".repeat(600 << 10);
    let bomb = gzip(&tar(&[("chain.pem", zeros.as_str())]));
    let crowd: Vec<(String, &str)> = (0..80).map(|number| (format!("{number}.pem"), "x")).collect();
    let crowd = tar(&crowd.iter().map(|(name, text)| (name.as_str(), *text)).collect::<Vec<_>>());
    let cut = gzip(&tar(&[("chain.pem", issued.certificate.as_str())]));
    let without_key = tar(&[("chain.pem", &format!("{}{}{}", issued.certificate, between.pem, root.pem))]);
    for (bytes, field, says) in [
        (link, "archive", "is a symbolic link"),
        (fixed, "archive", "leads out of the archive"),
        (bomb, "archive", "is larger than"),
        (crowd, "archive", "more than 64 files"),
        (cut[..cut.len() - 12].to_vec(), "archive", "damaged"),
        (vec![0x1f, 0x8b, 0, 0, 0], "archive", "damaged"),
        (without_key, "key", "no private key"),
        (vec![0x30, 0x82, 1, 2, 0xff], "certificate", "no certificate"),
        (Vec::new(), "files", "Choose the files"),
    ] {
        let problem = keep_files(&panel, &[bytes.as_slice()]).await.expect_err(says);
        assert_eq!((problem.code, problem.field.as_deref()), (Code::Invalid, Some(field)), "{problem}");
        assert!(problem.title.contains(says), "{says}: {problem}");
    }
    assert_eq!(generation(&panel), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_self_signed_one_is_for_a_start_only() {
    let panel = with_shop().await;
    let certificates = &panel.backend.certificates;
    certificates.self_sign(&panel.actor, &domain(SHOP)).await.expect("made");
    let seen = served(&panel, SHOP).await.expect("https");
    assert!(seen.self_signed && seen.facts.covers(&domain(SHOP)));
    let page = view(&panel, SHOP).await;
    assert_eq!(page.certificate.expect("one").source, CertificateSource::SelfSigned);
    assert!(page.note.is_some_and(|note| note.contains("browsers warn")));
    assert!(
        page.alerts.iter().any(|alert| alert.severity == Severity::Warning && alert.words.contains("browsers warn"))
    );
    assert!(page.verdict.is_some_and(|(severity, _)| severity == Severity::Warning));

    let root = Authority::root("Test Root");
    let issued = root.issue(SHOP);
    let chain = format!("{}{}", issued.certificate, root.pem);
    keep(&panel, &panel.actor, SHOP, &chain, &issued.key).await.expect("kept");
    let refused = certificates.self_sign(&panel.actor, &domain(SHOP)).await.expect_err("worse");
    assert_eq!(refused.code, Code::Conflict);
    assert_eq!(served(&panel, SHOP).await.expect("https").facts.serial, serial(&issued));

    // A wildcard serves the names below it that have none of their own.
    certificates.self_sign(&panel.actor, &domain("*.apps.localhost")).await.expect("made");
    let below = served(&panel, "shop.apps.localhost").await.expect("https");
    let page = view(&panel, "shop.apps.localhost").await;
    let shared = page.certificate.expect("the wildcard's");
    assert_eq!((shared.domain, shared.facts.serial), (domain("*.apps.localhost"), below.facts.serial));

    let origin = Authority::cloudflare_origin().issue(SHOP);
    keep(&panel, &panel.actor, SHOP, &origin.certificate, &origin.key).await.expect("a CDN's is complete");
    let page = view(&panel, SHOP).await;
    assert!(page.note.is_some_and(|note| note.contains("Full (strict)")));
    assert!(page.alerts.is_empty(), "{:?}", page.alerts);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_did_by_hand_is_seen() {
    let panel = with_shop().await;
    let root = Authority::root("Test Root");
    let (ours, theirs) = (root.issue(SHOP), root.issue(SHOP));
    let chain = format!("{}{}", ours.certificate, root.pem);
    keep(&panel, &panel.actor, SHOP, &chain, &ours.key).await.expect("kept");
    panel.services.stop_looking();
    let folder = fs::read_dir(nginx(&panel).join("certificates")).expect("a folder").next().expect("one").expect("one");
    fs::write(folder.path().join("chain.pem"), &theirs.certificate).expect("written");
    fs::write(folder.path().join("key.pem"), &theirs.key).expect("written");
    rustix::process::kill_process(nginx_pid(&panel), rustix::process::Signal::HUP).expect("reloaded");
    let mut found = look(&panel, SHOP).await;
    for _ in 0..100 {
        if found.differences.iter().any(|one| one.words.contains("Another certificate is served")) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        found = look(&panel, SHOP).await;
    }
    let difference = found.differences.iter().find(|one| one.severity == Severity::Bad).expect("a difference");
    assert!(difference.words.contains(&serial(&theirs)) && difference.words.contains(&serial(&ours)), "{difference:?}");
    let outlook = panel.backend.certificates.outlook(&panel.actor).await.expect("an outlook");
    assert!(outlook.alerts.iter().any(|alert| alert.words == difference.words), "{outlook:?}");

    // nginx down: that is not known to be bad.
    rustix::process::kill_process(nginx_pid(&panel), rustix::process::Signal::TERM).expect("stopped");
    let mut found = look(&panel, SHOP).await;
    for _ in 0..100 {
        if found.served.secure == Err(Unseen::Refused) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        found = look(&panel, SHOP).await;
    }
    assert_eq!(found.served.secure, Err(Unseen::Refused));
    assert!(found.differences.iter().all(|one| one.severity == Severity::Unknown), "{found:?}");
    let page = view(&panel, SHOP).await;
    let (severity, words) = page.verdict.expect("a verdict");
    assert_eq!(severity, Severity::Unknown);
    assert!(words.contains("could not be seen"), "{words}");
    assert!(page.alerts.is_empty(), "{:?}", page.alerts);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pair_that_was_cut_on_disk_is_written_again_before_nginx_reads_it() {
    let panel = with_shop().await;
    let root = Authority::root("Test Root");
    let issued = root.issue(SHOP);
    let chain = format!("{}{}", issued.certificate, root.pem);
    keep(&panel, &panel.actor, SHOP, &chain, &issued.key).await.expect("kept");
    let folder = fs::read_dir(nginx(&panel).join("certificates")).expect("a folder").next().expect("one").expect("one");
    for (file, left) in [("chain.pem", 100), ("key.pem", 0)] {
        let path = folder.path().join(file);
        let whole = fs::read(&path).expect("read");
        fs::write(&path, &whole[..left]).expect("cut");
        // Another name's change has nginx read everything anew.
        panel.backend.certificates.self_sign(&panel.actor, &domain("shop.apps.localhost")).await.expect("made");
        assert_eq!(fs::read(&path).expect("read"), whole, "{file}");
        assert_eq!(served(&panel, SHOP).await.expect("https").facts.serial, serial(&issued));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nginx_refuses_the_one_before_stays() {
    let panel = with_shop().await;
    let root = Authority::root("Test Root");
    let (first, next) = (root.issue(SHOP), root.issue(SHOP));
    let bundle = |issued: &Issued| format!("{}{}", issued.certificate, root.pem);
    keep(&panel, &panel.actor, SHOP, &bundle(&first), &first.key).await.expect("kept");
    panel.services.stop_looking();
    // From here Homeport renews it.
    let form = PlanForm { policy: "automatic".into(), challenge: "http-01".into(), ..PlanForm::default() };
    panel.backend.certificates.set_plan(&panel.actor, &domain(SHOP), form).await.expect("set");
    // What comes from now on is nothing that nginx reads: it refuses all of the app's file, and its file
    // from before serves on in a generation of its own.
    let mut tx = panel.db.write().await.expect("writes");
    let spoil = "CREATE TRIGGER spoil AFTER INSERT ON certificates
                 BEGIN UPDATE certificates SET chain = 'nonsense' WHERE id = NEW.id; END";
    sqlx::query(spoil).execute(&mut *tx).await.expect("planted");
    tx.commit().await.expect("committed");
    let problem = keep(&panel, &panel.actor, SHOP, &bundle(&next), &next.key).await.expect_err("refused");
    assert_eq!(problem.code, Code::Engine, "{problem}");
    assert_eq!(served(&panel, SHOP).await.expect("https").facts.serial, serial(&first));
    let page = view(&panel, SHOP).await;
    assert_eq!(page.certificate.expect("one").facts.serial, serial(&first));
    let audit = panel.backend.activity.audit(&panel.actor, None).await.expect("a log");
    assert_eq!(audit[0].action, "certificate.take_back");
    let row = panel.backend.certificates.plan(&panel.actor, &domain(SHOP)).await.expect("a plan");
    assert_eq!(row.plan.policy, Policy::Automatic, "it is renewed on");
}

#[tokio::test]
async fn files_come_from_the_panels_own_pages_with_a_fresh_passkey() {
    let (panel, mut owner) = Panel::claimed().await;
    let path = "/domains/nowhere.example.com/certificate";
    let form = |files: &str| {
        format!("--x\r\nContent-Disposition: form-data; name=\"files\"; filename=\"a.pem\"\r\n\r\n{files}\r\n--x--\r\n")
    };
    let send = async |browser: &crate::support::panel::Browser, body: String| {
        let request = browser
            .request(http::Method::POST, path)
            .header(http::header::CONTENT_TYPE, "multipart/form-data; boundary=x")
            .header(http::header::CONTENT_LENGTH, body.len());
        browser.send(request.body(axum::body::Body::from(body)).expect("a request")).await
    };
    assert_eq!(send(&panel.browser(), form("x")).await.code(), "sign_in_required");
    panel.clock.advance_ms(6 * 60_000);
    assert_eq!(send(&owner.browser, form("x")).await.code(), "step_up_required");
    owner.step_up().await;
    let answer = send(&owner.browser, form("x")).await;
    assert_eq!(answer.status, 404, "{answer:?}");
    assert!(answer.text().contains("There is no such domain"));
    assert_eq!(send(&owner.browser, form(&"x".repeat(300 << 10))).await.status, 413);
}
