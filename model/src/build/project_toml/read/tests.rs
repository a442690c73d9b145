use proptest::prelude::*;

use super::*;
use crate::build::Position;

fn read(text: &str) -> ProjectToml {
    ProjectToml::parse(text).unwrap_or_else(|mistake| panic!("{text}: {mistake}")).value
}

fn names(project: &ProjectToml) -> Vec<&str> {
    project.buildpacks.iter().map(Buildpack::as_str).collect()
}

const NEWER: &str = r#"
[_]
schema-version = "0.2"
id = "io.example.shop"
[[_.licenses]]
type = "MIT"

[io.buildpacks]
builder = "heroku/builder:24"
exclude = ["*.md", "/docs/"]

[[io.buildpacks.group]]
id = "heroku/nodejs"
version = "5.1.1"

[[io.buildpacks.group]]
uri = "urn:cnb:builder:heroku/procfile"

[[io.buildpacks.post.group]]
id = "a/after"

[[io.buildpacks.pre.group]]
id = "a/before"

[[io.buildpacks.build.env]]
name = "JAVA_OPTS"
value = "-Xmx1g \"quoted\"\n"

[[io.buildpacks.env.build]]
name = "OLD"

[com.example]
whatever = 1979-05-27
"#;

#[test]
fn the_newer_descriptor_is_read() {
    let project = read(NEWER);
    assert_eq!(project.builder.as_ref().map(ToString::to_string).as_deref(), Some("heroku/builder:24"));
    assert_eq!(names(&project), ["a/before", "heroku/nodejs@5.1.1", "urn:cnb:builder:heroku/procfile", "a/after"]);
    let env: Vec<(&str, &str)> = project.env.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    assert_eq!(env, [("JAVA_OPTS", "-Xmx1g \"quoted\"\n"), ("OLD", "")]);
    let takes = project.files.takes();
    let kept = ["README.md", "a/b.md", "docs/x", "a/docs/x", "main.js", "docs.md.txt"].map(takes);
    assert_eq!(kept, [false, false, false, true, true, true]);
    let json = serde_json::to_string(&project).expect("writes");
    assert_eq!(serde_json::from_str::<ProjectToml>(&json).expect("reads"), project);
}

#[test]
fn the_older_descriptor_is_read() {
    let text = "[project]\nid = \"x\"\n[build]\nbuilder = \"a/b:1\"\ninclude = [\"src\", \"*.json\"]\n\
                [[build.buildpacks]]\nid = \"a/c\"\n[[build.env]]\nname = \"A\"\nvalue = \"b\"\n";
    for text in [text.to_owned(), format!("[_]\nschema-version = \"0.1\"\n{text}")] {
        let project = read(&text);
        assert_eq!(project.builder.as_ref().map(ToString::to_string).as_deref(), Some("a/b:1"));
        assert_eq!((names(&project), project.env.len()), (vec!["a/c"], 1));
        let takes = project.files.takes();
        assert_eq!(["src/a/b.js", "x/src/y", "package.json", "main.js"].map(takes), [true, true, true, false]);
    }
}

#[test]
fn what_says_nothing_is_nothing() {
    for text in [
        "",
        "\n# words\n",
        "\u{feff}",
        "[project]\nname = \"x\"\n",
        "[_]\nschema-version = \"0.2\"\n",
        "[_]\nschema-version = \"0.2\"\n[io.other]\nx = 1\n[build]\nbuilder = \"not/read\"\n",
        "[io.buildpacks]\nbuilder = \"\"\ninclude = []\nexclude = []\ngroup = []\n",
    ] {
        assert_eq!(read(text), ProjectToml::default(), "{text:?}");
    }
    assert!(FileChoice::All.takes()("anything"));
}

#[test]
fn a_version_that_is_missing_is_told() {
    let Read { value, warnings } = ProjectToml::parse("\n[io.buildpacks]\nbuilder = \"a/b\"\n").expect("reads");
    assert!(value.builder.is_some());
    assert!(warnings.len() == 1 && warnings[0].to_string().contains("schema-version"), "{warnings:?}");
}

