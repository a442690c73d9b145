use proptest::prelude::*;

use super::*;
use crate::{
    build::{headers_file, redirects_file},
    domain::vhost::{
        parse::{Directive, find_all, parse},
        tests::FORBIDDEN,
    },
};

fn rules(redirects: &str, headers: &str) -> SiteRules {
    SiteRules {
        spa: false,
        redirects: redirects_file::parse(redirects).unwrap_or_else(|mistake| panic!("{mistake}")).value,
        headers: headers_file::parse(headers).unwrap_or_else(|mistake| panic!("{mistake}")).value,
    }
}

fn text_of(rules: &SiteRules) -> String {
    let app = AppId::new(1, 1);
    let site = Site::new(&app, rules);
    let mut w = Writer::new();
    site.maps(&mut w);
    w.block("server", &[], |w| site.server(w, "/srv/sites/a/current", &|_| {}));
    w.finish()
}

/// The entries of the map that gives `name`.
fn map(read: &[Directive], name: &str) -> Vec<(String, String)> {
    let name = format!("$homeport_{name}_{}", AppId::new(1, 1));
    let map = read.iter().find(|d| d.name == "map" && d.args[1] == name).unwrap_or_else(|| panic!("no map {name}"));
    map.block.iter().map(|d| (d.name.clone(), d.args.join(" "))).collect()
}

#[test]
fn rules_become_maps() {
    let text = text_of(&rules("/old.html /new 302\n/blog/:year/* /news/:year/:splat\n/app/* /index.html 200!", ""));
    let read = parse(&text).expect("parses");
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(
        map(&read, "rule")[1..],
        [
            pair("~(?s)^/old\\.html/?\\z", "1"),
            pair("~(?s)^/blog/[^/]+(?:/.*)?\\z", "2"),
            pair("~(?s)^/app(?:/.*)?\\z", "3"),
        ]
    );
    assert_eq!(map(&read, "first")[1..], [pair("3", "@homeport_200")]);
    assert_eq!(map(&read, "to")[1..], [pair("1", "/new$is_args$args")]);
    let moved = "~^2 /++[^/]++/++(?<homeport_p1>[^/\\\\]++)(?:/++(?<homeport_splat>[^\\\\]*+))?/*\\z";
    assert_eq!(map(&read, "moved")[1..], [pair(moved, "/news/${homeport_p1}/${homeport_splat}$is_args$args")]);
    assert_eq!(map(&read, "file")[1..], [pair("~(?s)^3 /app(?:/(?<homeport_splat>.*))?\\z", "/index.html")]);
    let locations: Vec<String> = find_all(&read, "location").iter().map(|d| d.args.join(" ")).collect();
    assert_eq!(
        locations,
        [
            "/",
            "@homeport_files",
            "@homeport_200",
            "@homeport_301",
            "@homeport_302",
            "@homeport_missing",
            "= /404.html",
            "~ /\\.(?!well-known/)"
        ]
    );
}

#[test]
fn the_number_of_locations_does_not_grow_with_the_rules() {
    let many: String = (0..2_000).map(|n| format!("/a{n} /b{n}\n")).collect();
    let read = parse(&text_of(&rules(&many, ""))).expect("parses");
    assert_eq!(find_all(&read, "location").len(), 5);
}

#[test]
fn dollars_and_quotes_of_the_repository_are_text() {
    let redirects = "/$uri /$host\"{};$args#$x\n/a.+(b) /$host/x 200\n/$x/* /b$c/:splat 302";
    let headers = "/$uri*\n  X-A: $request_id \"{}; #\n  X-B: ${uri}";
    let read = parse(&text_of(&rules(redirects, headers))).expect("parses");
    assert_eq!(map(&read, "to")[1].1, "/%24host%22%7B%7D;%24args$is_args$args#%24x");
    assert_eq!(map(&read, "file")[1].1, "/${homeport_dollar}host/x");
    assert_eq!(map(&read, "rule")[2].0, "~(?s)^/a\\.\\+\\(b\\)/?\\z");
    assert_eq!(map(&read, "moved")[1].1, "/b%24c/${homeport_splat}$is_args$args");
    assert_eq!(map(&read, "header0")[1].1, "${homeport_dollar}request_id \"{}; #");
    assert_eq!(map(&read, "header1")[1].1, "${homeport_dollar}{uri}");
    assert_eq!(map(&read, "header0")[1].0, "~(?s)^/\\$uri.*/?\\z");
}

