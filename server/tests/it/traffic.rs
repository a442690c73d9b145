//! Traffic, from requests through a real nginx: counted once, whatever happens to the log or the panel.

use std::{fs, io::Write, path::PathBuf, time::Duration};

use homeport_model::{
    app::AppForm,
    id::AppId,
    name::AppName,
    prelude::{Actor, Role},
    traffic::{Class, TrafficForm, TrafficPage},
};
use tokio::{
    io::AsyncWriteExt,
    net::TcpStream,
    time::{sleep, timeout},
};

use crate::support::{
    images,
    namespace::Ground,
    running::{Running, succeeded},
    web::{Crowd, get, raw},
};

/// nginx writes several lines at a time, and not later than after a second.
const WRITTEN: Duration = Duration::from_millis(1_100);

/// What an app may do to a request.
const PROGRAMS: [(&str, &[u8]); 2] = [
    ("www/cgi-bin/fail", b"#!/bin/sh\nprintf 'Status: 500 Failed\\r\\nContent-Type: text/plain\\r\\n\\r\\nno\\n'\n"),
    ("www/cgi-bin/slow", b"#!/bin/sh\nsleep 1\nprintf 'Content-Type: text/plain\\r\\n\\r\\nlate\\n'\n"),
];

/// A panel with one app.
struct Visited {
    panel: Running,
    app: AppName,
    id: AppId,
}

impl Visited {
    /// An app that is not deployed: nginx itself says so, with 502.
    async fn down() -> Self {
        Self::with(Running::start().await, "shop").await
    }

    async fn with(panel: Running, name: &str) -> Self {
        let app = panel.create(panel.form(name)).await;
        let id = panel.backend.apps.find(&panel.actor, &app).await.expect("found").row.id;
        Self { panel, app, id }
    }

    /// One that answers, fails and dawdles.
    async fn deployed() -> Self {
        let ground = Ground::new();
        let changes = ["CMD [\"/start\"]", "EXPOSE 5000", "ENV PATH=/bin"].map(str::to_owned);
        images::import(&images::name(&ground.namespace), images::root(&PROGRAMS), changes.into()).await;
        let visited = Self::with(Running::on(ground).await, "shop").await;
        succeeded(&visited.panel.deploy(&visited.app).await);
        visited
    }

    async fn restart(self) -> Self {
        let Self { panel, app, id } = self;
        Self { panel: panel.restart().await, app, id }
    }

    fn file(&self) -> PathBuf {
        self.panel.ground.state().join(format!("nginx/logs/app-{}.log", self.id))
    }

    fn old_file(&self) -> PathBuf {
        self.file().with_extension("log.1")
    }

    /// Lines of visitors: the panel looks at what is served by itself, too.
    fn lines(&self) -> usize {
        self.lines_that(|line| line.contains("\"probe\":\"\""))
    }

    fn lines_that(&self, are: impl Fn(&str) -> bool) -> usize {
        let is_one = |line: &&[u8]| line.ends_with(b"\n") && are(&String::from_utf8_lossy(line));
        let count = |bytes: Vec<u8>| bytes.split_inclusive(|byte| *byte == b'\n').filter(is_one).count();
        [self.file(), self.old_file()].iter().map(|file| fs::read(file).map_or(0, count)).sum()
    }

    async fn get(&self, path: &str) -> u16 {
        let host = format!("{}.apps.localhost", self.app);
        get(self.panel.ground.http_port, &host, path).await.expect("an answer").status
    }

    /// Looks, as the panel does every ten seconds.
    async fn look(&self) {
        sleep(WRITTEN).await;
        self.panel.services.traffic.look().await.expect("looked");
    }

    /// Looks in the next minute, so that what was counted is written.
    async fn write(&self) {
        self.panel.services.clock.advance_ms(60_000);
        self.look().await;
    }

    async fn page(&self, window: &str, show: &str) -> TrafficPage {
        let form = TrafficForm { window: window.into(), show: show.into() };
        self.panel.backend.traffic.page(&self.panel.actor, &self.app, &form).await.expect("a page")
    }

    async fn counted(&self) -> u64 {
        self.page("1h", "").await.totals.requests()
    }

    async fn rows(&self, table: &'static str) -> i64 {
        let sql = match table {
            "buckets" => "SELECT count(*) FROM traffic_buckets",
            "logs" => "SELECT count(*) FROM traffic_logs",
            other => panic!("no such table: {other}"),
        };
        sqlx::query_scalar(sql).fetch_one(self.panel.db.reader()).await.expect("counts")
    }

