// bytea's text forms and the encodings of encode() and decode() (encode.c, varlena.c).
#pragma once

#include <string>
#include <string_view>

namespace cdcsim::pg {

/// byteain: hex (\x...) or escape format.
std::string parse_bytea(std::string_view text);

void append_hex(std::string& out, std::string_view bytes);
/// Blanks between digit pairs are skipped. Throws 22023.
std::string decode_hex(std::string_view text);

/// byteaout's escape format: a backslash doubled, unprintable bytes as \ooo.
void append_bytea_escaped(std::string& out, std::string_view bytes);

/// encode(bytes, 'escape'): only zero and bytes above 127 are escaped.
std::string encode_escape(std::string_view bytes);
std::string decode_escape(std::string_view text);

/// Base64 as MIME wants it: a line feed after 76 characters.
std::string encode_base64(std::string_view bytes);
std::string decode_base64(std::string_view text);

}  // namespace cdcsim::pg
