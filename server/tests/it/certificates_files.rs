//! Certificates as files of nginx: made from the store, looked at cheaply, laid out anew when they go away;
//! and how the world sees what is served.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use homeport_model::{
    certificate::served::{Served, Unseen, Way},
    domain::{DomainForm, dns::DnsTrouble},
    prelude::{CertificateId, Code, Timestamp},
    secret::Secret,
};
use homeport_server::{
    config::{Config, DnsServer},
    drivers::tls::look_secure,
};

use crate::{
    certificates::{SHOP, domain, keep, nginx, serial, served, view, with_shop},
    support::{
        authority::{Authority, Issued},
        knot::Knot,
        namespace::Ground,
        running::{self, Running},
    },
};

const BLOG: &str = "blog.example.com";

async fn bring(panel: &Running, root: &Authority, name: &str) -> Issued {
    let issued = root.issue(name);
    let chain = format!("{}{}", issued.certificate, root.pem);
    keep(panel, &panel.actor, name, &chain, &issued.key).await.expect("kept");
    issued
}

fn pairs(panel: &Running) -> Vec<PathBuf> {
    let entries = fs::read_dir(nginx(panel).join("certificates")).expect("pairs");
    entries.map(|entry| entry.expect("an entry").path()).collect()
}

/// The folder of a certificate's pair.
fn pair_of(panel: &Running, issued: &Issued) -> PathBuf {
    let has_it = |path: &PathBuf| {
        fs::read_to_string(path.join("chain.pem")).is_ok_and(|text| text.contains(issued.certificate.trim()))
    };
    pairs(panel).into_iter().find(has_it).expect("its pair")
}

fn remove_all(folder: &Path) {
    for pair in fs::read_dir(folder).expect("pairs") {
        fs::remove_dir_all(pair.expect("an entry").path()).expect("removed");
    }
}

/// Two apps with certificates; nobody looks by themselves any more.
async fn two_sites(root: &Authority) -> (Running, Issued, Issued) {
    let panel = with_shop().await;
    let app = panel.create(panel.form("blog")).await;
    let form = DomainForm { name: BLOG.into(), ..DomainForm::default() };
    panel.backend.domains.add(&panel.actor, &app, form).await.expect("added");
    panel.services.stop_looking();
    let shop = bring(&panel, root, SHOP).await;
    let blog = bring(&panel, root, BLOG).await;
    (panel, shop, blog)
}

/// Visitors of a name by https, who ask without pause.
struct Visitors {
    stop: Arc<AtomicBool>,
    task: tokio::task::JoinHandle<(usize, Vec<String>)>,
}

