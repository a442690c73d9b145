//! Five hundred vhosts: how long a generation takes until it answers, what nginx weighs then, and how many
//! requests a second go through a generated vhost, against one that was written by hand with nothing in it.

use std::{
    net::{Ipv4Addr, SocketAddrV4},
    process::Stdio,
    time::Instant,
};

use homeport_model::{
    domain::vhost::{AppVhost, Generation, Target, Upstream},
    id::AppId,
    name::Port,
};
use tokio::process::Command;

use crate::{
    Result,
    by_hand::ByHand,
    idle,
    stage::Stage,
    support::namespace::free_port,
    write::{self, Series},
};

const VHOSTS: u32 = 500;
const GENERATIONS: u64 = 10;
const ROUNDS: usize = 40;
const SHARE: f64 = 0.97;
/// The app that the load goes to.
const HOST: &str = "v0.example.com";
/// Where the generated vhosts find the answer. Each way has an address of its own, so that none meets the ports
/// that another has just used.
const GENERATED_TO: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

pub async fn bench(stage: &mut Stage) -> Result<()> {
    write::title("vhosts", &format!("{VHOSTS} vhosts of a name each, on an nginx of their own"));
    let upstream = free_port();
    let by_hand = ByHand::start(&stage.floor, upstream).await?;
    let at = SocketAddrV4::new(GENERATED_TO, upstream.get());

    let (mut render, mut applied) = (Series::default(), Series::default());
    for number in 1..=GENERATIONS {
        let generation = generation(stage, number, at)?;
        let began = Instant::now();
        let bytes: usize = generation.render().iter().map(|file| file.text.len()).sum();
        render.push_ms(began.elapsed());
        let began = Instant::now();
        stage.floor.nginx.apply(&generation).await?;
        applied.push_ms(began.elapsed());
        if stage.floor.nginx.answering().await != Some(number) || bytes == 0 {
            return Err(format!("generation {number} does not answer").into());
        }
    }
    write::figure("rendered", &render.text("ms"));
    write::figure("written, tested, loaded, answers", &applied.text("ms"));
    let master = stage.floor.nginx.running().ok_or("nginx does not run")?;
    write::figure("memory of the master (PSS)", &idle::Memory::of(master)?.text());

    let generated = Way { port: stage.floor.http_port, master };
    by_load(generated, by_hand.ways()?).await?;
    stage.floor.nginx.stop().await?;
    by_hand.stop().await
}

/// A way through an nginx: where it listens, and its master's process.
#[derive(Clone, Copy)]
pub struct Way {
    pub port: Port,
    pub master: u32,
}

/// What went through one way, round by round.
#[derive(Default)]
struct Went {
    requests: Series,
    micros: Series,
    share: Series,
    cost: Series,
}

/// Loads a generated vhost and two equal ones that were written by hand, each first in every third round. The
/// second by hand is the control: how far it is from 1 is what this machine cannot tell.
async fn by_load(generated: Way, by_hand: [Way; 2]) -> Result<()> {
    let ways = [by_hand[0], generated, by_hand[1]];
    for way in ways {
        Turn::take(way).await?;
    }
    let mut went: [Went; 3] = Default::default();
    for round in 0..ROUNDS {
        let mut turns = [None; 3];
        for step in 0..ways.len() {
            let index = (round + step) % ways.len();
            turns[index] = Some(Turn::take(ways[index]).await?);
        }
        let reference = turns[0].ok_or("no reference")?;
        for (went, turn) in went.iter_mut().zip(turns.into_iter().flatten()) {
            went.requests.push(turn.requests);
            went.micros.push(turn.micros);
            went.share.push(turn.requests / reference.requests);
            went.cost.push(turn.micros / reference.micros);
        }
    }
    let [reference, generated, control] = &went;
    for (name, went) in [("a generated vhost", generated), ("one written by hand", reference)] {
        write::figure(&format!("through {name}"), &went.requests.text("requests/s"));
        write::figure("  nginx's processor time each", &went.micros.text("µs"));
    }
    for (name, went) in [("the generated one's", generated), ("a second one by hand's", control)] {
        write::figure(&format!("{name} processor time"), &of_reference(&went.cost));
    }
    write::figure("a second one by hand's share", &of_reference(&control.share));
    let median = generated.share.median();
    write::held("the generated one's share", &of_reference(&generated.share), "at least 0.97", median >= SHARE);
    Ok(())
}

/// "0.981 (0.700 to 1.215, the middle half 0.941 to 1.034)".
fn of_reference(series: &Series) -> String {
    let [least, low, middle, high, most] = [0.0, 0.25, 0.5, 0.75, 1.0].map(|share| series.quantile(share));
    format!("{middle:.3} ({least:.3} to {most:.3}, the middle half {low:.3} to {high:.3})")
}

fn generation(stage: &Stage, number: u64, at: SocketAddrV4) -> Result<Generation> {
    let target = Target::Proxied(Upstream::Direct(vec![at]));
    let mut generation = stage.floor.generation(number, target.clone());
    generation.apps = (0..VHOSTS)
        .map(|index| {
            let host = format!("v{index}.example.com").parse()?;
            Ok(AppVhost::new(AppId::new(1, index), format!("v{index}").parse()?, vec![host], target.clone()))
        })
        .collect::<Result<_>>()?;
    Ok(generation)
}

/// A second of load.
#[derive(Clone, Copy)]
struct Turn {
    /// A second.
    requests: f64,
    /// Of the workers' processor time, for each request.
    micros: f64,
}

impl Turn {
    /// What wrk counts. Every answer has to be the upstream's.
    #[expect(clippy::cast_precision_loss, reason = "a second's nanoseconds")]
    async fn take(way: Way) -> Result<Self> {
        let url = format!("http://127.0.0.1:{}/", way.port);
        let before = nanos_of_workers(way.master)?;
        let run = Command::new("wrk")
            .args(["-t1", "-c16", "-d1s", "-H", &format!("Host: {HOST}"), &url])
            .stdin(Stdio::null())
            .output()
            .await?;
        let spent = nanos_of_workers(way.master)? - before;
        let text = String::from_utf8_lossy(&run.stdout).into_owned();
        if text.contains("Non-2xx") || text.contains("Socket errors") {
            return Err(format!("not every answer was right: {text}").into());
        }
        let rate = text.lines().find_map(|line| line.strip_prefix("Requests/sec:")).ok_or("wrk counted nothing")?;
        let count = text.lines().find_map(|line| line.split_once(" requests in")).ok_or("wrk has no count")?.0;
        let count: f64 = count.trim().parse()?;
        Ok(Self { requests: rate.trim().parse()?, micros: spent as f64 / 1_000.0 / count })
    }
}

/// Processor time of a master's workers.
fn nanos_of_workers(master: u32) -> Result<u64> {
    let workers = std::fs::read_to_string(format!("/proc/{master}/task/{master}/children"))?;
    workers.split_whitespace().try_fold(0, |sum, worker| {
        let spent = std::fs::read_to_string(format!("/proc/{worker}/schedstat"))?;
        Ok(sum + spent.split(' ').next().unwrap_or_default().parse::<u64>()?)
    })
}
