SELECT round(4.5e131071, -131072), round(5.5e131071, -131073), trunc(9.9e131071, -131072), round(5e-16383, 16382) = 1e-16382, round(5.5e131071, -131072);
SELECT round(12345.6789, 3000), round(12345.6789, -4), round(12345.6789, -5), round(55555, -5), trunc(-99999.9, -4), round(1.5, -2000000000);
SELECT sum(1 / v) FILTER (WHERE v > 0) FROM (VALUES (0), (1), (2)) t(v);
SELECT array_agg(10 / v ORDER BY 20 / v DESC) FILTER (WHERE v <> 0) FROM (VALUES (0), (1), (2)) t(v);
SELECT count(DISTINCT 4 / v) FILTER (WHERE v <> 0), max(v) FROM (VALUES (0), (1), (2)) t(v);
SELECT sum((SELECT u.b FROM (VALUES (1, 5), (2, 6)) u(a, b) WHERE u.a = t.v)) FROM (VALUES (0), (1), (2)) t(v);
