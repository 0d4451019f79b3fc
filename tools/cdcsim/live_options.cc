#include "tools/cdcsim/live_options.h"

#include <cstdlib>

#include "tools/live/unavailable.h"
#include "tools/live/wait.h"

namespace cdcsim::cli {

void add_stack_options(OptionSet& options) {
    options.value("postgres", "attach to this PostgreSQL instead of starting one (libpq URI, with its TLS options)", "URI")
        .value("postgres-for-connect", "where Kafka Connect finds it, should that be another address", "HOST:PORT")
        .value("connect", "attach to this Kafka Connect (URL)", "URL")
        .value("kafka", "attach to this Kafka", "HOST:PORT")
        .values("kafka-option", "an option of librdkafka for it, such as security.protocol=ssl; may be repeated", "NAME=VALUE")
        .value("name", "which stack, where several run side by side (default)", "NAME")
        .value("debezium", "another release of Debezium than the pinned one", "VERSION");
}

live::StackOptions stack_options(const OptionSet& options) {
    live::StackOptions out;
    out.postgres = options.text("postgres");
    out.connect = options.text("connect");
    out.kafka = options.text("kafka");
    out.debezium = options.text("debezium");
    out.postgres_for_connect = options.text("postgres-for-connect");
    out.name = options.text("name", out.debezium.empty() ? "default" : "debezium-" + out.debezium);
    if (out.name.empty() || out.name.front() == '.' || out.name.find('/') != std::string::npos) throw UsageError{"--name is a plain word, not " + out.name};
    for (const std::string& option : options.texts("kafka-option")) {
        const std::size_t equals = option.find('=');
        if (equals == std::string::npos || equals == 0) throw UsageError{"--kafka-option takes name=value, not " + option};
        out.kafka_options.emplace_back(option.substr(0, equals), option.substr(equals + 1));
    }
    return out;
}

Status with_stack(const char* command, const std::function<Status()>& run) {
    live::watch_signals();
    // libpq would set these in every session: answers would be those of the user's taste.
    for (const char* name : {"PGDATESTYLE", "PGTZ", "PGGEQO", "PGOPTIONS"}) unsetenv(name);
    try {
        return run();
    } catch (const live::Unavailable& trouble) {
        write_error(std::string("cdcsim ") + command + ": live stack: " + trouble.what() + "\n");
    } catch (const live::Interrupted& interrupted) {
        live::die_of(interrupted.signal);
    }
    return Status::kNoLiveStack;
}

}  // namespace cdcsim::cli
