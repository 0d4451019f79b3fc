-- every layout of an aligned table
SELECT 1 AS a, 'x' AS b, 2.50::numeric AS amount, NULL AS nothing, true AS flag;
SELECT 'a
longer
b' AS multi, 1 AS n, 'x
y' AS "head
er two";
SELECT 12345678901::bigint AS "right", E'tab\there' AS tab, E'a\tb\tc' AS t2, E'cr\rx' AS cr, E'\x01\x1f\x7f' AS control;
SELECT 'naïve' AS latin, '日本語' AS wide, 'é' AS combining, '🎉' AS emoji, U&'\0080' AS c1, U&'\200B' AS zwsp;
SELECT;
SELECT FROM generate_series(1, 3);
SELECT * FROM generate_series(1, 0) AS t(id);
SELECT E'first\n' AS ends_in_newline, E'\n' AS only, 1.5::float8 AS f;
SELECT E'a\nbb' AS last_column_multi;
SELECT '1'::money AS m, 5::oid AS o, '2020-01-01'::date AS d, '5'::xid AS x, 1::smallint AS s, 'NaN'::float4 AS f4, '{1,2}'::int[] AS arr;
SELECT 1 AS averyveryverylongcolumnname, 'v' AS v;
CREATE TEMP TABLE t (id int PRIMARY KEY, v text);
INSERT INTO t VALUES (1, 'a'), (2, NULL) RETURNING *;
UPDATE t SET v = 'b' WHERE id = 1 RETURNING id, v;
DELETE FROM t WHERE id = 99;
DELETE FROM t RETURNING id;
WITH x AS (INSERT INTO t VALUES (7, 'q') RETURNING id) SELECT * FROM x;
CREATE TABLE pg_temp.u AS SELECT 1 AS one;
SHOW server_encoding;
EXPLAIN (COSTS OFF) SELECT 1;
BEGIN;
DECLARE c CURSOR FOR SELECT 1 AS x;
FETCH c;
COMMIT;
PREPARE p AS INSERT INTO t VALUES ($1, 'z');
EXECUTE p(8);
DO $$ BEGIN RAISE NOTICE 'hello'; END $$;
;
/* only a comment */;
SELECT 1 AS unterminated
