#include "sim/postgres/storage/database.h"

#include <algorithm>
#include <utility>

#include "core/base/error.h"
#include "sim/postgres/binder/bound_walk.h"
#include "sim/postgres/type/canonical.h"
#include "sim/postgres/type/oids.h"
#include "sim/postgres/type/type_info.h"

namespace cdcsim::pg {
namespace {

/// What a collation's callback gets: the type, and its comparison where that needs no environment.
struct CollationArgument {
    SqliteDatabase* database;
    Oid type;
    int (*compare)(const Datum&, const Datum&) noexcept;
};

int compare_callback(void* argument, int a_size, const void* a, int b_size, const void* b) {
    const auto& collation = *static_cast<CollationArgument*>(argument);
    auto datum = [](const void* text, int size) {
        return Datum::of_text(
            std::string_view(static_cast<const char*>(text), static_cast<std::size_t>(size)));
    };
    Datum left = datum(a, a_size), right = datum(b, b_size);
    if (collation.compare != nullptr) return collation.compare(left, right);
    try {
        return compare_values(collation.database->host(), collation.type, left, right);
    } catch (...) {
        collation.database->keep_error(std::current_exception());
        return 0;
    }
}

void delete_argument(void* argument) { delete static_cast<CollationArgument*>(argument); }

/// "c1,c2,c3" for a table of `count` columns.
std::string column_list(std::size_t count) {
    std::string list;
    for (std::size_t i = 1; i <= count; ++i) list += ",c" + std::to_string(i);
    return list;
}

std::string placeholders(std::size_t first, std::size_t count) {
    std::string list;
    for (std::size_t i = 0; i < count; ++i) list += ",?" + std::to_string(first + i);
    return list;
}

}  // namespace

/// How `value` lies to the greatest one; nullopt: not compared here.
std::optional<std::strong_ordering> LeadingKey::order(const Datum& value) const {
    if (is_lost) return std::nullopt;
    const bool is_int = value.kind() == Datum::Kind::kInt;
    if (!is_int && value.kind() != Datum::Kind::kText) return std::nullopt;
    if (greatest.is_null()) return std::strong_ordering::greater;
    if (greatest.kind() != value.kind()) return std::nullopt;
    return is_int ? value.as_int() <=> greatest.as_int() : value.as_text() <=> greatest.as_text();
}

void LeadingKey::add(const Datum& value, std::int64_t version) {
    if (value.is_null()) return;
    const auto ordered = order(value);
    is_lost = !ordered;
    if (is_lost || *ordered < 0) return;
    rid = *ordered > 0 ? version : -1;
    if (*ordered > 0) greatest = value;
}

bool LeadingKey::is_alone(const Datum& value, std::int64_t self) const {
    const auto ordered = order(value);
    return ordered && (*ordered > 0 || (*ordered == 0 && self >= 0 && rid == self));
}

SqliteDatabase::SqliteDatabase() {
    // One thread at a time uses a Pipeline, though not always the same: no mutexes.
    int rc = sqlite3_open_v2(":memory:", &handle_,
                             SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                             nullptr);
    if (rc != SQLITE_OK) throw_sqlite_error(handle_, "open");
    int off = 0;
    sqlite3_db_config(handle_, SQLITE_DBCONFIG_DQS_DML, 0, &off);
    sqlite3_db_config(handle_, SQLITE_DBCONFIG_DQS_DDL, 0, &off);
    // SQLite's Bloom filters (before 3.41) hash a text by its length and so lose rows whose values
    // are equal under our collations only: 99 = 99.00.
    constexpr unsigned kBloomFilter = 0x00080000;
    sqlite3_test_control(SQLITE_TESTCTRL_OPTIMIZATIONS, handle_, kBloomFilter);
    register_functions(*this);
    register_aggregates(*this);
    register_frames(*this);
    register_rows_table(*this);
    // SQLite's own transactions carry no meaning: one that never ends costs the least.
    execute_sql(handle_, "PRAGMA journal_mode=OFF; PRAGMA temp_store=MEMORY; BEGIN");
}

SqliteDatabase::~SqliteDatabase() {
    statements_.clear();
    tables_.clear();
    sqlite3_close_v2(handle_);  // plans that outlive the database still own statements
}

HeapTable& SqliteDatabase::table(std::uint32_t file_node) {
    auto it = tables_.find(file_node);
    CDCSIM_CHECK(it != tables_.end());
    return it->second;
}

std::string SqliteDatabase::collation_of(Environment& env, Oid declared) {
    const TypeInfo& type = base_type(env, env.type(declared));
    if (type.ops == nullptr) throw NotSimulated("type " + format_type(env, type.oid));
    if (type.ops->native_order) return {};
    std::string name = "T" + std::to_string(type.oid);
    if (collations_.insert(type.oid).second) {
        bool shared = type.ops->oid == kInvalidOid;
        auto* argument =
            new CollationArgument{this, type.oid, shared ? nullptr : type.ops->compare};
        int rc = sqlite3_create_collation_v2(handle_, name.c_str(), SQLITE_UTF8, argument,
                                             compare_callback, delete_argument);
        if (rc != SQLITE_OK) throw_sqlite_error(handle_, name);
    }
    return " COLLATE " + name;
}

void SqliteDatabase::rethrow_collation_error() {
    if (collation_error_) std::rethrow_exception(std::exchange(collation_error_, nullptr));
}

void SqliteDatabase::create_table(const Relation& relation) {
    run_postponed();
    HeapTable& heap = tables_[relation.file_node];
    heap.name = "t" + std::to_string(relation.file_node);
    heap.codecs.resize(relation.columns.size());
    execute_sql(handle_, "CREATE TABLE " + heap.name +
                             "(rid INTEGER PRIMARY KEY,born,died,xmin,xmax" +
                             column_list(relation.columns.size()) + ")");
}

void SqliteDatabase::add_column(const Relation& relation, int attno) {
    HeapTable& heap = table(relation.file_node);
    std::string column = "c" + std::to_string(attno);
    if (static_cast<std::size_t>(attno) <= heap.codecs.size()) {
        // Left behind by an ALTER TABLE that was rolled back.
        execute_sql(handle_, "UPDATE " + heap.name + " SET " + column + "=NULL");
        heap.codecs[static_cast<std::size_t>(attno - 1)] = {};
    } else {
        CDCSIM_CHECK(static_cast<std::size_t>(attno) == heap.codecs.size() + 1);
        execute_sql(handle_, "ALTER TABLE " + heap.name + " ADD COLUMN " + column);
        heap.codecs.emplace_back();
    }
    heap.insert = Statement();
    heap.fetch = Statement();
}

void SqliteDatabase::fill_column(Host& host, const Relation& relation, int attno, const Datum& value) {
    HeapTable& heap = table(relation.file_node);
    auto i = static_cast<std::size_t>(attno - 1);
    Statement fill(handle_, "UPDATE " + heap.name + " SET c" + std::to_string(attno) + "=?1");
    fill.bind(1, value, codec_of(host, relation.columns[i].type));
    fill.step();
}

/// DROP fails while any statement runs (a trigger's DDL inside a query): then it waits.
void SqliteDatabase::run_or_postpone(const std::string& sql) {
    run_postponed();
    if (sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
        postponed_.push_back(sql);
    }
}

void SqliteDatabase::run_postponed() {
    while (!postponed_.empty()) {
        const std::string& sql = postponed_.back();
        if (sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) return;
        postponed_.pop_back();
    }
}

void SqliteDatabase::drop_table(std::uint32_t file_node) {
    std::string name = table(file_node).name;
    tables_.erase(file_node);
    std::erase_if(indexes_, [&](const auto& entry) { return entry.second.file_node == file_node; });
    run_or_postpone("DROP TABLE " + name);
}

/// Collations need types, and types a Host: the index is made when the next one comes along.
void SqliteDatabase::create_index(const Relation& relation, Oid index_oid,
                                  std::span<const int> attnos) {
    Index index{.file_node = relation.file_node,
                .attnos = {attnos.begin(), attnos.end()},
                .types = {},
                .probe = {},
                .codecs = {}};
    for (int attno : attnos) {
        index.types.push_back(relation.columns[static_cast<std::size_t>(attno - 1)].type);
    }
    count_rows(relation.file_node);
    indexes_[index_oid] = std::move(index);
    missing_indexes_.push_back(index_oid);
}

void SqliteDatabase::count_rows(std::uint32_t file_node) {
    HeapTable& heap = table(file_node);
    Statement count(handle_, "SELECT count(*) FROM " + heap.name + " WHERE died=" +
                                 std::to_string(kNeverDied));
    count.step();
    auto rows = static_cast<double>(count.column_int(0));
    if (rows == 0 && heap.known_tuples < 0) return;
    heap.known_tuples = rows;
    heap.known_pages = heap.placement.page_count();
}

/// compute_scalar_stats, for a sample that is the whole table.
ColumnStatistics SqliteDatabase::analyze_column(const std::string& column, const std::string& name, double rows) {
    Statement count(handle_, "SELECT count(" + column + "),count(DISTINCT " + column + ") FROM " + name + " WHERE died=" + std::to_string(kNeverDied));
    count.step();
    const auto present = static_cast<double>(count.column_int(0)), distinct = static_cast<double>(count.column_int(1));
    ColumnStatistics found{.distinct = distinct, .null_share = 1 - present / rows};
    if (distinct == present || distinct > rows * 0.1) found.distinct = -distinct / rows;
    return found;
}

bool SqliteDatabase::analyze(Host& host, const Relation& relation) {
    static constexpr Oid kIncomparable[] = {oid::kJson, oid::kJsonpath, oid::kPoint, oid::kXml};
    HeapTable& heap = table(relation.file_node);
    Statement count(handle_, "SELECT count(*) FROM " + heap.name + " WHERE died=" + std::to_string(kNeverDied));
    count.step();
    const auto rows = static_cast<double>(count.column_int(0));
    heap.known_tuples = rows;
    heap.known_pages = heap.placement.page_count();
    if (rows == 0) return false;
    heap.statistics.assign(relation.columns.size(), {});
    for (const Column& column : relation.columns) {
        const bool is_comparable = !column.dropped && std::ranges::find(kIncomparable, column.type) == std::end(kIncomparable);
        const std::string text = "c" + std::to_string(column.attno) + (is_comparable ? collation_of(host, column.type) : "");
        if (is_comparable) heap.statistics[static_cast<std::size_t>(column.attno - 1)] = analyze_column(text, heap.name, rows);
    }
    return true;
}

std::int64_t SqliteDatabase::last_rid(std::uint32_t file_node) {
    Statement last(handle_, "SELECT coalesce(max(rid),0) FROM " + table(file_node).name);
    last.step();
    return last.column_int(0);
}

TableSize SqliteDatabase::size_of(std::uint32_t file_node) {
    const HeapTable& heap = table(file_node);
    return {.pages = heap.placement.page_count(),
            .known_pages = heap.known_pages,
            .known_tuples = heap.known_tuples,
            .columns = heap.statistics};
}

std::int64_t SqliteDatabase::root_of(std::uint32_t file_node, std::int64_t rid) {
    return table(file_node).placement.root_of(rid);
}

bool SqliteDatabase::has_prunable_pages(std::uint32_t file_node) {
    return table(file_node).placement.has_prunable_pages();
}

void SqliteDatabase::prune_block(std::uint32_t file_node, std::uint32_t block) {
    prune_page(table(file_node), static_cast<std::int64_t>(block) << 16);
}

void SqliteDatabase::set_host(Host& host) {
    host_ = &host;
    for (Oid oid : std::exchange(missing_indexes_, {})) {
        auto it = indexes_.find(oid);
        if (it == indexes_.end()) continue;
        const Index& index = it->second;
        std::string columns;
        for (std::size_t i = 0; i < index.attnos.size(); ++i) {
            if (i > 0) columns += ',';
            columns += "c" + std::to_string(index.attnos[i]) + collation_of(host, index.types[i]);
        }
        execute_sql(handle_, "CREATE INDEX i" + std::to_string(oid) + " ON " +
                                 table(index.file_node).name + "(" + columns + ")");
        rethrow_collation_error();
        add_leading_key(oid, index);
    }
}

void SqliteDatabase::add_leading_key(Oid index_oid, const Index& index) {
    if (index.attnos.size() != 1 || !collation_of(*host_, index.types[0]).empty()) return;
    HeapTable& heap = table(index.file_node);
    const std::string column = "c" + std::to_string(index.attnos[0]);
    Statement greatest(handle_, "SELECT max(" + column + ") FROM " + heap.name);
    greatest.step();
    heap.leading_keys.push_back({.index = index_oid,
                                 .column = static_cast<std::size_t>(index.attnos[0] - 1),
                                 .greatest = greatest.column(0, codec_of(*host_, index.types[0]))});
}

void SqliteDatabase::drop_index(Oid index_oid) {
    if (auto it = indexes_.find(index_oid); it != indexes_.end()) {
        std::erase_if(table(it->second.file_node).leading_keys,
                      [&](const LeadingKey& key) { return key.index == index_oid; });
        indexes_.erase(it);
        run_or_postpone("DROP INDEX IF EXISTS i" + std::to_string(index_oid));
    }
}

bool SqliteDatabase::has_index_on(std::uint32_t file_node, int attno) const {
    return std::ranges::any_of(indexes_, [&](const auto& entry) {
        return entry.second.file_node == file_node && entry.second.attnos.front() == attno;
    });
}

void SqliteDatabase::truncate(std::uint32_t file_node) {
    HeapTable& heap = table(file_node);
    execute_sql(handle_, "DELETE FROM " + heap.name);
    heap.stored.clear();
    for (LeadingKey& key : heap.leading_keys) key.greatest = {};
    heap.placement = Placement();
    heap.known_pages = 0;
    heap.known_tuples = -1;
}

void SqliteDatabase::forget_pruned(HeapTable& heap, const std::vector<std::int64_t>& gone) {
    if (gone.empty()) return;
    if (!heap.remove) {
        heap.remove = Statement(handle_, "DELETE FROM " + heap.name + " WHERE rid=?1");
    }
    for (std::int64_t rid : gone) {
        heap.remove.bind_int(1, rid);
        heap.remove.step();
        heap.remove.reset();
        heap.stored.erase(rid);
        heap.ghosts.erase(rid);
    }
}

void SqliteDatabase::prune_page(HeapTable& heap, std::int64_t rid) {
    std::vector<std::int64_t> gone;
    heap.placement.prune_if_needed(static_cast<std::uint32_t>(rid >> 16), horizon_, gone);
    forget_pruned(heap, gone);
}

void SqliteDatabase::prune_for_scan(std::uint32_t file_node) {
    HeapTable& heap = table(file_node);
    std::vector<std::int64_t> gone;
    heap.placement.prune_all(horizon_, gone);
    forget_pruned(heap, gone);
}

namespace {

/// Indexed columns decide whether an update may stay on its page as a heap-only tuple.
bool index_keys_differ(const Relation& relation, std::span<const Datum> before,
                       std::span<const Datum> after) {
    auto differs = [&](int attno) {
        auto i = static_cast<std::size_t>(attno - 1);
        if (attno <= 0 || i >= before.size()) return attno > 0 && !after[i].is_null();
        return !before[i].identical(after[i]);
    };
    for (const Index& index : relation.indexes) {
        bool found = std::ranges::any_of(index.include, differs);
        auto look = [&](const Expr& reference, int) {
            if (reference.kind == ExprKind::kVar) {
                found = found || differs(as<VarExpr>(reference).attno);
            }
            if (reference.kind == ExprKind::kWholeRow) found = true;
        };
        for (const IndexKey& key : index.keys) {
            if (key.attno > 0) found = found || differs(key.attno);
            if (key.expr) for_each_reference(key.expr->expr, look);
        }
        if (index.predicate) for_each_reference(index.predicate->expr, look);
        if (found) return true;
    }
    return false;
}

}  // namespace

namespace {

/// Which columns are still the stored values of the version that is replaced.
std::vector<bool> unchanged_values(const RowVersion& old, const NewVersion& version) {
    std::vector<bool> unchanged(version.columns.size());
    for (std::size_t i = 0; i < unchanged.size() && i < old.columns.size(); ++i) {
        bool assigned = i < version.assigned.size() && version.assigned[i];
        unchanged[i] = !assigned && old.columns[i].identical(version.columns[i]);
    }
    return unchanged;
}

}  // namespace

RowVersion SqliteDatabase::insert(Host& host, const Relation& relation, const NewVersion& version) {
    set_host(host);
    HeapTable& heap = table(relation.file_node);
    heap.placement.set_fill_factor(relation.storage.fill_factor);
    const RowVersion* old = version.replaces;
    static const StoredValues kNothing;
    const StoredValues* stored = &kNothing;
    std::vector<bool> unchanged;
    if (old != nullptr) {
        if (auto it = heap.stored.find(old->rid); it != heap.stored.end()) {
            stored = &it->second;
            unchanged = unchanged_values(*old, version);
        }
    }
    TupleShape shape = shape_tuple(host, relation, version.columns, *stored, unchanged);

    RowVersion result;
    result.xmin = version.xmin;
    result.born = version.born;
    bool is_hot = false;
    if (old == nullptr) {
        result.rid = heap.placement.insert(shape.length);
    } else {
        bool hot_allowed = !index_keys_differ(relation, old->columns, version.columns);
        result.rid = heap.placement.update(old->rid, shape.length, hot_allowed);
        is_hot = hot_allowed && (old->rid >> 16) == (result.rid >> 16);
        if (is_hot) heap.ghosts.erase(old->rid);  // it may have been killed before
    }
    if (!is_hot) check_unique_entries(host, relation, version);
    for (const StoredValue& value : shape.values) {
        result.external.push_back(value.form == StoredForm::kExternal);
    }
    if (!shape.values.empty()) heap.stored[result.rid] = std::move(shape.values);

    std::size_t count = relation.columns.size();
    // An ALTER TABLE that was rolled back leaves a statement of other width.
    if (!heap.insert || heap.insert_width != count) {
        heap.insert_width = count;
        heap.insert = Statement(handle_, "INSERT INTO " + heap.name + "(rid,born,died,xmin,xmax" +
                                             column_list(count) + ")VALUES(?1,?2,?3,?4,0" +
                                             placeholders(5, count) + ")");
        for (std::size_t i = 0; i < count; ++i) {
            heap.codecs[i] = codec_of(host, relation.columns[i].type);
        }
    }
    heap.insert.bind_int(1, result.rid);
    heap.insert.bind_int(2, static_cast<std::int64_t>(version.born));
    heap.insert.bind_int(3, static_cast<std::int64_t>(kNeverDied));
    heap.insert.bind_int(4, version.xmin.value);
    for (std::size_t i = 0; i < version.columns.size(); ++i) {
        heap.insert.bind_lasting(static_cast<int>(i) + 5, version.columns[i], heap.codecs[i]);
    }
    heap.insert.step();
    heap.insert.reset();
    rethrow_collation_error();
    for (LeadingKey& key : heap.leading_keys) key.add(version.columns[key.column], result.rid);
    return result;
}

void SqliteDatabase::kill(std::uint32_t file_node, std::int64_t rid, std::uint64_t died,
                          Xid xmax) {
    HeapTable& heap = table(file_node);
    heap.placement.kill(rid, died);
    if (!heap.placement.is_hot_updated(rid)) heap.ghosts.insert(rid);
    if (!heap.kill) {
        heap.kill = Statement(handle_, "UPDATE " + heap.name + " SET died=?1,xmax=?2 WHERE rid=?3");
    }
    heap.kill.bind_int(1, static_cast<std::int64_t>(died));
    heap.kill.bind_int(2, xmax.value);
    heap.kill.bind_int(3, rid);
    heap.kill.step();
    heap.kill.reset();
}

void SqliteDatabase::undo_kill(std::uint32_t file_node, std::int64_t rid) {
    HeapTable& heap = table(file_node);
    heap.placement.undo_kill(rid);
    heap.ghosts.erase(rid);
    if (!heap.revive) {
        heap.revive = Statement(handle_, "UPDATE " + heap.name + " SET died=?1,xmax=0 WHERE rid=?2");
    }
    heap.revive.bind_int(1, static_cast<std::int64_t>(kNeverDied));
    heap.revive.bind_int(2, rid);
    heap.revive.step();
    heap.revive.reset();
}

void SqliteDatabase::undo_insert(std::uint32_t file_node, std::int64_t rid) {
    HeapTable& heap = table(file_node);
    heap.placement.undo_insert(rid);  // its line pointer stays taken until the page is pruned
    forget_pruned(heap, {rid});
}

namespace {

constexpr std::string_view kVersionColumns = "SELECT rid,born,died,xmin,xmax";
constexpr int kFirstColumn = 5;

Xid xid_of(std::int64_t value) { return Xid{static_cast<std::uint32_t>(value)}; }

}  // namespace

RowVersion SqliteDatabase::read_version(HeapTable& heap, const Statement& row, const Relation& relation) {
    RowVersion version;
    version.rid = row.column_int(0);
    version.born = static_cast<std::uint64_t>(row.column_int(1));
    version.died = static_cast<std::uint64_t>(row.column_int(2));
    version.xmin = xid_of(row.column_int(3));
    version.xmax = xid_of(row.column_int(4));
    // The heap may have more columns: those of an ALTER TABLE that was rolled back.
    std::size_t count = std::min(relation.columns.size(), heap.codecs.size());
    version.columns.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        version.columns.push_back(row.column(kFirstColumn + static_cast<int>(i), heap.codecs[i]));
    }
    if (auto it = heap.stored.find(version.rid); it != heap.stored.end()) {
        for (const StoredValue& value : it->second) {
            version.external.push_back(value.form == StoredForm::kExternal);
        }
    }
    return version;
}

