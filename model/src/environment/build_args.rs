//! Secrets and Dockerfiles: a secret is never a build arg, because whoever has the image can read
//! those (security.md, C-29).

use crate::{
    name::EnvKey,
    problem::{Code, Problem},
};

/// Refuses a Dockerfile that wants a secret as a build arg.
///
/// # Errors
/// Names the variable, and how it is to be mounted instead.
pub fn refuse_secret_args<'a>(dockerfile: &str, secrets: impl IntoIterator<Item = &'a EnvKey>) -> Result<(), Problem> {
    let wanted: Vec<&str> = args(dockerfile).collect();
    match secrets.into_iter().find(|key| wanted.contains(&key.as_str())) {
        None => Ok(()),
        Some(key) => Err(Problem::new(
            Code::Invalid,
            format!(
                "The Dockerfile wants {key} as ARG, but it is a secret: whoever has the image can read build args."
            ),
        )
        .hint(format!("Mount it where it is needed: RUN --mount=type=secret,id={key} … , and remove the ARG."))),
    }
}

/// The names after `ARG`.
fn args(dockerfile: &str) -> impl Iterator<Item = &str> {
    dockerfile
        .lines()
        .filter_map(|line| {
            let (word, rest) = line.trim_start().split_once(char::is_whitespace)?;
            word.eq_ignore_ascii_case("arg").then_some(rest)
        })
        .flat_map(str::split_whitespace)
        .map(|arg| arg.split_once('=').map_or(arg, |(name, _)| name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_no_build_arg() {
        let keys: [EnvKey; 1] = ["NPM_TOKEN".parse().expect("a name")];
        for dockerfile in ["ARG NPM_TOKEN", "FROM x\n  arg A=1 NPM_TOKEN=none\nRUN y"] {
            let refused = refuse_secret_args(dockerfile, &keys).expect_err(dockerfile);
            assert!(refused.hint.is_some_and(|hint| hint.contains("--mount=type=secret,id=NPM_TOKEN")));
        }
        for dockerfile in ["# ARG NPM_TOKEN", "ARG NPM_TOKENS", "RUN --mount=type=secret,id=NPM_TOKEN npm ci", ""] {
            assert_eq!(refuse_secret_args(dockerfile, &keys), Ok(()), "{dockerfile}");
        }
    }
}
