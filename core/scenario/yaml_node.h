// A YAML document as a tree that remembers where everything stands. Read from libyaml's events;
// scalars are resolved by YAML 1.2's core schema, so `no` and `on` are strings.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace cdcsim::scenario {

/// A file that does not fit: `file:line:column: message`, line and column from 1.
class ScenarioError : public std::runtime_error {
  public:
    ScenarioError(const std::string& file, int line, int column, const std::string& message);
    int line() const { return line_; }
    int column() const { return column_; }

  private:
    int line_, column_;
};

struct Node {
    enum class Kind { kScalar, kSequence, kMapping };
    struct Entry;

    Kind kind = Kind::kScalar;
    bool plain = false;  ///< a plain scalar: its type is resolved, a quoted one is a string
    bool block = false;  ///< a | or > scalar: its text begins on the next line
    std::string value;   ///< of a scalar
    std::vector<Node> items;
    std::vector<Entry> entries;  ///< in the file's order, keys are unique
    int line = 1, column = 1;

    bool is_scalar() const { return kind == Kind::kScalar; }
    bool is_sequence() const { return kind == Kind::kSequence; }
    bool is_mapping() const { return kind == Kind::kMapping; }
    /// The value of a key, or null.
    const Node* find(std::string_view key) const;
};

struct Node::Entry {
    std::string key;
    int line = 1, column = 1;
    Node value;
};

/// What a scalar means by the core schema.
enum class ScalarType { kNull, kBool, kNumber, kString };
ScalarType scalar_type(const Node& node);
inline bool is_null(const Node& node) {
    return node.is_scalar() && scalar_type(node) == ScalarType::kNull;
}

/// Two numbers are equal exactly if their canonical forms are. Takes what YAML and JSON call a
/// number (0x and 0o, too); "" if the text is none.
std::string canonical_number(std::string_view text);

/// Parses one document. Throws ScenarioError.
Node parse_yaml(const std::string& file, std::string_view text);

}  // namespace cdcsim::scenario
