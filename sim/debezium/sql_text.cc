#include "sim/debezium/sql_text.h"

#include <charconv>

namespace cdcsim::debezium {

namespace {

std::uint64_t hex_number(std::string_view text) {
    std::uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value, 16);
    return value;
}

}  // namespace

std::string bind(std::string_view query, std::initializer_list<std::string> values) {
    std::string out(query);
    int number = 0;
    for (const auto& value : values) {
        std::string mark = "{" + std::to_string(number++) + "}";
        for (auto at = out.find(mark); at != out.npos; at = out.find(mark, at + value.size()))
            out.replace(at, mark.size(), value);
    }
    return out;
}

std::int64_t as_integer(const std::optional<std::string>& value) {
    std::int64_t number = 0;
    if (value) std::from_chars(value->data(), value->data() + value->size(), number);
    return number;
}

bool as_boolean(const std::optional<std::string>& value) {
    return value && !value->empty() && ((*value)[0] == 't' || *value == "on" || *value == "1");
}

std::uint64_t as_lsn(const std::optional<std::string>& value) {
    if (!value) return 0;
    auto slash = value->find('/');
    if (slash == value->npos) return 0;
    return hex_number(std::string_view(*value).substr(0, slash)) << 32 |
           hex_number(std::string_view(*value).substr(slash + 1));
}

}  // namespace cdcsim::debezium
