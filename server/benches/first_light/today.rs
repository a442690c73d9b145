//! The first page with a hundred apps, as its owner sees it: the time to its first byte, and the
//! statements that it makes.

use crate::{
    Result, idle, panel,
    stage::{self, Stage},
    write::{self, Series},
};

const APPS: usize = 100;
const TIMES: u32 = 400;
const MOST_STATEMENTS: usize = 6;
const MEDIAN_MS: f64 = 1.5;
const P99_MS: f64 = 8.0;

pub async fn bench(stage: &mut Stage) -> Result<()> {
    stage.ensure_apps(APPS).await?;
    let what = format!("{APPS} apps, signed in, {TIMES} requests one after the other on a kept connection");
    write::title("today", &what);

    stage.restart("warn,sqlx=debug").await?;
    let statements = statements(stage, "/").await?;
    let budget = format!("at most {MOST_STATEMENTS}");
    let text = format!("{} with the session's own", statements);
    write::held("statements", &text, &budget, statements <= MOST_STATEMENTS);

    // Without the statements' log, and with every try of the rate limit still there.
    stage.restart("warn").await?;
    let page = series(stage, "/").await?;
    write::held("page, first byte", &text_of(&page.0), "median 1.5 ms, 99th percentile 8 ms (50 apps)", holds(&page.0));
    write::figure("its size", &format!("{} KB of HTML", page.1 / 1_000));
    let data = series(stage, "/api/ui/today").await?;
    write::figure("its data alone, first byte", &text_of(&data.0));
    write::figure("memory after all this (PSS)", &idle::Memory::of(stage.pid()?)?.text());
    Ok(())
}

fn holds(page: &Series) -> bool {
    page.median() <= MEDIAN_MS && page.quantile(0.99) <= P99_MS
}

fn text_of(series: &Series) -> String {
    format!("median {:.2} ms, 99th percentile {:.2} ms", series.median(), series.quantile(0.99))
}

/// First bytes, and the length of an answer. Every answer names every app.
async fn series(stage: &mut Stage, path: &str) -> Result<(Series, usize)> {
    let (mut series, mut length) = (Series::default(), 0);
    for turn in 0..TIMES + 20 {
        let answer = stage.client.page(path).await?;
        let text = answer.text();
        let missing = (0..APPS).map(stage::app).find(|app| !text.contains(app.as_str()));
        if let Some(missing) = missing {
            return Err(format!("{path} answers {} without {missing}", answer.status).into());
        }
        length = text.len();
        // The first ones open the store's connections.
        if turn >= 20 {
            series.push_ms(answer.first_byte);
        }
    }
    Ok((series, length))
}

/// How many statements a request makes, by the store's own log.
async fn statements(stage: &mut Stage, path: &str) -> Result<usize> {
    stage.client.page(path).await?;
    let count = |stage: &Stage| -> Result<usize> {
        let log = std::fs::read_to_string(panel::log_file(&stage.ground))?;
        Ok(log.lines().filter(|line| line.contains("sqlx::query") && line.contains("SELECT")).count())
    };
    // Reconcilers ask as well; the least of several tries is the page alone.
    let mut least = usize::MAX;
    for _ in 0..10 {
        let before = count(stage)?;
        stage.client.page(path).await?;
        least = least.min(count(stage)? - before);
    }
    Ok(least)
}
