create table emp(id int, name text);
do $$ declare r emp; begin r := '(1,x)'; raise notice '%', r; end $$;
do $$ declare r emp; begin r := '(1,x)'::text; raise notice '%', r.name; end $$;
do $$ declare r emp; begin r := 5; end $$;
do $$ declare r record; begin r := 5; end $$;
do $$ declare r record; begin select * into r from emp; r := 5; end $$;
do $$ declare r record; begin r := row(1, 2)::emp; r := '(5,six)'; raise notice '%', r; end $$;
do $$ declare r emp; begin r := null; raise notice '%', r; r := row(1); raise notice '%', r; r := row(1, 2, 3); raise notice '%', r; end $$;
