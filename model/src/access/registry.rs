//! Sign-ins to image registries, one for each host, for every app.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{SignIn, SignInForm, UserName};
use crate::{
    name::{ImageRef, Refused, parsed},
    problem::Problem,
    time::Timestamp,
};

/// Docker Hub's name in images' names.
const HUB: &str = "docker.io";
/// Other names under which people know Docker Hub.
const ALSO_HUB: [&str; 4] = ["index.docker.io", "registry-1.docker.io", "registry.hub.docker.com", "hub.docker.com"];

parsed!(
    /// A registry as it stands in images' names: `ghcr.io`, `registry.example.com:5000`, `docker.io`.
    RegistryHost,
    |text| {
        const NOT_ONE: &str = "That is not a registry's host, like ghcr.io or registry.example.com:5000.";
        let image: ImageRef = format!("{text}/x").parse().map_err(|_| NOT_ONE)?;
        if image.registry().as_str() == text { Ok(()) } else { Err(NOT_ONE) }
    }
);

impl RegistryHost {
    /// Reads a host as people have it: with `https://` in front, with a path behind, or one of Docker
    /// Hub's other names.
    ///
    /// # Errors
    /// When it is no registry's host.
    pub fn from_typed(typed: &str) -> Result<Self, Refused> {
        let typed = typed.trim().to_ascii_lowercase();
        let host = typed.strip_prefix("https://").or_else(|| typed.strip_prefix("http://")).unwrap_or(&typed);
        let host = host.split_once('/').map_or(host, |(host, _)| host);
        if ALSO_HUB.contains(&host) { HUB.parse() } else { host.parse() }
    }

    /// Under which name the engine keeps a sign-in to it.
    #[must_use]
    pub fn engine_name(&self) -> &str {
        if self.as_str() == HUB { "https://index.docker.io/v1/" } else { self.as_str() }
    }
}

impl ImageRef {
    /// The registry that it comes from; Docker Hub where its name says none.
    #[must_use]
    pub fn registry(&self) -> RegistryHost {
        let first = self.as_str().split_once('/').map(|(first, _)| first);
        let host = first.filter(|first| first.contains(['.', ':']) || *first == "localhost").unwrap_or(HUB);
        RegistryHost(if ALSO_HUB.contains(&host) { HUB.to_owned() } else { host.to_owned() })
    }
}

/// What a person types about a registry.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RegistryForm {
    /// Its host.
    #[serde(default)]
    pub host: String,
    /// The user.
    #[serde(default)]
    pub user: String,
    /// The token or password.
    #[serde(default)]
    pub token: String,
}

/// Says nothing of the token.
impl fmt::Debug for RegistryForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegistryForm").field("host", &self.host).field("user", &self.user).finish_non_exhaustive()
    }
}

impl RegistryForm {
    /// Reads the form.
    ///
    /// # Errors
    /// The first field that is not acceptable. The token is not repeated.
    pub fn parse(&self) -> Result<(RegistryHost, SignIn), Problem> {
        let host = RegistryHost::from_typed(&self.host).map_err(|Refused(why)| Problem::invalid("host", why))?;
        let sign_in = SignInForm { user: self.user.clone(), token: self.token.clone() }.parse()?;
        Ok((host, sign_in))
    }
}

/// A sign-in to a registry, without its token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegistryRow {
    /// The registry.
    pub host: RegistryHost,
    /// The user.
    pub user: UserName,
    /// Since when it is kept.
    pub created_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_is_what_stands_before_an_images_path() {
        for (image, host) in [
            ("nginx", "docker.io"),
            ("you/app:1", "docker.io"),
            ("docker.io/you/app", "docker.io"),
            ("index.docker.io/you/app", "docker.io"),
            ("ghcr.io/you/app:1", "ghcr.io"),
            ("localhost/app", "localhost"),
            ("127.0.0.1:5000/app", "127.0.0.1:5000"),
            ("registry.example.com:5000/a/b", "registry.example.com:5000"),
        ] {
            assert_eq!(image.parse::<ImageRef>().expect("an image").registry().as_str(), host, "{image}");
        }
    }

    #[test]
    fn people_type_registries_in_many_ways() {
        for (typed, host) in [
            (" ghcr.io ", "ghcr.io"),
            ("https://GHCR.io/v2/", "ghcr.io"),
            ("https://index.docker.io/v1/", "docker.io"),
            ("docker.io", "docker.io"),
            ("127.0.0.1:5000", "127.0.0.1:5000"),
        ] {
            assert_eq!(RegistryHost::from_typed(typed).expect("a host").as_str(), host);
        }
        for typed in
            ["", " ", "nginx", "a b", "$(id).io", "-x.io", "ghcr.io\n", "u@ghcr.io", "..", "ghcr.io:0", "ghcr.io:x"]
        {
            let read = RegistryHost::from_typed(typed);
            assert!(read.is_err() || typed.trim() == "ghcr.io", "{typed:?}: {read:?}");
        }
        assert!("index.docker.io".parse::<RegistryHost>().is_err(), "it has one name here");
    }

    #[test]
    fn a_form_names_what_is_wrong() {
        let form = |host: &str, user: &str, token: &str| RegistryForm {
            host: host.into(),
            user: user.into(),
            token: token.into(),
        };
        for (form, field) in [
            (form("a b", "ada", "t0ken"), "host"),
            (form("ghcr.io", "a:b", "t0ken"), "user"),
            (form("ghcr.io", "ada", "t0ken\n\0"), "token"),
        ] {
            let problem = form.parse().err().expect("refused");
            assert_eq!(problem.field.as_deref(), Some(field));
            assert!(!problem.to_string().contains("t0ken") && !format!("{form:?}").contains("t0ken"));
        }
    }
}
