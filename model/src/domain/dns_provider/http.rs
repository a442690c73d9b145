//! Something of the owner's that publishes records: one POST of JSON with a bearer token.
//!
//! ```json
//! {"action": "present", "fqdn": "_acme-challenge.shop.example.com.", "value": "…"}
//! ```
//!
//! `action` is `present` or `cleanup`, and concerns this value alone: others of the same name stay. Any
//! status from 200 to 299 says that it is done.

use serde_json::json;

use super::talk::{ApiRequest, Txt, TxtChange, Verb};
use crate::{secret::Secret, webhook::ApiUrl};

pub(super) fn request(url: &ApiUrl, token: &Secret<String>, txt: &Txt, change: TxtChange) -> ApiRequest {
    let action = match change {
        TxtChange::Put => "present",
        TxtChange::Remove => "cleanup",
    };
    let body = json!({ "action": action, "fqdn": format!("{}.", txt.name), "value": txt.value });
    ApiRequest {
        verb: Verb::Post,
        url: url.to_string(),
        headers: vec![("authorization", format!("Bearer {}", token.expose()))],
        body: Some(body.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::dns_provider::{
        DnsProviderSettings, TxtChange,
        talk::transcript::{play, refused},
    };

    fn settings() -> DnsProviderSettings {
        DnsProviderSettings::Http { url: "https://dns.example.net/hook".parse().expect("an address") }
    }

    #[test]
    fn one_post_says_it_all() {
        let (asked, ended) = play(&settings(), TxtChange::Put, &[(204, "")]);
        assert_eq!(
            asked,
            [
                r#"POST https://dns.example.net/hook {"action":"present","fqdn":"_acme-challenge.shop.example.com.","value":"v4lue"}"#
            ]
        );
        assert_eq!(ended, Ok(()));
        let (asked, _) = play(&settings(), TxtChange::Remove, &[(200, "ok")]);
        assert!(asked[0].contains(r#""action":"cleanup""#), "{asked:?}");
    }

    #[test]
    fn what_goes_wrong_is_said() {
        assert_eq!(refused(&settings(), &[(403, "")]).title, "The address does not take the token.");
        assert_eq!(refused(&settings(), &[(404, "")]).title, "The address refuses (status 404).");
        assert_eq!(refused(&settings(), &[(500, "")]).title, "The address is in trouble (status 500).");
    }
}