    fn append(&self, text: &str) {
        let mut file = fs::OpenOptions::new().append(true).open(self.file()).expect("the log");
        file.write_all(text.as_bytes()).expect("written");
    }
}

#[tokio::test]
async fn requests_through_a_vhost_become_figures() {
    let shop = Visited::deployed().await;
    shop.look().await;
    let before = shop.page("1h", "").await;
    // Only what this test asked while it waited for nginx; the proof of the switch is no visit.
    let (asked, proven) = (before.totals.requests(), shop.lines_that(|line| !line.contains("\"probe\":\"\"")));
    assert_eq!((before.totals.of(Class::ServerError), proven > 3), (asked, true), "{proven} lines of the proof");
    for _ in 0..20 {
        assert_eq!(shop.get("/").await, 200);
    }
    for path in ["/none", "/none?token=secret", "/cgi-bin/none"] {
        assert_eq!(shop.get(path).await, 404);
    }
    assert_eq!(shop.get("/cgi-bin/fail").await, 500);
    assert_eq!(shop.get("/cgi-bin/slow").await, 200);
    // One who does not wait for the answer.
    let mut left = TcpStream::connect(("127.0.0.1", shop.panel.ground.http_port.get())).await.expect("connected");
    left.write_all(b"GET /cgi-bin/slow HTTP/1.1\r\nHost: shop.apps.localhost\r\n\r\n").await.expect("asked");
    sleep(Duration::from_millis(200)).await;
    drop(left);
    shop.look().await;
    let page = shop.page("1h", "").await;
    let of = |class: Class| page.totals.of(class) - before.totals.of(class);
    assert_eq!((of(Class::Success), of(Class::ClientError), of(Class::ServerError)), (21, 3, 1));
    assert_eq!((of(Class::Unanswered), page.totals.unreadable), (1, 0));
    let times = page.totals.times.expect("times");
    assert!(times.p50_us < 200_000 && (900_000..1_500_000).contains(&times.p99_us), "{times:?}");
    assert!(page.totals.bytes > 20 * 100 && page.totals.per_second_milli() > 0, "{:?}", page.totals);
    assert!(page.busiest.is_some_and(|busiest| busiest.requests >= 10), "{:?}", page.busiest);
    assert_eq!((page.deploys.len(), page.deploys[0].1), (1, 1));
    let sum: u64 = page.points.iter().map(homeport_model::traffic::Point::requests).sum();
    assert_eq!(sum, page.totals.requests());
    assert!(page.points.iter().any(|point| point.classes.is_none()), "before the app there is a gap");

    let newest = page.entries.newest.iter().map(|entry| (entry.status, entry.path.as_str())).collect::<Vec<_>>();
    // Lines of the same second come in the order in which nginx's workers wrote them.
    assert!(page.entries.newest.iter().is_sorted_by_key(|entry| std::cmp::Reverse(entry.at)), "{newest:?}");
    let slow = newest[..2].iter().copied().collect::<std::collections::BTreeSet<_>>();
    assert_eq!(slow, [(200, "/cgi-bin/slow"), (499, "/cgi-bin/slow")].into());
    for entry in [(500, "/cgi-bin/fail"), (404, "/none")] {
        assert!(newest[2..].contains(&entry), "{newest:?}");
    }
    assert!(page.entries.newest.iter().all(|entry| entry.address == "127.0.0.1" && !entry.path.contains("secret")));
    let errors = shop.page("1h", "errors").await.entries.newest;
    assert!(errors.iter().all(|entry| entry.status >= 400) && errors.len() >= 5, "{errors:?}");

    // What was in memory is in the store, and reads the same; lists of apps know it, too.
    shop.write().await;
    let written = shop.page("1h", "").await;
    assert_eq!((written.totals.classes, written.totals.times), (page.totals.classes, page.totals.times));
    assert!(shop.rows("buckets").await >= 3);
    for window in ["24h", "7d", "30d"] {
        assert_eq!(shop.page(window, "").await.totals.classes, page.totals.classes, "{window}");
    }
    let row = &shop.panel.backend.apps.list(&shop.panel.actor).await.expect("listed")[0];
    assert!(row.p95_us.is_some(), "{row:?}");
}

