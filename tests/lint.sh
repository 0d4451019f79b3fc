#!/bin/bash
# The layers (core <- sim <- tools), who may see which library, and calls that would make a run
# depend on the machine. Run from the root of the sources.
set -u
cd "$(dirname "$0")/.."
status=0

# complain TEXT GREP-OUTPUT
complain() {
    [ -z "$2" ] && return
    echo "$1:"
    echo "$2" | sed 's/^/    /'
    status=1
}

# includes PATTERN FOLDER...: the lines that include what the pattern names.
includes() {
    local pattern=$1
    shift
    grep -rnE --include='*.h' --include='*.cc' "^ *# *include *[<\"]($pattern)" "$@"
}

outside() { grep -vE "^($1)"; }

complain "core sees sim or tools" "$(includes '(sim|tools|cdcsim)/' core)"
complain "sim sees tools" "$(includes 'tools/' sim)"
complain "sqlite3.h outside of sim/postgres/storage" "$(includes 'sqlite3\.h' core sim tools | outside 'sim/postgres/storage/')"
complain "pg_query.h outside of parser and plpgsql" "$(includes 'pg_query' core sim tools | outside 'sim/postgres/(parser|plpgsql)/')"
complain "librdkafka outside of sim/kafka and tools/live" "$(includes 'librdkafka/' core sim tools | outside 'sim/kafka/|tools/live/')"
complain "heavy headers in headers" "$(grep -rnE --include='*.h' '# *include *<(nlohmann/|yaml\.h|cxxopts|regex|iostream|format|fmt/)' core sim)"
complain "public headers need more than the standard library" "$(grep -rnE '# *include *("|<(core|sim)/)' sim/include)"
complain "the machine's clock, chance or environment in core or sim" "$(grep -rnE --include='*.h' --include='*.cc' \
    '(system_clock|steady_clock|high_resolution_clock|random_device|[^_a-z:.>]getenv|gettimeofday|clock_gettime|[^_a-zA-Z.>]s?rand\(|std::time\()' core sim)"
exit $status
