//! Which address shows which page.

mod parts;

use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::{
    Lazy, SsrMode,
    components::{ParentRoute, Route, Router, Routes},
    path,
};

use crate::{
    live::Live,
    pages::{
        apps::AppsPage,
        claim::ClaimPage,
        not_found::NotFound,
        sign_in::{RecoverPage, SignInPage},
        today::TodayPage,
    },
    ui::{clock::Clock, frame::Frame, toast::provide_toaster, visitor::Visitor},
};
use parts::*;

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
                    <Route path=path!("/new") view={Lazy::<NewRoute>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/apps/:name/deploys/:number") view={Lazy::<DeployRoute>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/apps/:name/compare") view={Lazy::<CompareRoute>::new()} ssr=SsrMode::Async />
                    <ParentRoute path=path!("/apps/:name") view={Lazy::<FrameRoute>::new()} ssr=SsrMode::Async>
                        <Route path=path!("") view={Lazy::<OverviewRoute>::new()} ssr=SsrMode::Async />
                        <Route path=path!("deploys") view={Lazy::<DeploysRoute>::new()} ssr=SsrMode::Async />
                        <Route path=path!("processes") view={Lazy::<ProcessesRoute>::new()} ssr=SsrMode::Async />
                        <Route path=path!("environment") view={Lazy::<EnvironmentRoute>::new()} ssr=SsrMode::Async />
                        <Route path=path!("domains") view={Lazy::<AppDomainsRoute>::new()} ssr=SsrMode::Async />
                        <Route path=path!("proxy") view={Lazy::<ProxyRoute>::new()} ssr=SsrMode::Async />
                        <Route path=path!("storage") view={Lazy::<StorageRoute>::new()} ssr=SsrMode::Async />
                        <Route path=path!("logs") view={Lazy::<LogsRoute>::new()} ssr=SsrMode::Async />
                        <Route path=path!("traffic") view={Lazy::<TrafficRoute>::new()} ssr=SsrMode::Async />
                        <Route path=path!("settings") view={Lazy::<AppSettingsRoute>::new()} ssr=SsrMode::Async />
                    </ParentRoute>
                    <Route path=path!("/domains") view={Lazy::<DomainsRoute>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/host/nginx") view={Lazy::<NginxRoute>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/domains/:name") view={Lazy::<DomainRoute>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/activity") view={Lazy::<AuditRoute>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/activity/jobs") view={Lazy::<JobsRoute>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/activity/deliveries") view={Lazy::<DeliveriesRoute>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/settings/environment") view={Lazy::<SharedEnvironmentRoute>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/settings/panel") view={Lazy::<PanelDomainRoute>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/settings/tunnel") view={Lazy::<TunnelRoute>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/settings/registries") view={Lazy::<RegistriesRoute>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/settings/certificates") view={Lazy::<CertificatesRoute>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/settings/dns") view={Lazy::<DnsProvidersRoute>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/settings") view={Lazy::<SettingsRoute>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/gallery") view={Lazy::<GalleryRoute>::new()} ssr=SsrMode::Async />
                </ParentRoute>
            </Routes>
        </Router>
    }
}
