//! deSEC's interface, version 1: "Identifying the Responsible Domain for a DNS Name", "Retrieving a
//! Specific `RRset`", "Bulk Operations" (<https://desec.readthedocs.io/>). Sets of records are written as
//! wholes; an empty one is removed.

use serde_json::{Value, json};

use super::{
    DnsProviderKind,
    talk::{Call, Kept, Service, Txt, Verb, Zone, quoted, unquoted},
};
use crate::name::HostName;

/// The shortest that deSEC lets most domains have; each says its own.
const TTL_S: u64 = 3_600;

pub(super) struct Desec;

fn set(zone: &Zone, txt: &Txt, values: Vec<String>) -> Call {
    let records: Vec<String> = values.iter().map(|value| quoted(value)).collect();
    // The zone's own name is `@` in addresses only.
    let subname = Some(zone.short(&txt.name)).filter(|short| *short != "@").unwrap_or_default();
    let body = json!([{ "subname": subname, "type": "TXT", "ttl": zone.ttl_s, "records": records }]);
    Call { verb: Verb::Patch, path: format!("/domains/{}/rrsets/", zone.name), body: Some(body) }
}

impl Service for Desec {
    fn kind(&self) -> DnsProviderKind {
        DnsProviderKind::Desec
    }

    fn usual_api(&self) -> &'static str {
        "https://desec.io/api/v1"
    }

    fn sign_in(&self, token: &str) -> String {
        format!("Token {token}")
    }

    /// It finds the zone of a name by itself.
    fn candidates(&self, name: &str) -> Vec<String> {
        vec![name.to_owned()]
    }

    fn find_zone(&self, candidate: &str) -> Call {
        Call::get(format!("/domains/?owns_qname={candidate}"))
    }

    fn read_zone(&self, candidate: &str, answer: &Value) -> Option<Zone> {
        let zones = answer.as_array()?.iter().filter_map(|zone| {
            let name = zone["name"].as_str()?.parse::<HostName>().ok()?;
            super::lies_in(candidate, name.as_str()).then(|| Zone {
                id: String::new(),
                ttl_s: zone["minimum_ttl"].as_u64().unwrap_or(TTL_S),
                name: name.into(),
            })
        });
        zones.max_by_key(|zone| zone.name.len())
    }

    fn look(&self, zone: &Zone, name: &str) -> Call {
        Call::get(format!("/domains/{}/rrsets/{}/TXT/", zone.name, zone.short(name)))
    }

    fn read_kept(&self, answer: &Value) -> Vec<Kept> {
        let records = answer["records"].as_array().into_iter().flatten().filter_map(Value::as_str);
        records.map(|value| Kept { id: String::new(), value: unquoted(value) }).collect()
    }

    fn put(&self, zone: &Zone, txt: &Txt, kept: &[Kept]) -> Call {
        set(zone, txt, kept.iter().map(|one| one.value.clone()).chain([txt.value.clone()]).collect())
    }

    fn remove(&self, zone: &Zone, txt: &Txt, kept: &[Kept], gone: &Kept) -> Call {
        set(zone, txt, kept.iter().filter(|one| one.value != gone.value).map(|one| one.value.clone()).collect())
    }

    fn complaint(&self, answer: &Value) -> Option<String> {
        // An object of fields, or a list of such for several sets.
        let fields = answer.as_object().or_else(|| answer.as_array()?.iter().find_map(Value::as_object))?;
        let (field, what) = fields.iter().next()?;
        let what = what.as_str().or_else(|| what[0].as_str())?;
        let plain = ["detail", "non_field_errors"].contains(&field.as_str());
        Some(if plain { what.to_owned() } else { format!("{field}: {what}") })
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::dns_provider::{
        DnsProviderSettings, TxtChange,
        talk::transcript::{play, play_at, refused},
    };

    const SETTINGS: DnsProviderSettings = DnsProviderSettings::Desec { api: None };
    const ZONE: &str = r#"[{"name":"example.com","minimum_ttl":3600}]"#;
    const OTHER: &str = r#"{"subname":"_acme-challenge.shop","type":"TXT","ttl":3600,"records":["\"other\""]}"#;
    const BOTH: &str = r#"{"records":["\"other\"","\"v4lue\""]}"#;

    #[test]
    fn a_value_is_added_beside_others() {
        let (asked, ended) = play(&SETTINGS, TxtChange::Put, &[(200, ZONE), (200, OTHER), (200, "[]")]);
        assert_eq!(
            asked,
            [
                "GET https://desec.io/api/v1/domains/?owns_qname=_acme-challenge.shop.example.com",
                "GET https://desec.io/api/v1/domains/example.com/rrsets/_acme-challenge.shop/TXT/",
                r#"PATCH https://desec.io/api/v1/domains/example.com/rrsets/ [{"records":["\"other\"","\"v4lue\""],"subname":"_acme-challenge.shop","ttl":3600,"type":"TXT"}]"#,
            ]
        );
        assert_eq!(ended, Ok(()));
        let short = r#"[{"name":"com"},{"name":"example.com","minimum_ttl":60}]"#;
        let (asked, _) = play(&SETTINGS, TxtChange::Put, &[(200, short), (404, "{}"), (200, "[]")]);
        assert!(
            asked[2].ends_with(r#"[{"records":["\"v4lue\""],"subname":"_acme-challenge.shop","ttl":60,"type":"TXT"}]"#),
            "{asked:#?}"
        );
    }

    #[test]
    fn our_value_alone_is_removed_and_an_empty_set_with_it() {
        let (asked, ended) = play(&SETTINGS, TxtChange::Remove, &[(200, ZONE), (200, BOTH), (200, "[]")]);
        assert!(asked[2].contains(r#"{"records":["\"other\""],"#), "{asked:#?}");
        assert_eq!(ended, Ok(()));
        let alone = r#"{"records":["\"v4lue\""]}"#;
        let (asked, _) = play(&SETTINGS, TxtChange::Remove, &[(200, ZONE), (200, alone), (200, "[]")]);
        assert!(asked[2].contains(r#"{"records":[],"#), "{asked:#?}");
    }

    /// Where a CNAME record leads to a zone's own name, whose other values must not go.
    #[test]
    fn at_a_zones_own_name_others_stay() {
        let spf = r#"{"subname":"","type":"TXT","ttl":3600,"records":["\"v=spf1 -all\""]}"#;
        let (asked, ended) = play_at("example.com", &SETTINGS, TxtChange::Put, &[(200, ZONE), (200, spf), (200, "[]")]);
        assert_eq!(
            asked[1..],
            [
                "GET https://desec.io/api/v1/domains/example.com/rrsets/@/TXT/",
                r#"PATCH https://desec.io/api/v1/domains/example.com/rrsets/ [{"records":["\"v=spf1 -all\"","\"v4lue\""],"subname":"","ttl":3600,"type":"TXT"}]"#,
            ]
        );
        assert_eq!(ended, Ok(()));
    }

    #[test]
    fn what_goes_wrong_is_said() {
        let said = |answers: &[(u16, &str)]| refused(&SETTINGS, answers).title;
        assert_eq!(said(&[(401, r#"{"detail":"Invalid token."}"#)]), "deSEC does not take the token.");
        assert!(said(&[(200, "[]")]).starts_with("deSEC shows this token no zone"));
        assert!(said(&[(200, r#"[{"name":"evil.net/../x"},{"name":"other.com"}]"#)]).starts_with("deSEC shows"));
        assert_eq!(
            said(&[
                (200, ZONE),
                (404, "{}"),
                (400, r#"[{"ttl":["Ensure this value is greater than or equal to 3600."]}]"#)
            ]),
            "deSEC refuses: ttl: Ensure this value is greater than or equal to 3600."
        );
        assert_eq!(
            said(&[(429, r#"{"detail":"Request was throttled."}"#)]),
            "deSEC asks for a pause: too many requests."
        );
    }
}