std::optional<RowVersion> SqliteDatabase::fetch(const Relation& relation, std::int64_t rid) {
    HeapTable& heap = table(relation.file_node);
    if (!heap.fetch) {
        heap.fetch = Statement(handle_, std::string(kVersionColumns) +
                                            column_list(heap.codecs.size()) + " FROM " + heap.name +
                                            " WHERE rid=?1");
    }
    heap.fetch.bind_int(1, rid);
    std::optional<RowVersion> version;
    if (heap.fetch.step()) version = read_version(heap, heap.fetch, relation);
    heap.fetch.reset();
    return version;
}

std::string SqliteDatabase::find_sql(Host& host, const Relation& relation, std::string select,
                                     std::span<const int> attnos, std::span<const Datum> values) {
    for (std::size_t i = 0; i < attnos.size(); ++i) {
        Oid type = relation.columns[static_cast<std::size_t>(attnos[i] - 1)].type;
        select += (i == 0 ? " WHERE c" : " AND c") + std::to_string(attnos[i]) +
                  collation_of(host, type) + (values[i].is_null() ? " IS ?" : "=?") +
                  std::to_string(i + 1);
    }
    return select + " ORDER BY rid";
}

void SqliteDatabase::bind_values(Host& host, const Relation& relation, Statement& statement,
                                 std::span<const int> attnos, std::span<const Datum> values) {
    for (std::size_t i = 0; i < attnos.size(); ++i) {
        Oid type = relation.columns[static_cast<std::size_t>(attnos[i] - 1)].type;
        statement.bind(static_cast<int>(i) + 1, values[i], codec_of(host, type));
    }
}

