#include "sim/postgres/decoding/pgoutput.h"

#include <algorithm>

#include "core/base/error.h"
#include "sim/postgres/executor/evaluate.h"
#include "sim/postgres/catalog/builtin.h"

namespace cdcsim::pg {
namespace {

bool publishes_kind(const Publication& publication, ChangeKind kind) {
    switch (kind) {
        case ChangeKind::kInsert: return publication.insert;
        case ChangeKind::kUpdate: return publication.update;
        case ChangeKind::kDelete: return publication.delete_;
        case ChangeKind::kTruncate: return publication.truncate;
        case ChangeKind::kMessage: return true;
    }
    return false;
}

/// Columns that pgoutput sends: neither dropped nor generated.
bool is_sent(const Column& column) { return !column.dropped && !column.generated; }

/// A column list; empty: all columns.
bool in_list(const std::vector<int>& columns, int attno) { return columns.empty() || std::ranges::find(columns, attno) != columns.end(); }

/// The row filter and column list that hold for a table, if any.
const PublicationTable* restriction_of(const Publication& publication, const Relation& relation) {
    // A publication of the whole schema lifts the table's filter and list.
    if (publication.all_tables || std::ranges::find(publication.schemas, relation.schema) != publication.schemas.end()) return nullptr;
    auto table = std::ranges::find(publication.tables, relation.oid, &PublicationTable::relation);
    return table == publication.tables.end() ? nullptr : &*table;
}

/// ALTER SCHEMA ... RENAME does not invalidate the relations: they are not described again, so the
/// connector goes on with the old name.
bool only_names_changed(const Relation& sent, const Relation& now) {
    const bool renamed = sent.schema == now.schema && sent.schema_name != now.schema_name;
    auto same_column = [&](const Column& a, const Column& b) {
        bool same_default = a.default_expr.has_value() == b.default_expr.has_value() && (!a.default_expr || a.default_expr->expr == b.default_expr->expr);
        return a.name == b.name && a.type == b.type && a.typmod == b.typmod && a.dropped == b.dropped && a.not_null == b.not_null && same_default;
    };
    bool same = sent.name == now.name && sent.replica_identity == now.replica_identity && sent.replica_index == now.replica_index &&
                sent.file_node == now.file_node && sent.indexes.size() == now.indexes.size() && sent.constraints.size() == now.constraints.size() &&
                sent.triggers.size() == now.triggers.size() && std::ranges::equal(sent.columns, now.columns, same_column);
    return same && renamed;
}

/// No invalidation lies between these versions of a relation.
bool is_same(const RelationPtr& sent, const RelationPtr& now) {
    return sent == now || (sent && now && only_names_changed(*sent, *now));
}

}  // namespace

const TypeInfo* DecodingEnvironment::find_type(Oid oid) {
    if (const TypeInfo* builtin = find_builtin_type_info(oid)) return builtin;
    return catalog->find_type(oid).get();
}

void DecodingEnvironment::refuse() { throw NotSimulated("a row filter that needs more than its row"); }

int DecodingEnvironment::register_row_type(const RowType&) { throw NotSimulated("decoding an anonymous record"); }
const RowType& DecodingEnvironment::row_type(int) { throw NotSimulated("decoding an anonymous record"); }

std::vector<int> replica_identity_columns(const Relation& relation) {
    std::vector<int> attnos;
    if (relation.replica_identity == 'f') {
        for (const Column& column : relation.columns) {
            if (!column.dropped) attnos.push_back(column.attno);
        }
        return attnos;
    }
    const Index* index = nullptr;
    if (relation.replica_identity == 'i') {
        index = relation.find_index(relation.replica_index);
    } else if (relation.replica_identity == 'd') {
        auto it = std::ranges::find_if(relation.indexes, [](const Index& i) { return i.primary && i.immediate; });
        if (it != relation.indexes.end()) index = &*it;
    }
    if (index == nullptr) return attnos;
    for (const IndexKey& key : index->keys) attnos.push_back(key.attno);
    std::ranges::sort(attnos);
    return attnos;
}

PgOutput::PgOutput(WriteAheadLog& log, const std::string& slot, Lsn start, const std::string& publication)
    : log_(log), slot_(slot), publication_(publication), next_entry_(log.first_after(start)) {
    Slot& taken = log_.slots().at(slot_);
    CDCSIM_CHECK(start >= taken.released);
    taken.active = true;
}

PgOutput::~PgOutput() {
    auto it = log_.slots().find(slot_);
    if (it != log_.slots().end()) it->second.active = false;
}

std::optional<pgoutput::Message> PgOutput::next() {
    while (taken_ == ready_.size()) {
        constexpr std::size_t kUsual = 1024;
        if (ready_.size() > kUsual) ready_ = {};
        ready_.clear();
        taken_ = 0;
        const LogEntry* entry = log_.entry(next_entry_);
        if (entry == nullptr) return std::nullopt;
        ++next_entry_;
        decode(*entry);
    }
    return std::move(ready_[taken_++]);
}

void PgOutput::confirm(Lsn flushed) {
    Slot& slot = log_.slots().at(slot_);
    slot.confirmed_flush = std::max(slot.confirmed_flush, flushed);
    log_.prune();
}

void PgOutput::release(Lsn flushed) {
    Slot& slot = log_.slots().at(slot_);
    slot.released = std::max(slot.released, flushed);
    log_.prune();
}

const Publication* PgOutput::publication_of(const LogEntry& entry) const {
    return entry.catalog->find_publication(publication_);
}

bool PgOutput::publishes(const Publication& publication, const Relation& relation) const {
    if (relation.persistence != 'p' || (relation.kind != 'r' && relation.kind != 'p')) return false;
    if (publication.all_tables) return true;
    if (std::ranges::find(publication.schemas, relation.schema) != publication.schemas.end()) return true;
    return std::ranges::any_of(publication.tables, [&](const PublicationTable& table) { return table.relation == relation.oid; });
}

void PgOutput::decode(const LogEntry& entry) {
    environment_.catalog = entry.catalog;
    begun_ = false;
    for (const Change& change : entry.changes) decode_change(entry, change);
    if (!entry.transactional || !begun_) return;
    pgoutput::Commit commit;
    commit.commit_lsn = entry.commit_lsn;
    commit.end_lsn = entry.end_lsn;
    commit.commit_time = entry.commit_time;
    ready_.push_back({entry.end_lsn, commit});
}

void PgOutput::begin_if_needed(const LogEntry& entry, const Change& change) {
    if (begun_) return;
    begun_ = true;
    pgoutput::Begin begin;
    begin.final_lsn = entry.commit_lsn;
    begin.commit_time = entry.commit_time;
    begin.xid = entry.xid;
    // It is put off until something is published, and stands there. walsender sends a position with
    // the last message only of those that it writes at once.
    ready_.push_back({entry.origin.empty() ? change.lsn : Lsn{}, begin});
    if (!entry.origin.empty()) {
        pgoutput::Origin origin;
        origin.commit_lsn = entry.origin_lsn;
        origin.name = entry.origin;
        ready_.push_back({change.lsn, origin});
    }
}

void PgOutput::decode_change(const LogEntry& entry, const Change& change) {
    if (change.kind == ChangeKind::kMessage) return decode_message(entry, change);
    const Publication* publication = publication_of(entry);
    if (publication == nullptr) {
        throw SqlError("42704", "publication \"" + publication_ + "\" does not exist");
    }
    if (!publishes_kind(*publication, change.kind)) return;
    if (change.kind == ChangeKind::kTruncate) return decode_truncate(entry, change);
    if (!publishes(*publication, *change.relation)) return;
    table_ = restriction_of(*publication, *change.relation);
    decode_row(entry, change);
    table_ = nullptr;
}

void PgOutput::prepare(const LogEntry& entry, const RelationPtr& relation, SentRelation& sent) {
    std::vector<int> identity = replica_identity_columns(*relation);
    sent.prepared = relation;
    sent.catalog = entry.catalog;
    sent.columns.clear();
    for (const Column& column : relation->columns) {
        if (!is_sent(column) || (table_ != nullptr && !in_list(table_->columns, column.attno))) continue;
        bool in_identity = std::ranges::find(identity, column.attno) != identity.end();
        sent.columns.push_back({static_cast<std::size_t>(column.attno - 1), environment_.find_type(column.type), in_identity});
    }
}

PgOutput::SentRelation& PgOutput::send_schema(const LogEntry& entry, const RelationPtr& relation) {
    SentRelation& sent = sent_[relation->oid];
    static const std::vector<int> kAll;
    const std::vector<int>& list = table_ != nullptr ? table_->columns : kAll;
    if (sent.list != list) {
        sent.list = list;
        sent.relation = sent.prepared = nullptr;
    }
    // The invalidations of a commit nearly always come before what it is about is decoded: the relation
    // is described at the first change of the transaction that alters it later on, too. What drops it
    // loses that race.
    RelationPtr committed = sent.catalog == entry.catalog ? sent.committed : entry.catalog->find_relation(relation->oid);
    if (!committed) committed = sent.committed;
    const bool is_described = is_same(sent.relation, relation) && is_same(sent.committed, committed);
    if (sent.prepared != relation || sent.catalog != entry.catalog) prepare(entry, relation, sent);
    if (is_described) return sent;
    sent.relation = relation;
    sent.committed = committed;
    std::vector<int> identity = replica_identity_columns(*relation);
    pgoutput::Relation message;
    message.id = relation->oid;
    message.schema = relation->schema_name;
    message.table = relation->name;
    message.replica_identity = relation->replica_identity;
    for (const Column& column : relation->columns) {
        if (!is_sent(column) || !in_list(list, column.attno)) continue;
        if (column.type >= kFirstNormalOid) {
            TypePtr type = entry.catalog->find_type(column.type);
            // A domain is announced under its own name.
            pgoutput::Type announced{column.type, type ? type->schema : "", type ? type->name : ""};
            ready_.push_back({Lsn{}, announced});
        }
        bool key = std::ranges::find(identity, column.attno) != identity.end();
        message.columns.push_back({key, column.name, column.type, column.typmod});
    }
    ready_.push_back({Lsn{}, std::move(message)});
    return sent;
}

pgoutput::Tuple PgOutput::make_tuple(const SentRelation& relation, const std::vector<Datum>& values, const std::vector<bool>& unchanged,
                                     bool key_only) {
    pgoutput::Tuple tuple(relation.columns.size());
    auto sent = tuple.begin();
    for (const auto& column : relation.columns) {
        pgoutput::TupleColumn& out = *sent++;
        std::size_t i = column.index;
        bool left_out = key_only && !column.in_identity;
        if (i >= values.size() || values[i].is_null() || left_out) continue;
        if (i < unchanged.size() && unchanged[i]) {
            out.kind = pgoutput::TupleColumn::Kind::kUnchanged;
        } else {
            out.kind = pgoutput::TupleColumn::Kind::kText;
            const TypeInfo& type = column.type != nullptr ? *column.type : environment_.type(relation.prepared->columns[i].type);
            type.ops->output(environment_, type, values[i], out.text);
        }
    }
    return tuple;
}

bool PgOutput::passes(const Expr& filter, const std::vector<Datum>& row) {
    EvalRow source;
    source.columns = row;
    Snapshot none;
    return evaluate_condition(filter, EvalContext{.host = environment_, .snapshot = none, .rows = {&source, 1}});
}

/// pgoutput_row_filter: an UPDATE whose row comes into the filter is an INSERT, one whose row leaves
/// it a DELETE.
void PgOutput::decode_row(const LogEntry& entry, const Change& change) {
    const Relation& relation = *change.relation;
    ChangeKind kind = change.kind;
    // Without an old tuple there is no DELETE to send.
    if (kind == ChangeKind::kDelete && change.before_kind == 0) return;
    if (table_ != nullptr && table_->where) {
        const Expr& filter = *table_->where->expr;
        bool has_old = kind != ChangeKind::kInsert && change.before_kind != 0;
        bool old_passes = has_old && passes(filter, *change.before), new_passes = kind != ChangeKind::kDelete && passes(filter, *change.after);
        if (!old_passes && !new_passes) return;
        if (kind == ChangeKind::kUpdate && has_old && !old_passes) kind = ChangeKind::kInsert;
        if (kind == ChangeKind::kUpdate && has_old && !new_passes) kind = ChangeKind::kDelete;
    }
    begin_if_needed(entry, change);
    const SentRelation& sent = send_schema(entry, change.relation);
    if (kind == ChangeKind::kInsert) {
        // An unchanged out-of-line value of an UPDATE is taken from the old tuple if that has it.
        bool whole = change.kind == ChangeKind::kInsert || change.before_kind == 'O';
        ready_.push_back({change.lsn, pgoutput::Insert{relation.oid, make_tuple(sent, *change.after, whole ? std::vector<bool>{} : change.unchanged, false)}});
        return;
    }
    pgoutput::Tuple before;
    if (change.before_kind != 0) before = make_tuple(sent, *change.before, {}, change.before_kind == 'K');
    if (kind == ChangeKind::kDelete) {
        ready_.push_back({change.lsn, pgoutput::Delete{relation.oid, change.before_kind, std::move(before)}});
        return;
    }
    pgoutput::Tuple after = make_tuple(sent, *change.after, change.unchanged, false);
    ready_.push_back({change.lsn, pgoutput::Update{relation.oid, change.before_kind, std::move(before), std::move(after)}});
}

void PgOutput::decode_truncate(const LogEntry& entry, const Change& change) {
    const Publication& publication = *publication_of(entry);
    pgoutput::Truncate message;
    message.cascade = change.cascade;
    message.restart_identity = change.restart_identity;
    for (const RelationPtr& relation : change.truncated) {
        if (!publishes(publication, *relation)) continue;
        begin_if_needed(entry, change);
        table_ = restriction_of(publication, *relation);
        send_schema(entry, relation);
        table_ = nullptr;
        message.relations.push_back(relation->oid);
    }
    if (!message.relations.empty()) ready_.push_back({change.lsn, std::move(message)});
}

void PgOutput::decode_message(const LogEntry& entry, const Change& change) {
    if (entry.transactional) begin_if_needed(entry, change);
    pgoutput::LogicalMessage message;
    message.transactional = entry.transactional;
    message.lsn = change.lsn;
    message.prefix = change.prefix;
    message.content = change.content;
    ready_.push_back({change.lsn, std::move(message)});
}

}  // namespace cdcsim::pg
