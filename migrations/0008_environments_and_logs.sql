-- Environments: of one app or of all ('global'), with what each variable is for, and every version
-- of them. Logs: what stopped containers wrote, kept as files.

CREATE TABLE variables (
    owner  TEXT    NOT NULL,                        -- an app's id, or 'global'
    app_id TEXT    GENERATED ALWAYS AS (nullif(owner, 'global')) STORED REFERENCES apps (id) ON DELETE CASCADE,
    key    TEXT    NOT NULL CHECK (length(key) BETWEEN 1 AND 128 AND key NOT GLOB '*[^A-Za-z0-9_]*'),
    sealed BLOB    NOT NULL,
    secret INTEGER NOT NULL,
    scope  TEXT    NOT NULL CHECK (scope IN ('run', 'build', 'both')),
    PRIMARY KEY (owner, key)
) STRICT;
INSERT INTO variables (owner, key, sealed, secret, scope) SELECT app_id, key, sealed, secret, 'run' FROM env_vars;
DROP TABLE env_vars;
CREATE INDEX variables_app ON variables (app_id);

CREATE TABLE environment_versions (
    owner   TEXT    NOT NULL,                       -- an app's id, or 'global'
    app_id  TEXT    GENERATED ALWAYS AS (nullif(owner, 'global')) STORED REFERENCES apps (id) ON DELETE CASCADE,
    number  INTEGER NOT NULL CHECK (number > 0),
    by_name TEXT    NOT NULL,                       -- who changed it, as they were called then
    changes TEXT    NOT NULL,                       -- JSON array of [key, "added" | "changed" | "removed"]
    brought_back INTEGER,                           -- the version that it repeats
    sealed  BLOB    NOT NULL,                       -- every variable, as sealed JSON
    at      INTEGER NOT NULL,
    PRIMARY KEY (owner, number)
) STRICT;
CREATE INDEX environment_versions_app ON environment_versions (app_id);

CREATE TABLE kept_logs (
    release_id TEXT    NOT NULL REFERENCES releases (id) ON DELETE CASCADE,
    process    TEXT    NOT NULL,
    instance   INTEGER NOT NULL CHECK (instance > 0), -- which one of its kind
    container  TEXT    NOT NULL,                    -- the engine's id: one process may have had several
    size_bytes INTEGER NOT NULL,
    lines      INTEGER NOT NULL,
    cut        INTEGER NOT NULL,                    -- 1 when its beginning is not kept
    at         INTEGER NOT NULL,                    -- when it was kept
    PRIMARY KEY (release_id, process, instance, container)
) STRICT, WITHOUT ROWID;
