-- Names that the panel was given beside the one of its configuration; which name a passkey belongs to; and
-- links that let somebody in at a new name.

CREATE TABLE panel_names (
    name        TEXT    NOT NULL PRIMARY KEY,
    added_by    TEXT    NOT NULL,                   -- what they are called
    added_at    INTEGER NOT NULL,
    answered_at INTEGER,                            -- when a passkey was first made there
    is_primary  INTEGER NOT NULL DEFAULT 0 CHECK (is_primary IN (0, 1))
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX panel_names_one_primary ON panel_names (is_primary) WHERE is_primary = 1;

-- NULL is the name of the configuration.
ALTER TABLE passkeys ADD COLUMN host TEXT;

CREATE TABLE one_time_links_new (
    token_hash BLOB PRIMARY KEY NOT NULL CHECK (length(token_hash) = 32),
    kind       TEXT NOT NULL CHECK (kind IN ('claim', 'recover', 'move')),
    user_id    TEXT REFERENCES users (id) ON DELETE CASCADE, -- whom it lets in; none for the owner
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0, -- wrong tokens sent while this one was live
    used_at    INTEGER
) STRICT;
INSERT INTO one_time_links_new (token_hash, kind, created_at, expires_at, attempts, used_at)
    SELECT token_hash, kind, created_at, expires_at, attempts, used_at FROM one_time_links;
DROP TABLE one_time_links;
ALTER TABLE one_time_links_new RENAME TO one_time_links;
