//! A backend that answers from made-up values, so that pages can be rendered without a server.

#[path = "fake_access.rs"]
mod access;
#[path = "fake_certificates.rs"]
mod certificates;
#[path = "fake_compare.rs"]
mod compare;
#[path = "fake_dns.rs"]
mod dns;
#[path = "fake_domains.rs"]
mod domains;
#[path = "fake_environments.rs"]
mod environments;
#[path = "fake_logs.rs"]
mod logs;
#[path = "fake_needs.rs"]
mod needs;
#[path = "fake_people.rs"]
mod people;
#[path = "fake_programs.rs"]
mod programs;
#[path = "fake_traffic.rs"]
mod traffic;
#[path = "fake_tunnel.rs"]
mod tunnel;

use std::sync::Arc;

use async_trait::async_trait;
use homeport_app::backend::{Activity, Answer, Apps, Backend, Deploys};
use homeport_model::{
    app::{
        AppDetail, AppForm, AppRow, AppSpec, AppState, BuildSettings, Builder, EnvChange, Files, Health, Hop, HopKind,
        HopState, HostNeeds, NeedForm, NeedsView, Origin, ProcessForm, ProcessRow, Source, VolumeName,
    },
    build::{Process, Scale},
    deploy::{
        Artifact, Commit, Comparison, DeployDetail, Proof, ReleaseChange, ReleaseRow, Sample, Trigger,
        container::ProcessName, proof::Method,
    },
    host::{AuditRow, EngineState, HostGauges, Today},
    id::{AppId, JobId, ReleaseId},
    job::{JobKind, JobRow, JobState, LogLine, LogStream, StepRow, StepState, WaitsFor},
    name::{AppName, CommitRef},
    prelude::{Actor, Code, Problem},
    problem::Fix,
    time::Timestamp,
};

/// The moment at which everything here is looked at.
pub(crate) const NOW: Timestamp = Timestamp::from_ms(1_795_232_519_000);

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Answers for a host with apps, or for one that is new.
pub(crate) struct Fake {
    /// Whether there are apps.
    pub(crate) empty: bool,
}

/// The traits over one fake.
pub(crate) fn backend(empty: bool) -> Backend {
    let fake = Arc::new(Fake { empty });
    Backend {
        accounts: fake.clone(),
        apps: fake.clone(),
        logs: fake.clone(),
        environments: fake.clone(),
        deploys: fake.clone(),
        activity: fake.clone(),
        webhooks: fake.clone(),
        tokens: fake.clone(),
        access: fake.clone(),
        ssh_keys: fake.clone(),
        statuses: fake.clone(),
        registries: fake.clone(),
        dns_providers: fake.clone(),
        certificates: fake.clone(),
        domains: fake.clone(),
        tunnel: fake.clone(),
        traffic: fake.clone(),
        panel_domain: fake,
    }
}

fn parsed<T: std::str::FromStr>(text: &str) -> T
where
    T::Err: std::fmt::Debug,
{
    text.parse().unwrap_or_else(|refused| panic!("{text:?}: {refused:?}"))
}

fn ago(ms: i64) -> Timestamp {
    NOW.plus_ms(-ms)
}

fn job(app: &str, kind: JobKind, release: u32, state: JobState, started: Timestamp, took_ms: i64) -> JobRow {
    let is_final = state.is_final();
    JobRow {
        id: JobId::new(started.ms(), release),
        kind,
        app: parsed(app),
        release: Some(release),
        state,
        waits_for: None,
        step: (!is_final).then(|| "build".into()),
        created_at: started,
        started_at: (state != JobState::Queued).then_some(started),
        finished_at: is_final.then(|| started.plus_ms(took_ms)),
        problem: (state == JobState::Failed).then(refused_port),
    }
}

fn refused_port() -> Problem {
    Problem::new(Code::Engine, "Port 5000 refused connections for 60 s.")
        .hint("The process listens on 3000. Set the port to 3000 in Settings, then deploy again.")
}

