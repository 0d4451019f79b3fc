-- VALUES over what stands before them, and a subquery on their columns.
CREATE TABLE t (a int);
INSERT INTO t SELECT generate_series(1, 3);
select val.x from t, lateral ( values ((select t.a + 1)), (t.a + 101) ) as val(x);
select val.x from t, lateral ( values (t.a + 1), (t.a + 101) ) as val(x) where (select val.x) < 103;
select val.x from t, lateral ( values ((select t.a + 1)), (t.a + 101) ) as val(x) where (select val.x) < 103 order by 1;
select val.x, g from t, lateral ( values ((select t.a + 1)), (t.a + 101) ) as val(x), generate_series(1, val.x) g where g < 3 and (select g) < 103;
select * from t left join lateral ( values ((select t.a + 1)), (t.a + 101) ) as val(x) on (select val.x) < 103;
select val.x from generate_series(1,10) as s(i), lateral ( values ((select s.i + 1)), (s.i + 101) ) as val(x) where s.i < 10 and (select val.x) < 110;
select val.x from generate_series(1,4) as s(i), lateral ( values (s.i + 1), (s.i + 101) ) as val(x);
