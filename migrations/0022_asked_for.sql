-- When somebody asked for a certificate to be ordered whatever is in use; NULL once that was tried. A panel
-- that stops in between tries it when it is back.

ALTER TABLE certificate_plans ADD COLUMN asked_at INTEGER;
