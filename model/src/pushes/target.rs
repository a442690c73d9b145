//! Which app a remote's path means: `shop`, `shop.git`, or a host name.

use crate::name::{AppName, HostName};

/// What a remote's path names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// An app.
    App(AppName),
    /// The app of a host name, or one to be.
    Host(HostName),
}

impl Target {
    /// Reads what stands after `/git/`, or the path that an SSH client names: a leading slash and
    /// `.git` at the end are left out.
    #[must_use]
    pub fn read(path: &str) -> Option<Self> {
        let path = path.strip_prefix('/').unwrap_or(path);
        let path = path.strip_suffix('/').unwrap_or(path);
        let name = path.strip_suffix(".git").unwrap_or(path);
        match name.parse() {
            Ok(app) => Some(Self::App(app)),
            Err(_) if name.contains('.') => name.parse().ok().map(Self::Host),
            Err(_) => None,
        }
    }

    /// The name of an app that this target creates: of a host name its dots as hyphens, else, where
    /// that is too long, its first label.
    #[must_use]
    pub fn name_of_new(&self) -> Option<AppName> {
        match self {
            Self::App(name) => Some(name.clone()),
            Self::Host(host) => {
                let whole = host.as_str().replace('.', "-").parse().ok();
                whole.or_else(|| host.as_str().split('.').next()?.parse().ok())
            }
        }
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::App(name) => name.fmt(f),
            Self::Host(host) => host.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_an_app_or_a_host_name() {
        for path in ["shop", "shop.git", "/shop", "/shop.git", "/shop.git/"] {
            assert_eq!(Target::read(path), Some(Target::App("shop".parse().expect("a name"))), "{path}");
        }
        for path in ["shop.example.com", "/shop.example.com.git"] {
            let target = Target::read(path).expect("a host");
            assert_eq!(target, Target::Host("shop.example.com".parse().expect("a host")));
            assert_eq!(target.name_of_new().expect("a name").as_str(), "shop-example-com");
        }
        let long = Target::read("shop.a-rather-long-domain-name.example.com").expect("a host");
        assert_eq!(long.name_of_new().expect("a name").as_str(), "shop");
    }

    #[test]
    fn nothing_else_is_anything() {
        for path in [
            "",
            "/",
            ".git",
            "../x",
            "a;b",
            "a b",
            "$(id)",
            "-x",
            "--upload-pack=x",
            "a/b",
            "//shop",
            "shop.git.git/..",
            "%2e%2e",
            "..",
            ".",
            "A",
            "a\nb",
            "a'b",
            "~ada/shop",
            "/etc/passwd",
        ] {
            assert_eq!(Target::read(path), None, "{path:?}");
        }
    }
}
