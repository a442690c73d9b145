//! Which host names lead where, as far as the configuration says.

use homeport_model::name::{AppName, HostName};

use crate::origins::Origins;

/// Host names by configuration.
#[derive(Debug, Clone)]
pub struct Names {
    origins: Origins,
    apps_domain: HostName,
    allow_local_git: bool,
}

impl Names {
    /// The panel is reached through `origins`; apps are named below `apps_domain`.
    #[must_use]
    pub fn new(origins: Origins, apps_domain: HostName, allow_local_git: bool) -> Self {
        Self { origins, apps_domain, allow_local_git }
    }

    /// The panel's own addresses.
    #[must_use]
    pub fn origins(&self) -> &Origins {
        &self.origins
    }

    /// The panel's primary host name.
    #[must_use]
    pub fn panel_host(&self) -> String {
        self.origins.primary().host().to_owned()
    }

    /// The domain under which every app has a name.
    #[must_use]
    pub fn apps_domain(&self) -> &HostName {
        &self.apps_domain
    }

    /// Whether repositories may be reached by plain http.
    #[must_use]
    pub fn allows_local_git(&self) -> bool {
        self.allow_local_git
    }

    /// An app's first host name.
    #[must_use]
    pub fn of_app(&self, app: &AppName) -> HostName {
        // A label and a host name make a host name, as long as it is not too long; a domain that
        // long is refused at start.
        format!("{app}.{}", self.apps_domain).parse().unwrap_or_else(|_| self.apps_domain.clone())
    }

    /// Whether a host name is the panel's.
    #[must_use]
    pub fn is_panel(&self, host_name: &HostName) -> bool {
        self.origins.has_host(host_name.as_str())
    }

    /// The app that a host name belongs to by its form, whether or not that app exists.
    #[must_use]
    pub fn app_of(&self, host_name: &HostName) -> Option<AppName> {
        let label = host_name.as_str().strip_suffix(self.apps_domain.as_str())?.strip_suffix('.')?;
        label.parse().ok()
    }

    /// Where a browser finds a host name.
    #[must_use]
    pub fn url(&self, host_name: &HostName, http_port: u16) -> String {
        match http_port {
            80 => format!("http://{host_name}"),
            port => format!("http://{host_name}:{port}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_apps() {
        let origins = Origins::new("https://panel.example.com".parse().expect("an origin"), 443);
        let names = Names::new(origins, "apps.example.com".parse().expect("a name"), false);
        let shop: AppName = "shop".parse().expect("a name");
        assert_eq!(names.of_app(&shop).as_str(), "shop.apps.example.com");
        assert_eq!(names.app_of(&names.of_app(&shop)), Some(shop));
        for other in ["a.b.apps.example.com", "apps.example.com", "shop.example.com", "shopapps.example.com"] {
            assert_eq!(names.app_of(&other.parse().expect("a name")), None, "{other}");
        }
        assert_eq!(names.url(&"a.b".parse().expect("a name"), 8080), "http://a.b:8080");
    }
}
