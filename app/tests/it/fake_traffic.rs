//! Traffic of a made-up app: a busy day with a gap, some failures, and visitors who write what they like.

use async_trait::async_trait;
use homeport_app::backend::{Answer, Traffic};
use homeport_model::{
    name::AppName,
    prelude::Actor,
    traffic::{Bucket, Entry, Hole, Known, Request, TrafficForm, TrafficPage, shown},
};

use super::{Fake, HOUR, MINUTE, NOW, ago};

fn bucket(minute: i64) -> Bucket {
    let mut bucket = Bucket::default();
    for number in 0..(minute % 17) + 1 {
        let status = match number {
            7 => 404,
            11 if minute % 5 == 0 => 502,
            13 => 499,
            _ => 200,
        };
        let took_us = 4_000 + 1_000 * (number.unsigned_abs() * 7 % 60);
        bucket.add(&Request { at: NOW, status, bytes: 18_000, took_us, ..Request::default() });
    }
    bucket
}

fn entry(status: u16, path: &str, took_us: u64, minutes: i64) -> Entry {
    Entry {
        at: ago(minutes * MINUTE),
        status,
        method: "GET".into(),
        host: "shop.example.com".into(),
        path: path.into(),
        took_us,
        bytes: 18_211,
        address: "203.0.113.7".into(),
    }
}

#[async_trait]
impl Traffic for Fake {
    async fn page(&self, _: &Actor, app: &AppName, form: &TrafficForm) -> Answer<TrafficPage> {
        let query = form.parse()?;
        if app.as_str() != "shop" {
            return Ok(shown(query, NOW, Known::default(), Vec::new()));
        }
        let minutes = (0..20 * 60).filter(|minute| !(300..420).contains(minute));
        let known = Known {
            since: Some(ago(20 * HOUR)),
            last_at: Some(ago(MINUTE)),
            holes: vec![Hole { from: ago(7 * HOUR), until: ago(5 * HOUR), bytes: 3 << 30 }],
            buckets: minutes.map(|minute| (ago(minute * MINUTE), bucket(minute))).collect(),
        };
        let mut page = shown(query, NOW, known, vec![(ago(3 * HOUR), 41)]);
        let entries = [
            entry(200, "/bricks/3001", 11_000, 1),
            entry(404, "/<script>alert(1)</script>", 0, 2),
            entry(502, "/orders", 2_000_000, 4),
            entry(499, "/slow", 9_000_000, 5),
        ];
        page.entries.looked_through = 4;
        page.entries.newest = entries.into_iter().filter(|entry| query.which.shows(entry.status)).collect();
        Ok(page)
    }
}
