//! Who still gets in when a name of the panel is given up.

use std::collections::BTreeMap;

use crate::{
    actor::Role,
    problem::{Code, Problem},
};

/// By which name a passkey lets its person in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// The one that is to be given up.
    Leaving,
    /// The one of the configuration.
    Configured,
    /// Another one.
    Other,
    /// None: its name was given up before.
    Gone,
}

/// One passkey, and whose it is.
#[derive(Debug, Clone)]
pub struct Holder {
    /// The person's id.
    pub user: String,
    /// What they are called.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Where it lets them in.
    pub door: Door,
}

/// What giving a name up takes from people, as sentences to be confirmed; `by_ssh` is the address of the
/// configuration where it is not https, so that people reach it over ssh only.
///
/// # Errors
/// [`Code::Conflict`] when `actor` or every owner would be left without a passkey that lets them in.
pub fn leave(holders: &[Holder], actor: &str, by_ssh: Option<&str>) -> Result<Vec<String>, Problem> {
    let mut people: BTreeMap<&str, (&Holder, Vec<Door>)> = BTreeMap::new();
    for holder in holders {
        people.entry(&holder.user).or_insert((holder, Vec::new())).1.push(holder.door);
    }
    let enters = |doors: &[Door]| doors.iter().any(|door| matches!(door, Door::Configured | Door::Other));
    let refuse = |title: &str| {
        Problem::new(Code::Conflict, title).hint("Make a passkey under another name first, or nobody gets in.")
    };
    if people.get(actor).is_some_and(|(_, doors)| !enters(doors)) {
        return Err(refuse("Every passkey of yours belongs to this name."));
    }
    if !people.values().any(|(person, doors)| person.role == Role::Owner && enters(doors)) {
        return Err(refuse("Every passkey of the owners belongs to this name."));
    }
    let mut cautions = Vec::new();
    let mut lost: Vec<&str> = people
        .values()
        .filter(|(_, doors)| doors.contains(&Door::Leaving) && !enters(doors))
        .map(|(person, _)| person.name.as_str())
        .collect();
    lost.sort_unstable();
    match lost.as_slice() {
        [] => {}
        [one] => cautions.push(format!("{one} signs in under this name only, and would not get in any more.")),
        [most @ .., last] => cautions.push(format!(
            "{} and {last} sign in under this name only, and would not get in any more.",
            most.join(", ")
        )),
    }
    if let Some(address) = by_ssh
        && let Some((_, doors)) = people.get(actor)
        && doors.contains(&Door::Leaving)
        && !doors.contains(&Door::Other)
    {
        cautions.push(format!("You would get in at {address} only, which is reached over ssh."));
    }
    Ok(cautions)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder(user: &str, role: Role, door: Door) -> Holder {
        Holder { user: user.into(), name: user.to_uppercase(), role, door }
    }

    #[test]
    fn the_actor_and_an_owner_keep_a_way_in() {
        use Door::{Configured, Gone, Leaving, Other};
        let viewer = holder("v", Role::Viewer, Configured);
        let only_here = [holder("a", Role::Owner, Leaving), viewer.clone()];
        assert_eq!(leave(&only_here, "a", None).expect_err("locked out").code, Code::Conflict);
        // Somebody at the host, who has no passkey, does not lock the owners out either.
        assert!(leave(&only_here, "host", None).expect_err("locked out").title.contains("owners"));
        let gone = [holder("a", Role::Owner, Leaving), holder("a", Role::Owner, Gone), viewer.clone()];
        assert!(leave(&gone, "a", None).is_err(), "a passkey of a name that is gone opens nothing");
        let other_owner = [holder("a", Role::Owner, Leaving), holder("b", Role::Owner, Other)];
        assert!(leave(&other_owner, "a", None).expect_err("locked out").title.contains("yours"));
        for door in [Configured, Other] {
            let kept = [holder("a", Role::Owner, Leaving), holder("a", Role::Owner, door), viewer.clone()];
            assert_eq!(leave(&kept, "a", None).expect("kept"), Vec::<String>::new());
        }
    }

    #[test]
    fn whoever_loses_their_last_one_is_named_and_so_is_a_way_by_ssh() {
        use Door::{Configured, Leaving, Other};
        let mut all = vec![holder("a", Role::Owner, Other), holder("b", Role::Owner, Leaving)];
        assert!(leave(&all, "a", None).expect("asked")[0].starts_with("B signs in"));
        all.extend([
            holder("c", Role::Viewer, Leaving),
            holder("d", Role::Viewer, Leaving),
            holder("d", Role::Viewer, Other),
        ]);
        assert!(leave(&all, "a", None).expect("asked")[0].starts_with("B and C sign in"));
        let ssh = Some("http://localhost:7380");
        let configured = [holder("a", Role::Owner, Leaving), holder("a", Role::Owner, Configured)];
        assert!(leave(&configured, "a", ssh).expect("asked")[0].contains("http://localhost:7380"));
        assert!(leave(&configured, "a", None).expect("asked").is_empty());
        assert!(leave(&all, "a", ssh).expect("asked").len() == 1);
    }
}
