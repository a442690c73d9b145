//! Logs of a made-up app: colours, errors, somebody's markup, a search.

use async_trait::async_trait;
use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use homeport_app::backend::{Answer, LogFile, Logs};
use homeport_model::{
    log::{Found, FoundLine, LogBatch, LogForm, LogPage, LogRelease, LogTime, Raw, Written},
    mask::Mask,
    name::AppName,
    prelude::{Actor, Problem},
};

use super::{Fake, NOW};

const LINES: [(bool, &str); 7] = [
    (false, "\u{1b}[32mINFO\u{1b}[0m  shop.server listening on :5000"),
    (false, "\u{1b}[34mGET\u{1b}[0m /bricks/3001 \u{1b}[1;32m200\u{1b}[0m 11 ms"),
    (false, "\u{1b}[34mGET\u{1b}[0m /<script>alert(1)</script> \u{1b}[33m404\u{1b}[0m 2 ms"),
    (true, "\u{1b}[97;41m ERROR \u{1b}[0m shop.orders: the warehouse did not answer within 2 s"),
    (true, "  File \"/app/shop/orders.py\", line 214, in reserve"),
    (false, "\u{1b}[36mtask\u{1b}[0m \u{1b}[35mrecount\u{1b}[0m took \u{1b}[1m1.4 s\u{1b}[0m"),
    (false, "\u{1b}]0;owned\u{7}plain \u{202e}text"),
];

fn lines() -> Vec<Written> {
    let written = |(at, (stderr, text)): (i64, &(bool, &str))| {
        let from = if at % 3 == 2 { "worker.1" } else { "web.1" };
        let at = LogTime::from(NOW).plus_ns((at - 60) * 1_000_000_000);
        Raw { at, stderr: *stderr, text: (*text).to_owned() }.shown(41, from, &Mask::default())
    };
    (0..).zip(&LINES).map(written).collect()
}

#[async_trait]
impl Logs for Fake {
    async fn page(&self, _: &Actor, app: &AppName, form: &LogForm) -> Answer<LogPage> {
        let query = form.parse()?;
        if app.as_str() != "shop" {
            return Ok(LogPage::default());
        }
        if query.release.is_some_and(|number| !matches!(number, 40..=42)) {
            return Err(Problem::not_found("release"));
        }
        let release = |number: u32| LogRelease {
            number,
            serving: number == 41,
            never_served: number == 42,
            processes: vec!["web".into(), "worker".into()],
        };
        let found = query.search.map(|needle| {
            let hits: Vec<FoundLine> =
                lines().into_iter().map(|line| FoundLine { hit: needle.is_in(&line.text), gap: false, line }).collect();
            let total = hits.iter().filter(|line| line.hit).count() as u64;
            let lines = if total == 0 { Vec::new() } else { hits };
            Found { total, shown: total, read: 184_211, whole: true, lines }
        });
        Ok(LogPage {
            releases: vec![release(42), release(41), release(40)],
            release: Some(query.release.unwrap_or(41)),
            lines: if found.is_some() { Vec::new() } else { lines() },
            earlier: true,
            running: true,
            found,
            ..LogPage::default()
        })
    }

    async fn follow(&self, _: &Actor, _: &AppName, _: &LogForm) -> Answer<BoxStream<'static, LogBatch>> {
        Ok(stream::pending().boxed())
    }

    async fn file(&self, _: &Actor, app: &AppName, _: &LogForm) -> Answer<LogFile> {
        let pieces = lines().into_iter().map(|line| line.downloaded().into_bytes());
        Ok(LogFile { name: format!("{app}-r41.log"), pieces: stream::iter(pieces).boxed() })
    }
}
