// A node of libpg_query's raw parse tree. The tree arrives as JSON; this is a cheap view into it
// (16 bytes and the node's tag), so that only parser/ sees simdjson. PostgreSQL's own names stand
// for node kinds ("SelectStmt") and fields ("targetList"); fields that are zero, false or empty are
// left out by libpg_query and read as such here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cdcsim::pg {

class Node {
  public:
    Node() = default;

    /// False for an absent field.
    explicit operator bool() const { return present_; }
    /// "SelectStmt", "ColumnRef"; empty for a field whose type is fixed (a RangeVar in InsertStmt).
    std::string_view tag() const { return tag_; }
    bool is(std::string_view tag) const { return tag_ == tag; }

    Node operator[](std::string_view field) const;
    bool has(std::string_view field) const { return static_cast<bool>((*this)[field]); }
    /// A list's items; a List node's too. Empty if absent.
    std::vector<Node> items() const;
    std::vector<Node> items(std::string_view field) const { return (*this)[field].items(); }

    /// A string field, or an enum's name ("SETOP_UNION"). Empty if absent.
    std::string_view text(std::string_view field) const;
    std::int64_t integer(std::string_view field) const;
    bool flag(std::string_view field) const;
    /// The byte offset where the node begins, -1 if it has none. (0 is left out in the JSON.)
    int location() const;
    /// The text of a String node. REQUIRES: tag String.
    std::string_view string() const { return text("sval"); }

    /// For parser/ only: `element` is a simdjson::dom::element.
    static Node wrap(const void* element);

  private:
    alignas(8) std::byte element_[16] = {};  ///< simdjson::dom::element
    std::string_view tag_;
    bool present_ = false;
};

/// The names in a list of String nodes: a qualified name.
std::vector<std::string> name_list(const std::vector<Node>& items);

}  // namespace cdcsim::pg
