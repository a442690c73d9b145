//! Who sends webhooks, and how each of them proves it.

use serde::{Deserialize, Serialize};

/// Whose shape a delivery has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    /// GitHub, its packages (GHCR) included.
    Github,
    /// GitLab.
    Gitlab,
    /// Gitea, Forgejo and Gogs.
    Gitea,
    /// Bitbucket.
    Bitbucket,
    /// Docker Hub.
    DockerHub,
    /// Anything that signs as GitHub does, with `X-Homeport-Signature`.
    Generic,
}

/// How a delivery proves that its sender knows the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Auth {
    /// A header has the HMAC-SHA256 of the raw body in lower-case hexadecimal, after a prefix.
    Hmac {
        /// The header.
        header: &'static str,
        /// What stands before the digits.
        prefix: &'static str,
    },
    /// A header has the secret itself.
    Token {
        /// The header.
        header: &'static str,
    },
    /// The address has the secret as `?token=…`, since the sender cannot sign.
    Address,
}

/// In the order they are asked: Gitea and its relatives send GitHub's headers as well.
const EVENT_HEADERS: [(&str, Provider); 6] = [
    ("x-forgejo-event", Provider::Gitea),
    ("x-gitea-event", Provider::Gitea),
    ("x-gogs-event", Provider::Gitea),
    ("x-gitlab-event", Provider::Gitlab),
    ("x-github-event", Provider::Github),
    ("x-event-key", Provider::Bitbucket),
];

impl Provider {
    /// Whose headers these are; `header` answers for a lower-case name.
    #[must_use]
    pub fn of<'a>(header: impl Fn(&str) -> Option<&'a str>) -> Self {
        let known = EVENT_HEADERS.iter().find(|(name, _)| header(name).is_some());
        match known {
            Some((_, provider)) => *provider,
            None if header("x-homeport-signature").is_some() => Self::Generic,
            None => Self::DockerHub,
        }
    }

    /// The name that people know.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Github => "GitHub",
            Self::Gitlab => "GitLab",
            Self::Gitea => "Gitea",
            Self::Bitbucket => "Bitbucket",
            Self::DockerHub => "Docker Hub",
            Self::Generic => "webhook",
        }
    }

    /// The event's name, as the provider says it.
    #[must_use]
    pub fn event<'a>(self, header: impl Fn(&str) -> Option<&'a str>) -> &'a str {
        let said = EVENT_HEADERS.iter().filter(|(_, provider)| *provider == self).find_map(|(name, _)| header(name));
        said.unwrap_or("push")
    }

    /// The delivery's id; a redelivery has the same one. `None` where there is none.
    #[must_use]
    pub fn delivery<'a>(self, header: impl Fn(&str) -> Option<&'a str>) -> Option<&'a str> {
        let names: &[&str] = match self {
            Self::Github => &["x-github-delivery"],
            Self::Gitea => &["x-forgejo-delivery", "x-gitea-delivery", "x-gogs-delivery"],
            Self::Gitlab => &["idempotency-key", "x-gitlab-event-uuid"],
            Self::Bitbucket => &["x-request-uuid"],
            Self::Generic => &["x-homeport-delivery"],
            Self::DockerHub => &[],
        };
        names.iter().find_map(|name| header(name)).filter(|id| !id.is_empty() && id.len() <= 200)
    }

    /// How it proves itself; of Gitea's relatives each has a header of its own.
    #[must_use]
    pub fn auth<'a>(self, header: impl Fn(&str) -> Option<&'a str>) -> Auth {
        let signed = |header, prefix| Auth::Hmac { header, prefix };
        match self {
            Self::Github => signed("x-hub-signature-256", "sha256="),
            Self::Bitbucket => signed("x-hub-signature", "sha256="),
            Self::Generic => signed("x-homeport-signature", "sha256="),
            Self::Gitea if header("x-forgejo-signature").is_some() => signed("x-forgejo-signature", ""),
            Self::Gitea if header("x-gitea-signature").is_some() => signed("x-gitea-signature", ""),
            Self::Gitea => signed("x-gogs-signature", ""),
            Self::Gitlab => Auth::Token { header: "x-gitlab-token" },
            Self::DockerHub => Auth::Address,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with<'a>(headers: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<&'a str> + Copy {
        move |name| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    #[test]
    fn each_is_known_by_its_headers() {
        let gitea = [
            ("x-github-event", "push"),
            ("x-gitea-event", "push"),
            ("x-gitea-delivery", "7"),
            ("x-gitea-signature", "00"),
        ];
        assert_eq!(Provider::of(with(&gitea)), Provider::Gitea);
        assert_eq!(Provider::Gitea.delivery(with(&gitea)), Some("7"));
        assert_eq!(Provider::Gitea.auth(with(&gitea)), Auth::Hmac { header: "x-gitea-signature", prefix: "" });
        for (header, provider) in EVENT_HEADERS {
            assert_eq!(Provider::of(with(&[(header, "push")])), provider);
            assert_eq!(provider.event(with(&[(header, "tag_push")])), "tag_push");
        }
        assert_eq!(Provider::of(with(&[("x-homeport-signature", "x")])), Provider::Generic);
        assert_eq!(Provider::of(with(&[])), Provider::DockerHub);
        assert_eq!(Provider::Github.delivery(with(&[("x-github-delivery", "")])), None);
    }
}
