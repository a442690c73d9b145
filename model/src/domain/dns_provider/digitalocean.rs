//! DigitalOcean's interface, version 2: "Retrieve an Existing Domain", "List All Domain Records", "Create
//! a New Domain Record", "Delete a Domain Record" (<https://docs.digitalocean.com/reference/api/>).

use serde_json::{Value, json};

use super::{
    DnsProviderKind,
    talk::{Call, Kept, Service, Txt, Verb, Zone, id, unquoted},
};

/// The shortest that it takes.
const TTL_S: u64 = 30;

pub(super) struct Digitalocean;

impl Service for Digitalocean {
    fn kind(&self) -> DnsProviderKind {
        DnsProviderKind::Digitalocean
    }

    fn usual_api(&self) -> &'static str {
        "https://api.digitalocean.com/v2"
    }

    fn find_zone(&self, candidate: &str) -> Call {
        Call::get(format!("/domains/{candidate}"))
    }

    fn read_zone(&self, candidate: &str, answer: &Value) -> Option<Zone> {
        let same = answer["domain"]["name"].as_str() == Some(candidate);
        same.then(|| Zone { id: candidate.to_owned(), name: candidate.to_owned(), ttl_s: TTL_S })
    }

    fn look(&self, zone: &Zone, name: &str) -> Call {
        Call::get(format!("/domains/{}/records?type=TXT&name={name}&per_page=200", zone.id))
    }

    fn read_kept(&self, answer: &Value) -> Vec<Kept> {
        let records = answer["domain_records"].as_array().into_iter().flatten();
        records
            .filter_map(|record| Some(Kept { id: id(&record["id"])?, value: unquoted(record["data"].as_str()?) }))
            .collect()
    }

    fn put(&self, zone: &Zone, txt: &Txt, _kept: &[Kept]) -> Call {
        let body = json!({ "type": "TXT", "name": zone.short(&txt.name), "data": txt.value, "ttl": zone.ttl_s });
        Call { verb: Verb::Post, path: format!("/domains/{}/records", zone.id), body: Some(body) }
    }

    fn remove(&self, zone: &Zone, _txt: &Txt, _kept: &[Kept], gone: &Kept) -> Call {
        Call { verb: Verb::Delete, path: format!("/domains/{}/records/{}", zone.id, gone.id), body: None }
    }

    fn complaint(&self, answer: &Value) -> Option<String> {
        answer["message"].as_str().map(str::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::dns_provider::{
        DnsProviderSettings, TxtChange,
        talk::transcript::{play, play_at, refused},
    };

    const SETTINGS: DnsProviderSettings = DnsProviderSettings::Digitalocean { api: None };
    const NO_ZONE: (u16, &str) =
        (404, r#"{"id":"not_found","message":"The resource you requested could not be found."}"#);
    const ZONE: (u16, &str) = (200, r#"{"domain":{"name":"example.com","ttl":1800}}"#);
    const NONE: (u16, &str) = (200, r#"{"domain_records":[]}"#);
    const BOTH: (u16, &str) = (
        200,
        r#"{"domain_records":[{"id":1,"data":"other"},{"id":28448433,"data":"v4lue","name":"_acme-challenge.shop"}]}"#,
    );

    #[test]
    fn a_value_is_added_in_the_nearest_zone() {
        let (asked, ended) = play(&SETTINGS, TxtChange::Put, &[NO_ZONE, ZONE, NONE, (201, "{}")]);
        assert_eq!(
            asked,
            [
                "GET https://api.digitalocean.com/v2/domains/shop.example.com",
                "GET https://api.digitalocean.com/v2/domains/example.com",
                "GET https://api.digitalocean.com/v2/domains/example.com/records?type=TXT&name=_acme-challenge.shop.example.com&per_page=200",
                r#"POST https://api.digitalocean.com/v2/domains/example.com/records {"data":"v4lue","name":"_acme-challenge.shop","ttl":30,"type":"TXT"}"#,
            ]
        );
        assert_eq!(ended, Ok(()));
    }

    #[test]
    fn our_value_alone_is_removed() {
        let (asked, ended) = play(&SETTINGS, TxtChange::Remove, &[NO_ZONE, ZONE, BOTH, (204, "")]);
        assert_eq!(asked[3], "DELETE https://api.digitalocean.com/v2/domains/example.com/records/28448433");
        assert_eq!(ended, Ok(()));
        let (asked, ended) = play(&SETTINGS, TxtChange::Remove, &[NO_ZONE, ZONE, NONE]);
        assert_eq!((asked.len(), ended), (3, Ok(())), "it is gone already");
    }

    #[test]
    fn at_a_zones_own_name_it_is_an_at_sign() {
        let (asked, ended) = play_at("example.com", &SETTINGS, TxtChange::Put, &[ZONE, NONE, (201, "{}")]);
        assert_eq!(asked[0], "GET https://api.digitalocean.com/v2/domains/example.com");
        assert!(asked[2].ends_with(r#"records {"data":"v4lue","name":"@","ttl":30,"type":"TXT"}"#), "{asked:#?}");
        assert_eq!(ended, Ok(()));
    }

    #[test]
    fn what_goes_wrong_is_said() {
        let token = (401, r#"{"id":"Unauthorized","message":"Unable to authenticate you"}"#);
        assert_eq!(refused(&SETTINGS, &[token]).title, "DigitalOcean does not take the token.");
        let odd = (422, r#"{"id":"unprocessable_entity","message":"Data can't be blank"}"#);
        assert_eq!(refused(&SETTINGS, &[NO_ZONE, ZONE, NONE, odd]).title, "DigitalOcean refuses: Data can't be blank");
        assert_eq!(refused(&SETTINGS, &[NO_ZONE, NO_ZONE]).field.as_deref(), Some("zone"));
    }
}
