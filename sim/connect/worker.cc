#include "sim/connect/worker.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "sim/debezium/connector_options.h"
#include "sim/debezium/connector_task.h"

namespace cdcsim::connect {

namespace {

/// A JSON scalar as Jackson coerces it into Map<String, String>.
std::string setting_text(const std::string& name, const nlohmann::json& value) {
    if (value.is_string()) return value.get<std::string>();
    if (value.is_boolean()) return value.get<bool>() ? "true" : "false";
    if (value.is_number()) return value.dump();
    throw ConnectError(500,
                       "Cannot deserialize value of type `java.lang.String` (through "
                       "reference chain: org.apache.kafka.connect.runtime.rest.entities."
                       "CreateConnectorRequest[\"config\"]->java.util.LinkedHashMap[\"" +
                           name + "\"])");
}

}  // namespace

struct Worker::Connector {
    std::string name;
    ConnectorSettings settings;
    std::string state = "RUNNING";
    std::unique_ptr<debezium::ConnectorTask> task;
    std::string trace;  ///< not empty: the task is FAILED
};

/// Offsets by connector and source partition (the topic prefix); they outlive connectors.
struct Worker::OffsetStore {
    using Key = std::pair<std::string, std::string>;
    std::map<Key, debezium::SourceOffset> offsets;

