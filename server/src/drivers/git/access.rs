//! What git may show to a repository's host, and how: in files of a private folder that lives as
//! long as one run of git. Nothing of it stands in an argument or in the environment, and git asks
//! for a sign-in only in the name of the origin that it belongs to, also after a redirect.

use std::sync::{Arc, Mutex, PoisonError};

use homeport_model::{
    access::{GitOrigin, HostKey, SignIn, SshHost},
    name::RepoUrl,
    secret::Secret,
};

use super::{Error, Git, error::Shown};
use crate::{
    ambient,
    drivers::{process::Invocation, system::fsroot::FsRoot},
};

/// How the folders' names begin.
const PREFIX: &str = "access-";
/// Most of what a server may add to its known keys.
const MOST_KNOWN_BYTES: u64 = 64 << 10;
/// Every option is ours; what a person typed is only in the address, which git passes behind `--`.
const SSH: &str = "ssh -F none -o BatchMode=yes -o ConnectTimeout=15 -o ServerAliveInterval=15 \
     -o ServerAliveCountMax=2 -o GlobalKnownHostsFile=/dev/null -o UpdateHostKeys=no -o HashKnownHosts=no \
     -o CheckHostIP=no -o IdentitiesOnly=yes -o IdentityAgent=none -o PasswordAuthentication=no \
     -o KbdInteractiveAuthentication=no -o ClearAllForwardings=yes -o ForwardAgent=no -o ForwardX11=no \
     -o PermitLocalCommand=no -o ProxyCommand=none -o ProxyJump=none -o ControlPath=none -o LogLevel=ERROR";

/// What git may show, and by what it knows the other side.
#[derive(Clone, Default)]
pub struct Access {
    /// A user and a token, for this origin only.
    pub sign_in: Option<(GitOrigin, SignIn)>,
    /// A private key as an OpenSSH file, for this host only.
    pub key: Option<(SshHost, Secret<String>)>,
    /// Keys by which SSH servers are known. A server that is not among them is met for the first
    /// time, and whatever key it has is believed.
    pub known: Vec<(SshHost, HostKey)>,
    met: Arc<Mutex<Vec<(SshHost, HostKey)>>>,
}

/// Says nothing of what it holds.
impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Access").finish_non_exhaustive()
    }
}

impl Access {
    /// Nothing to show, to servers known by these keys.
    #[must_use]
    pub fn knowing(known: Vec<(SshHost, HostKey)>) -> Self {
        Self { known, ..Self::default() }
    }

    /// A user and a token, for `origin` only.
    #[must_use]
    pub fn signing_in(origin: GitOrigin, sign_in: SignIn) -> Self {
        Self { sign_in: Some((origin, sign_in)), ..Self::default() }
    }

