//! Pages that the browser fetches when one of them is first opened, a part at a time. What everybody
//! needs at once (the frame, Today, the list of apps, the way in) comes with the first page.
//!
//! A part is one function, so that it is one file beside what it shares with the other part; a file for
//! each page would be hundreds.

use leptos::{lazy, prelude::*};
use leptos_router::LazyRoute;

use crate::pages::{
    activity::{AuditPage, DeliveriesPage, JobsPage},
    apps::{AppFrame, AppSettings, NewApp, Overview, Processes, StoragePage},
    deploys::{ComparePage, DeployPage, DeploysPage},
    domains::{AppDomainsPage, DomainsPage, ProxyPage, one::DomainPage},
    environment::{Environment, SharedEnvironment},
    gallery::Gallery,
    host::NginxPage,
    logs::Logs,
    settings::{
        SettingsPage, certificates::CertificatesPage, dns::DnsProvidersPage, panel_domain::PanelDomainPage,
        registries::RegistriesPage, tunnel::TunnelPage,
    },
    traffic::TrafficTab,
};

macro_rules! part {
    ($(#[$doc:meta])* $part:ident, $load:ident, $preload:ident: $($route:ident = $page:ident),+ $(,)?) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        enum $part { $($page),+ }

        #[lazy]
        fn $load(page: $part) -> AnyView {
            match page { $($part::$page => view! { <$page /> }.into_any()),+ }
        }

        $(
            #[doc = concat!("The route of [`", stringify!($page), "`].")]
            #[derive(Debug)]
            pub(super) struct $route;

            impl LazyRoute for $route {
                fn data() -> Self {
                    Self
                }

                async fn view(_: Self) -> AnyView {
                    $load($part::$page).await
                }

                async fn preload() {
                    #[cfg(target_arch = "wasm32")]
                    $preload().await;
                }
            }
        )+
    };
}

part! {
    /// One app.
    OfApp, of_app, __preload_of_app:
    NewRoute = NewApp,
    FrameRoute = AppFrame,
    OverviewRoute = Overview,
    DeploysRoute = DeploysPage,
    DeployRoute = DeployPage,
    CompareRoute = ComparePage,
    ProcessesRoute = Processes,
    EnvironmentRoute = Environment,
    AppDomainsRoute = AppDomainsPage,
    ProxyRoute = ProxyPage,
    StorageRoute = StoragePage,
    LogsRoute = Logs,
    TrafficRoute = TrafficTab,
    AppSettingsRoute = AppSettings,
}

part! {
    /// The server, its names and its people.
    OfServer, of_server, __preload_of_server:
    DomainsRoute = DomainsPage,
    DomainRoute = DomainPage,
    NginxRoute = NginxPage,
    AuditRoute = AuditPage,
    JobsRoute = JobsPage,
    DeliveriesRoute = DeliveriesPage,
    SharedEnvironmentRoute = SharedEnvironment,
    PanelDomainRoute = PanelDomainPage,
    TunnelRoute = TunnelPage,
    RegistriesRoute = RegistriesPage,
    CertificatesRoute = CertificatesPage,
    DnsProvidersRoute = DnsProvidersPage,
    SettingsRoute = SettingsPage,
    GalleryRoute = Gallery,
}
