#!/usr/bin/env python3
"""Records what a real PostgreSQL 15 answers to the calls in tests/unit/data/*_calls.txt.

Usage: tests/record/calls.py 'host=127.0.0.1 port=5432 user=postgres dbname=scratch' file...

A line is `oid<TAB>argument<TAB>...<TAB>=><TAB>outcome`; what stands behind => is written anew. Arguments are in
text form, \\N is NULL; \\t, \\n and \\\\ stand for themselves. An outcome is NULL, `=text`, or `ERROR sqlstate message`.
"""
import subprocess
import sys

SETUP = r"""
CREATE OR REPLACE FUNCTION pg_temp.outcome(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE is_null bool; value text; state text; message text;
BEGIN
    EXECUTE 'SELECT x IS NULL, concat(x) FROM (SELECT ' || call || ' AS x OFFSET 0) s' INTO is_null, value;
    RETURN CASE WHEN is_null THEN 'NULL' ELSE '=' || value END;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT;
    RETURN 'ERROR ' || state || ' ' || message;
END $$;
"""


def psql(connection, script):
    done = subprocess.run(["psql", "-XqAt", "-F", "\t", "-d", connection], input=script, capture_output=True, text=True)
    if done.returncode != 0 or done.stderr:
        sys.exit(done.stderr)
    return done.stdout


def unescape(field):
    return field.replace("\\\\", "\0").replace("\\t", "\t").replace("\\n", "\n").replace("\0", "\\")


def escape(text):
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")


def literal(text):
    return "E'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def record(connection, path, functions):
    lines = open(path, encoding="utf-8").read().splitlines()
    calls = [line.split("\t=>")[0].split("\t") for line in lines if line and not line.startswith("#")]
    script = SETUP
    for oid, *arguments in calls:
        name, types = functions[oid]
        values = ["NULL" if a == "\\N" else literal(unescape(a)) for a in arguments]
        call = f'pg_catalog."{name}"(' + ", ".join(f"{v}::{t}" for v, t in zip(values, types)) + ")"
        script += f"SELECT encode(convert_to(pg_temp.outcome({literal(call)}), 'UTF8'), 'hex') || '.';\n"
    answers = psql(connection, script).replace("\n", "").split(".")[:-1]
    assert len(answers) == len(calls)
    with open(path, "w", encoding="utf-8") as out:
        out.write("# Recorded by tests/record/calls.py\n")
        for call, answer in zip(calls, answers):
            out.write("\t".join(call) + "\t=>\t" + escape(bytes.fromhex(answer).decode()) + "\n")


def main():
    connection, *paths = sys.argv[1:]
    rows = psql(connection, "SELECT p.oid, proname, (SELECT string_agg(format_type(t, -1), ';' ORDER BY n) FROM "
                            "unnest(proargtypes) WITH ORDINALITY AS u(t, n)) FROM pg_proc p "
                            "WHERE pronamespace = 'pg_catalog'::regnamespace;").splitlines()
    functions = {oid: (name, types.split(";")) for oid, name, types in (row.split("\t") for row in rows)}
    for path in paths:
        record(connection, path, functions)


main()
