-- Which job a running one waits for, while it does: one build runs at a time.

ALTER TABLE jobs ADD COLUMN waits_for TEXT REFERENCES jobs (id) ON DELETE SET NULL;
