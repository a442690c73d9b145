-- Certificates. At most one is in use for a domain; the files that nginx reads are made from these rows.
-- Times are milliseconds of UTC. Ids are 16 characters (model::id).

CREATE TABLE certificates (
    id         TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    domain     TEXT    NOT NULL,                    -- a host name, or '*.' and one
    source     TEXT    NOT NULL CHECK (source IN ('acme', 'uploaded', 'self_signed')),
    chain      TEXT    NOT NULL,                    -- PEM, the leaf first
    sealed     BLOB    NOT NULL,                    -- the private key as PEM
    facts      TEXT    NOT NULL,                    -- model::certificate::CertificateFacts as JSON
    in_use     INTEGER NOT NULL CHECK (in_use IN (0, 1)),
    created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX certificates_one_in_use ON certificates (domain) WHERE in_use = 1;
