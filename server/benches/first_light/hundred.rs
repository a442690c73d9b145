//! A hundred deploys under visitors of every kind; then versions that ignore SIGTERM and one that
//! never becomes healthy, under the same visitors; and how long it takes to go back.

use homeport_model::{deploy::DeployDetail, job::JobState};
use tokio::time::{Duration, Instant, sleep};

use crate::{
    Result,
    mixed::{Crowd, Kind, Seen},
    site,
    stage::{self, Stage},
    visitors,
    write::{self, Series, ms},
};

const DEPLOYS: u32 = 100;
const STUBBORN: u32 = 2;
const BACK: u32 = 5;
const APP: &str = "hundred";

pub async fn bench(stage: &mut Stage) -> Result<()> {
    let what = format!("{DEPLOYS} deploys under GET, POST, slow, streaming and upgraded requests; nothing is repeated");
    write::title("hundred", &what);
    // Of this name it goes away with the namespace's other images, once nothing runs it any more.
    let image = format!("homeport-test-{}:site", stage.ground.namespace);
    site::image(&image).await?;
    stage.create_of(APP, &image, "/healthz").await?;
    stage.deploy(APP, "hundred-0").await?;
    let crowd = Crowd::begin(stage.nginx(), &stage::host(APP));
    sleep(Duration::from_secs(1)).await;
    let mut took = Series::default();
    for turn in 1..=DEPLOYS {
        let began = Instant::now();
        stage.deploy(APP, &format!("hundred-{turn}")).await?;
        took.push_ms(began.elapsed());
    }
    tell(&format!("{DEPLOYS} deploys"), &crowd.end().await?);
    write::figure("one deploy, its drain included", &took.text("ms"));

    let crowd = Crowd::begin(stage.nginx(), &stage::host(APP));
    for turn in 0..=STUBBORN {
        stage.set_variables(APP, &format!("VERSION=stubborn-{turn}\nSTUBBORN=1")).await?;
        let number = stage.press(APP).await?;
        stage.ended(APP, number).await?;
    }
    stage.set_variables(APP, "VERSION=sick\nSICK=1").await?;
    let number = stage.press(APP).await?;
    let sick = ends(stage, number).await?;
    let refused = sick.release.job.state == JobState::Failed;
    write::held("a version that never becomes healthy", &words(&sick), "fails, and nobody sees it", refused);
    tell("SIGTERM ignored, then never healthy", &crowd.end().await?);
    stage.unset(APP, "SICK").await?;
    stage.unset(APP, "STUBBORN").await?;

    let (mut deploys, mut back) = (Series::default(), Series::default());
    for turn in 0..BACK {
        let version = format!("forth-{turn}");
        stage.set_version(APP, &version).await?;
        let began = Instant::now();
        let number = stage.press(APP).await?;
        let seen = visitors::first_answer(stage.nginx(), &stage::host(APP), &version).await?;
        deploys.push(ms(seen - began));
        let detail = stage.ended(APP, number).await?;
        let to = detail.previous.ok_or("nothing to go back to")?;
        let began = Instant::now();
        let number = stage.back(APP, to).await?;
        let expected = if turn == 0 { format!("stubborn-{STUBBORN}") } else { format!("forth-{}", turn - 1) };
        let seen = visitors::first_answer(stage.nginx(), &stage::host(APP), &expected).await?;
        back.push(ms(seen - began));
        stage.ended(APP, number).await?;
        // Forth again, so that the next turn goes back to this one's version.
        stage.deploy(APP, &version).await?;
    }
    write::figure("press to switched, forward", &deploys.text("ms"));
    write::figure("roll back, press to switched", &back.text("ms"));
    Ok(())
}

fn tell(what: &str, seen: &std::collections::BTreeMap<Kind, Seen>) {
    let (sent, failed) = seen.values().fold((0, 0), |(sent, failed), seen| (sent + seen.sent, failed + seen.failed));
    write::held(what, &format!("{sent} sent, {failed} failed"), "none failed", failed == 0);
    for (kind, seen) in seen {
        write::figure(&format!("  {}", kind.words()), &format!("{} sent, {} failed", seen.sent, seen.failed));
        seen.first_failure.iter().for_each(|failure| write::figure("", failure));
    }
}

async fn ends(stage: &mut Stage, number: u32) -> Result<DeployDetail> {
    loop {
        let detail = stage.find(APP, number).await?;
        if detail.release.job.state.is_final() {
            return Ok(detail);
        }
        sleep(Duration::from_millis(200)).await;
    }
}

fn words(detail: &DeployDetail) -> String {
    detail.release.job.problem.as_ref().map_or_else(|| "it went live".to_owned(), |problem| problem.title.clone())
}
