-- Looks in a row that found something which keeps an order from being made. They cost nothing, and are
-- counted apart from tries that failed.

ALTER TABLE certificate_plans ADD COLUMN looks INTEGER NOT NULL DEFAULT 0 CHECK (looks >= 0);
