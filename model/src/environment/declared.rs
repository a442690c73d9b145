//! What `app.json` asks of an app's environment, decided at a deploy.

use std::collections::BTreeSet;

use super::Environment;
use crate::{
    build::{EnvDeclaration, EnvDefault},
    name::{AppName, EnvKey},
    problem::{Code, Problem},
};

/// A variable that is to be set.
#[derive(Clone, PartialEq, Eq)]
pub enum Wanted {
    /// To what the file says.
    Value(String),
    /// To a made secret.
    Secret,
}

/// Decides which variables a deploy sets. `known` are those that the release that serves had
/// declared: what a person has removed since then stays removed. A value that is there is never
/// replaced, unless it is written in the file and says `sync`.
///
/// # Errors
/// Names the required variables that have no value.
pub fn decide(
    app: &AppName,
    declarations: &[EnvDeclaration],
    known: &BTreeSet<EnvKey>,
    has: &Environment,
) -> Result<Vec<(EnvKey, Wanted)>, Problem> {
    let mut wanted = Vec::new();
    let mut missing = Vec::new();
    for declaration in declarations {
        let key = &declaration.key;
        let (there, is_new) = (has.get(key), !known.contains(key));
        match &declaration.default {
            EnvDefault::Value { value } => {
                let other = there.is_some_and(|variable| variable.value != *value);
                if (there.is_none() && (is_new || declaration.sync)) || (other && declaration.sync) {
                    wanted.push((key.clone(), Wanted::Value(value.clone())));
                }
            }
            EnvDefault::Secret if there.is_none() && (is_new || declaration.sync) => {
                wanted.push((key.clone(), Wanted::Secret));
            }
            EnvDefault::Asked if there.is_none() && declaration.required => missing.push(key.as_str()),
            EnvDefault::Secret | EnvDefault::Asked => {}
        }
    }
    match missing.as_slice() {
        [] => Ok(wanted),
        [one] => Err(Problem::new(Code::Invalid, format!("app.json requires {one}, which is not set."))
            .hint(format!("Set it on the environment page (/apps/{app}/environment), then deploy again."))),
        more => Err(Problem::new(Code::Invalid, format!("app.json requires {}, which are not set.", more.join(", ")))
            .hint(format!("Set them on the environment page (/apps/{app}/environment), then deploy again."))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        build::AppJson,
        environment::{EnvScope, Variable},
    };

    fn decided(text: &str, known: &[&str], has: &[(&str, &str)]) -> Result<Vec<(String, String)>, String> {
        let declared = AppJson::parse(text).expect("app.json").value.env;
        let known = known.iter().map(|key| key.parse().expect("a name")).collect();
        let has = has.iter().map(|(key, value)| {
            let variable = Variable { value: (*value).to_owned(), secret: false, scope: EnvScope::Run };
            (key.parse().expect("a name"), variable)
        });
        let wanted = decide(&"shop".parse().expect("a name"), &declared, &known, &has.collect());
        let said = |(key, wanted): (EnvKey, Wanted)| match wanted {
            Wanted::Value(value) => (key.to_string(), value),
            Wanted::Secret => (key.to_string(), "(made)".to_owned()),
        };
        wanted.map(|all| all.into_iter().map(said).collect()).map_err(|problem| problem.to_string())
    }

    const FILE: &str = r#"{"env": {
        "PLAIN": "one", "SYNCED": {"value": "two", "sync": true},
        "MADE": {"generator": "secret"}, "MADE_AND_SYNCED": {"generator": "secret", "sync": true},
        "ASKED": {"description": "the key of the shop"}, "MAYBE": {"required": false}
    }}"#;

    #[test]
    fn a_first_deploy_sets_what_is_missing_and_no_value_that_is_there() {
        let wanted = decided(FILE, &[], &[("ASKED", "x"), ("PLAIN", "mine")]).expect("nothing is missing");
        let own = |(a, b): (&str, &str)| (a.to_owned(), b.to_owned());
        assert_eq!(wanted, [("SYNCED", "two"), ("MADE", "(made)"), ("MADE_AND_SYNCED", "(made)")].map(own));
    }

    #[test]
    fn later_deploys_leave_what_was_removed_and_sync_what_says_so() {
        let known = ["PLAIN", "SYNCED", "MADE", "MADE_AND_SYNCED"];
        let has = [("ASKED", "x"), ("SYNCED", "changed by hand"), ("MADE_AND_SYNCED", "kept")];
        assert_eq!(decided(FILE, &known, &has).expect("fine"), [("SYNCED".to_owned(), "two".to_owned())]);
    }

    #[test]
    fn what_is_required_and_missing_is_named() {
        let refused = decided(FILE, &[], &[]).expect_err("ASKED is missing");
        assert!(refused.contains("app.json requires ASKED, which is not set."), "{refused}");
        let two = decided(r#"{"env": {"A": {}, "B": null}}"#, &[], &[]).expect_err("both are missing");
        assert!(two.contains("requires A, B, which are"), "{two}");
    }
}
