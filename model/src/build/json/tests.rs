use proptest::prelude::*;

use super::*;

/// The tree as serde_json has it.
fn plain(node: &Node<'_>) -> serde_json::Value {
    match &node.value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(flag) => (*flag).into(),
        Value::Number(number) => serde_json::from_str(number).unwrap_or_else(|e| panic!("{number}: {e}")),
        Value::Text(text) => text.as_str().into(),
        Value::List(nodes) => nodes.iter().map(plain).collect(),
        Value::Object(members) => {
            let pair = |member: &Member<'_>| (member.key.clone(), plain(&member.value));
            serde_json::Value::Object(members.iter().map(pair).collect())
        }
    }
}

#[test]
fn comments_go_to_the_line_s_end_and_not_into_text() {
    let node = read("// a\n{ // b }\n \"a\": \"http://x\" //c\n, \"b\": [1, // 2\n 3] }\n//").expect("reads");
    assert_eq!(plain(&node), serde_json::json!({"a": "http://x", "b": [1, 3]}));
}

#[test]
fn escapes_become_what_they_stand_for() {
    let node = read(r#""\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00\u0000""#).expect("reads");
    assert_eq!(node.value, Value::Text("\"\\/\u{8}\u{c}\n\r\té😀\0".into()));
}

#[test]
fn each_way_to_get_it_wrong_has_its_byte() {
    for (text, at, says) in [
        ("", 0, "file ends"),
        ("{", 1, "file ends inside an object"),
        ("[", 1, "file ends where"),
        ("[1", 2, "file ends inside a list"),
        (r#"{"a""#, 4, "colon"),
        (r#"{"a": 1 "b": 2}"#, 8, "comma should"),
        (r#"{"a": 1,}"#, 8, "comma too many"),
        ("[1,]", 3, "comma too many"),
        ("{a: 1}", 1, "double quotes"),
        ("{'a': 1}", 1, "double quotes"),
        ("[yes]", 1, "double quotes"),
        ("[nullx]", 1, "value should stand"),
        ("{} {}", 3, "more text"),
        ("[01]", 2, "does not end"),
        ("[1.]", 3, "behind the point"),
        ("[1e]", 3, "exponent"),
        ("[-]", 2, "digit"),
        ("[+1]", 1, "value should stand"),
        ("[.5]", 1, "value should stand"),
        ("[0x10]", 2, "does not end"),
        (r#"["a]"#, 1, "never closed"),
        ("[\"a\nb\"]", 1, "never closed"),
        ("[\"a\tb\"]", 3, "control character"),
        ("[\"a\0b\"]", 3, "control character"),
        (r#"["\x"]"#, 2, "no such escape"),
        (r#"["\u12g4"]"#, 2, "hexadecimal"),
        (r#"["\ud800"]"#, 2, "hexadecimal"),
        (r#"["\udc00"]"#, 2, "hexadecimal"),
        (r#"["\ud800\u0041"]"#, 2, "hexadecimal"),
        (r#"["\u00é"]"#, 2, "hexadecimal"),
        ("/* a */ {}", 0, "begins with //"),
        ("# a\n{}", 0, "begins with //"),
        ("[1] x", 4, "more text"),
        ("<<<<<<< HEAD", 0, "value should stand"),
        ("é", 0, "value should stand"),
    ] {
        let (found, what) = read(text).err().unwrap_or_else(|| panic!("{text:?} was read"));
        assert_eq!(found, at, "{text:?}: {what}");
        assert!(what.contains(says), "{text:?}: {what}");
    }
}

#[test]
fn depth_ends_somewhere() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(read(&nested(MOST_DEPTH)).is_ok());
    assert_eq!(read(&nested(MOST_DEPTH + 1)).expect_err("too deep").0, MOST_DEPTH);
    for hostile in ["[", "{\"a\":", "[{\"a\":", "[[],"] {
        assert!(read(&hostile.repeat(1000)).is_err());
        assert!(read(&hostile.repeat(100_000)).is_err());
    }
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        (-1e300..1e300).prop_map(|n: f64| n.into()),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            prop::collection::btree_map(any::<String>(), inner, 0..6)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn what_serde_json_writes_is_read_the_same(value in any_json(), is_pretty in any::<bool>()) {
        let text = if is_pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
        let text = text.expect("writes");
        let theirs: serde_json::Value = serde_json::from_str(&text).expect("reads");
        prop_assert_eq!(plain(&read(&text).expect("reads")), theirs);
    }

    #[test]
    fn what_serde_json_reads_is_read_and_nothing_else_but_comments(text in r#"[\[\]{}",:0-9.eE+\-truefalsn \\u\n]{0,24}"#) {
        let theirs = serde_json::from_str::<serde_json::Value>(&text);
        match read(&text) {
            Ok(ours) => {
                // A number that is too big for a float has no value there.
                let is_too_big = theirs.as_ref().is_err_and(|e| e.to_string().contains("out of range"));
                prop_assert!(is_too_big || theirs.is_ok_and(|theirs| theirs == plain(&ours)), "{}", text);
            }
            Err((at, _)) => prop_assert!(theirs.is_err() && at <= text.len(), "{}", text),
        }
    }

    #[test]
    fn no_text_stops_the_reader(text in any::<String>()) {
        let _ = read(&text);
    }
}
