// JSON for comparing: member order, duplicate members and the spelling of numbers are kept, because
// two records are the same only if their bytes are. Not used on the way out of the simulator.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cdcsim::diff {

struct Json {
    enum class Kind { kNull, kFalse, kTrue, kNumber, kString, kArray, kObject };

    Kind kind = Kind::kNull;
    std::string text;                                   ///< a string's value, a number's spelling
    std::vector<Json> items;                            ///< of an array
    std::vector<std::pair<std::string, Json>> members;  ///< of an object
    std::size_t begin = 0, end = 0;                     ///< where it stands in the parsed text

    bool is(Kind k) const { return kind == k; }
    bool is_null() const { return kind == Kind::kNull; }
    bool is_object() const { return kind == Kind::kObject; }
    /// The first member of that name, or null.
    const Json* find(std::string_view name) const;
    /// Follows member names.
    const Json* find_path(std::initializer_list<std::string_view> path) const;
};

/// nullopt if the text is not one JSON value (or is nested more than 500 deep).
std::optional<Json> parse_json(std::string_view text);

/// Equal values: members in any order, numbers by value.
bool equal_values(const Json& a, const Json& b);

/// Compact JSON, members in order.
std::string print_json(const Json& value);
std::string quote_json(std::string_view text);

}  // namespace cdcsim::diff
