-- Cloudflare Tunnel: its token, and the names that come in by it.

CREATE TABLE tunnel (
    one       INTEGER NOT NULL PRIMARY KEY CHECK (one = 1), -- there is at most one
    tunnel_id TEXT    NOT NULL,                 -- model::tunnel::TunnelId
    sealed    BLOB    NOT NULL,                 -- the token
    added_by  TEXT    NOT NULL,                 -- what they are called
    added_at  INTEGER NOT NULL                  -- milliseconds of UTC
) STRICT;

-- A name without an app is the panel's. They outlive the tunnel: without it they are served nowhere, as
-- whoever stands before them at Cloudflare must not be walked around.
CREATE TABLE tunnel_names (
    name   TEXT NOT NULL PRIMARY KEY,           -- a host name, or '*.' and one
    app_id TEXT REFERENCES apps (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX tunnel_names_app ON tunnel_names (app_id);
CREATE TRIGGER tunnel_names_of_domains AFTER DELETE ON domains BEGIN
    DELETE FROM tunnel_names WHERE name = OLD.name;
END;
CREATE TRIGGER tunnel_names_of_panel AFTER DELETE ON panel_names BEGIN
    DELETE FROM tunnel_names WHERE name = OLD.name;
END;
