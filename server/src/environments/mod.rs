//! Environments of one app and of all apps: sealed at rest, changed only through versions.

mod backend;
pub mod store;
pub(crate) mod vault;

use homeport_model::{
    app::{EnvChange, EnvRow, env},
    environment::{
        EnvDifference, EnvExport, EnvFormat, EnvPage, Environment, MOST_VALUE_BYTES, ScopeChoice, Variable, declared,
        difference, export, generate,
    },
    event::Topic,
    name::{AppName, EnvKey},
    prelude::{Actor, Code, Problem, Role},
};
use serde_json::{Value, json};
use store::{NewVersion, Owner};

use crate::{
    ambient,
    apps::{AppRecord, Apps},
    db::Conn,
    failure::Failure,
};

/// At most this many bytes of values one environment may have; the kernel's limit for a program is
/// near.
const MOST_BYTES: usize = 1 << 20;
/// At most this many variables.
const MOST_VARIABLES: usize = 1_000;
/// How many versions are kept.
const KEPT_VERSIONS: u32 = 200;

/// The service.
#[derive(Clone)]
pub struct Environments {
    apps: Apps,
}

/// An environment that is looked at or changed.
struct Subject {
    owner: Owner,
    app: Option<AppRecord>,
}

impl Subject {
    fn name(&self) -> &str {
        self.app.as_ref().map_or("all apps", |app| app.spec.name.as_str())
    }
}

/// What is done to an environment, for its audit row and its version.
struct Deed<'a> {
    action: &'static str,
    detail: Value,
    by: &'a str,
    brought_back: Option<u32>,
}

impl Environments {
    /// The service beside the apps' one.
    #[must_use]
    pub fn new(apps: Apps) -> Self {
        Self { apps }
    }

    async fn subject(&self, app: Option<&AppName>) -> Result<Subject, Failure> {
        Ok(match app {
            None => Subject { owner: Owner::All, app: None },
            Some(name) => {
                let app = self.apps.get(name).await?;
                Subject { owner: Owner::App(app.id.clone()), app: Some(app) }
            }
        })
    }

    async fn open(&self, owner: &Owner) -> Result<Environment, Failure> {
        vault::of_owner(&self.apps.parts.db, &self.apps.parts.sealer, owner).await
    }

    async fn page(&self, actor: &Actor, app: Option<&AppName>) -> Result<EnvPage, Failure> {
        actor.require(Role::Viewer)?;
        let subject = self.subject(app).await?;
        let own = self.open(&subject.owner).await?;
        let (shown, serving) = match &subject.app {
            None => (own.clone(), None),
            Some(app) => {
                let parts = &self.apps.parts;
                (vault::of_app(&parts.db, &parts.sealer, &app.id).await?, self.apps.serving_env(app).await?)
            }
        };
        let row = |(key, variable): (&EnvKey, &Variable)| EnvRow {
            pending: variable.scope.at_run()
                && serving.as_ref().is_some_and(|serving| serving.get(key) != Some(&variable.value)),
            value: (!variable.secret).then(|| variable.value.clone()),
            secret: variable.secret,
            scope: variable.scope,
            of_all: subject.app.is_some() && !own.contains_key(key),
            key: key.clone(),
        };
        let stays = |key: &EnvKey| shown.get(key).is_some_and(|variable| variable.scope.at_run());
        let leaving = serving.iter().flat_map(|serving| serving.keys()).filter(|key| !stays(key)).cloned().collect();
        Ok(EnvPage { rows: shown.iter().map(row).collect(), leaving })
    }

    /// What a pasted text would make of an environment.
    fn pasted(before: &Environment, text: &str, scope: ScopeChoice) -> Result<Environment, Failure> {
        let mut after = before.clone();
        for var in env::parse(text)? {
            check(&var.key, &var.value, "text")?;
            let old = before.get(&var.key);
            let secret = old.map_or_else(|| env::looks_secret(&var.key), |old| old.secret);
            let scope = scope.over(old.map(|old| old.scope));
            after.insert(var.key, Variable { value: var.value, secret, scope });
        }
        let size: usize = after.values().map(|variable| variable.value.len()).sum();
        if size > MOST_BYTES || after.len() > MOST_VARIABLES {
            return Err(Problem::invalid("text", "That is too much: at most 1000 variables and 1 MiB.").into());
        }
        Ok(after)
    }

    async fn preview(
        &self,
        actor: &Actor,
        app: Option<&AppName>,
        text: &str,
        scope: ScopeChoice,
    ) -> Result<Vec<EnvDifference>, Failure> {
        actor.require(Role::Owner)?;
        let before = self.open(&self.subject(app).await?.owner).await?;
        Ok(difference(&before, &Self::pasted(&before, text, scope)?))
    }

    async fn paste(
        &self,
        actor: &Actor,
        app: Option<&AppName>,
        text: &str,
        scope: ScopeChoice,
    ) -> Result<u32, Failure> {
        actor.require(Role::Owner)?;
        let subject = self.subject(app).await?;
        let deed = Deed { action: "app.set_environment", detail: json!({}), by: &actor.name, brought_back: None };
        self.change(actor, &subject, deed, |before| Self::pasted(before, text, scope)).await
    }

