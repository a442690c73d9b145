//! The fake's names, proxies and nginx.

use async_trait::async_trait;
use homeport_app::backend::{Answer, Domains};
use homeport_model::{
    domain::{
        AppDomains, DomainForm, DomainRow, FileDiff, GenerationRow, Leads, Maintenance, MaintenanceForm, NginxFile,
        NginxView, PasswordForm, PathPrefix, PrefixForm, PrefixRow, ProxyForm, ProxyView, Refusal, UpstreamPorts,
        UserName, diff_files,
    },
    name::{AppName, DomainName, HostName},
    prelude::{Actor, Problem, Timestamp},
    tunnel::WayIn,
};

use super::{DAY, Fake, NOW, parsed};

fn row(name: &str, leads: Leads, derived: bool, primary: bool) -> DomainRow {
    DomainRow {
        name: parsed(name),
        unicode: (name == "xn--bcher-kva.example").then(|| "bücher.example".into()),
        app: parsed("shop"),
        leads,
        derived,
        primary,
        url: Some(format!("http://{name}")),
        expires_at: (name == "shop.example.com").then(|| Timestamp::from_ms(NOW.ms() + 60 * DAY)),
        way: if derived { WayIn::Tunnel } else { WayIn::Direct },
        dns: None,
        served: None,
    }
}

fn rows() -> Vec<DomainRow> {
    let away = Leads::Redirect { to: "shop.example.com/…".into(), status: 301 };
    vec![
        row("shop.apps.example.com", Leads::App, true, false),
        row("shop.example.com", Leads::App, false, true),
        row("www.shop.example.com", away, false, false),
        row("*.wild.example.com", Leads::App, false, false),
        row("xn--bcher-kva.example", Leads::App, false, false),
    ]
}

fn refusal() -> Refusal {
    Refusal { app: parsed("shop"), words: "cannot load certificate <b>x</b>".into(), since: NOW }
}

#[async_trait]
impl Domains for Fake {
    async fn list(&self, _: &Actor) -> Answer<Vec<DomainRow>> {
        Ok(if self.empty { Vec::new() } else { rows() })
    }

    async fn of_app(&self, _: &Actor, app: &AppName) -> Answer<AppDomains> {
        let part =
            PrefixRow { host: parsed("shop.example.com"), path: parsed("/api"), app: parsed("api"), strip: true };
        let on = Maintenance { text: Some(parsed("Back at <i>nine</i>.")), by: "Ada".into(), since: NOW };
        let is_shop = app.as_str() == "shop";
        Ok(AppDomains {
            names: rows(),
            prefixes: if is_shop { vec![part] } else { Vec::new() },
            elsewhere: if is_shop { Vec::new() } else { vec![("shop.example.com/api".into(), parsed("shop"))] },
            others: vec![parsed("api"), parsed("bot")],
            catch_all: Some(parsed("bot")),
            maintenance: is_shop.then_some(on),
            refusal: is_shop.then(refusal),
        })
    }

    async fn add(&self, _: &Actor, _: &AppName, form: DomainForm) -> Answer<()> {
        form.parse().map(|_| ())
    }

    async fn remove(&self, _: &Actor, _: &AppName, _: &DomainName) -> Answer<()> {
        Ok(())
    }

    async fn make_primary(&self, _: &Actor, _: &AppName, _: &DomainName) -> Answer<()> {
        Ok(())
    }

    async fn lead_here(&self, _: &Actor, _: &AppName, _: &HostName) -> Answer<()> {
        Ok(())
    }

    async fn set_way(&self, _: &Actor, _: &AppName, _: &DomainName, _: bool) -> Answer<()> {
        Ok(())
    }

    async fn set_catch_all(&self, _: &Actor, _: &AppName, _: bool) -> Answer<()> {
        Ok(())
    }

    async fn add_prefix(&self, _: &Actor, _: &AppName, form: PrefixForm) -> Answer<()> {
        form.parse().map(|_| ())
    }

    async fn remove_prefix(&self, _: &Actor, _: &AppName, _: &HostName, _: &PathPrefix) -> Answer<()> {
        Ok(())
    }

    async fn set_maintenance(&self, _: &Actor, _: &AppName, form: MaintenanceForm) -> Answer<()> {
        form.parse().map(|_| ())
    }

    async fn proxy(&self, _: &Actor, app: &AppName) -> Answer<ProxyView> {
        let form = ProxyForm {
            knobs: [("body_size".to_owned(), "20m".to_owned())].into(),
            headers: "X-Frame-Options: DENY".into(),
            ..ProxyForm::default()
        };
        let port = UpstreamPorts {
            map: parsed("grpcs:9443:5001"),
            idle: Some("No name of this app has a certificate yet.".into()),
        };
        Ok(ProxyView {
            settings: form.parse()?,
            users: vec![parsed("ada")],
            ports: vec![port],
            has_brotli: false,
            http2_by_app: false,
            is_site: app.as_str() != "shop",
            refusal: None,
        })
    }

    async fn set_proxy(&self, _: &Actor, _: &AppName, form: ProxyForm) -> Answer<()> {
        form.parse().map(|_| ())
    }

    async fn set_password(&self, _: &Actor, _: &AppName, form: PasswordForm) -> Answer<()> {
        form.parse().map(|_| ())
    }

    async fn remove_password(&self, _: &Actor, _: &AppName, _: &UserName) -> Answer<()> {
        Ok(())
    }

    async fn nginx(&self, _: &Actor, file: Option<String>) -> Answer<NginxView> {
        if self.empty {
            return Ok(NginxView {
                version: None,
                modules: Vec::new(),
                current: None,
                answering: None,
                files: Vec::new(),
                history: Vec::new(),
                edits: Vec::new(),
                refusals: Vec::new(),
            });
        }
        let text = (file.as_deref() == Some("app-shop.conf")).then(|| "server { <evil> }".to_owned());
        let row = |number, changed, edited: &[&str]| GenerationRow {
            number,
            at: NOW,
            changed,
            edited: edited.iter().map(|file| (*file).to_owned()).collect(),
        };
        Ok(NginxView {
            version: Some("1.22.1".into()),
            modules: vec!["http_v2".into(), "http_ssl".into()],
            current: Some(14),
            answering: Some(14),
            files: vec![NginxFile { name: "app-shop.conf".into(), app: Some(parsed("shop")), lines: 40, text }],
            history: vec![
                row(14, Some(vec!["app-shop.conf".into()]), &["app-shop.conf"]),
                row(13, Some(Vec::new()), &[]),
                row(12, None, &[]),
            ],
            edits: self.nginx_difference(&Actor::host(), 14, 14).await?,
            refusals: vec![refusal()],
        })
    }

    async fn nginx_difference(&self, _: &Actor, from: u64, to: u64) -> Answer<Vec<FileDiff>> {
        if from > 14 || to > 14 {
            return Err(Problem::not_found("generation"));
        }
        let file = |text: &str| vec![("app-shop.conf".to_owned(), text.to_owned())];
        Ok(diff_files(&file("server {\n    gzip on;\n}\n"), &file("server {\n    gzip off; # <mine>\n}\n")))
    }

    async fn put_nginx_back(&self, _: &Actor) -> Answer<()> {
        Ok(())
    }

    async fn forget_nginx_generation(&self, _: &Actor, _: u64) -> Answer<()> {
        Ok(())
    }
}
