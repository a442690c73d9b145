-- API tokens: what a program may do in a person's name. Stored as SHA-256, never as they are.

CREATE TABLE api_tokens (
    id           TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    token_hash   BLOB    NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    user_id      TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name         TEXT    NOT NULL CONSTRAINT api_tokens_name_length CHECK (length(name) BETWEEN 1 AND 64),
    scope        TEXT    NOT NULL CHECK (scope IN ('read', 'deploy')),
    app_id       TEXT    REFERENCES apps (id) ON DELETE CASCADE, -- the only app; none for all
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    last_used_at INTEGER,
    last_address TEXT
) STRICT;
CREATE INDEX api_tokens_by_user ON api_tokens (user_id);
