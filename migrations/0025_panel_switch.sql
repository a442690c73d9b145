-- A name of the panel on its way to the other way in: until that has answered, both serve it, and the name
-- is in tunnel_names no more or not yet.

ALTER TABLE panel_names ADD COLUMN switching TEXT CHECK (switching IN ('direct', 'tunnel'));
