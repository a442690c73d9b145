use proptest::prelude::*;

use super::*;
use crate::build::{EnvDefault, Position, Scale, fields::MOST_WARNINGS};

fn read(text: &str) -> AppJson {
    let Read { value, warnings } = AppJson::parse(text).unwrap_or_else(|mistake| panic!("{text}: {mistake}"));
    assert_eq!(warnings, [], "{text}");
    value
}

#[test]
fn a_file_of_everything() {
    let app = read(
        r#"// what we run
{
  "name": "shop", "addons": ["x"], "environments": {"test": {}}, // Heroku's
  "formation": {"web": {"quantity": 2, "max_parallel": 4}, "worker": {}},
  "healthchecks": {"web": [{"type": "startup", "path": "/up"}], "worker": []},
  "scripts": {"dokku": {"predeploy": "bin/assets", "postdeploy": "bin/tell\n"}, "postdeploy": "bin/seed"},
  "cron": [{"command": "bin/nightly", "schedule": "@daily", "concurrency_policy": "forbid", "maintenance": true},
           {"command": "bin/hourly", "schedule": "0 * * * *"}],
  "env": {
    "PLAIN": "x=1",
    "KEY": {"description": "signs\ncookies\u001b", "generator": "secret"},
    "ASKED": {"required": false},
    "SYNCED": {"value": "2", "sync": true},
    "EMPTY": "", "NOTHING": null
  }
}"#,
    );
    let formation: Vec<_> =
        app.formation.iter().map(|(n, f)| (n.as_str(), f.quantity.map(Scale::get), f.max_parallel)).collect();
    assert_eq!(formation, [("web", Some(2), 4), ("worker", None, 1)]);
    assert!(app.fixes_scale());
    assert_eq!(app.healthchecks.values().map(Vec::len).collect::<Vec<_>>(), [1, 0]);
    let script = |script: &Option<CommandLine>| script.as_ref().map(ToString::to_string);
    assert_eq!(script(&app.scripts.predeploy).as_deref(), Some("bin/assets"));
    assert_eq!(script(&app.scripts.postdeploy).as_deref(), Some("bin/tell\n"));
    assert_eq!(script(&app.scripts.first_postdeploy).as_deref(), Some("bin/seed"));
    assert_eq!(app.cron.iter().map(|entry| entry.maintenance).collect::<Vec<_>>(), [true, false]);
    let env: Vec<_> = app.env.iter().map(|v| (v.key.as_str(), v.default.clone(), v.required, v.sync)).collect();
    let value = |value: &str| EnvDefault::Value { value: value.into() };
    let expected = [
        ("PLAIN", value("x=1"), true, false),
        ("KEY", EnvDefault::Secret, true, false),
        ("ASKED", EnvDefault::Asked, false, false),
        ("SYNCED", value("2"), true, true),
        ("EMPTY", EnvDefault::Asked, true, false),
        ("NOTHING", EnvDefault::Asked, true, false),
    ];
    assert_eq!(env, expected);
    assert_eq!(app.env[1].description.as_deref(), Some("signs cookies"));
    let json = serde_json::to_string(&app).expect("writes");
    assert_eq!(serde_json::from_str::<AppJson>(&json).expect("reads"), app);
}

