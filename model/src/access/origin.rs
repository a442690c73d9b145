//! To whom a sign-in or a key is shown: one origin over https, one host over ssh.

use crate::name::{RepoUrl, parsed};

parsed!(
    /// Where a repository is, without its path: `https://git.example.com[:port]`. Plain http too,
    /// for a Git server on the same machine or home network.
    GitOrigin,
    |text| {
        const NOT_ONE: &str = "That is not a Git server's address, like https://git.example.com.";
        let address: RepoUrl = format!("{text}/x").parse().map_err(|_| NOT_ONE)?;
        if address.origin().is_some_and(|origin| origin.as_str() == text) { Ok(()) } else { Err(NOT_ONE) }
    }
);

parsed!(
    /// An SSH server as `known_hosts` spells it: `git.example.com`, or `[git.example.com]:2222` where
    /// the port is not 22.
    SshHost,
    |text| {
        const NOT_ONE: &str = "That is not an SSH server's name.";
        let address = match text.strip_prefix('[').and_then(|rest| rest.split_once("]:")) {
            Some((host, port)) => format!("ssh://{host}:{port}/x"),
            None => format!("ssh://{text}/x"),
        };
        let address: RepoUrl = address.parse().map_err(|_| NOT_ONE)?;
        if address.ssh_host().is_some_and(|host| host.as_str() == text) { Ok(()) } else { Err(NOT_ONE) }
    }
);

impl RepoUrl {
    /// `https://host[:port]`, without the port that goes without saying.
    #[must_use]
    pub fn origin(&self) -> Option<GitOrigin> {
        let usual = match self.scheme() {
            "https" => ":443",
            "http" => ":80",
            _ => return None,
        };
        let (_, rest) = self.as_str().split_once("://")?;
        let (authority, _) = rest.split_once('/')?;
        let authority = authority.strip_suffix(usual).unwrap_or(authority);
        Some(GitOrigin(format!("{}://{authority}", self.scheme())))
    }

    /// Its host, without user and port.
    #[must_use]
    pub fn host(&self) -> &str {
        let rest = self.as_str().split_once("://").map_or("", |(_, rest)| rest);
        let authority = rest.split_once('/').map_or(rest, |(authority, _)| authority);
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        host.split_once(':').map_or(host, |(host, _)| host)
    }

    /// The SSH server that it is at.
    #[must_use]
    pub fn ssh_host(&self) -> Option<SshHost> {
        let rest = self.as_str().strip_prefix("ssh://")?;
        let (authority, _) = rest.split_once('/')?;
        let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        Some(SshHost(match authority.split_once(':') {
            None => authority.to_owned(),
            Some((host, "22")) => host.to_owned(),
            Some((host, port)) => format!("[{host}]:{port}"),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> RepoUrl {
        text.parse().expect("an address")
    }

    #[test]
    fn an_origin_has_no_path_and_no_usual_port() {
        for (text, origin) in [
            ("https://git.example.com/a/b.git", Some("https://git.example.com")),
            ("https://git.example.com:443/a", Some("https://git.example.com")),
            ("https://git.example.com:8443/a", Some("https://git.example.com:8443")),
            ("http://127.0.0.1:3000/a", Some("http://127.0.0.1:3000")),
            ("ssh://git@git.example.com/a", None),
        ] {
            let found = address(text).origin();
            assert_eq!(found.as_ref().map(GitOrigin::as_str), origin, "{text}");
            if let Some(origin) = origin {
                assert_eq!(origin.parse::<GitOrigin>().ok(), found);
            }
        }
        for text in
            ["", "https://", "https://h.example/", "https://h.example:443", "ssh://h.example", "https://u@h.example"]
        {
            assert!(text.parse::<GitOrigin>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_ssh_host_is_spelt_as_in_known_hosts() {
        for (text, host) in [
            ("ssh://git@git.example.com/a", Some("git.example.com")),
            ("ssh://git.example.com:22/a", Some("git.example.com")),
            ("ssh://git@git.example.com:2222/~a/b", Some("[git.example.com]:2222")),
            ("ssh://git@127.0.0.1:2222/a", Some("[127.0.0.1]:2222")),
            ("https://git.example.com/a", None),
        ] {
            let found = address(text).ssh_host();
            assert_eq!(found.as_ref().map(SshHost::as_str), host, "{text}");
            if let Some(host) = host {
                assert_eq!(host.parse::<SshHost>().ok(), found);
            }
        }
        for text in ["", "*", "[h.example]:22", "h.example:2222", "a b", "h.example\nx", "-oX=y", "@cert-authority"] {
            assert!(text.parse::<SshHost>().is_err(), "{text}");
        }
    }
}
