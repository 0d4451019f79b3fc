// One SQL value as the simulated server carries it between the evaluator, the functions and the
// storage. The static type is always known to the binder, so a Datum carries no type, only one of
// four representations, which are also SQLite's:
//
//   bool, int2, int4, int8, oid, xid, money, date, time, timestamp, timestamptz, "char"  -> Int
//       bool 0/1; date days, time microseconds since midnight, timestamps microseconds since
//       2000-01-01 (PostgreSQL's epoch; +-infinity are the extremes INT64_MIN/INT64_MAX, for date
//       INT32_MIN/INT32_MAX); "char" its byte as 0..255
//   float4, float8   -> Float (a float4 is the float's exact value as double); enum -> Float, its
//                       enumsortorder
//   text, varchar, name, json, xml, bit, varbit -> Text: the characters
//   bytea, uuid      -> Text: the raw bytes (16 for uuid); SQLite holds them as BLOB
//   bpchar           -> Text, padded with blanks to its typmod
//   numeric, jsonb, interval, timetz, inet, cidr, ranges, arrays, composites -> Text: exactly what
//                       the output function prints under DateStyle ISO, MDY, IntervalStyle postgres,
//                       TimeZone UTC, extra_float_digits 1, bytea_output hex ("canonical text")
//   RECORD of an anonymous row type -> Text: "\x01<row type number>\x02" and the row literal
//   void -> Text ""
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "core/base/error.h"

namespace cdcsim::pg {

class Datum {
  public:
    enum class Kind : std::uint8_t { kNull, kInt, kFloat, kText };

    Datum() = default;
    static Datum of_int(std::int64_t value) { return Datum(Value(value)); }
    static Datum of_bool(bool value) { return Datum(Value(std::int64_t{value})); }
    static Datum of_float(double value) { return Datum(Value(value)); }
    static Datum of_text(std::string value) { return Datum(Value(std::move(value))); }
    static Datum of_text(std::string_view value) { return Datum(Value(std::string(value))); }
    static Datum of_text(const char* value) { return Datum(Value(std::string(value))); }

    Kind kind() const { return static_cast<Kind>(value_.index()); }
    bool is_null() const { return kind() == Kind::kNull; }
    /// REQUIRES: the kind asked for; a mismatch is a bug of ours (InternalError).
    std::int64_t as_int() const {
        const auto* value = std::get_if<std::int64_t>(&value_);
        CDCSIM_CHECK(value != nullptr);
        return *value;
    }
    bool as_bool() const { return as_int() != 0; }
    double as_float() const {
        const auto* value = std::get_if<double>(&value_);
        CDCSIM_CHECK(value != nullptr);
        return *value;
    }
    const std::string& as_text() const {
        const auto* value = std::get_if<std::string>(&value_);
        CDCSIM_CHECK(value != nullptr);
        return *value;
    }
    std::string take_text() && {
        CDCSIM_CHECK(kind() == Kind::kText);
        return std::get<std::string>(std::move(value_));
    }

    /// Same representation, byte for byte (not SQL equality: 1.0 and 1.00 differ).
    bool identical(const Datum& other) const {
        const double* a = std::get_if<double>(&value_);
        const double* b = std::get_if<double>(&other.value_);
        // -0 and 0 are equal, NaN is not even equal to itself.
        if (a != nullptr && b != nullptr) return std::bit_cast<std::uint64_t>(*a) == std::bit_cast<std::uint64_t>(*b);
        return value_ == other.value_;
    }

  private:
    using Value = std::variant<std::monostate, std::int64_t, double, std::string>;
    explicit Datum(Value value) : value_(std::move(value)) {}
    Value value_;
};

}  // namespace cdcsim::pg
