#!/bin/bash
# run_one.sh CDCSIM SCENARIO held|gap: a scenario whose golden must hold, or a known gap that must
# still be one (so that the list of gaps shrinks as soon as one is closed).
"$1" test "$2"
status=$?
if [ "$3" = held ]; then
    exit "$status"
fi
if [ "$status" -eq 0 ]; then
    echo "$2 holds now: remove it from tests/scenario/known_gaps.txt"
    exit 1
fi
[ "$status" -eq 1 ] || [ "$status" -eq 3 ] || { echo "$2: exit status $status, expected 1 or 3"; exit 1; }
