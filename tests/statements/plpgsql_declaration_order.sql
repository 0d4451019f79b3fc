CREATE TABLE t (x int, y int);
INSERT INTO t VALUES (1, 2);
DO $$ DECLARE x int := 42; BEGIN DECLARE y int := x + 1; x int := x + 2; z int := x * 10; BEGIN RAISE NOTICE 'x = %, y = %, z = %', x, y, z; END; END $$;
DO $$ DECLARE a int := 1; BEGIN DECLARE b int := a; a int := b + 1; b2 int := a; BEGIN RAISE NOTICE '% % %', a, b, b2; END; END $$;
DO $$ DECLARE c CURSOR FOR SELECT x FROM t; x int := 5; r record; BEGIN FOR r IN c LOOP RAISE NOTICE '%', r; END LOOP; END $$;
DO $$ DECLARE x int := 5; c CURSOR (k int) FOR SELECT t.y + k FROM t; k int := 7; r record; BEGIN FOR r IN c(k) LOOP RAISE NOTICE '%', r; END LOOP; END $$;
CREATE FUNCTION f(p int) RETURNS int LANGUAGE plpgsql AS $$ DECLARE p int := p * 2; q int := p; BEGIN RETURN q; END $$;
SELECT f(4);
