-- What each domain was last seen to serve, by each way of asking: the last look, and the one before it
-- changed. Times are milliseconds of UTC.

CREATE TABLE served (
    domain   TEXT    NOT NULL,
    way      TEXT    NOT NULL CHECK (way IN ('loopback', 'public')),
    at       INTEGER NOT NULL,                      -- of the last look
    seen     TEXT    NOT NULL,                      -- model::certificate::Served as JSON
    since    INTEGER NOT NULL,                      -- of the first look that saw the same
    before   TEXT,                                  -- what was seen until then
    PRIMARY KEY (domain, way)
) STRICT, WITHOUT ROWID;