#[tokio::test]
async fn an_app_that_nobody_visits_writes_nothing() {
    let shop = Visited::down().await;
    sleep(WRITTEN).await;
    fs::write(shop.file(), "").expect("emptied");
    for _ in 0..5 {
        shop.write().await;
    }
    assert_eq!((shop.rows("logs").await, shop.rows("buckets").await), (0, 0));
    let page = shop.page("24h", "").await;
    assert_eq!(page.silence().expect("words").0, "No traffic yet");
    assert!(page.entries.newest.is_empty() && page.points.iter().all(|point| point.classes.is_none()));
}

#[tokio::test]
async fn a_panel_that_died_goes_on_where_it_was() {
    let mut shop = Visited::down().await;
    for round in 1..=3 {
        for _ in 0..7 {
            shop.get("/").await;
        }
        if round == 2 {
            // Written; the others are only in memory when the panel dies.
            shop.write().await;
        } else {
            shop.look().await;
        }
        let lines = shop.lines() as u64;
        assert_eq!(shop.counted().await, lines);
        // These come while it is off.
        let (port, host) = (shop.panel.ground.http_port, format!("{}.apps.localhost", shop.app));
        let meanwhile = tokio::spawn(async move {
            // A worker of nginx that is just ending closes what comes.
            while get(port, &host, "/meanwhile").await.map_or(0, |answer| answer.status) != 502 {}
        });
        shop = shop.restart().await;
        meanwhile.await.expect("asked");
        shop.look().await;
        assert_eq!(shop.counted().await, shop.lines() as u64, "round {round}");
        assert!(shop.counted().await > lines);
    }
}

#[tokio::test]
async fn rotations_under_load_lose_nothing() {
    let shop = Visited::down().await;
    let port = shop.panel.ground.http_port;
    shop.look().await;
    let before = shop.counted().await;
    let mut sent = 0;
    for _ in 0..4 {
        // 502 is what this app answers, so the crowd calls it a failure.
        let crowd = Crowd::send(port, "shop.apps.localhost", 6);
        for _ in 0..3 {
            sleep(Duration::from_millis(60)).await;
            shop.panel.ground.nginx.rotate_logs(u64::MAX, std::slice::from_ref(&shop.id)).expect("rotated");
            sleep(Duration::from_millis(60)).await;
            shop.panel.services.traffic.look().await.expect("looked");
        }
        let (asked, failures) = crowd.home().await;
        // Workers of the generation before the app take connections for a moment, and close them: no name of theirs.
        let closed = failures.iter().filter(|failure| failure.contains("status: 0, text: \"\"")).count();
        let answered = failures.iter().filter(|failure| failure.contains("status: 502")).count();
        assert_eq!(answered + closed, asked, "{failures:?}");
        sent += answered as u64;
        shop.look().await;
    }
    assert!(sent > 100, "{sent}");
    assert_eq!(shop.counted().await, before + sent);
    // And a panel that reads it all again from the store counts the same.
    shop.write().await;
    let shop = shop.restart().await;
    shop.look().await;
    assert_eq!(shop.counted().await, before + sent);
}

#[tokio::test]
async fn a_large_log_is_begun_anew_and_one_old_one_is_kept() {
    let shop = Visited::down().await;
    shop.look().await;
    let before = shop.counted().await;
    let line = fs::read_to_string(shop.file()).expect("read").lines().next().expect("a line").to_owned() + "\n";
    for round in 1..=3_u64 {
        // More than a file may have: 8 MiB.
        shop.append(&line.repeat((9 << 20) / line.len()));
        shop.look().await;
        shop.get("/").await;
        shop.look().await;
        assert!(fs::metadata(shop.file()).expect("the new one").len() < 4_096, "round {round}");
        assert!(fs::metadata(shop.old_file()).expect("the old one").len() > 8 << 20);
        let each = ((9 << 20) / line.len()) as u64;
        assert_eq!(shop.counted().await, before + round * (each + 1));
        let newest = shop.page("1h", "").await.entries;
        assert_eq!(newest.newest.len(), 50, "the old file is read, too");
    }
    let logs = shop.file().parent().expect("a folder").to_owned();
    let names = fs::read_dir(logs).expect("listed").filter(|entry| {
        let name = entry.as_ref().expect("an entry").file_name().to_string_lossy().into_owned();
        name.starts_with("app-")
    });
    assert_eq!(names.count(), 2);
    // The shared log, too.
    let shared = shop.panel.ground.state().join("nginx/logs/access.log");
    fs::OpenOptions::new().append(true).open(&shared).expect("open").set_len(9 << 20).expect("grown");
    shop.look().await;
    assert_eq!(fs::metadata(shared.with_extension("log.1")).expect("the old one").len(), 9 << 20);
}

