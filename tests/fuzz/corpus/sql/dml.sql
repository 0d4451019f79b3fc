CREATE TABLE t (id int PRIMARY KEY, v text);
INSERT INTO t VALUES (1, 'a'), (2, E'b\n'), (3, $$c$$) ON CONFLICT (id) DO UPDATE SET v = EXCLUDED.v RETURNING *;
UPDATE t SET v = upper(v) WHERE id BETWEEN 1 AND 2;
WITH d AS (DELETE FROM t RETURNING *) SELECT count(*), string_agg(v, ',' ORDER BY id) FROM d;
