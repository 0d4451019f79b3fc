DO $$ declare r record; begin for r in select * from nosuch loop null; end loop; end $$;
DO $$ declare r record; begin for r in select * from nosuch loop null; end loop; end $$;
DO $$ begin perform * from nosuch; end $$;
DO $$ begin drop table if exists nosuch; end $$;
DO $$ begin create table if not exists xx(a int); create table if not exists xx(a int); end $$;
CREATE FUNCTION q() RETURNS void LANGUAGE plpgsql AS $$ begin drop table if exists nosuch2; commit; end $$;
SELECT q();
