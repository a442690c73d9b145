-- What nginx's access logs were counted into, and how far each has been read. Times of buckets are
-- minutes of UTC, so that a row stays small; all others are milliseconds.

CREATE TABLE traffic_logs (
    key          INTEGER NOT NULL PRIMARY KEY,      -- short, because it stands in every bucket
    app_id       TEXT    NOT NULL UNIQUE REFERENCES apps (id) ON DELETE CASCADE,
    inode        INTEGER,                           -- of the file that is being read; NULL when it is gone
    position     INTEGER NOT NULL,                  -- all before it has been counted
    old_inode    INTEGER,                           -- of the file before it, while that may still grow
    old_position INTEGER NOT NULL,
    since_at     INTEGER NOT NULL,                  -- since when requests are counted
    last_at      INTEGER                            -- the newest request
) STRICT;

CREATE TABLE traffic_buckets (
    log   INTEGER NOT NULL REFERENCES traffic_logs (key) ON DELETE CASCADE,
    grain INTEGER NOT NULL CHECK (grain BETWEEN 0 AND 2), -- model::traffic::Grain: minute, hour, day
    at    INTEGER NOT NULL,                         -- when it begins, in minutes
    data  BLOB    NOT NULL,                         -- model::traffic::Bucket
    PRIMARY KEY (log, grain, at)
) STRICT, WITHOUT ROWID;

CREATE TABLE traffic_holes (
    log      INTEGER NOT NULL REFERENCES traffic_logs (key) ON DELETE CASCADE,
    from_at  INTEGER NOT NULL,                      -- the last request before what was not counted
    until_at INTEGER NOT NULL,                      -- the first after it
    bytes    INTEGER NOT NULL,
    PRIMARY KEY (log, from_at)
) STRICT, WITHOUT ROWID;
