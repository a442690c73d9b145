-- Ordering certificates: where, with which account, what is planned for each name, and what was tried.
-- Times are milliseconds of UTC. Ids are 16 characters (model::id).

CREATE TABLE acme_settings (
    one       INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    choice    TEXT    NOT NULL CHECK (choice IN ('usual', 'staging', 'other')),
    directory TEXT    NOT NULL CHECK (directory GLOB 'https://*'), -- what was agreed to
    contact   TEXT,                                 -- an e-mail address
    profile   TEXT,                                 -- for names without one of their own
    terms     TEXT,                                 -- where the terms stood that were agreed to
    agreed_at INTEGER NOT NULL,
    agreed_by TEXT    NOT NULL
) STRICT;

-- Kept for ever: another account would meet the limits of new ones.
CREATE TABLE acme_accounts (
    directory  TEXT    NOT NULL PRIMARY KEY CHECK (directory GLOB 'https://*'),
    sealed     BLOB    NOT NULL,                    -- the account's address and key
    contact    TEXT,                                -- as the authority knows it
    eab_kid    TEXT,                                -- the external account's key, by its id
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE certificate_plans (
    domain    TEXT    NOT NULL PRIMARY KEY,
    policy    TEXT    NOT NULL CHECK (policy IN ('automatic', 'own', 'none')),
    profile   TEXT,
    challenge TEXT    NOT NULL CHECK (challenge IN ('http-01', 'dns-01')),
    next_at   INTEGER,                              -- nothing is tried before
    failures  INTEGER NOT NULL CHECK (failures >= 0), -- in a row
    problem   TEXT,                                 -- model::problem::Problem as JSON; NULL when it worked
    ari_start INTEGER,                              -- the window that the authority suggests
    ari_end   INTEGER,
    ask_at    INTEGER,                              -- when it is asked for that again
    random    INTEGER NOT NULL,                     -- chooses the moment within the window
    CONSTRAINT certificate_plans_window CHECK ((ari_start IS NULL) = (ari_end IS NULL))
) STRICT, WITHOUT ROWID;

-- The ledger: what counts against an authority's limits.
CREATE TABLE certificate_attempts (
    id          TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    domain      TEXT    NOT NULL,
    registered  TEXT    NOT NULL,                   -- the registered domain: limits count by it
    directory   TEXT    NOT NULL,
    replaces    INTEGER NOT NULL CHECK (replaces IN (0, 1)),
    at          INTEGER NOT NULL,
    finished_at INTEGER,
    outcome     TEXT    NOT NULL CHECK (outcome IN ('running', 'issued', 'invalid', 'failed', 'abandoned')),
    words       TEXT                                -- why, when no certificate came
) STRICT;
CREATE INDEX certificate_attempts_by_time ON certificate_attempts (directory, at);

ALTER TABLE certificates ADD COLUMN directory TEXT;     -- who issued it, to be told when it is revoked
ALTER TABLE certificates ADD COLUMN revoked_at INTEGER; -- its authority was told then
