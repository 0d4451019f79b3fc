// agg: every aggregate of PostgreSQL, plain or over a window. DISTINCT, ORDER BY, FILTER and the
// skipping of NULLs are done here, around the AggregateState of function/.
#include <algorithm>

#include "core/base/error.h"
#include "sim/postgres/storage/execution.h"
#include "sim/postgres/storage/tuple_sort.h"

namespace cdcsim::pg {
namespace {

using Row = std::vector<Datum>;  // arguments, then sort keys

/// The running state of one group, kept in SQLite's aggregate context.
class Group {
  public:
    Group(Execution& execution, const CompiledAggregate& aggregate)
        : execution_(execution),
          aggregate_(aggregate),
          state_(aggregate.row->make()),
          sorts_(aggregate.distinct || !aggregate.keys.empty()) {}

    Execution& execution() { return execution_; }
    const CompiledAggregate& aggregate() const { return aggregate_; }

    void step(int count, sqlite3_value** values) {
        if (skips(count, values)) return;
        Row row = read(values);
        if (sorts_ || aggregate_.moving_frame) {
            rows_.push_back(std::move(row));
            fresh_ = false;
        } else {
            add(row, arg_count());
        }
    }

    /// The oldest row leaves the frame.
    void inverse(int count, sqlite3_value** values) {
        if (skips(count, values) || rows_.empty()) return;
        rows_.pop_front();
        fresh_ = false;
    }

    Datum result() {
        if ((sorts_ || aggregate_.moving_frame) && !fresh_) rebuild();
        CallContext call = context();
        return state_->result(call);
    }

    /// Of no rows; NULL stands for the aggregated arguments.
    Datum empty_result(sqlite3_value** values) {
        Row row(arg_count());
        for (std::size_t i = 0; i + aggregate_.keys.size() < arg_count(); ++i) row[i] = read_value(values[2 + i], aggregate_.arg_codecs[i]);
        add(row, arg_count());
        CallContext call = context();
        return state_->result(call);
    }

  private:
    std::size_t arg_count() const { return aggregate_.arg_codecs.size(); }

    CallContext context() {
        return {.env = execution_.host(),
                .result_type = aggregate_.result_type,
                .arg_types = aggregate_.arg_types,
                .function = aggregate_.function};
    }

    bool skips(int count, sqlite3_value** values) const {
        if (aggregate_.has_filter) {
            sqlite3_value* filter = values[count - 1];
            if (sqlite3_value_type(filter) == SQLITE_NULL || sqlite3_value_int(filter) == 0) {
                return true;
            }
        }
        if (!aggregate_.row->skips_nulls) return false;
        for (std::size_t i = 0; i < arg_count(); ++i) {
            if (sqlite3_value_type(values[2 + i]) == SQLITE_NULL) return true;
        }
        return false;
    }

    Row read(sqlite3_value** values) const {
        Row row;
        row.reserve(arg_count() + aggregate_.keys.size());
        values += 2;
        for (const ColumnCodec& codec : aggregate_.arg_codecs) row.push_back(read_value(*values++, codec));
        for (const CompiledKey& key : aggregate_.keys) row.push_back(read_value(*values++, key.codec));
        return row;
    }

    void add(const Row& row, std::size_t count) {
        CallContext call = context();
        state_->step(call, {row.data(), count});
    }

    int compare(const Datum& a, const Datum& b, const CompiledKey& key) const {
        if (a.is_null() || b.is_null()) {
            if (a.is_null() == b.is_null()) return 0;
            return a.is_null() == key.nulls_first ? -1 : 1;
        }
        int order = compare_values(execution_.host(), key.type, a, b);
        return key.descending ? -order : order;
    }

    /// By the ORDER BY keys; DISTINCT by the remaining arguments too.
    int compare(const Row& a, const Row& b) const {
        for (std::size_t i = 0; i < aggregate_.keys.size(); ++i) {
            std::size_t column = arg_count() + i;
            if (int order = compare(a[column], b[column], aggregate_.keys[i])) return order;
        }
        if (!aggregate_.distinct) return 0;
        for (std::size_t i = 0; i < arg_count(); ++i) {
            CompiledKey key{.type = aggregate_.arg_types[i], .codec = {}};
            if (int order = compare(a[i], b[i], key)) return order;
        }
        return 0;
    }

    void rebuild() {
        fresh_ = true;
        state_ = aggregate_.row->make();
        std::vector<const Row*> order;
        for (const Row& row : rows_) order.push_back(&row);
        if (sorts_) {
            tuple_sort(order, 0, [&](const Row* a, const Row* b) { return compare(*a, *b); });
        }
        const Row* last = nullptr;
        for (const Row* row : order) {
            const bool is_new = last == nullptr || compare(*last, *row) != 0;
            if (aggregate_.distinct && !is_new) continue;
            if (aggregate_.hypothetical) add({Datum::of_int(compare_with_hypothetical(*row)), Datum::of_bool(is_new)}, 2);
            else add(*row, arg_count());
            last = row;
        }
    }

