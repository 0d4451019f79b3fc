// The streaming half of ConnectorTask. Mirrors PostgresStreamingChangeEventSource,
// PgOutputMessageDecoder and PostgresChangeRecordEmitter.
#include <algorithm>

#include "core/base/error.h"
#include "sim/debezium/connector_task.h"

namespace cdcsim::debezium {

namespace {

/// offset.flush.interval.ms of the worker: when the slot hears of the stored offset.
constexpr std::int64_t kFlushIntervalMicros = 60'000'000;
constexpr std::string_view kObjectInUse = "55006";

template <class... F>
struct Overloaded : F... {
    using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

void cells_of(const pgoutput::Tuple& tuple, std::size_t width, std::vector<Cell>& cells) {
    cells.assign(width, Cell{});
    for (std::size_t i = 0; i < std::min(width, tuple.size()); ++i) {
        switch (tuple[i].kind) {
            case pgoutput::TupleColumn::Kind::kNull:
                break;
            case pgoutput::TupleColumn::Kind::kUnchanged:
                cells[i].kind = Cell::Kind::kUnchanged;
                break;
            case pgoutput::TupleColumn::Kind::kText:
                cells[i] = {Cell::Kind::kText, tuple[i].text};
                break;
        }
    }
}

}  // namespace

bool ConnectorTask::try_open(Lsn start) {
    try {
        source_ =
            services_.server.start_replication(config_.slot_name, start, config_.publication_name);
    } catch (const SqlError& error) {
        // Another connector holds the slot: the real one retries for ever.
        if (error.sqlstate() == kObjectInUse) return false;
        throw;
    }
    last_processed_ = start;
    return true;
}

void ConnectorTask::search() {
    while (auto message = source_->next()) {
        if (const auto* relation = std::get_if<pgoutput::Relation>(&message->body)) {
            handle_relation(*relation);
            continue;
        }
        if (std::holds_alternative<pgoutput::Type>(message->body)) continue;
        bool truncate = std::holds_alternative<pgoutput::Truncate>(message->body);
        if (truncate && config_.skips('t')) continue;
        auto type = std::visit(
            Overloaded{[](const pgoutput::Begin&) { return MessageType::kBegin; },
                       [](const pgoutput::Commit&) { return MessageType::kCommit; },
                       [](const pgoutput::LogicalMessage&) { return MessageType::kMessage; },
                       [](const auto&) { return MessageType::kInsert; }},
            message->body);
        if (locator_.resume_from(message->lsn, type)) {
            restart_after_search();
            return;
        }
    }
}

void ConnectorTask::restart_after_search() {
    locator_.enable_filtering();
    source_.reset();
    open_at_ = *locator_.last_event();
    if (try_open(open_at_)) phase_ = Phase::kStreaming;
}

void ConnectorTask::stream() {
    while (auto message = source_->next()) {
        if (should_skip(*message)) continue;
        handle(*message);
        if (std::holds_alternative<pgoutput::Commit>(message->body)) flush_if_due();
    }
}

bool ConnectorTask::should_skip(const pgoutput::Message& message) {
    const auto& body = message.body;
    if (std::holds_alternative<pgoutput::Type>(body)) return true;
    if (std::holds_alternative<pgoutput::Truncate>(body) && config_.skips('t')) return true;
    bool skip = locator_.skip(message.lsn);
    // The boundaries of transactions and what describes tables are always needed.
    bool always = std::holds_alternative<pgoutput::Begin>(body) ||
                  std::holds_alternative<pgoutput::Commit>(body) ||
                  std::holds_alternative<pgoutput::Relation>(body) ||
                  std::holds_alternative<pgoutput::Origin>(body);
    return skip && !always;
}

void ConnectorTask::handle(const pgoutput::Message& message) {
    current_lsn_ = message.lsn;
    std::visit(
        Overloaded{[&](const pgoutput::Begin& begin) {
                       commit_time_ = begin.commit_time;
                       transaction_xid_ = begin.xid;
                       set_event_clock(begin.commit_time);
                       offset_.origin.reset();
                       offset_.origin_lsn.reset();
                       at_position(MessageType::kBegin, false, begin.xid);
                       if (config_.transaction_metadata)
                           writer_->transaction_started(std::to_string(begin.xid.value), offset_);
                   },
                   [&](const pgoutput::Commit& end) { commit(end); },
                   [&](const pgoutput::Origin& origin) {
                       offset_.origin = origin.name;
                       offset_.origin_lsn = origin.commit_lsn;
                   },
                   [&](const pgoutput::Relation& relation) { handle_relation(relation); },
                   [&](const pgoutput::Type&) {}, [&](const pgoutput::Insert& row) { insert(row); },
                   [&](const pgoutput::Update& row) { update(row); },
                   [&](const pgoutput::Delete& row) { remove(row); },
                   [&](const pgoutput::Truncate& tables) { truncate(tables); },
                   [&](const pgoutput::LogicalMessage& text) { this->message(text); }},
        message.body);
}

void ConnectorTask::handle_relation(const pgoutput::Relation& relation) {
    TableId id{relation.schema, relation.table};
    auto table = SchemaReader(*connection_, *types_).from_relation(relation, config_);
    if (!config_.captures(id)) {
        plans_.erase(relation.id);
        return;
    }
    plans_[relation.id] = std::make_unique<TablePlan>(std::move(table), config_, *types_);
}

const TablePlan* ConnectorTask::plan_of(Oid relation) const {
    auto it = plans_.find(relation);
    return it == plans_.end() ? nullptr : it->second.get();
}

void ConnectorTask::at_position(MessageType type, bool last_for_lsn, std::optional<Xid> xid) {
    if (last_for_lsn) last_processed_ = current_lsn_;
    offset_.last_processed = last_processed_;
    offset_.lsn = current_lsn_;
    if (commit_time_) offset_.timestamp = *commit_time_;
    offset_.tx_id = xid;
    offset_.message_type = type;
    offset_.schema.clear();
    offset_.table.clear();
}

void ConnectorTask::at_row(const TablePlan& plan, MessageType type) {
    at_position(type, true, transaction_xid_);
    offset_.schema = plan.table().id.schema;
    offset_.table = plan.table().id.table;
}

void ConnectorTask::insert(const pgoutput::Insert& message) {
    const auto* plan = plan_of(message.relation);
    if (!plan) {
        last_processed_ = current_lsn_;
        return;
    }
    at_row(*plan, MessageType::kInsert);
    if (message.after.empty()) return;  // no columns: the real one logs "no new values found"
    cells_of(message.after, plan->table().columns.size(), new_cells_);
    Row after(new_cells_);
    writer_->row({*plan, 'c', nullptr, &after, &after, std::nullopt}, offset_);
}

void ConnectorTask::update(const pgoutput::Update& message) {
    const auto* plan = plan_of(message.relation);
    if (!plan) {
        last_processed_ = current_lsn_;
        return;
    }
    at_row(*plan, MessageType::kUpdate);
    if (message.after.empty()) return;
    auto width = plan->table().columns.size();
    cells_of(message.after, width, new_cells_);
    Row after(new_cells_);
    if (message.old_kind == 0) {
        writer_->row({*plan, 'u', nullptr, &after, &after, std::nullopt}, offset_);
        return;
    }
    cells_of(message.before, width, old_cells_);
    // An unchanged TOAST value is taken from the old tuple if that carries it.
    for (std::size_t i = 0; i < width; ++i)
        if (new_cells_[i].kind == Cell::Kind::kUnchanged && old_cells_[i].kind == Cell::Kind::kText)
            new_cells_[i] = old_cells_[i];
    Row before(old_cells_);
    if (config_.skip_unchanged && plan->same_values(before, after)) return;
    std::string old_key, new_key;
    plan->append_key(before, old_key);
    plan->append_key(after, new_key);
    if (!plan->has_key() || old_key == new_key) {
        writer_->row({*plan, 'u', &before, &after, &after, std::nullopt}, offset_);
        return;
    }
    kafka::Header newkey{"__debezium.newkey", plan->header_key(after)};
    writer_->row({*plan, 'd', &before, nullptr, &before, newkey}, offset_);
    kafka::Header oldkey{"__debezium.oldkey", plan->header_key(before)};
    writer_->row({*plan, 'c', nullptr, &after, &after, oldkey}, offset_);
}

void ConnectorTask::remove(const pgoutput::Delete& message) {
    const auto* plan = plan_of(message.relation);
    if (!plan) {
        last_processed_ = current_lsn_;
        return;
    }
    at_row(*plan, MessageType::kDelete);
    if (message.before.empty()) return;
    cells_of(message.before, plan->table().columns.size(), old_cells_);
    Row before(old_cells_);
    writer_->row({*plan, 'd', &before, nullptr, &before, std::nullopt}, offset_);
}

void ConnectorTask::truncate(const pgoutput::Truncate& message) {
    std::vector<const TablePlan*> plans;
    for (Oid relation : message.relations)
        if (const auto* plan = plan_of(relation)) plans.push_back(plan);
    for (const auto* plan : plans) {
        at_position(MessageType::kTruncate, plan == plans.back(), transaction_xid_);
        offset_.schema = plan->table().id.schema;
        offset_.table = plan->table().id.table;
        writer_->row({*plan, 't', nullptr, nullptr, nullptr, std::nullopt}, offset_);
    }
}

void ConnectorTask::message(const pgoutput::LogicalMessage& message) {
    if (!message.transactional) {
        transaction_xid_.reset();
        commit_time_.reset();
    }
    at_position(MessageType::kMessage, !message.transactional, transaction_xid_);
    if (!message.transactional) {
        offset_.last_commit = current_lsn_;
        offset_.last_processed = current_lsn_;
    }
    if (config_.includes_message(message.prefix)) writer_->logical_message(message, offset_);
}

void ConnectorTask::commit(const pgoutput::Commit& message) {
    at_position(MessageType::kCommit, true, transaction_xid_);
    offset_.timestamp = message.commit_time;
    offset_.last_commit = current_lsn_;
    offset_.last_processed = current_lsn_;
    set_event_clock(message.commit_time);
    if (config_.transaction_metadata) writer_->transaction_committed(offset_, message.commit_time);
}

/// What the slot may forget once the offset of the last record is stored.
std::optional<Lsn> ConnectorTask::flush_position() const {
    if (!config_.flush_lsn || !writer_ || !writer_->sent_offset()) return std::nullopt;
    const auto& sent = *writer_->sent_offset();
    return sent.lsn_commit ? sent.lsn_commit : sent.lsn_proc;
}

/// Connect stores the offsets once a minute, and when the task ends.
void ConnectorTask::beat_if_due() {
    const std::int64_t interval = std::int64_t{config_.heartbeat_interval_ms} * 1000, now = services_.clock.now().value;
    if (interval == 0) return;
    for (; last_beat_us_ + interval <= now; last_beat_us_ += interval) {
        set_event_clock({last_beat_us_ + interval});
        writer_->heartbeat(offset_);
    }
}

void ConnectorTask::flush_if_due() {
    const auto flushed = flush_position();
    if (!flushed) return;
    source_->release(*flushed);
    if (offset_.timestamp.value - last_flush_us_ < kFlushIntervalMicros) return;
    last_flush_us_ = offset_.timestamp.value;
    source_->confirm(*flushed);
}

void ConnectorTask::stop() {
    if (const auto flushed = flush_position(); source_ && flushed) source_->confirm(*flushed);
    source_.reset();
    if (connection_ && config_.drop_slot_on_stop && streams()) {
        try {
            connection_->query("SELECT pg_drop_replication_slot(" +
                               quoted_literal(config_.slot_name) + ")");
        } catch (const SqlError& error) {
            if (error.is_not_simulated()) throw;
        }
    }
    connection_.reset();
    phase_ = Phase::kNew;
}

}  // namespace cdcsim::debezium
