#!/bin/bash
# Ends `cdcsim diff`, `record` and `explore` in the middle, with SIGINT, SIGTERM and SIGKILL, on a stack of
# their own and on one that they are attached to: databases, roles, slots, connectors, topics and processes
# are afterwards as before. Needs psql, curl and kcat; about six minutes.
#
#     tests/live/kill_test.sh build/quick/tools/cdcsim/cdcsim
set -euo pipefail
cdcsim=$(realpath "$1")
name=kill-$$
work=$(mktemp -d)
trap 'for stack in "$name" "$name-attached"; do "$cdcsim" live down --name "$stack"; done; rm -rf "$work"' EXIT
addresses=$("$cdcsim" live up --name "$name")
address() { sed -E "s/.*\"$1\":\"([^\"]*)\".*/\1/" <<<"$addresses"; }
postgres=$(address postgres) kafka=$(address kafka) connect=$(address connect)

# What a session may leave behind. Connect's own topics and the database of the attached user stay.
shown() {
    psql -X -A -t -c "SELECT 'database', datname FROM pg_database UNION ALL SELECT 'role', rolname FROM pg_roles
        UNION ALL SELECT 'slot', slot_name FROM pg_replication_slots ORDER BY 1, 2" "$postgres"
    curl -sS "$connect/connectors"
    echo
    kcat -b "$kafka" -L -J | sed 's/"topic":/\n&/g' | sed -nE 's/^"topic":"([^"]*)".*/topic \1/p' | sort
}
sessions() { pgrep -f -- "$work/" | grep -v "^$$\$" || true; }

cat >"$work/long.yaml" <<'Y'
scenario: long
steps:
  - sql: CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1);
  - connector:
      name: c
      config: {topic.prefix: cdc}
  - sql: INSERT INTO t VALUES (2);
  - sleep: 60
  - sql: INSERT INTO t VALUES (3);
Y

own=(--name "$name")
attached=(--postgres "$postgres" --connect "$connect" --kafka "$kafka" --name "$name-attached")
before=$(shown)
failed=0
for where in own attached; do
    declare -n options=$where
    for command in ${COMMANDS:-diff record explore}; do
        for signal in INT TERM KILL; do
            case $command in
                explore) arguments=(--seed 41 --count 50 --shrink 0 -j 1 --out "$work/out") ;;
                *) arguments=("$work/long.yaml") ;;
            esac
            # SIGINT is ignored by what a script starts in the background, unless it has a group of its own.
            set -m
            "$cdcsim" "$command" "${arguments[@]}" "${options[@]}" >"$work/log" 2>&1 &
            session=$!
            set +m
            for _ in $(seq 1200); do [ "$(curl -sS "$connect/connectors")" != "[]" ] && break || sleep 0.1; done
            sleep 2
            middle=$(shown)
            kill -"$signal" "$session"
            wait "$session" 2>/dev/null && status=0 || status=$?
            for _ in $(seq 300); do [ "$(shown)" = "$before" ] && [ -z "$(sessions)" ] && break || sleep 0.1; done
            verdict=ok
            [ "$middle" != "$before" ] || verdict="nothing was there to clean up"
            [ "$(shown)" = "$before" ] || verdict="left behind: $(diff <(echo "$before") <(shown) | tr '\n' ' ')"
            [ -z "$(sessions)" ] || verdict="processes are left: $(sessions)"
            [ ! -e "$work/long.golden.jsonl" ] || verdict="a golden was written"
            [ "$verdict" = ok ] || failed=1
            echo "$where $command SIG$signal (status $status): $verdict"
            rm -rf "$work/out"
        done
    done
done
exit $failed