#[test]
fn every_mistake_has_its_place_and_its_words() {
    let newer = |rest: &str| format!("[_]\nschema-version = \"0.2\"\n[io.buildpacks]\n{rest}");
    for (text, line, column, says) in [
        ("<<<<<<< HEAD\n".to_owned(), 1, 9, "this is no TOML"),
        ("a = 1\na = 2".to_owned(), 2, 1, "duplicate key"),
        ("\n\n[io".to_owned(), 3, 4, "this is no TOML"),
        ("_ = 1".to_owned(), 1, 5, "an object"),
        ("[_]\nschema-version = 0.2".to_owned(), 2, 18, "double quotes"),
        ("[_]\nschema-version = \"0.3\"".to_owned(), 1, 1, "no other is read"),
        ("[build]\nbuilder = 5".to_owned(), 2, 11, "double quotes"),
        (newer("builder = \"$(id)\""), 4, 11, ""),
        (newer("builder = \"--privileged\""), 4, 11, ""),
        (newer("builder = [\"a/b\"]"), 4, 11, "text should stand"),
        (newer("group = {}"), 4, 9, "a list should stand"),
        (newer("group = [{}]"), 4, 10, "needs an `id`"),
        (newer("[[io.buildpacks.group]]\nid = \"a/b\"\nuri = \"a/b\""), 6, 7, "not both"),
        (newer("[[io.buildpacks.group]]\nuri = \"docker://ghcr.io/a/b\""), 5, 7, "nothing is fetched"),
        (newer("[[io.buildpacks.group]]\nuri = \"https://example.com/a.tgz\""), 5, 7, "nothing is fetched"),
        (newer("[[io.buildpacks.group]]\nuri = \"../../etc\""), 5, 7, "letters, digits"),
        (newer("[[io.buildpacks.group]]\nid = \"a/b\\\"\\n[[order]]\""), 5, 6, "letters, digits"),
        (newer("[[io.buildpacks.group]]\nid = \"a/b\"\nversion = \"$(id)\""), 5, 6, "5.1.1"),
        (newer("[io.buildpacks.group.script]\ninline = \"id\""), 4, 16, "a list should stand"),
        (newer("group = [{ id = \"a/b\", script = { inline = \"id\" } }]"), 4, 33, "is not run"),
        (newer("pre = { group = [{ id = \"a/b\" }] }"), 4, 7, "needs a `group`"),
        (newer("build = { env = [{ value = \"x\" }] }"), 4, 18, "needs a `name`"),
        (newer("build = { env = [{ name = \"1A\" }] }"), 4, 27, "begins with a letter"),
        (newer("build = { env = [{ name = \"A\", value = 1 }] }"), 4, 40, "double quotes"),
        (newer("build = { env = [{ name = \"A\", value = \"\\u0000\" }] }"), 4, 40, "zero byte"),
        (newer("include = [\"a\"]\nexclude = [\"b\"]"), 5, 11, "not by both"),
        (newer("exclude = [\"a\\u001B[2J\"]"), 4, 12, "control characters"),
        (newer("exclude = \"a\""), 4, 11, "a list should stand"),
    ] {
        let mistake = ProjectToml::parse(&text).expect_err(&text);
        assert_eq!(mistake.at, Position { line, column }, "{text}: {mistake}");
        assert!(mistake.what.contains(says), "{text}: {mistake}");
        assert_eq!(mistake.problem().field.as_deref(), Some("project.toml"));
    }
}

#[test]
fn hostile_files_end_in_words() {
    for piece in ["a.", "[", "x=[", "{a=", "[[a]]\n", "\"", "'''", "#", "\0", "a=1\n"] {
        let mistake = ProjectToml::parse(&piece.repeat((1 << 20) / piece.len())).expect_err("too much");
        assert!(mistake.what.contains("64 KiB"), "{piece:?}: {mistake}");
        let _ = ProjectToml::parse(&piece.repeat((60 << 10) / piece.len()));
    }
    for deep in [format!("{} = 1", ["a"; 5_000].join(".")), format!("x = {}", "[".repeat(5_000))] {
        assert!(ProjectToml::parse(&deep).expect_err("too deep").what.contains("recur"));
    }
    let many = |count: usize, one: &str| format!("[io.buildpacks]\n{}", format!("[[{one}]]\nname='A'\n").repeat(count));
    assert!(ProjectToml::parse(&many(MOST_VARIABLES + 1, "io.buildpacks.build.env")).is_err());
    assert!(ProjectToml::parse(&many(1, "io.buildpacks.build.env")).is_ok());
    let buildpacks = "[[io.buildpacks.group]]\nid='a/b'\n[[io.buildpacks.post.group]]\nid='a/b'\n".repeat(11);
    assert!(ProjectToml::parse(&buildpacks).expect_err("too many").what.contains("at most 20"));
    let escape = ProjectToml::parse("[io.buildpacks]\nbuilder = \"\\u001b[2J\u{202e}\"").expect_err("no image");
    assert!(!escape.to_string().contains(['\u{202e}', '\u{1b}']), "{escape}");
}

proptest! {
    #[test]
    fn no_text_stops_the_reader(text in any::<String>()) {
        let _ = ProjectToml::parse(&text);
    }

    #[test]
    fn no_wrong_type_anywhere_stops_it(
        field in "builder|include|exclude|group|pre|post|build|env|build.env|env.build|pre.group",
        value in "true|-1|1e9|\"\"|\"x\"|\\[\\]|\\{\\}|\\[\\[1\\]\\]|\\[\\{\\}\\]|\\[\\{ id = 1 \\}\\]|1979-05-27",
    ) {
        let _ = ProjectToml::parse(&format!("[io.buildpacks]\n{field} = {value}\n"));
    }
}