    static Key key_of(const Connector& connector) {
        return {connector.name, debezium::option_value(connector.settings, "topic.prefix")};
    }
};

Worker::Worker(Services services)
    : services_(services), offsets_(std::make_unique<OffsetStore>()) {}

Worker::~Worker() = default;

std::pair<std::string, ConnectorSettings> Worker::read_json(std::string_view body) {
    auto json = nlohmann::json::parse(body, nullptr, false);
    if (!json.is_object()) throw ConnectError(500, "The request body is not a JSON object");
    if (!json.contains("config") || !json["config"].is_object())
        throw ConnectError(500,
                           "Cannot invoke \"java.util.Map.get(Object)\" because "
                           "\"connectorConfig\" is null");
    for (const auto& [member, value] : json.items())
        if (member != "name" && member != "config" && member != "initial_state")
            throw ConnectError(500, "Unrecognized field \"" + member +
                                        "\" (class org.apache.kafka.connect.runtime.rest.entities."
                                        "CreateConnectorRequest), not marked as ignorable (3 known "
                                        "properties: \"config\", \"name\", \"initial_state\")");
    if (json.contains("initial_state")) throw NotSimulated("initial_state of a connector");
    ConnectorSettings settings;
    for (const auto& [option, value] : json["config"].items())
        if (!value.is_null()) settings[option] = setting_text(option, value);
    std::string name = json.contains("name") && json["name"].is_string()
                           ? json["name"].get<std::string>()
                           : settings["name"];
    return {name, settings};
}

std::string Worker::create_from_json(std::string_view body) {
    auto [name, settings] = read_json(body);
    create(name, settings);
    return name;
}

namespace {

/// What Connect checks before the connector's own validation, then that.
ConnectorSettings validated(const std::string& name, ConnectorSettings settings,
                            PostgresServer& server) {
    auto given = settings.find("name");
    if (given != settings.end() && given->second != name)
        throw ConnectError(400, "Connector name configuration (" + given->second +
                                    ") doesn't match connector name in the URL (" + name + ")");
    settings["name"] = name;
    debezium::validate_config(settings);
    auto database = server.connect()->query("SELECT current_database()").rows.at(0).at(0);
    if (settings["database.dbname"] != database)
        throw ConnectError(
            400,
            "Connector configuration is invalid and contains the following 1 error(s):\nError "
            "while validating connector config: FATAL: database \"" +
                settings["database.dbname"] +
                "\" does not exist\nYou can also find the above list of errors at the endpoint "
                "`/connector-plugins/{connectorType}/config/validate`");
    debezium::ConnectorConfig obeyed(settings);  // refuses values that are not simulated
    return settings;
}

}  // namespace

void Worker::create(const std::string& name, const ConnectorSettings& settings) {
    auto checked = validated(name, settings, services_.server);
    if (exists(name)) throw ConnectError(409, "Connector " + name + " already exists");
    auto connector = std::make_unique<Connector>();
    connector->name = name;
    connector->settings = std::move(checked);
    start_task(*connector);
    connectors_.push_back(std::move(connector));
}

void Worker::put_config(const std::string& name, const ConnectorSettings& settings) {
    if (!exists(name)) return create(name, settings);
    auto checked = validated(name, settings, services_.server);
    auto& connector = find(name, "Connector {} not found");
    if (connector.task) stop_task(connector);
    connector.settings = std::move(checked);
    if (connector.state != "STOPPED") start_task(connector);
}

bool Worker::exists(const std::string& name) const {
    return std::ranges::any_of(connectors_, [&](const auto& c) { return c->name == name; });
}

Worker::Connector& Worker::find(const std::string& name, const char* unknown) const {
    auto it = std::ranges::find_if(connectors_, [&](const auto& c) { return c->name == name; });
    if (it != connectors_.end()) return **it;
    std::string message = unknown;
    message.replace(message.find("{}"), 2, name);
    throw ConnectError(404, message);
}

void Worker::start_task(Connector& connector) {
    std::optional<debezium::SourceOffset> offset;
    auto stored = offsets_->offsets.find(OffsetStore::key_of(connector));
    if (stored != offsets_->offsets.end()) offset = stored->second;
    connector.trace.clear();
    connector.task = std::make_unique<debezium::ConnectorTask>(
        connector.settings,
        debezium::ConnectorTask::Services{services_.server, services_.clock, services_.random},
        std::move(offset));
}

void Worker::stop_task(Connector& connector) {
    if (connector.task) connector.task->stop();
    connector.task.reset();
    connector.trace.clear();
}

void Worker::pause(const std::string& name) {
    auto& connector = find(name, "Unknown connector {}");
    if (connector.state == "RUNNING") connector.state = "PAUSED";
}

void Worker::resume(const std::string& name) {
    auto& connector = find(name, "Unknown connector {}");
    connector.state = "RUNNING";
    if (!connector.task) start_task(connector);
}

void Worker::stop(const std::string& name) {
    auto& connector = find(name, "No connector `{}` configured");
    stop_task(connector);
    connector.state = "STOPPED";
}

void Worker::restart(const std::string& name) {
    auto& connector = find(name, "Unknown connector: {}");
    if (connector.state == "STOPPED") return;
    stop_task(connector);
    start_task(connector);
}

void Worker::remove(const std::string& name) {
    auto& connector = find(name, "Connector {} not found");
    stop_task(connector);
    std::erase_if(connectors_, [&](const auto& c) { return c.get() == &connector; });
}

ConnectorStatus Worker::status(const std::string& name) const {
    auto& connector = find(name, "No status found for connector {}");
    ConnectorStatus status;
    status.connector_state = connector.state;
    status.trace = connector.trace;
    if (connector.state != "STOPPED")
        status.task_state = connector.trace.empty() ? connector.state : "FAILED";
    status.streaming = connector.trace.empty() && connector.task && connector.task->is_streaming();
    return status;
}

const ConnectorSettings& Worker::settings(const std::string& name) const {
    return find(name, "Connector {} not found").settings;
}

std::vector<std::string> Worker::names() const {
    std::vector<std::string> out;
    for (const auto& connector : connectors_) out.push_back(connector->name);
    std::ranges::sort(out);
    return out;
}

void Worker::run_until_idle(kafka::RecordSink& sink) {
    for (const auto& connector : connectors_) {
        if (connector->state != "RUNNING" || !connector->trace.empty() || !connector->task)
            continue;
        auto keep_offset = [&] {
            if (const auto& offset = connector->task->offset())
                offsets_->offsets[OffsetStore::key_of(*connector)] = *offset;
        };
        try {
            connector->task->poll(sink);
            keep_offset();
        } catch (const debezium::TaskFailure& failure) {
            keep_offset();
            connector->task->stop();
            connector->trace = failure.what();
        } catch (const NotSimulated& refusal) {
            keep_offset();
            connector->trace = refusal.what();
            connector->task->stop();
            connector->task.reset();  // it holds locks if it was in its snapshot
            throw;
        }
    }
}

}  // namespace cdcsim::connect
