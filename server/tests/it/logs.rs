//! What apps write, on the real engine: kept when its container goes, read in pages, searched, followed,
//! taken away, and never held as a whole.

use std::{fs, time::Duration};

use futures_util::StreamExt;
use homeport_model::{
    app::ProcessForm,
    job::LogStream,
    log::{LogBatch, LogForm, LogPage, Written},
    name::AppName,
    prelude::Code,
};
use homeport_server::logs::MOST_FILE_BYTES;
use tokio::time::{Instant, sleep, timeout};

use crate::support::{
    git_server::GitServer,
    running::{Running, dockerfile, problem, succeeded},
};

/// An app of one process that nobody visits.
struct Bot {
    panel: Running,
    app: AppName,
}

impl Bot {
    async fn new() -> Self {
        let panel = Running::start().await;
        let app = panel.create(panel.form("bot")).await;
        let bot = Self { panel, app };
        bot.set("web", "0", "").await;
        bot
    }

    /// One whose bot runs `command`, deployed.
    async fn running(command: &str) -> Self {
        let bot = Self::new().await;
        bot.deploy(command).await;
        bot
    }

    async fn set(&self, process: &str, scale: &str, command: &str) {
        let form = ProcessForm {
            process: process.into(),
            scale: scale.into(),
            command: command.into(),
            stop_grace: "1".into(),
            ..ProcessForm::default()
        };
        self.panel.backend.apps.set_process(&self.panel.actor, &self.app, form).await.expect("set");
    }

    async fn deploy(&self, command: &str) {
        self.set("bot", "1", command).await;
        succeeded(&self.panel.deploy(&self.app).await);
    }

    async fn page(&self, form: LogForm) -> LogPage {
        page(&self.panel, &self.app, form).await
    }

    /// The page of a release once it has `count` lines.
    async fn lines(&self, form: LogForm, count: usize) -> Vec<Written> {
        for _ in 0..200 {
            let lines = self.page(form.clone()).await.lines;
            if lines.len() >= count {
                return lines;
            }
            sleep(Duration::from_millis(50)).await;
        }
        panic!("{form:?} never had {count} lines: {:?}", self.page(form.clone()).await);
    }

    async fn file(&self, form: LogForm) -> String {
        let file = self.panel.backend.logs.file(&self.panel.actor, &self.app, &form).await.expect("a file");
        String::from_utf8(file.pieces.concat().await).expect("text")
    }

    async fn follow(&self, form: LogForm) -> futures_util::stream::BoxStream<'static, LogBatch> {
        self.panel.backend.logs.follow(&self.panel.actor, &self.app, &form).await.expect("followed")
    }

    /// Looks at all apps, as the panel does every ten seconds.
    async fn look(&self) {
        self.panel.services.apps.reconcile(self.panel.services.locks()).await.expect("looked");
    }

    async fn remove_containers(&self) {
        for container in self.panel.ground.docker.list_ours().await.expect("listed") {
            self.panel.ground.docker.remove(&container.id).await.expect("removed");
        }
    }

    /// The kept files, as paths below their folder.
    fn kept(&self) -> Vec<(String, u64)> {
        let top = self.panel.ground.state().join("kept-logs");
        let mut found = Vec::new();
        for app in fs::read_dir(top).expect("the folder").map(|entry| entry.expect("an entry").path()) {
            for release in fs::read_dir(app).expect("an app").map(|entry| entry.expect("an entry").path()) {
                for file in fs::read_dir(release).expect("a release").map(|entry| entry.expect("an entry")) {
                    let size = file.metadata().expect("its size").len();
                    found.push((file.path().display().to_string(), size));
                }
            }
        }
        found
    }
}

async fn page(panel: &Running, app: &AppName, form: LogForm) -> LogPage {
    panel.backend.logs.page(&panel.actor, app, &form).await.expect("a page")
}

fn release(number: u32) -> LogForm {
    LogForm { release: number.to_string(), ..LogForm::default() }
}

fn search(text: &str) -> LogForm {
    LogForm { q: text.into(), ..LogForm::default() }
}

