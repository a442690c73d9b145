//! Ninety days in a row: height is the day's uptime on a steep scale, colour its worst state.

use leptos::prelude::*;

use super::state::Tone;

/// One day: how much of it was up, in hundredths of a percent; `None` when nobody looked.
pub type Day = Option<u32>;

/// The height of a tick of at most 20: below 99 % looks bad.
const fn height(up_centipercent: u32) -> u32 {
    match up_centipercent {
        10_000.. => 20,
        9_990..=9_999 => 17,
        9_950..=9_989 => 14,
        9_900..=9_949 => 11,
        9_000..=9_899 => 8,
        _ => 5,
    }
}

const fn tone(day: Day) -> Tone {
    match day {
        None => Tone::Unknown,
        Some(10_000..) => Tone::Good,
        Some(9_900..=9_999) => Tone::Warning,
        Some(_) => Tone::Bad,
    }
}

/// The bar; `label` says in words what it shows.
#[component]
pub fn UptimeBar(
    /// The days, oldest first.
    days: Vec<Day>,
    /// "99.98 % in 90 days".
    #[prop(into)]
    label: String,
) -> impl IntoView {
    let view_box = format!("0 0 {} 20", (days.len() * 4).saturating_sub(1));
    let ticks = days
        .into_iter()
        .enumerate()
        .map(|(at, day)| {
            let height = day.map_or(20, height);
            view! { <rect x=at * 4 y=20 - height width="3" height=height data-state=tone(day).as_str() /> }
        })
        .collect_view();
    view! {
        <svg class="uptime-bar" viewBox=view_box preserveAspectRatio="none" role="img" aria-label=label>
            {ticks}
        </svg>
    }
    .into_any()
}
