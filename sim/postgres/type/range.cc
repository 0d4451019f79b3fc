#include "sim/postgres/type/range.h"

#include <limits>

#include "core/base/error.h"
#include "sim/postgres/function/function_tables.h"
#include "sim/postgres/type/canonical.h"
#include "sim/postgres/type/datetime.h"
#include "sim/postgres/type/integer.h"
#include "sim/postgres/type/numeric.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

struct RangeType {
    Oid range, subtype;
};
constexpr RangeType kRangeTypes[] = {
    {oid::kInt4range, oid::kInt4},         {oid::kNumrange, oid::kNumeric},
    {oid::kTsrange, oid::kTimestamp},      {oid::kTstzrange, oid::kTimestamptz},
    {oid::kDaterange, oid::kDate},         {oid::kInt8range, oid::kInt8},
};

/// A range literal split into its parts; the bounds are still text.
struct RangeLiteral {
    std::optional<std::string> lower, upper;
    bool lower_inclusive = false, upper_inclusive = false, empty = false;
};

class RangeReader {
  public:
    explicit RangeReader(std::string_view text) : text_(text) {}

    RangeLiteral read() {
        RangeLiteral literal;
        skip_spaces();
        literal.empty = read_empty();
        if (literal.empty) return literal;
        if (peek() != '[' && peek() != '(') fail("Missing left parenthesis or bracket.");
        literal.lower_inclusive = text_[at_++] == '[';
        literal.lower = read_bound();
        if (peek() != ',') fail("Missing comma after lower bound.");
        ++at_;
        literal.upper = read_bound();
        if (peek() != ']' && peek() != ')') fail("Too many commas.");
        literal.upper_inclusive = text_[at_++] == ']';
        skip_spaces();
        if (at_ != text_.size()) fail("Junk after right parenthesis or bracket.");
        return literal;
    }

