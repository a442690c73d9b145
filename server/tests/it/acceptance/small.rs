//! Two small ones: an app that listens on `$PORT` and says so nowhere, and a bot without a `web`.

use homeport_model::{app::AppState, log::LogForm};

use super::Whole;
use crate::support::{
    running::{problem, succeeded},
    web,
};

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_must_listen_on_port_does_so() {
    let mut whole = Whole::start("port").await;
    succeeded(&whole.deploy().await);
    assert_eq!(whole.panel.visit(&whole.app).await, (200, "listening on 5000".into()));

    whole.form.port = "8123".into();
    whole.panel.backend.apps.change(&whole.panel.actor, &whole.app, whole.form.clone()).await.expect("changed");
    let second = whole.deploy().await;
    succeeded(&second);
    assert_eq!(second.proof.expect("a proof").failed, 0, "another port costs no request");
    assert_eq!(whole.panel.visit(&whole.app).await, (200, "listening on 8123".into()));
}

/// What a release's containers wrote.
async fn lines(whole: &Whole, release: &str) -> Vec<String> {
    let form = LogForm { release: release.into(), ..LogForm::default() };
    let page = whole.panel.backend.logs.page(&whole.panel.actor, &whole.app, &form).await.expect("a page");
    page.lines.into_iter().map(|line| line.text).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_serves_without_a_port_and_can_be_restarted() {
    let whole = Whole::start("bot").await;
    succeeded(&whole.deploy().await);
    assert_eq!(whole.processes().await, ["bot"], "app.json says how many");
    assert!(matches!(whole.state().await, AppState::Serving { release: 1, .. }), "{:?}", whole.state().await);
    for host in ["bot.apps.localhost", "bot.example.com"] {
        let answer = web::get(whole.panel.ground.http_port, host, "/").await.expect("an answer");
        assert_eq!(answer.status, 502, "{host}: {}", answer.text);
        assert!(answer.text.contains("It has no web process."), "{}", answer.text);
    }
    assert_eq!(lines(&whole, "1").await, ["bot: logged in"]);

    let old = whole.containers().await.remove(0);
    let number = whole.panel.backend.deploys.restart(&whole.panel.actor, &whole.app).await.expect("queued");
    succeeded(&whole.panel.ended(&whole.app, number).await);
    let new = whole.containers().await;
    assert!(new.len() == 1 && new[0].id != old.id && new[0].running, "{new:?}");
    assert!(matches!(whole.state().await, AppState::Serving { release: 2, .. }));
    assert_eq!(lines(&whole, "1").await, ["bot: logged in", "bot: logged out"], "it was asked to end");
    assert_eq!(lines(&whole, "2").await, ["bot: logged in"]);

    // One that cannot log in does not take the place of the one that could.
    whole.repository.write("bot.py", "raise SystemExit('wrong token')\n").push("broken");
    let third = whole.deploy().await;
    assert_eq!(problem(&third).title, "The bot container exited with code 1 right after its start.");
    assert!(whole.panel.log(&whole.app, 3).await.contains("wrong token"));
    let left = whole.containers().await;
    assert!(left.len() == 1 && left[0].id == new[0].id && left[0].running, "{left:?}");
}
