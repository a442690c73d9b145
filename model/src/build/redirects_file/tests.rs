use proptest::prelude::*;

use super::*;

fn rules(text: &str) -> Vec<(String, String, u16, bool)> {
    let read = parse(text).unwrap_or_else(|mistake| panic!("{mistake}"));
    read.value.into_iter().map(|r| (r.from.to_string(), r.to.to_string(), r.status.get(), r.forced)).collect()
}

#[test]
fn a_file_is_read_rule_by_rule() {
    let text = "\u{feff}# moved\r\n/a /b\r\n\n/blog/* https://blog.example.com/:splat 302 # all\n\t/u/:id  /user/:id 200!\n/x /y#z";
    assert_eq!(
        rules(text),
        [
            ("/a".into(), "/b".into(), 301, false),
            ("/blog/*".into(), "https://blog.example.com/:splat".into(), 302, false),
            ("/u/:id".into(), "/user/:id".into(), 200, true),
            ("/x".into(), "/y#z".into(), 301, false),
        ]
    );
    assert!(rules("").is_empty());
}

#[test]
fn a_mistake_has_its_place() {
    for (text, says) in [
        ("/a", "_redirects, line 1, column 1: `/a` leads nowhere"),
        ("/a /b\n/c  /d 404", "_redirects, line 2, column 8: `404`: a status is"),
        ("/a id=:id /b", "line 1, column 4: Homeport has no rules by query parameter"),
        ("/a /b 301 Country=de", "line 1, column 11: `Country=de`: Homeport has no conditions"),
        ("https://a.example/* /b", "line 1, column 1: `https://a.example/*`: a path begins with a slash"),
        ("/api/* https://api.example/:splat 200", "line 1, column 8: Homeport does not fetch"),
        ("/a /:splat", "`:splat` stands for nothing"),
        ("/a/* /:splat/evil.example", "nothing may follow"),
        ("/a //evil.example", "it leads to a path"),
        ("/a /.git/config 200", "hidden files are never served"),
        ("/a /../x 200", "hidden files"),
        ("/:a /.:a 200", "hidden files"),
        ("/a /b +301", "a status is"),
        ("/a /b\u{1b}[31m", "has a control character"),
    ] {
        let mistake = parse(text).expect_err(text).to_string();
        assert!(mistake.contains(says), "{mistake}");
    }
}

#[test]
fn limits_hold() {
    assert_eq!(rules(&"/a /b\n".repeat(MOST_RULES)).len(), MOST_RULES);
    let mistake = parse(&"/a /b\n".repeat(MOST_RULES + 1)).expect_err("too many");
    assert_eq!(mistake.at.line, u32::try_from(MOST_RULES).expect("a number") + 1);
    assert!(parse(&format!("/a /{}", "b".repeat(MOST_LINE_BYTES))).is_err());
    assert!(parse(&"#\n".repeat(200_000)).is_err(), "too large");
}

#[test]
fn a_rule_for_a_hidden_path_is_said_to_do_nothing() {
    let read = parse("/.env /b\n/.well-known/x /y").expect("reads");
    assert_eq!(read.warnings.len(), 1);
    assert_eq!(read.warnings[0].at.line, 1);
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in ".{0,200}") {
        let _ = parse(&text);
    }

    #[test]
    fn what_is_read_is_stored_and_read_again(text in "(/[a-z:*.%]{0,6}){1,3} /[a-z:/$\"{};]{0,9}( 30[12]!?)?") {
        if let Ok(read) = parse(&text) {
            let json = serde_json::to_string(&read.value).expect("writes");
            prop_assert_eq!(serde_json::from_str::<Vec<Redirect>>(&json).expect("reads"), read.value);
        }
    }
}
