use super::*;
use crate::build::{AppJson, Read};

/// Reads one check of `web`.
fn read(entry: &str) -> Result<Read<AppJson>, Mistake> {
    AppJson::parse(&format!(r#"{{"healthchecks": {{"web": [{entry}]}}}}"#))
}

fn check(entry: &str) -> (Healthcheck, Vec<String>) {
    let Read { value, warnings } = read(entry).unwrap_or_else(|mistake| panic!("{entry}: {mistake}"));
    let checks = value.healthchecks.into_values().next().expect("web");
    (checks.into_iter().next().expect("a check"), warnings.iter().map(ToString::to_string).collect())
}

fn http(path: &str) -> Probe {
    Probe::Http { path: path.parse().expect("a path"), content: None, headers: vec![], scheme: Scheme::Http }
}

#[test]
fn a_whole_entry() {
    let (check, warnings) = check(
        r#"{"type": "readiness", "name": "up", "description": "ours", "path": "/up?x=1", "content": "ok",
            "httpHeaders": [{"name": "Host", "value": "a.example"}, {"name": "X-Empty"}], "port": 8080,
            "scheme": "HTTPS", "attempts": 7, "timeout": 8, "wait": 9, "initialDelay": 10, "warn": true,
            "onFailure": {"url": "https://hooks.example/x"}}"#,
    );
    assert_eq!(warnings, [] as [String; 0]);
    let header = |name: &str, value: &str| HttpHeader {
        name: name.parse().expect("a name"),
        value: value.parse().expect("a value"),
    };
    let expected = Healthcheck {
        name: Some("up".into()),
        stage: Stage::Readiness,
        probe: Probe::Http {
            path: "/up?x=1".parse().expect("a path"),
            content: Some("ok".into()),
            headers: vec![header("Host", "a.example"), header("X-Empty", "")],
            scheme: Scheme::Https,
        },
        port: Port::try_from(8080).ok(),
        attempts: 7,
        timeout_s: 8,
        wait_s: 9,
        initial_delay_s: 10,
        warn_only: true,
        on_failure_url: Some("https://hooks.example/x".into()),
    };
    assert_eq!(check, expected);
    let json = serde_json::to_string(&check).expect("writes");
    assert_eq!(serde_json::from_str::<Healthcheck>(&json).expect("reads"), check);
}

#[test]
fn what_is_not_given_is_dokku_s_default() {
    let (check, warnings) = check(r#"{"type": "startup", "path": "/"}"#);
    assert_eq!(check, Healthcheck::new(http("/")));
    assert_eq!((check.attempts, check.timeout_s, check.wait_s, check.initial_delay_s), (3, 5, 5, 0));
    assert_eq!(warnings, [] as [String; 0]);
}

#[test]
fn nothing_empty_and_0_count_as_not_given() {
    let entry = r#"{"type": "startup", "path": "/", "name": " ", "command": [], "uptime": 0, "listening": false,
        "content": "", "httpHeaders": [], "scheme": "", "port": 0, "attempts": 0, "timeout": 0, "wait": 0,
        "initialDelay": 0, "warn": null, "onFailure": {"url": "", "command": []}}"#;
    assert_eq!(check(entry), (Healthcheck::new(http("/")), vec![]));
}

#[test]
fn a_check_looks_at_one_thing() {
    let words = |words: &[&str]| Probe::Command { words: words.iter().map(ToString::to_string).collect() };
    for (entry, probe) in [
        (r#""command": ["./up", "-x"]"#, words(&["./up", "-x"])),
        (r#""listening": true"#, Probe::Listening),
        (r#""uptime": 3"#, Probe::Uptime { seconds: 3 }),
        (r#""path": "/a%20b""#, http("/a%20b")),
        (r#""name": "x""#, Probe::Uptime { seconds: 0 }),
        (r#""path": """#, Probe::Uptime { seconds: 0 }),
    ] {
        let (check, warnings) = check(&format!(r#"{{"type": "startup", {entry}}}"#));
        assert_eq!((check.probe, warnings), (probe, vec![]), "{entry}");
    }
    let all = [r#""command": ["x"]"#, r#""path": "/""#, r#""uptime": 1"#, r#""listening": true"#];
    for (at, first) in all.iter().enumerate() {
        for second in &all[at + 1..] {
            let mistake = read(&format!(r#"{{"type": "startup", {second}, {first}}}"#)).expect_err("two things");
            assert!(mistake.what.contains("is there already"), "{mistake}");
        }
    }
}

#[test]
fn what_dokku_bends_is_warned_about() {
    for (entry, says, probe) in [
        (r#"{"path": "/"}"#, "taken for a startup check", http("/")),
        (
            r#"{"type": "startup", "content": "ok"}"#,
            "`/` is asked for",
            Probe::Http {
                path: "/".parse().expect("a path"),
                content: Some("ok".into()),
                headers: vec![],
                scheme: Scheme::Http,
            },
        ),
        (r#"{"type": "startup", "uptime": 1, "content": "ok"}"#, "only beside a `path`", Probe::Uptime { seconds: 1 }),
        (r#"{"type": "startup", "path": "/", "attempts": -1}"#, "below 0", http("/")),
        (r#"{"type": "startup", "path": "/", "Attempts": 3}"#, "written `attempts`.", http("/")),
        (r#"{"type": "startup", "path": "/", "initial_delay": 3}"#, "this one is ignored", http("/")),
        (r#"{"type": "startup", "path": "/x", "path": "/"}"#, "second time", http("/")),
        (r#"{"type": "startup", "path": "/", "onFailure": {"command": ["rm"]}}"#, "never run", http("/")),
    ] {
        let (check, warnings) = check(entry);
        assert_eq!(check.probe, probe, "{entry}");
        assert_eq!(check.attempts, 3, "{entry}");
        assert!(matches!(&warnings[..], [one] if one.contains(says)), "{entry}: {warnings:?}");
    }
}

#[test]
fn every_mistake_names_its_value() {
    for (entry, path, says) in [
        (r#"{"path": "up"}"#, "path", "begins with one slash"),
        (r#"{"path": "//up"}"#, "path", "begins with one slash"),
        (r#"{"path": "/a b"}"#, "path", "no spaces"),
        (r#"{"path": "/a\nb"}"#, "path", "no spaces"),
        (r#"{"path": "/a\u0000"}"#, "path", "no spaces"),
        (r#"{"path": "/é"}"#, "path", "no spaces"),
        (r#"{"path": "/'"}"#, "path", "no spaces"),
        (r#"{"path": "/\\"}"#, "path", "no spaces"),
        (r#"{"path": 1}"#, "path", "double quotes"),
        (r#"{"path": "/", "scheme": "tcp"}"#, "scheme", "http or https"),
        (r#"{"path": "/", "content": "a\u0000"}"#, "content", "control characters"),
        (r#"{"path": "/", "content": ["a"]}"#, "content", "this is a list; text"),
        (r#"{"path": "/", "httpHeaders": {}}"#, "httpHeaders", "this is an object; a list"),
        (r#"{"path": "/", "httpHeaders": [{}]}"#, "httpHeaders[0]", "needs a `name`"),
        (r#"{"path": "/", "httpHeaders": [{"name": "a b"}]}"#, "httpHeaders[0].name", "letters"),
        (r#"{"path": "/", "httpHeaders": [{"name": "a", "value": "b\r\nc"}]}"#, "httpHeaders[0].value", "one line"),
        (r#"{"command": "x"}"#, "command", "this is text; a list"),
        (r#"{"command": ["a", 1]}"#, "command[1]", "double quotes"),
        (r#"{"command": ["", "a"]}"#, "command", "program"),
        (r#"{"command": ["a\u0000"]}"#, "command[0]", "control characters"),
        (r#"{"listening": "yes"}"#, "listening", "true or false"),
        (r#"{"listening": 1}"#, "listening", "true or false"),
        (r#"{"uptime": "5"}"#, "uptime", "leave the quotes away"),
        (r#"{"uptime": 1.0}"#, "uptime", "whole number"),
        (r#"{"uptime": 1e3}"#, "uptime", "whole number"),
        (r#"{"uptime": 3601}"#, "uptime", "from 0 to 3600"),
        (r#"{"attempts": 1001}"#, "attempts", "from 0 to 1000"),
        (r#"{"attempts": 99999999999999999999}"#, "attempts", "too big"),
        (r#"{"timeout": true}"#, "timeout", "true or false; a whole number"),
        (r#"{"port": 65536}"#, "port", "1 to 65535"),
        (r#"{"port": -1}"#, "port", "1 to 65535"),
        (r#"{"type": "Startup"}"#, "type", "startup, readiness or liveness"),
        (r#"{"name": "a\u001b[2J"}"#, "name", "control characters"),
        (r#"{"onFailure": {"url": "file:///etc"}}"#, "onFailure.url", "https://"),
        (r#"{"onFailure": {"url": "http://a b"}}"#, "onFailure.url", "no spaces"),
        (r#"{"onFailure": []}"#, "onFailure", "this is a list; an object"),
    ] {
        let mistake = read(entry).expect_err(entry);
        assert_eq!(mistake.path, Some(format!("healthchecks.web[0].{path}")), "{mistake}");
        assert!(mistake.what.contains(says), "{entry}: {mistake}");
    }
    for (entry, path) in [("null", "healthchecks.web[0]"), ("[]", "healthchecks.web[0]")] {
        assert_eq!(read(entry).expect_err(entry).path.as_deref(), Some(path));
    }
    let many = vec!["{}"; MOST_CHECKS + 1].join(",");
    assert!(read(&many).expect_err("too many").what.contains("at most 20"));
}
