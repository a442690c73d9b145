use proptest::prelude::*;

use super::*;
use crate::build::{Position, command::MOST_COMMAND_BYTES};

fn read(text: &str) -> Vec<(String, String)> {
    let procfile = Procfile::parse(text).unwrap_or_else(|mistake| panic!("{text:?}: {mistake}"));
    procfile.entries.into_iter().map(|entry| (entry.name.into(), entry.command.into())).collect()
}

fn refused(text: &str) -> Mistake {
    Procfile::parse(text).err().unwrap_or_else(|| panic!("{text:?} was read"))
}

#[test]
fn one_line_in_every_way_to_write_it() {
    for (text, name, command) in [
        ("web: node web.js", "web", "node web.js"),
        ("web:node web.js", "web", "node web.js"),
        ("web   : node", "web", "node"),
        ("web\t:\tnode\t-x", "web", "node\t-x"),
        ("  web: node  \n", "web", "node"),
        ("web: node\r\n", "web", "node"),
        ("\u{feff}web: node", "web", "node"),
        ("\n\n  \n# note\n// note\n  # note\nweb: node", "web", "node"),
        ("web: node # note", "web", "node"),
        ("web: node // note", "web", "node"),
        ("web: node\t# note", "web", "node"),
        ("web: node#1 //", "web", "node#1 //"),
        ("web: node #", "web", "node #"),
        ("web: curl http://a/#b", "web", "curl http://a/#b"),
        // The last mark counts, and # before //; quotes are not looked at. So it is in Dokku.
        ("web: a # b # c", "web", "a # b"),
        ("web: a // b # c", "web", "a // b"),
        ("web: a # b // c", "web", "a"),
        ("web: a ///b", "web", "a"),
        ("web: a ##b", "web", "a"),
        ("web: sh -c 'x # y'", "web", "sh -c 'x"),
        ("web: a: b: c", "web", "a: b: c"),
        ("web: PORT=$PORT ./x é", "web", "PORT=$PORT ./x é"),
        ("2custom: x", "2custom", "x"),
        ("wor-ker-2: x", "wor-ker-2", "x"),
        ("a: x", "a", "x"),
    ] {
        assert_eq!(read(text), [(name.to_owned(), command.to_owned())], "{text:?}");
    }
}

#[test]
fn a_file_has_its_processes_in_order_and_release_beside_them() {
    let procfile = Procfile::parse("worker: w\r\nrelease: migrate\r\n\r\nweb: serve\r\n").expect("reads");
    assert_eq!(procfile.processes().map(|entry| entry.name.as_str()).collect::<Vec<_>>(), ["worker", "web"]);
    assert_eq!(procfile.release().map(CommandLine::as_str), Some("migrate"));
    assert_eq!(procfile.find("web").map(CommandLine::as_str), Some("serve"));
    assert_eq!(procfile.find("clock"), None);
}

