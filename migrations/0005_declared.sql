-- What a release's files say about how it is built and run; a source is files from somewhere with a
-- builder, or an image.

ALTER TABLE releases ADD COLUMN declared TEXT; -- model::deploy::Declared as JSON, once fetched

UPDATE apps SET spec = json_set(spec, '$.source', json_object(
    'kind', 'files',
    'origin', json_object('kind', 'repo', 'repo', spec ->> '$.source.repo', 'branch', spec ->> '$.source.branch'),
    'folder', coalesce(spec ->> '$.source.folder', spec ->> '$.source.context'),
    'builder', json_object('kind', spec ->> '$.source.kind', 'dockerfile', spec ->> '$.source.dockerfile')
)) WHERE spec ->> '$.source.kind' IN ('static', 'dockerfile');

UPDATE releases SET spec = json_set(spec, '$.source', json_object(
    'kind', 'files',
    'origin', json_object('kind', 'repo', 'repo', spec ->> '$.source.repo', 'branch', spec ->> '$.source.branch'),
    'folder', coalesce(spec ->> '$.source.folder', spec ->> '$.source.context'),
    'builder', json_object('kind', spec ->> '$.source.kind', 'dockerfile', spec ->> '$.source.dockerfile')
)) WHERE spec ->> '$.source.kind' IN ('static', 'dockerfile');
