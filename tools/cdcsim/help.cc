#include "tools/cdcsim/help.h"

#include <fmt/format.h>

#include <vector>

#include "core/scenario/grammar.h"
#include "tools/cdcsim/command.h"

#ifndef CDCSIM_VERSION
#define CDCSIM_VERSION "0"
#endif

namespace cdcsim::cli {

namespace {

constexpr const char* kStart = R"(cdcsim plays change data capture without servers: SQL goes in, the Kafka records that
PostgreSQL {} with Debezium {} and Kafka {} would have written come out.

Try it:
    printf "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a'); UPDATE t SET v = 'b';" > hello.sql
    cdcsim run hello.sql

Commands:
)";

constexpr const char* kEnd = R"(
`cdcsim COMMAND --help` tells a command's options.

A scenario is a YAML file of steps:
    scenario: an-update
    steps:
      - sql: |
          CREATE TABLE t (id int PRIMARY KEY, v text);
          INSERT INTO t VALUES (1, 'a');
      - connector: {name: my-connector, config: {topic.prefix: cdc}}
      - sql: UPDATE t SET v = 'b'
      - expect:
          topic: cdc.public.t
          records:
            - {op: r, after: {id: 1, v: a}}
            - {op: u, before: null, after: {id: 1, v: b}}

Values in expectations may be matchers: <any> <present> <absent> <null or X> <uuid> <number>
<string> <re ...> <decimal 103.50> <same NAME>.

Exit status: 0 held; 1 an expectation or difference; 2 a bad file or usage; 3 something is not
simulated and nothing failed; 4 no live stack, or it timed out; 70 a bug of cdcsim.
)";

}  // namespace

std::string help_text() {
    std::string out = fmt::format(fmt::runtime(kStart), kPostgresVersion, kConnectorVersion, kKafkaVersion);
    for (const Command& command : commands()) out += fmt::format("    cdcsim {:<21} {}\n", command.synopsis, command.summary);
    return out + kEnd;
}

std::string version_text() {
    return fmt::format("cdcsim {}\nstands in for PostgreSQL {} (Debian), Debezium PostgreSQL connector {} (pgoutput), Kafka and Kafka Connect {}\n",
                       CDCSIM_VERSION, kPostgresVersion, kConnectorVersion, kKafkaVersion);
}

std::string unknown_command(const std::string& word) {
    std::vector<std::string_view> names;
    for (const Command& command : commands()) names.push_back(command.name);
    return fmt::format("no such command: {}{}; see cdcsim --help", word, scenario::suggest(word, names));
}

}  // namespace cdcsim::cli
