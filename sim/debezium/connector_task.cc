#include "sim/debezium/connector_task.h"

#include <algorithm>

#include "core/base/error.h"
#include "sim/debezium/catalog_queries.h"
#include "sim/debezium/sql_text.h"
#include "sim/debezium/temporal.h"

namespace cdcsim::debezium {

namespace {

/// How long after the commit the connector makes the event.
constexpr std::int64_t kConnectorDelayMicros = 5000;

/// pgjdbc's texts of a server error.
std::string jdbc_message(const SqlError& error) {
    std::string text = "ERROR: " + error.message();
    if (!error.detail().empty()) text += "\n  Detail: " + error.detail();
    if (!error.hint().empty()) text += "\n  Hint: " + error.hint();
    if (error.position() >= 0) text += "\n  Position: " + std::to_string(error.position() + 1);
    return text;
}

}  // namespace

ConnectorTask::ConnectorTask(const ConfigMap& config, Services services,
                             std::optional<SourceOffset> offset)
    : raw_config_(config),
      config_(config),
      services_(services),
      stored_offset_(std::move(offset)) {}

ConnectorTask::~ConnectorTask() = default;

bool ConnectorTask::streams() const {
    return config_.snapshot_mode != SnapshotMode::kInitialOnly && config_.streams;
}

bool ConnectorTask::snapshots() const {
    bool needed = !stored_offset_ || stored_offset_->snapshot_running;
    switch (config_.snapshot_mode) {
        case SnapshotMode::kAlways:
            return true;
        case SnapshotMode::kNoData:
            return false;
        case SnapshotMode::kConfigurationBased:
            return config_.snapshots_data;
        default:
            return needed;
    }
}

void ConnectorTask::poll(kafka::RecordSink& sink) {
    constexpr std::string_view kProducerFailed =
        "org.apache.kafka.connect.errors.ConnectException: An exception occurred in the change "
        "event producer. This connector will be stopped.\nCaused by: ";
    try {
        run(sink);
    } catch (const TaskFailure& failure) {
        if (!in_producer_ || failure.place() == TaskFailure::Place::kPipeline) throw;
        throw TaskFailure(std::string(kProducerFailed) + failure.what());
    } catch (const SqlError& error) {
        if (error.is_not_simulated()) throw;
        throw TaskFailure((in_producer_ ? std::string(kProducerFailed) : std::string()) +
                          "org.postgresql.util.PSQLException: " + jdbc_message(error));
    }
}

void ConnectorTask::run(kafka::RecordSink& sink) {
    if (phase_ == Phase::kNew) start(sink);
    writer_->set_sink(&sink);
    if (phase_ == Phase::kOpening && try_open(open_at_))
        phase_ = locator_.searching_enabled() && offset_.last_processed ? Phase::kSearching
                                                                        : Phase::kStreaming;
    if (phase_ == Phase::kSearching) search();
    if (phase_ != Phase::kStreaming) return;
    beat_if_due();
    stream();
}

std::optional<Lsn> ConnectorTask::create_slot() {
    init_publication();
    try {
        return services_.server.create_slot(config_.slot_name);
    } catch (const SqlError& error) {
        if (error.is_not_simulated()) throw;
        std::string text = "io.debezium.DebeziumException: Creation of replication slot failed";
        if (error.message().find("already exists") != std::string::npos)
            text +=
                "; when setting up multiple connectors for the same database host, please "
                "make sure to use a distinct replication slot name for each.";
        throw TaskFailure(text +
                          "\nCaused by: org.postgresql.util.PSQLException: " + jdbc_message(error));
    }
}

void ConnectorTask::start(kafka::RecordSink& sink) {
    if (!config_.start_failure.empty()) throw TaskFailure(config_.start_failure);
    connection_ = services_.server.connect();
    types_ = std::make_unique<TypeRegistry>(*connection_);
    auto run_id = uuid_v7(services_.clock.now().value / 1000, services_.random.next(),
                          services_.random.next());
    writer_ = std::make_unique<EventWriter>(config_, run_id);
    writer_->set_sink(&sink);
    writer_->set_clock(services_.clock.now());
    last_beat_us_ = services_.clock.now().value;
    auto slot = slot_state();
    if (stored_offset_) check_offset(slot);
    std::optional<Lsn> created;
    if (streams() && !slot) created = create_slot();
    in_producer_ = true;
    if (!config_.snapshot_failure.empty()) throw TaskFailure(config_.snapshot_failure);
    bool has_offset = true;
    if (snapshots()) {
        take_snapshot(created);
    } else if (stored_offset_) {
        offset_ = OffsetContext::load(*stored_offset_);
    } else {
        // No snapshot and nothing stored: the stream begins where the slot stands.
        has_offset = false;
        offset_.timestamp = services_.clock.now();
        offset_.lsn = Lsn{as_lsn(connection_->query(catalog::kCurrentWal).rows.at(0).at(0))};
    }
    if (!streams()) {
        phase_ = Phase::kIdle;
        return;
    }
    // The real one does this at each start; after the first one a table's first row is soon enough.
    if (!snapshots() && !stored_offset_)
        for (const TableId& id : captured_tables()) SchemaReader(*connection_, *types_).check_columns(id);
    init_publication();
    set_replica_identities(snapshots());
    open_at_ = start_position(has_offset, created);
    last_flush_us_ = offset_.timestamp.value;
    phase_ = Phase::kOpening;
}

Lsn ConnectorTask::start_position(bool has_offset, std::optional<Lsn> created) {
    if (has_offset) {
        auto position = offset_.last_processed ? offset_.last_processed : offset_.lsn;
        locator_ = WalPositionLocator(offset_.last_commit, position, offset_.message_type);
        if (position && position->value != 0) return *position;
    }
    if (created) return *created;
    auto slot = slot_state();
    return slot ? slot->confirmed : Lsn{};
}

std::optional<ConnectorTask::SlotState> ConnectorTask::slot_state() {
    auto answer = connection_->query(bind(
        catalog::kSlot, {quoted_literal(config_.slot_name), quoted_literal(config_.database)}));
    for (const auto& row : answer.rows)
        if (row[3] == "pgoutput") return SlotState{{as_lsn(row[1])}, {as_lsn(row[2])}};
    return std::nullopt;
}

void ConnectorTask::check_offset(const std::optional<SlotState>& slot) {
    if (stored_offset_->snapshot_running) return;
    const auto& stored = stored_offset_->lsn_proc;
    if (slot && (!stored || slot->restart <= *stored)) return;
    if (!streams()) return;
    if (config_.snapshot_mode == SnapshotMode::kWhenNeeded) {
        stored_offset_.reset();
        return;
    }
    throw TaskFailure(
        "io.debezium.DebeziumException: The connector is trying to read change stream starting at "
        "PostgresOffsetContext, but this is no longer available on the server. Reconfigure the "
        "connector to use a snapshot mode when needed.");
}

std::string ConnectorTask::with_clause() const {
    std::string options;
    if (config_.publish_via_partition_root) options = "publish_via_partition_root = true";
    if (config_.publish_operations) {
        if (!options.empty()) options += ", ";
        options += "publish = '" + *config_.publish_operations + "'";
    }
    return options.empty() ? "" : " WITH (" + options + ")";
}

void ConnectorTask::init_publication() {
    const auto& name = config_.publication_name;
    auto existing = connection_->query(bind(catalog::kPublication, {quoted_literal(name)}));
    try {
        if (existing.rows.empty()) {
            switch (config_.publication_mode) {
                case PublicationMode::kDisabled:
                    throw TaskFailure(
                        "org.apache.kafka.connect.errors.ConnectException: Publication "
                        "autocreation is disabled, please create one and restart the connector.");
                case PublicationMode::kAllTables:
                    connection_->query("CREATE PUBLICATION " + name + " FOR ALL TABLES" +
                                       with_clause());
                    return;
                case PublicationMode::kNoTables:
                    connection_->query("CREATE PUBLICATION " + name + with_clause());
                    return;
                case PublicationMode::kFiltered:
                    execute_filtered_publication(false);
                    return;
            }
        }
        if (config_.publication_mode != PublicationMode::kFiltered) return;
        if (as_boolean(existing.rows[0][0]))
            throw TaskFailure(
                "io.debezium.DebeziumException: A logical publication for all tables named '" +
                name + "' for plugin 'pgoutput' and database '" + config_.database +
                "' is already active on the server and can not be altered. If you need to exclude "
                "some tables or include only specific subset, please recreate the publication with "
                "necessary configuration or let plugin recreate it by dropping existing "
                "publication. Otherwise please change the 'publication.autocreate.mode' property "
                "to 'all_tables'.");
        execute_filtered_publication(true);
    } catch (const SqlError& error) {
        if (error.is_not_simulated()) throw;
        throw TaskFailure("io.debezium.jdbc.JdbcConnectionException: " + jdbc_message(error));
    }
}

void ConnectorTask::execute_filtered_publication(bool update) {
    const std::vector<TableId> wanted = captured_tables();
    const auto& name = config_.publication_name;
    if (update) {
        std::vector<TableId> published;
        for (const auto& row :
             connection_->query(bind(catalog::kPublicationTables, {quoted_literal(name)})).rows)
            published.push_back({row[0].value_or(""), row[1].value_or("")});
        std::ranges::sort(published, {}, &TableId::text);
        if (wanted.empty() || published == wanted) return;
    }
    std::string list;
    for (const auto& id : wanted) list += (list.empty() ? "" : ", ") + id.quoted();
    if (list.empty())
        throw TaskFailure("org.apache.kafka.connect.errors.ConnectException: Unable to " +
                          std::string(update ? "update" : "create") + " filtered publication " +
                          name +
                          " for \nCaused by: io.debezium.DebeziumException: No table "
                          "filters found for filtered publication " +
                          name);
    // PostgreSQL has no such clause there, and the connector tries again for ever.
    if (update && config_.publish_operations)
        throw NotSimulated("a filtered publication whose tables change while skipped.operations is set");
    connection_->query(update
                           ? "ALTER PUBLICATION " + name + " SET TABLE " + list
                           : "CREATE PUBLICATION " + name + " FOR TABLE " + list + with_clause());
}

std::vector<TableId> ConnectorTask::captured_tables() {
    std::vector<TableId> captured;
    for (auto& id : SchemaReader(*connection_, *types_).tables())
        if (config_.captures(id)) captured.push_back(std::move(id));
    return captured;
}

void ConnectorTask::set_replica_identities(bool after_snapshot) {
    if (config_.replica_identities.empty()) return;
    for (const TableId& id : captured_tables()) {
        const ReplicaIdentityRule* found = nullptr;
        int matches = 0;
        for (const auto& rule : config_.replica_identities) {
            if (!rule.tables.matches(id.text())) continue;
            found = &rule;
            ++matches;
        }
        // A snapshot leaves its connection in transactions, and one that has failed is not left again.
        if (matches == 1 && !set_replica_identity(id, found->identity) && after_snapshot) return;
    }
}

bool ConnectorTask::set_replica_identity(const TableId& id, const std::string& wanted) {
    static constexpr std::pair<std::string_view, std::string_view> kLetters[] = {
        {"n", "NOTHING"}, {"f", "FULL"}, {"d", "DEFAULT"}};
    const auto answer = connection_->query(
        bind(catalog::kReplicaIdentity, {quoted_literal(id.schema), quoted_literal(id.table)}));
    for (const auto& [letter, word] : kLetters)
        if (answer.rows.at(0).at(0) == letter && word == wanted) return true;
    try {
        connection_->query("ALTER TABLE " + id.text() + " REPLICA IDENTITY " + wanted);
        return true;
    } catch (const SqlError& error) {
        if (error.is_not_simulated()) throw;
        return false;
    }
}

UnixMicros ConnectorTask::database_time() {
    auto text = connection_->query(catalog::kCurrentTimestamp).rows.at(0).at(0).value_or("");
    auto instant = read_timestamp(text);
    CDCSIM_CHECK(instant.has_value());
    return {instant->epoch_micros()};
}

void ConnectorTask::set_event_clock(UnixMicros at) {
    writer_->set_clock({at.value + kConnectorDelayMicros});
}

}  // namespace cdcsim::debezium