namespace {

/// Whether the entry of `a` stands before that of `b` because of its keys.
bool is_before_in_index(Host& host, const Relation& relation, const pg::Index& index,
                        const RowVersion& a, const RowVersion& b) {
    for (const IndexKey& key : index.keys) {
        if (key.attno <= 0) continue;
        const auto i = static_cast<std::size_t>(key.attno - 1);
        const bool a_null = a.columns[i].is_null(), b_null = b.columns[i].is_null();
        if (a_null && b_null) continue;
        if (a_null || b_null) return a_null == key.nulls_first;
        const int order = compare_values(host, relation.columns[i].type, a.columns[i], b.columns[i]);
        if (order != 0) return (order < 0) != key.descending;
    }
    return false;
}

}  // namespace

/// The order in which PostgreSQL's scan for these columns would have found the versions.
void SqliteDatabase::order_as_found(Host& host, const Relation& relation,
                                    std::span<const int> attnos, std::vector<RowVersion>& found) {
    HeapTable& heap = table(relation.file_node);
    TablePlanner planner(host, relation, size_of(relation.file_node), 1);
    for (int attno : attnos) planner.add_equality(attno);
    const ScanPath path = planner.best();
    if (path.kind == ScanKind::kSequential) return;
    std::ranges::stable_sort(found, {}, [&](const RowVersion& version) {
        return heap.placement.root_of(version.rid);
    });
    if (path.kind != ScanKind::kIndex) return;
    std::ranges::stable_sort(found, [&](const RowVersion& a, const RowVersion& b) {
        return is_before_in_index(host, relation, *path.index, a, b);
    });
}

