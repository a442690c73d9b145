//! Figures and switches: one table says of each what it may be and what it is when nobody sets it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::problem::Problem;

/// What a figure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KnobKind {
    /// On or off.
    Switch,
    /// Seconds.
    Seconds,
    /// Bytes, typed with k, m or g.
    Bytes,
    /// A number; 0 is off where that makes sense.
    Number,
}

macro_rules! knobs {
    ($($(#[$doc:meta])* $name:ident $key:literal $kind:ident $least:literal..=$most:literal = $default:literal, $label:literal, $hint:literal;)+) => {
        /// A figure or a switch of an app's proxy.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Knob {
            $($(#[$doc])* #[serde(rename = $key)] $name,)+
        }

        impl Knob {
            /// All of them, in the order of the page.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// Its name in forms and problems.
            #[must_use]
            pub const fn key(self) -> &'static str {
                match self { $(Self::$name => $key,)+ }
            }

            /// Its field's name in the form.
            #[must_use]
            pub const fn field(self) -> &'static str {
                match self { $(Self::$name => concat!("form[knobs][", $key, "]"),)+ }
            }

            /// What it counts.
            #[must_use]
            pub const fn kind(self) -> KnobKind {
                match self { $(Self::$name => KnobKind::$kind,)+ }
            }

            /// What it is when nobody sets it.
            #[must_use]
            pub const fn default(self) -> u64 {
                match self { $(Self::$name => $default,)+ }
            }

            /// The least and the most that it may be.
            #[must_use]
            pub const fn bounds(self) -> (u64, u64) {
                match self { $(Self::$name => ($least, $most),)+ }
            }

            /// What it is called.
            #[must_use]
            pub const fn label(self) -> &'static str {
                match self { $(Self::$name => $label,)+ }
            }

            /// What follows from it, in words.
            #[must_use]
            pub const fn hint(self) -> &'static str {
                match self { $(Self::$name => $hint,)+ }
            }
        }
    };
}