fn row(name: &str, state: AppState, version: &str) -> AppRow {
    AppRow {
        id: AppId::new(NOW.ms(), 1),
        name: parsed(name),
        host_name: parsed(&format!("{name}.example.com")),
        url: format!("http://{name}.example.com:8080"),
        state,
        observed_at: Some(ago(14_000)),
        version: Some(version.into()),
        job: None,
        last_failure: None,
        p95_us: (name == "shop").then_some(41_600),
    }
}

fn rows() -> Vec<AppRow> {
    let down =
        AppState::Down { release: 3, why: "Port 5000 refuses connections: the process exited with code 1.".into() };
    let mut blog = row("blog", AppState::Serving { release: 11, since: ago(2 * DAY) }, "main@aa01f3c");
    blog.job = Some(job("blog", JobKind::Deploy, 12, JobState::Running, ago(38_000), 0));
    let mut bot = row("bot", AppState::Serving { release: 7, since: ago(12 * DAY) }, "ghcr.io/ada/bot:1.4");
    bot.job = Some(waiting_for(&blog, job("bot", JobKind::Deploy, 8, JobState::Queued, ago(5_000), 0)));
    vec![
        row("api", down, "main@0b77d10"),
        blog,
        bot,
        row("shop", AppState::Serving { release: 41, since: ago(3 * HOUR) }, "main@3f9c2e1"),
    ]
}

/// A job that waits for what another app's job does.
fn waiting_for(other: &AppRow, job: JobRow) -> JobRow {
    let other = other.job.clone().expect("a job");
    let waits = WaitsFor { job: other.id, kind: other.kind, app: other.app, release: other.release, step: other.step };
    JobRow { waits_for: Some(waits), step: None, ..job }
}

fn commit(sha: &str, subject: &str) -> Commit {
    Commit {
        sha: parsed(&format!("{sha}{}", "0".repeat(40 - sha.len()))),
        branch: parsed("main"),
        subject: subject.into(),
        author: "Ada".into(),
        at: ago(4 * HOUR),
    }
}

fn release(number: u32, state: JobState, serving: bool, sha: &str, subject: &str, age_ms: i64) -> ReleaseRow {
    let done = state == JobState::Succeeded;
    ReleaseRow {
        id: ReleaseId::new(ago(age_ms).ms(), number),
        number,
        artifact: done.then(|| Artifact::Image { id: format!("sha256:9bb1f0c2a7d4{}", "0".repeat(52)) }),
        commit: Some(commit(sha, subject)),
        image: None,
        serving,
        kept: done && number > 38,
        created_at: ago(age_ms),
        switched_at: done.then(|| ago(age_ms - 42_000)),
        trigger: Trigger::Pressed { by: "Ada".into() },
        job: job("shop", JobKind::Deploy, number, state, ago(age_ms), 44_700),
        proof: done.then_some((412, 0)),
    }
}

fn releases() -> Vec<ReleaseRow> {
    use JobState::{Failed, Running, Succeeded};
    vec![
        release(43, Running, false, "c41d0aa", "Show the delivery date", 38_000),
        release(42, Failed, false, "77e0c1d", "Listen on 3000", HOUR),
        release(41, Succeeded, true, "3f9c2e1", "Cache the price list", 3 * HOUR),
        release(40, Succeeded, false, "9d01ab2", "Fix rounding of totals <script>alert(1)</script>", DAY),
        release(39, Succeeded, false, "51b0dd3", "New checkout", 4 * DAY),
        release(38, Succeeded, false, "12c9d00", "Upgrade Django", 9 * DAY),
    ]
}

/// One that runs as it should, one that waits for a restart.
fn processes() -> Vec<ProcessRow> {
    let web = Process::new(ProcessName::web(), Some(parsed("gunicorn shop:app")), Scale::ONE);
    let worker = Process::new(parsed("worker"), Some(parsed("celery -A shop worker")), Scale::ONE);
    let slower = Process { scale: Scale::ZERO, ..worker.clone() };
    vec![
        ProcessRow { serving: Some(web.clone()), process: web, running: 1, is_fixed: false },
        ProcessRow { serving: Some(slower), process: worker, running: 0, is_fixed: false },
    ]
}

