//! An SSH server on 127.0.0.1, OpenSSH's own, that lets one key in.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use homeport_model::name::{Port, RepoUrl};
use tempfile::TempDir;
use tokio::{net::TcpStream, time::sleep};

use super::namespace::free_port;

/// The server; it goes away with this value.
pub struct SshServer {
    folder: TempDir,
    pub port: Port,
    server: Child,
}

impl SshServer {
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let port = free_port();
        new_host_key(folder.path());
        fs::write(folder.path().join("authorized"), "").expect("written");
        let server = serve(folder.path(), port);
        let this = Self { folder, port, server };
        this.answers().await;
        this
    }

    /// Lets this public key in, and no other.
    pub fn let_in(&self, public: &str) {
        fs::write(self.folder.path().join("authorized"), format!("{public}\n")).expect("written");
    }

    /// Starts anew at the same port, with another key of its own.
    pub async fn renew(&mut self) {
        self.end();
        new_host_key(self.folder.path());
        self.server = serve(self.folder.path(), self.port);
        self.answers().await;
    }

    /// The address of a repository of this machine.
    pub fn url(&self, repository: &Path) -> RepoUrl {
        format!("ssh://root@127.0.0.1:{}{}", self.port, repository.display()).parse().expect("an address")
    }

    /// What `ssh-keygen` says of its key.
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.folder.path().join("host.pub"))
    }

    /// What it wrote down.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).expect("a log")
    }

    async fn answers(&self) {
        for _ in 0..500 {
            if TcpStream::connect(("127.0.0.1", self.port.get())).await.is_ok() {
                return;
            }
            sleep(Duration::from_millis(10)).await;
        }
        panic!("sshd never answered: {}", self.log());
    }

    fn end(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

impl Drop for SshServer {
    fn drop(&mut self) {
        self.end();
    }
}

/// `SHA256:…` of a public key's file.
pub fn fingerprint(file: &Path) -> String {
    let said = Command::new("ssh-keygen").args(["-l", "-f"]).arg(file).output().expect("ssh-keygen");
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    text.split(' ').nth(1).unwrap_or_else(|| panic!("{said:?}")).to_owned()
}

fn new_host_key(folder: &Path) {
    let key = folder.join("host");
    let _ = fs::remove_file(&key);
    let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).status();
    assert!(made.expect("ssh-keygen").success());
}

fn serve(folder: &Path, port: Port) -> Child {
    // Where its unprivileged half lives; the package makes it only when its service starts.
    fs::create_dir_all("/run/sshd").expect("a folder");
    fs::set_permissions("/run/sshd", fs::Permissions::from_mode(0o755)).expect("chmod");
    let config = format!(
        "ListenAddress 127.0.0.1:{port}\nHostKey {0}/host\nAuthorizedKeysFile {0}/authorized\nPidFile none\n\
         StrictModes no\nUsePAM yes\nPermitRootLogin prohibit-password\nPasswordAuthentication no\n\
         KbdInteractiveAuthentication no\nLogLevel VERBOSE\n",
        folder.display()
    );
    fs::write(folder.join("config"), config).expect("written");
    let mut sshd = Command::new("/usr/sbin/sshd");
    sshd.arg("-D").arg("-f").arg(folder.join("config")).arg("-E").arg(folder.join("log"));
    sshd.stdin(Stdio::null()).spawn().expect("sshd; script/setup --test installs it")
}
