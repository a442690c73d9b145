-- Proofs that were published in a zone and not taken back yet, and from when on what is left of one goes. Times
-- are milliseconds of UTC.

CREATE TABLE dns_proofs (
    zone      TEXT    NOT NULL,
    name      TEXT    NOT NULL,
    value     TEXT    NOT NULL,
    remove_at INTEGER NOT NULL,
    PRIMARY KEY (zone, name, value)
) STRICT, WITHOUT ROWID;
