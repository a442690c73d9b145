//! From the press to switched traffic, against the straight line of the same engine calls: create,
//! start, first answer. Subject and reference take turns.

use std::{collections::BTreeMap, net::SocketAddr};

use homeport_model::deploy::DeployDetail;
use tokio::time::Instant;

use crate::{
    Result,
    stage::{self, SERVING, Stage},
    visitors,
    write::{self, Series, ms},
};

const PAIRS: u32 = 10;
const UNDECLARED: u32 = 5;
const MOST_OVERHEAD_MS: f64 = 30.0;
const MOST_RATIO: f64 = 1.04;

pub async fn bench(stage: &mut Stage) -> Result<()> {
    stage.ensure_apps(SERVING).await?;
    write::title("deploy", "an image that is present, from the press to the first answer of the new version by nginx");
    let app = stage::app(0);
    let (mut deploys, mut floors) = (Series::default(), Series::default());
    let (mut ratios, mut over) = (Series::default(), Series::default());
    let mut steps: BTreeMap<String, Series> = BTreeMap::new();
    let mut waits = Series::default();
    for pair in 1..=PAIRS {
        let (took, detail) = deploy(stage, &app, &format!("deploy-{pair}")).await?;
        let floor = floor(stage, pair).await?;
        deploys.push(took);
        floors.push(floor);
        ratios.push(took / floor);
        over.push(took - floor);
        waits.push(queued_ms(&detail));
        for step in detail.steps {
            if let Some(took_us) = step.took_us {
                steps.entry(step.name).or_default().push(micros(took_us));
            }
        }
    }
    write::figure("press to switched", &deploys.text("ms"));
    write::figure("floor: create, start, first answer", &floors.text("ms"));
    let (percent, ratio) = ((ratios.median() - 1.0) * 100.0, &ratios);
    let text = format!("{percent:+.1} % ({:.2} to {:.2} times the floor)", ratio.quantile(0.0), ratio.quantile(1.0));
    write::held("over the floor, pair by pair", &text, "at most 4 % and 30 ms", holds(ratios.median(), over.median()));
    write::figure("the same in milliseconds", &over.text("ms"));
    let names = ["fetch", "build", "start", "check", "switch", "prove", "drain", "retire", "prune"];
    let each = names.iter().filter_map(|name| Some(format!("{name} {:.0}", steps.get(*name)?.median())));
    write::figure(
        "its steps, medians in ms",
        &format!("{} (queued {:.0})", each.collect::<Vec<_>>().join(", "), waits.median()),
    );

    let plain = "plain";
    stage.create(plain, "").await?;
    stage.deploy(plain, "plain-0").await?;
    let mut undeclared = Series::default();
    for turn in 1..=UNDECLARED {
        undeclared.push(deploy(stage, plain, &format!("plain-{turn}")).await?.0);
    }
    write::figure("where no check is declared", &format!("{}; 500 ms are its staying up", undeclared.text("ms")));
    Ok(())
}

/// The budget: at most 4 % and at most 30 ms.
fn holds(ratio: f64, over_ms: f64) -> bool {
    ratio <= MOST_RATIO && over_ms <= MOST_OVERHEAD_MS
}

/// Presses and waits for the new version; then, out of the measurement, for the job's end.
async fn deploy(stage: &mut Stage, app: &str, version: &str) -> Result<(f64, DeployDetail)> {
    stage.set_version(app, version).await?;
    let (nginx, host) = (stage.nginx(), stage::host(app));
    let expected = version.to_owned();
    let seen = tokio::spawn(async move { visitors::first_answer(nginx, &host, &expected).await });
    let pressed = Instant::now();
    let number = stage.press(app).await?;
    let switched = seen.await??;
    Ok((ms(switched - pressed), stage.ended(app, number).await?))
}

/// The same calls in a straight line.
async fn floor(stage: &Stage, number: u32) -> Result<f64> {
    let version = format!("floor-{number}");
    let spec = stage.floor.spec(&stage.image, number, &version);
    let docker = &stage.floor.docker;
    let began = Instant::now();
    let id = docker.ensure_container(&spec).await?;
    docker.start(&id).await?;
    let state = docker.inspect(&id).await?.ok_or("the floor's container is gone")?;
    let address = SocketAddr::from((state.address.ok_or("the floor's container has no address")?, spec.port.get()));
    let answered = visitors::first_answer(address, "floor", &version).await?;
    docker.remove(&id).await?;
    Ok(ms(answered - began))
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of a wait")]
fn queued_ms(detail: &DeployDetail) -> f64 {
    let job = &detail.release.job;
    job.started_at.map_or(f64::NAN, |at| at.since(job.created_at) as f64)
}

#[expect(clippy::cast_precision_loss, reason = "microseconds of a step")]
fn micros(took_us: u64) -> f64 {
    took_us as f64 / 1_000.0
}
