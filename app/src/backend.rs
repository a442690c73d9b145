//! What the pages need from the server: one small trait per noun, implemented by its services.
//!
//! Every method takes the actor first and checks what it may do; the answer is a value of the
//! model or a [`Problem`].

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use homeport_model::{
    access::{AccessView, RegistryForm, RegistryHost, RegistryRow, SignInForm, Tried},
    account::{AccountSettings, Me, TokenForm, TokenRow},
    app::{AppDetail, AppForm, AppRow, NeedForm, NeedsView, ProcessForm, VolumeName},
    certificate::{
        CertificateRow, DomainView, Outlook,
        settings::{AcmeForm, AcmeView, PlanForm, PlanRow, Trial},
    },
    deploy::{Comparison, DeployDetail, ReleaseRow},
    domain::{
        AppDomains, DomainForm, DomainRow, FileDiff, MaintenanceForm, NginxView, PasswordForm, PathPrefix, PrefixForm,
        ProxyForm, ProxyView, UserName,
        dns_provider::{DnsProviderForm, DnsProviderRow},
    },
    environment::{EnvDifference, EnvExport, EnvFormat, EnvPage, EnvVersion, Length, ScopeChoice, Spelling},
    host::{AuditRow, Today},
    id::{DeliveryId, JobId, PasskeyId, SessionId, SshKeyId, TokenId},
    job::{JobRow, LogLine},
    log::{LogBatch, LogForm, LogPage},
    name::{AppName, CommitRef, DomainName, EnvKey, HostName},
    panel_domain::{PanelNameForm, PanelNameRow},
    prelude::{Actor, Problem},
    problem::Fix,
    pushes::{Remotes, SshKeyForm, SshSettings},
    secret::Secret,
    traffic::{TrafficForm, TrafficPage},
    tunnel::{TunnelForm, TunnelView},
    webhook::{DeliveryRow, NewSecret, StatusForm, StatusView, WebhookRow},
};

/// What a backend method answers.
pub type Answer<T> = Result<T, Problem>;

/// All that the pages need; provided as a context to every server function.
#[derive(Clone)]
pub struct Backend {
    /// Passkeys, sessions and recovery codes of the person who asks.
    pub accounts: Arc<dyn Accounts>,
    /// Apps.
    pub apps: Arc<dyn Apps>,
    /// What apps write.
    pub logs: Arc<dyn Logs>,
    /// Environments of one app or of all.
    pub environments: Arc<dyn Environments>,
    /// Deploys, releases and their jobs.
    pub deploys: Arc<dyn Deploys>,
    /// The audit log and all jobs.
    pub activity: Arc<dyn Activity>,
    /// Webhooks and what they received.
    pub webhooks: Arc<dyn Webhooks>,
    /// API tokens of the person who asks.
    pub tokens: Arc<dyn Tokens>,
    /// Keys and sign-ins for private repositories.
    pub access: Arc<dyn Access>,
    /// SSH keys of the person who asks.
    pub ssh_keys: Arc<dyn SshKeys>,
    /// Deploys' statuses on Git hosts.
    pub statuses: Arc<dyn Statuses>,
    /// Sign-ins to image registries.
    pub registries: Arc<dyn Registries>,
    /// Zones' DNS providers.
    pub dns_providers: Arc<dyn DnsProviders>,
    /// Certificates.
    pub certificates: Arc<dyn Certificates>,
    /// Names, where they lead, and what nginx does with their visitors.
    pub domains: Arc<dyn Domains>,
    /// What visitors ask of apps.
    pub traffic: Arc<dyn Traffic>,
    /// The panel's own names.
    pub panel_domain: Arc<dyn PanelDomain>,
    /// Cloudflare Tunnel.
    pub tunnel: Arc<dyn Tunnel>,
}

