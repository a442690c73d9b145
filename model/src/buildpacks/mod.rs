//! Cloud Native Buildpacks: which builder image builds an app, with which buildpacks, and what the
//! image that comes out says of its processes.
//!
//! The lifecycle's `creator` runs in a container of the builder image and leaves its image as files
//! (`-layout`, platform API 0.12 and newer); the panel hands those to the engine. So nothing that a
//! repository brings along ever speaks to the engine or to a registry of ours. Names and rules are
//! those of <https://github.com/buildpacks/spec/blob/main/platform.md>.

pub mod builder;
pub mod launch;
pub mod layout;

pub use builder::BuilderImage;
pub use launch::Launch;

use crate::problem::{Code, Problem};

/// The builder of an app that names none.
pub const USUAL_BUILDER: &str = "heroku/builder:24";
/// How many buildpacks an app names at most.
pub const MOST_BUILDPACKS: usize = 20;

crate::name::parsed!(
    /// A buildpack of the builder image: `heroku/nodejs`, with a version `heroku/nodejs@5.1.1`, or as
    /// `urn:cnb:builder:heroku/nodejs`. One that would have to be fetched (`docker://`, `https://`,
    /// `urn:cnb:registry:`) is none: the lifecycle fetches nothing.
    Buildpack,
    |text| {
        const NOT_HERE: &str =
            "Only buildpacks that are in the builder image can be named, like heroku/nodejs: nothing is fetched.";
        if text.len() > 200 {
            return Err("A buildpack's name has at most 200 characters.");
        }
        let named = text.strip_prefix("urn:cnb:builder:").unwrap_or(text);
        if named.contains("://") || named.starts_with("urn:") || named.starts_with("from=") {
            return Err(NOT_HERE);
        }
        let (id, version) = named.split_once('@').map_or((named, None), |(id, version)| (id, Some(version)));
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"./-".contains(&b);
        let starts = |text: &str| text.starts_with(|c: char| c.is_ascii_alphanumeric());
        if !starts(id) || !id.bytes().all(plain) || id.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err("A buildpack has a name of letters, digits and . / -, like heroku/nodejs.");
        }
        let in_version = |b: u8| b.is_ascii_alphanumeric() || b".+-".contains(&b);
        match version {
            Some(version) if !starts(version) || !version.bytes().all(in_version) => {
                Err("A buildpack's version is like 5.1.1.")
            }
            _ => Ok(()),
        }
    }
);

impl Buildpack {
    /// Its id, and its version where one is named.
    #[must_use]
    pub fn id_and_version(&self) -> (&str, Option<&str>) {
        let named = self.as_str().strip_prefix("urn:cnb:builder:").unwrap_or(self.as_str());
        named.split_once('@').map_or((named, None), |(id, version)| (id, Some(version)))
    }
}

/// An `order.toml` with one group of these buildpacks in their order.
///
/// # Errors
/// The first that the builder image does not have, with those that it has.
pub fn order(wanted: &[Buildpack], builder: &BuilderImage) -> Result<String, Problem> {
    let mut text = String::from("[[order]]\n");
    for buildpack in wanted {
        let (id, version) = buildpack.id_and_version();
        let fits = |(known, has): &&(String, String)| known == id && version.is_none_or(|version| version == has);
        let Some((id, version)) = builder.buildpacks.iter().rev().find(fits) else {
            let mut known: Vec<&str> = builder.buildpacks.iter().map(|(id, _)| id.as_str()).collect();
            known.sort_unstable();
            known.dedup();
            return Err(Problem::new(Code::Invalid, format!("The builder image has no buildpack {buildpack}."))
                .hint(format!("It has {}.", known.join(", "))));
        };
        // Both are of letters that need no quoting: they equal what was parsed, or were checked when
        // the builder's labels were read.
        text.push_str(&format!("\n[[order.group]]\nid = \"{id}\"\nversion = \"{version}\"\n"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buildpack(text: &str) -> Buildpack {
        text.parse().unwrap_or_else(|refused| panic!("{text}: {refused:?}"))
    }

    #[test]
    fn a_buildpack_is_one_of_the_builder_image() {
        assert_eq!(buildpack("heroku/nodejs").id_and_version(), ("heroku/nodejs", None));
        assert_eq!(buildpack("urn:cnb:builder:a.b/c@1.2.3").id_and_version(), ("a.b/c", Some("1.2.3")));
        for bad in [
            "",
            "docker://ghcr.io/a/b",
            "https://example.com/a.tgz",
            "urn:cnb:registry:a/b",
            "from=builder",
            "a b",
            "../../etc",
            "a//b",
            "a/./b",
            "-x",
            "a@",
            "a@$(id)",
            "a\"\n[[order]]",
            "a@1\"",
        ] {
            assert!(bad.parse::<Buildpack>().is_err(), "{bad:?}");
        }
        assert!("a".repeat(201).parse::<Buildpack>().is_err());
    }

    #[test]
    fn an_order_names_what_the_builder_has() {
        let builder = BuilderImage {
            buildpacks: vec![("a/b".into(), "1.0".into()), ("a/b".into(), "2.0".into())],
            ..builder::tests::builder()
        };
        let text = order(&[buildpack("a/b"), buildpack("a/b@1.0")], &builder).expect("there");
        assert_eq!(
            text,
            "[[order]]\n\n[[order.group]]\nid = \"a/b\"\nversion = \"2.0\"\n\n[[order.group]]\nid = \"a/b\"\nversion = \"1.0\"\n"
        );
        let refused = order(&[buildpack("a/c")], &builder).expect_err("not there");
        assert_eq!(
            (refused.title.as_str(), refused.hint.as_deref()),
            ("The builder image has no buildpack a/c.", Some("It has a/b."))
        );
        assert!(order(&[buildpack("a/b@3.0")], &builder).is_err());
    }
}
