//! The proof of a switch as a picture: answer times around it, failures as marks. Server-rendered
//! SVG; it needs no script.

use std::fmt::Write;

use homeport_model::deploy::{Proof, Sample};
use leptos::prelude::*;

use super::figures::answer_time;

const WIDTH: i64 = 600;
const HEIGHT: i64 = 100;

/// The chart's lines, in the units of its view box.
struct Plot {
    line: String,
    failures: String,
    switch_x: i64,
    top_us: u32,
    first_ms: i32,
    last_ms: i32,
}

/// The next of 1, 2, 5, 10, 20, … times `least`, so that the axis has a plain figure.
pub(super) fn plain_top(most: u64, least: u64) -> u64 {
    let mut top = least;
    loop {
        for factor in [1, 2, 5] {
            if most <= top.saturating_mul(factor) {
                return top.saturating_mul(factor);
            }
        }
        top = top.saturating_mul(10);
    }
}

fn plot(samples: &[Sample]) -> Option<Plot> {
    let first_ms = samples.first()?.at_ms.min(-1);
    let last_ms = samples.last()?.at_ms.max(1);
    let most_us = samples.iter().filter(|sample| sample.ok).map(|sample| sample.took_us).max().unwrap_or(1);
    let top_us = u32::try_from(plain_top(most_us.min(60_000_000).into(), 1_000)).unwrap_or(u32::MAX);
    let span = i64::from(last_ms) - i64::from(first_ms);
    let x = |at_ms: i32| (i64::from(at_ms) - i64::from(first_ms)) * WIDTH / span;
    let (mut line, mut failures, mut pen_down) = (String::new(), String::new(), false);
    for sample in samples {
        let at = x(sample.at_ms);
        if sample.ok {
            let y = HEIGHT - (i64::from(sample.took_us) * HEIGHT / i64::from(top_us)).min(HEIGHT);
            let _ = write!(line, "{}{at} {y}", if pen_down { 'L' } else { 'M' });
        } else {
            let _ = write!(failures, "M{at} 0V{HEIGHT}");
        }
        pen_down = sample.ok;
    }
    Some(Plot { line, failures, switch_x: x(0), top_us, first_ms, last_ms })
}

fn seconds(at_ms: i32) -> String {
    let tenths = at_ms.unsigned_abs() / 100;
    format!("{}{}.{} s", if at_ms < 0 { "−" } else { "+" }, tenths / 10, tenths % 10)
}

/// Answer times before and after a switch.
#[component]
pub fn ProofChart(
    /// The switch's probes.
    proof: Proof,
) -> impl IntoView {
    plot(&proof.samples).map(|plot| {
        let label = format!(
            "Answer times around the switch, up to {}; {} of {} requests failed",
            answer_time(plot.top_us),
            proof.failed,
            proof.sent
        );
        view! {
            <figure class="chart">
                <div class="chart-y" aria-hidden="true">
                    <span>{answer_time(plot.top_us)}</span>
                    <span>"0"</span>
                </div>
                <svg viewBox=format!("0 0 {WIDTH} {HEIGHT}") preserveAspectRatio="none" role="img" aria-label=label>
                    <path class="chart-grid" d=format!("M0 0H{WIDTH}M0 {}H{WIDTH}M0 {HEIGHT}H{WIDTH}", HEIGHT / 2) />
                    <path class="chart-event" d=format!("M{} 0V{HEIGHT}", plot.switch_x) />
                    <path class="chart-bad" d=plot.failures />
                    <path class="chart-line" d=plot.line />
                </svg>
                <figcaption class="chart-x">
                    <span>{seconds(plot.first_ms)}</span>
                    <span>"dashed: the switch"</span>
                    <span>{seconds(plot.last_ms)}</span>
                </figcaption>
            </figure>
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_interrupts_the_line() {
        let sample = |at_ms, ok| Sample { at_ms, took_us: 500, ok };
        let plot = plot(&[sample(-100, true), sample(-50, true), sample(0, false), sample(100, true)]).expect("a plot");
        assert_eq!(plot.line, "M0 50L150 50M600 50");
        assert_eq!((plot.failures.as_str(), plot.switch_x, plot.top_us), ("M300 0V100", 300, 1_000));
    }

    #[test]
    fn nothing_probed_is_nothing_drawn() {
        assert!(plot(&[]).is_none());
        let tops = [0, 1_001, 17_600, u64::MAX].map(|most| plain_top(most, 1_000));
        assert_eq!(tops, [1_000, 2_000, 20_000, u64::MAX]);
    }
}