fn texts(lines: &[Written]) -> Vec<&str> {
    lines.iter().map(|line| line.text.as_str()).collect()
}

const TWO_LINES: &str = "echo first words; echo oops >&2; sleep 1000";

#[tokio::test(flavor = "multi_thread")]
async fn what_a_replaced_release_wrote_stays_until_the_app_goes() {
    let bot = Bot::running(TWO_LINES).await;
    let live = bot.lines(LogForm::default(), 2).await;
    assert_eq!((live[0].release, live[0].from.as_str()), (1, "bot.1"));
    assert!(bot.kept().is_empty(), "the engine has it");

    bot.deploy("echo second words; sleep 1000").await;
    let second = bot.lines(LogForm::default(), 1).await;
    assert_eq!((second[0].release, texts(&second)), (2, vec!["second words"]));
    let mut first = bot.page(release(1)).await;
    first.lines.sort_by_key(|line| line.stream == LogStream::Err);
    assert_eq!(texts(&first.lines), ["first words", "oops"]);
    assert_eq!(
        first.lines[0].at,
        live.iter().find(|line| line.text == "first words").expect("it").at,
        "the same moment"
    );
    assert!(!first.running && !first.cut);
    assert_eq!(first.releases.iter().map(|one| (one.number, one.serving)).collect::<Vec<_>>(), [(2, true), (1, false)]);

    let errors = bot.page(LogForm { stream: "err".into(), ..release(1) }).await;
    assert_eq!(texts(&errors.lines), ["oops"]);
    assert!(bot.page(LogForm { process: "web".into(), ..release(1) }).await.lines.is_empty());
    assert_eq!(bot.page(LogForm { process: "bot".into(), ..release(1) }).await.lines.len(), 2);
    let early = bot.page(LogForm { until: "2020-01-01T00:00".into(), ..release(1) }).await;
    assert!(early.lines.is_empty());
    let found = bot.page(LogForm { q: "FIRST".into(), ..release(1) }).await.found.expect("a search");
    assert_eq!((found.total, found.whole), (1, true));
    assert!(bot.file(release(1)).await.contains(" bot.1 err oops\n"));

    // Another panel on the same state finds it, too.
    let Bot { panel, app } = bot;
    let bot = Bot { panel: panel.restart().await, app };
    assert_eq!(bot.page(release(1)).await.lines.len(), 2);

    // A release that the app does not have, and that of another app.
    let other = bot.panel.create(bot.panel.form("other")).await;
    for (app, form) in [(&bot.app, release(9)), (&other, release(1))] {
        let backend = &bot.panel.backend.logs;
        let refused = backend.page(&bot.panel.actor, app, &form).await.expect_err("none");
        assert_eq!(refused.code, Code::NotFound);
        assert_eq!(backend.file(&bot.panel.actor, app, &form).await.err().expect("none").code, Code::NotFound);
        assert_eq!(backend.follow(&bot.panel.actor, app, &form).await.err().expect("none").code, Code::NotFound);
    }
    let hostile = LogForm { process: "../../key".into(), ..LogForm::default() };
    let refused = bot.panel.backend.logs.page(&bot.panel.actor, &bot.app, &hostile).await.expect_err("refused");
    assert_eq!((refused.code, refused.field.as_deref()), (Code::Invalid, Some("process")));

    let viewer = bot.panel.person("viewer").await;
    bot.panel.backend.logs.page(&viewer, &bot.app, &LogForm::default()).await.expect("a viewer reads");

    assert_eq!(bot.kept().len(), 1);
    bot.panel.backend.apps.delete(&bot.panel.actor, &bot.app, "bot").await.expect("queued");
    for _ in 0..500 {
        if bot.kept().is_empty() {
            return;
        }
        sleep(Duration::from_millis(20)).await;
    }
    panic!("the files of a removed app are still there: {:?}", bot.kept());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_release_says_why_for_as_long_as_it_is_kept() {
    let bot = Bot::new().await;
    bot.set("bot", "1", "echo cannot find my database; exit 7").await;
    problem(&bot.panel.deploy(&bot.app).await);
    assert!(bot.panel.ground.docker.list_ours().await.expect("listed").is_empty());
    let page = bot.page(LogForm::default()).await;
    assert_eq!((page.release, page.releases[0].never_served), (Some(1), true));
    assert!(texts(&page.lines).contains(&"cannot find my database"), "{page:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn last_words_stay_when_somebody_removes_a_dead_container() {
    let bot = Bot::running("echo last words; sleep 6; exit 3").await;
    for _ in 0..200 {
        let docker = &bot.panel.ground.docker;
        let all = docker.list_ours().await.expect("listed");
        if let [only] = all.as_slice()
            && let Some(state) = docker.inspect(&only.id).await.expect("asked")
            && state.restart_count > 0
        {
            break;
        }
        sleep(Duration::from_millis(100)).await;
    }
    // It is started again and again; between two lives the panel looks.
    let deadline = Instant::now() + Duration::from_secs(30);
    while bot.kept().is_empty() {
        assert!(Instant::now() < deadline, "it was never kept");
        bot.look().await;
        sleep(Duration::from_millis(200)).await;
    }
    bot.panel.services.stop_looking();
    bot.remove_containers().await;
    let page = bot.page(LogForm::default()).await;
    assert!(texts(&page.lines).contains(&"last words"), "{page:?}");
    assert!(!page.running);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_runs_once_is_kept_and_secrets_are_in_no_file() {
    let panel = Running::start().await;
    let server = GitServer::start().await;
    let repository = server.repository("shop");
    repository.write("Dockerfile", &dockerfile(&panel, "CMD [\"/start\"]"));
    repository.write("Procfile", "web: /start\nrelease: echo migrating with $API_TOKEN\n");
    repository.push("first");
    let mut form = panel.form("shop");
    (form.kind, form.repo) = ("auto".into(), server.url("shop").to_string());
    let app = panel.create(form).await;
    panel.set(&app, "API_TOKEN=hunter2-hunter2-hunter2").await;
    succeeded(&panel.deploy(&app).await);
    let of_release = LogForm { process: "release".into(), ..LogForm::default() };
    let shown = page(&panel, &app, of_release.clone()).await;
    assert_eq!(texts(&shown.lines), ["migrating with ••••••"]);
    let found = page(&panel, &app, LogForm { q: "hunter2".into(), ..of_release }).await.found.expect("a search");
    assert_eq!((found.total, found.read), (0, 1), "a search tells nothing about a secret");
    let bot = Bot { panel, app };
    let kept = bot.kept();
    assert!(!kept.is_empty());
    for (path, _) in kept {
        assert!(!fs::read_to_string(&path).expect("text").contains("hunter2"), "{path}");
    }
}

/// 3 000 lines, then what a terminal would obey.
const MANY: &str = r"i=0; while [ $i -lt 3000 ]; do echo line $i end; i=$((i+1)); done; printf '\033]52;c;cm0=\007\033[31mred\033[0m \342\200\256x\033[2J\n'; sleep 1000";

#[tokio::test(flavor = "multi_thread")]
async fn pages_search_and_file_agree_before_and_after_the_container_is_gone() {
    let bot = Bot::running(MANY).await;
    let last = loop {
        let page = bot.page(LogForm::default()).await;
        if page.lines.last().is_some_and(|line| line.text.starts_with("red")) {
            break page;
        }
        sleep(Duration::from_millis(50)).await;
    };
    let hostile = last.lines.last().expect("a line");
    assert_eq!((hostile.text.as_str(), hostile.marks.len(), hostile.marks[0].ink), ("red <U+202E>x", 1, Some(1)));
    assert_eq!((last.lines.len(), last.earlier, last.later, last.running), (500, true, false, true));
    check_pages(&bot, &last).await;
    bot.panel.services.stop_looking();
    bot.deploy("sleep 1000").await;
    let kept = bot.page(release(1)).await;
    assert_eq!(kept.lines, last.lines);
    check_pages(&bot, &kept).await;
}

async fn check_pages(bot: &Bot, last: &LogPage) {
    let number = release(last.release.expect("a release"));
    let first = &last.lines[0];
    assert_eq!(first.text, "line 2501 end");
    let before = bot.page(LogForm { before: first.at.ns().to_string(), ..number.clone() }).await;
    let expected: Vec<String> = (2_001..2_501).map(|n| format!("line {n} end")).collect();
    assert_eq!(texts(&before.lines), expected);
    assert_eq!((before.earlier, before.later), (true, true));
    let newest = before.lines.last().expect("a line").at;
    let after = bot.page(LogForm { after: newest.ns().to_string(), ..number.clone() }).await;
    assert_eq!(after.lines, last.lines);
    assert_eq!((after.earlier, after.later), (true, false));
    let around = bot.page(LogForm { around: first.at.ns().to_string(), ..number.clone() }).await;
    assert_eq!((texts(&around.lines)[0], texts(&around.lines)[250]), ("line 2251 end", "line 2501 end"));
    let begin = bot.page(LogForm { before: bot_line(bot, &number, 3).await, ..number.clone() }).await;
    assert_eq!((texts(&begin.lines), begin.earlier), (vec!["line 0 end", "line 1 end", "line 2 end"], false));

    let found = bot.page(LogForm { q: "LINE 1234".into(), ..number.clone() }).await.found.expect("a search");
    assert_eq!((found.total, found.shown, found.read, found.whole), (1, 1, 3_001, true));
    let shown: Vec<_> = found.lines.iter().map(|line| (line.line.text.as_str(), line.hit)).collect();
    let beside = [("line 1232 end", false), ("line 1233 end", false), ("line 1234 end", true)];
    assert_eq!(shown[..3], beside);
    assert_eq!(shown.len(), 5);
    let all = bot.page(LogForm { q: "end".into(), ..number.clone() }).await.found.expect("a search");
    assert_eq!(all.total, 3_000);
    assert!(all.shown >= 150 && all.shown <= 200, "{}", all.shown);
    assert_eq!(all.lines.iter().rev().find(|line| line.hit).expect("a hit").line.text, "line 2999 end");

    let file = bot.file(number).await;
    let lines: Vec<&str> = file.lines().collect();
    assert_eq!(lines.len(), 3_001);
    assert!(lines[0].ends_with("Z bot.1 out line 0 end") && lines[2_999].ends_with("line 2999 end"), "{}", lines[0]);
    assert!(file.chars().all(|c| c == '\n' || !c.is_control()), "no terminal obeys the file");
}

/// The moment of a line, as an address has it.
async fn bot_line(bot: &Bot, number: &LogForm, line: u32) -> String {
    let found = bot.page(LogForm { q: format!("line {line} end"), ..number.clone() }).await.found.expect("a search");
    found.lines.iter().find(|line| line.hit).expect("the line").line.at.ns().to_string()
}

/// Takes batches until there are `count` lines.
async fn gather(batches: &mut (impl futures_util::Stream<Item = LogBatch> + Unpin), count: usize) -> Vec<Written> {
    let mut lines = Vec::new();
    while lines.len() < count {
        let batch = timeout(Duration::from_secs(20), batches.next()).await.expect("in time").expect("a batch");
        assert_eq!(batch.skipped, 0);
        lines.extend(batch.lines);
    }
    lines
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_who_comes_back_misses_nothing_and_follows_into_the_next_release() {
    let bot = Bot::running("i=0; while true; do echo tick $i; i=$((i+1)); sleep 0.1; done").await;
    let first = bot.lines(LogForm::default(), 5).await;
    let newest = first.last().expect("a line").at;
    let mut stream = bot.follow(LogForm { after: newest.ns().to_string(), ..LogForm::default() }).await;
    let one = gather(&mut stream, 10).await;
    drop(stream);
    sleep(Duration::from_secs(1)).await;
    let cursor = one.iter().map(|line| line.at).max().expect("a line");
    let mut stream = bot.follow(LogForm { after: cursor.ns().to_string(), ..LogForm::default() }).await;
    let two = gather(&mut stream, 20).await;
    // As the page does it: what comes again is known by its moment.
    let mut all: Vec<Written> = first.into_iter().chain(one).chain(two).collect();
    all.sort_by_key(|line| line.at);
    all.dedup_by_key(|line| line.at);
    let expected: Vec<String> = (0..all.len()).map(|n| format!("tick {n}")).collect();
    assert_eq!(texts(&all), expected);

    bot.deploy("while true; do echo tock; sleep 0.1; done").await;
    let next = async {
        loop {
            let batch = stream.next().await.expect("it goes on");
            if let Some(line) = batch.lines.iter().find(|line| line.text == "tock") {
                return line.release;
            }
        }
    };
    assert_eq!(timeout(Duration::from_secs(20), next).await.expect("in time"), 2);
}

/// This process's memory, in bytes.
fn memory_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("read");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("its memory");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).expect("a number") << 10
}

#[tokio::test(flavor = "multi_thread")]
async fn a_million_lines_leave_the_panel_as_large_as_it_was() {
    const MOST_GROWTH: u64 = 64 << 20;
    // It waits until somebody looks.
    let bot = Bot::running(
        "sleep 6; yes 'a line of some length, as a server writes it 0123456789' | head -n 1000000; echo done; sleep 1000",
    )
    .await;
    let before = memory_bytes();
    let mut fast = bot.follow(LogForm::default()).await;
    // This one never takes a batch.
    let slow = bot.follow(LogForm::default()).await;
    let (mut seen, mut skipped, mut most, mut largest) = (0, 0, 0, 0);
    let watched = async {
        loop {
            let batch = fast.next().await.expect("it goes on");
            largest = largest.max(batch.lines.len());
            seen += batch.lines.len() as u64;
            skipped += batch.skipped;
            most = most.max(memory_bytes());
            if batch.lines.iter().any(|line| line.text == "done") {
                return;
            }
        }
    };
    timeout(Duration::from_secs(90), watched).await.expect("it ends");
    println!("seen {seen}, skipped {skipped}, memory {} to {} KiB", before >> 10, most >> 10);
    assert!(skipped > 10_000 && largest <= 400, "{seen} seen, {skipped} skipped, {largest} at once");
    assert!(most < before + MOST_GROWTH, "following: {before} to {most}");

    let began = Instant::now();
    let found = bot.page(search("LENGTH, AS")).await.found.expect("a search");
    let searched = began.elapsed();
    assert!(found.whole && found.total > 50_000 && found.shown <= 200, "{} of {}", found.total, found.read);
    let began = Instant::now();
    let page = bot.page(LogForm {
        before: bot.page(LogForm::default()).await.lines[0].at.ns().to_string(),
        ..LogForm::default()
    });
    assert_eq!(page.await.lines.len(), 500);
    let paged = began.elapsed();
    let file = bot.panel.backend.logs.file(&bot.panel.actor, &bot.app, &LogForm::default()).await.expect("a file");
    let began = Instant::now();
    let lines = file.pieces.fold(0, |lines, piece| {
        let count = piece.iter().filter(|byte| **byte == b'\n').count() as u64;
        std::future::ready(lines + count)
    });
    let lines = lines.await;
    println!(
        "{} lines with the engine; searched in {searched:?}, paged in {paged:?}, taken away in {:?}; memory {} KiB",
        found.read,
        began.elapsed(),
        memory_bytes() >> 10
    );
    assert_eq!(lines, found.read);
    assert!(memory_bytes() < before + MOST_GROWTH, "reading: {before} to {}", memory_bytes());

    bot.deploy("sleep 1000").await;
    drop(slow);
    let kept = bot.page(release(1)).await;
    assert_eq!((texts(&kept.lines).last().copied(), kept.cut), (Some("done"), true));
    let [(_, size)] = bot.kept()[..] else { panic!("one file: {:?}", bot.kept()) };
    assert!(size <= MOST_FILE_BYTES as u64 && size > MOST_FILE_BYTES as u64 / 2, "{size}");
    println!("kept {size} bytes; memory {} KiB", memory_bytes() >> 10);
    assert!(memory_bytes() < before + MOST_GROWTH, "keeping: {before} to {}", memory_bytes());
    assert!(bot.file(release(1)).await.starts_with("# The beginning was not kept.\n"));
}
