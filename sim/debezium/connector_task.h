// One task of the PostgreSQL connector: publication and slot, snapshot, stream, offsets.
// Mirrors PostgresConnectorTask, PostgresSnapshotChangeEventSource and
// PostgresStreamingChangeEventSource, as a state machine that poll() drives.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/kafka/sink.h"
#include "core/pgoutput/replication_source.h"
#include "sim/debezium/connector_config.h"
#include "sim/debezium/event_writer.h"
#include "sim/debezium/offset_context.h"
#include "sim/debezium/schema_reader.h"
#include "sim/debezium/table_plan.h"
#include "sim/debezium/wal_position_locator.h"

namespace cdcsim::debezium {

class ConnectorTask {
  public:
    struct Services {
        PostgresServer& server;
        Clock& clock;
        Random& random;
    };
    /// `offset`: what Connect stored for this connector, if anything.
    ConnectorTask(const ConfigMap& config, Services services, std::optional<SourceOffset> offset);
    ~ConnectorTask();

    /// Takes the snapshot on the first call, then sends every event that is ready, in order.
    /// Throws TaskFailure when the real task would fail, NotSimulated for what is not built.
    void poll(kafka::RecordSink& sink);

    /// True if it reads from its slot (or needs none).
    bool is_streaming() const { return phase_ == Phase::kStreaming || phase_ == Phase::kIdle; }
    /// The offset of the last record sent, or the one given.
    const std::optional<SourceOffset>& offset() const {
        return writer_ && writer_->sent_offset() ? writer_->sent_offset() : stored_offset_;
    }
    /// Lets go of the server, as a task does that is stopped or has failed: confirms what it has sent,
    /// drops the slot if so configured.
    void stop();

  private:
    enum class Phase { kNew, kOpening, kSearching, kStreaming, kIdle };
    struct SlotState {
        Lsn confirmed, restart;
    };

    void run(kafka::RecordSink& sink);
    void start(kafka::RecordSink& sink);
    std::optional<Lsn> create_slot();
    /// Where the stream begins.
    Lsn start_position(bool has_offset, std::optional<Lsn> created);
    std::optional<SlotState> slot_state();
    void check_offset(const std::optional<SlotState>& slot);
    void init_publication();
    void execute_filtered_publication(bool update);
    /// replica.identity.autoset.values: what fails is logged only.
    void set_replica_identities(bool after_snapshot);
    /// False: the statement failed.
    bool set_replica_identity(const TableId& id, const std::string& wanted);
    /// Those that exist now, in the order of their names.
    std::vector<TableId> captured_tables();
    std::string with_clause() const;
    bool streams() const;
    bool snapshots() const;

    /// A snapshot row that waits for its marker, which depends on what follows.
    struct PendingRow {
        std::vector<std::optional<std::string>> values;
        bool first_in_table, first_table, last_table;
    };
    void take_snapshot(std::optional<Lsn> slot_start);
    void snapshot_table(const TableId& id, bool first_table, bool last_table);
    /// What comes of a table without columns. Throws where the real one does not know it.
    void check_empty_table(const TableId& id);
    void read_rows(const TablePlan& plan, const std::function<void(PendingRow)>& row);
    void emit_pending(bool last_in_table, bool last_of_all);
    void check_width(const TablePlan& plan, std::size_t width) const;
    std::vector<TableId> snapshot_tables();
    UnixMicros database_time();

    bool try_open(Lsn start);
    void search();
    void restart_after_search();
    void stream();
    bool should_skip(const pgoutput::Message& message);
    void handle(const pgoutput::Message& message);
    void handle_relation(const pgoutput::Relation& relation);
    void insert(const pgoutput::Insert& message);
    void update(const pgoutput::Update& message);
    void remove(const pgoutput::Delete& message);
    void truncate(const pgoutput::Truncate& message);
    void message(const pgoutput::LogicalMessage& message);
    void commit(const pgoutput::Commit& message);
    std::optional<Lsn> flush_position() const;
    void flush_if_due();
    /// The heartbeats of the time since the last one.
    void beat_if_due();

    /// Moves the offset to a row message of the table.
    void at_row(const TablePlan& plan, MessageType type);
    void at_position(MessageType type, bool last_for_lsn, std::optional<Xid> xid);
    const TablePlan* plan_of(Oid relation) const;
    void set_event_clock(UnixMicros commit_time);

    ConfigMap raw_config_;
    ConnectorConfig config_;
    Services services_;
    Phase phase_ = Phase::kNew;
    bool in_producer_ = false;  ///< failures are those of the change event producer
    std::unique_ptr<SqlConnection> connection_;
    std::unique_ptr<TypeRegistry> types_;
    std::unique_ptr<EventWriter> writer_;
    std::unique_ptr<ReplicationSource> source_;
    std::map<Oid, std::unique_ptr<TablePlan>> plans_;
    std::optional<SourceOffset> stored_offset_;
    OffsetContext offset_;
    WalPositionLocator locator_;
    std::optional<Lsn> last_processed_;
    Lsn open_at_;
    Lsn current_lsn_;
    std::optional<Xid> transaction_xid_;
    std::optional<UnixMicros> commit_time_;
    std::int64_t last_flush_us_ = 0, last_beat_us_ = 0;
    std::vector<Cell> old_cells_, new_cells_;
    std::unique_ptr<TablePlan> pending_plan_;
    std::optional<PendingRow> pending_;
    bool pending_is_last_in_table_ = false;
};

}  // namespace cdcsim::debezium
