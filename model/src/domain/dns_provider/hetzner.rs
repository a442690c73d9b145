//! Hetzner's Cloud interface: "Get a Zone", "Get an `RRSet`", "Add Records to an `RRSet`", "Remove Records
//! from an `RRSet`" (<https://docs.hetzner.cloud/reference/cloud#zones>), which took the place of the one
//! at dns.hetzner.com.

use serde_json::{Value, json};

use super::{
    DnsProviderKind,
    talk::{Call, Kept, Service, Txt, Verb, Zone, id, quoted, unquoted},
};

const TTL_S: u64 = 60;

pub(super) struct Hetzner;

fn set(zone: &Zone, name: &str) -> String {
    format!("/zones/{}/rrsets/{}/TXT", zone.id, zone.short(name))
}

impl Service for Hetzner {
    fn kind(&self) -> DnsProviderKind {
        DnsProviderKind::Hetzner
    }

    fn usual_api(&self) -> &'static str {
        "https://api.hetzner.cloud/v1"
    }

    fn find_zone(&self, candidate: &str) -> Call {
        Call::get(format!("/zones/{candidate}"))
    }

    fn read_zone(&self, candidate: &str, answer: &Value) -> Option<Zone> {
        Some(Zone { id: id(&answer["zone"]["id"])?, name: candidate.to_owned(), ttl_s: TTL_S })
    }

    fn look(&self, zone: &Zone, name: &str) -> Call {
        Call::get(set(zone, name))
    }

    fn read_kept(&self, answer: &Value) -> Vec<Kept> {
        let records = answer["rrset"]["records"].as_array().into_iter().flatten();
        records
            .filter_map(|record| record["value"].as_str())
            .map(|value| Kept { id: String::new(), value: unquoted(value) })
            .collect()
    }

    fn put(&self, zone: &Zone, txt: &Txt, kept: &[Kept]) -> Call {
        let mut body = json!({ "records": [{ "value": quoted(&txt.value) }] });
        // A set that is there has its own.
        if kept.is_empty() {
            body["ttl"] = json!(zone.ttl_s);
        }
        Call { verb: Verb::Post, path: format!("{}/actions/add_records", set(zone, &txt.name)), body: Some(body) }
    }

    fn remove(&self, zone: &Zone, txt: &Txt, _kept: &[Kept], gone: &Kept) -> Call {
        let body = json!({ "records": [{ "value": quoted(&gone.value) }] });
        Call { verb: Verb::Post, path: format!("{}/actions/remove_records", set(zone, &txt.name)), body: Some(body) }
    }

    fn complaint(&self, answer: &Value) -> Option<String> {
        answer["error"]["message"].as_str().map(str::to_owned)
    }

    fn hidden_complaint(&self, answer: &Value) -> Option<String> {
        let action = &answer["action"];
        let failed = action["status"].as_str() == Some("error");
        failed.then(|| action["error"]["message"].as_str().unwrap_or("the action failed").to_owned())
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::dns_provider::{
        DnsProviderSettings, TxtChange,
        talk::transcript::{play, play_at, refused},
    };

    const SETTINGS: DnsProviderSettings = DnsProviderSettings::Hetzner { api: None };
    const NO_ZONE: (u16, &str) = (404, r#"{"error":{"code":"not_found","message":"zone not found"}}"#);
    const ZONE: (u16, &str) = (200, r#"{"zone":{"id":42,"name":"example.com"}}"#);
    const BOTH: (u16, &str) = (200, r#"{"rrset":{"records":[{"value":"\"other\""},{"value":"\"v4lue\""}]}}"#);
    const OTHER: (u16, &str) = (200, r#"{"rrset":{"records":[{"value":"\"other\""}]}}"#);
    const RUNNING: (u16, &str) = (201, r#"{"action":{"id":1,"status":"running","error":null}}"#);

    #[test]
    fn a_value_is_added_beside_others() {
        let (asked, ended) = play(&SETTINGS, TxtChange::Put, &[NO_ZONE, ZONE, NO_ZONE, RUNNING]);
        assert_eq!(
            asked,
            [
                "GET https://api.hetzner.cloud/v1/zones/shop.example.com",
                "GET https://api.hetzner.cloud/v1/zones/example.com",
                "GET https://api.hetzner.cloud/v1/zones/42/rrsets/_acme-challenge.shop/TXT",
                r#"POST https://api.hetzner.cloud/v1/zones/42/rrsets/_acme-challenge.shop/TXT/actions/add_records {"records":[{"value":"\"v4lue\""}],"ttl":60}"#,
            ]
        );
        assert_eq!(ended, Ok(()));
        let (asked, _) = play(&SETTINGS, TxtChange::Put, &[NO_ZONE, ZONE, OTHER, RUNNING]);
        assert!(asked[3].ends_with(r#"add_records {"records":[{"value":"\"v4lue\""}]}"#), "{asked:#?}");
        let (asked, ended) = play(&SETTINGS, TxtChange::Put, &[NO_ZONE, ZONE, BOTH]);
        assert_eq!((asked.len(), ended), (3, Ok(())), "it is there already");
    }

    #[test]
    fn our_value_alone_is_removed() {
        let (asked, ended) = play(&SETTINGS, TxtChange::Remove, &[NO_ZONE, ZONE, BOTH, RUNNING]);
        assert_eq!(
            asked[3],
            r#"POST https://api.hetzner.cloud/v1/zones/42/rrsets/_acme-challenge.shop/TXT/actions/remove_records {"records":[{"value":"\"v4lue\""}]}"#
        );
        assert_eq!(ended, Ok(()));
        let (_, ended) = play(&SETTINGS, TxtChange::Remove, &[NO_ZONE, ZONE, BOTH, NO_ZONE]);
        assert_eq!(ended, Ok(()), "somebody else was faster");
    }

    #[test]
    fn at_a_zones_own_name_it_is_an_at_sign() {
        let (asked, ended) = play_at("example.com", &SETTINGS, TxtChange::Put, &[ZONE, OTHER, RUNNING]);
        assert_eq!(
            asked,
            [
                "GET https://api.hetzner.cloud/v1/zones/example.com",
                "GET https://api.hetzner.cloud/v1/zones/42/rrsets/@/TXT",
                r#"POST https://api.hetzner.cloud/v1/zones/42/rrsets/@/TXT/actions/add_records {"records":[{"value":"\"v4lue\""}]}"#,
            ]
        );
        assert_eq!(ended, Ok(()));
    }

    #[test]
    fn what_goes_wrong_is_said() {
        let token = (401, r#"{"error":{"code":"unauthorized","message":"the token you provided is invalid"}}"#);
        assert_eq!(refused(&SETTINGS, &[token]).title, "Hetzner does not take the token.");
        let failed = (201, r#"{"action":{"status":"error","error":{"message":"Action failed"}}}"#);
        assert_eq!(refused(&SETTINGS, &[NO_ZONE, ZONE, NO_ZONE, failed]).title, "Hetzner refuses: Action failed");
        let locked = (423, r#"{"error":{"code":"locked","message":"zone is locked"}}"#);
        assert_eq!(refused(&SETTINGS, &[NO_ZONE, ZONE, NO_ZONE, locked]).title, "Hetzner refuses: zone is locked");
    }
}
