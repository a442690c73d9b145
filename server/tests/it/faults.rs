//! Every step of every plan: done twice, failing, and the panel dying after it. Whatever happens,
//! one release serves, and nothing is left over.

use std::time::Duration;

use homeport_model::{
    deploy::plan::{self, Step},
    job::JobState,
    name::AppName,
};
use homeport_server::{
    deploys::REMOVAL_STEPS,
    jobs::{Fault, When},
};

use crate::support::{
    git_server::{GitServer, Repository},
    running::{Running, dockerfile, succeeded},
};

/// An app that serves, the version that it says, and how its next version is made.
struct Served {
    panel: Running,
    app: AppName,
    says: String,
    next: u32,
    /// The repository of a static site; an image's app says its `VERSION`.
    site: Option<(GitServer, Repository)>,
}

impl Served {
    async fn image() -> Self {
        let panel = Running::start().await;
        let app = panel.create(panel.form("shop")).await;
        Self { panel, app, says: String::new(), next: 1, site: None }.with_release_one().await
    }

    async fn site() -> Self {
        let panel = Running::start().await;
        let server = GitServer::start().await;
        let repository = server.repository("site");
        repository.write("index.html", "zero").push("zero");
        let mut form = panel.form("shop");
        form.kind = "static".into();
        form.repo = server.url("site").to_string();
        let app = panel.create(form).await;
        Self { panel, app, says: String::new(), next: 1, site: Some((server, repository)) }.with_release_one().await
    }

    async fn with_release_one(mut self) -> Self {
        let version = self.prepare().await;
        succeeded(&self.panel.deploy(&self.app).await);
        self.says = version;
        self
    }

    /// Makes the next version ready to be deployed.
    async fn prepare(&mut self) -> String {
        let version = format!("version-{}", self.next);
        self.next += 1;
        match &self.site {
            Some((_, repository)) => {
                repository.write("index.html", &version).push(&version);
            }
            None => self.panel.set(&self.app, &format!("VERSION={version}")).await,
        }
        version
    }

    async fn press(&self) -> u32 {
        self.panel.backend.deploys.deploy(&self.panel.actor, &self.app).await.expect("queued")
    }

