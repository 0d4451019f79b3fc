// The length that PostgreSQL's LZ compression gives a value, with its reasons to give up. Mirrors
// pglz_compress of pg_lzcompress.c under PGLZ_strategy_default. The compressed bytes themselves are
// never seen from outside.
#pragma once

#include <optional>
#include <string_view>

namespace cdcsim::pg {

/// nullopt: not compressible (too short, too little gained, nothing found in the first kilobyte).
std::optional<int> pglz_compressed_size(std::string_view source);

}  // namespace cdcsim::pg
