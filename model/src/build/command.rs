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