#[tokio::test]
async fn a_log_that_was_emptied_or_deleted_is_followed_again() {
    let shop = Visited::down().await;
    shop.look().await;
    let before = shop.counted().await;
    fs::OpenOptions::new().write(true).open(shop.file()).expect("open").set_len(0).expect("emptied");
    shop.get("/after").await;
    shop.look().await;
    assert_eq!(shop.counted().await, before + 1);
    fs::remove_file(shop.file()).expect("deleted");
    shop.look().await;
    for _ in 0..200 {
        if shop.file().exists() {
            break;
        }
        sleep(Duration::from_millis(20)).await;
    }
    shop.get("/again").await;
    shop.look().await;
    assert_eq!(shop.counted().await, before + 2);
    assert_eq!(shop.page("", "").await.entries.newest[0].path, "/again");
}

#[tokio::test]
async fn what_visitors_write_breaks_nothing() {
    let shop = Visited::down().await;
    shop.look().await;
    let before = shop.counted().await;
    let port = shop.panel.ground.http_port;
    let host = "Host: shop.apps.localhost\r\nConnection: close\r\n\r\n";
    let paths = [
        "/%22%7d%2c%22status%22:200",
        "/\"},{\"status\":200",
        "/%00%1b[31m",
        "/%ff%fe%80",
        "/%e2%80%ae",
        "/a%0d%0aSet-Cookie:%20x",
        "/<script>alert(1)</script>",
        "/\\..\\..",
    ];
    let mut answered = 0;
    for path in paths {
        answered += u64::from(raw(port, &format!("GET {path} HTTP/1.1\r\n{host}")).await.expect("asked").status > 0);
    }
    answered += u64::from(get(port, "shop.apps.localhost", &format!("/{}", "x".repeat(7_000))).await.is_ok());
    answered +=
        u64::from(raw(port, &format!("{} / HTTP/1.1\r\n{host}", "A".repeat(500))).await.expect("asked").status > 0);
    // Claims to be the panel, from this host: it is not counted, and it is in the file.
    let probe = format!("GET /probe HTTP/1.1\r\nUser-Agent: Homeport\r\n{host}");
    raw(port, &probe).await.expect("asked");
    shop.look().await;
    let page = shop.page("1h", "").await;
    // Bytes that are no request have no name, so they may be another server's.
    let counted = page.totals.requests() - before;
    assert!((answered - 3..=answered).contains(&counted), "{counted} of {answered}");
    assert_eq!(page.totals.unreadable, 0);
    let shown: String = page.entries.newest.iter().map(|entry| entry.path.as_str()).collect();
    assert!(!shown.chars().any(|c| c.is_control() || c == '\u{202e}'), "{shown:?}");
    assert!(
        !shown.contains("/probe") && String::from_utf8_lossy(&fs::read(shop.file()).expect("read")).contains("/probe")
    );
    // What no nginx writes is counted as such.
    shop.append("{\"at\":\nnull\n{\"at\":\"2026-11-21T03:41:59+00:00\",\"status\":-1}\n\u{0}\u{0}\n\n");
    shop.append(&format!("{}\n", "x".repeat(3 << 20)));
    shop.append("{\"a line that is not whole");
    shop.look().await;
    let after = shop.page("1h", "").await.totals;
    assert_eq!((after.requests(), after.classes), (page.totals.requests(), page.totals.classes));
    assert!((5..=7).contains(&after.unreadable), "{}", after.unreadable);
    shop.append("\n");
    shop.get("/last").await;
    shop.look().await;
    assert_eq!(shop.counted().await, page.totals.requests() + 1);
}

