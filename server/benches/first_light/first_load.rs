//! What a browser loads before a page is alive: the files that the page names, as they are
//! transferred.

use std::collections::BTreeMap;

use http::header;

use crate::{Result, stage::Stage, write};

const BUDGET: usize = 200_000;
const KINDS: [&str; 3] = ["wasm", "js", "css"];

pub async fn bench(stage: &mut Stage) -> Result<()> {
    write::title("first-load", "wasm, JS and CSS of Today, brotli, as transferred");
    let html = stage.client.page("/").await?;
    let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
    for path in named(&html.text()) {
        let answer = stage.client.get(&path).await?;
        if !answer.status.is_success() {
            return Err(format!("{path}: {}", answer.status).into());
        }
        if answer.headers.get(header::CONTENT_ENCODING).is_none_or(|coding| coding != "br") {
            return Err(format!("{path} was not sent with brotli").into());
        }
        let kind = KINDS.into_iter().find(|kind| path.ends_with(&format!(".{kind}"))).unwrap_or_default();
        *sizes.entry(kind).or_default() += answer.body.len();
    }
    let all: usize = sizes.values().sum();
    if !sizes.contains_key("wasm") {
        write::figure("not measured", "the page names no wasm; build the pages with script/build --release");
        return Ok(());
    }
    let each: Vec<String> = sizes.iter().map(|(kind, size)| format!("{kind} {}", kilobytes(*size))).collect();
    let text = format!("{} ({})", kilobytes(all), each.join(", "));
    write::held("together", &text, "at most 200 KB", all <= BUDGET);
    write::figure("the page itself", &format!("{} of HTML before any app is there", kilobytes(html.body.len())));
    Ok(())
}

/// The built files that a page names, each once.
fn named(html: &str) -> Vec<String> {
    let mut paths: Vec<String> = html
        .match_indices("/pkg/")
        .map(|(at, _)| html[at..].chars().take_while(|c| c.is_ascii_alphanumeric() || "/._-".contains(*c)).collect())
        .filter(|path: &String| KINDS.iter().any(|kind| path.ends_with(&format!(".{kind}"))))
        .collect();
    paths.sort();
    paths.dedup();
    paths
}

#[expect(clippy::cast_precision_loss, reason = "kilobytes")]
fn kilobytes(bytes: usize) -> String {
    format!("{:.1} KB", bytes as f64 / 1_000.0)
}
