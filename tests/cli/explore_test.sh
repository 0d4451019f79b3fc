#!/bin/bash
# explore_test.sh PATH-OF-CDCSIM: the same seed gives the same scenarios, and all of them load and run
# without an error of the simulator's own.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for run in first second; do
    "$1" explore --seed 7 --count 50 --print > "$work/$run.yaml" || exit 1
done
cmp "$work/first.yaml" "$work/second.yaml" || exit 1
csplit -s -z -f "$work/part-" -b '%02d.yaml' "$work/first.yaml" '/^scenario: /' '{*}'
for part in "$work"/part-*.yaml; do
    "$1" test "$part" > "$work/report" 2>&1
    status=$?
    # Expectations may fail: what is to fail is filled in when both sides run.
    if grep -q 'INTERNAL ERROR' "$work/report" || [ $status -gt 3 ]; then
        cat "$work/report"
        exit 1
    fi
done