    /// The SSH servers that were met for the first time, since this was asked last.
    #[must_use]
    pub fn take_met(&self) -> Vec<(SshHost, HostKey)> {
        std::mem::take(&mut *self.met.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The private folder of one run; gone with this value.
pub(super) struct Papers {
    root: FsRoot,
    name: String,
    access: Access,
    token: Option<Secret<String>>,
    settings: Vec<String>,
    ssh: Option<(SshHost, String)>,
}

impl Git {
    /// The same mirrors, with something to show.
    #[must_use]
    pub fn with_access(&self, access: Access) -> Self {
        Self { access, ..self.clone() }
    }

    /// Writes down what a run that asks `url` needs.
    pub(super) fn papers(&self, url: &RepoUrl) -> Result<Papers, Error> {
        let name = format!("{PREFIX}{:016x}", u64::from_le_bytes(ambient::random_bytes()));
        let mut papers = Papers {
            root: self.root.clone(),
            name,
            access: self.access.clone(),
            token: None,
            settings: Vec::new(),
            ssh: None,
        };
        self.write_papers(&mut papers, url).map_err(Error::Files)?;
        Ok(papers)
    }

    fn write_papers(&self, papers: &mut Papers, url: &RepoUrl) -> std::io::Result<()> {
        let name = papers.name.clone();
        self.root.create_folder(&name, 0o700)?;
        if let Some((origin, sign_in)) = &self.access.sign_in
            && url.origin().as_ref() == Some(origin)
        {
            let text = Secret::new(credential_line(origin, sign_in));
            self.root.write(format!("{name}/sign-in"), text.expose().as_bytes(), 0o600)?;
            papers.settings.push(format!("credential.{origin}.helper=store --file=../{name}/sign-in"));
            papers.token = Some(sign_in.token.clone());
        }
        if let Some(host) = url.ssh_host() {
            let known = |(name, key): &(SshHost, HostKey)| (*name == host).then(|| format!("{name} {key}\n"));
            let known: String = self.access.known.iter().filter_map(known).collect();
            // A known server may not come with a key of another kind either.
            let strict = if known.is_empty() { "accept-new" } else { "yes" };
            self.root.write(format!("{name}/known_hosts"), known.as_bytes(), 0o600)?;
            let mut ssh =
                format!("{SSH} -o UserKnownHostsFile=../{name}/known_hosts -o StrictHostKeyChecking={strict}");
            match &self.access.key {
                Some((of, key)) if *of == host => {
                    self.root.write(format!("{name}/key"), key.expose().as_bytes(), 0o600)?;
                    ssh.push_str(&format!(" -o PreferredAuthentications=publickey -o IdentityFile=../{name}/key"));
                }
                _ => ssh.push_str(" -o PreferredAuthentications=none -o PubkeyAuthentication=no"),
            }
            papers.ssh = Some((host, ssh));
        }
        if let Some(user) = &self.user {
            for file in self.root.names(&name)? {
                self.root.set_owner(format!("{name}/{file}"), user.id, user.group_id)?;
            }
            self.root.set_owner(&name, user.id, user.group_id)?;
        }
        Ok(())
    }

    /// Takes away what a panel that died left.
    pub(super) fn discard_papers(&self) -> std::io::Result<()> {
        for name in self.root.names(".")?.iter().filter(|name| name.starts_with(PREFIX)) {
            self.root.remove_tree(name)?;
        }
        Ok(())
    }
}

impl Papers {
    /// Adds them to a run in a folder beside theirs, before its command.
    pub(super) fn onto(&self, run: Invocation) -> Invocation {
        let run = run.args(self.settings.iter().flat_map(|setting| ["-c", setting.as_str()]));
        let run = match &self.ssh {
            Some((_, ssh)) => run.env("GIT_SSH_COMMAND", ssh).env("GIT_SSH_VARIANT", "ssh"),
            None => run,
        };
        match &self.token {
            Some(token) => run.secret(token.clone()),
            None => run,
        }
    }

    /// A folder for a run that needs no mirror.
    pub(super) fn folder(&self) -> std::path::PathBuf {
        self.root.path().join(&self.name)
    }

    /// What was shown to the host, for its refusal to be told in words.
    pub(super) fn shown(&self) -> Shown {
        let key = |host: &SshHost| self.access.key.as_ref().is_some_and(|(of, _)| of == host);
        match &self.ssh {
            Some((host, _)) => Shown { host: Some(host.clone()), anything: key(host) },
            None => Shown { host: None, anything: self.token.is_some() },
        }
    }

    /// Remembers the server that was met for the first time.
    fn remember(&self) {
        let Some((host, _)) = &self.ssh else { return };
        if self.access.known.iter().any(|(known, _)| known == host) {
            return;
        }
        let text = self.root.read_text(format!("{}/known_hosts", self.name), MOST_KNOWN_BYTES).unwrap_or_default();
        let key = text.lines().find_map(|line| line.strip_prefix(host.as_str())?.trim().parse::<HostKey>().ok());
        if let Some(key) = key {
            let mut met = self.access.met.lock().unwrap_or_else(PoisonError::into_inner);
            if !met.iter().any(|(name, _)| name == host) {
                met.push((host.clone(), key));
            }
        }
    }
}

impl Drop for Papers {
    fn drop(&mut self) {
        self.remember();
        if let Err(error) = self.root.remove_tree(&self.name) {
            tracing::warn!("a folder with a key could not be removed; the next start does it: {error}");
        }
    }
}

/// A line of `git credential-store`'s file.
fn credential_line(origin: &GitOrigin, sign_in: &SignIn) -> String {
    let (scheme, host) = origin.as_str().split_once("://").unwrap_or_default();
    format!("{scheme}://{}:{}@{host}\n", encoded(sign_in.user.as_str()), encoded(sign_in.token.expose()))
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_is_one_line_whatever_it_is_made_of() {
        let origin = "https://git.example.com:8443".parse().expect("an origin");
        let sign_in = SignIn { user: "ada@x".parse().expect("a user"), token: Secret::new("a b/+:@%'\"é".into()) };
        assert_eq!(
            credential_line(&origin, &sign_in),
            "https://ada%40x:a%20b%2F%2B%3A%40%25%27%22%C3%A9@git.example.com:8443\n"
        );
    }
}