#[tokio::test]
async fn a_log_that_ran_away_is_counted_from_near_its_end() {
    let shop = Visited::down().await;
    shop.look().await;
    let before = shop.counted().await;
    let line = fs::read_to_string(shop.file()).expect("read").lines().next().expect("a line").to_owned() + "\n";
    // Three gigabytes that take no room, then requests.
    let file = fs::OpenOptions::new().append(true).open(shop.file()).expect("open");
    file.set_len(3 << 30).expect("grown");
    shop.append(&format!("\n{}", line.repeat(500)));
    let began = tokio::time::Instant::now();
    shop.look().await;
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    let page = shop.page("1h", "").await;
    assert_eq!(page.totals.requests(), before + 500);
    shop.write().await;
    let holes = shop.page("30d", "").await.holes;
    assert!(holes.is_empty() || holes.iter().map(|hole| hole.bytes).sum::<u64>() > 2 << 30, "{holes:?}");
    let sql = "SELECT coalesce(sum(bytes), 0) FROM traffic_holes";
    let bytes: i64 = sqlx::query_scalar(sql).fetch_one(shop.panel.db.reader()).await.expect("sums");
    assert!(bytes > 2 << 30, "what was passed over is known: {bytes}");
    assert!(fs::metadata(shop.file()).expect("begun anew").len() < 1 << 20);
}

#[tokio::test]
async fn two_panels_and_two_apps_count_their_own() {
    let (one, other) = (Visited::down().await, Visited::down().await);
    let second = one.panel.create(AppForm { name: "blog".into(), ..one.panel.form("blog") }).await;
    one.look().await;
    other.look().await;
    let (a, b) = (one.counted().await, other.counted().await);
    for _ in 0..3 {
        one.get("/").await;
    }
    other.get("/").await;
    one.look().await;
    other.look().await;
    assert_eq!((one.counted().await, other.counted().await), (a + 3, b + 1));
    let form = TrafficForm::default();
    let blog = one.panel.backend.traffic.page(&one.panel.actor, &second, &form).await.expect("a page");
    assert!(blog.totals.requests() < a + 3 && blog.entries.newest.iter().all(|entry| entry.host.starts_with("blog.")));
}

#[tokio::test]
async fn a_removed_app_leaves_no_log() {
    let shop = Visited::down().await;
    shop.get("/").await;
    shop.write().await;
    assert!(shop.file().exists() && shop.rows("buckets").await > 0);
    shop.panel.backend.apps.delete(&shop.panel.actor, &shop.app, "shop").await.expect("queued");
    let gone = async {
        while !shop.panel.backend.apps.list(&shop.panel.actor).await.expect("listed").is_empty() {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(60), gone).await.expect("removed");
    shop.look().await;
    assert!(!shop.file().exists() && !shop.old_file().exists());
    assert_eq!((shop.rows("logs").await, shop.rows("buckets").await), (0, 0));
}

#[tokio::test]
async fn what_is_old_goes_and_the_store_stays_small() {
    const DAY: i64 = 86_400_000;
    let shop = Visited::down().await;
    for _ in 0..50 {
        shop.get("/").await;
    }
    shop.write().await;
    let sql = "SELECT sum(length(data) + 12) FROM traffic_buckets WHERE grain = 0";
    let bytes: i64 = sqlx::query_scalar(sql).fetch_one(shop.panel.db.reader()).await.expect("sums");
    assert!(bytes <= 15 * 50, "{bytes} bytes for 50 requests");
    let all = shop.rows("buckets").await;
    for (days, left) in [(3, "minutes"), (30, "hours"), (380, "days")] {
        shop.panel.services.clock.advance_ms(days * DAY);
        shop.look().await;
        let now = shop.rows("buckets").await;
        assert!(now < all, "{left}: {now} of {all}");
    }
    assert_eq!(shop.rows("buckets").await, 0);
    let page = shop.page("30d", "").await;
    assert!(page.silence().expect("words").0.starts_with("No request in the last 30 days"), "{:?}", page.silence());
}

#[tokio::test]
async fn who_may_see_it_and_what_cannot_be_asked() {
    let shop = Visited::down().await;
    let viewer = shop.panel.person("viewer").await;
    assert_eq!(viewer.role, Role::Viewer);
    let traffic = &shop.panel.backend.traffic;
    assert!(traffic.page(&viewer, &shop.app, &TrafficForm::default()).await.is_ok());
    let ask = async |actor: &Actor, app: &str, window: &str, show: &str| {
        let form = TrafficForm { window: window.into(), show: show.into() };
        traffic.page(actor, &app.parse().expect("a name"), &form).await.expect_err("refused")
    };
    assert_eq!(ask(&viewer, "other", "", "").await.code.status(), 404);
    for (window, show, field) in [("2h", "", "window"), ("1h; DROP TABLE apps", "", "window"), ("1h", "\u{0}", "show")]
    {
        let refused = ask(&viewer, "shop", window, show).await;
        assert_eq!((refused.code.status(), refused.field.as_deref()), (422, Some(field)));
    }
}
