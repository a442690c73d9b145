-- People, their passkeys, codes and sessions, one-time links, and the audit log.
-- Times are milliseconds of UTC. Tokens are stored as SHA-256, never as they are.

-- Ties this file to its state folder (id) and to its key file (key_check opens with it).
CREATE TABLE installation (
    one       INTEGER PRIMARY KEY NOT NULL CHECK (one = 1),
    id        TEXT NOT NULL,
    key_check BLOB NOT NULL
) STRICT;

CREATE TABLE users (
    id         TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36), -- a UUID, the passkeys' user handle
    name       TEXT NOT NULL CONSTRAINT users_name_length CHECK (length(name) BETWEEN 1 AND 64),
    role       TEXT NOT NULL CHECK (role IN ('viewer', 'deployer', 'owner')),
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE passkeys (
    id            TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    user_id       TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    credential_id BLOB NOT NULL UNIQUE, -- over all users, as WebAuthn wants
    credential    TEXT NOT NULL,        -- the verifier's own record: public key, counter, backup flags
    label         TEXT NOT NULL CONSTRAINT passkeys_label_length CHECK (length(label) BETWEEN 1 AND 64),
    created_at    INTEGER NOT NULL,
    last_used_at  INTEGER,
    frozen_at     INTEGER -- set when its counter went backwards: it may have been cloned
) STRICT;
CREATE INDEX passkeys_by_user ON passkeys (user_id);

CREATE TABLE recovery_codes (
    selector TEXT PRIMARY KEY NOT NULL CHECK (length(selector) = 4),
    user_id  TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    hash     TEXT NOT NULL, -- argon2id
    used_at  INTEGER
) STRICT;
CREATE INDEX recovery_codes_by_user ON recovery_codes (user_id);

CREATE TABLE sessions (
    id            TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    token_hash    BLOB NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    user_id       TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    passkey_id    TEXT REFERENCES passkeys (id) ON DELETE CASCADE, -- none for a recovery
    method        TEXT NOT NULL CHECK (method IN ('passkey', 'recovery')),
    created_at    INTEGER NOT NULL,
    seen_at       INTEGER NOT NULL,
    address       TEXT,
    agent         TEXT,
    step_up_until INTEGER
) STRICT;
CREATE INDEX sessions_by_user ON sessions (user_id);

-- Links printed on the host: to claim the panel, to get back in.
CREATE TABLE one_time_links (
    token_hash BLOB PRIMARY KEY NOT NULL CHECK (length(token_hash) = 32),
    kind       TEXT NOT NULL CHECK (kind IN ('claim', 'recover')),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0, -- wrong tokens sent while this one was live
    used_at    INTEGER
) STRICT;

-- Append-only; each row carries the hash of the one before it.
CREATE TABLE audit (
    seq       INTEGER PRIMARY KEY NOT NULL,
    at        INTEGER NOT NULL,
    user_id   TEXT NOT NULL,
    user_name TEXT NOT NULL,
    session   TEXT,
    address   TEXT,
    action    TEXT NOT NULL, -- noun.verb
    object    TEXT NOT NULL,
    detail    TEXT NOT NULL, -- JSON
    previous  BLOB NOT NULL CHECK (length(previous) = 32),
    hash      BLOB NOT NULL UNIQUE CHECK (length(hash) = 32)
) STRICT;
CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
CREATE TRIGGER audit_is_never_deleted BEFORE DELETE ON audit BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
