-- Deploys' statuses for Git hosts: whom to tell, and what has been told of each release.

CREATE TABLE status_hosts (
    app_id TEXT    NOT NULL PRIMARY KEY REFERENCES apps (id) ON DELETE CASCADE,
    host   TEXT    NOT NULL CHECK (host IN ('github', 'gitlab', 'gitea', 'bitbucket')),
    api    TEXT    NOT NULL CHECK (api GLOB 'http*://*'),
    sealed BLOB    NOT NULL,                        -- the token
    since  INTEGER NOT NULL                         -- older releases are not told of
) STRICT;

CREATE TABLE status_reports (
    release_id TEXT    NOT NULL PRIMARY KEY REFERENCES releases (id) ON DELETE CASCADE,
    state      TEXT    NOT NULL CHECK (state IN ('pending', 'success', 'failure')),
    failed     INTEGER NOT NULL,                    -- tries of this state that failed
    problem    TEXT,                                -- why the last try failed; none when it was taken
    at         INTEGER NOT NULL,                    -- the last try
    next_at    INTEGER                              -- the next try; none when there is none
) STRICT, WITHOUT ROWID;
