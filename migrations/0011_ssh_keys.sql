-- SSH keys: with which people push to this server. Only public halves are here.

CREATE TABLE ssh_keys (
    id           TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    fingerprint  TEXT    NOT NULL CONSTRAINT ssh_keys_fingerprint_shape CHECK (fingerprint GLOB 'SHA256:*'),
    user_id      TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name         TEXT    NOT NULL CONSTRAINT ssh_keys_name_length CHECK (length(name) BETWEEN 1 AND 64),
    line         TEXT    NOT NULL,                  -- algorithm and key, as in a .pub file
    created_at   INTEGER NOT NULL,
    last_used_at INTEGER,
    last_address TEXT,
    UNIQUE (fingerprint)
) STRICT;
CREATE INDEX ssh_keys_by_user ON ssh_keys (user_id);
