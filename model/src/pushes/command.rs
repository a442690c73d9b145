//! What a push asks for, line by line: `old new name`, the first with what the client understands.

use crate::name::{CommitSha, GitRef};

/// What stands where there is no object.
pub const NO_OBJECT: &str = "0000000000000000000000000000000000000000";
/// More references than these are not changed by one push.
pub const MOST_COMMANDS: usize = 1_000;

/// One change of a reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// What the client believes to be there; nothing for a new one.
    pub old: Option<CommitSha>,
    /// What shall be there; nothing to remove it.
    pub new: Option<CommitSha>,
    /// The reference as the client says it, `refs/heads/main`; printable, without spaces.
    pub name: String,
}

impl Command {
    /// The branch, for a reference that is one and that has a name we take.
    #[must_use]
    pub fn branch(&self) -> Option<GitRef> {
        self.name.strip_prefix("refs/heads/")?.parse().ok()
    }

    /// Whether it is a tag that has a name we take.
    #[must_use]
    pub fn is_tag(&self) -> bool {
        self.name.strip_prefix("refs/tags/").is_some_and(|tag| tag.parse::<GitRef>().is_ok())
    }
}

/// What the client understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wants {
    /// It wants to be told of each reference.
    pub report: bool,
    /// It reads bands, and shows what we say.
    pub bands: bool,
}

/// The commands of a push, read line by line.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Commands {
    /// The changes, in the client's order.
    pub list: Vec<Command>,
    /// What the client understands.
    pub wants: Wants,
    /// Whether the client's own repository is shallow, so that what it sends is not whole.
    pub shallow: bool,
}

impl Commands {
    /// Takes one more line.
    ///
    /// # Errors
    /// A sentence for whoever wrote the client.
    pub fn take(&mut self, line: &[u8]) -> Result<(), &'static str> {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        if line.starts_with(b"shallow ") {
            self.shallow = true;
            return Ok(());
        }
        let (line, capabilities) = match line.iter().position(|byte| *byte == 0) {
            Some(at) if self.list.is_empty() => (&line[..at], &line[at + 1..]),
            Some(_) => return Err("a command has a zero byte"),
            None => (line, &b""[..]),
        };
        for word in capabilities.split(|byte| *byte == b' ') {
            match word {
                b"report-status" => self.wants.report = true,
                b"side-band-64k" => self.wants.bands = true,
                _ => {}
            }
        }
        if self.list.len() == MOST_COMMANDS {
            return Err("a push changes at most 1000 references");
        }
        let command = read(line).ok_or("a command is no command")?;
        if self.list.iter().any(|other| other.name == command.name) {
            return Err("a reference is named twice");
        }
        self.list.push(command);
        Ok(())
    }

    /// Whether a pack follows: it does not when everything is removed.
    #[must_use]
    pub fn bring_a_pack(&self) -> bool {
        self.list.iter().any(|command| command.new.is_some())
    }
}

fn read(line: &[u8]) -> Option<Command> {
    let line = std::str::from_utf8(line).ok()?;
    let (old, rest) = line.split_once(' ')?;
    let (new, name) = rest.split_once(' ')?;
    let object = |text: &str| -> Option<Option<CommitSha>> {
        if text == NO_OBJECT { Some(None) } else { text.parse().ok().map(Some) }
    };
    let plain = name.starts_with("refs/") && name.len() <= 250 && name.bytes().all(|byte| byte.is_ascii_graphic());
    let (old, new) = (object(old)?, object(new)?);
    (plain && (old.is_some() || new.is_some())).then(|| Command { old, new, name: name.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    fn commands(lines: &[String]) -> Result<Commands, &'static str> {
        let mut commands = Commands::default();
        lines.iter().try_for_each(|line| commands.take(line.as_bytes())).map(|()| commands)
    }

    #[test]
    fn the_first_line_says_what_the_client_understands() {
        let first =
            format!("{NO_OBJECT} {A} refs/heads/main\0 report-status side-band-64k object-format=sha1 agent=git/2");
        let read = commands(&[first, format!("{A} {NO_OBJECT} refs/tags/v1\n")]).expect("reads");
        assert_eq!(read.wants, Wants { report: true, bands: true });
        assert_eq!((read.list[0].branch().as_ref().map(GitRef::as_str), read.list[0].is_tag()), (Some("main"), false));
        assert_eq!((read.list[1].branch(), read.list[1].is_tag()), (None, true));
        assert!(read.bring_a_pack() && !read.shallow);
        let removal = commands(&[format!("{A} {NO_OBJECT} refs/heads/old\0report-status")]).expect("reads");
        assert!(!removal.bring_a_pack());
        assert!(commands(&[format!("shallow {A}")]).expect("reads").shallow);
    }

    #[test]
    fn what_is_no_command_is_refused() {
        for line in [
            "".to_owned(),
            "x".to_owned(),
            format!("{A} {A}"),
            format!("{A} {A} heads/main"),
            format!("{NO_OBJECT} {NO_OBJECT} refs/heads/main"),
            format!("{A} {} refs/heads/main", &A[1..]),
            format!("{A} {} refs/heads/main", A.to_uppercase()),
            format!("{A} {A} refs/heads/a b"),
            format!("{A} {A} refs/heads/{}", "x".repeat(300)),
            format!("{A} {A} refs/heads/\u{1b}[31m"),
            format!("push-cert\0{A}"),
        ] {
            assert!(commands(std::slice::from_ref(&line)).is_err(), "{line:?}");
        }
        let twice = format!("{NO_OBJECT} {A} refs/heads/main");
        assert!(commands(&[twice.clone(), twice]).is_err());
        let many: Vec<_> = (0..=MOST_COMMANDS).map(|number| format!("{NO_OBJECT} {A} refs/heads/b{number}")).collect();
        assert!(commands(&many).is_err());
    }

    #[test]
    fn odd_names_are_no_branches() {
        for name in ["refs/heads/-x", "refs/heads/a..b", "refs/heads/$(id)", "refs/heads/", "refs/homeport/pushed"] {
            let command = Command { old: None, new: A.parse().ok(), name: name.to_owned() };
            assert!(command.branch().is_none() && !command.is_tag(), "{name}");
        }
    }
}
