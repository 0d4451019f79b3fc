SELEC 1;
SELECT 1 +
   nope,
	2
FROM   x;
SELECT aaaaaaaaaaaaaaaaaaaaaaaaaaa, bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb, ccccccccccccccccccccccccccc, ddddddddddddddd;
SELECT 1 AS aaaaaaaaaaaaaaaaaaaaaaaaaaa, 2 AS bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb, ccccccccccccccccccccccccccc, 3 AS ddddddddddddddd;
SELECT 1 AS aaaaaaaaaaaaaaaaaaaaaaaaaaa, 2 AS bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb, 3 AS ccccccccccccccccccccccccccc, dd;
SELECT 'ééééééééééééééééééééééééééééééééééééééé' || '日本語日本語日本語日本語日本語' || nope || 'éééééééééééééééééééé';
SELECT '日本', nope;
SELECT	1,	nope;
SELECT 1/0;
CREATE TEMP TABLE t (id int PRIMARY KEY, v text NOT NULL, CHECK (id < 100));
INSERT INTO t VALUES (1, 'a');
INSERT INTO t VALUES (1, 'a');
INSERT INTO t VALUES (2, NULL);
INSERT INTO t VALUES (200, 'x');
SELECT lenght('x');
SELECT * FROM t WHERE id = 'x';
DO $$
BEGIN
  RAISE NOTICE 'n %', 1 USING DETAIL = 'the detail', HINT = 'the hint';
  RAISE WARNING 'careful
two lines';
  RAISE INFO 'info';
  RAISE EXCEPTION 'stop' USING DETAIL = 'd', HINT = 'h', ERRCODE = 'P0099';
END $$;
CREATE FUNCTION f() RETURNS int AS $$ BEGIN RETURN (SELECT nope FROM
   t); END $$ LANGUAGE plpgsql;
SELECT f();
DROP FUNCTION f;
CREATE FUNCTION pg_temp.g() RETURNS int AS $$ SELECT 1; SELECT missing; $$ LANGUAGE sql;
DROP TABLE IF EXISTS not_there;
CREATE TABLE IF NOT EXISTS pg_temp.t (id int);
BEGIN;
SELECT nope;
SELECT 1;
ROLLBACK;
COMMIT;
SELECT 1 \; SELECT 2/0 \; SELECT 3;
SELECT 4 \; INSERT INTO t VALUES (5, 'e') RETURNING id \; SELECT 6;
SELECT $$unclosed;
