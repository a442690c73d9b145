//! Holds the sources against the table of architecture.md: who may say what, and how long a file
//! may be. It reads texts and knows no compiler, so a rule is a word and the places that may say it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use regex::Regex;

/// A file of the project: its path from the top, and its text without comment lines.
struct Source {
    path: String,
    code: String,
    lines: usize,
}

fn sources(endings: &[&str]) -> Vec<Source> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> =
        ["model", "app", "frontend", "server", "style", "end2end"].iter().map(|name| top.join(name)).collect();
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            if path.is_dir() && !["target", "node_modules", "test-results"].contains(&name.as_str()) {
                folders.push(path);
            } else if endings.iter().any(|ending| name.ends_with(ending)) {
                let text = fs::read_to_string(&path).expect("read");
                let relative = path.strip_prefix(&top).expect("below the top").to_string_lossy().into_owned();
                let code = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>();
                found.push(Source { path: relative, lines: text.lines().count(), code: code.join("\n") });
            }
        }
    }
    assert!(found.len() > 50, "the sources were not found");
    found
}

/// Files whose code matches `word` and whose path none of `allowed` begins or fits.
fn say(word: &str, within: &str, allowed: &[&str]) -> Vec<String> {
    let word = Regex::new(word).expect("a pattern");
    let allowed: Vec<Regex> = allowed.iter().map(|path| Regex::new(&format!("^{path}")).expect("a pattern")).collect();
    sources(&[".rs"])
        .into_iter()
        .filter(|file| file.path.starts_with(within) && word.is_match(&file.code))
        .map(|file| file.path)
        .filter(|path| !allowed.iter().any(|allowed| allowed.is_match(path)))
        .collect()
}

fn nobody_else_says(word: &str, within: &str, allowed: &[&str]) {
    let offenders = say(word, within, allowed);
    assert!(offenders.is_empty(), "{word} is said in {offenders:#?}; only {allowed:?} may");
    let rule_is_alive = allowed.is_empty() || !say(word, within, &[]).is_empty();
    assert!(rule_is_alive, "nobody says {word} any more; drop or mend the rule");
}

#[test]
fn engines_crates_stay_in_their_folders() {
    nobody_else_says(r"\bsqlx::", "server/src", &["server/src/db/", r"server/src/.*/store(/|\.rs)"]);
    nobody_else_says(r"\bbollard::", "server/src", &["server/src/drivers/docker/"]);
    nobody_else_says(r"\bwebauthn_rs\b", "server/src", &["server/src/accounts/ceremony"]);
    nobody_else_says(r"Command::new\(", "server/src", &["server/src/drivers/process"]);
    nobody_else_says(r"\brussh::", "server/src", &["server/src/ssh/", "server/src/ssh_keys/"]);
    nobody_else_says(r"\bhickory_proto::", "server/src", &["server/src/drivers/dns/"]);
    nobody_else_says(
        r"\b(x509_parser|rcgen|rustls|tokio_rustls|webpki_roots)::",
        "server/src",
        // Authorities and the checks of containers are spoken to over TLS, too.
        &[
            "server/src/drivers/tls/",
            "server/src/drivers/acme/",
            "server/src/drivers/probe/tls",
            "server/src/drivers/onlooker",
        ],
    );
    // Any certificate is taken in one place, and by whoever asks that for it.
    nobody_else_says(r"\.dangerous\(\)|ServerCertVerifier\b", "server/src", &["server/src/drivers/onlooker"]);
    nobody_else_says(r"\bonlooker::", "server/src", &["server/src/drivers/tls/", "server/src/drivers/probe/tls"]);
    nobody_else_says(r"\binstant_acme::", "server/src", &["server/src/drivers/acme/"]);
    nobody_else_says(r"\bureq::", "server/src", &["server/src/egress", "server/src/cli/"]);
}

#[test]
fn the_model_is_pure_and_the_page_knows_only_the_model() {
    nobody_else_says(r"\b(tokio|std::fs|std::net::Tcp|sqlx|leptos|SystemTime|Instant::now)\b", "model/src", &[]);
    nobody_else_says(r"\b(homeport_server|sqlx|bollard)\b", "app/src", &[]);
}

#[test]
fn http_asks_services_and_never_drivers() {
    nobody_else_says(r"crate::drivers|\bdrivers::", "server/src/http", &[]);
}

#[test]
fn drivers_know_neither_the_store_nor_each_other() {
    let above = r"crate::(db|live|jobs|apps|deploys|domains|accounts|activity|host|http|audit|seal|failure|compose)\b";
    nobody_else_says(above, "server/src/drivers", &[]);
    let drivers = ["acme", "dns", "docker", "git", "nat", "nginx", "tls"];
    for driver in drivers {
        let others: Vec<&str> = drivers.into_iter().filter(|other| *other != driver).collect();
        let word = format!(r"(drivers|super)::({})\b", others.join("|"));
        nobody_else_says(&word, &format!("server/src/drivers/{driver}"), &[]);
    }
}

#[test]
fn jobs_and_reconcilers_know_no_noun() {
    let nouns = r"crate::(apps|deploys|domains|accounts|activity|host|http|drivers)\b";
    nobody_else_says(nouns, "server/src/jobs", &[]);
    nobody_else_says(nouns, "server/src/reconcile", &[]);
}

#[test]
fn a_file_fits_in_a_head() {
    let long: Vec<String> = sources(&[".rs", ".css", ".ts"])
        .into_iter()
        .filter(|file| file.lines > 500)
        .map(|file| format!("{} has {} lines", file.path, file.lines))
        .collect();
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn pages_have_no_inline_styles_and_no_unescaped_markup() {
    nobody_else_says(r"inner_html|\bstyle=", "app/src", &[]);
}
