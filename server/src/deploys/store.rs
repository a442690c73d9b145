//! The table `releases`.

use homeport_model::{
    app::AppSpec,
    build::Process,
    deploy::{Artifact, Commit, Declared, Proof, Trigger, container::ProcessName},
    id::{AppId, JobId, ReleaseId},
    name::Port,
    time::Timestamp,
};
use serde::{Serialize, de::DeserializeOwned};

use crate::db::{Conn, Db, Error, Result};

/// A release as stored, without its proof and log.
#[derive(Debug, Clone)]
pub struct ReleaseRecord {
    /// Its id.
    pub id: ReleaseId,
    /// The app.
    pub app: AppId,
    /// Its number within the app.
    pub number: u32,
    /// The job that made it.
    pub job: JobId,
    /// Why it was made.
    pub trigger: Trigger,
    /// The app's spec at that time.
    pub spec: AppSpec,
    /// Its environment, sealed.
    pub env: Vec<u8>,
    /// Its commit, once fetched.
    pub commit: Option<Commit>,
    /// What it runs, once made.
    pub artifact: Option<Artifact>,
    /// The port it listens on, once known.
    pub port: Option<Port>,
    /// What its files say about how it is built and run, once fetched.
    pub declared: Declared,
    /// Whether its image or folder is here.
    pub kept: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When traffic was sent to it.
    pub switched_at: Option<Timestamp>,
    /// Requests sent and failed during its switch.
    pub proof: Option<(u32, u32)>,
}

impl ReleaseRecord {
    /// The processes that it runs, `web` first.
    #[must_use]
    pub fn processes(&self) -> Vec<Process> {
        self.spec.processes_of(&self.declared)
    }

    /// How many `web` containers nginx leads to: all there are, or none where they listen on no port.
    #[must_use]
    pub fn web_scale(&self) -> u16 {
        if self.port.is_none() && matches!(self.artifact, Some(Artifact::Image { .. })) {
            return 0;
        }
        let web = self.processes().into_iter().find(|process| process.name == ProcessName::web());
        web.map_or(0, |web| web.scale.get())
    }

    /// Whether it is a folder that nginx serves, without containers.
    #[must_use]
    pub const fn is_site(&self) -> bool {
        matches!(self.artifact, Some(Artifact::Site { .. }))
    }
}

struct Columns {
    id: String,
    app_id: String,
    number: i64,
    job_id: String,
    deploy_trigger: String,
    spec: String,
    env: Vec<u8>,
    source_commit: Option<String>,
    artifact: Option<String>,
    port: Option<i64>,
    declared: Option<String>,
    kept: i64,
    created_at: i64,
    switched_at: Option<i64>,
    sent: Option<i64>,
    failed: Option<i64>,
}

impl TryFrom<Columns> for ReleaseRecord {
    type Error = Error;
    fn try_from(row: Columns) -> Result<Self> {
        let id = row.id.as_str();
        let port = row.port.map(|port| u16::try_from(port).ok().and_then(|port| Port::try_from(port).ok()));
        let small = |number: Option<i64>| number.and_then(|number| u32::try_from(number).ok());
        Ok(Self {
            app: row.app_id.parse().map_err(|cause| Error::bad_row("releases", "app_id", id, cause))?,
            number: u32::try_from(row.number).map_err(|cause| Error::bad_row("releases", "number", id, cause))?,
            job: row.job_id.parse().map_err(|cause| Error::bad_row("releases", "job_id", id, cause))?,
            trigger: json(id, "deploy_trigger", &row.deploy_trigger)?,
            spec: json(id, "spec", &row.spec)?,
            commit: row.source_commit.as_deref().map(|text| json(id, "source_commit", text)).transpose()?,
            artifact: row.artifact.as_deref().map(|text| json(id, "artifact", text)).transpose()?,
            port: port
                .map(|port| port.ok_or_else(|| Error::bad_row("releases", "port", id, "not a port")))
                .transpose()?,
            declared: match row.declared.as_deref() {
                Some(text) => json(id, "declared", text)?,
                None => Declared::default(),
            },
            kept: row.kept != 0,
            created_at: Timestamp::from_ms(row.created_at),
            switched_at: row.switched_at.map(Timestamp::from_ms),
            proof: small(row.sent).zip(small(row.failed)),
            env: row.env,
            id: row.id.parse().map_err(|cause| Error::bad_row("releases", "id", &row.id, cause))?,
        })
    }
}

fn json<T: DeserializeOwned>(id: &str, column: &'static str, text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|cause| Error::bad_row("releases", column, id, cause))
}

fn text<T: Serialize>(value: &T) -> String {
    // The model's values always serialise.
    serde_json::to_string(value).unwrap_or_default()
}

