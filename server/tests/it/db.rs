//! The store: how it opens, what it refuses, and the log that cannot be rewritten.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use homeport_model::{
    actor::Actor,
    traffic::{Bucket, Class},
};
use homeport_server::{
    ambient::Clock,
    audit::Audit,
    db::{self, Db},
    state::{Refusal, StateFolder},
};
use serde_json::json;
use tempfile::TempDir;

/// A state folder with a database, closed again.
async fn installed() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let state = StateFolder::lock(folder.path()).expect("locks");
    let (db, _) = Db::open(&state).await.expect("opens");
    db.close().await;
    folder
}

async fn open(folder: &Path) -> Result<Db, Refusal> {
    let state = StateFolder::lock(folder)?;
    Ok(Db::open(&state).await?.0)
}

/// Opens, expecting a refusal with its exit code.
async fn refused(folder: &Path) -> (u8, String) {
    match open(folder).await {
        Ok(_) => panic!("it opened"),
        Err(refusal) => (refusal.exit_code(), refusal.to_string()),
    }
}

async fn pragma(db: &Db, name: &str) -> String {
    let sql = match name {
        "journal_mode" => "PRAGMA journal_mode",
        "synchronous" => "PRAGMA synchronous",
        "foreign_keys" => "PRAGMA foreign_keys",
        "trusted_schema" => "PRAGMA trusted_schema",
        "cell_size_check" => "PRAGMA cell_size_check",
        "mmap_size" => "PRAGMA mmap_size",
        other => panic!("no such pragma: {other}"),
    };
    let row = sqlx::query(sql).fetch_one(db.reader()).await.expect("answers");
    let number: Result<i64, _> = sqlx::Row::try_get(&row, 0);
    number.map_or_else(|_| sqlx::Row::get::<String, _>(&row, 0), |number| number.to_string())
}

