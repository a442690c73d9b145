-- Webhooks: an app's secret, and the inbox of what was received.
-- Times are milliseconds of UTC. Ids are 16 characters (model::id).

CREATE TABLE webhooks (
    app_id     TEXT    NOT NULL PRIMARY KEY REFERENCES apps (id) ON DELETE CASCADE,
    sealed     BLOB    NOT NULL,                    -- the secret that its senders sign with
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE deliveries (
    id         TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    app_id     TEXT    NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    provider   TEXT    NOT NULL,                    -- model::webhook::Provider
    event      TEXT    NOT NULL,
    dedupe     TEXT,                                -- the sender's id of it; NULL for a refused one
    pushed     TEXT,                                -- model::webhook::Pushed as JSON; NULL when it does not read
    headers    TEXT    NOT NULL,                    -- JSON array of "name: value", without secrets
    verdict    TEXT    NOT NULL CHECK (verdict IN ('deployed', 'ignored', 'refused')),
    reason     TEXT    NOT NULL,
    release_number INTEGER,                         -- the release it made
    at         INTEGER NOT NULL,
    UNIQUE (app_id, dedupe)
) STRICT;
CREATE INDEX deliveries_newest ON deliveries (app_id, at);
