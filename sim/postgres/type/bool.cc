#include "sim/postgres/type/bool.h"

#include <cstdint>

#include "sim/postgres/function/function_tables.h"
#include "sim/postgres/type/integer.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

struct BoolWord {
    std::string_view word;
    std::size_t shortest;  ///< a prefix needs so many characters
    bool value;
};

constexpr BoolWord kWords[] = {
    {"true", 1, true}, {"false", 1, false}, {"yes", 1, true}, {"no", 1, false},
    {"on", 2, true},   {"off", 2, false},   {"1", 1, true},   {"0", 1, false},
};

bool is_prefix_ignoring_case(std::string_view text, std::string_view word) {
    if (text.size() > word.size()) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] + 32) : text[i];
        if (c != word[i]) return false;
    }
    return true;
}

Datum bool_input(Environment&, const TypeInfo&, std::string_view text, std::int32_t) {
    std::string_view trimmed = text;
    while (!trimmed.empty() && is_sql_space(trimmed.front())) trimmed.remove_prefix(1);
    while (!trimmed.empty() && is_sql_space(trimmed.back())) trimmed.remove_suffix(1);
    std::optional<bool> value = parse_bool(trimmed);
    if (!value) throw_invalid_input("boolean", text);
    return Datum::of_bool(*value);
}

void bool_output(Environment&, const TypeInfo&, const Datum& value, std::string& out) {
    out += value.as_bool() ? 't' : 'f';
}

int bool_compare(const Datum& a, const Datum& b) noexcept {
    return static_cast<int>(a.as_int()) - static_cast<int>(b.as_int());
}

constexpr TypeOps kTypes[] = {
    {oid::kBool, bool_input, bool_output, bool_compare, nullptr, true},
};

}  // namespace

std::optional<bool> parse_bool(std::string_view text) {
    for (const BoolWord& row : kWords) {
        if (text.size() >= row.shortest && is_prefix_ignoring_case(text, row.word)) return row.value;
    }
    return std::nullopt;
}

FunctionTables bool_type_tables() { return {.types = kTypes}; }

}  // namespace cdcsim::pg
