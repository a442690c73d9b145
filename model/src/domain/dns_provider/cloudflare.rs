//! Cloudflare's interface, version 4: "List Zones", "List DNS Records", "Create DNS Record", "Delete DNS
//! Record" (<https://developers.cloudflare.com/api/>).

use serde_json::{Value, json};

use super::{
    DnsProviderKind,
    talk::{Call, Kept, Service, Txt, Verb, Zone, id, quoted, unquoted},
};

/// The shortest for zones that are no enterprise's.
const TTL_S: u64 = 60;
/// Errors about the token: malformed headers, a malformed token, an unknown one, one that may not.
const TOKEN_ERRORS: [i64; 5] = [6003, 6111, 9109, 10000, 10001];
/// "An identical record already exists."
const THERE_ALREADY: [i64; 2] = [81057, 81058];

pub(super) struct Cloudflare;

fn codes(answer: &Value) -> impl Iterator<Item = i64> {
    answer["errors"].as_array().into_iter().flatten().filter_map(|error| error["code"].as_i64())
}

impl Service for Cloudflare {
    fn kind(&self) -> DnsProviderKind {
        DnsProviderKind::Cloudflare
    }

    fn usual_api(&self) -> &'static str {
        "https://api.cloudflare.com/client/v4"
    }

    fn find_zone(&self, candidate: &str) -> Call {
        Call::get(format!("/zones?name={candidate}"))
    }

    fn read_zone(&self, candidate: &str, answer: &Value) -> Option<Zone> {
        let zones = answer["result"].as_array()?;
        let zone = zones.iter().find(|zone| zone["name"].as_str() == Some(candidate))?;
        Some(Zone { id: id(&zone["id"])?, name: candidate.to_owned(), ttl_s: TTL_S })
    }

    fn look(&self, zone: &Zone, name: &str) -> Call {
        Call::get(format!("/zones/{}/dns_records?type=TXT&name={name}&per_page=100", zone.id))
    }

    fn read_kept(&self, answer: &Value) -> Vec<Kept> {
        let records = answer["result"].as_array().into_iter().flatten();
        records
            .filter_map(|record| Some(Kept { id: id(&record["id"])?, value: unquoted(record["content"].as_str()?) }))
            .collect()
    }

    fn put(&self, zone: &Zone, txt: &Txt, _kept: &[Kept]) -> Call {
        let body = json!({ "type": "TXT", "name": txt.name, "content": quoted(&txt.value), "ttl": zone.ttl_s });
        Call { verb: Verb::Post, path: format!("/zones/{}/dns_records", zone.id), body: Some(body) }
    }

    fn remove(&self, zone: &Zone, _txt: &Txt, _kept: &[Kept], gone: &Kept) -> Call {
        Call { verb: Verb::Delete, path: format!("/zones/{}/dns_records/{}", zone.id, gone.id), body: None }
    }

    fn complaint(&self, answer: &Value) -> Option<String> {
        answer["errors"][0]["message"].as_str().map(str::to_owned)
    }

    fn hidden_complaint(&self, answer: &Value) -> Option<String> {
        (answer["success"] == json!(false)).then(|| self.complaint(answer).unwrap_or_default())
    }

    fn is_about_token(&self, answer: &Value) -> bool {
        codes(answer).any(|code| TOKEN_ERRORS.contains(&code))
    }

    fn is_there_already(&self, answer: &Value) -> bool {
        codes(answer).any(|code| THERE_ALREADY.contains(&code))
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::dns_provider::{
        DnsProviderSettings, TxtChange,
        talk::transcript::{play, play_at, refused},
    };

    const SETTINGS: DnsProviderSettings = DnsProviderSettings::Cloudflare { api: None };
    const NONE: &str = r#"{"success":true,"result":[]}"#;
    const ZONE: &str = r#"{"success":true,"result":[{"id":"023e105f4ecef8ad","name":"example.com"}]}"#;
    const TWO: &str =
        r#"{"success":true,"result":[{"id":"aa1","content":"other"},{"id":"bb2","content":"\"v4lue\""}]}"#;

    #[test]
    fn a_value_is_added_in_the_nearest_zone() {
        let (asked, ended) = play(&SETTINGS, TxtChange::Put, &[(200, NONE), (200, ZONE), (200, NONE), (200, NONE)]);
        assert_eq!(
            asked,
            [
                "GET https://api.cloudflare.com/client/v4/zones?name=shop.example.com",
                "GET https://api.cloudflare.com/client/v4/zones?name=example.com",
                "GET https://api.cloudflare.com/client/v4/zones/023e105f4ecef8ad/dns_records?type=TXT&name=_acme-challenge.shop.example.com&per_page=100",
                r#"POST https://api.cloudflare.com/client/v4/zones/023e105f4ecef8ad/dns_records {"content":"\"v4lue\"","name":"_acme-challenge.shop.example.com","ttl":60,"type":"TXT"}"#,
            ]
        );
        assert_eq!(ended, Ok(()));
        let (asked, ended) = play(&SETTINGS, TxtChange::Put, &[(200, NONE), (200, ZONE), (200, TWO)]);
        assert_eq!((asked.len(), ended), (3, Ok(())), "it is there already");
        let raced = r#"{"success":false,"errors":[{"code":81058,"message":"An identical record already exists."}]}"#;
        let (_, ended) = play(&SETTINGS, TxtChange::Put, &[(200, NONE), (200, ZONE), (200, NONE), (400, raced)]);
        assert_eq!(ended, Ok(()));
    }

    #[test]
    fn our_value_alone_is_removed() {
        let (asked, ended) =
            play(&SETTINGS, TxtChange::Remove, &[(200, NONE), (200, ZONE), (200, TWO), (200, r#"{"result":{}}"#)]);
        assert_eq!(
            asked.last().map(String::as_str),
            Some("DELETE https://api.cloudflare.com/client/v4/zones/023e105f4ecef8ad/dns_records/bb2")
        );
        assert_eq!(ended, Ok(()));
        let (asked, ended) = play(&SETTINGS, TxtChange::Remove, &[(200, NONE), (200, ZONE), (200, NONE)]);
        assert_eq!((asked.len(), ended), (3, Ok(())), "it is gone already");
    }

    #[test]
    fn a_zones_own_name_is_written_out() {
        let (asked, ended) =
            play_at("example.com", &SETTINGS, TxtChange::Put, &[(200, ZONE), (200, NONE), (200, NONE)]);
        assert_eq!(asked[0], "GET https://api.cloudflare.com/client/v4/zones?name=example.com");
        assert!(asked[2].contains(r#""name":"example.com""#), "{asked:#?}");
        assert_eq!(ended, Ok(()));
    }

    #[test]
    fn what_goes_wrong_is_said() {
        let headers = r#"{"success":false,"errors":[{"code":6003,"message":"Invalid request headers"}]}"#;
        for answer in
            [(400, headers), (403, r#"{"success":false,"errors":[{"code":9109,"message":"Invalid access token"}]}"#)]
        {
            let problem = refused(&SETTINGS, &[answer]);
            assert_eq!(problem.title, "Cloudflare does not take the token.");
        }
        let none = refused(&SETTINGS, &[(200, NONE), (200, NONE)]);
        assert_eq!(none.field.as_deref(), Some("zone"));
        let full = r#"{"success":false,"errors":[{"code":81045,"message":"The record quota has been exceeded."}]}"#;
        let problem = refused(&SETTINGS, &[(200, NONE), (200, ZONE), (200, NONE), (400, full)]);
        assert_eq!(problem.title, "Cloudflare refuses: The record quota has been exceeded.");
        let odd = r#"{"success":true,"result":[{"id":"../../x","name":"example.com"}]}"#;
        assert_eq!(refused(&SETTINGS, &[(200, NONE), (200, odd)]).field.as_deref(), Some("zone"));
    }
}
