-- Access: how private repositories and registries are reached. Everything secret is sealed.
-- Times are milliseconds of UTC.

CREATE TABLE deploy_keys (
    app_id     TEXT    NOT NULL PRIMARY KEY REFERENCES apps (id) ON DELETE CASCADE,
    public     TEXT    NOT NULL,                    -- 'ssh-ed25519 AAAA… comment'
    sealed     BLOB    NOT NULL,                    -- the seed of the private half
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE git_sign_ins (
    app_id     TEXT    NOT NULL PRIMARY KEY REFERENCES apps (id) ON DELETE CASCADE,
    origin     TEXT    NOT NULL,                    -- 'https://git.example.com': it is told to nobody else
    user_name  TEXT    NOT NULL,
    sealed     BLOB    NOT NULL,                    -- the token
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE ssh_hosts (
    host       TEXT    NOT NULL PRIMARY KEY,        -- 'git.example.com' or '[git.example.com]:2222'
    host_key   TEXT    NOT NULL,                    -- 'ssh-ed25519 AAAA…'
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE registries (
    host       TEXT    NOT NULL PRIMARY KEY,        -- 'ghcr.io'; Docker Hub is 'docker.io'
    user_name  TEXT    NOT NULL,
    sealed     BLOB    NOT NULL,                    -- the token
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE polls (
    app_id     TEXT    NOT NULL PRIMARY KEY REFERENCES apps (id) ON DELETE CASCADE,
    source     TEXT    NOT NULL,                    -- which repository and branch was asked for
    tip        TEXT    CHECK (length(tip) = 40),    -- what the branch was last seen at
    asked_at   INTEGER NOT NULL,
    next_at    INTEGER NOT NULL,
    failures   INTEGER NOT NULL,                    -- in a row
    problem    TEXT                                 -- model::problem::Problem as JSON; NULL when it worked
) STRICT, WITHOUT ROWID;