/// Passkeys, sessions and recovery codes of the person who asks. Ceremonies have JSON routes of
/// their own, because the browser's API stands between their two halves.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// Who is looking.
    async fn me(&self, actor: &Actor) -> Answer<Me>;
    /// All that Settings shows.
    async fn settings(&self, actor: &Actor) -> Answer<AccountSettings>;
    /// Gives a passkey another name.
    async fn rename_passkey(&self, actor: &Actor, id: &PasskeyId, label: String) -> Answer<()>;
    /// Removes a passkey and ends its sessions; the last one stays. Needs step-up.
    async fn remove_passkey(&self, actor: &Actor, id: &PasskeyId) -> Answer<()>;
    /// Ends one session.
    async fn end_session(&self, actor: &Actor, id: &SessionId) -> Answer<()>;
    /// Ends all sessions but this one.
    async fn end_other_sessions(&self, actor: &Actor) -> Answer<()>;
    /// Replaces the recovery codes; the new ones are shown this once. Needs step-up.
    async fn new_recovery_codes(&self, actor: &Actor) -> Answer<Vec<String>>;
}

/// Apps.
#[async_trait]
pub trait Apps: Send + Sync {
    /// The first page.
    async fn today(&self, actor: &Actor) -> Answer<Today>;
    /// How many apps are down, in whole or in part, as last seen; the store is not asked.
    async fn troubled(&self, actor: &Actor) -> Answer<usize>;
    /// Every app, by name.
    async fn list(&self, actor: &Actor) -> Answer<Vec<AppRow>>;
    /// One app with all that its pages show.
    async fn find(&self, actor: &Actor, name: &AppName) -> Answer<AppDetail>;
    /// Creates an app; nothing is deployed yet.
    async fn create(&self, actor: &Actor, form: AppForm) -> Answer<AppName>;
    /// Changes an app's settings; its name stays. Takes effect with the next deploy, host names at once.
    async fn change(&self, actor: &Actor, name: &AppName, form: AppForm) -> Answer<()>;
    /// Sets one process of an app. Takes effect with the next release.
    async fn set_process(&self, actor: &Actor, name: &AppName, form: ProcessForm) -> Answer<()>;
    /// Removes an app with its releases, containers, images and folders; `typed` is its name once
    /// more. Needs step-up.
    async fn delete(&self, actor: &Actor, name: &AppName, typed: &str) -> Answer<JobId>;
    /// The same, and its volumes with all that is in them.
    async fn delete_with_volumes(&self, actor: &Actor, name: &AppName, typed: &str) -> Answer<JobId>;
    /// Storage, ports and options.
    async fn needs(&self, actor: &Actor, name: &AppName) -> Answer<NeedsView>;
    /// Gives an app a mount, a port or options with the next deploy or restart. Dangerous ones need
    /// step-up.
    async fn add_need(&self, actor: &Actor, name: &AppName, form: NeedForm) -> Answer<()>;
    /// Takes away the mount, port or option that is spelt so.
    async fn remove_need(&self, actor: &Actor, name: &AppName, kind: &str, text: &str) -> Answer<()>;
    /// Removes a volume that no mount names, with all that is in it. Needs step-up.
    async fn remove_volume(&self, actor: &Actor, name: &AppName, volume: &VolumeName) -> Answer<()>;
}

/// What visitors ask of apps, and how quickly they are answered.
#[async_trait]
pub trait Traffic: Send + Sync {
    /// The figures of a window, its series, and the newest requests.
    async fn page(&self, actor: &Actor, app: &AppName, form: &TrafficForm) -> Answer<TrafficPage>;
}

/// A log to take away.
pub struct LogFile {
    /// The file's name: letters, digits, hyphens and one dot.
    pub name: String,
    /// Its bytes, in pieces.
    pub pieces: BoxStream<'static, Vec<u8>>,
}

/// What an app's containers write, of every release that is kept.
#[async_trait]
pub trait Logs: Send + Sync {
    /// A page of lines, or what a search finds, with what there is to choose from.
    async fn page(&self, actor: &Actor, app: &AppName, form: &LogForm) -> Answer<LogPage>;
    /// The lines that are written after the moment that `form.after` names, or after now.
    async fn follow(&self, actor: &Actor, app: &AppName, form: &LogForm) -> Answer<BoxStream<'static, LogBatch>>;
    /// All lines that the form chooses, as a file. What it looks for does not matter.
    async fn file(&self, actor: &Actor, app: &AppName, form: &LogForm) -> Answer<LogFile>;
}

