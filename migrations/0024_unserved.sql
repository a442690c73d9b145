-- Domains that have a certificate or a plan and that nothing serves any more, and since when. Once that
-- has lasted, both go. Times are milliseconds of UTC.

CREATE TABLE unserved (
    domain TEXT    NOT NULL PRIMARY KEY,
    since  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