    async fn remove(&self, actor: &Actor, app: Option<&AppName>, key: &EnvKey) -> Result<(), Failure> {
        actor.require(Role::Owner)?;
        let subject = self.subject(app).await?;
        let deed = Deed { action: "app.unset_variable", detail: json!({}), by: &actor.name, brought_back: None };
        let without = |before: &Environment| {
            let mut after = before.clone();
            after.remove(key).ok_or_else(|| Problem::not_found("variable"))?;
            Ok(after)
        };
        self.change(actor, &subject, deed, without).await.map(|_| ())
    }

    async fn mask(&self, actor: &Actor, app: Option<&AppName>, key: &EnvKey, secret: bool) -> Result<(), Failure> {
        actor.require(Role::Owner)?;
        if !secret {
            actor.require_step_up(self.apps.parts.clock.now())?;
        }
        let subject = self.subject(app).await?;
        let action = if secret { "app.mask_variable" } else { "app.show_variable" };
        let deed = Deed { action, detail: json!({}), by: &actor.name, brought_back: None };
        let masked = |before: &Environment| {
            let mut after = before.clone();
            after.get_mut(key).ok_or_else(|| Problem::not_found("variable"))?.secret = secret;
            Ok(after)
        };
        self.change(actor, &subject, deed, masked).await.map(|_| ())
    }

    async fn make_secret(
        &self,
        actor: &Actor,
        app: Option<&AppName>,
        key: &EnvKey,
        length: generate::Length,
        spelling: generate::Spelling,
    ) -> Result<(), Failure> {
        actor.require(Role::Owner)?;
        check(key, "", "key")?;
        let subject = self.subject(app).await?;
        let value = generate::secret(&ambient::random_bytes(), length, spelling);
        let deed = Deed { action: "environment.generate", detail: json!({}), by: &actor.name, brought_back: None };
        let with = |before: &Environment| {
            let mut after = before.clone();
            let scope = before.get(key).map(|old| old.scope).unwrap_or_default();
            after.insert(key.clone(), Variable { value, secret: true, scope });
            if after.len() > MOST_VARIABLES {
                return Err(Problem::invalid("key", "An environment has at most 1000 variables.").into());
            }
            Ok(after)
        };
        self.change(actor, &subject, deed, with).await.map(|_| ())
    }

    async fn of_version(&self, owner: &Owner, number: u32) -> Result<Environment, Failure> {
        let sealed = store::version(&self.apps.parts.db, owner, number).await?;
        let sealed = sealed.ok_or_else(|| Problem::not_found("version"))?;
        vault::open_version(&self.apps.parts.sealer, owner, number, &sealed)
    }

    async fn between(
        &self,
        actor: &Actor,
        app: Option<&AppName>,
        from: u32,
        to: u32,
    ) -> Result<Vec<EnvDifference>, Failure> {
        actor.require(Role::Viewer)?;
        let owner = self.subject(app).await?.owner;
        // Before the first version there was nothing.
        let before = if from == 0 { Environment::default() } else { self.of_version(&owner, from).await? };
        Ok(difference(&before, &self.of_version(&owner, to).await?))
    }

    async fn bring_back(&self, actor: &Actor, app: Option<&AppName>, number: u32) -> Result<u32, Failure> {
        actor.require(Role::Owner)?;
        let subject = self.subject(app).await?;
        let wanted = self.of_version(&subject.owner, number).await?;
        let detail = json!({ "version": number });
        let by = &actor.name;
        let deed = Deed { action: "environment.bring_back", detail, by, brought_back: Some(number) };
        self.change(actor, &subject, deed, |_| Ok(wanted)).await
    }

    async fn export(&self, actor: &Actor, app: Option<&AppName>, format: EnvFormat) -> Result<EnvExport, Failure> {
        actor.require(Role::Owner)?;
        actor.require_step_up(self.apps.parts.clock.now())?;
        let subject = self.subject(app).await?;
        let parts = &self.apps.parts;
        let environment = match &subject.app {
            Some(app) => vault::of_app(&parts.db, &parts.sealer, &app.id).await?,
            None => self.open(&subject.owner).await?,
        };
        let mut tx = parts.db.write().await?;
        parts.audit.record(&mut tx, actor, "environment.export", subject.name(), json!({ "format": format })).await?;
        tx.commit().await?;
        Ok(export::write(&environment, format, subject.app.as_ref().map_or("all-apps", |app| app.spec.name.as_str())))
    }

