// Small helpers over query texts and answers.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace cdcsim::debezium {

/// Replaces {0}, {1} by the given SQL texts (already quoted).
std::string bind(std::string_view query, std::initializer_list<std::string> values);

/// An integer column of an answer; 0 for NULL.
std::int64_t as_integer(const std::optional<std::string>& value);

/// 't', 'true', 'on', '1'.
bool as_boolean(const std::optional<std::string>& value);

/// PostgreSQL's `16/B374D848` as a number; 0 for NULL.
std::uint64_t as_lsn(const std::optional<std::string>& value);

}  // namespace cdcsim::debezium
