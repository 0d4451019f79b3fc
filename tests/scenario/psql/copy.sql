CREATE TEMP TABLE t (id int, v text);
COPY t FROM stdin; SELECT 'after' AS same_line;
1	a
2	\N
\.
SELECT * FROM t;
COPY t TO STDOUT;
COPY t FROM stdin WITH (FORMAT csv);
3,"x, y"
\.
COPY nowhere FROM stdin;
SELECT 'this is data that became SQL' AS oops;
\.
COPY t FROM stdin;
x	bad
\.
SELECT count(*) FROM t;
/* c */ copy binary nowhere (a) from stdout;
1	2
\.
SELECT 0 \; COPY nowhere FROM stdin;
1	2
\.
COPY nowhere FROM 'stdin';
SELECT 'not data' AS v;
\.
BEGIN;
SELECT nope;
COPY t FROM stdin;
1	2
\.
ROLLBACK;
SELECT 'end' AS e;