std::vector<RowVersion> SqliteDatabase::find_equal(Host& host, const Relation& relation,
                                                   std::span<const int> attnos,
                                                   std::span<const Datum> values,
                                                   bool nulls_equal) {
    set_host(host);
    HeapTable& heap = table(relation.file_node);
    if (!nulls_equal && std::ranges::any_of(values, &Datum::is_null)) return {};
    std::string sql = std::string(kVersionColumns) + column_list(heap.codecs.size()) + " FROM " +
                      heap.name;
    BorrowedStatement statement(statements_, handle_,
                                find_sql(host, relation, sql, attnos, values));
    bind_values(host, relation, *statement, attnos, values);
    std::vector<RowVersion> found;
    while (statement->step()) found.push_back(read_version(heap, *statement, relation));
    rethrow_collation_error();
    if (found.size() > 1) order_as_found(host, relation, attnos, found);
    return found;
}

bool SqliteDatabase::has_other(Host& host, const Relation& relation, Oid index_oid,
                               std::span<const Datum> values, std::int64_t self) {
    set_host(host);
    auto it = indexes_.find(index_oid);
    if (it == indexes_.end() || it->second.attnos.size() != values.size()) return true;
    if (std::ranges::any_of(values, &Datum::is_null)) return true;
    Index& index = it->second;
    for (const LeadingKey& key : table(relation.file_node).leading_keys) {
        if (key.index == index_oid && key.is_alone(values[0], self)) return false;
    }
    if (!index.probe) {
        std::string sql = "SELECT 1 FROM " + table(relation.file_node).name + " WHERE ";
        for (std::size_t i = 0; i < values.size(); ++i) {
            sql += "c" + std::to_string(index.attnos[i]) + collation_of(host, index.types[i]) + "=?" +
                   std::to_string(i + 1) + " AND ";
            index.codecs.push_back(codec_of(host, index.types[i]));
        }
        index.probe = Statement(handle_, sql + "rid<>?" + std::to_string(values.size() + 1));
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
        index.probe.bind_lasting(static_cast<int>(i) + 1, values[i], index.codecs[i]);
    }
    index.probe.bind_int(static_cast<int>(values.size()) + 1, self);
    bool found = index.probe.step();
    index.probe.reset();
    rethrow_collation_error();
    return found;
}

