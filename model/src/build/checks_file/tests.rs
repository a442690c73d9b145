use proptest::prelude::*;

use super::*;
use crate::build::Position;

fn var(key: &EnvKey) -> Option<String> {
    match key.as_str() {
        "HOST" => Some("a.example".into()),
        "LINES" => Some("x\nWAIT=9".into()),
        "SECRET" => Some("no path, s3cret".into()),
        "BLANK" => Some(" ".into()),
        _ => None,
    }
}

fn read(text: &str) -> ChecksFile {
    ChecksFile::parse(text, var).unwrap_or_else(|mistake| panic!("{text:?}: {mistake}"))
}

fn check(scheme: Scheme, host: Option<&str>, path: &str, content: Option<&str>) -> Check {
    Check {
        scheme,
        host: host.map(|host| host.parse().expect("a host")),
        path: path.parse().expect("a path"),
        content: content.map(Into::into),
    }
}

#[test]
fn settings_stand_for_the_whole_file() {
    for (text, wait_s, timeout_s, attempts) in [
        ("", 5, 30, 5),
        ("# only\r\n\r\n", 5, 30, 5),
        ("WAIT=2\nTIMEOUT=7\nATTEMPTS=3\n", 2, 7, 3),
        ("/\nWAIT=2", 2, 30, 5),
        ("  WAIT=2\r\nWAIT=4", 4, 30, 5),
        ("WAIT=0\nTIMEOUT=0\nATTEMPTS=0", 5, 30, 5),
        ("WAIT=0003600", 3600, 30, 5),
    ] {
        let file = read(text);
        assert_eq!((file.wait_s, file.timeout_s, file.attempts), (wait_s, timeout_s, attempts), "{text:?}");
    }
}

#[test]
fn a_check_in_every_way_to_write_it() {
    use Scheme::{Http, Https};
    for (line, expected) in [
        ("/", check(Http, None, "/", None)),
        ("/about      Our Amazing Team", check(Http, None, "/about", Some("Our Amazing Team"))),
        ("/about\tOur  Team \r", check(Http, None, "/about", Some("Our  Team"))),
        ("/x?a=1&b=2 # 1", check(Http, None, "/x?a=1&b=2", Some("# 1"))),
        ("//a.example/path nodejs/express", check(Http, Some("a.example"), "/path", Some("nodejs/express"))),
        ("//A.Example:8080", check(Http, Some("a.example:8080"), "/", None)),
        ("//a.example?x=1", check(Http, Some("a.example"), "/?x=1", None)),
        ("https://a.example/path x", check(Https, Some("a.example"), "/path", Some("x"))),
        ("http://a.example/path", check(Http, Some("a.example"), "/path", None)),
        ("/ <html>é</html>", check(Http, None, "/", Some("<html>é</html>"))),
        ("//{{ var \"HOST\" }}/{{var \"GONE\"}}up ok", check(Http, Some("a.example"), "/up", Some("ok"))),
        ("/ {{ var \"SECRET\" }}", check(Http, None, "/", Some("no path, s3cret"))),
    ] {
        assert_eq!(read(line).checks, [expected], "{line:?}");
    }
    assert_eq!(read("{{ var \"GONE\" }}\n{{ var \"BLANK\" }}\n").checks, []);
}

