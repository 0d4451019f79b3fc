// Patterns of expectations: a subset of a JSON value in YAML, with matchers such as <any> and
// <decimal 103.50>. Checked when the file is loaded, matched against decoded records.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/diff/json.h"
#include "core/scenario/yaml_node.h"

namespace cdcsim::scenario {

/// Why a value does not match: where, what was expected, what is there.
struct Mismatch {
    std::string path;      ///< `after.amount`
    std::string expected;
    std::string actual;
    std::string note;      ///< such as the missing quote; often ""
};

/// The values that <same NAME> stands for, as they are met.
using Bindings = std::map<std::string, diff::Json>;

/// What a pattern is held against: the value, and its Connect schema where there is one.
struct Subject {
    const diff::Json* value = nullptr;   ///< null: absent
    const diff::Json* schema = nullptr;
};

/// nullopt if it matches. Bindings are added only by a match.
std::optional<Mismatch> match(const Node& pattern, const Subject& subject, const std::string& path,
                              Bindings& bindings);

/// A pattern against plain text: an SQL value (nullopt is NULL), an error's field.
std::optional<Mismatch> match_text(const Node& pattern, const std::optional<std::string>& text,
                                   const std::string& path, Bindings& bindings);

/// Refuses unknown matchers. Throws ScenarioError.
void check_pattern(const std::string& file, const Node& pattern);

/// The same for a record: null, or a mapping whose keys beginning with $ are known.
void check_record_pattern(const std::string& file, const Node& pattern);

/// The pattern in YAML's flow style, for messages.
std::string print_pattern(const Node& pattern);

}  // namespace cdcsim::scenario