fn proof() -> Proof {
    let samples = (-120..292).map(|at: i32| Sample {
        at_ms: at * 100,
        took_us: 1_500 + (at * at * 7_919 % 900).unsigned_abs() + if (0..9).contains(&at) { 2_100 } else { 0 },
        ok: true,
    });
    Proof::from_samples(samples.collect(), Method::MapElement, None)
}

fn step(name: &str, state: StepState, began: Timestamp, took_us: u64) -> StepRow {
    StepRow {
        name: name.into(),
        state,
        started_at: (state != StepState::Waiting).then_some(began),
        finished_at: None,
        took_us: (state == StepState::Done || state == StepState::Failed).then_some(took_us),
        note: (state == StepState::Failed).then(|| "Port 5000 refused; the process listens on 3000.".into()),
    }
}

fn steps(state: JobState, began: Timestamp) -> Vec<StepRow> {
    use StepState::{Done, Failed, Running, Waiting};
    let [build, start, check, rest] = match state {
        JobState::Running => [Running, Waiting, Waiting, Waiting],
        JobState::Failed => [Done, Done, Failed, Waiting],
        _ => [Done; 4],
    };
    vec![
        step("fetch", Done, began, 180_000),
        step("build", build, began, 41_700_000),
        step("start", start, began, 310_000),
        step("check", check, began, 60_000_000),
        step("switch", rest, began, 640),
        step("drain", rest, began, 2_400_000),
        step("retire", rest, began, 120_000),
        step("prune", rest, began, 30_000),
    ]
}

fn lines(state: JobState) -> Vec<LogLine> {
    let text = [
        ("fetch", LogStream::Panel, "fetching main of https://git.example.com/ada/shop"),
        ("fetch", LogStream::Panel, "at 3f9c2e1, \"Cache the price list\""),
        ("build", LogStream::Build, "Step 1/5 : FROM python:3.13-slim"),
        ("build", LogStream::Build, "Step 2/5 : COPY requirements.txt ."),
        ("build", LogStream::Build, "Step 3/5 : RUN pip install --no-cache-dir -r requirements.txt"),
        ("build", LogStream::Build, "Collecting Django==5.2.3"),
        ("build", LogStream::Build, "  Downloading Django-5.2.3-py3-none-any.whl (8.3 MB) <b>not markup</b>"),
        ("check", LogStream::Out, "web listens on http://0.0.0.0:3000"),
        ("check", LogStream::Err, "connect 172.30.0.9:5000: connection refused (30 tries)"),
    ];
    let shown = if state == JobState::Failed { 9 } else { 7 };
    let line = |(at, (step, stream, text)): (usize, (&str, LogStream, &str))| LogLine {
        number: at as u64 + 1,
        step: step.into(),
        stream,
        at: NOW,
        text: text.into(),
    };
    text.into_iter().take(shown).enumerate().map(line).collect()
}

#[async_trait]
impl Apps for Fake {
    async fn troubled(&self, _: &Actor) -> Answer<usize> {
        Ok(usize::from(!self.empty))
    }

    async fn today(&self, _: &Actor) -> Answer<Today> {
        let engine =
            |name: &str, detail: &str| EngineState { name: name.into(), ok: true, detail: detail.into(), hint: None };
        const GIB: u64 = 1 << 30;
        let jobs = vec![
            job("blog", JobKind::Deploy, 12, JobState::Running, ago(38_000), 0),
            job("shop", JobKind::Deploy, 42, JobState::Failed, ago(HOUR), 72_000),
            job("shop", JobKind::Deploy, 41, JobState::Succeeded, ago(3 * HOUR), 44_700),
            job("bot", JobKind::RollBack, 7, JobState::Succeeded, ago(12 * DAY), 3_100),
        ];
        Ok(Today {
            host_name: "host.example.com".into(),
            apps: if self.empty { Vec::new() } else { rows() },
            jobs: if self.empty { Vec::new() } else { jobs },
            engines: vec![
                engine("Docker", "28.2.2"),
                engine("nginx", "1.22.1, generation 14"),
                engine("nftables", "3 apps mapped"),
            ],
            certificates: Default::default(),
            gauges: Some(HostGauges {
                cpu_busy_centipercent: Some(1_240),
                cores: 2,
                memory_available_bytes: GIB * 38 / 100,
                memory_total_bytes: GIB,
                disk_available_bytes: 5 * GIB,
                disk_total_bytes: 40 * GIB,
                observed_at: ago(14_000),
            }),
            apps_domain: "example.com".into(),
            now: NOW,
        })
    }

