//! What becomes of each reference that is pushed: one branch deploys, other branches and tags are
//! kept, anything else is refused.

use super::{Command, Commands};
use crate::name::{CommitSha, GitRef};

/// What becomes of a reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// Its commit is deployed; the reference moves when that has gone well.
    Deploy {
        /// The commit.
        commit: CommitSha,
    },
    /// It is kept, or moved.
    Keep {
        /// Its object.
        object: CommitSha,
    },
    /// It is removed.
    Remove,
    /// It stays as it is; git's client shows the words.
    Refuse(&'static str),
}

/// Says what becomes of each command of a push to an app that deploys `branch`. `stands` tells what
/// a reference is now.
#[must_use]
pub fn decide(commands: &Commands, branch: &GitRef, stands: impl Fn(&str) -> Option<CommitSha>) -> Vec<Fate> {
    commands.list.iter().map(|command| fate(commands, command, branch, stands(&command.name))).collect()
}

fn fate(commands: &Commands, command: &Command, branch: &GitRef, stands: Option<CommitSha>) -> Fate {
    if commands.shallow {
        return Fate::Refuse("shallow update not allowed");
    }
    let deploys = command.branch().as_ref() == Some(branch);
    if command.branch().is_none() && !command.is_tag() {
        return Fate::Refuse("only branches and tags with plain names are taken");
    }
    if command.old != stands {
        return Fate::Refuse("it has moved meanwhile; fetch first");
    }
    match (&command.new, deploys) {
        (None, true) => Fate::Refuse("the branch that deploys cannot be removed"),
        (None, false) => Fate::Remove,
        (Some(commit), true) => Fate::Deploy { commit: commit.clone() },
        (Some(object), false) => Fate::Keep { object: object.clone() },
    }
}

/// The branch that an app will deploy that this push creates: the only one of it, else `main`, else
/// `master`, else the first.
#[must_use]
pub fn branch_of_a_new_app(commands: &Commands) -> Option<GitRef> {
    let branches: Vec<GitRef> =
        commands.list.iter().filter(|command| command.new.is_some()).filter_map(Command::branch).collect();
    let usual =
        ["main", "master"].into_iter().find_map(|usual| branches.iter().find(|branch| branch.as_str() == usual));
    usual.or(branches.first()).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pushes::NO_OBJECT;

    fn sha(digit: char) -> CommitSha {
        digit.to_string().repeat(40).parse().expect("an id")
    }

    fn pushed(lines: &[(char, char, &str)]) -> Commands {
        let mut commands = Commands::default();
        let object = |digit: char| if digit == '0' { NO_OBJECT.to_owned() } else { sha(digit).to_string() };
        for (old, new, name) in lines {
            commands.take(format!("{} {} {name}", object(*old), object(*new)).as_bytes()).expect("a command");
        }
        commands
    }

    #[test]
    fn one_branch_deploys_and_the_rest_is_kept() {
        let main: GitRef = "main".parse().expect("a branch");
        let commands = pushed(&[
            ('1', '2', "refs/heads/main"),
            ('0', '3', "refs/heads/topic"),
            ('0', '3', "refs/tags/v1"),
            ('4', '0', "refs/heads/old"),
            ('0', '3', "refs/pull/1/head"),
            ('0', '3', "refs/homeport/pushed"),
        ]);
        let stands = |name: &str| match name {
            "refs/heads/main" => Some(sha('1')),
            "refs/heads/old" => Some(sha('4')),
            _ => None,
        };
        let fates = decide(&commands, &main, stands);
        assert_eq!(fates[0], Fate::Deploy { commit: sha('2') });
        assert_eq!(fates[1], Fate::Keep { object: sha('3') });
        assert_eq!(fates[2], Fate::Keep { object: sha('3') });
        assert_eq!(fates[3], Fate::Remove);
        assert!(matches!(fates[4], Fate::Refuse(_)) && matches!(fates[5], Fate::Refuse(_)));

        let removed = decide(&pushed(&[('1', '0', "refs/heads/main")]), &main, stands);
        assert_eq!(removed, [Fate::Refuse("the branch that deploys cannot be removed")]);
        let stale = decide(&pushed(&[('3', '2', "refs/heads/main")]), &main, stands);
        assert!(matches!(stale[0], Fate::Refuse(words) if words.contains("fetch first")));
        let shallow = Commands { shallow: true, ..pushed(&[('1', '2', "refs/heads/main")]) };
        assert_eq!(decide(&shallow, &main, stands), [Fate::Refuse("shallow update not allowed")]);
    }

    #[test]
    fn a_new_app_deploys_what_was_pushed_first() {
        let branch = |names: &[&str]| {
            let commands = pushed(&names.iter().map(|name| ('0', '1', *name)).collect::<Vec<_>>());
            branch_of_a_new_app(&commands).map(|branch| branch.to_string())
        };
        assert_eq!(branch(&["refs/heads/trunk"]).as_deref(), Some("trunk"));
        assert_eq!(branch(&["refs/heads/a", "refs/heads/master", "refs/heads/main"]).as_deref(), Some("main"));
        assert_eq!(branch(&["refs/heads/a", "refs/heads/master"]).as_deref(), Some("master"));
        assert_eq!(branch(&["refs/tags/v1"]), None);
    }
}