  private:
    [[noreturn]] void fail(const char* detail) {
        throw SqlError("22P02", "malformed range literal: \"" + std::string(text_) + "\"")
            .detail(detail);
    }
    char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
    void skip_spaces() {
        while (is_sql_space(peek())) ++at_;
    }
    bool read_empty() {
        constexpr std::string_view kEmpty = "empty";
        for (std::size_t i = 0; i < kEmpty.size(); ++i) {
            if (at_ + i >= text_.size() || (text_[at_ + i] | 0x20) != kEmpty[i]) return false;
        }
        at_ += kEmpty.size();
        skip_spaces();
        if (at_ != text_.size()) fail("Junk after \"empty\" key word.");
        return true;
    }
    std::optional<std::string> read_bound() {
        auto at_end = [&] { return peek() == ',' || peek() == ')' || peek() == ']'; };
        if (at_end()) return std::nullopt;
        std::string bound;
        for (bool quoted = false; quoted || !at_end(); ++at_) {
            if (at_ >= text_.size()) fail("Unexpected end of input.");
            const char c = text_[at_];
            if (c == '\\') {
                if (++at_ >= text_.size()) fail("Unexpected end of input.");
                bound += text_[at_];
            } else if (c != '"') {
                bound += c;
            } else if (quoted && at_ + 1 < text_.size() && text_[at_ + 1] == '"') {
                bound += text_[++at_];
            } else {
                quoted = !quoted;
            }
        }
        return bound;
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

void append_bound(std::string_view bound, std::string& out) {
    const bool quoted = bound.empty() || bound.find_first_of("\"\\()[], \t\n\r\v\f") != bound.npos;
    if (!quoted) return void(out += bound);
    out += '"';
    for (const char c : bound) {
        if (c == '"' || c == '\\') out += c;
        out += c;
    }
    out += '"';
}

/// `write` appends a bound's value as text.
template <typename Write>
void append_range(const Range& range, std::string& out, Write write) {
    if (range.empty) return void(out += "empty");
    auto append = [&](const RangeBound& bound) {
        if (bound.is_infinite()) return;
        std::string text;
        write(bound.value, text);
        append_bound(text, out);
    };
    out += range.lower.inclusive ? '[' : '(';
    append(range.lower);
    out += ',';
    append(range.upper);
    out += range.upper.inclusive ? ']' : ')';
}

/// The next value of a discrete type.
Datum successor(Oid subtype, const Datum& value) {
    const std::int64_t number = value.as_int();
    if (subtype == oid::kDate) {
        constexpr std::int64_t kLastDate = 2145031948;  // 5874897-12-31
        if (!is_finite_date(number)) return value;
        if (number >= kLastDate) throw SqlError("22008", "date out of range");
    } else if (number == (subtype == oid::kInt4 ? std::numeric_limits<std::int32_t>::max()
                                                : std::numeric_limits<std::int64_t>::max())) {
        throw_integer_out_of_range(subtype == oid::kInt4 ? "integer" : "bigint");
    }
    return Datum::of_int(number + 1);
}

/// range_serialize's check: nothing between the bounds makes the range empty.
void check_order(Environment& env, Oid subtype, Range& range) {
    if (range.lower.is_infinite()) range.lower.inclusive = false;
    if (range.upper.is_infinite()) range.upper.inclusive = false;
    if (range.empty || range.lower.is_infinite() || range.upper.is_infinite()) return;
    const int order = compare_values(env, subtype, range.lower.value, range.upper.value);
    if (order > 0) {
        throw SqlError("22000",
                       "range lower bound must be less than or equal to range upper bound");
    }
    if (order == 0 && !(range.lower.inclusive && range.upper.inclusive)) range.empty = true;
}

void make_half_open(Oid subtype, Range& range) {
    auto keeps_its_form = [&](const Datum& value) {
        return subtype == oid::kDate && !is_finite_date(value.as_int());
    };
    if (!range.lower.is_infinite() && !range.lower.inclusive && !keeps_its_form(range.lower.value)) {
        range.lower = {successor(subtype, range.lower.value), true};
    }
    if (!range.upper.is_infinite() && range.upper.inclusive && !keeps_its_form(range.upper.value)) {
        range.upper = {successor(subtype, range.upper.value), false};
    }
}

Datum range_input(Environment& env, const TypeInfo& type, std::string_view text, std::int32_t) {
    const RangeLiteral literal = RangeReader(text).read();
    const Oid subtype = range_subtype(type.oid);
    Range range;
    range.empty = literal.empty;
    if (literal.lower) range.lower.value = input_text(env, subtype, *literal.lower);
    if (literal.upper) range.upper.value = input_text(env, subtype, *literal.upper);
    range.lower.inclusive = literal.lower_inclusive;
    range.upper.inclusive = literal.upper_inclusive;
    return make_range(env, type.oid, std::move(range));
}

void range_output(Environment& env, const TypeInfo& type, const Datum& value, std::string& out) {
    const TypeInfo& subtype = env.type(range_subtype(type.oid));
    if (prints_as_stored(env, subtype)) return void(out += value.as_text());
    append_range(read_range(env, type.oid, value.as_text()), out,
                 [&](const Datum& bound, std::string& text) {
                     text += output_text(env, subtype.oid, bound);
                 });
}

void append_little_endian(std::uint64_t value, int size, std::string& out) {
    for (int i = 0; i < size; ++i) out += static_cast<char>(value >> (8 * i) & 0xff);
}

/// One bound of the disk image. Offsets count from the varlena's four-byte header.
void append_bound_image(const Datum& value, Oid subtype, std::string& out) {
    if (subtype == oid::kNumeric) {
        std::string image;
        append_numeric_disk_image(Numeric::from_canonical(value.as_text()), image);
        if (image.size() + 1 <= 127) {
            out += static_cast<char>((image.size() + 1) << 1 | 1);
        } else {
            while ((out.size() + 4) % 4 != 0) out += '\0';
            append_little_endian((image.size() + 4) << 2, 4, out);
        }
        out += image;
        return;
    }
    const int size = subtype == oid::kInt4 || subtype == oid::kDate ? 4 : 8;
    while ((out.size() + 4) % static_cast<std::size_t>(size) != 0) out += '\0';
    append_little_endian(static_cast<std::uint64_t>(value.as_int()), size, out);
}

void range_to_disk(Environment& env, const TypeInfo& type, const Datum& value, std::string& out) {
    const Range range = read_range(env, type.oid, value.as_text());
    const Oid subtype = range_subtype(type.oid);
    std::string image;
    append_little_endian(type.oid, 4, image);
    unsigned flags = 0;
    if (range.empty) {
        flags = 0x01;
    } else {
        flags |= range.lower.inclusive ? 0x02U : 0U;
        flags |= range.upper.inclusive ? 0x04U : 0U;
        flags |= range.lower.is_infinite() ? 0x08U : 0U;
        flags |= range.upper.is_infinite() ? 0x10U : 0U;
        if (!range.lower.is_infinite()) append_bound_image(range.lower.value, subtype, image);
        if (!range.upper.is_infinite()) append_bound_image(range.upper.value, subtype, image);
    }
    image += static_cast<char>(flags);
    out += image;
}

// The order needs a session (compare_ranges); compare_values goes there by itself.
constexpr TypeOps range_ops(Oid range) {
    return {range, range_input, range_output, nullptr, range_to_disk, false};
}
constexpr TypeOps kTypes[] = {
    range_ops(oid::kInt4range), range_ops(oid::kNumrange),  range_ops(oid::kTsrange),
    range_ops(oid::kTstzrange), range_ops(oid::kDaterange), range_ops(oid::kInt8range),
};

}  // namespace

Oid range_subtype(Oid range) {
    for (const RangeType& row : kRangeTypes) {
        if (row.range == range) return row.subtype;
    }
    return kInvalidOid;
}

Range read_range(Environment& env, Oid type, std::string_view text) {
    RangeLiteral literal = RangeReader(text).read();
    const TypeInfo& subtype = env.type(range_subtype(type));
    Range range;
    range.empty = literal.empty;
    if (literal.lower) range.lower.value = read_canonical(env, subtype, *literal.lower);
    if (literal.upper) range.upper.value = read_canonical(env, subtype, *literal.upper);
    range.lower.inclusive = literal.lower_inclusive;
    range.upper.inclusive = literal.upper_inclusive;
    return range;
}

Datum make_range(Environment& env, Oid type, Range range) {
    const Oid subtype = range_subtype(type);
    check_order(env, subtype, range);
    if (!range.empty && (subtype == oid::kInt4 || subtype == oid::kInt8 || subtype == oid::kDate)) {
        make_half_open(subtype, range);
        check_order(env, subtype, range);
    }
    const TypeInfo& info = env.type(subtype);
    std::string out;
    append_range(range, out, [&](const Datum& bound, std::string& text) {
        write_canonical(env, info, bound, text);
    });
    return Datum::of_text(std::move(out));
}

int compare_bounds(Environment& env, Oid subtype, PlacedBound a, PlacedBound b) {
    const bool a_lower = a.side == RangeSide::kLower, b_lower = b.side == RangeSide::kLower;
    if (a.bound.is_infinite() && b.bound.is_infinite()) {
        return a_lower == b_lower ? 0 : a_lower ? -1 : 1;
    }
    if (a.bound.is_infinite()) return a_lower ? -1 : 1;
    if (b.bound.is_infinite()) return b_lower ? 1 : -1;
    const int order = compare_values(env, subtype, a.bound.value, b.bound.value);
    if (order != 0) return order;
    if (!a.bound.inclusive && !b.bound.inclusive) {
        return a_lower == b_lower ? 0 : a_lower ? 1 : -1;
    }
    if (!a.bound.inclusive) return a_lower ? 1 : -1;
    if (!b.bound.inclusive) return b_lower ? -1 : 1;
    return 0;
}

int compare_ranges(Environment& env, Oid type, const Datum& left, const Datum& right) {
    const Range a = read_range(env, type, left.as_text()), b = read_range(env, type, right.as_text());
    if (a.empty || b.empty) return static_cast<int>(b.empty) - static_cast<int>(a.empty);
    const Oid subtype = range_subtype(type);
    const int order = compare_bounds(env, subtype, {a.lower, RangeSide::kLower},
                                     {b.lower, RangeSide::kLower});
    if (order != 0) return order;
    return compare_bounds(env, subtype, {a.upper, RangeSide::kUpper}, {b.upper, RangeSide::kUpper});
}

FunctionTables range_type_tables() { return {.types = kTypes}; }

}  // namespace cdcsim::pg
