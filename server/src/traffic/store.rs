//! The tables `traffic_logs`, `traffic_buckets` and `traffic_holes`.

use homeport_model::{
    id::AppId,
    time::Timestamp,
    traffic::{Bucket, Grain, Hole},
};

use super::read::Place;
use crate::db::{Conn, Db, Error, Result};

/// How far an app's log had been read when that was last written down.
pub(super) struct LogRow {
    /// The app.
    pub(super) app: AppId,
    /// In the file that nginx writes to.
    pub(super) current: Option<Place>,
    /// In the one before it.
    pub(super) old: Option<Place>,
    /// Since when requests are counted.
    pub(super) since_at: Timestamp,
    /// The newest request.
    pub(super) last_at: Option<Timestamp>,
}

fn place(inode: Option<i64>, position: i64) -> Option<Place> {
    inode.map(|inode| Place { inode: inode.cast_unsigned(), position: position.unsigned_abs() })
}

fn minutes(at: Timestamp) -> i64 {
    at.ms().div_euclid(Grain::Minute.length_ms())
}

/// The apps there are.
pub(super) async fn apps(db: &Db) -> Result<Vec<AppId>> {
    let ids = sqlx::query_scalar!("SELECT id FROM apps").fetch_all(db.reader()).await?;
    ids.iter().map(|id| id.parse().map_err(|cause| Error::bad_row("apps", "id", id, cause))).collect()
}

/// Every log that has been read.
pub(super) async fn logs(db: &Db) -> Result<Vec<LogRow>> {
    let rows = sqlx::query!(
        "SELECT app_id, inode, position, old_inode, old_position, since_at, last_at FROM traffic_logs ORDER BY key"
    )
    .fetch_all(db.reader())
    .await?;
    let row = rows.into_iter().map(|row| {
        Ok(LogRow {
            app: row.app_id.parse().map_err(|cause| Error::bad_row("traffic_logs", "app_id", &row.app_id, cause))?,
            current: place(row.inode, row.position),
            old: place(row.old_inode, row.old_position),
            since_at: Timestamp::from_ms(row.since_at),
            last_at: row.last_at.map(Timestamp::from_ms),
        })
    });
    row.collect()
}

/// Writes down how far a log has been read; its key, or `None` where the app is gone.
pub(super) async fn put_log(tx: &mut Conn, log: &LogRow) -> Result<Option<i64>> {
    let (app, since_at, last_at) = (log.app.as_str(), log.since_at.ms(), log.last_at.map(Timestamp::ms));
    let parts = |place: Option<Place>| {
        let position = place.map_or(0, |place| i64::try_from(place.position).unwrap_or(i64::MAX));
        (place.map(|place| place.inode.cast_signed()), position)
    };
    let ((inode, position), (old_inode, old_position)) = (parts(log.current), parts(log.old));
    let key = sqlx::query_scalar!(
        "INSERT INTO traffic_logs (app_id, inode, position, old_inode, old_position, since_at, last_at)
         SELECT id, ?, ?, ?, ?, ?, ? FROM apps WHERE id = ?
         ON CONFLICT (app_id)
         DO UPDATE SET inode = excluded.inode, position = excluded.position, old_inode = excluded.old_inode,
                       old_position = excluded.old_position, since_at = min(since_at, excluded.since_at),
                       last_at = excluded.last_at
         RETURNING key",
        inode,
        position,
        old_inode,
        old_position,
        since_at,
        last_at,
        app
    )
    .fetch_optional(tx)
    .await?;
    Ok(key)
}