#[tokio::test]
async fn connections_are_set_up_to_lose_nothing() {
    let folder = installed().await;
    let db = open(folder.path()).await.expect("opens");
    for (name, value) in [
        ("journal_mode", "wal"),
        ("synchronous", "2"),
        ("foreign_keys", "1"),
        ("trusted_schema", "0"),
        ("cell_size_check", "1"),
        ("mmap_size", "0"),
    ] {
        assert_eq!(pragma(&db, name).await, value, "{name}");
    }
    assert_eq!(fs::metadata(folder.path()).expect("there").permissions().mode() & 0o777, 0o700);
    assert_eq!(fs::metadata(folder.path().join("key")).expect("there").permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn readers_do_not_write_and_readers_requests_do_not_either() {
    let folder = installed().await;
    let db = open(folder.path()).await.expect("opens");
    let written = sqlx::query("DELETE FROM users").execute(db.reader()).await;
    assert!(written.is_err_and(|error| error.to_string().contains("readonly")));
    let refused = db::read_only(async { db.write().await.map(drop) }).await;
    assert!(matches!(refused, Err(db::Error::ReadOnly)));
    assert!(db.write().await.is_ok());
}

#[tokio::test]
async fn a_transaction_that_is_dropped_leaves_nothing() {
    let folder = installed().await;
    let db = open(folder.path()).await.expect("opens");
    let insert = "INSERT INTO users (id, name, role, created_at) VALUES ('00000000-0000-4000-8000-000000000000', 'x', 'owner', 0)";
    let mut tx = db.write().await.expect("writes");
    sqlx::query(insert).execute(&mut *tx).await.expect("inserts");
    drop(tx);
    let count = async || {
        sqlx::query_scalar::<_, i64>("SELECT count(*) FROM users").fetch_one(db.reader()).await.expect("counts")
    };
    assert_eq!(count().await, 0);
    let mut tx = db.write().await.expect("writes");
    sqlx::query(insert).execute(&mut *tx).await.expect("inserts");
    let again: db::Error = sqlx::query(insert).execute(&mut *tx).await.expect_err("twice").into();
    assert_eq!(again.constraint(), Some("users.id"));
    tx.commit().await.expect("commits");
    assert_eq!(count().await, 1);
    let mut tx = db.write().await.expect("writes");
    let long = "UPDATE users SET name = ''";
    let unnamed: db::Error = sqlx::query(long).execute(&mut *tx).await.expect_err("too short").into();
    assert_eq!(unnamed.constraint(), Some("users_name_length"));
}

#[tokio::test]
async fn a_lost_or_foreign_or_open_key_stops_the_start() {
    let folder = installed().await;
    let key = folder.path().join("key");
    let genuine = fs::read(&key).expect("reads");

    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).expect("chmod");
    let (code, text) = refused(folder.path()).await;
    assert!(code == 78 && text.contains("chmod 600"), "{text}");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("chmod");

    for wrong in [&b""[..], &[7; 31], &[7; 33], &[7; 32]] {
        fs::write(&key, wrong).expect("writes");
        let (code, text) = refused(folder.path()).await;
        assert!(code == 78 && text.contains("backup"), "{text}");
    }
    fs::remove_file(&key).expect("removes");
    let (code, text) = refused(folder.path()).await;
    assert!(code == 78 && text.contains("missing"), "{text}");
    assert!(!key.exists(), "no new key was made");

    std::os::unix::fs::symlink("/dev/zero", &key).expect("links");
    assert_eq!(refused(folder.path()).await.0, 74);
    fs::remove_file(&key).expect("removes");

    fs::write(&key, &genuine).expect("writes");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("chmod");
    assert!(open(folder.path()).await.is_ok());
}

#[tokio::test]
async fn two_installations_share_no_secret() {
    let (one, other) = (installed().await, installed().await);
    let key = |folder: &TempDir| fs::read(folder.path().join("key")).expect("reads");
    assert_ne!(key(&one), key(&other));
    // And a database does not open in the other's folder.
    fs::copy(one.path().join("homeport.db"), other.path().join("homeport.db")).expect("copies");
    let (code, text) = refused(other.path()).await;
    assert!(code == 78 && text.contains("does not belong"), "{text}");
}

#[tokio::test]
async fn a_newer_schema_is_not_touched() {
    let folder = installed().await;
    let db = open(folder.path()).await.expect("opens");
    let mut tx = db.write().await.expect("writes");
    sqlx::query("INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9999, 'future', 1, x'00', 0)")
        .execute(&mut *tx)
        .await
        .expect("inserts");
    tx.commit().await.expect("commits");
    db.close().await;
    let (code, text) = refused(folder.path()).await;
    assert!(code == 78 && text.contains("newer Homeport"), "{text}");
}

#[tokio::test]
async fn a_damaged_file_is_named_and_left_alone() {
    let folder = installed().await;
    let at = folder.path().join("homeport.db");
    let mut bytes = fs::read(&at).expect("reads");
    let length = bytes.len();
    for page in bytes.chunks_mut(4_096).skip(1) {
        page[..200].fill(0xa5);
    }
    fs::write(&at, &bytes).expect("writes");
    let (code, text) = refused(folder.path()).await;
    assert!(code == 78 && text.contains("from a backup"), "{text}");
    fs::write(
        &at,
        b"this is no database, and longer than a hundred bytes, so that nobody takes it for an empty file............",
    )
    .expect("writes");
    let (code, _) = refused(folder.path()).await;
    assert_eq!(code, 78);
    assert!(length > 4_096);
}

#[tokio::test]
async fn one_panel_at_a_time() {
    let folder = installed().await;
    let first = StateFolder::lock(folder.path()).expect("locks");
    let second = StateFolder::lock(folder.path()).expect_err("locked");
    assert_eq!(second.exit_code(), 75);
    assert!(second.to_string().contains(&format!("locked by pid {}", std::process::id())), "{second}");
    drop(first);
    assert!(StateFolder::lock(folder.path()).is_ok());
}

#[tokio::test]
async fn the_audit_log_shows_whoever_rewrites_it() {
    let folder = installed().await;
    let db = open(folder.path()).await.expect("opens");
    let audit = Audit::new(db.clone(), Clock::default());
    for number in 0..5 {
        let mut tx = db.write().await.expect("writes");
        audit
            .record(&mut tx, &Actor::host(), "test.run", &number.to_string(), json!({ "n": number }))
            .await
            .expect("records");
        tx.commit().await.expect("commits");
    }
    assert_eq!(audit.verify().await.expect("walks"), None);
    let rows = audit.list(Some(4), 2).await.expect("lists");
    assert_eq!(rows.iter().map(|row| row.seq).collect::<Vec<_>>(), [3, 2]);

    for statement in ["UPDATE audit SET object = 'x' WHERE seq = 2", "DELETE FROM audit WHERE seq = 2"] {
        let mut tx = db.write().await.expect("writes");
        let refused = sqlx::query(statement).execute(&mut *tx).await;
        assert!(refused.is_err_and(|error| error.to_string().contains("append-only")), "{statement}");
    }
    // Someone with the file drops the triggers and changes a row: the chain says which.
    let mut tx = db.write().await.expect("writes");
    for statement in ["DROP TRIGGER audit_is_never_changed", "UPDATE audit SET object = 'x' WHERE seq = 3"] {
        sqlx::query(statement).execute(&mut *tx).await.expect("rewrites");
    }
    tx.commit().await.expect("commits");
    assert_eq!(audit.verify().await.expect("walks"), Some(3));
}

/// Rows as the first migration knew them are still there, and read the same, after all later ones.
#[tokio::test]
async fn migrations_carry_rows_along() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path().join("old.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&at).create_if_missing(true);
    let pool = sqlx::SqlitePool::connect_with(options).await.expect("opens");
    let all = sqlx::migrate!("../migrations");
    for migration in all.iter() {
        all.run_to(migration.version, &pool).await.expect("migrates");
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join(format!("tests/it/fixtures/migrations/{:04}.sql", migration.version));
        if let Ok(rows) = fs::read_to_string(&fixture) {
            sqlx::raw_sql(sqlx::AssertSqlSafe(rows)).execute(&pool).await.expect("inserts");
        }
    }
    let user: String = sqlx::query_scalar("SELECT name FROM users").fetch_one(&pool).await.expect("kept");
    assert_eq!(user, "Ada");
    for (table, rows) in [
        ("passkeys", 1_i64),
        ("panel_names", 1),
        ("recovery_codes", 1),
        ("sessions", 1),
        ("one_time_links", 1),
        ("audit", 1),
        ("dns_checks", 1),
        ("dns_providers", 1),
        ("traffic_logs", 1),
        ("traffic_holes", 1),
        ("certificate_plans", 1),
        ("unserved", 1),
        ("dns_proofs", 1),
    ] {
        let sql = format!("SELECT count(*) FROM {table}");
        let count: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(&pool).await.expect("counts");
        assert_eq!(count, rows, "{table}");
    }
    let domain: (String, String, i64) =
        sqlx::query_as("SELECT name, app_id, created_at FROM domains").fetch_one(&pool).await.expect("kept");
    assert_eq!(domain, ("shop.example.com".into(), "01hzzzzzzzzzzza1".into(), 1_795_232_519_000));
    let spec: String = sqlx::query_scalar("SELECT spec FROM apps").fetch_one(&pool).await.expect("kept");
    assert_eq!(spec, "{\"name\":\"shop\"}");
    let (grain, at, data): (i64, i64, Vec<u8>) =
        sqlx::query_as("SELECT grain, at, data FROM traffic_buckets").fetch_one(&pool).await.expect("kept");
    let bucket = Bucket::from_bytes(&data).expect("reads the same");
    assert_eq!((grain, at, bucket.requests(), bucket.of(Class::Success), bucket.bytes), (0, 29_920_541, 4, 3, 200));
    let position: i64 = sqlx::query_scalar("SELECT position FROM traffic_logs").fetch_one(&pool).await.expect("kept");
    assert_eq!(position, 8_192, "it is gone on with where it was");
    let asked: Option<i64> =
        sqlx::query_scalar("SELECT asked_at FROM certificate_plans").fetch_one(&pool).await.expect("kept");
    assert_eq!(asked, None, "nobody had asked");
    let looks: i64 = sqlx::query_scalar("SELECT looks FROM certificate_plans").fetch_one(&pool).await.expect("kept");
    assert_eq!(looks, 0, "they count from now on");
    let orphans = sqlx::query("PRAGMA foreign_key_check").fetch_all(&pool).await.expect("checks");
    assert!(orphans.is_empty());
}
