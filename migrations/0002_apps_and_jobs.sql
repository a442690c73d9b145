-- Apps, their environments and releases; jobs with their steps and logs.
-- Times are milliseconds of UTC. Ids are 16 characters (model::id).

CREATE TABLE apps (
    id              TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name            TEXT    NOT NULL UNIQUE
                    CONSTRAINT apps_name_shape CHECK (length(name) BETWEEN 1 AND 32 AND name NOT GLOB '*[^a-z0-9-]*'),
    spec            TEXT    NOT NULL,               -- model::app::AppSpec as JSON
    slot            INTEGER NOT NULL UNIQUE CHECK (slot BETWEEN 1 AND 254), -- last octet of its virtual address
    serving_release TEXT    REFERENCES releases (id) DEFERRABLE INITIALLY DEFERRED,
    deleting        INTEGER NOT NULL DEFAULT 0,     -- 1 from the moment its removal was asked for
    created_at      INTEGER NOT NULL
) STRICT;

CREATE TABLE app_host_names (
    host_name TEXT NOT NULL PRIMARY KEY,
    app_id    TEXT NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    position  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX app_host_names_app ON app_host_names (app_id);

CREATE TABLE env_vars (
    app_id TEXT    NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    key    TEXT    NOT NULL CHECK (length(key) BETWEEN 1 AND 128 AND key NOT GLOB '*[^A-Za-z0-9_]*'),
    sealed BLOB    NOT NULL,
    secret INTEGER NOT NULL,
    PRIMARY KEY (app_id, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE releases (
    id           TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    app_id       TEXT    NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    number       INTEGER NOT NULL CHECK (number > 0),
    job_id       TEXT    NOT NULL REFERENCES jobs (id),
    deploy_trigger TEXT  NOT NULL,                  -- model::deploy::Trigger as JSON
    spec         TEXT    NOT NULL,                  -- the app's spec at that time
    env          BLOB    NOT NULL,                  -- sealed JSON object
    source_commit TEXT,                             -- model::deploy::Commit as JSON
    artifact     TEXT,                              -- model::deploy::Artifact as JSON, once made
    port         INTEGER,                           -- the port it listens on, once known
    kept         INTEGER NOT NULL DEFAULT 0,        -- 1 while its image or folder is here
    created_at   INTEGER NOT NULL,
    switched_at  INTEGER,
    proof        TEXT,                              -- model::deploy::Proof as JSON
    last_log     TEXT,                              -- the last lines of its stopped container
    UNIQUE (app_id, number)
) STRICT;

CREATE TABLE jobs (
    id          TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    kind        TEXT    NOT NULL,
    subject     TEXT    NOT NULL,                   -- what only one job at a time may change: an app's id
    app_name    TEXT    NOT NULL,                   -- stays readable when the app is gone
    release_number INTEGER,
    payload     TEXT    NOT NULL,                   -- JSON, read by the noun that registered the kind
    state       TEXT    NOT NULL CONSTRAINT jobs_state
                CHECK (state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled', 'interrupted')),
    attempts    INTEGER NOT NULL DEFAULT 0,
    cancel_asked INTEGER NOT NULL DEFAULT 0,
    lease_owner TEXT,
    lease_until INTEGER,
    problem     TEXT,                               -- why it fails; set before it unwinds
    log_lines   INTEGER NOT NULL DEFAULT 0,
    created_at  INTEGER NOT NULL,
    started_at  INTEGER,
    finished_at INTEGER
) STRICT;
CREATE UNIQUE INDEX jobs_one_running ON jobs (subject) WHERE state IN ('running', 'interrupted');
CREATE UNIQUE INDEX jobs_one_queued ON jobs (subject) WHERE state = 'queued';
CREATE INDEX jobs_newest ON jobs (created_at);

CREATE TABLE job_steps (
    job_id      TEXT    NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    position    INTEGER NOT NULL,
    name        TEXT    NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed', 'undone')),
    started_at  INTEGER,
    finished_at INTEGER,
    took_us     INTEGER,
    note        TEXT,
    PRIMARY KEY (job_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE job_log (
    job_id TEXT    NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    step   TEXT    NOT NULL,
    stream TEXT    NOT NULL CHECK (stream IN ('panel', 'build', 'out', 'err')),
    at     INTEGER NOT NULL,
    text   TEXT    NOT NULL,
    PRIMARY KEY (job_id, number)
) STRICT, WITHOUT ROWID;

-- Facts of this installation that are not configuration: the range of virtual addresses, the
-- number of the last nginx configuration.
CREATE TABLE host_facts (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
