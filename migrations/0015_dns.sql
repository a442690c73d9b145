-- DNS: what names led to when they were last asked, and who publishes records for a zone.
-- Times are milliseconds of UTC.

CREATE TABLE dns_checks (
    name          TEXT    NOT NULL PRIMARY KEY,   -- a host name, or '*.' and one
    answers       TEXT    NOT NULL,               -- model::domain::dns::DnsAnswers as JSON
    own           TEXT    NOT NULL,               -- this server's public addresses then, a JSON list
    checked_at    INTEGER NOT NULL,               -- when it answered
    asked_at      INTEGER NOT NULL,               -- when it was last asked
    trouble       TEXT    CHECK (trouble IN ('silent', 'server_failure', 'refused', 'nonsense')), -- of newer questions
    trouble_since INTEGER,
    CONSTRAINT dns_checks_trouble CHECK ((trouble IS NULL) = (trouble_since IS NULL))
) STRICT;

CREATE TABLE dns_providers (
    zone       TEXT    NOT NULL PRIMARY KEY,      -- a host name
    kind       TEXT    NOT NULL CHECK (kind IN ('cloudflare', 'desec', 'hetzner', 'digitalocean', 'rfc2136', 'http')),
    settings   TEXT    NOT NULL,                  -- model::domain::dns_provider::DnsProviderSettings as JSON
    sealed     BLOB    NOT NULL,                  -- the token, or the TSIG key's secret
    created_at INTEGER NOT NULL,
    last_ok_at INTEGER,
    problem    TEXT                               -- why it last did not do what was asked
) STRICT;
