//! A Flask app: `web` is gunicorn, `worker` writes to the volume that `web` reads.

use std::collections::BTreeSet;

use super::{Whole, eventually, need, volume};
use crate::support::{running::succeeded, web::Crowd};

/// The number of the worker's last beat, when the page says that it is of `version`.
async fn beat(whole: &Whole, version: &str) -> Option<u64> {
    let page = whole.get("/").await;
    let after = page.text.split_once(&format!("worker {version}, beat "))?.1;
    after.split('<').next()?.parse().ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flask_app_with_a_worker_gets_its_next_release_under_load() {
    let whole = Whole::start("flask").await;
    need(&whole.panel, &whole.app, volume("data", "/data", "")).await;
    whole.scale("worker", "1").await;
    let first = whole.deploy().await;
    succeeded(&first);
    let log = whole.panel.log(&whole.app, 1).await;
    assert!(log.contains("Requirement already satisfied: Flask"), "the real pip looked for the real Flask: {log}");
    assert_eq!(whole.processes().await, ["web", "worker"]);
    let page = whole.get("/").await;
    assert!(page.status == 200 && page.text.contains("<p>web one</p>"), "{page:?}");
    let one = eventually("a heartbeat", || beat(&whole, "one")).await;
    eventually("another one", || async { beat(&whole, "one").await.filter(|beat| *beat > one) }).await;
    let old: BTreeSet<String> = whole.containers().await.iter().map(|one| one.id.to_string()).collect();

    whole.repository.write("VERSION", "two\n").push("second");
    let crowd = Crowd::send(whole.panel.ground.http_port, "flask.apps.localhost", 4);
    let second = whole.deploy().await;
    let (asked, failures) = crowd.home().await;
    succeeded(&second);
    assert!(failures.is_empty(), "{} of {asked}: {:?}", failures.len(), failures.first());
    assert!(asked > 100, "only {asked} requests were sent");
    let proof = second.proof.expect("a proof");
    assert_eq!(proof.failed, 0, "{:?}", proof.first_failure);

    assert!(whole.get("/").await.text.contains("<p>web two</p>"));
    let two = eventually("a heartbeat of the new worker", || beat(&whole, "two")).await;
    eventually("another one", || async { beat(&whole, "two").await.filter(|beat| *beat > two) }).await;
    assert_eq!(whole.processes().await, ["web", "worker"]);
    let new: BTreeSet<String> = whole.containers().await.iter().map(|one| one.id.to_string()).collect();
    assert!(old.is_disjoint(&new), "both processes are new");
}