/// New index entries are checked against equal ones, whose rows are looked at (_bt_check_unique).
void SqliteDatabase::check_unique_entries(Host& host, const Relation& relation,
                                          const NewVersion& version) {
    if (table(relation.file_node).ghosts.empty()) return;
    for (const pg::Index& index : relation.indexes) {
        if (!index.unique || index.predicate) continue;
        std::vector<int> attnos;
        std::vector<Datum> values;
        for (const IndexKey& key : index.keys) {
            if (key.attno <= 0) break;
            attnos.push_back(key.attno);
            values.push_back(version.columns[static_cast<std::size_t>(key.attno - 1)]);
        }
        if (attnos.size() != index.keys.size()) continue;
        // The scan that found the old version still has its page pinned.
        std::int64_t pinned = version.replaces != nullptr ? version.replaces->rid >> 16 : -1;
        visit_entries(host, relation, attnos, values, pinned);
    }
}

void SqliteDatabase::visit_index(Host& host, const Relation& relation,
                                 std::span<const int> attnos, std::span<const Datum> values) {
    visit_entries(host, relation, attnos, values, -1);
}

void SqliteDatabase::visit_entries(Host& host, const Relation& relation,
                                   std::span<const int> attnos, std::span<const Datum> values,
                                   std::int64_t pinned_block) {
    HeapTable& heap = table(relation.file_node);
    if (heap.ghosts.empty()) return;  // a live row's page is pruned when the row is changed
    std::vector<std::pair<std::int64_t, std::uint64_t>> versions;
    {
        std::string sql = "SELECT rid,died FROM " + heap.name;
        BorrowedStatement statement(
            statements_, handle_, find_sql(host, relation, sql, attnos, values));
        bind_values(host, relation, *statement, attnos, values);
        while (statement->step()) {
            versions.emplace_back(statement->column_int(0),
                                  static_cast<std::uint64_t>(statement->column_int(1)));
        }
    }
    for (auto [rid, died] : versions) {
        bool is_ghost = heap.ghosts.contains(rid);
        if (died != kNeverDied && !is_ghost) continue;
        if (rid >> 16 != pinned_block) prune_page(heap, rid);
        if (died <= horizon_) heap.ghosts.erase(rid);
    }
}

