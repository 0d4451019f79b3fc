// JSON text exactly as Jackson writes it for Kafka Connect's JsonConverter: appends to a string,
// no tree. Mirrors com.fasterxml.jackson.core.json.UTF8JsonGenerator with default features.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cdcsim::connect {

/// Appends `text` (UTF-8) quoted. Control characters are \b \t \n \f \r or \u00XX in upper-case
/// hex;
/// `/` and non-ASCII stay as they are, but what UTF-16 needs two units for is \uXXXX\uXXXX.
void append_json_string(std::string& out, std::string_view text);
/// The same with every character above ASCII as it is: Jackson's writer of Java strings, and yajl.
void append_json_string_raw(std::string& out, std::string_view text);
/// The latter without the quotes.
void append_json_escaped_raw(std::string& out, std::string_view text);

void append_integer(std::string& out, std::int64_t value);

/// Standard alphabet with padding, no quotes.
void append_base64(std::string& out, std::string_view bytes);
/// Its inverse. REQUIRES: such a text.
std::string bytes_of_base64(std::string_view text);
/// java.util.Base64.getUrlEncoder(): `-` and `_`, with padding.
void append_base64_url(std::string& out, std::string_view bytes);
/// Lower-case hexadecimal.
void append_hex(std::string& out, std::string_view bytes);

/// The bytes of a hexadecimal text of even length. Digits must be valid.
std::string bytes_of_hex(std::string_view hex);

/// The number of UTF-16 units in a UTF-8 text: Java's String.length().
std::size_t utf16_length(std::string_view utf8);
/// The longest prefix of at most `units` UTF-16 units. A cut through a surrogate pair keeps the
/// lone half, which append_json_string writes as Jackson does.
std::string utf16_prefix(std::string_view utf8, std::size_t units);

}  // namespace cdcsim::connect