#[test]
fn every_mistake_has_its_place_and_its_words() {
    let long = format!("{}: x", "a".repeat(64));
    for (text, line, column, says) in [
        ("", 1, 1, "names no process"),
        ("\n# only\n", 1, 1, "names no process"),
        ("web: a\n  nonsense\n", 2, 3, "no line like"),
        ("web: a\n<<<<<<< HEAD\n", 2, 1, "merge conflict"),
        ("web: a\n=======\n", 2, 1, "merge conflict"),
        ("web: a\n>>>>>>> main: x\n", 2, 1, "merge conflict"),
        ("two words: x", 1, 1, "no line like"),
        (": x", 1, 1, "no process type before"),
        ("web:", 1, 5, "no command for `web`"),
        ("web:   \nx: y", 1, 5, "no command for `web`"),
        ("web: # note", 1, 6, "no command for `web`"),
        ("web: // note", 1, 6, "no command for `web`"),
        ("http://x", 1, 6, "no command for `http`"),
        ("web: a\nworker: b\n web : c", 3, 2, "two processes called web"),
        ("release: a\nrelease: b", 2, 1, "two processes called release"),
        ("Web: a", 1, 1, "`Web` is no process type"),
        ("web_1: a", 1, 1, "no process type"),
        ("-web: a", 1, 1, "no process type"),
        ("web-: a", 1, 1, "no process type"),
        ("w.b: a", 1, 1, "no process type"),
        ("wеb: cyrillic", 1, 1, "no process type"),
        ("ｗeb: wide", 1, 1, "no process type"),
        ("web\u{200b}: x", 1, 1, "no process type"),
        (&long, 1, 1, "63"),
        ("web: é\0x", 1, 7, "control character (U+0000)"),
        ("web: a\rworker: b", 1, 7, "control character (U+000D)"),
        ("web: \u{1b}[2J", 1, 6, "control character (U+001B)"),
        ("we\u{0}b: x", 1, 3, "control character"),
        ("web: a\u{202e}b", 1, 7, "control character (U+202E)"),
        ("web: a\u{2028}b", 1, 7, "control character (U+2028)"),
    ] {
        let mistake = refused(text);
        assert_eq!(mistake.at, Position { line, column }, "{text:?}: {mistake}");
        assert!(mistake.what.contains(says), "{text:?}: {mistake}");
        assert!(!mistake.what.contains(char::is_control), "{text:?}");
    }
}

#[test]
fn a_type_has_up_to_63_characters() {
    assert_eq!(read(&format!("{}: x", "a".repeat(63))).len(), 1);
}

#[test]
fn sizes_and_counts_end_somewhere() {
    let processes = |count: usize| (0..count).map(|n| format!("p{n}: x\n")).collect::<String>();
    assert_eq!(read(&processes(MOST_PROCESSES)).len(), MOST_PROCESSES);
    assert_eq!(refused(&processes(MOST_PROCESSES + 1)).at, Position { line: 51, column: 1 });
    assert_eq!(read(&format!("web: {}", "x".repeat(MOST_COMMAND_BYTES))).len(), 1);
    assert!(refused(&format!("web: {}", "x".repeat(MOST_COMMAND_BYTES + 1))).what.contains("32 KiB"));
    for hostile in ["a", "web: x\n", "#\n", "é", " #x", ":"] {
        assert!(refused(&hostile.repeat((1 << 20) / hostile.len())).what.contains("64 KiB"), "{hostile:?}");
        let _ = Procfile::parse(&hostile.repeat((60 << 10) / hostile.len()));
    }
}

proptest! {
    #[test]
    fn no_text_stops_the_reader(text in any::<String>()) {
        let _ = Procfile::parse(&text);
    }

    #[test]
    fn no_nearly_right_text_does_either(text in "([a-z-]{0,4}[ \t]?:?[ \t]?[a-z#/$: é\0\u{202e}]{0,8}[\r]?\n){0,6}") {
        if let Err(mistake) = Procfile::parse(&text) {
            let lines = u32::try_from(text.split('\n').count()).expect("few");
            prop_assert!((1..=lines).contains(&mistake.at.line), "{mistake}");
        }
    }

    #[test]
    fn what_is_written_plainly_is_read_as_it_is(
        names in proptest::collection::btree_set("[a-z0-9]([-a-z0-9]{0,10}[a-z0-9])?", 1..6),
        command in "[a-zA-Z0-9$][a-zA-Z0-9 $./_=-]{0,30}[a-zA-Z0-9]",
        end in prop::sample::select(vec!["\n", "\r\n", " # note\n", "\t// note\r\n"]),
    ) {
        prop_assume!(!command.contains(" //"));
        let text: String = names.iter().map(|name| format!("{name}: {command}{end}")).collect();
        let expected: Vec<_> = names.iter().map(|name| (name.clone(), command.clone())).collect();
        prop_assert_eq!(read(&text), expected);
    }
}