/// Adds what was counted to a bucket.
pub(super) async fn add(tx: &mut Conn, log: i64, grain: Grain, at: Timestamp, counted: &Bucket) -> Result<()> {
    let (number, at) = (grain.number(), minutes(at));
    let before =
        sqlx::query_scalar!("SELECT data FROM traffic_buckets WHERE log = ? AND grain = ? AND at = ?", log, number, at)
            .fetch_optional(&mut *tx)
            .await?;
    let mut bucket = before.as_deref().and_then(readable).unwrap_or_default();
    bucket.merge(counted);
    let data = bucket.to_bytes();
    sqlx::query!(
        "INSERT INTO traffic_buckets (log, grain, at, data) VALUES (?, ?, ?, ?)
         ON CONFLICT (log, grain, at) DO UPDATE SET data = excluded.data",
        log,
        number,
        at,
        data
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// A damaged bucket costs its own requests, not the page nor what comes after it.
fn readable(data: &[u8]) -> Option<Bucket> {
    Bucket::from_bytes(data).inspect_err(|error| tracing::warn!("traffic_buckets.data: {error}")).ok()
}

/// Writes down what was passed over.
pub(super) async fn put_hole(tx: &mut Conn, log: i64, hole: &Hole) -> Result<()> {
    let (from, until) = (hole.from.ms(), hole.until.ms());
    let bytes = i64::try_from(hole.bytes).unwrap_or(i64::MAX);
    sqlx::query!(
        "INSERT INTO traffic_holes (log, from_at, until_at, bytes) VALUES (?, ?, ?, ?)
         ON CONFLICT (log, from_at)
         DO UPDATE SET until_at = max(until_at, excluded.until_at), bytes = bytes + excluded.bytes",
        log,
        from,
        until,
        bytes
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Removes what is kept no longer, and what a clock that was wrong wrote into the future.
pub(super) async fn prune(tx: &mut Conn, now: Timestamp) -> Result<()> {
    let after = minutes(now.plus_ms(2 * Grain::Day.length_ms()));
    for grain in Grain::ALL {
        let (number, before) = (grain.number(), minutes(now.plus_ms(-grain.kept_ms())));
        sqlx::query!(
            "DELETE FROM traffic_buckets
             WHERE log IN (SELECT key FROM traffic_logs) AND grain = ? AND (at < ? OR at > ?)",
            number,
            before,
            after
        )
        .execute(&mut *tx)
        .await?;
    }
    let before = now.plus_ms(-Grain::Day.kept_ms()).ms();
    sqlx::query!("DELETE FROM traffic_holes WHERE until_at < ?", before).execute(tx).await?;
    Ok(())
}

/// An app's buckets from a moment on, oldest first.
pub(super) async fn buckets(db: &Db, app: &AppId, grain: Grain, from: Timestamp) -> Result<Vec<(Timestamp, Bucket)>> {
    let (app, number, from) = (app.as_str(), grain.number(), minutes(from));
    let rows = sqlx::query!(
        "SELECT at, data FROM traffic_buckets
         WHERE log = (SELECT key FROM traffic_logs WHERE app_id = ?) AND grain = ? AND at >= ? ORDER BY at",
        app,
        number,
        from
    )
    .fetch_all(db.reader())
    .await?;
    let bucket = |at: i64, data: &[u8]| {
        Some((Timestamp::from_ms(at.saturating_mul(Grain::Minute.length_ms())), readable(data)?))
    };
    Ok(rows.into_iter().filter_map(|row| bucket(row.at, &row.data)).collect())
}

/// The hours of all apps from a moment on.
pub(super) async fn hours(db: &Db, from: Timestamp) -> Result<Vec<(AppId, Timestamp, Bucket)>> {
    let (number, from) = (Grain::Hour.number(), minutes(from));
    let rows = sqlx::query!(
        "SELECT app_id, at, data FROM traffic_logs JOIN traffic_buckets ON log = key WHERE grain = ? AND at >= ?",
        number,
        from
    )
    .fetch_all(db.reader())
    .await?;
    let hour = |app: &str, at: i64, data: &[u8]| {
        let at = Timestamp::from_ms(at.saturating_mul(Grain::Minute.length_ms()));
        Some((app.parse().ok()?, at, readable(data)?))
    };
    Ok(rows.into_iter().filter_map(|row| hour(&row.app_id, row.at, &row.data)).collect())
}

/// What was passed over of an app's log since a moment, oldest first.
pub(super) async fn holes(db: &Db, app: &AppId, from: Timestamp) -> Result<Vec<Hole>> {
    let (app, from) = (app.as_str(), from.ms());
    let rows = sqlx::query!(
        "SELECT from_at, until_at, bytes FROM traffic_holes
         WHERE log = (SELECT key FROM traffic_logs WHERE app_id = ?) AND until_at >= ? ORDER BY from_at",
        app,
        from
    )
    .fetch_all(db.reader())
    .await?;
    let hole = rows.into_iter().map(|row| Hole {
        from: Timestamp::from_ms(row.from_at),
        until: Timestamp::from_ms(row.until_at),
        bytes: row.bytes.unsigned_abs(),
    });
    Ok(hole.collect())
}