impl Visitors {
    async fn of(panel: &Running, name: &'static str) -> Self {
        let port = view(panel, name).await.https_port.expect("a port").get();
        let stop: Arc<AtomicBool> = Arc::default();
        let until = stop.clone();
        let task = tokio::spawn(async move {
            let name = name.parse().expect("a name");
            let (mut asked, mut failed) = (0, Vec::new());
            while !until.load(Ordering::Relaxed) {
                let look = look_secure(([127, 0, 0, 1], port).into(), &name, Timestamp::from_ms(0)).await;
                asked += 1;
                // A worker that ends may close a connection that it has just taken, before its first request:
                // every reload of nginx's does that, and browsers ask again.
                if !look.as_ref().is_ok_and(|look| matches!(look.status, Some(502) | None)) {
                    failed.push(format!("{look:?}"));
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            (asked, failed)
        });
        Self { stop, task }
    }

    /// How many asked, and what was wrong with those that were not served.
    async fn home(self) -> (usize, Vec<String>) {
        self.stop.store(true, Ordering::Relaxed);
        self.task.await.expect("home")
    }
}

/// Fault 29: what `nginx -t` has read is gone when the master reads it.
#[tokio::test(flavor = "multi_thread")]
async fn a_pair_that_goes_between_the_test_and_the_reload_is_laid_out_anew() {
    let root = Authority::root("Test Root");
    let (panel, _, blog) = two_sites(&root).await;
    let theirs = pair_of(&panel, &blog);
    let visitors = Visitors::of(&panel, BLOG).await;
    // Another site's pair; then every pair, the new one among them.
    let folder = nginx(&panel).join("certificates");
    let (removed, all) = (theirs.clone(), folder.clone());
    let deeds: [Box<dyn FnOnce() + Send>; 2] =
        [Box::new(move || fs::remove_dir_all(removed).expect("removed")), Box::new(move || remove_all(&all))];
    for deed in deeds {
        panel.services.domains.nginx().meddle_before_reload(deed);
        let next = bring(&panel, &root, SHOP).await;
        assert_eq!(served(&panel, SHOP).await.expect("https").facts.serial, serial(&next));
        assert_eq!(served(&panel, BLOG).await.expect("https").facts.serial, serial(&blog));
        assert!(theirs.join("chain.pem").exists() && theirs.join("key.pem").exists());
        assert_eq!(pairs(&panel).len(), 2);
    }
    let (asked, failed) = visitors.home().await;
    assert!(asked > 20 && failed.is_empty(), "{} of {asked} were not served: {failed:#?}", failed.len());
}

/// Whoever goes on removing them is told so, and what was served before is served on.
#[tokio::test(flavor = "multi_thread")]
async fn pairs_that_go_again_and_again_leave_what_was_served() {
    let root = Authority::root("Test Root");
    let (panel, shop, blog) = two_sites(&root).await;
    let visitors = Visitors::of(&panel, BLOG).await;
    for _ in 0..2 {
        let folder = nginx(&panel).join("certificates");
        panel.services.domains.nginx().meddle_before_reload(move || remove_all(&folder));
    }
    let next = root.issue(SHOP);
    let chain = format!("{}{}", next.certificate, root.pem);
    let refused = keep(&panel, &panel.actor, SHOP, &chain, &next.key).await.expect_err("it cannot be loaded");
    assert!(refused.code == Code::Engine && refused.title.contains("cannot load certificate"), "{refused}");
    for (name, issued) in [(SHOP, &shop), (BLOG, &blog)] {
        assert_eq!(served(&panel, name).await.expect("https").facts.serial, serial(issued), "{name}");
        assert!(pair_of(&panel, issued).join("key.pem").exists(), "{name}");
    }
    let audit = panel.backend.activity.audit(&panel.actor, None).await.expect("a log");
    assert_eq!(audit[0].action, "certificate.take_back");
    // Once nobody meddles, the next one is taken.
    let next = bring(&panel, &root, SHOP).await;
    assert_eq!(served(&panel, SHOP).await.expect("https").facts.serial, serial(&next));
    let (asked, failed) = visitors.home().await;
    assert!(asked > 20 && failed.is_empty(), "{} of {asked} were not served: {failed:#?}", failed.len());
}

async fn sql(panel: &Running, statement: &'static str) {
    let mut tx = panel.db.write().await.expect("writes");
    sqlx::query(statement).execute(&mut *tx).await.expect("done");
    tx.commit().await.expect("committed");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_opened_only_where_a_file_is_not_as_it_was() {
    let root = Authority::root("Test Root");
    let (panel, shop, _) = two_sites(&root).await;
    let look = async || panel.services.domains.reconcile(panel.services.locks()).await;
    look().await.expect("looked");
    // From here a key that is opened is an error.
    sql(&panel, "CREATE TABLE kept AS SELECT id, sealed FROM certificates").await;
    sql(&panel, "UPDATE certificates SET sealed = x'00'").await;
    look().await.expect("nothing is opened while nothing changes");
    let pair = pair_of(&panel, &shop);
    let (chain, key) = (pair.join("chain.pem"), pair.join("key.pem"));
    let written = [fs::read(&chain).expect("read"), fs::read(&key).expect("read")];
    let edit_in_place = |file: &Path| {
        // The same length, the same inode, the same time of the last change.
        let before = fs::metadata(file).expect("there").modified().expect("a time");
        let mut bytes = fs::read(file).expect("read");
        bytes[40] ^= 1;
        let open = fs::File::options().write(true).open(file).expect("opened");
        std::io::Write::write_all(&mut &open, &bytes).expect("written");
        open.set_modified(before).expect("set back");
    };
    for (what, meddle) in [
        ("a chain changed by hand", Box::new(|| edit_in_place(&chain)) as Box<dyn Fn()>),
        ("a key changed by hand", Box::new(|| edit_in_place(&key))),
        ("a key that is gone", Box::new(|| fs::remove_file(&key).expect("removed"))),
        ("a folder that is gone", Box::new(|| fs::remove_dir_all(&pair).expect("removed"))),
        ("a file that is another", Box::new(|| fs::rename(&chain, &key).expect("renamed"))),
    ] {
        tokio::time::sleep(Duration::from_millis(10)).await;
        meddle();
        assert!(look().await.is_err(), "{what} is not noticed");
        sql(&panel, "UPDATE certificates SET sealed = (SELECT sealed FROM kept WHERE kept.id = certificates.id)").await;
        look().await.expect("laid out anew");
        assert_eq!([fs::read(&chain).expect("read"), fs::read(&key).expect("read")], written, "{what}");
        sql(&panel, "UPDATE certificates SET sealed = x'00'").await;
        look().await.expect("nothing is opened any more");
    }
}

#[tokio::test]
async fn five_hundred_pairs_are_looked_at_in_no_time() {
    let ground = Ground::new();
    let ids: Vec<CertificateId> = (0..500).map(|number| CertificateId::new(1, number)).collect();
    let key = Secret::new(b"a key".to_vec());
    for id in &ids {
        assert!(!ground.nginx.has_pair(id));
        ground.nginx.ensure_pair(id, "a chain", &key).expect("written");
    }
    let began = std::time::Instant::now();
    assert!(ids.iter().all(|id| ground.nginx.has_pair(id)));
    let took = began.elapsed();
    assert!(took < Duration::from_millis(250), "{took:?}");
    let folder = ground.state().join("nginx/certificates");
    fs::write(folder.join(ids[7].as_str()).join("key.pem"), "b key").expect("written");
    fs::remove_file(folder.join(ids[9].as_str()).join("chain.pem")).expect("removed");
    let other: Vec<usize> = (0..500).filter(|at| !ground.nginx.has_pair(&ids[*at])).collect();
    assert_eq!(other, [7, 9]);
    ground.nginx.prune_pairs(&ids[..100]).expect("pruned");
    assert_eq!(ids.iter().filter(|id| ground.nginx.has_pair(id)).count(), 98);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_world_is_asked_through_the_resolver_that_was_chosen() {
    let ground = Ground::new();
    let mut knot = Knot::start(&[("example.com", "@ NS ns1\nns1 A 127.0.0.1\nshop A 10.1.2.3\nalias CNAME shop\n")]);
    let config = Config {
        dns_resolver: vec![DnsServer(knot.address)],
        dns_zone_port: knot.address.port(),
        ..running::config(&ground)
    };
    let panel = Running::with(ground, config).await;
    let app = panel.create(panel.form("shop")).await;
    for name in [SHOP, "alias.example.com", "nowhere.example.com"] {
        let form = DomainForm { name: name.into(), ..DomainForm::default() };
        panel.backend.domains.add(&panel.actor, &app, form).await.expect("added");
    }
    let from_outside = async |name: &str| -> Served {
        panel.backend.certificates.look(&panel.actor, &domain(name)).await.expect("looked");
        let looks = view(&panel, name).await.looks.into_iter().map(|look| look.served);
        looks.into_iter().find(|served| matches!(served.way, Way::Public { .. })).expect("a look from outside")
    };
    // No other resolver knows these names.
    for (name, why) in [
        (SHOP, Unseen::NotPublic),
        ("alias.example.com", Unseen::NotPublic),
        ("nowhere.example.com", Unseen::NoAddress),
    ] {
        let seen = from_outside(name).await;
        assert_eq!((&seen.secure.err(), &seen.plain.err()), (&Some(why.clone()), &Some(why)), "{name}");
    }
    knot.stop();
    let seen = from_outside(SHOP).await;
    let why = seen.secure.expect_err("nobody answers");
    assert!(matches!(why, Unseen::Unresolved(DnsTrouble::Silent)), "{why:?}");
    assert!(why.words().contains("resolver does not answer"));
}