void SqliteDatabase::scan(Host& host, const Relation& relation, const Snapshot& snapshot,
                          const std::function<bool(RowVersion&)>& emit) {
    set_host(host);
    prune_for_scan(relation.file_node);
    HeapTable& heap = table(relation.file_node);
    // With other writers about, a version may live on though `died` is past: then C++ decides.
    bool alone = snapshot.is_plain();
    std::string sql = std::string(kVersionColumns) + column_list(heap.codecs.size()) + " FROM " +
                      heap.name + " WHERE born<=?1" + (alone ? " AND died>?1" : "") +
                      " ORDER BY rid";
    BorrowedStatement statement(statements_, handle_, sql);
    statement->bind_int(1, static_cast<std::int64_t>(snapshot.command));
    while (statement->step()) {
        RowVersion version = read_version(heap, *statement, relation);
        if (!alone && !is_visible(snapshot, version)) continue;
        if (!emit(version)) break;
    }
}

bool is_visible(const Snapshot& snapshot, const RowVersion& version) {
    if (snapshot.sees_all) return true;
    auto has_happened = [&](Xid writer, std::uint64_t command) {
        if (std::ranges::find(snapshot.own, writer) != snapshot.own.end()) return command <= snapshot.command;
        return command <= snapshot.taken &&
               std::ranges::find(snapshot.in_progress, writer) == snapshot.in_progress.end();
    };
    return has_happened(version.xmin, version.born) && !has_happened(version.xmax, version.died);
}

std::unique_ptr<Database> open_database() { return std::make_unique<SqliteDatabase>(); }

}  // namespace cdcsim::pg