knobs! {
    /// `client_max_body_size`.
    BodySize "body_size" Bytes 1024..=109_951_162_777_600 = 1_048_576, "Largest request body", "An upload beyond it is answered 413.";
    /// `proxy_connect_timeout`.
    ConnectTimeout "connect_timeout" Seconds 1..=600 = 60, "Connect to the app", "How long a connection to the app may take.";
    /// `proxy_read_timeout`.
    ReadTimeout "read_timeout" Seconds 1..=86_400 = 60, "Wait for the app", "Silence from the app beyond it is answered 504. Raise it for long polls and websockets.";
    /// `proxy_send_timeout`.
    SendTimeout "send_timeout" Seconds 1..=86_400 = 60, "Send to the app", "How long the app may take no part of a request.";
    /// `client_body_timeout`.
    ClientBodyTimeout "client_body_timeout" Seconds 1..=86_400 = 60, "Wait for a body", "How long a visitor may send no part of a body.";
    /// `client_header_timeout`.
    ClientHeaderTimeout "client_header_timeout" Seconds 1..=600 = 60, "Wait for headers", "How long a visitor may take for all headers. By plain http, a connection's first request has 60 seconds: whose it is stands in them.";
    /// `send_timeout`.
    ClientSendTimeout "client_send_timeout" Seconds 1..=86_400 = 60, "Send to the visitor", "How long a visitor may take no part of an answer.";
    /// `keepalive_timeout`.
    KeepaliveTimeout "keepalive_timeout" Seconds 0..=3_600 = 75, "Keep a visitor's connection", "0 closes it after each answer.";
    /// `lingering_timeout`.
    LingeringTimeout "lingering_timeout" Seconds 1..=600 = 5, "Linger for what still comes", "After an answer that came before the whole body did.";
    /// `proxy_buffering`.
    Buffering "buffering" Switch 0..=1 = 1, "Buffer answers", "Off passes each part on at once, as live streams want, and a slow visitor then holds the app up.";
    /// `proxy_buffer_size`.
    BufferSize "buffer_size" Bytes 1024..=1_048_576 = 4_096, "Buffer of the first part", "All headers of an answer must fit; larger for large cookies.";
    /// The number of `proxy_buffers`.
    BuffersCount "buffers_count" Number 3..=256 = 8, "Buffers of a request", "How many.";
    /// The size of each of `proxy_buffers`.
    BuffersSize "buffers_size" Bytes 1024..=1_048_576 = 4_096, "Size of each buffer", "Every open request may use all of them: memory.";
    /// `Strict-Transport-Security`.
    Hsts "hsts" Switch 0..=1 = 1, "HSTS", "Tells browsers to come by https only. Sent only by https.";
    /// Its `max-age`.
    HstsMaxAge "hsts_max_age" Seconds 0..=126_144_000 = 15_724_800, "HSTS: for how long", "Browsers keep to it that long, also when https breaks. 0 makes them forget.";
    /// Its `includeSubDomains`.
    HstsSubdomains "hsts_subdomains" Switch 0..=1 = 0, "HSTS: names below, too", "Every name below needs https then, those on other servers as well.";
    /// Its `preload`.
    HstsPreload "hsts_preload" Switch 0..=1 = 0, "HSTS: preload", "Allows browsers' makers to build the name in. Getting off their lists takes months.";
    /// HTTP/2.
    Http2 "http2" Switch 0..=1 = 1, "HTTP/2", "For browsers, by https.";
    /// `gzip`.
    Gzip "gzip" Switch 0..=1 = 1, "gzip", "Makes text smaller on its way.";
    /// `brotli`.
    Brotli "brotli" Switch 0..=1 = 0, "Brotli", "Smaller than gzip, where nginx has the module.";
    /// Open connections to the app that are kept.
    UpstreamKeepalive "upstream_keepalive" Number 0..=256 = 0, "Connections kept open to the app", "0 is none. Saves a handshake a request. At a switch kept connections still lead to the old release for some seconds, and it is retired that much later.";
    /// Whether http leads to https.
    ForceHttps "force_https" Switch 0..=1 = 1, "Lead http to https", "Off serves names with a certificate by http, too: passwords and cookies can be read on the way.";
    /// `underscores_in_headers`.
    Underscores "underscores" Switch 0..=1 = 0, "Headers with underscores", "On passes them to the app. X_Real_IP then looks like X-Real-IP to many apps.";
    /// Requests per second of one address.
    RateLimit "rate_limit" Number 0..=100_000 = 0, "Requests a second of one address", "0 is no limit. Beyond it and the burst: 429.";
    /// How many more at once.
    RateBurst "rate_burst" Number 0..=100_000 = 20, "Burst", "How many more may come at once.";
    /// Connections of one address at a time.
    ConnectionLimit "connection_limit" Number 0..=65_535 = 0, "Connections of one address", "Requests that are under way at a time. 0 is no limit. Beyond it: 429.";
}

/// What is set of them; the rest is as by default.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<Knob, u64>", into = "BTreeMap<Knob, u64>")]
pub struct Knobs(BTreeMap<Knob, u64>);

impl Knobs {
    /// What it is, set or not.
    #[must_use]
    pub fn get(&self, knob: Knob) -> u64 {
        self.0.get(&knob).copied().unwrap_or(knob.default())
    }

    /// Whether somebody set it.
    #[must_use]
    pub fn is_set(&self, knob: Knob) -> bool {
        self.0.contains_key(&knob)
    }

    /// Sets it as typed; nothing typed is as by default.
    ///
    /// # Errors
    /// A sentence at the knob's key.
    pub fn set(&mut self, knob: Knob, typed: &str) -> Result<(), Problem> {
        let typed = typed.trim();
        if typed.is_empty() || typed == "default" {
            self.0.remove(&knob);
            return Ok(());
        }
        let (least, most) = knob.bounds();
        let value = read(knob.kind(), typed).filter(|value| (least..=most).contains(value));
        let value = value.ok_or_else(|| {
            let (least, most) = (show(knob.kind(), least), show(knob.kind(), most));
            let title = match knob.kind() {
                KnobKind::Switch => "It is on or off.".to_owned(),
                KnobKind::Seconds => format!("Seconds, from {least} to {most}."),
                KnobKind::Bytes => format!("A size like 512k, 10m or 2g, from {least} to {most}."),
                KnobKind::Number => format!("A number from {least} to {most}."),
            };
            Problem::invalid(knob.key(), title)
        })?;
        self.0.insert(knob, value);
        Ok(())
    }

    /// As a person types it; empty where it is not set.
    #[must_use]
    pub fn typed(&self, knob: Knob) -> String {
        self.0.get(&knob).map(|value| show(knob.kind(), *value)).unwrap_or_default()
    }

