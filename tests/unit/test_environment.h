// A session for tests of types and functions: built-in types only, UTC, a fixed clock, a counter
// for chance. `call` runs one built-in function by prosrc on arguments in text form.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/postgres/catalog/builtin.h"
#include "sim/postgres/function/environment.h"
#include "sim/postgres/function/registry.h"

namespace cdcsim::pg {

/// Base is Environment, or an interface derived from it (Host).
template <typename Base>
class TestEnvironmentOf : public Base {
  public:
    ValueSettings settings;
    std::vector<std::string> notices;

    const ValueSettings& value_settings() override { return settings; }
    bool type_is_visible(const TypeInfo&) override { return true; }
    std::int64_t transaction_timestamp() override { return now; }
    std::int64_t statement_timestamp() override { return now; }
    std::int64_t clock_timestamp() override { return now; }
    std::uint64_t random_bits() override { return ++random_state * 0x9E3779B97F4A7C15ULL; }
    double random() override { return 0.5; }
    void set_random_seed(double) override {}
    int register_row_type(const RowType& row) override {
        rows.push_back(row);
        return static_cast<int>(rows.size()) - 1;
    }
    const RowType& row_type(int number) override { return rows.at(static_cast<std::size_t>(number)); }
    void notice(std::string_view severity, const std::string& message) override {
        notices.push_back(std::string(severity) + ": " + message);
    }

    const TypeInfo* find_type(Oid oid) override {
        auto [it, fresh] = types.try_emplace(oid);
        TypeInfo& info = it->second;
        if (!fresh) return &info;
        const TypeRow* row = find_builtin_type(oid);
        if (row == nullptr) return types.erase(it), nullptr;
        info.oid = row->oid;
        info.schema = "pg_catalog";
        info.name = row->name;
        info.typtype = row->typtype;
        info.category = row->category;
        info.preferred = row->preferred;
        info.length = row->length;
        info.by_value = row->by_value;
        info.align = row->align;
        info.storage = row->storage;
        info.delimiter = row->delimiter;
        info.element = row->element;
        info.array = row->array;
        info.collation = row->collation;
        info.ops = info.is_array() ? shared_type_ops('A') : find_type_ops(oid);
        return &info;
    }

    std::int64_t now = 757'382'400'123'457;  // 2024-01-01 00:00:00.123457
    std::uint64_t random_state = 0;

  private:
    std::map<Oid, TypeInfo> types;
    std::deque<RowType> rows;
};
class TestEnvironment : public TestEnvironmentOf<Environment> {};

/// Calls the function `oid` of pg_proc with arguments in text form (nullopt is NULL), as
/// `SELECT f('a'::t, ...)` would, and returns its text. Polymorphic functions: give `types`.
inline std::optional<std::string> call(TestEnvironment& env, Oid oid,
                                       const std::vector<std::optional<std::string>>& args,
                                       std::vector<Oid> types = {}, Oid result = kInvalidOid) {
    const ProcRow* proc = find_builtin_proc(oid);
    if (types.empty()) types.assign(proc->args.begin(), proc->args.end());
    if (result == kInvalidOid) result = proc->result;
    std::vector<Datum> values;
    for (std::size_t i = 0; i < args.size(); ++i) {
        if (!args[i] && proc->strict) return std::nullopt;
        values.push_back(args[i] ? input_text(env, types[i], *args[i]) : Datum());
    }
    ScalarFunction function = find_scalar_function(oid);
    if (function == nullptr) throw NotSimulated("function " + std::string(proc->name));
    CallContext context{env, result, types, kInvalidOid, false, oid};
    Datum value = function(context, values);
    if (value.is_null()) return std::nullopt;
    return output_text(env, result, value);
}

}  // namespace cdcsim::pg
