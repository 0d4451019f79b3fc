CREATE TABLE t (id int, v text, info jsonb);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE r record; n int := 0;
BEGIN
  FOR r IN SELECT column_name FROM information_schema.columns WHERE table_name = TG_TABLE_NAME LOOP n := n + 1; END LOOP;
  IF TG_OP = 'UPDATE' THEN NEW.info := jsonb_build_object('n', n, 'old', to_jsonb(OLD)); END IF;
  RETURN NEW;
EXCEPTION WHEN division_by_zero THEN RAISE WARNING 'no %', SQLERRM; RETURN NULL;
END $$;
CREATE TRIGGER g BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f();
INSERT INTO t VALUES (1, 'a');
UPDATE t SET v = 'b';
