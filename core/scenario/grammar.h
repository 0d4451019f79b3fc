// The grammar of a scenario file as one table: the loader's validation, its messages and the JSON
// Schema for editors are made from these rows.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "core/scenario/yaml_node.h"

namespace cdcsim::scenario {

/// Where a key may stand.
enum class Place { kFile, kDatabase, kStep, kSqlSource, kError, kConnector, kExpect };

/// What may stand behind a key.
enum class Shape {
    kText,        ///< a scalar, taken as its text
    kTexts,       ///< a list of such
    kTextOrTexts,
    kNumber,
    kCount,       ///< an integer from 0
    kScalars,     ///< {name: scalar}
    kCases,       ///< {name: {name: scalar}}
    kList,
    kRecords,     ///< a list of record patterns
    kRows,        ///< [[value]]
    kAny,
    kMapping,     ///< of another place
};

struct KeyRule {
    Place place;
    std::string_view key;
    Shape shape;
    bool required;
    std::string_view choices;  ///< "sim|live", or "" for any text
    std::string_view help;
};

std::span<const KeyRule> grammar();

/// Verbs of a connector step, in the order of the rules.
bool is_connector_verb(std::string_view word);

/// Refuses what the rules of `place` do not allow: not a mapping, unknown keys (with the nearest
/// known one), missing keys, wrong shapes. Throws ScenarioError.
void check_mapping(const std::string& file, const Node& node, Place place);

/// ` (did you mean "steps"?)`, or a list of what is known, or "".
std::string suggest(std::string_view given, std::span<const std::string_view> known);

/// A JSON Schema (2020-12) of scenario files.
std::string json_schema();

}  // namespace cdcsim::scenario