/// Environments: of `app`, or of all apps for `None`.
#[async_trait]
pub trait Environments: Send + Sync {
    /// The variables; secrets are masked.
    async fn find(&self, actor: &Actor, app: Option<&AppName>) -> Answer<EnvPage>;
    /// What saving a `.env` text would change; secrets are masked.
    async fn preview(
        &self,
        actor: &Actor,
        app: Option<&AppName>,
        text: &str,
        scope: ScopeChoice,
    ) -> Answer<Vec<EnvDifference>>;
    /// Sets the variables of a `.env` text, leaving the others; returns how many changed.
    async fn set(&self, actor: &Actor, app: Option<&AppName>, text: &str, scope: ScopeChoice) -> Answer<u32>;
    /// Removes one variable.
    async fn unset(&self, actor: &Actor, app: Option<&AppName>, key: &EnvKey) -> Answer<()>;
    /// Shows or masks one variable on the page; showing a secret needs step-up.
    async fn set_secret(&self, actor: &Actor, app: Option<&AppName>, key: &EnvKey, secret: bool) -> Answer<()>;
    /// Sets one variable to a secret made here.
    async fn generate(
        &self,
        actor: &Actor,
        app: Option<&AppName>,
        key: &EnvKey,
        length: Length,
        spelling: Spelling,
    ) -> Answer<()>;
    /// The versions, newest first.
    async fn versions(&self, actor: &Actor, app: Option<&AppName>) -> Answer<Vec<EnvVersion>>;
    /// What differs between two versions (0 is before the first); secrets are masked.
    async fn difference(&self, actor: &Actor, app: Option<&AppName>, from: u32, to: u32) -> Answer<Vec<EnvDifference>>;
    /// Makes the environment as it was in a version, as a new version; returns how many changed.
    async fn bring_back(&self, actor: &Actor, app: Option<&AppName>, number: u32) -> Answer<u32>;
    /// The environment as text, secrets included; an app's with what it has from all apps. Needs
    /// step-up.
    async fn export(&self, actor: &Actor, app: Option<&AppName>, format: EnvFormat) -> Answer<EnvExport>;
}

/// Deploys, releases and their jobs.
#[async_trait]
pub trait Deploys: Send + Sync {
    /// Makes a release of the newest commit or image and switches to it; a queued deploy of the
    /// same app is replaced. Returns the release's number.
    async fn deploy(&self, actor: &Actor, app: &AppName) -> Answer<u32>;
    /// Deploys this commit, or the newest, and builds it without anything that earlier builds left.
    async fn deploy_without_cache(&self, actor: &Actor, app: &AppName, commit: Option<&CommitRef>) -> Answer<u32>;
    /// Deploys another tag or digest of the app's image, which the app then keeps.
    async fn deploy_image(&self, actor: &Actor, app: &AppName, image: &str) -> Answer<u32>;
    /// Deploys exactly this commit of the app's repository.
    async fn deploy_commit(&self, actor: &Actor, app: &AppName, commit: &CommitRef) -> Answer<u32>;
    /// Switches to the content of a kept release, as a new release. Returns its number.
    async fn roll_back(&self, actor: &Actor, app: &AppName, to: u32) -> Answer<u32>;
    /// Starts what serves anew with the settings and the environment of now, as a new release and
    /// without a build. Returns its number.
    async fn restart(&self, actor: &Actor, app: &AppName) -> Answer<u32>;
    /// Does what a failed deploy's problem offers, and deploys again. Returns the release's number.
    async fn fix(&self, actor: &Actor, app: &AppName, fix: Fix) -> Answer<u32>;
    /// Every release of an app, newest first.
    async fn list(&self, actor: &Actor, app: &AppName) -> Answer<Vec<ReleaseRow>>;
    /// Two releases beside each other.
    async fn compare(&self, actor: &Actor, app: &AppName, from: u32, to: u32) -> Answer<Comparison>;
    /// One deploy with its steps.
    async fn find(&self, actor: &Actor, app: &AppName, number: u32) -> Answer<DeployDetail>;
    /// Stops a queued or running job before its commit point.
    async fn cancel(&self, actor: &Actor, job: &JobId) -> Answer<()>;
    /// One job.
    async fn job(&self, actor: &Actor, job: &JobId) -> Answer<JobRow>;
    /// Lines of a job's log after line `after`, at most 1000.
    async fn log(&self, actor: &Actor, job: &JobId, after: u64) -> Answer<Vec<LogLine>>;
}

