create table l (n int);
create function s(a int, out x int, out y int) returns setof record language plpgsql as $$ begin insert into l values (a); x := a; y := a + 1; return next; x := 0; return next; end $$;
select (s(1)).*;
select (s(2)).x, (s(2)).y, (s(3)).x;
select s(4), s(4);
select n, count(*) from l group by n order by n;
