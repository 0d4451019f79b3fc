#!/bin/bash
# What cannot be run says so with its place, in the exit status of the manual, after all records that
# came before it.    bad_input.sh PATH-OF-CDCSIM
set -u
cdcsim=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failures=0

fail() {
    echo "FAILED: $*"
    failures=$((failures + 1))
}

# refused STATUS FILE TEXT: `cdcsim run FILE` ends so, and its messages hold the text.
refused() {
    "$cdcsim" run --payload "$2" >out 2>err
    local got=$?
    [ "$got" -eq "$1" ] || fail "$2: exit status $got, not $1: $(head -c 300 err)"
    grep -qF -- "$3" err || fail "$2: no \"$3\" in: $(head -c 300 err)"
}

# kept TEXT: a record from before the error.
kept() { grep -qF -- "$1" out || fail "the record $1 is lost"; }

repeat() { printf "%0.s$1" $(seq "$2"); }

before="CREATE TABLE t (id int PRIMARY KEY, v text);
INSERT INTO t VALUES (1, 'kept');"

# A snapshot that is refused leaves no lock behind: what follows runs, and is not judged.
cat >snapshot.yaml <<'YAML'
scenario: refused-snapshot
steps:
  - sql: "CREATE TABLE t (id int PRIMARY KEY, d text[]); INSERT INTO t VALUES (1, '{{a}}')"
  - connector: {name: c}
  - sql: ALTER TABLE t ADD COLUMN x int
YAML
refused 3 snapshot.yaml "snapshot.yaml:4: step 2: not simulated: a multidimensional array of texts in a record"

# Bytes that are no text.
printf "%s\nINSERT INTO t VALUES (2, '\xff');\n" "$before" >utf8.sql
refused 1 utf8.sql 'invalid byte sequence for encoding "UTF8": 0xff'
kept '"v":"kept"'
printf "SELECT 'a\\0b';\n" >nul.sql
refused 1 nul.sql 'invalid byte sequence for encoding "UTF8": 0x00'
printf "scenario: x\nsteps:\n  - sql: SELECT '\xff'\n" >utf8.yaml
refused 2 utf8.yaml "utf8.yaml:3:18: not valid YAML: invalid leading UTF-8 octet"

# YAML that is none, and keys and options that are not known.
printf 'scenario: x\nsteps:\n  - sql: [\n' >broken.yaml
refused 2 broken.yaml "broken.yaml:4:1: not valid YAML"
: >empty.yaml
refused 2 empty.yaml "empty.yaml:1:1: the file is empty"
printf 'scenario: x\nstep: []\n' >key.yaml
refused 2 key.yaml 'key.yaml:2:1: unknown key "step" in a scenario (did you mean "steps"?)'
printf 'scenario: x\nsteps:\n  - sql: %s\n' "$(repeat '[' 2000)" >deep.yaml
refused 2 deep.yaml "nested too deeply"
printf 'scenario: x\nsteps:\n  - sql: SELECT 1/0\n    error: nonsense\n' >sqlstate.yaml
refused 2 sqlstate.yaml '"nonsense" is no SQLSTATE'
printf 'scenario: x\nsteps:\n  - sql: SELECT 1/0\n    error: 22P02\n' >other.yaml
refused 1 other.yaml "the error's SQLSTATE is not the expected one"

# SQL that does not parse, or is too deep or too long to.
printf '%s\nSELEC 1;\n' "$before" >syntax.sql
refused 1 syntax.sql 'syntax error at or near "SELEC"'
kept '"v":"kept"'
printf '%s\nSELECT %s1%s;\n' "$before" "$(repeat '(' 20000)" "$(repeat ')' 20000)" >parens.sql
refused 1 parens.sql '54001'
kept '"v":"kept"'
printf 'SELECT 1%s;\n' "$(repeat '+1' 60000)" >sum.sql
refused 1 sum.sql 'stack depth limit exceeded'
printf '%s\nSELECT 1%s;\n' "$before" "$(repeat '+1' 15000)" >sum.sql
refused 1 sum.sql 'stack depth limit exceeded'
kept '"v":"kept"'
{ printf 'SELECT 1'; head -c 1000000 /dev/zero | sed 's/\x00/+1/g'; echo ';'; } >sum.sql
refused 1 sum.sql 'stack depth limit exceeded'
printf 'SELECT 1%s;\n' "$(repeat ' UNION SELECT 1' 9000)" >union.sql
refused 1 union.sql 'stack depth limit exceeded'
printf 'SELECT 1%s;\n' "$(repeat ' UNION SELECT 1' 600)" >union.sql
refused 3 union.sql 'not simulated: a set operation of more than 500 SELECTs'
printf "SELECT '%s'::jsonb;\n" "$(repeat '[' 20000)" >json.sql
refused 1 json.sql 'stack depth limit exceeded'
{ echo "$before"; echo 'SELECT 1 /*'; head -c 34000000 /dev/zero | tr '\0' ' '; echo '*/;'; } >long.sql
refused 3 long.sql 'not simulated: a statement of more than 32 MB without its literals'
kept '"v":"kept"'

# A long literal is no long statement.
{ echo "$before"; printf "INSERT INTO t SELECT 2, length('"; head -c 34000000 /dev/zero | tr '\0' x; echo "')::text;"; } >literal.sql
"$cdcsim" run --payload literal.sql >out 2>err || fail "literal.sql: $(head -c 300 err)"
kept '"v":"34000000"'

[ "$failures" -eq 0 ] && echo "all held"
exit $((failures > 0))