    async fn list(&self, _: &Actor) -> Answer<Vec<AppRow>> {
        Ok(if self.empty { Vec::new() } else { rows() })
    }

    async fn find(&self, _: &Actor, name: &AppName) -> Answer<AppDetail> {
        let row = rows().into_iter().find(|row| row.name == *name).ok_or_else(|| Problem::not_found("app"))?;
        let broken = matches!(row.state, AppState::Down { .. });
        let hop = |kind, name: &str, detail: &str, state| Hop { kind, name: name.into(), detail: detail.into(), state };
        let process = if broken { ("Exited with code 1", HopState::Bad) } else { ("172.18.0.4:5000", HopState::Good) };
        Ok(AppDetail {
            spec: AppSpec {
                name: row.name.clone(),
                source: Source::Files(Files {
                    origin: Origin::Repo { repo: parsed("https://git.example.com/ada/shop"), branch: parsed("main") },
                    folder: parsed("."),
                    builder: Builder::Dockerfile { dockerfile: parsed("Dockerfile") },
                    watch: Vec::new(),
                    submodules: false,
                    poll: Some(parsed("5")),
                }),
                port: None,
                health: Health::Http { path: parsed("/healthz") },
                needs: HostNeeds::default(),
                processes: Default::default(),
                build: BuildSettings::default(),
            },
            built_by: Some("dockerfile: Dockerfile found".into()),
            urls: vec![row.url.clone(), "http://www.example.com:8080".into()],
            picture: vec![
                hop(HopKind::Domain, row.host_name.as_str(), "and www.example.com", HopState::Good),
                hop(HopKind::Nginx, "nginx", "generation 14", HopState::Good),
                hop(HopKind::Process, "web", process.0, process.1),
            ],
            releases: releases(),
            jobs: vec![job("shop", JobKind::Deploy, 41, JobState::Succeeded, ago(3 * HOUR), 44_700)],
            processes: processes(),
            pending_env: 2,
            busy: None,
            remotes: None,
            created_at: ago(30 * DAY),
            row,
        })
    }

    async fn create(&self, _: &Actor, form: AppForm) -> Answer<AppName> {
        form.parse().map(|spec| spec.name)
    }

    async fn change(&self, _: &Actor, _: &AppName, form: AppForm) -> Answer<()> {
        form.parse().map(|_| ())
    }

    async fn set_process(&self, _: &Actor, _: &AppName, form: ProcessForm) -> Answer<()> {
        form.parse().map(|_| ())
    }

    async fn delete(&self, _: &Actor, _: &AppName, _: &str) -> Answer<JobId> {
        Err(people::step_up())
    }

    async fn delete_with_volumes(&self, _: &Actor, _: &AppName, _: &str) -> Answer<JobId> {
        Err(people::step_up())
    }

    async fn needs(&self, _: &Actor, _: &AppName) -> Answer<NeedsView> {
        Ok(needs::view())
    }

    async fn add_need(&self, _: &Actor, _: &AppName, form: NeedForm) -> Answer<()> {
        needs::view().needs.with(&form).map(|_| ())
    }

    async fn remove_need(&self, _: &Actor, _: &AppName, _: &str, _: &str) -> Answer<()> {
        Ok(())
    }

    async fn remove_volume(&self, _: &Actor, _: &AppName, _: &VolumeName) -> Answer<()> {
        Err(people::step_up())
    }
}

#[async_trait]
impl Deploys for Fake {
    async fn deploy(&self, _: &Actor, _: &AppName) -> Answer<u32> {
        Ok(43)
    }

