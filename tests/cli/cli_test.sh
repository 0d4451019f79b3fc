#!/bin/bash
# The command line as a user meets it: outputs, exit statuses, files that it writes.
#     cli_test.sh PATH-OF-CDCSIM
set -u
cdcsim=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failures=0

# expect STATUS COMMAND...: runs a command; its output is in $out, its messages in $err.
expect() {
    local wanted=$1
    shift
    out=$("$@" 2>"$work/.err")
    local got=$?
    err=$(cat "$work/.err")
    last="$*"
    if [ "$got" -ne "$wanted" ]; then
        echo "FAILED: $last: exit status $got, not $wanted"
        echo "$out" | head -20
        echo "$err" | head -20
        failures=$((failures + 1))
    fi
}

# shows TEXT [WHERE]: the text must be in the output (or in what is given).
shows() {
    case "${2-$out}" in
        *"$1"*) ;;
        *)
            echo "FAILED: $last: no \"$1\" in:"
            echo "${2-$out}" | head -20
            failures=$((failures + 1))
            ;;
    esac
}

cat > hello.sql <<'SQL'
CREATE TABLE t (id int PRIMARY KEY, v text);
INSERT INTO t VALUES (1, 'a');
UPDATE t SET v = 'b';
DELETE FROM t;
SQL
cat > good.yaml <<'YAML'
scenario: good
tags: [fast]
steps:
  - sql: |
      CREATE TABLE t (id int PRIMARY KEY, v text, at timestamptz DEFAULT now());
      INSERT INTO t (id, v) VALUES (1, 'a');
  - connector: {name: c}
  - sql: UPDATE t SET v = 'b'
  - expect: {topic: cdc.public.t, records: [{op: r}, {op: u, before: null, after: {id: 1, v: b}}]}
YAML
cat > bad.yaml <<'YAML'
scenario: bad
steps:
  - sql: SELECT 1/0
  - expect: {topic: nowhere, count: 1}
YAML

# Help and usage.
expect 0 "$cdcsim" --help
shows "cdcsim run FILE"
shows "Exit status"
expect 0 "$cdcsim" --version
shows "Debezium PostgreSQL connector 3.6.3.Final"
expect 2 "$cdcsim"
expect 2 "$cdcsim" rnu
shows 'did you mean "run"' "$err"
expect 2 "$cdcsim" run --sett a=b hello.sql
shows 'did you mean "--set"' "$err"
expect 2 "$cdcsim" run
expect 2 "$cdcsim" run nowhere.sql
expect 2 "$cdcsim" test nowhere
expect 2 "$cdcsim" run --output xml hello.sql
expect 4 "$cdcsim" live status --name there-is-no-such-stack
# The program alone, without the one that drives the real stack.
cp "$cdcsim" alone
expect 4 ./alone live status
expect 0 "$cdcsim" schema
shows '"$schema"'

# run.
expect 0 "$cdcsim" run --payload hello.sql
shows '"topic":"cdc.public.t","partition":0,"offset":0'
shows '"key":{"id":1},"value":{"before":null,"after":{"id":1,"v":"a"}'
shows '"offset":3'
shows '"value":null'
[ "$(echo "$out" | wc -l)" -eq 4 ] || { echo "FAILED: run gives other than 4 records"; failures=$((failures + 1)); }
expect 0 "$cdcsim" run --output kcat-json hello.sql
shows '"tstype":"create","ts":'
shows '\"schema\":{\"type\":\"struct\"'
first=$out
TZ=America/New_York LANG=de_DE.UTF-8 LC_ALL=C expect 0 "$cdcsim" run --output kcat-json hello.sql
[ "$out" = "$first" ] || { echo "FAILED: another TZ gives other bytes"; failures=$((failures + 1)); }
expect 0 "$cdcsim" run --output pretty --color never hello.sql
shows "cdc.public.t [1] update"
shows "tombstone (null)"
expect 0 "$cdcsim" run --output pretty --color always hello.sql
shows $'\x1b['
expect 0 "$cdcsim" run --payload --set topic.prefix=other --set tombstones.on.delete=false hello.sql
shows "other.public.t"
expect 0 "$cdcsim" run --topic nowhere hello.sql
[ -z "$out" ] || { echo "FAILED: --topic shows others"; failures=$((failures + 1)); }
expect 0 bash -c "'$cdcsim' run --payload - < hello.sql"
shows "cdc.public.t"
expect 0 bash -c "'$cdcsim' run --payload - < good.yaml"
shows '"op":"r"'
expect 0 "$cdcsim" run --transcript out.psql hello.sql
shows "-- step 2
CREATE TABLE
INSERT 0 1
UPDATE 1
DELETE 1" "$(cat out.psql)"

# Errors keep the records before them.
printf "CREATE TABLE t (id int PRIMARY KEY);\nINSERT INTO t VALUES (1);\nINSERT INTO t VALUES (1);\nINSERT INTO t VALUES (2);\n" > dup.sql
expect 1 "$cdcsim" run --payload dup.sql
shows '"after":{"id":1}'
shows '"after":{"id":2}'
shows 'duplicate key value violates unique constraint "t_pkey"' "$err"
shows "23505" "$err"
printf 'scenario: x\nsteps:\n  - sqll: SELECT 1\n' > typo.yaml
expect 2 "$cdcsim" run typo.yaml
shows 'typo.yaml:3:5: unknown key "sqll" in a step (did you mean "sql"?)' "$err"
expect 2 "$cdcsim" test typo.yaml
printf 'CREATE TABLE t (id int PRIMARY KEY);\nINSERT INTO t VALUES (1);\nCREATE ACCESS METHOD m TYPE TABLE HANDLER h;\n' > not.sql
expect 3 "$cdcsim" run --payload not.sql
shows '"after":{"id":1}'
shows "not simulated" "$err"
expect 2 "$cdcsim" run --set no.such.option hello.sql

# test.
expect 0 "$cdcsim" test good.yaml
shows "1 scenario: 1 held"
expect 1 "$cdcsim" test good.yaml bad.yaml
shows "FAILED bad.yaml"
shows "bad.yaml:3: step 1: an error that the step does not expect"
shows "division by zero"
shows "2 scenarios: 1 held, 1 failed"
expect 0 "$cdcsim" test --list .
shows "good.yaml"
rm typo.yaml
expect 0 "$cdcsim" test --filter good .
expect 0 "$cdcsim" test --tag fast good.yaml bad.yaml
expect 2 "$cdcsim" test --tag nothing good.yaml
expect 1 "$cdcsim" test --tap good.yaml bad.yaml
shows "1..2
ok 1 - good.yaml
not ok 2 - bad.yaml"
expect 1 "$cdcsim" test -q --junit report.xml good.yaml bad.yaml
shows '<testsuite name="cdcsim" tests="2" failures="1" errors="0" skipped="0"' "$(cat report.xml)"
expect 0 "$cdcsim" test --update good.yaml
[ -s good.snap.jsonl ] || { echo "FAILED: --update writes no snapshot"; failures=$((failures + 1)); }
expect 0 "$cdcsim" test -v good.yaml
shows "equal to its snapshot: 2 records"
sed -i 's/\\"v\\":\\"b\\"/\\"v\\":\\"c\\"/' good.snap.jsonl
expect 1 "$cdcsim" test good.yaml
shows "value.payload.after.v"

[ "$failures" -eq 0 ] && echo "all held"
exit $((failures > 0))
