//! Where a submodule comes from, as `.gitmodules` says. What stands there was written by whoever may
//! push, so it may lead to fewer places than what an owner types.

use std::net::Ipv4Addr;

use crate::name::{Refused, RepoUrl};

/// How deep submodules may lie in one another.
pub const MOST_DEEP: usize = 4;
/// How many there may be in all.
pub const MOST: usize = 50;

/// Reads a submodule's address, which may be relative to its parent's. An ssh address of the very host
/// that the parent is fetched from over https becomes one over https, so that the parent's sign-in
/// opens it.
///
/// # Errors
/// When it is no address, leaves its host, uses another protocol than https and ssh, or leads to an
/// address of a private network that is not the parent's host.
pub fn address_of_submodule(parent: &RepoUrl, said: &str) -> Result<RepoUrl, Refused> {
    let address = if said.starts_with("./") || said.starts_with("../") {
        relative(parent, said)?
    } else {
        RepoUrl::from_typed(said)?
    };
    if address.scheme() == "http" {
        return if address.origin() == parent.origin() { Ok(address) } else { Err(PLAIN) };
    }
    if address.host() == parent.host() {
        let over_https = parent.scheme() == "https" && address.scheme() == "ssh" && has_usual_port(&address);
        if let (true, Some(origin), Some((_, path))) = (over_https, parent.origin(), split(&address)) {
            return format!("{origin}/{path}").parse();
        }
        return Ok(address);
    }
    if address.host() == "localhost" || address.host().parse::<Ipv4Addr>().is_ok() {
        return Err(Refused("A submodule of another host is named by a host name."));
    }
    Ok(address)
}

const PLAIN: Refused = Refused("A submodule is fetched over https or ssh.");

fn relative(parent: &RepoUrl, said: &str) -> Result<RepoUrl, Refused> {
    let above = Refused("The submodule's address leads above its host.");
    let (start, path) = split(parent).ok_or(above)?;
    let mut parts: Vec<&str> = path.trim_end_matches('/').split('/').collect();
    for part in said.trim_end_matches('/').split('/') {
        match part {
            "." | "" => {}
            ".." => {
                parts.pop().ok_or(above)?;
            }
            part => parts.push(part),
        }
    }
    format!("{start}/{}", parts.join("/")).parse()
}

/// `https://host:port` and the path without its first stroke.
fn split(address: &RepoUrl) -> Option<(&str, &str)> {
    let at = address.as_str().find("://")? + 3;
    let end = at + address.as_str()[at..].find('/')?;
    Some((&address.as_str()[..end], &address.as_str()[end + 1..]))
}

fn has_usual_port(address: &RepoUrl) -> bool {
    address.ssh_host().is_some_and(|host| !host.as_str().starts_with('['))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(parent: &str, said: &str) -> Result<String, &'static str> {
        let parent = parent.parse().expect("an address");
        address_of_submodule(&parent, said).map(String::from).map_err(|refused| refused.0)
    }

    #[test]
    fn a_relative_address_stays_on_its_host() {
        let parent = "https://git.example.com/you/app.git";
        assert_eq!(of(parent, "../lib.git"), Ok("https://git.example.com/you/lib.git".into()));
        assert_eq!(of(parent, "../../them/lib"), Ok("https://git.example.com/them/lib".into()));
        assert_eq!(of(parent, "./sub"), Ok("https://git.example.com/you/app.git/sub".into()));
        for said in ["../../../x", "../../../../x", "../..", "../-x/y"] {
            assert!(of(parent, said).is_err(), "{said}");
        }
        assert_eq!(of("ssh://git@h.example:2222/you/app", "../lib"), Ok("ssh://git@h.example:2222/you/lib".into()));
    }

    #[test]
    fn the_parents_sign_in_opens_its_neighbours() {
        let parent = "https://git.example.com/you/app";
        for said in ["git@git.example.com:you/lib.git", "ssh://git@git.example.com/you/lib.git"] {
            assert_eq!(of(parent, said), Ok("https://git.example.com/you/lib.git".into()));
        }
        let other_port = "ssh://git@git.example.com:2222/you/lib";
        assert_eq!(of(parent, other_port), Ok(other_port.into()));
    }

    #[test]
    fn hostile_addresses_are_refused() {
        let parent = "https://git.example.com/you/app";
        for said in [
            "",
            "file:///etc",
            "/etc",
            "ext::sh -c id",
            "--upload-pack=touch /tmp/pwn",
            "-oProxyCommand=x",
            "git@-oX:y",
            "http://other.example.com/x",
            "http://git.example.com/x",
            "https://127.0.0.1/x",
            "https://169.254.169.254/latest",
            "https://localhost/x",
            "ssh://git@10.0.0.1/x",
            "https://user:pass@other.example.com/x",
            "https://other.example.com/../x",
            "https://other.example.com/$(id)",
            "git://other.example.com/x",
            "a\nb",
        ] {
            assert!(of(parent, said).is_err(), "{said}");
        }
        assert!(of(parent, "https://other.example.com/you/lib").is_ok());
        assert!(of("http://127.0.0.1:3000/a/b", "../lib").is_ok(), "its own host may be anywhere");
        for elsewhere in ["http://127.0.0.2:3000/lib", "http://127.0.0.1:3001/lib"] {
            assert!(of("http://127.0.0.1:3000/a/b", elsewhere).is_err(), "{elsewhere}");
        }
    }
}
