#include "sim/postgres/decoding/pgoutput.h"

#include <algorithm>

#include "core/base/error.h"

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

}  // namespace

const TypeInfo* DecodingEnvironment::find_type(Oid oid) {
    TypePtr type = catalog->find_type(oid);
    return type.get();
}

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
    log_.slots().at(slot_).active = true;
}

PgOutput::~PgOutput() {
    auto it = log_.slots().find(slot_);
    if (it != log_.slots().end()) it->second.active = false;
}

std::optional<pgoutput::Message> PgOutput::next() {
    while (ready_.empty()) {
        const LogEntry* entry = log_.entry(next_entry_);
        if (entry == nullptr) return std::nullopt;
        ++next_entry_;
        decode(*entry);
    }
    pgoutput::Message message = std::move(ready_.front());
    ready_.pop_front();
    return message;
}

void PgOutput::confirm(Lsn flushed) {
    Slot& slot = log_.slots().at(slot_);
    slot.confirmed_flush = std::max(slot.confirmed_flush, flushed);
    slot.restart_lsn = std::max(slot.restart_lsn, flushed);
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

void PgOutput::begin_if_needed(const LogEntry& entry) {
    if (begun_) return;
    begun_ = true;
    pgoutput::Begin begin;
    begin.final_lsn = entry.commit_lsn;
    begin.commit_time = entry.commit_time;
    begin.xid = entry.xid;
    // walsender sends a position with the last message only of those that it writes at once.
    ready_.push_back({entry.origin.empty() ? entry.changes.front().lsn : Lsn{}, begin});
    if (!entry.origin.empty()) {
        pgoutput::Origin origin;
        origin.commit_lsn = entry.origin_lsn;
        origin.name = entry.origin;
        ready_.push_back({entry.changes.front().lsn, origin});
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
    if (publishes(*publication, *change.relation)) decode_row(entry, change);
}

void PgOutput::send_schema(const LogEntry& entry, const RelationPtr& relation) {
    RelationPtr& sent = sent_[relation->oid];
    if (sent == relation) return;
    sent = relation;
    std::vector<int> identity = replica_identity_columns(*relation);
    pgoutput::Relation message;
    message.id = relation->oid;
    message.schema = relation->schema_name;
    message.table = relation->name;
    message.replica_identity = relation->replica_identity;
    for (const Column& column : relation->columns) {
        if (!is_sent(column)) continue;
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
}

pgoutput::Tuple PgOutput::make_tuple(const Relation& relation, const std::vector<Datum>& values, const std::vector<bool>& unchanged,
                                     bool key_only) {
    std::vector<int> identity = key_only ? replica_identity_columns(relation) : std::vector<int>{};
    pgoutput::Tuple tuple;
    for (const Column& column : relation.columns) {
        if (!is_sent(column)) continue;
        auto i = static_cast<std::size_t>(column.attno - 1);
        pgoutput::TupleColumn sent;
        bool left_out = key_only && std::ranges::find(identity, column.attno) == identity.end();
        if (i < values.size() && !values[i].is_null() && !left_out) {
            if (i < unchanged.size() && unchanged[i]) {
                sent.kind = pgoutput::TupleColumn::Kind::kUnchanged;
            } else {
                sent.kind = pgoutput::TupleColumn::Kind::kText;
                const TypeInfo& type = environment_.type(column.type);
                type.ops->output(environment_, type, values[i], sent.text);
            }
        }
        tuple.push_back(std::move(sent));
    }
    return tuple;
}

void PgOutput::decode_row(const LogEntry& entry, const Change& change) {
    begin_if_needed(entry);
    send_schema(entry, change.relation);
    const Relation& relation = *change.relation;
    if (change.kind == ChangeKind::kInsert) {
        ready_.push_back({change.lsn, pgoutput::Insert{relation.oid, make_tuple(relation, change.after, {}, false)}});
        return;
    }
    pgoutput::Tuple before;
    if (change.before_kind != 0) before = make_tuple(relation, change.before, {}, change.before_kind == 'K');
    if (change.kind == ChangeKind::kDelete) {
        // Without an old tuple there is nothing to send.
        if (change.before_kind == 0) return;
        ready_.push_back({change.lsn, pgoutput::Delete{relation.oid, change.before_kind, std::move(before)}});
        return;
    }
    pgoutput::Tuple after = make_tuple(relation, change.after, change.unchanged, false);
    ready_.push_back({change.lsn, pgoutput::Update{relation.oid, change.before_kind, std::move(before), std::move(after)}});
}

void PgOutput::decode_truncate(const LogEntry& entry, const Change& change) {
    const Publication& publication = *publication_of(entry);
    pgoutput::Truncate message;
    message.cascade = change.cascade;
    message.restart_identity = change.restart_identity;
    for (const RelationPtr& relation : change.truncated) {
        if (!publishes(publication, *relation)) continue;
        begin_if_needed(entry);
        send_schema(entry, relation);
        message.relations.push_back(relation->oid);
    }
    if (!message.relations.empty()) ready_.push_back({change.lsn, std::move(message)});
}

void PgOutput::decode_message(const LogEntry& entry, const Change& change) {
    if (entry.transactional) begin_if_needed(entry);
    pgoutput::LogicalMessage message;
    message.transactional = entry.transactional;
    message.lsn = change.lsn;
    message.prefix = change.prefix;
    message.content = change.content;
    ready_.push_back({change.lsn, std::move(message)});
}

}  // namespace cdcsim::pg
