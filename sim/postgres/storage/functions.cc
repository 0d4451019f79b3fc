// The scalar functions on the connection: x (a bound expression), vis (visibility with several
// writers). None is deterministic for SQLite: it must neither hoist nor
// share calls. Errors stop at this edge and are kept in the Execution.
#include <memory>

#include "core/base/error.h"
#include "sim/postgres/storage/execution.h"

namespace cdcsim::pg {
namespace {

SqliteDatabase& database_of(sqlite3_context* context) {
    return *static_cast<SqliteDatabase*>(sqlite3_user_data(context));
}

void call_expression(sqlite3_context* context, int, sqlite3_value** values) {
    Execution& execution = execution_of(database_of(context), values[0]);
    int number = sqlite3_value_int(values[1]);
    guarded(context, execution, [&] {
        Datum value = execution.evaluate_expression(number, values + 2);
        const auto& compiled = execution.program().expressions[static_cast<std::size_t>(number)];
        write_result(context, value, compiled.codec);
    });
}

void call_visible(sqlite3_context* context, int, sqlite3_value** values) {
    Execution& execution = execution_of(database_of(context), values[0]);
    guarded(context, execution, [&] {
        RowVersion version;
        version.born = static_cast<std::uint64_t>(sqlite3_value_int64(values[1]));
        version.died = static_cast<std::uint64_t>(sqlite3_value_int64(values[2]));
        version.xmin = Xid{static_cast<std::uint32_t>(sqlite3_value_int64(values[3]))};
        version.xmax = Xid{static_cast<std::uint32_t>(sqlite3_value_int64(values[4]))};
        sqlite3_result_int(context, is_visible(execution.level(0).snapshot, version));
    });
}

/// root_line(file node, rid); of a row that an outer join did not find: NULL.
void call_root_line(sqlite3_context* context, int, sqlite3_value** values) {
    if (sqlite3_value_type(values[1]) == SQLITE_NULL) return;
    auto file_node = static_cast<std::uint32_t>(sqlite3_value_int64(values[0]));
    sqlite3_result_int64(context,
                         database_of(context).root_of(file_node, sqlite3_value_int64(values[1])));
}

/// hash_bucket(?1, n, buckets, keys...): ExecHashGetHashValue and the bucket that it names.
void call_hash_bucket(sqlite3_context* context, int, sqlite3_value** values) {
    Execution& execution = execution_of(database_of(context), values[0]);
    guarded(context, execution, [&] {
        auto buckets = static_cast<std::uint32_t>(sqlite3_value_int64(values[2]));
        std::uint32_t hash = execution.hash_of(sqlite3_value_int(values[1]), values + 3);
        sqlite3_result_int64(context, hash & (buckets - 1));
    });
}

/// hash_rank(?1, table, n): the place of the n-th group (from 1) in the scan of its table.
void call_hash_rank(sqlite3_context* context, int, sqlite3_value** values) {
    Execution& execution = execution_of(database_of(context), values[0]);
    guarded(context, execution, [&] {
        auto group = static_cast<std::size_t>(sqlite3_value_int64(values[2]) - 1);
        sqlite3_result_int64(context, execution.group_rank(sqlite3_value_int(values[1]), group));
    });
}

/// sort_rank(?1, table, rids): the place of the row in its sorted side of a merge join; of a row that a left
/// join did not find: NULL.
void call_sort_rank(sqlite3_context* context, int, sqlite3_value** values) {
    if (sqlite3_value_type(values[2]) == SQLITE_NULL) return;
    Execution& execution = execution_of(database_of(context), values[0]);
    guarded(context, execution, [&] {
        sqlite3_result_int64(context, execution.sort_rank(sqlite3_value_int(values[1]), reinterpret_cast<const char*>(sqlite3_value_text(values[2]))));
    });
}

/// merge_key(?1, table, rids, n): Execution::merge_key.
void call_merge_key(sqlite3_context* context, int, sqlite3_value** values) {
    if (sqlite3_value_type(values[2]) == SQLITE_NULL) return;
    Execution& execution = execution_of(database_of(context), values[0]);
    guarded(context, execution, [&] {
        const int table = sqlite3_value_int(values[1]);
        const auto key = static_cast<std::size_t>(sqlite3_value_int64(values[3]));
        const Datum& value = execution.merge_key(table, reinterpret_cast<const char*>(sqlite3_value_text(values[2])), key);
        write_result(context, value, execution.sort_key(table, key).codec);
    });
}

void free_bundle(void* pointer) {
    std::unique_ptr<Bundle> bundle(static_cast<Bundle*>(pointer));
    for (sqlite3_value* value : bundle->values) sqlite3_value_free(value);
}

/// bundle(values...): many arguments of rows() as one.
void call_bundle(sqlite3_context* context, int count, sqlite3_value** values) {
    auto bundle = std::make_unique<Bundle>();
    for (int i = 0; i < count; ++i) bundle->values.push_back(sqlite3_value_dup(values[i]));
    sqlite3_result_pointer(context, bundle.release(), Bundle::kType, free_bundle);
}

}  // namespace

void register_functions(SqliteDatabase& database) {
    struct Row {
        const char* name;
        void (*function)(sqlite3_context*, int, sqlite3_value**);
    };
    for (Row row : {Row{"x", call_expression}, Row{"vis", call_visible},
                    Row{"root_line", call_root_line}, Row{"hash_bucket", call_hash_bucket},
                    Row{"hash_rank", call_hash_rank}, Row{"sort_rank", call_sort_rank}, Row{"merge_key", call_merge_key},
                    Row{"bundle", call_bundle}}) {
        sqlite3_create_function_v2(database.handle(), row.name, -1, SQLITE_UTF8, &database,
                                   row.function, nullptr, nullptr, nullptr);
    }
}

}  // namespace cdcsim::pg
