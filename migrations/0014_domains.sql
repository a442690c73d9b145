-- Domains: names that lead to apps or elsewhere, and what nginx does with an app's visitors. None of it
-- is part of a release, so rolling back keeps it.
-- Times are milliseconds of UTC.

CREATE TABLE domains (
    name       TEXT    NOT NULL PRIMARY KEY,        -- a host name in ASCII, or '*.' and one
    app_id     TEXT    NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    position   INTEGER NOT NULL,
    redirect   TEXT,                                -- model::domain::Redirect as JSON; NULL when it leads to the app
    is_primary INTEGER NOT NULL DEFAULT 0 CHECK (is_primary IN (0, 1)), -- the app is called by it
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX domains_app ON domains (app_id);
CREATE UNIQUE INDEX domains_one_primary ON domains (app_id) WHERE is_primary = 1;
INSERT INTO domains (name, app_id, position, created_at)
SELECT host_name, app_id, position, (SELECT created_at FROM apps WHERE id = app_id) FROM app_host_names;
DROP TABLE app_host_names;
UPDATE apps SET spec = json_remove(spec, '$.host_names');

CREATE TABLE path_prefixes (
    host       TEXT    NOT NULL,                    -- one of app_id's host names, the derived one included
    path       TEXT    NOT NULL,                    -- model::domain::PathPrefix
    app_id     TEXT    NOT NULL REFERENCES apps (id) ON DELETE CASCADE, -- whose host it is
    to_app     TEXT    NOT NULL REFERENCES apps (id) ON DELETE CASCADE, -- who answers
    strip      INTEGER NOT NULL CHECK (strip IN (0, 1)),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (host, path)
) STRICT, WITHOUT ROWID;
CREATE INDEX path_prefixes_app ON path_prefixes (app_id);
CREATE INDEX path_prefixes_to ON path_prefixes (to_app);

CREATE TABLE proxies (
    app_id      TEXT    NOT NULL PRIMARY KEY REFERENCES apps (id) ON DELETE CASCADE,
    settings    TEXT    NOT NULL DEFAULT '{}',      -- model::domain::ProxySettings as JSON
    maintenance TEXT,                               -- model::domain::Maintenance as JSON, while it is on
    catch_all   INTEGER NOT NULL DEFAULT 0 CHECK (catch_all IN (0, 1)) -- it answers names that nobody has
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX proxies_one_catch_all ON proxies (catch_all) WHERE catch_all = 1;

CREATE TABLE visitor_passwords (
    app_id     TEXT    NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    user_name  TEXT    NOT NULL,                    -- model::domain::UserName
    sealed     BLOB    NOT NULL,                    -- the hash of the password, as crypt() knows it
    created_at INTEGER NOT NULL,
    PRIMARY KEY (app_id, user_name)
) STRICT, WITHOUT ROWID;
