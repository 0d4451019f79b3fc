#include "tools/live/drive/connectors.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "tools/live/unavailable.h"
#include "tools/live/wait.h"

namespace cdcsim::live {

namespace {

using scenario::ConnectorAnswer;
using scenario::ConnectorStep;

constexpr double kStateLimit = 200;  // a second connector of the same prefix waits two minutes for its metrics
constexpr double kReleaseLimit = 20;

struct Default {
    const char *name, *value;
};
// The last two are not visible in any record; they make waiting short.
constexpr auto kDefaults = std::to_array<Default>({
    {"connector.class", kConnectorClass},
    {"plugin.name", "pgoutput"},
    {"topic.prefix", "cdc"},
    {"poll.interval.ms", "20"},
    {"status.update.interval.ms", "50"},
});

std::string option(const ConnectRest::Config& config, const std::string& name, const std::string& otherwise) {
    for (const auto& [key, value] : config) {
        if (key == name) return value;
    }
    return otherwise;
}

void put(ConnectRest::Config& config, const std::string& name, const std::optional<std::string>& value) {
    std::erase_if(config, [&](const auto& one) { return one.first == name; });
    if (value) config.emplace_back(name, *value);
}

ConnectorAnswer answer_of(const RestAnswer& answer) {
    ConnectorAnswer out;
    out.http_status = answer.status;
    out.message = answer.message;
    return out;
}

}  // namespace

Connectors::Connectors(Workspace& workspace, Arrivals& arrivals, std::string postgres_for_connect) : workspace_(workspace), arrivals_(arrivals) {
    arrivals_.follow([this] { return streaming_slots(); });
    const std::size_t colon = postgres_for_connect.rfind(':');
    host_ = postgres_for_connect.empty() ? workspace.admin().host() : postgres_for_connect.substr(0, colon);
    port_ = postgres_for_connect.empty() ? workspace.admin().port() : colon == std::string::npos ? "5432" : postgres_for_connect.substr(colon + 1);
}

ConnectorAnswer Connectors::run(const ConnectorStep& step) { return step.verb == "create" ? create(step) : obey(step); }

ConnectRest::Config Connectors::config_of(const ConnectorStep& step) {
    PgConnection& admin = workspace_.admin();
    ConnectRest::Config out;
    for (const Default& one : kDefaults) put(out, one.name, one.value);
    // Its metrics are registered under a name of their own: a second connector of the same topic.prefix
    // would wait two minutes for that of the first.
    put(out, "custom.metric.tags", fmt::format("run={}{}", workspace_.notes().suffix, configured_++));
    for (const auto& [name, value] : step.config) put(out, name, value);
    const std::string password = admin.password();
    put(out, "database.hostname", host_);
    put(out, "database.port", port_);
    put(out, "database.user", admin.user());
    put(out, "database.password", password.empty() ? "postgres" : password);
    put(out, "database.dbname", workspace_.notes().database);
    return out;
}

/// Its records would stand behind those of somebody else.
void Connectors::refuse_foreign_topics(const ConnectRest::Config& config) const {
    const std::string prefix = option(config, "topic.prefix", "cdc") + ".";
    for (const std::string& topic : workspace_.notes().topics) {
        if (topic.starts_with(prefix)) throw Unavailable(fmt::format("the topic {} exists on the attached Kafka; the scenario makes its topics itself", topic));
    }
}

ConnectorAnswer Connectors::create(const ConnectorStep& step) {
    const ConnectRest::Config config = config_of(step);
    refuse_foreign_topics(config);
    const Known wanted{workspace_.real_name(step.name), option(config, "slot.name", "debezium"), option(config, "snapshot.mode", "") != "initial_only", false};
    const bool exists = known_.count(step.name) > 0;
    const std::string old_sender = exists ? user_of(known_[step.name].slot) : "";
    const RestAnswer answer = workspace_.connect().put_config(wanted.real, config);
    if (!answer.good()) return answer_of(answer);
    known_[step.name] = wanted;
    return wait_for(step.name, step.state, old_sender);
}

ConnectorAnswer Connectors::obey(const ConnectorStep& step) {
    const auto found = known_.find(step.name);
    if (found == known_.end()) return answer_of({404, fmt::format("Connector {} not found", step.name)});
    const Known connector = found->second;
    const std::string old_sender = step.verb == "restart" ? user_of(connector.slot) : "";
    const RestAnswer answer = workspace_.connect().verb(connector.real, step.verb);
    if (!answer.good()) return answer_of(answer);
    ConnectorAnswer out;
    if (step.verb == "delete") {
        known_.erase(found);
        wait_until({"Kafka Connect has deleted " + step.name, kReleaseLimit, 20}, [&] { return workspace_.connect().status(connector.real).state.empty(); });
    } else {
        out = wait_for(step.name, step.verb == "stop" ? "STOPPED" : step.verb == "pause" ? "PAUSED" : "RUNNING", old_sender);
    }
    if (step.verb == "delete" || step.verb == "stop") wait_for_release(connector.slot);
    return out;
}

/// Until the connector is in that state and, if it is to run, streams by a new walsender.
ConnectorAnswer Connectors::wait_for(const std::string& name, const std::string& wanted, const std::string& old_sender) {
    Known& connector = known_[name];
    ConnectorStatus status;
    const auto is_there = [&] {
        status = workspace_.connect().status(connector.real);
        if (status.state == "FAILED") return true;
        if (status.state != wanted) return false;
        if (wanted != "RUNNING" || !connector.streams) return true;
        const std::string now = sender(connector.slot);
        return !now.empty() && now != old_sender;
    };
    if (!reached_within({"", kStateLimit, 30}, is_there)) {
        throw Unavailable(fmt::format("connector {} is {}, not {}{}, after {:g} s", name, status.state.empty() ? "not there" : status.state, wanted,
                                      wanted == "RUNNING" && connector.streams ? " and streaming from slot " + connector.slot : "", kStateLimit));
    }
    connector.runs = status.state == "RUNNING" && connector.streams;
    arrivals_.unsettle();
    if (connector.runs) {
        arrivals_.settle();
    } else {
        arrivals_.settle_by_silence();
    }
    return state(name);
}

ConnectorAnswer Connectors::state(const std::string& name) {
    ConnectorAnswer out;
    const auto found = known_.find(name);
    if (found == known_.end()) return out;
    const ConnectorStatus status = workspace_.connect().status(found->second.real);
    out.state = status.state;
    out.trace = status.trace;
    return out;
}

/// Of the connectors that run. One that has failed on its way runs no more.
std::vector<std::string> Connectors::streaming_slots() {
    std::vector<std::string> out;
    for (auto& [name, connector] : known_) {
        if (!connector.runs || !sender(connector.slot).empty()) continue;
        connector.runs = workspace_.connect().status(connector.real).state != "FAILED";
        if (connector.runs) out.push_back(connector.slot);
    }
    return out;
}

std::string Connectors::user_of(const std::string& slot) {
    return workspace_.admin().value("SELECT active_pid FROM pg_replication_slots WHERE slot_name = " + workspace_.admin().literal(slot));
}

std::string Connectors::sender(const std::string& slot) {
    return workspace_.admin().value(
        "SELECT r.pid FROM pg_replication_slots s JOIN pg_stat_replication r ON r.pid = s.active_pid "
        "WHERE r.state = 'streaming' AND s.slot_name = " + workspace_.admin().literal(slot));
}

void Connectors::wait_for_release(const std::string& slot) {
    wait_until({"slot " + slot + " is free", kReleaseLimit, 20}, [&] {
        return workspace_.admin().value("SELECT count(*) FROM pg_replication_slots WHERE active AND slot_name = " + workspace_.admin().literal(slot)) == "0";
    });
}

}  // namespace cdcsim::live
