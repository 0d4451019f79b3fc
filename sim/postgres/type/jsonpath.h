// jsonpath: the tree of a path, its parser and its text form. Mirrors jsonpath.c, jsonpath_gram.y
// and jsonpath_scan.l; the executor is function/jsonpath_exec.cc. A stored jsonpath is jsonpath_out's
// text.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sim/postgres/type/type_info.h"

namespace cdcsim::pg {

enum class PathOp : std::uint8_t {
    kNull, kString, kNumeric, kBool, kAnd, kOr, kNot, kIsUnknown, kEqual, kNotEqual, kLess,
    kGreater, kLessOrEqual, kGreaterOrEqual, kAdd, kSub, kMul, kDiv, kMod, kPlus, kMinus,
    kAnyArray, kAnyKey, kIndexArray, kAny, kKey, kCurrent, kRoot, kVariable, kFilter, kExists,
    kType, kSize, kAbs, kFloor, kCeiling, kDouble, kDatetime, kKeyValue, kLast, kStartsWith,
    kLikeRegex
};

struct PathItem;
using PathItemPtr = std::unique_ptr<PathItem>;

struct PathItem {
    explicit PathItem(PathOp o) : op(o) {}
    PathOp op;
    std::string text;          ///< key, string, variable, number in stored form, "true", pattern
    std::string flags;         ///< of like_regex, in the order i s m x q
    PathItemPtr left, right;   ///< operands; left alone for unary ones and filters
    PathItemPtr next;          ///< the accessor behind it
    struct Subscript {
        PathItemPtr from, to;  ///< `to` is null for a single index
    };
    std::vector<Subscript> subscripts;
    std::uint32_t first = 0, last = 0;  ///< levels of **
};

inline constexpr std::uint32_t kPathLast = UINT32_MAX;

struct JsonPath {
    bool lax = true;
    PathItemPtr root;
};

/// Throws 42601, 22P02.
JsonPath parse_jsonpath(std::string_view text);
std::string format_jsonpath(const JsonPath& path);

/// The operator's spelling in messages ("+", "like_regex", "size").
std::string_view path_op_name(PathOp op);

/// A regular expression of PostgreSQL that means `pattern` under XQuery `flags`.
std::string path_regex(const std::string& pattern, const std::string& flags);

}  // namespace cdcsim::pg
