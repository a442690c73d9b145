//! A location with a header of its own has none of its server's, so each says again what all must say.

use std::net::Ipv4Addr;

use super::{
    super::{parse::Directive, *},
    host, pair, shop,
};
use crate::deploy::SiteRules;

const NAME: &str = "Strict-Transport-Security";

fn headers(of: &[Directive]) -> Vec<&str> {
    of.iter().filter(|line| line.name == "add_header").map(|line| line.args[0].as_str()).collect()
}

/// Every way a vhost can answer with, the panel's among them.
fn generations() -> Vec<Generation> {
    let address = Ipv4Addr::new(10, 98, 0, 3).try_into().expect("virtual");
    let behind = Target::Proxied(Upstream::Virtual { address, count: 1 });
    let targets = [behind.clone(), Target::Site(SiteRules::default()), Target::Down(Down::Stopped)];
    let part = |app: u32| VhostPrefix {
        path: format!("/part{app}").parse().expect("a path"),
        app: AppId::new(1, app),
        strip: true,
    };
    let with = |target: Target, maintenance: bool| {
        let mut app = shop(target);
        app.names[0].tls = Some(pair("a"));
        app.names[0].leads = VhostLeads::App(vec![part(2), part(3), part(9)]);
        app.maintenance = maintenance.then_some(None);
        let api = AppVhost::new(AppId::new(1, 2), "api".parse().expect("a name"), Vec::new(), behind.clone());
        let site = Target::Site(SiteRules::default());
        let docs = AppVhost::new(AppId::new(1, 3), "docs".parse().expect("a name"), Vec::new(), site);
        let name = VhostName { name: "panel.example.com".parse().expect("a name"), tls: Some(pair("p")) };
        let names = vec![PanelName::Name(name), PanelName::Localhost];
        let panel =
            Panel { names, by_tunnel: Vec::new(), upstream: PanelUpstream::Port(7_380.try_into().expect("a port")) };
        Generation { number: 7, host: host(), panel: Some(panel), apps: vec![app, api, docs] }
    };
    targets.into_iter().flat_map(|target| [with(target.clone(), false), with(target, true)]).collect()
}

#[test]
fn every_answer_by_https_says_it_and_none_by_http() {
    let mut pages = 0;
    for generation in generations() {
        for file in generation.render() {
            for server in parse::find_all(&parse::parse(&file.text).expect("parses"), "server") {
                let secure = server.block.iter().any(|line| line.name == "ssl_certificate");
                let of_server = headers(&server.block);
                assert_eq!(of_server.contains(&NAME), secure, "{}", file.text);
                for location in server.all("location") {
                    let own = headers(&location.block);
                    let expected = if own.is_empty() || !secure { 0 } else { 1 };
                    pages += expected;
                    assert_eq!(own.iter().filter(|name| **name == NAME).count(), expected, "{:?}", location.args);
                }
            }
        }
    }
    assert!(pages > 20, "{pages}");
}
