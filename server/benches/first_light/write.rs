//! What is printed: the host, a line per figure, and what a series of measurements comes to.

use std::time::Duration;

/// A series of measurements in one unit.
#[derive(Debug, Default, Clone)]
pub struct Series(Vec<f64>);

impl Series {
    pub fn push(&mut self, value: f64) {
        self.0.push(value);
        self.0.sort_by(f64::total_cmp);
    }

    pub fn extend_ms(&mut self, lengths: &[Duration]) {
        self.0.extend(lengths.iter().map(|length| ms(*length)));
        self.0.sort_by(f64::total_cmp);
    }

    pub fn push_ms(&mut self, length: Duration) {
        self.push(ms(length));
    }

    /// The value below which `share` of all values are.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an index"
    )]
    pub fn quantile(&self, share: f64) -> f64 {
        let last = self.0.len().saturating_sub(1);
        self.0.get((last as f64 * share).round() as usize).copied().unwrap_or(f64::NAN)
    }

    pub fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// "median 12.3 ms (11.0 to 15.2, 10 times)".
    pub fn text(&self, unit: &str) -> String {
        let (least, most) = (self.quantile(0.0), self.quantile(1.0));
        format!("median {:.1} {unit} ({least:.1} to {most:.1}, {} times)", self.median(), self.len())
    }
}

/// Milliseconds.
pub fn ms(length: Duration) -> f64 {
    length.as_secs_f64() * 1_000.0
}

/// Where a group of figures begins.
pub fn title(name: &str, what: &str) {
    println!("\n{name}: {what}");
}

/// A figure that no budget limits.
pub fn figure(name: &str, value: &str) {
    println!("  {name:<38} {value}");
}

/// A figure beside its budget.
pub fn held(name: &str, value: &str, budget: &str, holds: bool) {
    println!("  {name:<38} {value:<58} budget: {budget}: {}", if holds { "holds" } else { "MISSED" });
}

/// What the figures were taken on.
pub fn host() {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default();
    println!("homeport bench: {cores} cores, kernel {}, load {load} at the start", kernel.trim());
}
