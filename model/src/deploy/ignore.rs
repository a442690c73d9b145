//! `.dockerignore`: what stays out of a build context.
//!
//! The engine leaves this to whoever sends the context. The rules are those of
//! <https://docs.docker.com/build/concepts/context/#dockerignore-files>: one pattern a line, `*`,
//! `?`, `[…]` and `**`, `!` for exceptions, the last match wins, and a folder's match is its files'.
//! `project.toml` names files as `.gitignore` does: the same, but a name alone is meant at any depth,
//! and one with a slash behind it is a folder's (<https://git-scm.com/docs/gitignore>).

/// The patterns of a file, in its order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ignore(Vec<Pattern>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Pattern {
    exception: bool,
    /// Whether only a folder is meant.
    folder: bool,
    parts: Vec<String>,
}

impl Ignore {
    /// Reads a file's text; every text is one.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let lines = text.trim_start_matches('\u{feff}').lines().filter(|line| !line.starts_with('#')).map(str::trim);
        Self(lines.filter_map(pattern).collect())
    }

    /// Reads patterns as `.gitignore` has them, one each.
    #[must_use]
    pub fn of_git(patterns: &[String]) -> Self {
        let patterns = patterns.iter().map(|line| line.trim_end()).filter(|line| !line.starts_with('#'));
        Self(patterns.filter_map(git_pattern).collect())
    }

    /// Whether the file at `path`, from the context's top, stays out.
    #[must_use]
    pub fn leaves_out(&self, path: &str) -> bool {
        let path: Vec<&str> = path.split('/').collect();
        let mut out = false;
        for Pattern { exception, folder, parts } in &self.0 {
            // A pattern that would change nothing needs no look.
            if *exception == out && (1..=path.len() - usize::from(*folder)).any(|depth| matches(parts, &path[..depth]))
            {
                out = !exception;
            }
        }
        out
    }
}

fn pattern(line: &str) -> Option<Pattern> {
    let (exception, rest) = line.strip_prefix('!').map_or((false, line), |rest| (true, rest.trim_start()));
    let mut parts: Vec<String> = Vec::new();
    for part in rest.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part.to_owned()),
        }
    }
    (!parts.is_empty()).then_some(Pattern { exception, folder: false, parts })
}

fn git_pattern(line: &str) -> Option<Pattern> {
    let whole = pattern(line)?;
    let named = line.trim_start_matches('!').trim_end_matches('/');
    // Without a slash before its end it is a name, wherever it stands.
    let anywhere = (!named.contains('/')).then(|| "**".to_owned());
    Some(Pattern { folder: line.ends_with('/'), parts: anywhere.into_iter().chain(whole.parts).collect(), ..whole })
}

fn matches(pattern: &[String], path: &[&str]) -> bool {
    match pattern.split_first() {
        None => path.is_empty(),
        Some((part, rest)) if part == "**" => {
            // At the end it stands for at least one name, elsewhere for any number.
            let least = usize::from(rest.is_empty());
            (least..=path.len()).any(|skipped| matches(rest, &path[skipped..]))
        }
        Some((part, rest)) => {
            let name = path.first().map(|name| name.chars().collect::<Vec<_>>());
            name.is_some_and(|name| matches_name(&part.chars().collect::<Vec<_>>(), &name)) && matches(rest, &path[1..])
        }
    }
}

/// One name; `*` and `?` stay within it. Remembers only the last star, so that it stays quick.
fn matches_name(pattern: &[char], name: &[char]) -> bool {
    let (mut at, mut in_name) = (0, 0);
    let mut star = None;
    while in_name < name.len() {
        if pattern.get(at) == Some(&'*') {
            star = Some((at, in_name));
            at += 1;
        } else if let Some(length) = matches_one(&pattern[at..], name[in_name]) {
            at += length;
            in_name += 1;
        } else if let Some((star_at, star_in_name)) = star {
            star = Some((star_at, star_in_name + 1));
            (at, in_name) = (star_at + 1, star_in_name + 1);
        } else {
            return false;
        }
    }
    pattern[at..].iter().all(|c| *c == '*')
}

