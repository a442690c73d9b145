//! Which address shows which page.

use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::{
    SsrMode,
    components::{ParentRoute, Route, Router, Routes},
    path,
};

use crate::{
    live::Live,
    pages::{
        activity::{AuditPage, DeliveriesPage, JobsPage},
        apps::{AppFrame, AppSettings, AppsPage, NewApp, Overview, Processes, StoragePage},
        claim::ClaimPage,
        deploys::{ComparePage, DeployPage, DeploysPage},
        domains::{AppDomainsPage, DomainsPage, ProxyPage, one::DomainPage},
        environment::{Environment, SharedEnvironment},
        gallery::Gallery,
        host::NginxPage,
        logs::Logs,
        not_found::NotFound,
        settings::{
            SettingsPage, certificates::CertificatesPage, dns::DnsProvidersPage, panel_domain::PanelDomainPage,
            registries::RegistriesPage, tunnel::TunnelPage,
        },
        sign_in::{RecoverPage, SignInPage},
        today::TodayPage,
        traffic::TrafficTab,
    },
    ui::{clock::Clock, frame::Frame, toast::provide_toaster, visitor::Visitor},
};

/// Every page. Pages are sent when they are whole, so that reading needs no script.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    provide_toaster();
    Clock::provide(Visitor::current().now);
    Live::provide();
    view! {
        <Title formatter=|title: String| if title.is_empty() { "Homeport".to_owned() } else { format!("{title} · Homeport") } />
        <Router>
            <Routes fallback=NotFound>
                <Route path=path!("/claim") view=ClaimPage ssr=SsrMode::Async />
                <Route path=path!("/sign-in") view=SignInPage ssr=SsrMode::Async />
                <Route path=path!("/recover") view=RecoverPage ssr=SsrMode::Async />
                <ParentRoute path=path!("") view=Frame ssr=SsrMode::Async>
                    <Route path=path!("/") view=TodayPage ssr=SsrMode::Async />
                    <Route path=path!("/apps") view=AppsPage ssr=SsrMode::Async />
                    <Route path=path!("/new") view=NewApp ssr=SsrMode::Async />
                    <Route path=path!("/apps/:name/deploys/:number") view=DeployPage ssr=SsrMode::Async />
                    <Route path=path!("/apps/:name/compare") view=ComparePage ssr=SsrMode::Async />
                    <ParentRoute path=path!("/apps/:name") view=AppFrame ssr=SsrMode::Async>
                        <Route path=path!("") view=Overview ssr=SsrMode::Async />
                        <Route path=path!("deploys") view=DeploysPage ssr=SsrMode::Async />
                        <Route path=path!("processes") view=Processes ssr=SsrMode::Async />
                        <Route path=path!("environment") view=Environment ssr=SsrMode::Async />
                        <Route path=path!("domains") view=AppDomainsPage ssr=SsrMode::Async />
                        <Route path=path!("proxy") view=ProxyPage ssr=SsrMode::Async />
                        <Route path=path!("storage") view=StoragePage ssr=SsrMode::Async />
                        <Route path=path!("logs") view=Logs ssr=SsrMode::Async />
                        <Route path=path!("traffic") view=TrafficTab ssr=SsrMode::Async />
                        <Route path=path!("settings") view=AppSettings ssr=SsrMode::Async />
                    </ParentRoute>
                    <Route path=path!("/domains") view=DomainsPage ssr=SsrMode::Async />
                    <Route path=path!("/host/nginx") view=NginxPage ssr=SsrMode::Async />
                    <Route path=path!("/domains/:name") view=DomainPage ssr=SsrMode::Async />
                    <Route path=path!("/activity") view=AuditPage ssr=SsrMode::Async />
                    <Route path=path!("/activity/jobs") view=JobsPage ssr=SsrMode::Async />
                    <Route path=path!("/activity/deliveries") view=DeliveriesPage ssr=SsrMode::Async />
                    <Route path=path!("/settings/environment") view=SharedEnvironment ssr=SsrMode::Async />
                    <Route path=path!("/settings/panel") view=PanelDomainPage ssr=SsrMode::Async />
                    <Route path=path!("/settings/tunnel") view=TunnelPage ssr=SsrMode::Async />
                    <Route path=path!("/settings/registries") view=RegistriesPage ssr=SsrMode::Async />
                    <Route path=path!("/settings/certificates") view=CertificatesPage ssr=SsrMode::Async />
                    <Route path=path!("/settings/dns") view=DnsProvidersPage ssr=SsrMode::Async />
                    <Route path=path!("/settings") view=SettingsPage ssr=SsrMode::Async />
                    <Route path=path!("/gallery") view=Gallery ssr=SsrMode::Async />
                </ParentRoute>
            </Routes>
        </Router>
    }
}
