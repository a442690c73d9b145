//! What a process, a script or a check runs.

use super::position::is_unsafe;
use crate::name::Port;

/// The longest command, in bytes; the kernel takes four times as much in one argument.
pub(super) const MOST_COMMAND_BYTES: usize = 32 * 1024;

crate::name::parsed!(
    /// A command as it stands in `Procfile` or `app.json`: not blank, at most
    /// 32 KiB, no control characters but tabs and line breaks, none that turn the
    /// direction of writing. Nobody has split it into words yet.
    CommandLine,
    |text| {
        if text.trim().is_empty() {
            return Err("there is no command.");
        }
        if text.len() > MOST_COMMAND_BYTES {
            return Err("a command has at most 32 KiB.");
        }
        if text.contains(|c| is_unsafe(c) && !matches!(c, '\t' | '\n')) {
            return Err("a command has no control characters.");
        }
        Ok(())
    }
);

impl CommandLine {
    /// The command as words for the engine, the port written out. Quotes and backslashes are
    /// understood as a shell does; what only a shell can do (`&&`, `|`, `$NAME`, `*`) goes to the
    /// image's own `sh`, because files written for Heroku count on one.
    #[must_use]
    pub fn words(&self, port: Port) -> Vec<String> {
        let line = self.with_port(port);
        match shlex::split(&line).filter(|words| !words.is_empty()) {
            Some(words) if !needs_shell(&line) => words,
            _ => vec!["sh".to_owned(), "-c".to_owned(), line],
        }
    }

    /// The command with `$PORT` and `${PORT}` written out (dokku-contract.md, 2.2). Quotes and
    /// backslashes do not keep them from it, as in Dokku; other variables stay for the app.
    #[must_use]
    pub fn with_port(&self, port: Port) -> String {
        let mut rest = self.as_str();
        let mut command = String::with_capacity(rest.len());
        while let Some(dollar) = rest.find('$') {
            command.push_str(&rest[..dollar]);
            rest = &rest[dollar..];
            let after = rest.strip_prefix("${PORT}").or_else(|| {
                let after = rest.strip_prefix("$PORT")?;
                let goes_on = after.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
                (!goes_on).then_some(after)
            });
            if let Some(after) = after {
                command.push_str(&port.to_string());
                rest = after;
            } else {
                command.push('$');
                rest = &rest[1..];
            }
        }
        command.push_str(rest);
        command
    }
}

/// Commands that only a shell has.
const BUILT_IN: [&str; 12] =
    [".", ":", "cd", "eval", "exec", "exit", "export", "set", "source", "trap", "ulimit", "umask"];

/// Whether something stands outside of single quotes that a shell would act upon.
fn needs_shell(line: &str) -> bool {
    let (mut single, mut double, mut escaped, mut at_word) = (false, false, false, true);
    for c in line.chars() {
        let plain = escaped || single;
        match c {
            '\'' if !double && !escaped => single = !single,
            '"' if !plain => double = !double,
            '\\' if !plain => {
                escaped = true;
                continue;
            }
            '$' | '`' if !plain => return true,
            '&' | '|' | ';' | '<' | '>' | '(' | ')' | '*' | '?' | '[' | '{' | '\n' if !plain && !double => return true,
            '~' if !plain && !double && at_word => return true,
            _ => {}
        }
        (escaped, at_word) = (false, c.is_whitespace());
    }
    // `NAME=value program` is a shell's way to say a variable, and some words are only a shell's.
    let first = line.split_whitespace().next().unwrap_or_default();
    BUILT_IN.contains(&first)
        || first.split_once('=').is_some_and(|(name, _)| name.parse::<crate::name::EnvKey>().is_ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn port() -> Port {
        Port::try_from(5000).expect("a port")
    }

    #[test]
    fn the_port_is_written_out_and_nothing_else() {
        for (command, expanded) in [
            ("puma -p $PORT", "puma -p 5000"),
            ("puma -p ${PORT}", "puma -p 5000"),
            ("a $PORT:$PORT ${PORT}x", "a 5000:5000 5000x"),
            ("sh -c 'x $PORT'", "sh -c 'x 5000'"),
            ("x $PORTS $PORT_2 $PORT2", "x $PORTS $PORT_2 $PORT2"),
            ("x $port ${PORT ${PORTS} $ $", "x $port ${PORT ${PORTS} $ $"),
            ("x $$PORT", "x $5000"),
            ("x $DATABASE_URL é$PORT", "x $DATABASE_URL é5000"),
        ] {
            let line: CommandLine = command.parse().expect("a command");
            assert_eq!(line.with_port(port()), expanded);
        }
    }

    #[test]
    fn a_command_is_split_as_a_shell_would_and_left_to_one_where_it_must() {
        let words = |line: &str| line.parse::<CommandLine>().expect("a command").words(port());
        assert_eq!(words("gunicorn app:app -b 0.0.0.0:$PORT"), ["gunicorn", "app:app", "-b", "0.0.0.0:5000"]);
        assert_eq!(words(r#"say 'a b' "c d" e\ f '' '$HOME * |'"#), ["say", "a b", "c d", "e f", "", "$HOME * |"]);
        for line in [
            "./migrate && ./serve",
            "a | b",
            "serve $HOST",
            "serve \"$HOST\"",
            "A=1 serve",
            "ls *.txt",
            "a; b",
            "cd ~",
            "exec ./serve",
            "exit 3",
            "unbalanced 'quote",
            "a > b",
            "f() { x; }",
        ] {
            assert_eq!(words(line), ["sh", "-c", line], "{line}");
        }
        assert_eq!(words("serve a~b --x=y"), ["serve", "a~b", "--x=y"]);
    }

    #[test]
    fn hostile_commands_are_refused() {
        for text in ["", " ", "\n", "a\0b", "a\u{1b}[2J", "a\rb", "a\u{202e}b", "a\u{85}b", "a\u{7f}"] {
            assert!(text.parse::<CommandLine>().is_err(), "{text:?}");
        }
        assert!("x".repeat(MOST_COMMAND_BYTES).parse::<CommandLine>().is_ok());
        assert!("x".repeat(MOST_COMMAND_BYTES + 1).parse::<CommandLine>().is_err());
    }

    proptest! {
        #[test]
        fn writing_out_the_port_leaves_none_behind(text in "[$PORT{}_ 1é]{0,40}") {
            if let Ok(line) = text.parse::<CommandLine>() {
                let expanded = line.with_port(port());
                let is_left = expanded.contains("${PORT}");
                prop_assert!(!is_left);
                let is_plain = !text.contains("$PORT") && !text.contains("${PORT}");
                prop_assert!(!is_plain || expanded == text);
            }
        }
    }
}
