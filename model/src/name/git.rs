//! What is said to git.

use super::HostName;

super::parsed!(
    /// A branch or tag, by the rules of `git check-ref-format`, without a leading hyphen.
    GitRef,
    |text| {
        if text.is_empty() {
            return Err("Name a branch.");
        }
        if text.len() > 200 {
            return Err("A branch's name has at most 200 characters.");
        }
        if text.starts_with('-') {
            return Err("A branch's name does not begin with a hyphen.");
        }
        if text.bytes().any(|b| b <= b' ' || b >= 0x7f || b"~^:?*[\\\"'`$;|&<>(){}!#%".contains(&b)) {
            return Err("A branch's name has no spaces and none of ~ ^ : ? * [ \\ or shell characters.");
        }
        let bad_part = |part: &str| part.is_empty() || part.starts_with('.') || part.ends_with(".lock") || part.ends_with('.');
        if text.split('/').any(bad_part) || text.contains("..") || text.contains("@{") || text == "@" {
            return Err("git does not accept this as a branch's name.");
        }
        Ok(())
    }
);

super::parsed!(
    /// A whole commit id: forty lower-case hexadecimal digits.
    CommitSha,
    |text| {
        if text.len() == 40 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
            Ok(())
        } else {
            Err("A commit is forty hexadecimal digits.")
        }
    }
);

impl CommitSha {
    /// The first seven digits, as people quote it.
    #[must_use]
    pub fn short(&self) -> &str {
        &self.as_str()[..7]
    }
}

super::parsed!(
    /// A commit as people name it: its id, or the beginning of its id, seven digits at the least.
    CommitRef,
    |text| {
        if (7..=40).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
            Ok(())
        } else {
            Err("A commit is named by seven to forty hexadecimal digits, in lower case.")
        }
    }
);

impl CommitRef {
    /// The whole id, where nothing of it was left out.
    #[must_use]
    pub fn whole(&self) -> Option<CommitSha> {
        self.as_str().parse().ok()
    }
}

impl From<CommitSha> for CommitRef {
    fn from(sha: CommitSha) -> Self {
        Self(sha.into())
    }
}

super::parsed!(
    /// A repository's address: `https://host[:port]/path` or `ssh://[user@]host[:port]/path`.
    ///
    /// Plain `http://` parses too, for a Git server on the same machine or home network; whether it
    /// may be used is the host's configuration, not the address's. No password may stand in it: it
    /// would end up in logs.
    RepoUrl,
    |text| {
        let (scheme, rest) = text.split_once("://").ok_or("An address begins with https:// or ssh://.")?;
        if !matches!(scheme, "https" | "ssh" | "http") {
            return Err("An address begins with https:// or ssh://.");
        }
        if text.len() > 500 {
            return Err("An address has at most 500 characters.");
        }
        let (authority, path) = rest.split_once('/').ok_or("The address names no repository after the host.")?;
        let host_port = match authority.split_once('@') {
            None => authority,
            Some((user, host_port)) => {
                if scheme != "ssh" {
                    return Err("Leave the user and password out of the address.");
                }
                if user.is_empty() || user.starts_with('-') || !user.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)) {
                    return Err("The user in the address is not a plain name.");
                }
                host_port
            }
        };
        let host = match host_port.split_once(':') {
            None => host_port,
            Some((host, port)) => {
                port.parse::<super::Port>().map_err(|refused| refused.0)?;
                host
            }
        };
        let is_ipv4 = host.parse::<std::net::Ipv4Addr>().is_ok();
        if !is_ipv4 && host != "localhost" {
            host.parse::<HostName>().map_err(|_| "The address's host is not a host name.")?;
        }
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_./~+".contains(&b);
        if path.is_empty() || !path.bytes().all(plain) {
            return Err("The address's path has only letters, digits and - _ . / ~ +.");
        }
        if path.split('/').any(|part| part == ".." || part == "." || part.starts_with('-')) {
            return Err("The address's path has a part that is not a name.");
        }
        Ok(())
    }
);

impl RepoUrl {
    /// Reads an address as people have it: `git@host:you/app.git`, which Git hosts show, too.
    ///
    /// # Errors
    /// As for the address itself.
    pub fn from_typed(typed: &str) -> Result<Self, super::Refused> {
        let typed = typed.trim();
        let short = typed.split_once(':').filter(|_| !typed.contains("://"));
        match short {
            Some((host, path)) if host.contains('@') && !path.is_empty() => {
                format!("ssh://{host}/{}", path.trim_start_matches('/')).parse()
            }
            _ => typed.parse(),
        }
    }

    /// The scheme: `https`, `ssh` or `http`.
    #[must_use]
    pub fn scheme(&self) -> &str {
        self.as_str().split("://").next().unwrap_or_default()
    }
}