#[test]
fn every_mistake_has_its_place_and_its_words() {
    for (text, line, column, says) in [
        ("/\nabout", 2, 1, "neither a path"),
        ("FOO=1", 1, 1, "neither a path"),
        ("wait=5", 1, 1, "neither a path"),
        ("WAIT = 5", 1, 1, "neither a path"),
        ("WAIT=", 1, 6, "WAIT is a number"),
        ("  WAIT=x", 1, 8, "WAIT is a number"),
        ("TIMEOUT=-1", 1, 9, "from 0 to 3600"),
        ("TIMEOUT=+1", 1, 9, "from 0 to 3600"),
        ("ATTEMPTS=1001", 1, 10, "from 0 to 1000"),
        ("ATTEMPTS=99999999999999999999", 1, 10, "from 0 to 1000"),
        ("ATTEMPTS=5 # five", 1, 10, "from 0 to 1000"),
        ("ftp://a.example/", 1, 1, "neither a path"),
        ("///x", 1, 3, "host name"),
        ("//", 1, 3, "host name"),
        ("https://user@a/", 1, 9, "host name"),
        ("//a.example/é", 1, 12, "no spaces"),
        ("/a'b", 1, 1, "no spaces"),
        ("/ a\0b", 1, 4, "control character"),
        ("/ a\u{1b}[2J", 1, 4, "control character"),
        ("/ {{ .Env }}", 1, 3, "double braces"),
        ("/ {{ var HOST }}", 1, 3, "double braces"),
        ("/ {{ var \"A B\" }}", 1, 3, "double braces"),
        ("/ {{ var \"HOST\"", 1, 3, "double braces"),
        ("/\n  {{ var \"SECRET\" }}", 2, 3, "neither a path"),
        ("/ {{ var \"LINES\" }}", 1, 1, "control character"),
    ] {
        let mistake = ChecksFile::parse(text, var).expect_err(text);
        assert_eq!(mistake.at, Position { line, column }, "{text:?}: {mistake}");
        assert!(mistake.what.contains(says), "{text:?}: {mistake}");
        assert!(!mistake.what.contains("s3cret"), "{mistake}");
    }
}

#[test]
fn sizes_and_counts_end_somewhere() {
    assert_eq!(read(&"/\n".repeat(MOST_CHECKS)).checks.len(), MOST_CHECKS);
    assert!(ChecksFile::parse(&"/\n".repeat(MOST_CHECKS + 1), var).expect_err("many").what.contains("at most 20"));
    assert!(ChecksFile::parse(&format!("/ {}", "x".repeat(5000)), var).expect_err("long").what.contains("4096"));
    for hostile in ["/", "/ x\n", "{{", "{{ var \"HOST\" }}", "#\n", "é"] {
        let text = hostile.repeat((1 << 20) / hostile.len());
        assert!(ChecksFile::parse(&text, var).expect_err("long").what.contains("64 KiB"), "{hostile:?}");
        let _ = ChecksFile::parse(&hostile.repeat((60 << 10) / hostile.len()), var);
    }
    let many = "{{var \"X\"}}".repeat(5_000);
    let mistake = ChecksFile::parse(&many, |_| Some("x".repeat(1 << 15))).expect_err("a flood");
    assert!(mistake.what.contains("too long"), "{mistake}");
}

#[test]
fn the_checks_become_those_of_an_app_json() {
    let file = read("WAIT=2\nATTEMPTS=2\n/\nhttps://a.example/path nodejs/express\n");
    let json = r#"{"healthchecks": {"web": [
        {"type": "startup", "name": "check-1", "path": "/", "attempts": 2, "wait": 2, "timeout": 30},
        {"type": "startup", "name": "check-2", "path": "/path", "content": "nodejs/express", "scheme": "https",
         "httpHeaders": [{"name": "Host", "value": "a.example"}], "attempts": 2, "wait": 2, "timeout": 30}]}}"#;
    let app = crate::build::AppJson::parse(json).expect("reads").value;
    assert_eq!(app.healthchecks.into_values().collect::<Vec<_>>(), [file.to_healthchecks()]);
}

proptest! {
    #[test]
    fn no_text_stops_the_reader(text in any::<String>(), value in any::<String>()) {
        let _ = ChecksFile::parse(&text, |_| Some(value.clone()));
    }

    #[test]
    fn no_nearly_right_text_does_either(
        text in "((WAIT=|TIMEOUT=|ATTEMPTS=|https://|//|/)?[a-z0-9/?:. é\0]{0,8}(\\{\\{ ?var \"[A-Z]{0,2}\" ?\\}?\\}?)?[\r]?\n){0,6}",
        value in "[a-z/ \n#é]{0,6}",
    ) {
        match ChecksFile::parse(&text, |_| Some(value.clone())) {
            Ok(file) => prop_assert_eq!(file.to_healthchecks().len(), file.checks.len()),
            Err(mistake) => {
                let lines = u32::try_from(text.split('\n').count()).expect("few");
                prop_assert!((1..=lines).contains(&mistake.at.line), "{}", mistake);
            }
        }
    }
}
