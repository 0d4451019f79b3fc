create table cg1(a int, t text, g text generated always as (upper('abc')) stored);
create table cg2(a int, t text, g text generated always as (t || lower('X')) stored);
create table cg3(a int, t text, g bool generated always as ('a' = 'b') stored);
create table cg4(a int, t text, g bool generated always as ('a'::text < 'b') stored);
create table cg5(a int, t text, g bool generated always as ('a' like 'b') stored);
create table cg6(a int, t text, g bool generated always as ('a' ~ 'b') stored);
create table cg7(a int, t text, g text generated always as (upper(t) || 'x' || lpad('a', 3)) stored);
insert into cg7(t) values ('q') returning *;
