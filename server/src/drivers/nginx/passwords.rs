//! Files of visitors' passwords, which the workers read at each request. A file never changes: another
//! text is another file, which another generation names.

use homeport_model::{domain::vhost::HostPath, id::AppId, secret::Secret};

use super::{Error, Nginx};

/// The folder of all of them, below the prefix.
pub(super) const PASSWORDS: &str = "passwords";
const MOST_BYTES: u64 = 1 << 20;

impl Nginx {
    /// Sees to it that an app's file is there; `mark` tells one text from another. Says where.
    pub fn ensure_passwords(&self, app: &AppId, mark: &str, text: &Secret<String>) -> Result<HostPath, Error> {
        let path = format!("{PASSWORDS}/{app}-{mark}");
        let found = self.root.read(&path, MOST_BYTES);
        if !found.is_ok_and(|found| found == text.expose().as_bytes()) {
            let write = || {
                self.root.create_folder(PASSWORDS, 0o711)?;
                self.root.write(&path, text.expose().as_bytes(), 0o640)?;
                match self.worker_group {
                    Some(group) => self.root.set_owner(&path, 0, group),
                    None => Ok(()),
                }
            };
            write().map_err(Error::Files)?;
        }
        format!("{}/{path}", self.prefix).parse().map_err(Error::Path)
    }

    /// Removes the files that are not among `kept`.
    pub fn prune_passwords(&self, kept: &[&HostPath]) -> Result<(), Error> {
        if !self.root.exists(PASSWORDS) {
            return Ok(());
        }
        for name in self.root.names(PASSWORDS).map_err(Error::Files)? {
            let path = format!("{PASSWORDS}/{name}");
            if !kept.iter().any(|kept| kept.as_str() == format!("{}/{path}", self.prefix)) {
                self.root.remove_file(path).map_err(Error::Files)?;
            }
        }
        Ok(())
    }
}
