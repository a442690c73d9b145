//! The program itself: its size, and how soon it answers after it was started.

use std::path::Path;

use crate::{
    Result,
    stage::Stage,
    write::{self, Series},
};

const BUDGET_MB: f64 = 30.0;
const COLD_MS: f64 = 60.0;
const STARTS: u32 = 10;

pub async fn bench(stage: &mut Stage) -> Result<()> {
    write::title("program", "the stripped release binary");
    let program = megabytes(std::fs::metadata(&stage.program.path)?.len());
    let site = stage.program.path.with_file_name("site");
    let site = if site.is_dir() { site } else { stage.program.path.with_file_name("../site") };
    let assets = megabytes(folder_size(&site));
    let text = format!("{program:.1} MB, and {assets:.1} MB of built pages beside it");
    write::held("size", &text, "at most 30 MB", program + assets <= BUDGET_MB);
    let mut starts = Series::default();
    for _ in 0..STARTS {
        starts.push_ms(stage.restart("warn").await?);
    }
    let holds = starts.median() <= COLD_MS;
    write::held("cold start to first answer", &starts.text("ms"), "at most 60 ms (a year of data)", holds);
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "megabytes")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1_000_000.0
}

/// All files of a folder, compressed ones included.
fn folder_size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(meta) if meta.is_dir() => folder_size(&entry.path()),
            Ok(meta) => meta.len(),
            Err(_) => 0,
        })
        .sum()
}
