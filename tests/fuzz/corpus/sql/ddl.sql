CREATE TABLE t (id serial PRIMARY KEY, v text DEFAULT 'x', n numeric(10,2) CHECK (n > 0), at timestamptz DEFAULT now(), tags text[], doc jsonb);
ALTER TABLE t ADD COLUMN w int GENERATED ALWAYS AS (id * 2) STORED, ALTER COLUMN v SET NOT NULL;
CREATE INDEX ON t (lower(v)) WHERE n > 1;
DROP TABLE t;