    /// The order of a row and the one that the direct arguments are.
    int compare_with_hypothetical(const Row& row) const {
        for (std::size_t i = 0; i < aggregate_.keys.size(); ++i) {
            if (int order = compare(row[arg_count() + i], row[i], aggregate_.keys[i])) return order;
        }
        return 0;
    }

    Execution& execution_;
    const CompiledAggregate& aggregate_;
    std::unique_ptr<AggregateState> state_;
    bool sorts_;
    bool fresh_ = false;
    std::deque<Row> rows_;
};

/// The group that the context holds; made from the call's first arguments.
Group* group_of(sqlite3_context* context, sqlite3_value** values) {
    auto** slot =
        static_cast<Group**>(sqlite3_aggregate_context(context, values ? sizeof(Group*) : 0));
    if (slot == nullptr) return nullptr;
    if (*slot == nullptr && values != nullptr) {
        auto& database = *static_cast<SqliteDatabase*>(sqlite3_user_data(context));
        Execution& execution = execution_of(database, values[0]);
        auto number = static_cast<std::size_t>(sqlite3_value_int(values[1]));
        *slot = new Group(execution, execution.program().aggregates[number]);
    }
    return *slot;
}

void step(sqlite3_context* context, int count, sqlite3_value** values) {
    Group* group = group_of(context, values);
    guarded(context, group->execution(), [&] { group->step(count, values); });
}

void inverse(sqlite3_context* context, int count, sqlite3_value** values) {
    Group* group = group_of(context, values);
    guarded(context, group->execution(), [&] { group->inverse(count, values); });
}

void value(sqlite3_context* context) {
    Group* group = group_of(context, nullptr);
    if (group == nullptr) return sqlite3_result_null(context);
    guarded(context, group->execution(),
            [&] { write_result(context, group->result(), group->aggregate().codec); });
}

void finish(sqlite3_context* context) {
    value(context);
    delete group_of(context, nullptr);
}

/// agg_empty(?1, n, direct arguments...): an ordered-set aggregate over no rows looks at these still.
void empty_value(sqlite3_context* context, int, sqlite3_value** values) {
    auto& database = *static_cast<SqliteDatabase*>(sqlite3_user_data(context));
    Execution& execution = execution_of(database, values[0]);
    guarded(context, execution, [&] {
        const CompiledAggregate& aggregate = execution.program().aggregates[static_cast<std::size_t>(sqlite3_value_int(values[1]))];
        Group group(execution, aggregate);
        write_result(context, group.empty_result(values), aggregate.codec);
    });
}

// hash_table(?1, n, rows, keys...) OVER all groups: enters them into a table, whose number it gives.

struct TableUse {
    Execution* execution;
    int table;
};

void enter_group(sqlite3_context* context, int, sqlite3_value** values) {
    auto* use = static_cast<TableUse*>(sqlite3_aggregate_context(context, sizeof(TableUse)));
    auto& database = *static_cast<SqliteDatabase*>(sqlite3_user_data(context));
    Execution& execution = execution_of(database, values[0]);
    guarded(context, execution, [&] {
        int number = sqlite3_value_int(values[1]);
        if (use->execution == nullptr) *use = {&execution, execution.new_hash_table(number)};
        execution.add_group(use->table, sqlite3_value_int64(values[2]), execution.hash_of(number, values + 3));
    });
}

void leave_group(sqlite3_context*, int, sqlite3_value**) {}

void table_number(sqlite3_context* context) {
    auto* use = static_cast<TableUse*>(sqlite3_aggregate_context(context, 0));
    if (use != nullptr) sqlite3_result_int(context, use->table);
}

// sort_table(?1, n, rids, keys...) of all rows of a merge join's side: enters them into a table, whose number it gives.

void enter_sorted(sqlite3_context* context, int, sqlite3_value** values) {
    auto* use = static_cast<TableUse*>(sqlite3_aggregate_context(context, sizeof(TableUse)));
    auto& database = *static_cast<SqliteDatabase*>(sqlite3_user_data(context));
    Execution& execution = execution_of(database, values[0]);
    guarded(context, execution, [&] {
        if (use->execution == nullptr) *use = {&execution, execution.new_sort_table(sqlite3_value_int(values[1]))};
        execution.add_sorted(use->table, values + 2);
    });
}

}  // namespace

void register_aggregates(SqliteDatabase& database) {
    sqlite3_create_function_v2(database.handle(), "sort_table", -1, SQLITE_UTF8, &database, nullptr,
                               enter_sorted, table_number, nullptr);
    sqlite3_create_window_function(database.handle(), "hash_table", -1, SQLITE_UTF8, &database,
                                   enter_group, table_number, table_number, leave_group, nullptr);
    sqlite3_create_function_v2(database.handle(), "agg_empty", -1, SQLITE_UTF8, &database,
                               empty_value, nullptr, nullptr, nullptr);
    sqlite3_create_window_function(database.handle(), "agg", -1, SQLITE_UTF8, &database, step,
                                   finish, value, inverse, nullptr);
}

}  // namespace cdcsim::pg