    async fn deploy_without_cache(&self, _: &Actor, _: &AppName, _: Option<&CommitRef>) -> Answer<u32> {
        Ok(43)
    }

    async fn deploy_commit(&self, _: &Actor, _: &AppName, _: &CommitRef) -> Answer<u32> {
        Ok(42)
    }

    async fn deploy_image(&self, _: &Actor, _: &AppName, _: &str) -> Answer<u32> {
        Ok(42)
    }

    async fn compare(&self, actor: &Actor, app: &AppName, from: u32, to: u32) -> Answer<Comparison> {
        compare::compare(self, actor, app, from, to).await
    }

    async fn roll_back(&self, _: &Actor, _: &AppName, _: u32) -> Answer<u32> {
        Err(Problem::new(Code::Conflict, "A deploy of shop is running.").hint("Wait for it, or cancel it."))
    }

    async fn restart(&self, _: &Actor, _: &AppName) -> Answer<u32> {
        Ok(43)
    }

    async fn fix(&self, _: &Actor, _: &AppName, _: Fix) -> Answer<u32> {
        Ok(42)
    }

    async fn list(&self, _: &Actor, _: &AppName) -> Answer<Vec<ReleaseRow>> {
        Ok(releases())
    }

    async fn find(&self, _: &Actor, app: &AppName, number: u32) -> Answer<DeployDetail> {
        let release = releases()
            .into_iter()
            .find(|release| release.number == number)
            .ok_or_else(|| Problem::not_found("deploy"))?;
        let state = release.job.state;
        let change = |key: &str, change| (parsed(key), change);
        Ok(DeployDetail {
            app: app.clone(),
            url: format!("http://{app}.example.com:8080"),
            steps: steps(state, release.created_at),
            proof: (state == JobState::Succeeded).then(proof),
            change: ReleaseChange {
                from: Some(41.min(number - 1)),
                commit: Some(commit("9d01ab2", "Fix rounding of totals")),
                artifact: true,
                env: vec![change("PRICE_CACHE_TTL", EnvChange::Added), change("LEGACY_PRICES", EnvChange::Removed)],
                settings: Vec::new(),
            },
            previous: Some(40),
            log_lines: lines(state).len() as u64,
            release,
        })
    }

    async fn job(&self, actor: &Actor, id: &JobId) -> Answer<JobRow> {
        let jobs = Activity::jobs(self, actor).await?;
        jobs.into_iter().find(|job| job.id == *id).ok_or_else(|| Problem::not_found("job"))
    }

    async fn cancel(&self, _: &Actor, _: &JobId) -> Answer<()> {
        Ok(())
    }

    async fn log(&self, _: &Actor, job: &JobId, after: u64) -> Answer<Vec<LogLine>> {
        let state = releases()
            .into_iter()
            .find(|release| release.job.id == *job)
            .map_or(JobState::Succeeded, |release| release.job.state);
        Ok(lines(state).into_iter().filter(|line| line.number > after).collect())
    }
}

#[async_trait]
impl Activity for Fake {
    async fn audit(&self, _: &Actor, _: Option<i64>) -> Answer<Vec<AuditRow>> {
        let row = |number, at, action: &str, object: &str, result: &str| AuditRow {
            number,
            at,
            actor: "Ada".into(),
            address: Some("203.0.113.9".into()),
            action: action.into(),
            object: object.into(),
            result: result.into(),
        };
        Ok(vec![
            row(5, ago(3 * HOUR), "app.deploy", "shop", r#"{"release":41}"#),
            row(4, ago(3 * HOUR), "session.sign_in", "", ""),
            row(3, ago(7 * HOUR), "app.unset_variable", "shop", r#"{"key":"LEGACY_PRICES"}"#),
            row(2, ago(DAY), "app.set_environment", "shop", ""),
            row(1, ago(12 * DAY), "panel.claim", "host.example.com", ""),
        ])
    }

    async fn jobs(&self, actor: &Actor) -> Answer<Vec<JobRow>> {
        self.today(actor).await.map(|today| today.jobs)
    }
}