    async fn wait_for_the_fault(&self) {
        while !self.panel.faults.all_went_off() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn restart(self) -> Self {
        Self { panel: self.panel.restart().await, ..self }
    }

    /// What holds after every fault: the app says `says`, by one container or folder, nothing hangs,
    /// nothing is left over.
    async fn all_is_well(&self, fault: &str) {
        let Self { panel, app, says, .. } = self;
        assert_eq!(panel.visit(app).await, (200, says.clone()), "{fault}");
        let expected = usize::from(self.site.is_none());
        let containers = panel.ground.docker.list_ours().await.expect("listed");
        assert_eq!(containers.len(), expected, "{fault}: {containers:#?}");
        let jobs = panel.backend.activity.jobs(&panel.actor).await.expect("listed");
        assert!(jobs.iter().all(|job| job.state.is_final()), "{fault}: {jobs:#?}");
        assert!(panel.faults.all_went_off(), "{fault}: the fault never went off");
        self.no_stray_folders(fault).await;
    }

    /// Only kept releases have folders.
    async fn no_stray_folders(&self, fault: &str) {
        let detail = self.panel.backend.apps.find(&self.panel.actor, &self.app).await.expect("found");
        let sites = self.panel.ground.nginx.sites();
        if self.site.is_none() {
            return;
        }
        let folders = sites.releases(&detail.row.id).expect("listed");
        for folder in folders {
            let release = detail.releases.iter().find(|release| release.id == folder).expect("a release's folder");
            assert!(release.kept, "{fault}: the folder of release {} is left over", release.number);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rolling_back_survives_a_fault_at_every_step() {
    let mut served = Served::image().await;
    let one = served.says.clone();
    let two = served.prepare().await;
    succeeded(&served.panel.deploy(&served.app).await);
    let (mut newest, mut says) = (2, two.clone());
    for step in plan::roll_back(false) {
        for fault in [Fault::Repeat, Fault::Die] {
            // The release before the newest says the other of the two.
            let target = newest - 1;
            served.panel.faults.plant(step.as_str(), When::After, fault);
            let press = served.panel.backend.deploys.roll_back(&served.panel.actor, &served.app, target).await;
            newest = press.expect("queued");
            if fault == Fault::Die {
                served.wait_for_the_fault().await;
                assert_eq!(served.panel.visit(&served.app).await.0, 200, "died after {step:?}");
                served = served.restart().await;
            }
            succeeded(&served.panel.ended(&served.app, newest).await);
            says = if says == one { two.clone() } else { one.clone() };
            served.says.clone_from(&says);
            served.all_is_well(&format!("rolling back, {fault:?} at {step:?}")).await;
        }
    }
}

fn steps(served: &Served) -> Vec<Step> {
    plan::deploy(served.site.is_some()).to_vec()
}

async fn repeat_every_step(mut served: Served) {
    for step in steps(&served) {
        served.says = served.prepare().await;
        served.panel.faults.plant(step.as_str(), When::After, Fault::Repeat);
        succeeded(&served.panel.deploy(&served.app).await);
        served.all_is_well(&format!("{step:?} done twice")).await;
    }
}

async fn fail_at_every_step(mut served: Served) {
    for step in steps(&served) {
        for when in [When::Before, When::After] {
            let version = served.prepare().await;
            served.panel.faults.plant(step.as_str(), when, Fault::Fail);
            let detail = served.panel.deploy(&served.app).await;
            let fault = format!("{step:?} failed, {when:?}");
            let committed = step.is_past_commit() || (step == Step::Switch && when == When::After);
            if committed {
                succeeded(&detail);
                served.says = version;
            } else {
                assert_eq!(detail.release.job.state, JobState::Failed, "{fault}");
                assert!(detail.release.job.problem.is_some(), "{fault}: no reason");
            }
            if step == Step::Retire && when == When::Before {
                // The old container was not stopped; whoever looks after apps does it.
                served.panel.services.apps.reconcile(served.panel.services.locks()).await.expect("looked");
            }
            served.all_is_well(&fault).await;
        }
    }
}

async fn die_after_every_step(mut served: Served) {
    for step in steps(&served) {
        let version = served.prepare().await;
        served.panel.faults.plant(step.as_str(), When::After, Fault::Die);
        let number = served.press().await;
        served.wait_for_the_fault().await;
        // Visitors see one of the two, and never nothing.
        assert_eq!(served.panel.visit(&served.app).await.0, 200, "died after {step:?}");
        served = served.restart().await;
        succeeded(&served.panel.ended(&served.app, number).await);
        served.says = version;
        served.all_is_well(&format!("died after {step:?}")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_images_steps_done_twice_change_nothing() {
    repeat_every_step(Served::image().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sites_steps_done_twice_change_nothing() {
    repeat_every_step(Served::site().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_images_step_that_fails_is_undone_or_past_undoing() {
    fail_at_every_step(Served::image().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sites_step_that_fails_is_undone_or_past_undoing() {
    fail_at_every_step(Served::site().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panel_that_dies_in_an_images_deploy_goes_on() {
    die_after_every_step(Served::image().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panel_that_dies_in_a_sites_deploy_goes_on() {
    die_after_every_step(Served::site().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panel_that_dies_while_it_undoes_goes_on_undoing() {
    let mut served = Served::image().await;
    for step in [Step::Start, Step::Check] {
        served.prepare().await;
        served.panel.faults.plant(step.as_str(), When::After, Fault::Fail);
        served.panel.faults.plant("undo start", When::Before, Fault::Die);
        let number = served.press().await;
        served.wait_for_the_fault().await;
        served = served.restart().await;
        let detail = served.panel.ended(&served.app, number).await;
        assert_eq!(detail.release.job.state, JobState::Failed);
        served.all_is_well(&format!("died undoing {step:?}")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_survives_every_fault() {
    let mut panel = Running::start().await;
    let server = GitServer::start().await;
    let repository = server.repository("api");
    let mut form = panel.form("api");
    (form.kind, form.repo) = ("dockerfile".into(), server.url("api").to_string());
    let write = |panel: &Running, number: u32| {
        let line = format!("ENV VERSION=version-{number}\nCMD [\"/start\"]");
        repository.write("Dockerfile", &dockerfile(panel, &line)).push(&number.to_string());
    };
    write(&panel, 1);
    let app = panel.create(form).await;
    succeeded(&panel.deploy(&app).await);
    let mut says = 1;
    let faults = [
        (When::Before, Fault::Fail),
        (When::After, Fault::Fail),
        (When::After, Fault::Repeat),
        (When::After, Fault::Die),
    ];
    for (version, (when, fault)) in (2..).zip(faults) {
        write(&panel, version);
        panel.faults.plant(Step::Build.as_str(), when, fault);
        let number = panel.backend.deploys.deploy(&panel.actor, &app).await.expect("queued");
        if fault == Fault::Die {
            while !panel.faults.all_went_off() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            panel = panel.restart().await;
        }
        let detail = panel.ended(&app, number).await;
        if fault == Fault::Fail {
            assert_eq!(detail.release.job.state, JobState::Failed, "{when:?}");
        } else {
            succeeded(&detail);
            says = version;
        }
        assert_eq!(panel.visit(&app).await, (200, format!("version-{says}")), "{fault:?} {when:?}");
        assert_eq!(panel.ground.docker.list_ours().await.expect("listed").len(), 1, "{fault:?} {when:?}");
        assert!(panel.faults.all_went_off());
    }
    // Three releases were built; what the failed ones built is nobody's.
    assert_eq!(panel.ground.docker.list_our_images().await.expect("listed").len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removal_survives_a_fault_at_every_step() {
    let mut panel = Running::start().await;
    let faults = [
        (When::Before, Fault::Fail),
        (When::After, Fault::Fail),
        (When::After, Fault::Repeat),
        (When::After, Fault::Die),
    ];
    for step in REMOVAL_STEPS {
        for (when, fault) in faults {
            let what = format!("{fault:?} {when:?} {step}");
            let app = panel.create(panel.form("shop")).await;
            succeeded(&panel.deploy(&app).await);
            assert_eq!(panel.visit(&app).await.0, 200, "{what}");
            panel.faults.plant(step, when, fault);
            panel.backend.apps.delete(&panel.actor, &app, "shop").await.expect("queued");
            while !panel.faults.all_went_off() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            if fault == Fault::Die {
                panel = panel.restart().await;
            }
            let state = no_more_jobs(&panel).await;
            if fault == Fault::Fail {
                assert_eq!(state, JobState::Failed, "{what}");
                // Whoever looks after the host names does not bring it back, and it can be asked for again.
                panel.services.domains.reconcile(panel.services.locks()).await.expect("looked");
                assert_eq!(panel.visit(&app).await.0, 0, "{what}: it is not brought back");
                panel.backend.apps.delete(&panel.actor, &app, "shop").await.expect("queued again");
                assert_eq!(no_more_jobs(&panel).await, JobState::Succeeded, "{what}");
            }
            assert_eq!(panel.visit(&app).await.0, 0, "{what}: its name is unknown again");
            assert!(panel.backend.apps.list(&panel.actor).await.expect("listed").is_empty(), "{what}");
            assert!(panel.ground.docker.list_ours().await.expect("listed").is_empty(), "{what}");
            assert!(panel.ground.nat.list().await.expect("listed").is_empty(), "{what}");
        }
    }
}

/// Waits until every job has ended; the state of the newest.
async fn no_more_jobs(panel: &Running) -> JobState {
    loop {
        let jobs = panel.backend.activity.jobs(&panel.actor).await.expect("listed");
        if jobs.iter().all(|job| job.state.is_final()) {
            return jobs[0].state;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
