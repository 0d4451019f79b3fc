// Dates, times and intervals as text under DateStyle and IntervalStyle. Mirrors EncodeDateOnly,
// EncodeDateTime, EncodeTimeOnly and EncodeInterval of datetime.c. All append.
#pragma once

#include <cstdint>
#include <string>

#include "sim/postgres/function/environment.h"
#include "sim/postgres/type/calendar.h"
#include "sim/postgres/type/datetime.h"

namespace cdcsim::pg {

enum class ZoneShown : std::uint8_t { kNo, kYes };
/// kXsd is what JSON has: ISO with a "T" and minutes in the offset.
enum class EncodeStyle : std::uint8_t { kIso, kPostgres, kSql, kGerman, kXsd };
EncodeStyle encode_style(const ValueSettings& settings);

void encode_date(const BrokenTime& fields, EncodeStyle style, DateOrder order, std::string& out);
void encode_datetime(const BrokenTime& fields, ZoneShown zone, EncodeStyle style, DateOrder order,
                     std::string& out);
void encode_time(std::int64_t time, std::string& out);
void encode_interval(const Interval& interval, IntervalStyle style, std::string& out);
/// "+05:30": seconds west in.
void encode_zone(int zone, EncodeStyle style, std::string& out);
/// Decimal, at least `width` digits; the sign of a negative number comes first.
void append_padded(std::int64_t value, int width, std::string& out);

}  // namespace cdcsim::pg
