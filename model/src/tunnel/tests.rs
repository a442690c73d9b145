use std::net::IpAddr;

use proptest::prelude::*;

use super::*;
use crate::{
    deploy::container::{Allowed, Namespace},
    domain::dns::{CaaAnswer, Cdn, DnsAnswer, DnsAnswers, DnsVerdict},
    problem::Code,
    text::base64,
};

const ID: &str = "6ff42ae2-765d-4adf-8112-31c55c1551ef";
const TAG: &str = "699d98642c564d2e855e9661899b7252";

fn made(a: &str, t: &str, secret: &[u8]) -> String {
    base64(format!(r#"{{"a":"{a}","t":"{t}","s":"{}"}}"#, base64(secret, false)).as_bytes(), false)
}

fn good() -> String {
    made(TAG, ID, &[7; 32])
}

fn token() -> TunnelToken {
    TunnelToken::parse(&good()).expect("a token")
}

#[test]
fn a_token_is_read_alone_and_out_of_cloudflares_commands() {
    let good = good();
    let unpadded = good.trim_end_matches('=');
    for typed in [
        good.clone(),
        unpadded.to_owned(),
        format!("  {good}\n"),
        format!("\"{good}\""),
        format!("cloudflared service install {good}"),
        format!("sudo cloudflared service install '{good}'"),
        format!("cloudflared.exe service install {good}"),
        format!("docker run cloudflare/cloudflared:latest tunnel --no-autoupdate run --token {good}"),
        format!("cloudflared tunnel run --token={good}"),
        format!("docker run -e TUNNEL_TOKEN={good} cloudflare/cloudflared tunnel run"),
    ] {
        let read = TunnelToken::parse(&typed).unwrap_or_else(|problem| panic!("{typed}: {problem}"));
        assert_eq!(read.id().as_str(), ID);
        assert_eq!(*read.expose().expose(), good, "{typed}");
    }
    assert_eq!(token().id().target(), format!("{ID}.cfargotunnel.com"));
    // Cloudflare's network for authorities says so in its tokens.
    let other = format!(r#"{{"a":"{TAG}","t":"{ID}","s":"{}","e":"fed"}}"#, base64(&[7; 32], false));
    assert!(TunnelToken::parse(&base64(other.as_bytes(), false)).is_ok());
}

#[test]
fn whatever_else_is_typed_is_refused_at_its_field_and_not_repeated() {
    let good = good();
    let (half, _) = good.split_at(good.len() / 2);
    for typed in [
        String::new(),
        " \n ".to_owned(),
        "eyJ".to_owned(),
        half.to_owned(),
        format!("{good}{good}"),
        format!("{good} {good}"),
        format!("cloudflared run {good} {good}"),
        format!("curl https://x.example/?{good}"),
        format!("echo {good}"),
        format!("{good};id"),
        format!("{good}\u{0}"),
        format!("$({good})"),
        format!("--token {good}"),
        "cloudflared tunnel login".to_owned(),
        "cloudflared; touch /tmp/x".to_owned(),
        "--config=/etc/passwd".to_owned(),
        "x".repeat(5_000),
        "é".to_owned(),
        base64(b"{}", false),
        base64(b"[]", false),
        base64(&[0xff; 90], false),
        made(TAG, "x; return 200", &[7; 32]),
        made(TAG, "6FF42AE2-765D-4ADF-8112-31C55C1551EF", &[7; 32]),
        made(TAG, "../../../etc/passwd", &[7; 32]),
        made("x", ID, &[7; 32]),
        made(&TAG.to_uppercase(), ID, &[7; 32]),
        made(TAG, ID, b"short"),
        made(TAG, ID, &[7; 200]),
        base64(format!(r#"{{"a":"{TAG}","t":"{ID}","s":"not base64!"}}"#).as_bytes(), false),
        base64(format!(r#"{{"a":"{TAG}","t":"{ID}","s":"{}","e":"a b"}}"#, base64(&[7; 32], false)).as_bytes(), false),
    ] {
        let problem = TunnelToken::parse(&typed).expect_err(&typed);
        assert_eq!((problem.code, problem.field.as_deref()), (Code::Invalid, Some("token")), "{typed}");
        assert!(problem.hint.is_some() && (typed.len() < 9 || !format!("{problem:?}").contains(&typed)), "{typed}");
    }
}

#[test]
fn a_token_shows_up_nowhere() {
    let form = TunnelForm { token: good() };
    for shown in [format!("{:?}", token()), format!("{form:?}")] {
        assert!(!shown.contains("eyJ"), "{shown}");
    }
    let spec = spec();
    assert!(!spec.command.iter().any(|word| word.contains("eyJ")));
    assert!(spec.env_lines().contains(&format!("TUNNEL_TOKEN={}", good())));
    let namespace: Namespace = "homeport".parse().expect("a namespace");
    assert!(!format!("{:?}", spec.labels(&namespace, "abc")).contains("eyJ"));
}

fn spec() -> crate::deploy::container::SidecarSpec {
    let image = format!("sha256:{}", "0".repeat(64)).parse().expect("an id");
    Connector { metrics: 7_382.try_into().expect("a port") }.spec(&image, &token())
}

#[test]
fn its_container_may_do_nothing_but_connect() {
    let spec = spec();
    assert_eq!(spec.command, ["tunnel", "--no-autoupdate", "--metrics", "127.0.0.1:7382", "run"]);
    let options: Vec<String> = spec.options.iter().map(ToString::to_string).collect();
    assert_eq!(options, ["--cap-drop=ALL", "--read-only"]);
    assert_eq!((spec.user, spec.limits.memory_bytes), ((65_532, 65_532), 256 << 20));
    assert!(spec.grants().mounts.is_empty() && spec.grants().published.is_empty());
    // Another token, port or image makes another container.
    let other = TunnelToken::parse(&made(TAG, ID, &[8; 32])).expect("a token");
    let again = Connector { metrics: 7_382.try_into().expect("a port") }.spec(&spec.image, &other);
    assert_ne!(spec.essence().expose(), again.essence().expose());
    assert_ne!(Allowed::of_sidecar(&spec), Allowed::of(&spec.grants()), "only these are on the host's network");
}

#[test]
fn what_is_seen_of_the_connector_says_what_the_tunnel_does() {
    let running = Observed { running: true, ..Observed::default() };
    let with = |connections| Observed { connections: Some(connections), ..running.clone() };
    assert_eq!(TunnelState::of(&Observed::default()), TunnelState::Stopped);
    assert_eq!(TunnelState::of(&running), TunnelState::Starting);
    assert_eq!(TunnelState::of(&with(0)), TunnelState::Connecting { said: None });
    assert_eq!(TunnelState::of(&with(4)), TunnelState::Connected { connections: 4 });
    assert_eq!(TunnelState::of(&with(1)).words(), "connected with 1 connection");
    // Connections that it had when it ended are none.
    assert_eq!(TunnelState::of(&Observed { running: false, ..with(4) }), TunnelState::Stopped);
    let said = Some("Provided Tunnel token is not valid.".to_owned());
    let ends = Observed { restarting: true, exit_code: Some(1), said: said.clone(), ..Observed::default() };
    let TunnelState::Trouble { problem } = TunnelState::of(&ends) else { panic!("it ends") };
    assert!(problem.title.contains("code 1") && problem.title.contains("not valid"), "{problem}");
    // Between two ends it runs for a moment.
    let again = Observed { restarts: 3, said, ..running };
    assert!(matches!(TunnelState::of(&again), TunnelState::Trouble { .. }));
}

#[test]
fn its_answers_and_words_are_read() {
    assert_eq!(connections(r#"{"status":200,"readyConnections":4,"connectorId":"x"}"#), Some(4));
    assert_eq!(connections(r#"{"status":503,"readyConnections":0}"#), Some(0));
    for odd in ["", "ok", "{}", r#"{"readyConnections":-1}"#, r#"{"readyConnections":"4"}"#] {
        assert_eq!(connections(odd), None, "{odd}");
    }
    let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
    let log = lines(&[
        "2026-11-28T10:00:00Z INF Starting tunnel tunnelID=6ff42ae2",
        "2026-11-28T10:00:01Z ERR Register tunnel error error=\"Unauthorized: Invalid tunnel secret\" connIndex=0",
        "2026-11-28T10:00:01Z INF Retrying connection in up to 2s",
    ]);
    let words = last_words(&log, &token()).expect("words");
    assert_eq!(words, "Register tunnel error error=\"Unauthorized: Invalid tunnel secret\" connIndex=0");
    assert_eq!(last_words(&lines(&["2026-11-28T10:00:00Z INF all is well"]), &token()), None);
    let plain = lines(&["Provided Tunnel token is not valid.", ""]);
    assert_eq!(last_words(&plain[..1], &token()).as_deref(), Some("Provided Tunnel token is not valid."));
    let told = lines(&[&format!("2026-11-28T10:00:00Z ERR bad token {} \u{1b}[31m\u{7}", good())]);
    assert_eq!(last_words(&told, &token()).as_deref(), Some("bad token ••••••"));
    assert!(last_words(&lines(&[&"x".repeat(9_000)]), &token()).is_some_and(|words| words.len() == 240));
}

#[test]
fn where_dns_leads_a_name_of_the_tunnel() {
    let name = "shop.example.com".parse().expect("a name");
    let answers = |addresses: &[&str]| {
        let parsed: Vec<IpAddr> = addresses.iter().map(|text| text.parse().expect("an address")).collect();
        let v4: Vec<_> =
            parsed.iter().filter_map(|ip| if let IpAddr::V4(v4) = ip { Some(*v4) } else { None }).collect();
        let v6: Vec<_> =
            parsed.iter().filter_map(|ip| if let IpAddr::V6(v6) = ip { Some(*v6) } else { None }).collect();
        let found = |none: bool| none.then_some(());
        DnsAnswers {
            a: if found(v4.is_empty()).is_some() { DnsAnswer::NoRecord } else { DnsAnswer::Found(v4) },
            aaaa: if found(v6.is_empty()).is_some() { DnsAnswer::NoRecord } else { DnsAnswer::Found(v6) },
            aliases: Vec::new(),
            caa: CaaAnswer::Nobody,
        }
    };
    let on = TunnelUse { on: true, id: Some(ID.parse().expect("an id")) };
    let verdict = |addresses: &[&str]| DnsVerdict::by_tunnel(&name, &answers(addresses));
    let proxied = verdict(&["104.16.1.1", "2606:4700::1"]);
    assert_eq!(proxied, DnsVerdict::ByTunnel);
    assert!(proxied.is_good() && on.advice(&proxied, &name).is_none());
    assert_eq!(WayIn::of(false, Some(&DnsVerdict::Cdn { cdn: Cdn::Cloudflare })).words(), "Through Cloudflare's proxy");
    assert_eq!(WayIn::of(true, Some(&DnsVerdict::Here)).words(), "Through the tunnel");
    assert_eq!(WayIn::of(false, None).words(), "Directly");

    let past = verdict(&["203.0.113.7", "104.16.1.1"]);
    assert!(matches!(&past, DnsVerdict::PastTunnel { .. }) && !past.is_good());
    let advice = on.advice(&past, &name).expect("advice");
    assert!(advice.contains(&format!("{ID}.cfargotunnel.com")), "{advice}");
    let none = on.advice(&verdict(&[]), &name).expect("advice");
    assert!(none.contains("CNAME") && none.contains(ID), "{none}");
    let bare = DnsAnswers { aliases: vec![format!("{ID}.cfargotunnel.com")], ..answers(&[]) };
    assert_eq!(DnsVerdict::by_tunnel(&name, &bare), DnsVerdict::Tunnel);
    let elsewhere = DnsAnswers { aliases: vec!["evilcfargotunnel.com".into()], ..answers(&[]) };
    assert_eq!(DnsVerdict::by_tunnel(&name, &elsewhere), DnsVerdict::NoRecord);
    // A name whose tunnel is gone says so before all else.
    let gone = TunnelUse { on: true, id: None };
    assert!(gone.advice(&past, &name).is_some_and(|words| words.starts_with("There is no tunnel")));
    let local = "shop.apps.localhost".parse().expect("a name");
    assert_eq!(DnsVerdict::by_tunnel(&local, &answers(&[])), DnsVerdict::Local);
}

proptest! {
    #[test]
    fn nothing_typed_breaks_the_parser(typed in ".{0,300}", cut in 0_usize..300) {
        if let Ok(token) = TunnelToken::parse(&typed) {
            prop_assert_eq!(token.id().as_str().len(), 36);
        }
        let good = good();
        let part = good.get(..cut.min(good.len())).unwrap_or_default();
        prop_assert_eq!(TunnelToken::parse(part).is_ok(), part.trim_end_matches('=') == good.trim_end_matches('='));
    }
}