/// The audit log and all jobs.
#[async_trait]
pub trait Activity: Send + Sync {
    /// Audit rows before number `before` (all when `None`), newest first, at most 100.
    async fn audit(&self, actor: &Actor, before: Option<i64>) -> Answer<Vec<AuditRow>>;
    /// The newest 100 jobs.
    async fn jobs(&self, actor: &Actor) -> Answer<Vec<JobRow>>;
}

/// Webhooks and what they received.
#[async_trait]
pub trait Webhooks: Send + Sync {
    /// An app's webhook.
    async fn find(&self, actor: &Actor, app: &AppName) -> Answer<WebhookRow>;
    /// Makes a new secret for an app's webhook, shown this once; the one before is void.
    async fn renew_secret(&self, actor: &Actor, app: &AppName) -> Answer<NewSecret>;
    /// The newest 100 deliveries of all apps.
    async fn inbox(&self, actor: &Actor) -> Answer<Vec<DeliveryRow>>;
    /// Decides a delivery anew, for the app as it is now. Returns the release's number.
    async fn replay(&self, actor: &Actor, id: &DeliveryId) -> Answer<u32>;
}

/// API tokens of the person who asks.
#[async_trait]
pub trait Tokens: Send + Sync {
    /// Their tokens, newest first, ended ones included.
    async fn list(&self, actor: &Actor) -> Answer<Vec<TokenRow>>;
    /// Makes a token and returns it, this once. Needs step-up.
    async fn create(&self, actor: &Actor, form: TokenForm) -> Answer<String>;
    /// Ends a token at once.
    async fn revoke(&self, actor: &Actor, id: &TokenId) -> Answer<()>;
}

/// Keys and sign-ins for private repositories.
#[async_trait]
pub trait Access: Send + Sync {
    /// What an app's source calls for, and what there is.
    async fn find(&self, actor: &Actor, app: &AppName) -> Answer<AccessView>;
    /// Makes a new deploy key; the one before is void.
    async fn make_key(&self, actor: &Actor, app: &AppName) -> Answer<()>;
    /// Forgets the deploy key.
    async fn remove_key(&self, actor: &Actor, app: &AppName) -> Answer<()>;
    /// Keeps a user and a token for the origin of the app's repository.
    async fn set_sign_in(&self, actor: &Actor, app: &AppName, form: SignInForm) -> Answer<()>;
    /// Forgets them.
    async fn remove_sign_in(&self, actor: &Actor, app: &AppName) -> Answer<()>;
    /// Asks the host for the app's branch.
    async fn try_it(&self, actor: &Actor, app: &AppName) -> Answer<Tried>;
    /// Believes the key that the app's SSH server has now, if its fingerprint is this one.
    async fn trust_host(&self, actor: &Actor, app: &AppName, fingerprint: &str) -> Answer<()>;
}

/// SSH keys of the person who asks, and where to push to.
#[async_trait]
pub trait SshKeys: Send + Sync {
    /// Their keys, newest first, and the server that they open.
    async fn settings(&self, actor: &Actor) -> Answer<SshSettings>;
    /// Takes the public half of a key. Needs step-up.
    async fn add(&self, actor: &Actor, form: SshKeyForm) -> Answer<()>;
    /// Removes a key; connections that are open stay until they end.
    async fn remove(&self, actor: &Actor, id: &SshKeyId) -> Answer<()>;
    /// Where an app is pushed to.
    async fn remotes(&self, actor: &Actor, app: &AppName) -> Answer<Remotes>;
}

/// Deploys' statuses on Git hosts.
#[async_trait]
pub trait Statuses: Send + Sync {
    /// Whom an app's deploys are told to, and how the last report fared.
    async fn find(&self, actor: &Actor, app: &AppName) -> Answer<StatusView>;
    /// Tells a Git host of an app's deploys from now on.
    async fn set(&self, actor: &Actor, app: &AppName, form: StatusForm) -> Answer<()>;
    /// Tells nobody any more; the token is forgotten.
    async fn unset(&self, actor: &Actor, app: &AppName) -> Answer<()>;
}

