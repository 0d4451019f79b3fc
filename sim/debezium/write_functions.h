// How the text of each type becomes JSON: the functions that ColumnWriter::write points to.
// Mirrors the convert... methods of PostgresValueConverter and JdbcValueConverters. Each appends
// the value and says true, or says false where the real conversion fails or gives null.
#pragma once

#include <string>
#include <string_view>

#include "core/connect/java_hash_map.h"
#include "sim/debezium/value_writer.h"

namespace cdcsim::debezium {

/// The length that the stream gives to a numeric without precision.
inline constexpr int kVariableScaleLength = 131089;

bool write_integer(const ColumnWriter& column, std::string_view text, std::string& out);
bool write_double(const ColumnWriter& column, std::string_view text, std::string& out);
bool write_float(const ColumnWriter& column, std::string_view text, std::string& out);
bool write_boolean(const ColumnWriter& column, std::string_view text, std::string& out);
bool write_string(const ColumnWriter& column, std::string_view text, std::string& out);
bool write_nothing(const ColumnWriter& column, std::string_view text, std::string& out);
bool write_numeric(const ColumnWriter& column, std::string_view text, std::string& out);
bool write_money(const ColumnWriter& column, std::string_view text, std::string& out);
bool write_bytea(const ColumnWriter& column, std::string_view text, std::string& out);
bool write_unknown(const ColumnWriter& column, std::string_view text, std::string& out);
bool write_bit_as_boolean(const ColumnWriter& column, std::string_view text, std::string& out);
bool write_bits(const ColumnWriter& column, std::string_view text, std::string& out);
bool write_date(const ColumnWriter& column, std::string_view text, std::string& out);
bool write_iso_date(const ColumnWriter& column, std::string_view text, std::string& out);
bool write_iso_time(const ColumnWriter& column, std::string_view text, std::string& out);
bool write_timestamp_millis(const ColumnWriter& column, std::string_view text, std::string& out);
bool write_timestamp_micros(const ColumnWriter& column, std::string_view text, std::string& out);
bool write_timestamp_nanos(const ColumnWriter& column, std::string_view text, std::string& out);
bool write_iso_timestamp(const ColumnWriter& column, std::string_view text, std::string& out);
bool write_timestamptz(const ColumnWriter& column, std::string_view text, std::string& out);
bool write_timetz(const ColumnWriter& column, std::string_view text, std::string& out);
bool write_interval(const ColumnWriter& column, std::string_view text, std::string& out);
bool write_point(const ColumnWriter& column, std::string_view text, std::string& out);
bool write_hstore_map(const ColumnWriter& column, std::string_view text, std::string& out);
bool write_hstore_json(const ColumnWriter& column, std::string_view text, std::string& out);
bool write_array(const ColumnWriter& column, std::string_view text, std::string& out);
/// The unit in which a time of day is shown.
bool write_time_millis(const ColumnWriter& column, std::string_view text, std::string& out);
bool write_time_micros(const ColumnWriter& column, std::string_view text, std::string& out);
bool write_time_nanos(const ColumnWriter& column, std::string_view text, std::string& out);

/// Bytes as binary.handling.mode shows them, quoted.
void append_binary(BinaryMode mode, std::string_view bytes, std::string& out);
/// The struct of io.debezium.data.geometry.Point.
void append_point(double x, double y, std::string& out);

using HstoreMap = connect::JavaHashMap<std::optional<std::string>>;
using AppendString = void (*)(std::string&, std::string_view);
/// A JSON object in Java's order.
void append_map(const HstoreMap& map, AppendString append, std::string& out);

}  // namespace cdcsim::debezium
