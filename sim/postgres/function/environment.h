// What a function or a type's input and output may ask of the session that calls it. The session
// implements it; unit tests use TestEnvironment (tests/unit/test_environment.h).
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/ids.h"
#include "sim/postgres/type/datum.h"
#include "sim/postgres/type/type_info.h"

namespace cdcsim::pg {

enum class DateStyle : std::uint8_t { kIso, kPostgres, kSql, kGerman };
enum class DateOrder : std::uint8_t { kMdy, kDmy, kYmd };
enum class IntervalStyle : std::uint8_t { kPostgres, kPostgresVerbose, kSqlStandard, kIso8601 };

/// The settings that change what values look like, already parsed.
struct ValueSettings {
    DateStyle date_style = DateStyle::kIso;
    DateOrder date_order = DateOrder::kMdy;
    IntervalStyle interval_style = IntervalStyle::kPostgres;
    std::string time_zone = "UTC";  ///< as SHOW TimeZone prints it
    int extra_float_digits = 1;
    bool bytea_escape = false;
    bool xml_document = false;
};

/// The columns of an anonymous RECORD value.
using RowType = std::vector<Attribute>;

class Environment {
  public:
    virtual ~Environment() = default;

    virtual const ValueSettings& value_settings() = 0;
    /// nullptr: there is no such type.
    virtual const TypeInfo* find_type(Oid oid) = 0;
    /// Throws InternalError if there is no such type.
    const TypeInfo& type(Oid oid);
    /// True if an unqualified `name` of this type is found on the search_path.
    virtual bool type_is_visible(const TypeInfo& type) = 0;

    /// now(), statement_timestamp() and clock_timestamp(), in PostgreSQL's microseconds (since 2000).
    virtual std::int64_t transaction_timestamp() = 0;
    virtual std::int64_t statement_timestamp() = 0;
    virtual std::int64_t clock_timestamp() = 0;
    /// 64 random bits of the pipeline's seed.
    virtual std::uint64_t random_bits() = 0;
    /// random(): [0,1) of the session's generator; setseed() restarts it.
    virtual double random() = 0;
    virtual void set_random_seed(double seed) = 0;

    /// Row types of anonymous records: a number that stays valid for the session.
    virtual int register_row_type(const RowType& row_type) = 0;
    virtual const RowType& row_type(int number) = 0;

    /// Checks a domain's constraints; returns the value.
    virtual Datum check_domain(Oid domain, Datum value);

    /// A NOTICE, WARNING ... to the client.
    virtual void notice(std::string_view severity, const std::string& message) = 0;
};

/// The columns of a composite or record value: `type` is its static type (RECORD: read from the
/// value's prefix). `literal` is set to the row literal without that prefix.
RowType row_type_of(Environment& env, Oid type, const Datum& value, std::string_view& literal);

/// What a function gives must be what the query expects of it: execSRF.c's tupledesc_match.
void require_row_type(Environment& env, const RowType& given, const RowType& wanted);

/// Splits a row literal `(1,,"a ""b""")` into its fields; NULL for an empty one.
std::vector<Datum> parse_row(Environment& env, const RowType& row_type, std::string_view literal);

/// The reverse: fields (dropped attributes included, as NULL) to a row literal.
std::string format_row(Environment& env, const RowType& row_type, std::span<const Datum> fields);

/// A composite value of static type `type` (a RECORD is given its prefix).
Datum make_row(Environment& env, Oid type, const RowType& row_type, std::span<const Datum> fields);

}  // namespace cdcsim::pg
