create table cl(a int primary key, b int); create index cli on cl(b);
alter table cl cluster on cli;
select indexrelid::regclass, indisclustered from pg_index where indrelid='cl'::regclass order by 1;
cluster cl using cl_pkey;
select indexrelid::regclass, indisclustered from pg_index where indrelid='cl'::regclass order by 1;
alter table cl set without cluster;
select indexrelid::regclass, indisclustered from pg_index where indrelid='cl'::regclass order by 1;
cluster cl;
cluster cl_pkey on cl;
