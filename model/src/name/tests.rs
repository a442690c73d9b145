//! Every typed name against the payloads of security.md C-01 to C-08.

use super::*;

/// Strings that must never pass as any name.
const HOSTILE: &[&str] = &[
    "$(touch /tmp/pwn-1)",
    "`touch /tmp/pwn-2`",
    "a;touch /tmp/pwn-3",
    "a|touch",
    "a&&b",
    "a\nb",
    "a\rb",
    "'",
    "\"",
    "a\0b",
    "%0a",
    "${IFS}",
    "--upload-pack=touch /tmp/pwn",
    "-oProxyCommand=touch /tmp/pwn",
    "--output=/tmp/pwn",
    "ext::sh -c touch% /tmp/pwn",
    "file:///etc",
    "ssh://-oProxyCommand=x/y",
    "git@-oX:y",
    "../../etc/passwd",
    "/etc/passwd\0",
    "a.com; } server { listen 80 default_server; location / { alias /; } #",
    "a.com\nload_module x;",
    "$request_uri",
    "{",
    "}",
    "#",
    "é",
    "",
    " ",
];

#[test]
fn hostile_strings_are_no_names() {
    for text in HOSTILE {
        assert!(text.parse::<AppName>().is_err(), "app {text:?}");
        assert!(text.parse::<HostName>().is_err(), "host {text:?}");
        assert!(text.parse::<GitRef>().is_err(), "ref {text:?}");
        assert!(text.parse::<CommitSha>().is_err(), "sha {text:?}");
        assert!(text.parse::<CommitRef>().is_err(), "commit {text:?}");
        assert!(text.parse::<RepoUrl>().is_err(), "url {text:?}");
        assert!(RepoUrl::from_typed(text).is_err(), "typed url {text:?}");
        assert!(text.parse::<ImageRef>().is_err(), "image {text:?}");
        assert!(text.parse::<EnvKey>().is_err(), "env {text:?}");
        assert!(text.parse::<RelPath>().is_err(), "path {text:?}");
        assert!(text.parse::<UrlPath>().is_err(), "url path {text:?}");
        assert!(text.parse::<Port>().is_err(), "port {text:?}");
    }
}

#[test]
fn the_short_way_to_write_an_ssh_address_is_understood() {
    let typed = |text: &str| RepoUrl::from_typed(text).map(String::from).map_err(|refused| refused.0);
    assert_eq!(typed(" git@github.com:you/app.git "), Ok("ssh://git@github.com/you/app.git".into()));
    assert_eq!(typed("git@git.example.com:/srv/app"), Ok("ssh://git@git.example.com/srv/app".into()));
    assert_eq!(typed("https://git.example.com/a"), Ok("https://git.example.com/a".into()));
    for text in ["git@host.example:", "-oX=y@host.example:a", "git@-x.example:a", "host.example:a", "a@b.example:../c"]
    {
        assert!(typed(text).is_err(), "{text}");
    }
}

#[test]
fn app_names_are_labels() {
    for good in ["a", "shop", "my-app-2", "a1234567890123456789012345678901"] {
        assert!(good.parse::<AppName>().is_ok(), "{good}");
    }
    for bad in ["-a", "a-", "A", "a_b", "a.b", "a12345678901234567890123456789012"] {
        assert!(bad.parse::<AppName>().is_err(), "{bad}");
    }
}

#[test]
fn host_names() {
    for good in ["shop.example.com", "xn--mnchen-3ya.de", "shop.localhost", "a-b.c1"] {
        assert!(good.parse::<HostName>().is_ok(), "{good}");
    }
    for bad in ["localhost", "a..b", "-a.com", "a-.com", "a.com:443", "*.*.com", "1.2.3.4", "A.com", "a.com."] {
        assert!(bad.parse::<HostName>().is_err(), "{bad}");
    }
    let long = format!("{}.com", "a".repeat(250));
    assert!(long.parse::<HostName>().is_err());
}

#[test]
fn repository_addresses() {
    for good in [
        "https://github.com/you/app.git",
        "https://git.example.com:8443/a/b",
        "ssh://git@github.com/you/app.git",
        "ssh://git@git.example.com:2222/~you/app",
        "http://127.0.0.1:3000/you/app.git",
    ] {
        assert!(good.parse::<RepoUrl>().is_ok(), "{good}");
    }
    for bad in [
        "https://user:pw@github.com/you/app",
        "https://token@github.com/you/app",
        "git://github.com/you/app",
        "https://github.com",
        "https://github.com/",
        "https://github.com/../x",
        "https://github.com/a b",
        "https://gi thub.com/a",
        "https://github.com:99999/a",
        "https://github.com:+80/a",
        "ssh://-x@h.com/a",
    ] {
        assert!(bad.parse::<RepoUrl>().is_err(), "{bad}");
    }
}

#[test]
fn commits() {
    let whole = "0123456789abcdef0123456789abcdef01234567";
    let named = whole.parse::<CommitRef>().expect("a commit");
    assert_eq!(named.whole().expect("whole").as_str(), whole);
    assert_eq!("0123456".parse::<CommitRef>().expect("a commit").whole(), None);
    for bad in ["012345", "HEAD", "main", "0123456G", "0123456ABC", "0123456^", &format!("{whole}0")] {
        assert!(bad.parse::<CommitRef>().is_err(), "{bad}");
    }
}

#[test]
fn image_references() {
    let digest = format!("app@sha256:{}", "a".repeat(64));
    for good in ["nginx", "nginx:1.27", "ghcr.io/you/app:main", "localhost:5000/x/y", "a/b__c/d-e.f", &digest] {
        assert!(good.parse::<ImageRef>().is_ok(), "{good}");
    }
    for bad in ["alpine;touch", "$(id)/x:1", "UPPER", "a//b", "a:", "a@sha256:xyz", "a___b", ".a", "a:b:c d", "-a"] {
        assert!(bad.parse::<ImageRef>().is_err(), "{bad}");
    }
}

#[test]
fn refs_and_paths() {
    for good in ["main", "feature/x", "v1.2.3", "release-2"] {
        assert!(good.parse::<GitRef>().is_ok(), "{good}");
    }
    for bad in ["-x", "a..b", "a@{1}", "@", "/a", "a/", "a.lock", ".a", "a b", "a~1"] {
        assert!(bad.parse::<GitRef>().is_err(), "{bad}");
    }
    for good in [".", "site", "docs/public", "a.b/c_d", "@scope"] {
        assert!(good.parse::<RelPath>().is_ok(), "{good}");
    }
    for bad in ["..", "a/../b", "/a", "a//b", "./a", "a/.", "a\\b", "-a", "a/-b"] {
        assert!(bad.parse::<RelPath>().is_err(), "{bad}");
    }
}