    /// Sets what `app.json` asks for, in the deploy's own name. Says what was set.
    ///
    /// # Errors
    /// Names the required variables that have no value.
    pub(crate) async fn apply_declared(
        &self,
        app: &AppRecord,
        release: u32,
        declarations: &[homeport_model::build::EnvDeclaration],
        known: &std::collections::BTreeSet<EnvKey>,
    ) -> Result<Vec<EnvKey>, Failure> {
        let parts = &self.apps.parts;
        let has = vault::of_app(&parts.db, &parts.sealer, &app.id).await?;
        let wanted = declared::decide(&app.spec.name, declarations, known, &has)?;
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let keys = wanted.iter().map(|(key, _)| key.clone()).collect();
        let subject = Subject { owner: Owner::App(app.id.clone()), app: Some(app.clone()) };
        let by = format!("release {release}");
        let actor = Actor { name: by.clone(), ..Actor::host() };
        let detail = json!({ "release": release });
        let deed = Deed { action: "app.set_environment", detail, by: &by, brought_back: None };
        let with = |before: &Environment| {
            let mut after = before.clone();
            for (key, wanted) in wanted {
                check(&key, "", "app.json")?;
                let scope = has.get(&key).map(|old| old.scope).unwrap_or_default();
                let variable = match wanted {
                    declared::Wanted::Value(value) => Variable { secret: env::looks_secret(&key), value, scope },
                    declared::Wanted::Secret => {
                        let random = ambient::random_bytes();
                        let value = generate::secret(&random, generate::Length::Usual, generate::Spelling::Hex);
                        Variable { value, secret: true, scope }
                    }
                };
                after.insert(key, variable);
            }
            Ok(after)
        };
        self.change(&actor, &subject, deed, with).await?;
        Ok(keys)
    }

    /// Changes an environment in one transaction with its version and audit row; says how many
    /// variables differ. Nothing is written when none does.
    async fn change(
        &self,
        actor: &Actor,
        subject: &Subject,
        deed: Deed<'_>,
        to: impl FnOnce(&Environment) -> Result<Environment, Failure>,
    ) -> Result<u32, Failure> {
        let (parts, owner) = (&self.apps.parts, &subject.owner);
        let mut tx = parts.db.write().await?;
        let before = vault::open_all(&parts.sealer, owner, store::list_in(&mut tx, owner).await?)?;
        let after = to(&before)?;
        let changes: Vec<(EnvKey, EnvChange)> =
            difference(&before, &after).into_iter().map(|row| (row.key, row.change)).collect();
        if changes.is_empty() {
            return Ok(0);
        }
        for (key, _) in &changes {
            match after.get(key) {
                Some(variable) => store::set(&mut tx, owner, &vault::seal(&parts.sealer, owner, key, variable)).await?,
                None => store::remove(&mut tx, owner, key).await?,
            }
        }
        self.write_versions(&mut tx, owner, &deed, (&before, &after), &changes).await?;
        let keys: Vec<&str> = changes.iter().map(|(key, _)| key.as_str()).collect();
        let mut detail = deed.detail;
        detail["keys"] = json!(keys);
        parts.audit.record(&mut tx, actor, deed.action, subject.name(), detail).await?;
        tx.commit().await?;
        match &subject.app {
            Some(app) => self.apps.announce(&app.id),
            None => {
                parts.hub.announce(Topic::Apps);
                parts.hub.announce(Topic::Activity);
            }
        }
        Ok(u32::try_from(changes.len()).unwrap_or(u32::MAX))
    }

    async fn write_versions(
        &self,
        tx: &mut Conn,
        owner: &Owner,
        deed: &Deed<'_>,
        (before, after): (&Environment, &Environment),
        changes: &[(EnvKey, EnvChange)],
    ) -> Result<(), Failure> {
        let (sealer, at) = (&self.apps.parts.sealer, self.apps.parts.clock.now());
        let mut number = store::newest_version(tx, owner).await? + 1;
        if number == 1 && !before.is_empty() {
            // What was there before versions were kept can be brought back, too.
            let sealed = vault::seal_version(sealer, owner, number, before)?;
            let changes: Vec<_> = before.keys().map(|key| (key.clone(), EnvChange::Added)).collect();
            let first =
                NewVersion { number, by: "Homeport", changes: &changes, brought_back: None, sealed: &sealed, at };
            store::add_version(tx, owner, &first, KEPT_VERSIONS).await?;
            number += 1;
        }
        let sealed = vault::seal_version(sealer, owner, number, after)?;
        let Deed { by, brought_back, .. } = *deed;
        let version = NewVersion { number, by, changes, brought_back, sealed: &sealed, at };
        Ok(store::add_version(tx, owner, &version, KEPT_VERSIONS).await?)
    }
}

/// Whether a variable may have this name and value; `field` is where a person typed it.
fn check(key: &EnvKey, value: &str, field: &str) -> Result<(), Failure> {
    if key.as_str() == "PORT" {
        return Err(Problem::invalid(field, format!("{key} is set by Homeport."))
            .hint("Say the port in the app's settings instead.")
            .into());
    }
    if value.len() > MOST_VALUE_BYTES {
        return Err(Problem::invalid(field, format!("The value of {key} is longer than 32 KiB."))
            .hint("Put it into a file of the app, or on a volume.")
            .into());
    }
    if value.contains('\0') {
        return Err(Problem { code: Code::Invalid, ..Problem::invalid(field, "A value has no zero byte.") }.into());
    }
    Ok(())
}