    /// What it is, as a person types it.
    #[must_use]
    pub fn shown(&self, knob: Knob) -> String {
        show(knob.kind(), self.get(knob))
    }
}

impl TryFrom<BTreeMap<Knob, u64>> for Knobs {
    type Error = &'static str;
    fn try_from(all: BTreeMap<Knob, u64>) -> Result<Self, &'static str> {
        let fits = |(knob, value): (&Knob, &u64)| (knob.bounds().0..=knob.bounds().1).contains(value);
        if all.iter().all(fits) { Ok(Self(all)) } else { Err("a figure is out of its bounds") }
    }
}

impl From<Knobs> for BTreeMap<Knob, u64> {
    fn from(knobs: Knobs) -> Self {
        knobs.0
    }
}

fn read(kind: KnobKind, typed: &str) -> Option<u64> {
    // `parse` would take a leading `+`.
    let number = |text: &str| text.parse::<u64>().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit()));
    match kind {
        KnobKind::Switch => match typed {
            "on" => Some(1),
            "off" => Some(0),
            _ => None,
        },
        KnobKind::Seconds => number(typed.strip_suffix('s').unwrap_or(typed).trim_end()),
        KnobKind::Number => number(typed),
        KnobKind::Bytes => {
            let typed = typed.to_ascii_lowercase();
            let shifts = [("k", 10), ("m", 20), ("g", 30)];
            let unit = shifts.iter().find_map(|(unit, shift)| Some((typed.strip_suffix(unit)?, *shift)));
            let (digits, shift) = unit.unwrap_or((&typed, 0));
            number(digits.trim_end())?.checked_mul(1 << shift)
        }
    }
}

fn show(kind: KnobKind, value: u64) -> String {
    match kind {
        KnobKind::Switch => if value == 0 { "off" } else { "on" }.to_owned(),
        KnobKind::Seconds | KnobKind::Number => value.to_string(),
        KnobKind::Bytes => {
            let unit = [("g", 30), ("m", 20), ("k", 10)];
            let fits = unit.iter().find(|(_, shift)| value != 0 && value.is_multiple_of(1 << shift));
            fits.map_or_else(|| value.to_string(), |(unit, shift)| format!("{}{unit}", value >> shift))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_within_its_bounds_and_keys_are_distinct() {
        for (index, knob) in Knob::ALL.iter().enumerate() {
            let (least, most) = knob.bounds();
            assert!((least..=most).contains(&knob.default()), "{knob:?}");
            assert!(Knob::ALL[..index].iter().all(|other| other.key() != knob.key()));
            assert_eq!(serde_json::to_value(knob).expect("text"), knob.key());
        }
    }

    #[test]
    fn figures_are_read_and_shown_as_people_type_them() {
        let mut knobs = Knobs::default();
        for (knob, typed, value, shown) in [
            (Knob::BodySize, "10M", 10 << 20, "10m"),
            (Knob::BodySize, "1536k", 1_536 << 10, "1536k"),
            (Knob::BodySize, "2048", 2_048, "2k"),
            (Knob::ReadTimeout, "90 s", 90, "90"),
            (Knob::Gzip, "off", 0, "off"),
            (Knob::RateLimit, "0", 0, "0"),
        ] {
            knobs.set(knob, typed).unwrap_or_else(|problem| panic!("{problem}"));
            assert_eq!((knobs.get(knob), knobs.typed(knob).as_str()), (value, shown));
        }
        knobs.set(Knob::BodySize, " ").expect("unset");
        assert!(!knobs.is_set(Knob::BodySize) && knobs.shown(Knob::BodySize) == "1m");
        let back: Knobs = serde_json::from_str(&serde_json::to_string(&knobs).expect("text")).expect("read");
        assert_eq!(back, knobs);
        assert!(serde_json::from_str::<Knobs>("{\"gzip\":2}").is_err());
    }

    #[test]
    fn what_is_no_figure_is_refused_at_its_field() {
        for knob in Knob::ALL {
            for typed in [
                "-1",
                "+1",
                "1e3",
                "x",
                "1;",
                "on;",
                "$x",
                "٣",
                "99999999999999999999",
                "1 m m",
                "18446744073709551615g",
            ] {
                let problem = Knobs::default().set(*knob, typed).expect_err(typed);
                assert_eq!(problem.field.as_deref(), Some(knob.key()));
            }
        }
    }
}
