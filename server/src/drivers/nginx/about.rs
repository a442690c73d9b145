//! What this nginx is: its version, and what it can do.

use std::path::Path;

use homeport_model::domain::vhost::HostPath;

use super::{Error, Nginx};
use crate::drivers::{
    process::{Invocation, Program},
    system::fsroot::FsRoot,
};

/// Where distributions put modules that can be loaded.
const MODULES: [&str; 3] = ["/usr/lib/nginx/modules", "/usr/lib64/nginx/modules", "/etc/nginx/modules"];
/// The only one that Homeport loads.
const BROTLI: &str = "ngx_http_brotli_filter_module.so";

/// What `nginx -V` says, and what lies in the folder of modules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// Like `1.22.1`.
    pub version: String,
    /// Modules that are built in or can be loaded, by their short names, sorted.
    pub modules: Vec<String>,
}

impl About {
    /// Whether HTTP/2 is a server's own setting (from 1.25.1 on).
    #[must_use]
    pub fn http2_by_server(&self) -> bool {
        let mut parts = self.version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
        let mut next = || parts.next().unwrap_or(0);
        (next(), next(), next()) >= (1, 25, 1)
    }
}

impl Nginx {
    /// Asks the program.
    pub async fn about(&self) -> Result<About, Error> {
        let output = Invocation::new(Program::Nginx).args(["-V"]).run().await.map_err(Error::Process)?;
        let mut about = read(&output.stderr);
        about.modules.extend(loadable());
        about.modules.sort();
        about.modules.dedup();
        Ok(about)
    }

    /// The file of the brotli module, where this host has it.
    #[must_use]
    pub fn brotli() -> Option<HostPath> {
        let there = |folder: &&str| Path::new(folder).join(BROTLI);
        let found =
            MODULES.iter().find(|folder| rustix::fs::access(there(folder), rustix::fs::Access::READ_OK).is_ok());
        found.and_then(|folder| format!("{folder}/{BROTLI}").parse().ok())
    }
}

fn loadable() -> Vec<String> {
    let names = MODULES.iter().find_map(|folder| FsRoot::open(folder).and_then(|root| root.names(".")).ok());
    let short = |name: String| Some(name.strip_prefix("ngx_")?.strip_suffix("_module.so")?.to_owned());
    names.unwrap_or_default().into_iter().filter_map(short).collect()
}

fn read(text: &str) -> About {
    let version = text.lines().find_map(|line| line.strip_prefix("nginx version: nginx/"));
    let version = version.and_then(|rest| rest.split_whitespace().next()).unwrap_or("unknown").to_owned();
    let words = text.split_whitespace().filter_map(|word| word.strip_prefix("--with-"));
    let modules = words.filter(|word| !word.ends_with("=dynamic")).filter_map(|word| word.strip_suffix("_module"));
    About { version, modules: modules.map(str::to_owned).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_and_modules_are_read() {
        let about = read(
            "nginx version: nginx/1.22.1 (Ubuntu)\nconfigure arguments: --prefix=/x --with-http_v2_module --with-http_perl_module=dynamic --with-threads",
        );
        assert_eq!((about.version.as_str(), about.modules.clone()), ("1.22.1", vec!["http_v2".to_owned()]));
        assert!(!about.http2_by_server());
        for (version, expected) in
            [("1.25.0", false), ("1.25.1", true), ("1.26.3", true), ("2.0", true), ("unknown", false)]
        {
            assert_eq!(About { version: version.into(), ..about.clone() }.http2_by_server(), expected, "{version}");
        }
    }
}