/// Whether the pattern's next element stands for `c`, and how long that element is.
fn matches_one(pattern: &[char], c: char) -> Option<usize> {
    match pattern {
        ['?', ..] => Some(1),
        ['[', class @ ..] => {
            let end = class.iter().skip(1).position(|c| *c == ']')? + 1;
            let (inverted, class_chars) = match class[..end].split_first() {
                Some(('^', rest)) => (true, rest),
                _ => (false, &class[..end]),
            };
            let mut found = false;
            let mut rest = class_chars;
            while let Some((first, after)) = rest.split_first() {
                if let ['-', last, ..] = after {
                    found |= (*first..=*last).contains(&c);
                    rest = &after[2..];
                } else {
                    found |= *first == c;
                    rest = after;
                }
            }
            (found != inverted).then_some(end + 2)
        }
        ['\\', escaped, ..] => (*escaped == c).then_some(2),
        [own, ..] => (*own == c).then_some(1),
        [] => None,
    }
}

#[cfg(test)]
mod tests {
    use super::Ignore;

    fn left_out<'a>(text: &str, paths: &[&'a str]) -> Vec<&'a str> {
        let ignore = Ignore::parse(text);
        paths.iter().copied().filter(|path| ignore.leaves_out(path)).collect()
    }

    #[test]
    fn the_examples_of_the_documentation() {
        let text = "# comment\n*/temp*\n*/*/temp*\ntemp?\n";
        let paths =
            ["somedir/temporary.txt", "somedir/temp", "somedir/subdir/temporary.txt", "tempa", "temp", "temporary"];
        assert_eq!(
            left_out(text, &paths),
            ["somedir/temporary.txt", "somedir/temp", "somedir/subdir/temporary.txt", "tempa"]
        );
        assert_eq!(left_out("**/*.go", &["a.go", "x/y/a.go", "a.rs"]), ["a.go", "x/y/a.go"]);
        assert_eq!(left_out("*.md\n!README.md", &["README.md", "OTHER.md"]), ["OTHER.md"]);
        assert_eq!(
            left_out("*.md\n!README*.md\nREADME-secret.md", &["README.md", "README-secret.md"]),
            ["README-secret.md"]
        );
        let nothing = "*.md\nREADME-secret.md\n!README*.md";
        assert_eq!(left_out(nothing, &["README.md", "README-secret.md"]), [""; 0]);
    }

    #[test]
    fn a_folder_takes_its_files_along() {
        let paths = ["node_modules/a/b.js", "src/node_modules/x", "src/main.js", ".env"];
        assert_eq!(left_out("node_modules/\n/.env\n", &paths), ["node_modules/a/b.js", ".env"]);
        assert_eq!(left_out("**/node_modules", &paths), ["node_modules/a/b.js", "src/node_modules/x"]);
        assert_eq!(left_out("src/**\n!src/main.js", &paths), ["src/node_modules/x"]);
        assert_eq!(left_out("*\n!src", &paths), ["node_modules/a/b.js", ".env"]);
    }

    #[test]
    fn names_of_git_are_meant_anywhere_and_folders_are_folders() {
        let named = |patterns: &[&str], path: &str| {
            let patterns: Vec<String> = patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
            Ignore::of_git(&patterns).leaves_out(path)
        };
        for (patterns, path, expected) in [
            (&["*.md"][..], "README.md", true),
            (&["*.md"], "a/b/README.md", true),
            (&["/*.md"], "a/README.md", false),
            (&["docs/"], "docs/a", true),
            (&["docs/"], "x/docs/a/b", true),
            (&["docs/"], "docs", false),
            (&["docs"], "docs", true),
            (&["a/docs"], "x/a/docs", false),
            (&["a/docs"], "a/docs/y", true),
            (&["a/**/z"], "a/b/c/z", true),
            (&["*.md", "!README.md"], "a/README.md", false),
            (&["# a"], "# a", false),
            (&["", "/", "!", "..", "["], "a", false),
        ] {
            assert_eq!(named(patterns, path), expected, "{patterns:?} {path}");
        }
    }

    #[test]
    fn odd_patterns_are_patterns_too() {
        assert_eq!(left_out("[a-c]x[^0-9]", &["axz", "dxz", "bx1"]), ["axz"]);
        assert_eq!(left_out("\\*x", &["*x", "ax"]), ["*x"]);
        assert_eq!(left_out("a/../b\n./c", &["a", "b", "c"]), ["b", "c"]);
        assert_eq!(left_out("[\n\n!\n/\n..\n#b", &["[", "a", "#b"]), [""; 0]);
        let slow = format!("{}b", "*a".repeat(40));
        assert!(!Ignore::parse(&slow).leaves_out(&"a".repeat(200)));
    }
}