/// The number that the app's next release gets.
pub(super) async fn next_number(tx: &mut Conn, app: &AppId) -> Result<u32> {
    let app = app.as_str();
    let last =
        sqlx::query_scalar!(r#"SELECT coalesce(max(number), 0) AS "last!: i64" FROM releases WHERE app_id = ?"#, app)
            .fetch_one(tx)
            .await?;
    Ok(u32::try_from(last).unwrap_or(u32::MAX - 1) + 1)
}

pub(super) async fn insert(tx: &mut Conn, release: &ReleaseRecord) -> Result<()> {
    let (id, app, job, at) = (release.id.as_str(), release.app.as_str(), release.job.as_str(), release.created_at.ms());
    let (trigger, spec) = (text(&release.trigger), text(&release.spec));
    let (commit, artifact) = (release.commit.as_ref().map(text), release.artifact.as_ref().map(text));
    let declared = text(&release.declared);
    let port = release.port.map(|port| i64::from(port.get()));
    sqlx::query!(
        "INSERT INTO releases (id, app_id, number, job_id, deploy_trigger, spec, env, source_commit, artifact, port, declared, kept, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        id,
        app,
        release.number,
        job,
        trigger,
        spec,
        release.env,
        commit,
        artifact,
        port,
        declared,
        release.kept,
        at
    )
    .execute(tx)
    .await?;
    Ok(())
}

macro_rules! select {
    ($rest:literal, $($argument:expr),*) => {
        sqlx::query_as!(
            Columns,
            r#"SELECT id, app_id, number, job_id, deploy_trigger, spec, env, source_commit, artifact, port, declared, kept, created_at,
                      switched_at, proof ->> '$.sent' AS "sent: i64", proof ->> '$.failed' AS "failed: i64"
               FROM releases "# + $rest,
            $($argument),*
        )
    };
}

/// Every release of an app, newest first.
pub(crate) async fn list(db: &Db, app: &AppId) -> Result<Vec<ReleaseRecord>> {
    let app = app.as_str();
    let rows = select!("WHERE app_id = ? ORDER BY number DESC", app).fetch_all(db.reader()).await?;
    rows.into_iter().map(ReleaseRecord::try_from).collect()
}

/// The release of this number.
pub(crate) async fn find(db: &Db, app: &AppId, number: u32) -> Result<Option<ReleaseRecord>> {
    let app = app.as_str();
    let row = select!("WHERE app_id = ? AND number = ?", app, number).fetch_optional(db.reader()).await?;
    row.map(ReleaseRecord::try_from).transpose()
}

/// The release of this id.
pub(crate) async fn find_id(db: &Db, id: &ReleaseId) -> Result<Option<ReleaseRecord>> {
    let id = id.as_str();
    let row = select!("WHERE id = ?", id).fetch_optional(db.reader()).await?;
    row.map(ReleaseRecord::try_from).transpose()
}

/// The serving releases of all apps.
pub(crate) async fn serving(db: &Db) -> Result<Vec<ReleaseRecord>> {
    let rows = select!("WHERE id IN (SELECT serving_release FROM apps) AND 1 = ?", 1).fetch_all(db.reader()).await?;
    rows.into_iter().map(ReleaseRecord::try_from).collect()
}

pub(super) async fn set_commit(db: &Db, id: &ReleaseId, commit: &Commit) -> Result<()> {
    let (id, commit) = (id.as_str(), text(commit));
    let mut tx = db.write().await?;
    sqlx::query!("UPDATE releases SET source_commit = ? WHERE id = ?", commit, id).execute(&mut *tx).await?;
    tx.commit().await
}

/// Replaces the environment of a release that has not been started.
pub(super) async fn set_env(db: &Db, id: &ReleaseId, sealed: &[u8]) -> Result<()> {
    let id = id.as_str();
    let mut tx = db.write().await?;
    sqlx::query!("UPDATE releases SET env = ? WHERE id = ?", sealed, id).execute(&mut *tx).await?;
    tx.commit().await
}

/// Writes down what the files say.
pub(super) async fn set_declared(db: &Db, id: &ReleaseId, declared: &Declared) -> Result<()> {
    let (id, declared) = (id.as_str(), text(declared));
    let mut tx = db.write().await?;
    sqlx::query!("UPDATE releases SET declared = ? WHERE id = ?", declared, id).execute(&mut *tx).await?;
    tx.commit().await
}

/// Writes down what the release runs; from then on it is kept.
pub(super) async fn set_artifact(db: &Db, id: &ReleaseId, artifact: &Artifact, port: Option<Port>) -> Result<()> {
    let (id, artifact, port) = (id.as_str(), text(artifact), port.map(|port| i64::from(port.get())));
    let mut tx = db.write().await?;
    sqlx::query!("UPDATE releases SET artifact = ?, port = ?, kept = 1 WHERE id = ?", artifact, port, id)
        .execute(&mut *tx)
        .await?;
    tx.commit().await
}

/// The commit point of a deploy: this release serves from now on.
pub(super) async fn set_serving(db: &Db, app: &AppId, id: &ReleaseId, now: Timestamp) -> Result<()> {
    let (app, id, at) = (app.as_str(), id.as_str(), now.ms());
    let mut tx = db.write().await?;
    sqlx::query!("UPDATE apps SET serving_release = ? WHERE id = ?", id, app).execute(&mut *tx).await?;
    sqlx::query!("UPDATE releases SET switched_at = coalesce(switched_at, ?) WHERE id = ?", at, id)
        .execute(&mut *tx)
        .await?;
    tx.commit().await
}

pub(super) async fn set_proof(db: &Db, id: &ReleaseId, proof: &Proof) -> Result<()> {
    let (id, proof) = (id.as_str(), text(proof));
    let mut tx = db.write().await?;
    sqlx::query!("UPDATE releases SET proof = ? WHERE id = ?", proof, id).execute(&mut *tx).await?;
    tx.commit().await
}

pub(super) async fn proof(db: &Db, id: &ReleaseId) -> Result<Option<Proof>> {
    let id = id.as_str();
    let found = sqlx::query_scalar!("SELECT proof FROM releases WHERE id = ?", id).fetch_optional(db.reader()).await?;
    found.flatten().map(|proof| json(id, "proof", &proof)).transpose()
}

/// Says that a release's image and folder are gone.
pub(super) async fn set_not_kept(tx: &mut Conn, id: &ReleaseId) -> Result<()> {
    let id = id.as_str();
    sqlx::query!("UPDATE releases SET kept = 0 WHERE id = ?", id).execute(tx).await?;
    Ok(())
}
