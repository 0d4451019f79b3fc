// Array values: PostgreSQL's ArrayType as dimensions and elements, its text forms and its element
// access. Mirrors arrayfuncs.c; the SQL functions are in function/array_*.cc.
//
// A stored array (Datum Text) is array_out's text with each element in the canonical text of its
// type, whatever the session's settings are; read_array and write_array convert it. parse_array and
// format_array are the session's array_in and array_out. int2vector and oidvector are read and
// written in their own form ("1 2 3", lower bound 0).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/postgres/type/datum.h"
#include "sim/postgres/type/type_info.h"

namespace cdcsim::pg {

inline constexpr int kMaxDimensions = 6;
inline constexpr std::int64_t kMaxArrayElements = 134'217'727;

struct ArrayValue {
    int ndim = 0;  ///< 0: the empty array
    std::array<std::int32_t, kMaxDimensions> dims{}, lower{};
    std::vector<Datum> elements;  ///< row-major

    std::int32_t upper(int dimension) const { return lower[dimension] + dims[dimension] - 1; }
    /// One dimension with lower bound 1; empty if there are no elements.
    static ArrayValue of(std::vector<Datum> elements);
};

/// The element type of an array type or of a domain over one; kInvalidOid for other types.
Oid array_element_type(Environment& env, Oid type);

/// A stored value of `array_type`. REQUIRES: valid text.
ArrayValue read_array(Environment& env, Oid array_type, std::string_view stored);
std::string write_array(Environment& env, Oid array_type, const ArrayValue& value);
inline Datum array_datum(Environment& env, Oid array_type, const ArrayValue& value) {
    return Datum::of_text(write_array(env, array_type, value));
}

/// array_in and array_out. Throws 22P02 `malformed array literal`, 2202E, 54000 and what the
/// element's input function throws.
ArrayValue parse_array(Environment& env, Oid array_type, std::string_view text,
                       std::int32_t typmod = -1);
std::string format_array(Environment& env, Oid array_type, const ArrayValue& value);

/// A stored text[] (or any array of a type that is stored as its characters), NULLs as nullopt,
/// all dimensions in one list. `ndim` is set if given.
std::vector<std::optional<std::string>> read_text_array(std::string_view stored,
                                                        int* ndim = nullptr);

/// array[i][j]...: NULL if any index is NULL, out of range, or their number is wrong.
Datum array_get_element(Environment& env, Oid array_type, const Datum& array,
                        std::span<const Datum> indexes);

/// One [lower:upper] of a slice; an omitted bound is the array's own. NULL Datum: SQL NULL.
struct SliceBound {
    bool has_lower = false, has_upper = false;
    Datum lower, upper;
};
/// array[l:u]...: NULL if the array or a bound is NULL, else an array with lower bounds 1.
Datum array_get_slice(Environment& env, Oid array_type, const Datum& array,
                      std::span<const SliceBound> bounds);

/// The array with one element replaced (assignment to a subscript); a NULL array counts as empty,
/// gaps of a one-dimensional array are filled with NULL. Throws 22004 for a NULL index, 2202E.
Datum array_set_element(Environment& env, Oid array_type, const Datum& array,
                        std::span<const Datum> indexes, const Datum& value);
/// The same for a slice; `source` is an array. A NULL source changes nothing.
Datum array_set_slice(Environment& env, Oid array_type, const Datum& array,
                      std::span<const SliceBound> bounds, const Datum& source);

/// Throws 54000 `array size exceeds the maximum allowed`; returns the number of elements.
std::int64_t check_array_size(int ndim, const std::int32_t* dims, const std::int32_t* lower);

/// The TypeOps row that all array types share.
extern const TypeOps kArrayOps;

}  // namespace cdcsim::pg