/// Sign-ins to image registries.
#[async_trait]
pub trait Registries: Send + Sync {
    /// All of them, by host.
    async fn list(&self, actor: &Actor) -> Answer<Vec<RegistryRow>>;
    /// Keeps one, in place of the one for the same host, once the registry lets it in.
    async fn keep(&self, actor: &Actor, form: RegistryForm) -> Answer<()>;
    /// Forgets one.
    async fn forget(&self, actor: &Actor, host: &RegistryHost) -> Answer<()>;
    /// Asks a registry whether it still lets its sign-in in.
    async fn try_it(&self, actor: &Actor, host: &RegistryHost) -> Answer<()>;
}

/// Zones' DNS providers.
#[async_trait]
pub trait DnsProviders: Send + Sync {
    /// All of them, by zone.
    async fn list(&self, actor: &Actor) -> Answer<Vec<DnsProviderRow>>;
    /// Keeps one, in place of the one for the same zone, once it has published a record and taken it back.
    async fn keep(&self, actor: &Actor, form: DnsProviderForm) -> Answer<()>;
    /// Forgets one.
    async fn forget(&self, actor: &Actor, zone: &HostName) -> Answer<()>;
    /// Publishes a harmless record and takes it back.
    async fn try_it(&self, actor: &Actor, zone: &HostName) -> Answer<()>;
}

/// Certificates.
#[async_trait]
pub trait Certificates: Send + Sync {
    /// Those in use, by domain.
    async fn list(&self, actor: &Actor) -> Answer<Vec<CertificateRow>>;
    /// Where they are ordered, what is planned for each name, and what was tried.
    async fn acme(&self, actor: &Actor) -> Answer<AcmeView>;
    /// Sets where to order, agreeing to the authority's terms; it has taken the account when this returns.
    async fn set_acme(&self, actor: &Actor, form: AcmeForm) -> Answer<()>;
    /// What is planned for one name.
    async fn plan(&self, actor: &Actor, domain: &DomainName) -> Answer<PlanRow>;
    /// Sets who sees to a name's certificate, and how.
    async fn set_plan(&self, actor: &Actor, domain: &DomainName, form: PlanForm) -> Answer<()>;
    /// Orders a new one now. A [`Code::Conflict`](homeport_model::problem::Code::Conflict) says when, where
    /// a limit is in the way.
    async fn issue_now(&self, actor: &Actor, domain: &DomainName) -> Answer<()>;
    /// Has the one in use revoked for a reason (`unspecified`, `key_compromise`, `affiliation_changed`,
    /// `superseded`, `cessation`); a new one follows where Homeport sees to it. Needs step-up.
    async fn revoke(&self, actor: &Actor, domain: &DomainName, reason: &str) -> Answer<()>;
    /// Orders from the authority's staging directory, throws away what comes, and tells how it went. May
    /// take two minutes.
    async fn try_staging(&self, actor: &Actor, domain: &DomainName) -> Answer<Trial>;

    /// What ends next, and what somebody has to see to.
    async fn outlook(&self, actor: &Actor) -> Answer<Outlook>;
    /// One domain with all that is known of it.
    async fn domain(&self, actor: &Actor, domain: &DomainName) -> Answer<DomainView>;
    /// Looks at what is served for a domain now.
    async fn look(&self, actor: &Actor, domain: &DomainName) -> Answer<()>;
    /// Serves a certificate that a person brings, with its key; both as PEM.
    async fn keep_own(&self, actor: &Actor, domain: &DomainName, chain: String, key: Secret<String>) -> Answer<()>;
    /// Makes a certificate that is its own issuer.
    async fn self_sign(&self, actor: &Actor, domain: &DomainName) -> Answer<()>;
    /// Uses the certificate of a domain's own no more; what takes its place is served when this returns.
    /// Needs step-up.
    async fn stop_using(&self, actor: &Actor, domain: &DomainName) -> Answer<()>;
}

/// The panel's own names.
#[async_trait]
pub trait PanelDomain: Send + Sync {
    /// All of them, the configured one first, each with its rehearsal.
    async fn list(&self, actor: &Actor) -> Answer<Vec<PanelNameRow>>;
    /// Gives the panel a further name. Needs step-up.
    async fn try_name(&self, actor: &Actor, form: PanelNameForm) -> Answer<()>;
    /// A link that lets the actor in at a name, once, to make a passkey there; `anyway`, where they know what
    /// this server cannot see. Needs step-up.
    async fn go_to(&self, actor: &Actor, name: &HostName, anyway: bool) -> Answer<String>;
    /// Begins to let a name come in by the tunnel and by no other way, or at this server's own ports again;
    /// takes that back, with the way that it comes in by; finishes it without an answer, with `anyway`. Needs
    /// step-up.
    async fn set_way(&self, actor: &Actor, name: &HostName, by_tunnel: bool, anyway: bool) -> Answer<()>;
    /// Gives a name up; `anyway`, where people lose their last passkey by it. Needs step-up.
    async fn leave(&self, actor: &Actor, name: &HostName, anyway: bool) -> Answer<()>;
}

