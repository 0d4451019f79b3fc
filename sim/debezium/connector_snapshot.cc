// The snapshot half of ConnectorTask. Mirrors RelationalSnapshotChangeEventSource,
// SnapshotMarkerResolver and BufferingSnapshotChangeRecordReceiver.
#include <algorithm>

#include "core/base/error.h"
#include "sim/debezium/catalog_queries.h"
#include "sim/debezium/connector_task.h"
#include "sim/debezium/sql_text.h"
#include "sim/debezium/type_registry.h"

namespace cdcsim::debezium {

namespace {

std::string select_of(const TablePlan& plan) {
    std::string columns;
    for (auto index : plan.selected())
        columns +=
            (columns.empty() ? "" : ", ") + quoted_identifier(plan.table().columns[index].name);
    return "SELECT " + columns + " FROM " + plan.table().id.quoted();
}

/// A query of the user's own may give a column another type. What Java makes of it is known for some.
void require_known_pair(const QueryResult::Column& given, const Column& column) {
    enum class Family { kOther, kText, kInteger, kNumeric, kDate, kTimestamp };
    auto family = [](Oid type) {
        static constexpr std::pair<Oid, Family> kFamilies[] = {
            {oid::kText, Family::kText}, {oid::kVarchar, Family::kText}, {oid::kBpchar, Family::kText}, {oid::kInt2, Family::kInteger},
            {oid::kInt4, Family::kInteger}, {oid::kInt8, Family::kInteger}, {oid::kNumeric, Family::kNumeric},
            {oid::kDate, Family::kDate}, {oid::kTimestamp, Family::kTimestamp}};
        const auto* row = std::ranges::find(kFamilies, type, &std::pair<Oid, Family>::first);
        return row == std::end(kFamilies) ? Family::kOther : row->second;
    };
    static constexpr std::pair<Family, Family> kKnown[] = {
        {Family::kText, Family::kText}, {Family::kText, Family::kInteger}, {Family::kText, Family::kNumeric}, {Family::kText, Family::kTimestamp},
        {Family::kInteger, Family::kInteger}, {Family::kInteger, Family::kNumeric}, {Family::kInteger, Family::kText}, {Family::kDate, Family::kTimestamp}};
    if (given.type == column.native_type || given.type == kInvalidOid) return;
    if (std::ranges::find(kKnown, std::pair(family(given.type), family(column.native_type))) == std::end(kKnown))
        throw NotSimulated("snapshot.select.statement.overrides that give the column \"" + column.name + "\" another type");
}

}  // namespace

std::vector<TableId> ConnectorTask::snapshot_tables() {
    std::vector<TableId> tables;
    const auto& listed = config_.snapshot_tables;
    for (auto& id : SchemaReader(*connection_, *types_).tables())
        if ((listed.empty() || listed.matches(id.text()) || listed.matches(id.quoted())) &&
            config_.captures(id))
            tables.push_back(std::move(id));
    std::ranges::stable_sort(tables, {}, [&](const TableId& id) { return config_.include_place(id); });
    return tables;
}

void ConnectorTask::take_snapshot(std::optional<Lsn> slot_start) {
    connection_->query(catalog::kBeginSnapshot);
    auto number = [&](std::string_view query) {
        return connection_->query(query).rows.at(0).at(0);
    };
    offset_ = OffsetContext{};
    offset_.lsn = slot_start ? *slot_start : Lsn{as_lsn(number(catalog::kCurrentWal))};
    offset_.tx_id = Xid{static_cast<std::uint32_t>(as_integer(number(catalog::kCurrentXid)))};
    offset_.timestamp = database_time();
    offset_.snapshot_running = true;
    set_event_clock(offset_.timestamp);
    auto tables = snapshot_tables();
    for (const auto& id : tables) snapshot_table(id, &id == &tables.front(), &id == &tables.back());
    emit_pending(true, true);
    connection_->query(catalog::kRollback);
    offset_.snapshot_marker = {};
    offset_.snapshot_running = false;
    if (writer_->sent_offset()) writer_->set_sent_offset(offset_.store());
    if (config_.heartbeat_interval_ms > 0) writer_->heartbeat(offset_);  // at once, whatever the time
}

/// The real row array ends with the last column selected, and what is needed beyond it fails.
void ConnectorTask::check_width(const TablePlan& plan, std::size_t width) const {
    if (plan.needed_width() <= width) return;
    throw TaskFailure(
        "org.apache.kafka.connect.errors.ConnectException: Data row is smaller than a column "
        "index, internal schema representation is probably out of sync with real database schema");
}

/// Hands over the rows, each with a cell for every column of the table.
void ConnectorTask::read_rows(const TablePlan& plan, const std::function<void(PendingRow)>& row) {
    const auto& table = plan.table();
    auto spread = [&](const std::vector<std::optional<std::string>>& values,
                      const std::vector<std::size_t>& indexes) {
        PendingRow pending{{}, false, false, false};
        pending.values.resize(table.columns.size());
        for (std::size_t i = 0; i < indexes.size(); ++i) pending.values[indexes[i]] = values[i];
        row(std::move(pending));
    };
    auto width_of = [](const std::vector<std::size_t>& indexes) {
        std::size_t width = 0;
        for (auto index : indexes) width = std::max(width, index + 1);
        return width;
    };
    auto override = config_.snapshot_selects.find(table.id.text());
    if (override == config_.snapshot_selects.end()) {
        connection_->for_each_row(select_of(plan), [&](const auto& values) {
            check_width(plan, width_of(plan.selected()));
            spread(values, plan.selected());
        });
        return;
    }
    auto answer = connection_->query(override->second);
    std::vector<std::size_t> indexes;
    for (const auto& column : answer.columns) {
        const auto* known = table.column(column.name);
        if (!known)
            throw TaskFailure("java.lang.IllegalArgumentException: Column '" + column.name +
                              "' not found in result set");
        indexes.push_back(static_cast<std::size_t>(known - table.columns.data()));
    }
    if (!answer.rows.empty()) check_width(plan, width_of(indexes));
    for (const auto& values : answer.rows) {
        for (std::size_t i = 0; i < indexes.size(); ++i)
            if (values[i]) require_known_pair(answer.columns[i], table.columns[indexes[i]]);
        spread(values, indexes);
    }
}

void ConnectorTask::check_empty_table(const TableId& id) {
    SchemaReader reader(*connection_, *types_);
    // JdbcConnection.readSchema has tables without columns only where a schema has no others.
    const bool known = std::ranges::all_of(reader.tables(), [&](const TableId& other) {
        return other.schema != id.schema || (config_.captures(other) && reader.read(other).columns.empty());
    });
    if (known) return;
    if (pending_ || writer_->sent_offset()) throw NotSimulated("a snapshot of a table without columns beside others");
    const std::string cause = "java.lang.NullPointerException: Cannot invoke \"io.debezium.relational.Table.retrieveColumnNames()\" because \"table\" is null";
    throw TaskFailure("io.debezium.DebeziumException: " + cause + "\nCaused by: " + cause);
}

void ConnectorTask::snapshot_table(const TableId& id, bool first_table, bool last_table) {
    auto plan =
        std::make_unique<TablePlan>(SchemaReader(*connection_, *types_).read(id), config_, *types_);
    if (plan->table().columns.empty()) return check_empty_table(id);
    bool first = true;
    const auto* current = plan.get();
    read_rows(*current, [&](PendingRow row) {
        emit_pending(first, false);
        if (first) pending_plan_ = std::move(plan);
        row.first_in_table = first;
        row.first_table = first_table;
        row.last_table = last_table;
        first = false;
        pending_ = std::move(row);
    });
}

/// Sends the row that waited. `last_in_table`: nothing of its table follows.
void ConnectorTask::emit_pending(bool last_in_table, bool last_of_all) {
    if (!pending_) return;
    const auto& row = *pending_;
    if (last_of_all || (last_in_table && row.last_table))
        offset_.snapshot_marker = "last";
    else if (row.first_in_table && row.first_table)
        offset_.snapshot_marker = "first";
    else if (last_in_table)
        offset_.snapshot_marker = "last_in_data_collection";
    else if (row.first_in_table)
        offset_.snapshot_marker = "first_in_data_collection";
    else
        offset_.snapshot_marker = "true";
    new_cells_.assign(row.values.size(), Cell{});
    for (std::size_t i = 0; i < row.values.size(); ++i)
        if (row.values[i]) new_cells_[i] = {Cell::Kind::kText, *row.values[i]};
    offset_.schema = pending_plan_->table().id.schema;
    offset_.table = pending_plan_->table().id.table;
    Row cells(new_cells_);
    writer_->row({*pending_plan_, 'r', nullptr, &cells, &cells, std::nullopt}, offset_);
    pending_.reset();
}

}  // namespace cdcsim::debezium
