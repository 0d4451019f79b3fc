#include "sim/postgres/function/registry.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>
#include <vector>

#include "sim/postgres/catalog/builtin.h"
#include "sim/postgres/function/function_tables.h"
#include "sim/postgres/type/array.h"
#include "sim/postgres/type/enum.h"
#include "sim/postgres/type/record.h"

namespace cdcsim::pg {

// Each file of functions gives its tables: `FunctionTables numeric_tables();`
#define CDCSIM_FUNCTION_FILES(X) \
    X(advisory_lock) \
    X(aggregate) \
    X(aggregate_number) \
    X(array) \
    X(array_aggregate) \
    X(array_search) \
    X(bit) \
    X(bit_type) \
    X(bool_type) \
    X(bytea) \
    X(bytea_type) \
    X(datetime_arithmetic) \
    X(datetime_compare) \
    X(datetime_convert) \
    X(datetime_fields) \
    X(datetime_from_char) \
    X(datetime_in_range) \
    X(datetime_to_char) \
    X(datetime_type) \
    X(enum) \
    X(float) \
    X(float_type) \
    X(hash) \
    X(integer) \
    X(integer_type) \
    X(json_aggregate) \
    X(json_build) \
    X(json_record) \
    X(json_text) \
    X(json_type) \
    X(jsonb_get) \
    X(jsonb_modify) \
    X(jsonb_set) \
    X(jsonb_set_returning) \
    X(jsonpath) \
    X(jsonpath_type) \
    X(macaddr) \
    X(macaddr_type) \
    X(money) \
    X(money_type) \
    X(network) \
    X(network_type) \
    X(number_in_range) \
    X(number_to_char) \
    X(numeric) \
    X(numeric_type) \
    X(ordered_set) \
    X(range) \
    X(range_type) \
    X(record) \
    X(record_type) \
    X(series) \
    X(session) \
    X(system_functions) \
    X(text_cast) \
    X(text_compare) \
    X(text_encode) \
    X(text_format) \
    X(text_ident) \
    X(text_like) \
    X(text_regexp) \
    X(text_string) \
    X(text_type) \
    X(uuid_type) \
    X(xml_type)

#define X(name) FunctionTables name##_tables();
CDCSIM_FUNCTION_FILES(X)
#undef X

namespace {

std::vector<FunctionTables> all_tables() {
    std::vector<FunctionTables> tables;
#define X(name) tables.push_back(name##_tables());
    CDCSIM_FUNCTION_FILES(X)
#undef X
    return tables;
}

/// The joined tables: built once, read-only afterwards.
struct Registry {
    std::vector<std::pair<Oid, ScalarFunction>> scalars;
    std::vector<std::pair<Oid, SetFunction>> sets;
    std::vector<const AggregateRow*> aggregates;
    std::vector<const TypeOps*> types;
};

/// pg_proc rows matched to implementation rows by prosrc or by "#oid".
template <typename Row, typename Function>
void match(const std::vector<Row>& rows, std::vector<std::pair<Oid, Function>>& out) {
    std::vector<Row> sorted = rows;
    std::ranges::sort(sorted, {}, &Row::key);
    auto find = [&](std::string_view key) -> const Row* {
        auto it = std::ranges::lower_bound(sorted, key, {}, &Row::key);
        return it != sorted.end() && it->key == key ? &*it : nullptr;
    };
    for (const ProcRow& proc : builtin_procs()) {
        char buffer[16] = "#";
        auto end = std::to_chars(buffer + 1, buffer + sizeof buffer, proc.oid).ptr;
        const Row* row = find(std::string_view(buffer, end));
        if (row == nullptr && !proc.prosrc.empty()) row = find(proc.prosrc);
        if (row != nullptr) out.emplace_back(proc.oid, row->function);
    }
}

Registry build() {
    Registry registry;
    std::vector<ScalarRow> scalars;
    std::vector<SetRow> sets;
    for (const FunctionTables& tables : all_tables()) {
        scalars.insert(scalars.end(), tables.scalars.begin(), tables.scalars.end());
        sets.insert(sets.end(), tables.sets.begin(), tables.sets.end());
        for (const AggregateRow& row : tables.aggregates) registry.aggregates.push_back(&row);
        for (const TypeOps& row : tables.types) registry.types.push_back(&row);
    }
    match(scalars, registry.scalars);
    match(sets, registry.sets);
    std::ranges::sort(registry.aggregates, {}, &AggregateRow::oid);
    std::ranges::sort(registry.types, {}, &TypeOps::oid);
    return registry;
}

const Registry& registry() {
    static const Registry instance = build();
    return instance;
}

template <typename Pairs>
auto find_pair(const Pairs& pairs, Oid oid) {
    using Function = typename Pairs::value_type::second_type;
    auto it = std::ranges::lower_bound(pairs, oid, {}, [](const auto& pair) { return pair.first; });
    return it != pairs.end() && it->first == oid ? it->second : Function{nullptr};
}

}  // namespace

ScalarFunction find_scalar_function(Oid oid) { return find_pair(registry().scalars, oid); }
SetFunction find_set_function(Oid oid) { return find_pair(registry().sets, oid); }

const AggregateRow* find_aggregate(Oid oid) {
    const auto& rows = registry().aggregates;
    auto it = std::ranges::lower_bound(rows, oid, {}, &AggregateRow::oid);
    return it != rows.end() && (*it)->oid == oid ? *it : nullptr;
}

const TypeOps* find_type_ops(Oid oid) {
    const auto& rows = registry().types;
    auto it = std::ranges::lower_bound(rows, oid, {}, &TypeOps::oid);
    return it != rows.end() && (*it)->oid == oid ? *it : nullptr;
}

const TypeOps* shared_type_ops(char category) {
    switch (category) {
        case 'A':
            return &kArrayOps;
        case 'C':
            return &kCompositeOps;
        case 'E':
            return &enum_type_ops();
        default:
            return nullptr;
    }
}

}  // namespace cdcsim::pg