#[test]
fn a_query_of_the_rule_wins_over_the_requests() {
    let read = parse(&text_of(&rules("/a /b?x=1\n/c /d#e\n/f https://h.example", ""))).expect("parses");
    let to: Vec<String> = map(&read, "to")[1..].iter().map(|(_, to)| to.clone()).collect();
    assert_eq!(to, ["/b?x=1", "/d$is_args$args#e", "https://h.example$is_args$args"]);
}

#[test]
fn caching_is_the_rules_where_they_speak_of_it() {
    let read = parse(&text_of(&rules("", "/assets/*\n  Cache-Control: max-age=31536000"))).expect("parses");
    assert_eq!(map(&read, "caching")[0].1, CACHING);
    assert_eq!(map(&read, "caching")[1].1, "");
    assert_eq!(map(&read, "header0")[1].1, "max-age=31536000");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn what_is_rendered_parses_back(
        froms in prop::collection::vec("(/([ -~é]{1,8}|:[a-z]{1,3})){1,3}(/\\*)?", 1..6),
        tos in prop::collection::vec("(https://[a-z.]{1,6})?(/([!-~é]{0,8}|:[a-z]{1,3})){1,3}(/:splat)?", 6),
        status in prop::sample::select(vec!["", " 200", " 301!", " 302", " 308", " 200!"]),
        paths in prop::collection::vec("/[!-~]{0,9}", 1..4),
        value in "[ -~]{1,30}",
    ) {
        // Lines that the parser refuses are not what this is about.
        let lines: Vec<String> = froms.iter().zip(&tos).map(|(from, to)| format!("{from} {to}{status}")).collect();
        let redirects: Vec<Redirect> =
            lines.iter().filter_map(|line| redirects_file::parse(line).ok()).flat_map(|read| read.value).collect();
        let headers: Vec<SiteHeader> = paths.iter()
            .filter_map(|path| headers_file::parse(&format!("{path}\n  X-A: {value}")).ok())
            .flat_map(|read| read.value)
            .collect();
        let rules = SiteRules { spa: true, redirects, headers };
        let read = parse(&text_of(&rules)).expect("parses");
        if !rules.redirects.is_empty() {
            prop_assert_eq!(map(&read, "rule").len(), rules.redirects.len() + 1);
            let known = map(&read, "to").len() + map(&read, "moved").len() + map(&read, "file").len();
            prop_assert_eq!(known, rules.redirects.len() + 3);
        }
        for (number, header) in rules.headers.iter().enumerate() {
            let said = map(&read, &format!("header{number}"))[1].1.replace("${homeport_dollar}", "$");
            prop_assert_eq!(&said, header.value.as_str());
        }
        for directive in find_all(&read, "map") {
            for entry in &directive.block {
                prop_assert_eq!(entry.args.len(), 1);
                let mut value = entry.args[0].clone();
                for ours in ["$is_args$args", "${homeport_dollar}", "${homeport_splat}", "$homeport_all", "$homeport_moved_", "$uri"] {
                    value = value.replace(ours, "");
                }
                for at in 0..8 {
                    value = value.replace(&format!("${{homeport_p{at}}}"), "");
                }
                prop_assert!(!value.contains('$'), "{}", value);
            }
        }
        for name in FORBIDDEN.iter().chain(&["include"]) {
            prop_assert!(find_all(&read, name).is_empty(), "{}", name);
        }
    }
}