/// Cloudflare Tunnel.
#[async_trait]
pub trait Tunnel: Send + Sync {
    /// The tunnel, how its connector is, and the names that come in by it.
    async fn find(&self, actor: &Actor) -> Answer<TunnelView>;
    /// Keeps a token, in place of the one before, and runs `cloudflared` with it. Needs step-up.
    async fn keep(&self, actor: &Actor, form: TunnelForm) -> Answer<()>;
    /// Forgets the token and ends `cloudflared`. Needs step-up.
    async fn remove(&self, actor: &Actor) -> Answer<()>;
}

/// Names, where they lead, and what nginx does with their visitors. What changes takes effect at once.
#[async_trait]
pub trait Domains: Send + Sync {
    /// Every name, by app.
    async fn list(&self, actor: &Actor) -> Answer<Vec<DomainRow>>;
    /// The names of one app, and what else leads to it.
    async fn of_app(&self, actor: &Actor, app: &AppName) -> Answer<AppDomains>;
    /// Gives an app a name, or leads a name elsewhere.
    async fn add(&self, actor: &Actor, app: &AppName, form: DomainForm) -> Answer<()>;
    /// Removes a name.
    async fn remove(&self, actor: &Actor, app: &AppName, name: &DomainName) -> Answer<()>;
    /// Has an app be called by this name.
    async fn make_primary(&self, actor: &Actor, app: &AppName, name: &DomainName) -> Answer<()>;
    /// Leads `www.<name>` to `<name>`, or `<name>` to `www.<name>`, whichever was given.
    async fn lead_here(&self, actor: &Actor, app: &AppName, name: &HostName) -> Answer<()>;
    /// Lets a name come in by the tunnel and by no other way, or at this server's own ports again.
    async fn set_way(&self, actor: &Actor, app: &AppName, name: &DomainName, by_tunnel: bool) -> Answer<()>;
    /// Has an app answer names that nobody has, or no longer.
    async fn set_catch_all(&self, actor: &Actor, app: &AppName, on: bool) -> Answer<()>;
    /// Has another app answer a part of a host.
    async fn add_prefix(&self, actor: &Actor, app: &AppName, form: PrefixForm) -> Answer<()>;
    /// Gives that part back to its host's app.
    async fn remove_prefix(&self, actor: &Actor, app: &AppName, host: &HostName, path: &PathPrefix) -> Answer<()>;
    /// Answers with a page of ours in an app's place, or no longer.
    async fn set_maintenance(&self, actor: &Actor, app: &AppName, form: MaintenanceForm) -> Answer<()>;
    /// What nginx does with an app's visitors.
    async fn proxy(&self, actor: &Actor, app: &AppName) -> Answer<ProxyView>;
    /// Changes that.
    async fn set_proxy(&self, actor: &Actor, app: &AppName, form: ProxyForm) -> Answer<()>;
    /// Gives a visitor a password; from the first one on the app asks for one.
    async fn set_password(&self, actor: &Actor, app: &AppName, form: PasswordForm) -> Answer<()>;
    /// Takes it away.
    async fn remove_password(&self, actor: &Actor, app: &AppName, user: &UserName) -> Answer<()>;
    /// nginx's configuration as it is served, with the text of one file, and its history.
    async fn nginx(&self, actor: &Actor, file: Option<String>) -> Answer<NginxView>;
    /// What differs between two generations; of one and the same, what a hand changed.
    async fn nginx_difference(&self, actor: &Actor, from: u64, to: u64) -> Answer<Vec<FileDiff>>;
    /// Writes nginx's files anew as Homeport has them.
    async fn put_nginx_back(&self, actor: &Actor) -> Answer<()>;
    /// Drops a generation of the past.
    async fn forget_nginx_generation(&self, actor: &Actor, number: u64) -> Answer<()>;
}
