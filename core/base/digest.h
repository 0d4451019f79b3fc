// MD5, SHA-1 and SHA-2 over a whole text, for SQL's md5(), sha256() and their kin.
#pragma once

#include <string>
#include <string_view>

namespace cdcsim::digest {

/// Each returns the raw digest: 16, 20, 28, 32, 48 and 64 bytes.
std::string md5(std::string_view bytes);
std::string sha1(std::string_view bytes);
std::string sha224(std::string_view bytes);
std::string sha256(std::string_view bytes);
std::string sha384(std::string_view bytes);
std::string sha512(std::string_view bytes);

}  // namespace cdcsim::digest
