#include "sim/debezium/table_model.h"

namespace cdcsim::debezium {

namespace {

std::string quoted_with(std::string_view text, char quote) {
    std::string out(1, quote);
    for (char c : text) {
        if (c == quote) out += quote;
        out += c;
    }
    return out + quote;
}

}  // namespace

std::string quoted_identifier(std::string_view name) {
    return quoted_with(name, '"');
}

std::string quoted_literal(std::string_view text) {
    return quoted_with(text, '\'');
}

std::string TableId::quoted() const {
    return quoted_identifier(schema) + "." + quoted_identifier(table);
}

const Column* Table::column(std::string_view name) const {
    for (const auto& candidate : columns)
        if (candidate.name == name) return &candidate;
    return nullptr;
}

}  // namespace cdcsim::debezium