#[test]
fn a_file_that_says_nothing() {
    for text in
        ["", " \n", "\u{feff}", "{}", "null", "// none\n{}", r#"{"formation": null, "scripts": {"dokku": null}}"#]
    {
        assert_eq!(read(text), AppJson::default(), "{text:?}");
    }
    assert_eq!(read(r#"{"scripts": {"dokku": {"predeploy": " "}, "postdeploy": ""}}"#), AppJson::default());
    assert!(!read(r#"{"formation": {"web": {"max_parallel": 2}, "worker": null}}"#).fixes_scale());
}

#[test]
fn what_is_bent_is_warned_about_in_the_file_s_order() {
    let text = r#"{
  "Formation": {"web": {"quantity": 1, "autoscaling": {}, "max_parallel": 0}, "Web": {"quantity": 3}},
  "buildpacks": [{"url": "heroku/python"}],
  "env": {"A": "1", "A": "2", "B": {"generator": "uuid", "Value": "3"}}
}"#;
    let Read { value, warnings } = AppJson::parse(text).expect("reads");
    let expected = [
        (2, 3, "Formation: the key is written `formation`."),
        (2, 55, "Formation.web.autoscaling: this is ignored"),
        (2, 75, "Formation.web.max_parallel: fewer than one"),
        (2, 79, "Formation.Web: `Web` is no process type"),
        (3, 17, "buildpacks: buildpacks are not used"),
        (4, 21, "env.A: this stands here for a second time"),
        (4, 50, "env.B.generator: the only generator"),
        (4, 58, "env.B.Value: the key is written `value`."),
    ];
    assert_eq!(warnings.len(), expected.len(), "{warnings:#?}");
    for (warning, (line, column, says)) in warnings.iter().zip(expected) {
        assert_eq!(warning.at, Position { line, column }, "{warning}");
        assert!(warning.to_string().contains(says), "{warning}");
    }
    assert_eq!(value.formation.len(), 1);
    let values: Vec<_> = value.env.iter().map(|variable| variable.default.clone()).collect();
    assert_eq!(values, ["2", "3"].map(|value| EnvDefault::Value { value: value.into() }));
}

#[test]
fn every_mistake_has_its_place_its_path_and_its_words() {
    for (text, line, column, path, says) in [
        ("[]", 1, 1, None, "this is a list; an object"),
        ("\"x\"", 1, 1, None, "this is text; an object"),
        ("{\n  \"env\": {},\n}", 3, 1, None, "comma too many"),
        ("{\n  \"é\": x}", 2, 8, None, "value should stand"),
        ("<<<<<<< HEAD\n{}", 1, 1, None, "value should stand"),
        ("{\"formation\": []}", 1, 15, Some("formation"), "this is a list; an object"),
        ("{\"formation\": {\n\"web\": 2}}", 2, 8, Some("formation.web"), "this is a number; an object"),
        (
            r#"{"formation": {"web": {"quantity": "2"}}}"#,
            1,
            36,
            Some("formation.web.quantity"),
            "leave the quotes away",
        ),
        (r#"{"formation": {"web": {"quantity": -1}}}"#, 1, 36, Some("formation.web.quantity"), "0 to 100"),
        (r#"{"formation": {"web": {"quantity": 101}}}"#, 1, 36, Some("formation.web.quantity"), "0 to 100"),
        (r#"{"formation": {"web": {"quantity": 1.5}}}"#, 1, 36, Some("formation.web.quantity"), "whole number"),
        (
            r#"{"formation": {"web": {"max_parallel": "2"}}}"#,
            1,
            40,
            Some("formation.web.max_parallel"),
            "leave the quotes away",
        ),
        (r#"{"formation": {"web": {"max_parallel": 0.5}}}"#, 1, 40, Some("formation.web.max_parallel"), "whole number"),
        (r#"{"healthchecks": {"web": {}}}"#, 1, 26, Some("healthchecks.web"), "this is an object; a list"),
        (r#"{"scripts": "x"}"#, 1, 13, Some("scripts"), "this is text; an object"),
        (r#"{"scripts": {"dokku": []}}"#, 1, 23, Some("scripts.dokku"), "this is a list; an object"),
        (
            r#"{"scripts": {"dokku": {"predeploy": ["x"]}}}"#,
            1,
            37,
            Some("scripts.dokku.predeploy"),
            "this is a list; text",
        ),
        (r#"{"scripts": {"postdeploy": "a\u0000"}}"#, 1, 28, Some("scripts.postdeploy"), "control characters"),
        (r#"{"cron": {}}"#, 1, 10, Some("cron"), "this is an object; a list"),
        (r#"{"cron": [{"command": "x"}]}"#, 1, 11, Some("cron[0]"), "needs a `schedule`"),
        (r#"{"cron": [{"schedule": "@daily"}]}"#, 1, 11, Some("cron[0]"), "needs a `command`"),
        (r#"{"cron": [{"command": "x", "schedule": "* * * * * *"}]}"#, 1, 40, Some("cron[0].schedule"), "five fields"),
        (
            r#"{"cron": [{"command": "x", "schedule": "@daily", "concurrency_policy": "no"}]}"#,
            1,
            72,
            Some("cron[0].concurrency_policy"),
            "allow, forbid or replace",
        ),
        (r#"{"env": {"A": 1}}"#, 1, 15, Some("env.A"), "double quotes"),
        (r#"{"env": {"A": true}}"#, 1, 15, Some("env.A"), "double quotes"),
        (r#"{"env": {"A": []}}"#, 1, 15, Some("env.A"), "this is a list; text"),
        (r#"{"env": {"1A": "x"}}"#, 1, 10, Some("env.1A"), "begins with a letter"),
        (r#"{"env": {"A B": "x"}}"#, 1, 10, Some("env.`A B`"), "only letters"),
        (r#"{"env": {"": "x"}}"#, 1, 10, Some("env.``"), "needs a name"),
        (r#"{"env": {"A": "\u0000"}}"#, 1, 15, Some("env.A"), "zero byte"),
        (r#"{"env": {"A": {"required": "no"}}}"#, 1, 28, Some("env.A.required"), "true or false"),
        (r#"{"env": {"A": {"value": 5}}}"#, 1, 25, Some("env.A.value"), "double quotes"),
    ] {
        let mistake = AppJson::parse(text).expect_err(text);
        assert_eq!((mistake.at, mistake.path.as_deref()), (Position { line, column }, path), "{text}: {mistake}");
        assert!(mistake.what.contains(says), "{text}: {mistake}");
    }
}

#[test]
fn hostile_files_end_in_words() {
    for piece in ["[", "{\"a\":", "{\"env\":", " ", "\"", "//", "1", "{\"\\u", "\0"] {
        let mistake = AppJson::parse(&piece.repeat((1 << 20) / piece.len())).expect_err("too much");
        assert!(mistake.what.contains("256 KiB"), "{piece:?}: {mistake}");
        let _ = AppJson::parse(&piece.repeat((250 << 10) / piece.len()));
    }
    let deep = format!("{{\"x\": {}1{}}}", "[".repeat(1000), "]".repeat(1000));
    assert!(AppJson::parse(&deep).expect_err("too deep").what.contains("64 deep"));
    let many = |key: &str, count: usize, value: &str| {
        let entries: Vec<String> = (0..count).map(|n| format!("\"K{n}\": {value}")).collect();
        format!("{{\"{key}\": {{{}}}}}", entries.join(","))
    };
    assert!(AppJson::parse(&many("env", MOST_VARIABLES + 1, "\"\"")).is_err());
    assert!(AppJson::parse(&many("formation", MOST_PROCESSES + 1, "{}")).is_err());
    // What is nobody's business may be as long as it likes.
    assert!(AppJson::parse(&many("other", 5_000, "{}")).is_ok());
    let escape = AppJson::parse("{\"env\": {\"\u{202e}\\u001b[2J\": 1}}").expect_err("no name").to_string();
    assert!(!escape.contains(['\u{202e}', '\u{1b}']), "{escape:?}");
}

#[test]
fn warnings_end_somewhere_too() {
    let repeated = vec![r#""A": "x""#; 200].join(",");
    let read = AppJson::parse(&format!("{{\"env\": {{{repeated}}}}}")).expect("reads");
    assert_eq!((read.value.env.len(), read.warnings.len()), (1, MOST_WARNINGS));
}

proptest! {
    #[test]
    fn no_text_stops_the_reader(text in any::<String>()) {
        let _ = AppJson::parse(&text);
    }

    #[test]
    fn no_wrong_type_anywhere_stops_it(
        top in "formation|healthchecks|scripts|cron|env|buildpacks",
        inner in "web|dokku|postdeploy|A|Web",
        field in "quantity|path|command|onFailure|httpHeaders|generator|value|predeploy|port",
        value in "null|true|-1|0|1e9|99999999999999999999|\"\"|\"x\"|\\[\\]|\\{\\}|\\[\\[1\\]\\]|\\[null\\]|\\{\"command\": 1\\}",
        shape in 0..5,
    ) {
        let text = match shape {
            0 => format!("{{\"{top}\": {value}}}"),
            1 => format!("{{\"{top}\": {{\"{inner}\": {value}}}}}"),
            2 => format!("{{\"{top}\": {{\"{inner}\": {{\"{field}\": {value}}}}}}}"),
            3 => format!("{{\"{top}\": {{\"{inner}\": [{{\"{field}\": {value}}}]}}}}"),
            _ => format!("{{\"{top}\": [{{\"{field}\": {value}}}]}}"),
        };
        if let Err(mistake) = AppJson::parse(&text) {
            prop_assert!(mistake.path.is_some_and(|path| path.starts_with(&top)), "{}", text);
        }
    }
}
