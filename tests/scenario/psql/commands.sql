\restrict abc
\echo hidden
SELECT 1 AS a;
\unrestrict x
\unrestrict abc
\unrestrict abc
\restrict
\i nofile
\i
\ir
\set ON_ERROR_STOP maybe
\echo a b  "c d" 'e f' 'it''s' 'x\ny' :nothing
\echo -n no newline
\echo
\echo x\\ SELECT 5 AS five;SELECT 6 AS six;
SELECT 7
\echo in the middle
AS seven;
\i included.inc
\ir included.inc
\set ON_ERROR_STOP off
SELECT nope;
SELECT 'on' AS goes;
